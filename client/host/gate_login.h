/* host/gate_login: what a gate remembers of a viewer's LoginRequest. Pure. */
#pragma once
#include "proto/agent.pb-c.h"
#include "proto/session.pb-c.h"
#include "shared/base/buf.h"
#include "shared/wire/secure_level.h"
#include "shared/wire/session_kind.h"
#include <stdbool.h>

struct hws_gate_login {
	bool seen;
	enum hws_session_kind kind;
	uint32_t version;     /* hws_version_number of the viewer */
	struct hws_buf scope; /* of the first request: what must stay the same on one connection */
	struct hws_buf request; /* the latest one, serialised, without its secrets */
};

void hws_gate_login_init(struct hws_gate_login *l);
void hws_gate_login_done(struct hws_gate_login *l);
/* Remembers the request. HWS_ERR_DENIED: id or type differ from the first request of this
 * connection. */
int hws_gate_login_take(struct hws_gate_login *l, const Ses__LoginRequest *lr) HWS_MUST_CHECK;
/* How the request came. */
struct hws_gate_channel {
	enum hws_secure_level level;
	const uint8_t *binding; /* v2: 32 bytes; else NULL */
};
/* Fills the question to hostd; it borrows from `lr`, whose texts are shortened to what hostd takes
 * (host/ipc_caps), and from the channel. In v2 the password is not passed on, whatever it holds;
 * else what only v2 has is not. */
void hws_gate_login_check(const struct hws_gate_login *l, const Ses__LoginRequest *lr,
		const struct hws_gate_channel *channel, Agt__LoginCheck *check);
/* It is a login by a switch of sides. */
void hws_gate_login_switch(const Ses__SwitchSidesResponse *s, Agt__LoginCheck *check);
