/* net/mem: two stream ends in memory, with short reads and writes; what tests and fuzzers use as a
 * network. */
#include "shared/base/mem.h"
#include "shared/base/buf.h"
#include "shared/net/stream.h"
#include "shared/net/stream_impl.h"

#define PIPE_MAX (64u << 10)

struct mem_stream {
	struct hws_stream base;
	struct mem_stream *other; /* NULL once it has closed */
	struct hws_buf in;        /* what the other end wrote */
	struct hws_mem_conf conf;
	bool ended; /* no more will come */
	struct hws_timer wake;
};

static struct mem_stream *mem_of(struct hws_stream *s)
{
	return hws_container(s, struct mem_stream, base);
}

static unsigned mem_ready(struct mem_stream *m)
{
	unsigned ready = 0;

	if (hws_buf_len(&m->in) > 0 || m->ended)
		ready |= HWS_STREAM_READ;
	if (!m->other || hws_buf_len(&m->other->in) < m->conf.pipe_max)
		ready |= HWS_STREAM_WRITE;
	return ready & m->base.wanted;
}

static void wake_check(struct mem_stream *m);

static void on_wake(void *arg)
{
	struct mem_stream *m = arg;
	unsigned ready = mem_ready(m);

	if (ready)
		hws_stream_ready(&m->base, ready);
	if (!m->base.closed)
		wake_check(m);
}

/* Level-triggered like a socket: while something wanted is ready, the callback comes each turn. */
static void wake_check(struct mem_stream *m)
{
	if (m->base.closed || !mem_ready(m))
		return;
	if (!hws_timer_active(&m->wake))
		hws_timer_start(m->base.loop, &m->wake, 0, on_wake, m);
}

static ssize_t mem_read(struct hws_stream *s, void *buf, size_t len)
{
	struct mem_stream *m = mem_of(s);
	struct hws_bytes have = hws_buf_bytes(&m->in);
	size_t n = HWS_MIN(len, have.len);

	if (n == 0)
		return m->ended ? HWS_ERR_EOF : HWS_ERR_AGAIN;
	if (m->conf.read_max)
		n = HWS_MIN(n, m->conf.read_max);
	memcpy(buf, have.ptr, n);
	hws_buf_consume(&m->in, n);
	if (m->other)
		wake_check(m->other);
	return (ssize_t)n;
}

static ssize_t mem_write(struct hws_stream *s, struct hws_bytes data)
{
	struct mem_stream *m = mem_of(s);
	size_t room, n;

	if (!m->other)
		return HWS_ERR_RESET;
	room = m->conf.pipe_max - HWS_MIN(m->conf.pipe_max, hws_buf_len(&m->other->in));
	n = HWS_MIN(room, data.len);
	if (m->conf.write_max)
		n = HWS_MIN(n, m->conf.write_max);
	if (n == 0)
		return HWS_ERR_AGAIN;
	hws_buf_put(&m->other->in, data.ptr, n);
	if (hws_buf_err(&m->other->in))
		return HWS_ERR_NOMEM;
	wake_check(m->other);
	return (ssize_t)n;
}

static void mem_want(struct hws_stream *s, unsigned dirs)
{
	struct mem_stream *m = mem_of(s);

	s->wanted = dirs;
	if (dirs)
		wake_check(m);
	else
		hws_timer_stop(&m->wake);
}

static void mem_closed(struct hws_stream *s)
{
	struct mem_stream *m = mem_of(s);

	if (m->other) {
		m->other->other = NULL;
		m->other->ended = true;
		wake_check(m->other);
	}
	m->other = NULL;
}

static void mem_free(struct hws_stream *s)
{
	struct mem_stream *m = mem_of(s);

	hws_timer_stop(&m->wake);
	hws_buf_done(&m->in);
	hws_free(m);
}

static const struct hws_stream_impl mem_impl = {
	.name = "mem",
	.read = mem_read,
	.write = mem_write,
	.want = mem_want,
	.closed = mem_closed,
	.free = mem_free,
};

int hws_stream_mem_pair(struct hws_loop *loop, const struct hws_mem_conf *conf,
		struct hws_stream **ret_a, struct hws_stream **ret_b)
{
	struct mem_stream *a = hws_alloc(sizeof(*a)), *b = hws_alloc(sizeof(*b));

	if (!a || !b) {
		hws_free(a);
		hws_free(b);
		return HWS_ERR_NOMEM;
	}
	hws_stream_init(&a->base, &mem_impl, loop);
	hws_stream_init(&b->base, &mem_impl, loop);
	if (conf)
		a->conf = *conf;
	if (a->conf.pipe_max == 0)
		a->conf.pipe_max = PIPE_MAX;
	b->conf = a->conf;
	hws_buf_init(&a->in, a->conf.pipe_max);
	hws_buf_init(&b->in, a->conf.pipe_max);
	a->other = b;
	b->other = a;
	*ret_a = &a->base;
	*ret_b = &b->base;
	return HWS_OK;
}
