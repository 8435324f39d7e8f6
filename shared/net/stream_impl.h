/* net/stream_impl: for those who implement a stream, not for those who use one. */
#pragma once
#include "shared/net/stream.h"

/* Call on the zeroed embedded struct. */
void hws_stream_init(
		struct hws_stream *s, const struct hws_stream_impl *impl, struct hws_loop *loop);
/* Reports readiness of wanted directions; the callback may close the stream (which is freed at the
 * end of the turn only). */
void hws_stream_ready(struct hws_stream *s, unsigned ready);
/* What hws_stream_keep_shallow means for a socket; best effort. */
void hws_socket_keep_shallow(int fd, int unsent);
