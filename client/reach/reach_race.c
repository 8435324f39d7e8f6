/* Which way wins: the first on which the host has spoken is offered to the owner, who alone can
 * tell whether the right host did; the others go on until one is taken. A way that fails never
 * ends another. */
#include "client/reach/reach_parts.h"

#define HOLD_US 100000
#define HOLD_MAX_US 600000 /* since the relay was begun with */
/* A handshake takes a round trip or two; a repeat of what was lost, more. The relay is worth less
 * than a slow direct way. */
#define PATIENCE_US 400000
#define PATIENCE_RELAY_US 1500000

static void offer(void *arg);

static bool is_alive(const struct hws_reach_way *w)
{
	return w->stage == HWS_REACH_RUNNING || w->stage == HWS_REACH_READY;
}

static bool any_alive(const struct hws_reach *r)
{
	for (unsigned i = 0; i < r->direct_count; i++)
		if (is_alive(&r->direct[i].way))
			return true;
	return is_alive(&r->relay.way) || hws_timer_active(&r->udp.later);
}

static void offer_soon(struct hws_reach *r)
{
	if (!r->over)
		hws_loop_defer(r->loop, &r->offering, offer, r);
}

static void on_hold_over(void *arg)
{
	offer_soon(arg);
}

/* A host that sits at the relay already may be heard there a moment before it is on a direct way
 * that was begun at the same time; that one is worth the moment. */
static bool is_held(struct hws_reach *r)
{
	uint64_t now = hws_loop_now_us(r->loop), until = 0;

	for (unsigned i = 0; i < r->direct_count; i++) {
		const struct hws_reach_way *w = &r->direct[i].way;

		if (w->stage == HWS_REACH_RUNNING)
			until = HWS_MAX(until, w->begun_us + HOLD_US + 2 * r->opened_us);
	}
	until = HWS_MIN(until, r->relay.way.begun_us + HOLD_MAX_US);
	if (now >= until)
		return false;
	hws_timer_start(r->loop, &r->hold, until - now, on_hold_over, r);
	return true;
}

/* Direct ways first. */
static struct hws_reach_way *first_ready(struct hws_reach *r)
{
	for (unsigned i = 0; i < r->direct_count; i++)
		if (r->direct[i].way.stage == HWS_REACH_READY)
			return &r->direct[i].way;
	return r->relay.way.stage == HWS_REACH_READY && !is_held(r) ? &r->relay.way : NULL;
}

/* --- who is offered, and stays silent --------------------------------------------------------- */

static const struct hws_reach_way *other_ready(const struct hws_reach *r)
{
	for (unsigned i = 0; i < r->direct_count; i++)
		if (r->direct[i].way.stage == HWS_REACH_READY)
			return &r->direct[i].way;
	return r->relay.way.stage == HWS_REACH_READY ? &r->relay.way : NULL;
}

static void on_patience(void *arg)
{
	struct hws_reach *r = arg;

	if (r->offered && !r->taken && !r->failing && other_ready(r) && r->conf.on_better)
		r->conf.on_better(r->conf.arg);
}

/* Who lost patience once is asked again only when yet another way stands. */
static void watch_offered(struct hws_reach *r)
{
	const struct hws_reach_way *w = other_ready(r);
	uint64_t now = hws_loop_now_us(r->loop), at;

	if (!w || r->taken)
		return;
	at = r->offered_us + 2 * r->opened_us +
			(hws_path_is_relay(w->path) ? PATIENCE_RELAY_US : PATIENCE_US);
	hws_timer_start(r->loop, &r->patience, at > now ? at - now : 0, on_patience, r);
}

/* The relay joins all the same when its time comes: the handshake may lead nowhere. */
static void offer_way(struct hws_reach *r, struct hws_reach_way *w)
{
	struct hws_reached how = { .stream = w->stream,
		.leftover = hws_bytes(w->word, w->word_len),
		.statement = hws_bytes(r->statement, r->statement_len),
		.relayed = hws_path_is_relay(w->path),
		.by_address = w->path == HWS_PATH_ADDRESS,
		.path = hws_path_token(w->path),
		.verdict = &r->verdict };

	hws_timer_stop(&r->hold);
	w->stage = HWS_REACH_OFFERED;
	w->stream = NULL;
	r->offered = w;
	r->offered_us = hws_loop_now_us(r->loop);
	watch_offered(r);
	r->done(HWS_OK, &how, r->conf.arg);
}

static void offer(void *arg)
{
	struct hws_reach *r = arg;
	struct hws_reach_way *w = first_ready(r);

	if (r->failing) {
		struct hws_reached how = { .error = r->why, .verdict = &r->verdict };

		r->over = true;
		r->done(r->why.code, &how, r->conf.arg);
	} else if (w && !r->offered) {
		offer_way(r, w);
	} else if (r->offered) {
		watch_offered(r);
	}
}

/* Beside a relay that carries the session it is of that one that the verdict tells, if the host
 * was found. */
static void end_without(struct hws_reach *r)
{
	enum hws_path path = r->conf.only_direct && r->answered ? HWS_PATH_RELAY : HWS_PATH_NONE;

	hws_verdict_end(&r->verdict, path, &r->facts, hws_loop_now_us(r->loop));
}

void hws_reach_fail(struct hws_reach *r, int code, const char *text)
{
	struct hws_error why;

	if (r->failing || r->taken)
		return;
	hws_error_set(&why, code, "%s", text); /* `text` may be that of r->why */
	r->why = why;
	r->failing = true;
	r->facts.udp_blocked = hws_reach_udp_silent(r);
	hws_reach_race_stop(r);
	end_without(r);
	offer_soon(r);
}

/* --- one way ---------------------------------------------------------------------------------- */

void hws_reach_way_begin(struct hws_reach *r, struct hws_reach_way *w, enum hws_path path)
{
	w->reach = r;
	w->path = path;
	w->stage = HWS_REACH_RUNNING;
	w->begun_us = hws_loop_now_us(r->loop);
}

/* Reads what there is, little as it may be: a stream without a socket tells its end in no other
 * way, and one by UDP that it will never stand by becoming writable. Relays and strangers accept
 * and say nothing, so only a word counts. */
static void on_word(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_reach_way *w = arg;
	ssize_t n = hws_stream_read(s, w->word, sizeof(w->word));

	(void)ready;
	if (n == HWS_ERR_AGAIN) {
		hws_stream_want(s, HWS_STREAM_READ);
		return;
	}
	hws_stream_want(s, 0);
	hws_stream_set_callback(s, NULL, NULL);
	if (n > 0) {
		w->word_len = (size_t)n;
		w->heard(w, HWS_OK);
		return;
	}
	hws_stream_close(s);
	w->stream = NULL;
	w->heard(w, n < 0 ? (int)n : HWS_ERR_EOF);
}

static void on_silence(void *arg)
{
	hws_reach_way_failed(arg, HWS_ERR_TIMEOUT);
}

/* Who accepts and says nothing would be waited for without end where no other way stands. A relay's
 * leg is waited for less long, by its own file. */
void hws_reach_way_listen(struct hws_reach_way *w, struct hws_stream *s)
{
	w->stream = s;
	hws_timer_start(w->reach->loop, &w->wait, HWS_REACH_CONNECT_US, on_silence, w);
	hws_stream_set_callback(s, on_word, w);
	hws_stream_want(s, HWS_STREAM_READ | HWS_STREAM_WRITE);
}

void hws_reach_way_ready(struct hws_reach_way *w)
{
	hws_timer_stop(&w->wait);
	w->stage = HWS_REACH_READY;
	offer_soon(w->reach);
}

void hws_reach_way_drop(struct hws_reach_way *w, int why)
{
	hws_timer_stop(&w->wait);
	hws_stream_close(w->stream);
	w->stream = NULL;
	if (is_alive(w))
		hws_verdict_over(&w->reach->verdict, w->number, why,
				hws_loop_now_us(w->reach->loop));
	if (w->stage != HWS_REACH_IDLE)
		w->stage = HWS_REACH_OVER;
}

/* What remains when a way has ended and none is in the owner's hands. False: nothing. */
static bool go_on(struct hws_reach *r)
{
	if (first_ready(r)) {
		offer_soon(r);
		return true;
	}
	if (r->relay.way.stage == HWS_REACH_IDLE && *r->relay.name) {
		hws_timer_stop(&r->head_start);
		hws_timer_stop(&r->hold);
		hws_reach_relay_start(r);
		return true; /* or it has told why not */
	}
	return any_alive(r);
}

void hws_reach_way_failed(struct hws_reach_way *w, int why)
{
	struct hws_reach *r = w->reach;

	hws_reach_way_drop(w, why);
	if (w->path == HWS_PATH_LAN && !r->failing && !r->taken)
		hws_reach_udp_hurry(r);
	if (r->failing || r->taken || r->offered || go_on(r))
		return;
	if (!r->why.code)
		hws_error_set(&r->why, HWS_ERR_UNREACHABLE,
				"no direct path to the host, and no relay is known: set one at the server (--relay-servers)");
	hws_reach_fail(r, r->why.code, r->why.text);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_head_start(void *arg)
{
	struct hws_reach *r = arg;

	if (r->relay.way.stage == HWS_REACH_IDLE && *r->relay.name)
		hws_reach_relay_start(r);
}

void hws_reach_race_begin(struct hws_reach *r, uint64_t head_us)
{
	if (r->failing)
		return;
	if (any_alive(r) && head_us > 0)
		hws_timer_start(r->loop, &r->head_start, head_us, on_head_start, r);
	else if (!go_on(r))
		hws_reach_fail(r, HWS_ERR_UNREACHABLE,
				"no direct path to the host, and no relay is known: set one at the server (--relay-servers)");
}

void hws_reach_race_stop(struct hws_reach *r)
{
	hws_timer_stop(&r->head_start);
	hws_timer_stop(&r->hold);
	hws_timer_stop(&r->patience);
	hws_reach_ask_stop(r);
	hws_reach_udp_stop(r);
	for (unsigned i = 0; i < r->direct_count; i++)
		hws_reach_direct_stop(&r->direct[i], HWS_ERR_CANCELED);
	hws_reach_relay_stop(&r->relay, HWS_ERR_CANCELED);
}

void hws_reach_take(struct hws_reach *r)
{
	struct hws_reach_way *w = r->offered;
	uint64_t now = hws_loop_now_us(r->loop);

	if (!w || r->taken)
		return;
	r->taken = true;
	hws_timer_stop(&r->head_start);
	hws_timer_stop(&r->hold);
	hws_timer_stop(&r->patience);
	r->facts.udp_blocked = hws_reach_udp_silent(r);
	hws_timer_stop(&r->ask_wait);
	hws_timer_stop(&r->plain_wait);
	if (!r->relay.on_link)
		hws_reach_ask_stop(r);
	hws_reach_udp_stop(r);
	hws_verdict_over(&r->verdict, w->number, HWS_OK, now);
	for (unsigned i = 0; i < r->direct_count; i++)
		hws_reach_direct_stop(&r->direct[i], HWS_ERR_CANCELED);
	if (w != &r->relay.way)
		hws_reach_relay_leave(&r->relay);
	hws_verdict_end(&r->verdict, w->path, &r->facts, now);
}

bool hws_reach_reject(struct hws_reach *r, int why)
{
	struct hws_reach_way *w = r->offered;

	if (!w || r->taken || r->failing)
		return false;
	r->offered = NULL;
	hws_timer_stop(&r->patience);
	w->stage = HWS_REACH_OVER;
	hws_verdict_over(&r->verdict, w->number, why, hws_loop_now_us(r->loop));
	if (go_on(r))
		return true;
	r->facts.udp_blocked = hws_reach_udp_silent(r);
	end_without(r);
	return false;
}
