/* host/judge: decides on a LoginRequest, in the order deployed hosts do: blocked ids, permission
 * for the session type, whom the viewer believes to have reached, then password and failure limits.
 * Texts are those deployed viewers know. Pure but for the vault's files; time in. */
#pragma once
#include "client/host/limits.h"
#include "client/host/recent.h"
#include "client/host/vault.h"
#include "proto/agent.pb-c.h"

struct hws_judge {
	struct hws_vault *vault;
	struct hws_limits *passwords; /* wrong passwords */
	struct hws_limits *ids;       /* blocked ids */
	struct hws_recent *recent;
	const char *own_id;
	const char *id_whitelist; /* globs, "" = everybody */
};

struct hws_judge_case {
	uint64_t conn;
	const struct sockaddr_storage *from;
	bool from_told;               /* a server's word only: hws_limit_source */
	const char *salt, *challenge; /* as given to this viewer */
	uint32_t permissions;         /* HWS_NEED bits */
	const Agt__LoginCheck *check;
	uint64_t now_us;
};

struct hws_judge_result {
	Agt__LoginVerdict__Result result;
	const char *text; /* static or of the limits */
	uint32_t close_after_ms;
	bool by_temporary, by_recent, renewed;
};

void hws_judge_login(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret);
/* Case-insensitive glob with '*' and '?'; linear time. */
bool hws_glob_match(const char *pattern, const char *text);
