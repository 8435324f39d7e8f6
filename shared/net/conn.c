/* net/conn: frames over a stream: life, time limits and reading, with a buffer that never grows
 * past one frame and its header. conn_send.c is the writing half. */
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/net/conn_impl.h"
#include "shared/wire/frame.h"
#include <assert.h>

#define READ_CHUNK (16u << 10)
#define READ_BUDGET (256u << 10) /* bytes a turn: a fast sender must not starve the others */
#define SEND_MAX_DEFAULT (8u << 20)
#define GROWTH (16u << 10) /* of a frame that is coming in, that tells of a line that carries */
#define FRAME_US (300 * HWS_US_PER_S) /* so long such a frame may take */

static void on_stream(struct hws_stream *s, unsigned ready, void *arg);

static void free_conn(void *arg)
{
	struct hws_conn *c = arg;

	hws_buf_done_wiped(&c->in);
	hws_sender_done(&c->sender);
	hws_record_wipe(&c->record);
	hws_free_wiped(c->v2, sizeof(*c->v2));
	hws_free(c);
}

void hws_conn_close(struct hws_conn *c, int why)
{
	if (!c || c->closed)
		return;
	if (why == HWS_OK && hws_conn_pending(c) == 0)
		hws_conn_say_close(c);
	c->closed = true;
	hws_timer_stop(&c->watch);
	hws_loop_defer_cancel(&c->deferred);
	hws_stream_close(c->stream);
	if (c->conf.on_close)
		c->conf.on_close(c, why, c->conf.arg); /* may still ask for the peer's address */
	c->stream = NULL;
	hws_loop_defer(c->loop, &c->deferred, free_conn, c);
}

/* HWS_ERR_EOF: the peer says, provably, that this is the end. `ret_silent`: it says nothing. */
static int open_v2(struct hws_conn *c, struct hws_bytes in, struct hws_bytes *ret, bool *ret_silent)
{
	enum hws_record_type type;
	int r = hws_record_v2_open(&c->v2->receive, in, (uint8_t *)(uintptr_t)in.ptr, &type, ret);

	if (r == HWS_OK && type == HWS_RECORD_CLOSE)
		return HWS_ERR_EOF;
	*ret_silent = r == HWS_OK && type == HWS_RECORD_FILLER;
	return r;
}

/* Opens a sealed payload in place. */
static int open_payload(
		struct hws_conn *c, struct hws_bytes in, struct hws_bytes *ret, bool *ret_silent)
{
	*ret_silent = false;
	if (c->v2)
		return open_v2(c, in, ret, ret_silent);
	if (!c->keyed) {
		*ret = in;
		return HWS_OK;
	}
	return hws_record_open(&c->record, in, (uint8_t *)(uintptr_t)in.ptr, ret);
}

static void deliver(struct hws_conn *c, struct hws_bytes payload)
{
	c->dispatching = true;
	if (!c->flushing && c->conf.on_frame)
		c->conf.on_frame(c, payload, c->conf.arg);
	c->dispatching = false;
}

static void heard(struct hws_conn *c)
{
	c->heard_us = c->frame_us = hws_loop_now_us(c->loop);
	c->grown = 0;
}

/* A long frame on a slow line takes longer than a silence may, and is none; but nobody holds a link
 * by a frame that never ends. */
static void note_growth(struct hws_conn *c)
{
	uint64_t now = hws_loop_now_us(c->loop);

	if (hws_buf_len(&c->in) < c->grown + GROWTH || now > c->frame_us + FRAME_US)
		return;
	c->grown = hws_buf_len(&c->in);
	c->heard_us = now;
}

/* Delivers the whole frames that are in the buffer. */
static int dispatch(struct hws_conn *c)
{
	while (!c->closed && !c->paused && !c->broken) {
		struct hws_bytes frame, payload;
		bool silent = false;
		size_t used, max = c->conf.frame_max + (c->keyed ? HWS_CONN_SEAL_MAX : 0);
		int r = hws_frame_next(hws_buf_bytes(&c->in), max, &frame, &used);

		if (r == HWS_ERR_SHORT) {
			note_growth(c);
			return HWS_OK;
		}
		if (r == HWS_OK)
			r = open_payload(c, frame, &payload, &silent);
		if (r < 0)
			return r;
		heard(c);
		if (!silent)
			deliver(c, payload);
		if (!c->stream && !c->closed)
			return HWS_ERR_CLOSED; /* detached in the callback */
		hws_buf_consume(&c->in, used);
	}
	return HWS_OK;
}

/* How much may be read now: never past the frame that is coming in, unless it fits a chunk
 * anyway. */
static size_t read_room(struct hws_conn *c)
{
	size_t have = hws_buf_len(&c->in);
	size_t need = hws_frame_need(hws_buf_bytes(&c->in));

	return HWS_MAX(need > have ? need - have : 1, (size_t)READ_CHUNK);
}

/* Tens of thousands of links are idle most of the time: then they hold no buffer. */
static void release_empty(struct hws_conn *c)
{
	if (hws_buf_len(&c->in) > 0)
		return;
	if (c->keyed)
		hws_buf_done_wiped(&c->in);
	else
		hws_buf_done(&c->in);
	hws_buf_init(&c->in, SIZE_MAX / 2);
}

static void read_some(struct hws_conn *c)
{
	size_t budget = READ_BUDGET;
	int r = HWS_OK;

	while (!c->closed && !c->paused && budget > 0) {
		size_t room = HWS_MIN(read_room(c), (size_t)READ_BUDGET);
		uint8_t *to = hws_buf_reserve(&c->in, room);
		ssize_t n;

		if (!to) {
			r = HWS_ERR_NOMEM;
			break;
		}
		n = hws_stream_read(c->stream, to, room);
		if (n == HWS_ERR_AGAIN) {
			release_empty(c);
			return;
		}
		/* an end that the peer did not announce is none: somebody cut the line */
		if (n < 0) {
			r = n == HWS_ERR_EOF && c->v2 ? HWS_ERR_RESET : (int)n;
			break;
		}
		hws_buf_commit(&c->in, (size_t)n);
		c->bytes_in += (uint64_t)n;
		r = dispatch(c);
		if (r < 0)
			break;
		budget -= HWS_MIN(budget, (size_t)n);
	}
	if (r == HWS_ERR_CLOSED)
		return;
	if (r < 0)
		hws_conn_close(c, r);
}

static void on_stream(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_conn *c = arg;

	(void)s;
	if (ready & HWS_STREAM_WRITE)
		hws_conn_writable(c);
	if (!c->closed && c->stream && (ready & HWS_STREAM_READ))
		read_some(c);
}

/* The nearest moment at which a limit could be broken; looked at then, not re-armed for each
 * frame. */
static void on_watch(void *arg)
{
	struct hws_conn *c = arg;
	uint64_t now = hws_loop_now_us(c->loop);

	if (c->conf.idle_us && !c->paused && now >= c->heard_us + c->conf.idle_us)
		/* NOLINTNEXTLINE(bugprone-branch-clone): one limit each */
		hws_conn_close(c, HWS_ERR_TIMEOUT);
	else if (c->conf.stall_us && hws_conn_pending(c) > 0 &&
			now >= c->last_moved_us + c->conf.stall_us)
		hws_conn_close(c, HWS_ERR_TIMEOUT);
	else if (c->flushing && now >= c->linger_end_us)
		hws_conn_close(c, HWS_ERR_TIMEOUT);
	else
		hws_conn_watch(c);
}

void hws_conn_watch(struct hws_conn *c)
{
	uint64_t now = hws_loop_now_us(c->loop), next = UINT64_MAX;

	if (c->conf.idle_us && !c->paused)
		next = HWS_MAX(c->heard_us + c->conf.idle_us, now + 1000);
	if (c->conf.stall_us && hws_conn_pending(c) > 0)
		next = HWS_MIN(next, HWS_MAX(c->last_moved_us + c->conf.stall_us, now + 1000));
	if (c->flushing)
		next = HWS_MIN(next, HWS_MAX(c->linger_end_us, now + 1000));
	if (next == UINT64_MAX)
		hws_timer_stop(&c->watch);
	else
		hws_timer_start(c->loop, &c->watch, next - now, on_watch, c);
}

int hws_conn_new(struct hws_loop *loop, struct hws_stream *stream, const struct hws_conn_conf *conf,
		struct hws_bytes leftover, struct hws_conn **ret)
{
	struct hws_conn *c = hws_alloc(sizeof(*c));

	if (!c) {
		hws_stream_close(stream);
		return HWS_ERR_NOMEM;
	}
	c->loop = loop;
	c->stream = stream;
	c->conf = *conf;
	if (!c->conf.send_max)
		c->conf.send_max = SEND_MAX_DEFAULT;
	if (!c->conf.send_high)
		c->conf.send_high = c->conf.send_max / 2;
	hws_sender_init(&c->sender, hws_conn_frame, c->conf.limit, c->conf.send_max,
			c->conf.send_high);
	hws_buf_init(&c->in, SIZE_MAX / 2);
	hws_buf_put(&c->in, leftover.ptr, leftover.len);
	if (hws_buf_err(&c->in)) {
		hws_stream_close(stream);
		free_conn(c);
		return HWS_ERR_NOMEM;
	}
	heard(c);
	c->last_moved_us = c->heard_us;
	hws_stream_cap_messages(stream, c->conf.frame_max + HWS_CONN_SEAL_MAX);
	hws_stream_set_callback(stream, on_stream, c);
	hws_conn_watch(c);
	hws_conn_want(c);
	*ret = c;
	if (leftover.len > 0)
		hws_conn_resume(c); /* what is there already is delivered at the end of the turn */
	return HWS_OK;
}

bool hws_conn_keyed(const struct hws_conn *c)
{
	return c->keyed;
}

void hws_conn_set_frame_max(struct hws_conn *c, size_t frame_max)
{
	c->conf.frame_max = frame_max;
	hws_stream_cap_messages(c->stream, frame_max + HWS_CONN_SEAL_MAX);
}

void hws_conn_set_idle(struct hws_conn *c, uint64_t idle_us)
{
	c->conf.idle_us = idle_us;
	heard(c);
	if (!c->closed)
		hws_conn_watch(c);
}

void hws_conn_pause(struct hws_conn *c)
{
	c->paused = true;
	hws_conn_want(c);
}

static void deliver_rest(void *arg)
{
	struct hws_conn *c = arg;
	int r;

	if (c->closed || !c->stream)
		return;
	r = dispatch(c);
	if (r < 0 && r != HWS_ERR_CLOSED)
		hws_conn_close(c, r);
}

/* Frames that were buffered when the pause began come at the end of this turn, not inside the
 * caller. */
void hws_conn_resume(struct hws_conn *c)
{
	if (c->closed || !c->stream)
		return;
	if (c->paused) {
		c->paused = false;
		heard(c);
		if (!hws_timer_active(&c->watch))
			hws_conn_watch(c); /* nothing watches a paused link for idleness */
	}
	hws_conn_want(c);
	if (hws_buf_len(&c->in) > 0)
		hws_loop_defer(c->loop, &c->deferred, deliver_rest, c);
}

uint64_t hws_conn_heard_us(const struct hws_conn *c)
{
	return c->heard_us;
}

uint64_t hws_conn_bytes_in(const struct hws_conn *c)
{
	return c->bytes_in;
}

uint64_t hws_conn_bytes_out(const struct hws_conn *c)
{
	return c->bytes_out;
}

void hws_conn_close_flushed(struct hws_conn *c, uint64_t linger_us)
{
	if (c->closed || c->flushing)
		return;
	hws_conn_say_close(c);
	if (hws_conn_pending(c) == 0) {
		hws_conn_close(c, HWS_OK);
		return;
	}
	c->flushing = true;
	c->linger_end_us = hws_loop_now_us(c->loop) + linger_us;
	hws_conn_watch(c);
	hws_conn_want(c);
}

void hws_conn_leave(struct hws_conn *c, uint64_t linger_us,
		void (*gone)(struct hws_conn *c, int why, void *arg), void *arg)
{
	if (c->closed) { /* on_close was told, or is on the stack */
		if (gone)
			gone(c, HWS_OK, arg);
		return;
	}
	c->conf.on_frame = NULL;
	c->conf.on_drain = NULL;
	c->conf.on_close = gone;
	c->conf.arg = arg;
	hws_conn_close_flushed(c, linger_us);
}

/* What was read behind the frame that is being delivered, which is still at the front. */
static struct hws_bytes unread(const struct hws_conn *c)
{
	struct hws_bytes rest = hws_buf_bytes(&c->in), frame;
	size_t used = 0;

	if (c->dispatching && hws_frame_next(rest, SIZE_MAX, &frame, &used) == HWS_OK)
		rest = hws_bytes(rest.ptr + used, rest.len - used);
	return rest;
}

int hws_conn_detach(
		struct hws_conn *c, struct hws_stream **ret_stream, struct hws_buf *ret_leftover)
{
	struct hws_bytes rest = unread(c);

	if (c->closed || !c->stream)
		return HWS_ERR_CLOSED;
	if (hws_conn_pending(c) > 0)
		return HWS_ERR_BUSY;
	hws_buf_put(ret_leftover, rest.ptr, rest.len);
	if (hws_buf_err(ret_leftover))
		return hws_buf_err(ret_leftover);
	hws_timer_stop(&c->watch);
	hws_stream_want(c->stream, 0);
	hws_stream_set_callback(c->stream, NULL, NULL);
	*ret_stream = c->stream;
	c->stream = NULL;
	hws_loop_defer_cancel(&c->deferred);
	hws_loop_defer(c->loop, &c->deferred, free_conn, c);
	return HWS_OK;
}

int hws_conn_detach_unsent(struct hws_conn *c, struct hws_stream **ret_stream,
		struct hws_buf *ret_leftover, struct hws_buf *ret_unsent)
{
	struct hws_bytes out;
	int r;

	if (c->closed || c->flushing || c->broken || !c->stream)
		return HWS_ERR_CLOSED;
	r = hws_sender_fill_all(&c->sender);
	if (r < 0)
		return r;
	out = hws_buf_bytes(&c->sender.out);
	hws_buf_put(ret_unsent, out.ptr, out.len);
	if (hws_buf_err(ret_unsent))
		return hws_buf_err(ret_unsent);
	hws_sender_drop(&c->sender);
	return hws_conn_detach(c, ret_stream, ret_leftover);
}

int hws_conn_change_stream(struct hws_conn *c,
		int (*make)(struct hws_conn *c, struct hws_stream *lower, struct hws_bytes unsent,
				struct hws_bytes leftover, struct hws_stream **ret, void *arg),
		void *arg)
{
	struct hws_bytes rest = unread(c);
	struct hws_stream *upper;
	int r;

	if (c->closed || c->flushing || c->broken || !c->stream)
		return HWS_ERR_CLOSED;
	r = hws_sender_fill_all(&c->sender);
	if (r == HWS_OK)
		r = make(c, c->stream, hws_buf_bytes(&c->sender.out), rest, &upper, arg);
	if (r < 0)
		return r;
	c->bytes_out += hws_buf_len(&c->sender.out);
	hws_sender_drop(&c->sender);
	c->in.end -= rest.len;
	c->bytes_in -= HWS_MIN(c->bytes_in, (uint64_t)rest.len); /* they come again, from `upper` */
	c->stream = upper;
	hws_stream_set_callback(upper, on_stream, c);
	hws_conn_want(c);
	return HWS_OK;
}

const struct sockaddr_storage *hws_conn_peer(const struct hws_conn *c)
{
	static const struct sockaddr_storage none;

	return c->stream ? &c->stream->peer : &none;
}

struct hws_stream *hws_conn_stream(struct hws_conn *c)
{
	return c->stream;
}
