/* net/conn: length-prefixed frames over a stream, with a cap applied before allocation, optional
 * record encryption, send classes with bounded queues and an idle limit. One conn = one link to a
 * peer. Not thread-safe.
 *
 * Sending: only what the kernel takes next is sealed (records are numbered, so their order is fixed
 * then); the rest waits in the queue of its channel, and wire/send_class says who is next. Who
 * knows no channels uses hws_conn_send: order as sent. A frame of HWS_SEND_BULK is begun only when
 * the stream reports room again after the one before, so that with a shallow socket
 * (hws_stream_keep_shallow) something urgent finds at most one of them, and the tail of another,
 * before it. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/net/send_queue.h"
#include "shared/net/stream.h"

struct hws_conn;

struct hws_conn_conf {
	size_t frame_max; /* larger announced frames close the conn with HWS_ERR_TOOBIG */
	size_t send_max;  /* hard cap of a class in bytes: beyond it sends fail with HWS_ERR_FULL */
	size_t send_high; /* above it a class is congested, until half of it is reached */
	struct hws_send_limit limit[HWS_SEND_CLASSES]; /* .max not 0: instead of these two */
	/* Close with HWS_ERR_TIMEOUT when no frame came for so long, and the one that is coming in,
	 * if there is one, did not grow (in its first five minutes); 0 = never. */
	uint64_t idle_us;
	uint64_t stall_us; /* the same when queued bytes did not move for so long; 0 = never */
	/* A whole frame (decrypted). `payload` borrows until return. May close the conn. */
	void (*on_frame)(struct hws_conn *c, struct hws_bytes payload, void *arg);
	/* Exactly once, also for the own hws_conn_close(c, why) (then inside it); the conn is freed
	 * at the end of the turn. `why` is an hws_err code, HWS_OK for an orderly local close. */
	void (*on_close)(struct hws_conn *c, int why, void *arg);
	/* Optional: a class that was congested is no more. */
	void (*on_drain)(struct hws_conn *c, enum hws_send_class cls, void *arg);
	void *arg;
};

/* Takes the stream (also on failure). `leftover`: bytes that were read from it before. Starts
 * reading at once. */
int hws_conn_new(struct hws_loop *loop, struct hws_stream *stream, const struct hws_conn_conf *conf,
		struct hws_bytes leftover, struct hws_conn **ret) HWS_MUST_CHECK;
/* Frames, seals if keyed, queues and tries to write. HWS_ERR_FULL: nothing was queued.
 * HWS_ERR_CLOSED after close. */
int hws_conn_send(struct hws_conn *c, struct hws_bytes payload) HWS_MUST_CHECK;
/* The same on a channel. HWS_ERR_TOOBIG: above hws_channel_message_max. */
int hws_conn_send_on(struct hws_conn *c, enum hws_channel channel,
		struct hws_bytes payload) HWS_MUST_CHECK;
/* Without that bound: for what the protocol does not let its service split, and for who only passes
 * on. */
int hws_conn_send_whole(struct hws_conn *c, enum hws_channel channel,
		struct hws_bytes payload) HWS_MUST_CHECK;
/* Unsealed empty frame even when keyed (heartbeat of rendezvous links). */
int hws_conn_send_heartbeat(struct hws_conn *c) HWS_MUST_CHECK;
/* From the next frame on both directions are records with this 32-byte key (copied). */
void hws_conn_set_key(struct hws_conn *c, const uint8_t key[32]);
bool hws_conn_keyed(const struct hws_conn *c);
/* From the next frame on both directions are v2 records (docs/protocol-v2.md, 2) with these 32-byte
 * keys (copied). Messages of HWS_CHANNEL_INPUT are padded. close_flushed and leave end with the
 * authenticated close; a stream that ends without the peer's is HWS_ERR_RESET to on_close. Fillers
 * are taken out. */
void hws_conn_set_v2_keys(struct hws_conn *c, const uint8_t send[32], const uint8_t receive[32]);
/* v2: a record that says nothing, as long as a key press. Dropped silently where anything waits. */
void hws_conn_send_filler(struct hws_conn *c);
void hws_conn_set_frame_max(struct hws_conn *c, size_t frame_max);
void hws_conn_set_idle(struct hws_conn *c, uint64_t idle_us);
/* Stops / resumes delivery; back-pressure reaches the peer through TCP. */
void hws_conn_pause(struct hws_conn *c);
void hws_conn_resume(struct hws_conn *c);
/* Bytes queued and not yet taken by the kernel; HWS_SEND_ENTRY_COST more for each message that
 * waits its turn. */
size_t hws_conn_pending(const struct hws_conn *c);
bool hws_conn_congested(const struct hws_conn *c, enum hws_send_class cls);
/* Other limits for a class from now on, as when it is known what a session is for. */
void hws_conn_set_limit(
		struct hws_conn *c, enum hws_send_class cls, const struct hws_send_limit *limit);
/* When the last frame came, or one that is coming in grew (or the link began), by the loop's
 * clock. */
uint64_t hws_conn_heard_us(const struct hws_conn *c);
/* Totals since the start, for statistics. */
uint64_t hws_conn_bytes_in(const struct hws_conn *c);
uint64_t hws_conn_bytes_out(const struct hws_conn *c);
/* Calls on_close, drops the queue. Idempotent; takes NULL. */
void hws_conn_close(struct hws_conn *c, int why);
/* Writes out the queue first (at most linger_us), then closes with HWS_OK. Frames that arrive
 * meanwhile are dropped. */
void hws_conn_close_flushed(struct hws_conn *c, uint64_t linger_us);
/* The owner lets go: nothing of the configuration is called any more, and its `arg` may be freed at
 * once. What is queued is written out first (at most linger_us). `gone` (may be NULL) is called
 * exactly once when the link has ended, inside this call if that is now; until then
 * hws_conn_close(c, why) ends it at once. */
void hws_conn_leave(struct hws_conn *c, uint64_t linger_us,
		void (*gone)(struct hws_conn *c, int why, void *arg), void *arg);
/* Ends framing: gives stream and unread bytes away (port forwarding, relay); the conn object is
 * freed without on_close. */
int hws_conn_detach(struct hws_conn *c, struct hws_stream **ret_stream,
		struct hws_buf *ret_leftover) HWS_MUST_CHECK;
/* The same when frames still wait: `ret_unsent` has them as they have to go out before anything
 * else (for hws_stream_raw_new). Sealed where the link was; no more of them than the limits of the
 * classes. */
int hws_conn_detach_unsent(struct hws_conn *c, struct hws_stream **ret_stream,
		struct hws_buf *ret_leftover, struct hws_buf *ret_unsent) HWS_MUST_CHECK;
const struct sockaddr_storage *hws_conn_peer(const struct hws_conn *c);
struct hws_stream *hws_conn_stream(struct hws_conn *c);
