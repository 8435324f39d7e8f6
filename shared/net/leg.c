/* One leg: chunks in, chunks out. What is read is the stranger's on the way as much as the peer's:
 * what does not fit ends this leg, and never the session. */
#include "shared/base/mem.h"
#include "shared/net/legs_impl.h"
#include <string.h>

#define READ_CHUNK (64u << 10)
#define READS_MAX 4u /* of one leg in one go: others wait, too */
#define OUT_MAX (16u << 10)

static void on_leg(struct hws_stream *s, unsigned ready, void *arg);

int hws_leg_init(struct hws_legs *l, struct hws_leg *g, const struct hws_legs_new_leg *from)
{
	*g = (struct hws_leg){ .legs = l, .number = from->number, .in_at = HWS_LEG_UNPLACED };
	g->heard_us = hws_loop_now_us(l->base.loop);
	hws_buf_init(&g->in, READ_CHUNK + HWS_LEG_CONTROL_MAX + from->leftover.len);
	hws_buf_init(&g->out, OUT_MAX + from->unsent.len);
	hws_buf_put(&g->in, from->leftover.ptr, from->leftover.len);
	hws_buf_put(&g->out, from->unsent.ptr, from->unsent.len);
	if (hws_buf_err(&g->in) || hws_buf_err(&g->out)) {
		hws_leg_done(g);
		return HWS_ERR_NOMEM;
	}
	g->s = from->stream;
	hws_stream_set_callback(g->s, on_leg, g);
	hws_stream_cap_messages(g->s, 1 + HWS_LEGS_CHUNK_MAX);
	if (l->conf.unsent)
		hws_stream_keep_shallow(g->s, l->conf.unsent);
	return HWS_OK;
}

void hws_leg_done(struct hws_leg *g)
{
	hws_stream_close(g->s);
	g->s = NULL;
	hws_buf_done(&g->in);
	hws_buf_done(&g->out);
}

void hws_leg_fail(struct hws_leg *g, int why)
{
	if (g->failed)
		return;
	g->failed = why;
	hws_stream_want(g->s, 0);
	hws_legs_wake(g->legs);
}

/* --- in --------------------------------------------------------------------------------------- */

bool hws_leg_has_data(const struct hws_leg *g)
{
	return g->s && !g->failed && hws_buf_len(&g->in) > 0 && (g->body > 0 || !g->starved);
}

static bool fill(struct hws_leg *g)
{
	uint8_t *to = hws_buf_reserve(&g->in, READ_CHUNK);
	ssize_t n = to ? hws_stream_read(g->s, to, READ_CHUNK) : HWS_ERR_NOMEM;

	if (n > 0) {
		hws_buf_commit(&g->in, (size_t)n);
		g->legs->count.in += (uint64_t)n;
		g->starved = false;
		hws_legs_heard(g);
		return true;
	}
	g->starved = true;
	if (hws_buf_len(&g->in) == 0) /* idle ones hold no memory */
		hws_buf_done(&g->in);
	if (n < 0 && n != HWS_ERR_AGAIN)
		hws_leg_fail(g, (int)n);
	else if (g->broken)
		hws_leg_fail(g, g->broken);
	return false;
}

static int on_chunk(struct hws_leg *g, const struct hws_leg_chunk *c)
{
	struct hws_legs *l = g->legs;

	switch (c->kind) {
	case HWS_LEG_DATA:
		if (g->in_at > l->received) /* there is no gap, and nothing without a place */
			return HWS_ERR_PROTO;
		g->body = c->len;
		return HWS_OK;
	case HWS_LEG_AT:
		if (c->value > l->received)
			return HWS_ERR_PROTO;
		g->in_at = c->value;
		return HWS_OK;
	case HWS_LEG_HAVE:
		return hws_legs_acknowledged(l, c->value);
	case HWS_LEG_ASK:
		l->have_now = true;
		break;
	case HWS_LEG_PART:
		g->peer_parted = true;
		hws_legs_wake(l);
		break;
	case HWS_LEG_CLOSE:
		l->ended = true;
		hws_legs_wake(l);
		break;
	}
	return HWS_OK;
}

/* What is in front is data, or nothing. `reads`: so many are left. */
static bool to_data(struct hws_leg *g, unsigned *reads)
{
	while (!g->failed && (g->body == 0 || hws_buf_len(&g->in) == 0)) {
		struct hws_leg_chunk c;
		size_t used;
		int r = g->body ? HWS_ERR_SHORT
				: hws_leg_chunk_next(hws_buf_bytes(&g->in), &c, &used);

		if (r == HWS_OK) {
			hws_buf_consume(&g->in, used);
			r = on_chunk(g, &c);
		} else if (r == HWS_ERR_SHORT) {
			if (*reads == 0)
				hws_legs_wake(g->legs);
			if (*reads == 0 || !fill(g))
				return false;
			--*reads;
			continue;
		}
		if (r < 0)
			hws_leg_fail(g, r);
	}
	return !g->failed;
}

void hws_leg_listen(struct hws_leg *g)
{
	unsigned reads = READS_MAX;

	(void)to_data(g, &reads);
	if (g->legs->have_now)
		hws_legs_say_have(g->legs);
}

/* What another leg has brought already is passed over. */
static size_t take_in(struct hws_leg *g, uint8_t *buf, size_t len)
{
	struct hws_legs *l = g->legs;
	struct hws_bytes have = hws_buf_bytes(&g->in);
	size_t n = HWS_MIN(have.len, g->body);
	bool known = g->in_at < l->received;

	if (known)
		n = (size_t)HWS_MIN((uint64_t)n, l->received - g->in_at);
	else
		n = HWS_MIN(n, len);
	if (!known) {
		memcpy(buf, have.ptr, n);
		l->received += n;
	}
	hws_buf_consume(&g->in, n);
	g->in_at += n;
	g->body -= n;
	return known ? 0 : n;
}

size_t hws_leg_take(struct hws_leg *g, uint8_t *buf, size_t len)
{
	unsigned reads = READS_MAX;
	size_t n = 0;

	while (n == 0 && to_data(g, &reads))
		n = take_in(g, buf, len);
	return n;
}

/* --- out -------------------------------------------------------------------------------------- */

void hws_leg_say(struct hws_leg *g, enum hws_leg_chunk_kind kind, uint64_t value)
{
	const struct hws_leg_chunk c = { .kind = kind, .value = value };
	uint8_t chunk[HWS_LEG_CONTROL_MAX];

	if (g->failed || g->broken)
		return;
	hws_buf_put(&g->out, chunk, hws_leg_chunk_put(&c, chunk));
	if (hws_buf_err(&g->out))
		hws_leg_fail(g, hws_buf_err(&g->out));
}

/* As much as the stream takes; 0 where it failed. */
static size_t write_out(struct hws_leg *g, struct hws_bytes data)
{
	ssize_t n = g->failed || g->broken ? HWS_ERR_AGAIN : hws_stream_write(g->s, data);

	if (n > 0) {
		g->legs->count.out += (uint64_t)n;
		return (size_t)n;
	}
	if (n < 0 && n != HWS_ERR_AGAIN) {
		g->broken = (int)n;
		hws_legs_wake(g->legs);
	}
	return 0;
}

bool hws_leg_flush(struct hws_leg *g)
{
	while (g->head_len > 0) {
		size_t n = write_out(g, hws_bytes(g->head, g->head_len));

		if (n == 0)
			return false;
		g->head_len -= n;
		memmove(g->head, g->head + n, g->head_len);
	}
	while (g->owed == 0 && hws_buf_len(&g->out) > 0) {
		size_t n = write_out(g, hws_buf_bytes(&g->out));

		if (n == 0)
			return false;
		hws_buf_consume(&g->out, n);
	}
	if (hws_buf_len(&g->out) == 0)
		hws_buf_reset(&g->out);
	return !g->failed && !g->broken;
}

/* Head and bytes in one piece: each write may be a packet of its own. */
static size_t begin_data(struct hws_leg *g, struct hws_bytes data)
{
	const struct hws_leg_chunk c = { .kind = HWS_LEG_DATA,
		.len = HWS_MIN(data.len, (size_t)HWS_LEGS_CHUNK_MAX) };
	uint8_t first[HWS_LEG_CONTROL_MAX + HWS_LEGS_CHUNK_MAX];
	size_t head = hws_leg_chunk_put(&c, first), n;

	memcpy(first + head, data.ptr, c.len);
	n = write_out(g, hws_bytes(first, head + c.len));
	if (n == 0)
		return 0;
	if (n < head) {
		g->head_len = head - n;
		memcpy(g->head, first + n, g->head_len);
	}
	n -= HWS_MIN(n, head);
	g->owed = c.len - n;
	return n;
}

size_t hws_leg_put(struct hws_leg *g, struct hws_bytes data)
{
	size_t n;

	if (data.len == 0 || !hws_leg_flush(g))
		return 0;
	if (g->owed == 0) {
		n = begin_data(g, data);
	} else {
		n = write_out(g, hws_bytes(data.ptr, HWS_MIN(data.len, g->owed)));
		g->owed -= n;
	}
	g->out_at += n;
	return n;
}

/* Owed bytes that the other end has by now: it passes over them, whatever they are. */
static bool pay_off(struct hws_leg *g)
{
	static const uint8_t zeros[4096];
	uint64_t gone = g->legs->kept.start - g->out_at;
	size_t n = HWS_MIN(g->owed, sizeof(zeros));

	return hws_leg_put(g, hws_bytes(zeros, (size_t)HWS_MIN((uint64_t)n, gone))) > 0;
}

bool hws_leg_catch_up(struct hws_leg *g)
{
	struct hws_legs *l = g->legs;

	while (!g->failed && !g->broken) {
		size_t n;

		if (g->out_at < l->kept.start && g->owed > 0) {
			if (!pay_off(g))
				return false;
			continue;
		}
		if (g->out_at < l->kept.start) {
			g->out_at = l->kept.start;
			g->placed = false;
		}
		if (!g->placed) {
			g->placed = true;
			hws_leg_say(g, HWS_LEG_AT, g->out_at);
		}
		if (g->out_at == l->kept.end)
			return hws_leg_flush(g);
		n = hws_leg_put(g, hws_ring_at(&l->kept, g->out_at, HWS_LEGS_CHUNK_MAX));
		if (n == 0)
			return false;
		l->count.again += n;
		hws_legs_await(g);
	}
	return false;
}

/* --- its stream ------------------------------------------------------------------------------- */

static void on_writable(struct hws_leg *g)
{
	struct hws_legs *l = g->legs;

	if (g != l->current)
		(void)hws_leg_flush(g);
	else if (hws_leg_catch_up(g))
		hws_stream_ready(&l->base, HWS_STREAM_WRITE);
}

static void on_leg(struct hws_stream *s HWS_UNUSED, unsigned ready, void *arg)
{
	struct hws_leg *g = arg;
	struct hws_legs *l = g->legs;

	if (ready & HWS_STREAM_WRITE)
		on_writable(g);
	if (ready & HWS_STREAM_READ && !l->base.closed && g->s) {
		hws_leg_listen(g);
		if (hws_leg_has_data(g))
			hws_stream_ready(&l->base, HWS_STREAM_READ);
	}
	hws_legs_want_all(l);
}
