/* tunnel/duct: a connected socket and a stream of the mux joined: what comes from one goes to the
 * other, each way ends by itself, and what the socket does not take waits within the stream's
 * window. The same at both ends of a session. Loop thread only.
 *
 * Whoever owns the mux hands its callbacks to the duct of the stream. */
#pragma once
#include "client/services/tunnel/mux.h"
#include "shared/loop/loop.h"
#include "shared/net/stream.h"

struct hws_duct;

struct hws_duct_conf {
	struct hws_loop *loop;
	uint64_t idle_us;  /* not a byte either way for so long: it ends; 0 = never */
	uint64_t stall_us; /* the socket takes nothing of what waits for so long; 0 = never */
	/* Exactly once, unless by the own hws_duct_end: stream and socket are no more, and the duct
	 * is freed at the end of the turn. OK: both ways have ended as they should. */
	void (*on_end)(struct hws_duct *d, Ses__TunnelCode code, const char *text, void *arg);
	void *arg;
};

/* `s` is open; `socket` is a TCP stream, taken also on failure. Its bytes go at once: nothing else
 * may pull for `s`. */
int hws_duct_new(const struct hws_duct_conf *conf, struct hws_mux_stream *s,
		struct hws_stream *socket, struct hws_duct **ret) HWS_MUST_CHECK;
/* Callbacks of the mux. */
void hws_duct_data(struct hws_duct *d, struct hws_bytes data);
void hws_duct_eof(struct hws_duct *d);
ssize_t hws_duct_pull(struct hws_duct *d, uint8_t *buf, size_t max);
void hws_duct_closed(struct hws_duct *d, Ses__TunnelCode code, const char *text);
/* Ends both ways, and tells the other side. Takes NULL. */
void hws_duct_end(struct hws_duct *d, Ses__TunnelCode code, const char *text);
/* Bytes to the socket, and from it. */
uint64_t hws_duct_bytes_out(const struct hws_duct *d);
uint64_t hws_duct_bytes_in(const struct hws_duct *d);
