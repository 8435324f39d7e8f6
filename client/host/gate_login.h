/* host/gate_login: what a gate remembers of a viewer's LoginRequest, and what follows from its
 * type. Pure. */
#pragma once
#include "proto/agent.pb-c.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include "shared/wire/session_kind.h"
#include <stdbool.h>

#define HWS_LOGIN_NAME_MAX 128u

struct hws_gate_login {
	bool seen;
	enum hws_session_kind kind;
	uint32_t version;     /* hws_version_number of the viewer */
	struct hws_buf scope; /* of the first request: what must stay the same on one connection */
	struct hws_buf request;             /* the latest one, serialised, without its secrets */
	char my_id[HWS_LOGIN_NAME_MAX + 1]; /* escaped: safe to log and show */
	char my_name[HWS_LOGIN_NAME_MAX + 1];
};

void hws_gate_login_init(struct hws_gate_login *l);
void hws_gate_login_done(struct hws_gate_login *l);
/* Remembers the request. HWS_ERR_DENIED: id or type differ from the first request of this
 * connection. */
int hws_gate_login_take(struct hws_gate_login *l, const Ses__LoginRequest *lr) HWS_MUST_CHECK;
/* Fills the question to hostd; it borrows from `lr`, whose texts are shortened to what hostd takes
 * (host/ipc_caps). */
void hws_gate_login_check(const struct hws_gate_login *l, const Ses__LoginRequest *lr,
		Agt__LoginCheck *check);

/* The permissions that make sense for a session type. */
uint32_t hws_kind_permissions(enum hws_session_kind kind, uint32_t permissions);
/* Permissions the viewer itself switched off, after applying `o` (may be NULL) to `before`. */
uint32_t hws_option_disabled(const Ses__OptionMessage *o, uint32_t before);
