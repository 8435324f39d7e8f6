#include "client/reach/bridge.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <unistd.h>

#define CHUNK (64u << 10)
#define STALL_US (60 * HWS_US_PER_S) /* what waits to be written must move within */

struct side {
	struct hws_bridge *bridge;
	struct hws_stream *stream;
	struct side *other;
	struct hws_buf out; /* for this side's stream */
	bool ended;         /* nothing more comes from it */
};

struct hws_bridge {
	struct hws_loop *loop;
	struct side far, near;
	void (*on_end)(struct hws_bridge *b, void *arg);
	void *arg;
	struct hws_timer stall;
	struct hws_deferred deferred;
	bool closed;
};

static void free_bridge(void *arg)
{
	struct hws_bridge *b = arg;

	hws_buf_done(&b->far.out);
	hws_buf_done(&b->near.out);
	hws_free(b);
}

void hws_bridge_free(struct hws_bridge *b)
{
	if (!b || b->closed)
		return;
	b->closed = true;
	hws_timer_stop(&b->stall);
	hws_stream_close(b->far.stream);
	hws_stream_close(b->near.stream);
	hws_loop_defer(b->loop, &b->deferred, free_bridge, b);
}

static void end(struct hws_bridge *b)
{
	if (b->closed)
		return;
	hws_bridge_free(b);
	b->on_end(b, b->arg);
}

static void on_stall(void *arg)
{
	end(arg);
}

/* Reads from a side only while its bytes have somewhere to go: so a slow reader slows the writer. */
static void want(struct side *s)
{
	unsigned dirs = 0;

	if (!s->ended && hws_buf_len(&s->other->out) == 0)
		dirs |= HWS_STREAM_READ;
	if (hws_buf_len(&s->out) > 0)
		dirs |= HWS_STREAM_WRITE;
	hws_stream_want(s->stream, dirs);
}

static void watch_stall(struct hws_bridge *b, bool moved)
{
	bool waits = hws_buf_len(&b->far.out) > 0 || hws_buf_len(&b->near.out) > 0;

	if (!waits)
		hws_timer_stop(&b->stall);
	else if (moved || !hws_timer_active(&b->stall))
		hws_timer_start(b->loop, &b->stall, STALL_US, on_stall, b);
}

static int flush(struct side *s)
{
	while (hws_buf_len(&s->out) > 0) {
		ssize_t n = hws_stream_write(s->stream, hws_buf_bytes(&s->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return HWS_OK;
		if (n < 0)
			return (int)n;
		hws_buf_consume(&s->out, (size_t)n);
	}
	return HWS_OK;
}

/* One buffer full a turn, so that both directions and other links get theirs. */
static int pump(struct side *from)
{
	uint8_t *to = hws_buf_reserve(&from->other->out, CHUNK);
	ssize_t n;

	if (!to)
		return HWS_ERR_NOMEM;
	n = hws_stream_read(from->stream, to, CHUNK);
	if (n == HWS_ERR_AGAIN)
		return HWS_OK;
	if (n == HWS_ERR_EOF) {
		from->ended = true;
		return HWS_OK;
	}
	if (n < 0)
		return (int)n;
	hws_buf_commit(&from->other->out, (size_t)n);
	return flush(from->other);
}

static void on_side(struct hws_stream *stream, unsigned ready, void *arg)
{
	struct side *s = arg;
	struct hws_bridge *b = s->bridge;
	int r = HWS_OK;

	(void)stream;
	if (ready & HWS_STREAM_WRITE)
		r = flush(s);
	if (r == HWS_OK && ready & HWS_STREAM_READ && !s->ended && hws_buf_len(&s->other->out) == 0)
		r = pump(s);
	/* A session ends as a whole: there is no half of it to go on with. What was said is still delivered. */
	if (r < 0 || (s->ended && hws_buf_len(&s->other->out) == 0) ||
			(s->other->ended && hws_buf_len(&s->out) == 0)) {
		end(b);
		return;
	}
	watch_stall(b, true);
	want(s);
	want(s->other);
}

static void join(struct hws_bridge *b, struct side *s, struct side *other)
{
	s->bridge = b;
	s->other = other;
	hws_buf_init(&s->out, CHUNK);
}

int hws_bridge_new(struct hws_loop *loop, struct hws_stream *s,
		void (*on_end)(struct hws_bridge *b, void *arg), void *arg, struct hws_bridge **ret,
		int *ret_fd)
{
	struct hws_bridge *b = hws_alloc(sizeof(*b));
	int pair[2] = { -1, -1 }, r = HWS_ERR_NOMEM;

	if (!b)
		goto fail;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		r = hws_err_from_errno(errno);
		goto fail;
	}
	r = hws_stream_tcp_new(loop, pair[0], &b->near.stream);
	if (r < 0)
		goto fail;
	b->loop = loop;
	b->far.stream = s;
	b->on_end = on_end;
	b->arg = arg;
	join(b, &b->far, &b->near);
	join(b, &b->near, &b->far);
	hws_stream_set_callback(s, on_side, &b->far);
	hws_stream_set_callback(b->near.stream, on_side, &b->near);
	want(&b->far);
	want(&b->near);
	*ret = b;
	*ret_fd = pair[1];
	return HWS_OK;
fail:
	if (pair[0] >= 0) {
		close(pair[0]);
		close(pair[1]);
	}
	hws_stream_close(s);
	hws_free(b);
	return r;
}
