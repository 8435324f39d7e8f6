/* The stream that a session's link sees, and which leg it goes over. Failures are sorted out at the
 * end of the turn, so that neither the link's read nor its write ends in its owner's hands. */
#include "shared/net/legs.h"
#include "shared/base/mem.h"
#include "shared/net/conn_impl.h"
#include "shared/net/legs_impl.h"

static struct hws_legs *legs_of(struct hws_stream *s)
{
	return hws_container(s, struct hws_legs, base);
}

/* --- which leg -------------------------------------------------------------------------------- */

void hws_legs_event(struct hws_legs *l, enum hws_legs_event event, uint32_t number)
{
	if (l->conf.on_event && !l->base.closed)
		l->conf.on_event(l, event, number, l->conf.arg);
}

static void make_current(struct hws_legs *l, struct hws_leg *g)
{
	l->current = g;
	l->silent = l->heard_again = false;
	l->away_since_us = 0;
	l->base.peer = g->s->peer;
	l->base.local = g->s->local;
	g->answers = false;
	/* what comes says that the leg carries, and the old one may go */
	g->asked = true;
	g->waits_us = 0; /* of one that is used again: not since it was left */
	hws_leg_say(g, HWS_LEG_ASK, 0);
	hws_legs_await(g);
	(void)hws_leg_catch_up(g);
	hws_legs_want_all(l);
}

static void move(struct hws_legs *l, struct hws_leg *g)
{
	l->count.moves++;
	make_current(l, g);
	hws_legs_event(l, HWS_LEGS_MOVED, g->number);
}

/* One that both ends may still use. */
static struct hws_leg *best(struct hws_legs *l)
{
	struct hws_leg *ret = NULL;

	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s && !g->failed && !g->broken && !g->parted && !g->peer_parted &&
				(!ret || g->number > ret->number))
			ret = g;
	return ret;
}

void hws_legs_give_up(struct hws_legs *l)
{
	l->err = l->last_failure;
	hws_legs_wake(l);
}

static void go_away(struct hws_legs *l)
{
	bool cut = l->last_failure == HWS_ERR_EOF || l->last_failure == HWS_ERR_RESET;

	l->away_since_us = hws_loop_now_us(l->base.loop);
	l->away_limit_us = cut ? HWS_MIN(l->conf.ended_us, l->conf.away_us) : l->conf.away_us;
	if (l->away_limit_us == 0)
		hws_legs_give_up(l);
	else
		hws_legs_watch(l, l->away_since_us + l->away_limit_us);
	hws_legs_event(l, HWS_LEGS_AWAY, 0);
}

static void sort_out(struct hws_legs *l)
{
	struct hws_leg *next;

	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX && !l->base.closed; g++) {
		uint32_t number = g->number;

		if (!g->s || !g->failed)
			continue;
		if (g == l->current) {
			l->current = NULL;
			l->last_failure = g->failed;
		}
		hws_leg_done(g);
		hws_legs_event(l, HWS_LEGS_LOST, number);
	}
	if (l->base.closed || l->current || l->away_since_us)
		return;
	next = best(l);
	if (next)
		move(l, next);
	else
		go_away(l);
}

/* --- what happens at the end of the turn ------------------------------------------------------ */

static bool has_news(const struct hws_legs *l)
{
	if (l->ended || l->err)
		return true;
	for (const struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (hws_leg_has_data(g))
			return true;
	return false;
}

static void on_wake(void *arg)
{
	struct hws_legs *l = arg;

	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s && !g->failed && g->body == 0)
			hws_leg_listen(g);
	hws_legs_part(l);
	sort_out(l);
	if (l->heard_again && l->current) {
		l->heard_again = false;
		hws_legs_event(l, HWS_LEGS_HEARD, l->current->number);
	}
	if (l->base.closed)
		return;
	if (l->err)
		hws_stream_ready(&l->base, HWS_STREAM_WRITE);
	if (has_news(l))
		hws_stream_ready(&l->base, HWS_STREAM_READ);
	hws_legs_want_all(l);
}

void hws_legs_wake(struct hws_legs *l)
{
	if (!l->base.closed && !hws_timer_active(&l->wake))
		hws_timer_start(l->base.loop, &l->wake, 0, on_wake, l);
}

static unsigned wanted_of(const struct hws_legs *l, const struct hws_leg *g)
{
	unsigned dirs = 0;

	if (g->broken)
		return l->base.wanted & HWS_STREAM_READ;
	/* data that the link does not want stay where they are */
	if (g->body == 0 || l->base.wanted & HWS_STREAM_READ)
		dirs |= HWS_STREAM_READ;
	if (g->head_len > 0 || (g->owed == 0 && hws_buf_len(&g->out) > 0))
		dirs |= HWS_STREAM_WRITE;
	if (g == l->current &&
			(g->out_at < l->kept.end ||
					(l->base.wanted & HWS_STREAM_WRITE &&
							l->kept.end - l->kept.start <
									HWS_LEGS_KEPT_MAX)))
		dirs |= HWS_STREAM_WRITE;
	return dirs;
}

void hws_legs_want_all(struct hws_legs *l)
{
	if (l->base.closed)
		return;
	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s && !g->failed)
			hws_stream_want(g->s, wanted_of(l, g));
	if (l->base.wanted & HWS_STREAM_READ && has_news(l))
		hws_legs_wake(l);
}

int hws_legs_acknowledged(struct hws_legs *l, uint64_t to)
{
	if (to > l->kept.end)
		return HWS_ERR_PROTO;
	if (to > l->kept.start)
		hws_ring_drop(&l->kept, to);
	/* it was heard before this was read, and nothing else is awaited */
	if (l->kept.start == l->kept.end && l->current && !l->current->asked)
		l->current->waits_us = 0;
	return HWS_OK;
}

/* --- the stream ------------------------------------------------------------------------------- */

static ssize_t legs_read(struct hws_stream *s, void *buf, size_t len)
{
	struct hws_legs *l = legs_of(s);
	size_t n = 0;

	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX && n == 0; g++)
		if (g->s && !g->failed)
			n = hws_leg_take(g, buf, len);
	if (n > 0)
		hws_legs_taken(l);
	if (l->have_now)
		hws_legs_say_have(l);
	if (n > 0)
		return (ssize_t)n;
	if (l->ended)
		return HWS_ERR_EOF;
	return l->err ? l->err : HWS_ERR_AGAIN;
}

static ssize_t legs_write(struct hws_stream *s, struct hws_bytes data)
{
	struct hws_legs *l = legs_of(s);
	struct hws_leg *g = l->current;
	size_t room = HWS_LEGS_KEPT_MAX - (size_t)(l->kept.end - l->kept.start), n;

	if (l->err)
		return l->err;
	data.len = HWS_MIN(data.len, room);
	data.len = HWS_MIN(data.len, (size_t)HWS_LEGS_CHUNK_MAX);
	if (!g || data.len == 0 || !hws_leg_catch_up(g))
		return HWS_ERR_AGAIN;
	if (hws_ring_reserve(&l->kept, data.len) < 0)
		return HWS_ERR_NOMEM;
	n = hws_leg_put(g, data);
	if (n == 0)
		return HWS_ERR_AGAIN;
	data.len = n;
	hws_ring_put(&l->kept, data);
	hws_legs_await(g);
	return (ssize_t)n;
}

static void legs_want(struct hws_stream *s, unsigned dirs)
{
	s->wanted = dirs;
	hws_legs_want_all(legs_of(s));
}

/* The other end need not wait for another leg. */
static void legs_closed(struct hws_stream *s)
{
	struct hws_legs *l = legs_of(s);
	struct hws_leg *g = l->current;

	if (g && !g->failed && g->owed == 0 && !l->ended) {
		hws_leg_say(g, HWS_LEG_CLOSE, 0);
		(void)hws_leg_flush(g);
	}
	hws_timer_stop(&l->wake);
	hws_timer_stop(&l->watch);
	l->current = NULL;
	for (g = l->leg; g < l->leg + HWS_LEGS_MAX; g++) {
		hws_stream_close(g->s);
		g->s = NULL;
	}
}

static void legs_free(struct hws_stream *s)
{
	struct hws_legs *l = legs_of(s);

	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		hws_leg_done(g);
	hws_ring_done(&l->kept);
	hws_free(l);
}

static void legs_keep_shallow(struct hws_stream *s, int unsent)
{
	struct hws_legs *l = legs_of(s);

	l->conf.unsent = unsent;
	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s)
			hws_stream_keep_shallow(g->s, unsent);
}

static const struct hws_stream_impl legs_impl = {
	.name = "legs",
	.read = legs_read,
	.write = legs_write,
	.want = legs_want,
	.closed = legs_closed,
	.free = legs_free,
	.keep_shallow = legs_keep_shallow,
};

/* --- beginning -------------------------------------------------------------------------------- */

/* Takes the stream of `first` on success. */
static int begin(struct hws_loop *loop, const struct hws_legs_new_leg *first,
		const struct hws_legs_conf *conf, struct hws_legs **ret)
{
	struct hws_legs *l = hws_alloc(sizeof(*l));
	struct hws_leg *g;
	int r;

	if (!l)
		return HWS_ERR_NOMEM;
	hws_stream_init(&l->base, &legs_impl, loop);
	l->conf = *conf;
	l->heard_us = hws_loop_now_us(loop);
	g = l->leg;
	r = hws_leg_init(l, g, first);
	if (r < 0) {
		hws_free(l);
		return r;
	}
	l->current = g;
	l->base.peer = g->s->peer;
	l->base.local = g->s->local;
	g->in_at = 0;
	g->placed = g->answers = true;
	if (l->conf.ask_us)
		hws_legs_watch(l, l->heard_us + l->conf.ask_us);
	hws_legs_want_all(l);
	*ret = l;
	return HWS_OK;
}

int hws_legs_new(struct hws_loop *loop, struct hws_stream *first, const struct hws_legs_conf *conf,
		struct hws_legs **ret)
{
	const struct hws_legs_new_leg leg = { .stream = first };
	int r = begin(loop, &leg, conf, ret);

	if (r < 0)
		hws_stream_close(first);
	return r;
}

struct change {
	const struct hws_legs_conf *conf;
	struct hws_legs **ret;
};

static int put_below(struct hws_conn *c, struct hws_stream *lower, struct hws_bytes unsent,
		struct hws_bytes leftover, struct hws_stream **ret, void *arg)
{
	const struct change *ch = arg;
	const struct hws_legs_new_leg leg = {
		.stream = lower, .unsent = unsent, .leftover = leftover
	};
	int r = begin(c->loop, &leg, ch->conf, ch->ret);

	if (r == HWS_OK)
		*ret = &(*ch->ret)->base;
	return r;
}

int hws_legs_begin(struct hws_conn *c, const struct hws_legs_conf *conf, struct hws_legs **ret)
{
	struct change ch = { conf, ret };

	return hws_conn_change_stream(c, put_below, &ch);
}

/* The oldest that is not used makes room. */
static struct hws_leg *free_place(struct hws_legs *l)
{
	struct hws_leg *oldest = NULL;

	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++) {
		if (!g->s)
			return g;
		if (g != l->current && (!oldest || g->number < oldest->number))
			oldest = g;
	}
	hws_leg_done(oldest);
	return oldest;
}

static int check_new(struct hws_legs *l, const struct hws_legs_new_leg *leg)
{
	if (l->base.closed || l->err || l->ended)
		return HWS_ERR_CLOSED;
	if (leg->number <= l->last_number)
		return HWS_ERR_PROTO;
	return hws_legs_acknowledged(l, leg->peer_received);
}

int hws_legs_add(struct hws_legs *l, const struct hws_legs_new_leg *leg)
{
	int r = check_new(l, leg);
	struct hws_leg *g = NULL;

	if (r == HWS_OK) {
		g = free_place(l);
		r = hws_leg_init(l, g, leg);
	}
	if (r < 0) {
		hws_stream_close(leg->stream);
		return r;
	}
	l->last_number = leg->number;
	g->out_at = l->kept.start;
	hws_legs_wake(l); /* there may be something left over of its beginning */
	move(l, g);
	return HWS_OK;
}

/* --- for its owner ---------------------------------------------------------------------------- */

struct hws_stream *hws_legs_stream(struct hws_legs *l)
{
	return &l->base;
}

uint64_t hws_legs_received(const struct hws_legs *l)
{
	return l->received;
}

struct hws_stream *hws_legs_current(const struct hws_legs *l)
{
	return l->current ? l->current->s : NULL;
}

uint32_t hws_legs_number(const struct hws_legs *l)
{
	return l->current ? l->current->number : 0;
}

uint64_t hws_legs_heard_us(const struct hws_legs *l)
{
	return l->heard_us;
}

void hws_legs_drop(struct hws_legs *l, uint32_t number)
{
	for (struct hws_leg *g = l->leg; g < l->leg + HWS_LEGS_MAX; g++)
		if (g->s && g->number == number)
			hws_leg_fail(g, HWS_ERR_TIMEOUT);
}

void hws_legs_let_go(struct hws_legs *l)
{
	l->conf.on_event = NULL;
	l->conf.arg = NULL;
}

void hws_legs_counted(const struct hws_legs *l, struct hws_legs_count *ret)
{
	*ret = l->count;
}
