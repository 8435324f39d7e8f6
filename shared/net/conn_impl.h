/* net/conn_impl: what the two halves of net/conn share; for them only. conn.c reads, watches the
 * time and ends; conn_send.c writes. */
#pragma once
#include "shared/crypto/record.h"
#include "shared/crypto/record_v2.h"
#include "shared/net/conn.h"
#include "shared/net/sender.h"

/* A frame grows by so much at most when it is sealed. */
#define HWS_CONN_PAD 64u
#define HWS_CONN_SEAL_MAX (HWS_RECORD_V2_OVERHEAD + HWS_CONN_PAD)

/* Apart, for most links of a server have none. */
struct hws_conn_v2 {
	struct hws_record_v2 send, receive;
	bool said_close;
};

struct hws_conn {
	struct hws_loop *loop;
	struct hws_stream *stream;
	struct hws_conn_conf conf;
	struct hws_buf in;
	struct hws_sender sender;
	struct hws_record record;
	struct hws_conn_v2 *v2; /* NULL: records of the deployed scheme, if keyed */
	struct hws_timer watch; /* one timer looks at both time limits */
	struct hws_deferred deferred;
	uint64_t heard_us, last_moved_us, linger_end_us;
	uint64_t frame_us; /* when the frame that is coming in began: the last whole one came */
	size_t grown;      /* so much of it had come when it was last taken for a sign of life */
	uint64_t bytes_in, bytes_out;
	int broken; /* why writing failed */
	bool keyed, paused, closed, flushing, dispatching;
};

/* For net/sender. */
int hws_conn_frame(struct hws_sender *s, const struct hws_send_item *item);
/* Watches the directions in which there is something to do. */
void hws_conn_want(struct hws_conn *c);
/* Looks at the time limits at the next moment at which one could be broken. */
void hws_conn_watch(struct hws_conn *c);
/* v2: says once that this is the end, after all that waits. */
void hws_conn_say_close(struct hws_conn *c);
/* The stream has room. May close the conn. */
void hws_conn_writable(struct hws_conn *c);
/* For net/legs: another stream takes the place of this one, at this byte of both directions. `make`
 * gets what is not written yet and what was read too much (both borrowed), and takes `lower` on
 * success only: else the link goes on as it was. */
int hws_conn_change_stream(struct hws_conn *c,
		int (*make)(struct hws_conn *c, struct hws_stream *lower, struct hws_bytes unsent,
				struct hws_bytes leftover, struct hws_stream **ret, void *arg),
		void *arg) HWS_MUST_CHECK;
