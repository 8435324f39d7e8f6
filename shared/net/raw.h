/* net/raw: what a session's stream becomes when its two ends agree to speak no more messages (a
 * tunnel of the deployed scheme): plain bytes. Over TCP they are the stream's own; over a WebSocket
 * each piece is one binary message. */
#pragma once
#include "shared/net/stream.h"

/* Takes `lower` (also on failure). `unsent`: whole frames of before that go out first; `leftover`:
 * what was read behind the last frame. Both are copied; both come from hws_conn_detach_unsent. */
int hws_stream_raw_new(struct hws_loop *loop, struct hws_stream *lower, struct hws_bytes unsent,
		struct hws_bytes leftover, struct hws_stream **ret) HWS_MUST_CHECK;
