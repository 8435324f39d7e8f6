/* reach/bridge: makes a plain socket of any stream, for a process that takes nothing else: copies between the stream and
 * one end of a socket pair until either side ends. Owns itself. One loop thread. */
#pragma once
#include "shared/base/err.h"
#include "shared/net/stream.h"

struct hws_bridge;

/* Takes the stream in any case. `*ret_fd` is the caller's end. The bridge frees itself when both ends are through; its
 * owner may end it before with hws_bridge_free and is told by on_end, once, when it ends by itself. */
int hws_bridge_new(struct hws_loop *loop, struct hws_stream *s,
		void (*on_end)(struct hws_bridge *b, void *arg), void *arg, struct hws_bridge **ret,
		int *ret_fd) HWS_MUST_CHECK;
/* on_end will not be called. Takes NULL. */
void hws_bridge_free(struct hws_bridge *b);
