/* host/gate_reply: the session messages a gate makes itself. Each packs one ses.Message and queues
 * it. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/net/conn.h"

int hws_gate_send(struct hws_conn *c, const Ses__Message *m) HWS_MUST_CHECK;
int hws_gate_send_hash(struct hws_conn *c, const char *salt, const char *challenge) HWS_MUST_CHECK;
/* One PermissionInfo. `what` is the number of the wire. */
int hws_gate_send_permission(struct hws_conn *c, Ses__PermissionInfo__Permission what,
		bool enabled) HWS_MUST_CHECK;
/* PermissionInfo for each item in which `now` differs from `before` (sets of HWS_NEED bits). */
int hws_gate_send_permissions(struct hws_conn *c, uint32_t before, uint32_t now) HWS_MUST_CHECK;
int hws_gate_send_login_error(struct hws_conn *c, const char *text) HWS_MUST_CHECK;
/* The PeerInfo comes serialised from the agent; HWS_ERR_PROTO when it is none. */
int hws_gate_send_peer_info(struct hws_conn *c, struct hws_bytes peer_info) HWS_MUST_CHECK;
int hws_gate_send_test_delay(struct hws_conn *c, int64_t number, uint32_t last_delay_ms,
		uint32_t bitrate) HWS_MUST_CHECK;
int hws_gate_send_close_reason(struct hws_conn *c, const char *reason) HWS_MUST_CHECK;
