/* host/judge: decides on a LoginRequest, in the order deployed hosts do: blocked ids, permission
 * for the session type, whom the viewer believes to have reached, then password and failure limits.
 * Texts are those deployed viewers know. Of hawser viewers (docs/protocol-v2.md) no password is
 * judged, but what they prove of it. Pure but for the vault's files; time in. */
#pragma once
#include "client/host/limits.h"
#include "client/host/recent.h"
#include "client/host/resume.h"
#include "client/host/switches.h"
#include "client/host/vault.h"
#include "client/host/viewer_keys.h"
#include "proto/agent.pb-c.h"

struct hws_judge {
	struct hws_vault *vault;
	struct hws_limits *passwords; /* wrong passwords */
	struct hws_limits *ids;       /* blocked ids */
	struct hws_recent *recent;    /* deployed viewers come back by it, */
	struct hws_resume *resume;    /* ours by that */
	struct hws_switches *switches;
	const char *own_id;
	const uint8_t *host_pk;   /* 32 bytes */
	const char *id_whitelist; /* globs, "" = everybody */
	const struct hws_viewer_keys *viewer_keys;
	bool v2_only;
};

struct hws_judge_case {
	uint64_t conn;
	const struct sockaddr_storage *from;
	bool from_told;                  /* a server's word only: hws_limit_source */
	const char *salt, *challenge;    /* as given to this viewer */
	struct hws_vault_offers *offers; /* the same; void after an answer to them */
	const uint8_t *word;             /* hws_secure_word of this connection */
	uint32_t permissions;            /* HWS_NEED bits */
	const Agt__LoginCheck *check;
	uint64_t now_us;
};

struct hws_judge_result {
	Agt__LoginVerdict__Result result;
	const char *text; /* static or of the limits */
	uint32_t close_after_ms;
	bool by_temporary, by_recent, renewed;
	bool weak; /* the temporary password was not looked at: too short for such a viewer */
	bool by_v2;
	/* v2 only; of these `ticket` is secret */
	bool has_confirm, has_ticket, has_viewer;
	uint8_t confirm[HWS_PAKE_CONFIRM_LEN];
	struct hws_resume_ticket ticket;
	uint8_t viewer_pk[HWS_PK_LEN];  /* the key it proved to have, */
	char viewer_text[HWS_KEY_TEXT]; /* and as text */
};

/* What viewers of the deployed protocol are told where nothing but v2 is served. */
#define HWS_JUDGE_V2_ONLY "The host takes only hawser viewers of version 0.1.0 or later"

void hws_judge_login(
		struct hws_judge *j, const struct hws_judge_case *c, struct hws_judge_result *ret);
/* What a viewer is told where such a session lacks the permission that it is about; NULL: it has
 * it, or needs none. Static. */
const char *hws_judge_kind_refusal(unsigned kind, uint32_t permissions);
/* Case-insensitive glob with '*' and '?'; linear time. */
bool hws_glob_match(const char *pattern, const char *text);
