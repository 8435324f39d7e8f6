/* net/conn_impl: what the two halves of net/conn share; for them only. conn.c reads, watches the
 * time and ends; conn_send.c writes. */
#pragma once
#include "shared/crypto/record.h"
#include "shared/net/conn.h"

struct hws_conn {
	struct hws_loop *loop;
	struct hws_stream *stream;
	struct hws_conn_conf conf;
	struct hws_buf in, out;
	enum hws_send_class out_class;
	struct hws_send_queue *queue; /* NULL until something had to wait: most links are idle */
	struct hws_record record;
	struct hws_timer watch; /* one timer looks at both time limits */
	struct hws_deferred deferred;
	uint64_t last_frame_us, last_moved_us, linger_end_us;
	uint64_t bytes_in, bytes_out;
	int broken;         /* why writing failed */
	unsigned congested; /* classes, as set bits */
	bool keyed, paused, closed, flushing, dispatching;
	bool bulk_waits; /* until the stream reports room: see conn.h */
};

/* Watches the directions in which there is something to do. */
void hws_conn_want(struct hws_conn *c);
/* Looks at the time limits at the next moment at which one could be broken. */
void hws_conn_watch(struct hws_conn *c);
/* The stream has room. May close the conn. */
void hws_conn_writable(struct hws_conn *c);
