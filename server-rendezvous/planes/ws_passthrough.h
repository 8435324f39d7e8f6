/* rendezvous/planes/ws_passthrough: a WebSocket of the TLS port that belongs to the relay is handed
 * on to the relay's own WebSocket port, byte for byte. Private to the TCP plane. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/net/stream.h"

struct rdv_tcp;

/* Takes the stream. `head` is the request read so far: sent on with the caller's address in
 * X-Forwarded-For, and without what the caller may have put there itself. */
int rdv_ws_passthrough_new(
		struct rdv_tcp *t, struct hws_stream *s, struct hws_bytes head) HWS_MUST_CHECK;
void rdv_ws_passthrough_close(struct rdv_tcp *t);
