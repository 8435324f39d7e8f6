/* host/gate_reply: the session messages a gate makes itself. Each packs one ses.Message and queues
 * it. */
#pragma once
#include "client/host/offers.h"
#include "client/host/resume.h"
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/net/conn.h"
#include "shared/wire/leg_proof.h"

int hws_gate_send(struct hws_conn *c, const Ses__Message *m) HWS_MUST_CHECK;
struct hws_gate_hash {
	const char *salt, *challenge;
	struct hws_bytes signed_id; /* in plain, in SignedId's place; else empty */
	struct hws_offers *offers;  /* v2; NULL = none */
};
int hws_gate_send_hash(struct hws_conn *c, const struct hws_gate_hash *h) HWS_MUST_CHECK;
/* One PermissionInfo. `what` is the number of the wire. */
int hws_gate_send_permission(struct hws_conn *c, Ses__PermissionInfo__Permission what,
		bool enabled) HWS_MUST_CHECK;
/* PermissionInfo for each item in which `now` differs from `before` (sets of HWS_NEED bits). */
int hws_gate_send_permissions(struct hws_conn *c, uint32_t before, uint32_t now) HWS_MUST_CHECK;
/* `offers`: what the next attempt answers; NULL = none. */
int hws_gate_send_login_error(
		struct hws_conn *c, const char *text, struct hws_offers *offers) HWS_MUST_CHECK;
/* In Hash's place and in plain: deployed viewers read `text`, ours answer to `signed_id`. */
int hws_gate_send_turned_away(
		struct hws_conn *c, const char *text, struct hws_bytes signed_id) HWS_MUST_CHECK;
/* What hostd has for a viewer of ours that it lets in. Secret. */
struct hws_gate_welcome {
	bool has_confirm, has_ticket, has_leg_session;
	uint8_t confirm[HWS_PAKE_CONFIRM_LEN];
	struct hws_resume_ticket ticket;
	uint8_t leg_session[HWS_LEG_SESSION_LEN];
};
/* The PeerInfo comes serialised from the agent; HWS_ERR_PROTO when it is none. */
int hws_gate_send_peer_info(struct hws_conn *c, struct hws_bytes peer_info,
		struct hws_gate_welcome *welcome) HWS_MUST_CHECK;
int hws_gate_send_test_delay(struct hws_conn *c, int64_t number, uint32_t last_delay_ms,
		uint32_t bitrate) HWS_MUST_CHECK;
int hws_gate_send_close_reason(struct hws_conn *c, const char *reason) HWS_MUST_CHECK;
