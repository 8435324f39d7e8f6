/* net/kcp_sender: a segment is in one of three places: unsent (no number), sent, lost (both in the
 * ring). What arrived leaves at once, in whatever order, so a connection holds at most its window
 * and what its owner wrote ahead. */
#include "shared/net/kcp_sender.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

#define FIRST_PEER_WINDOW 128u /* before the peer has spoken */
#define PROBE_FIRST_MS 7000u
#define PROBE_MAX_MS 120000u
#define DUPLICATES 2u        /* later arrivals that mean a loss, where nothing is paced */
#define PATIENCE_MAX 4u      /* a round trip */
#define ORDER_LEAST_US 2000u /* what later ones may always overtake */

#define AT_ONCE_LEAST_US 500u
#define AT_ONCE_MOST_US 1000u

struct hws_kcp_out {
	struct hws_list node;
	uint32_t sn, ts, len, room;
	uint32_t times, skipped;
	bool is_lost;
	uint64_t no; /* of this sending, among all */
	struct hws_kcp_stamp stamp;
	uint8_t data[];
};

int hws_kcp_sender_init(struct hws_kcp_sender *s, const struct hws_kcp_sender_conf *conf,
		uint32_t segment_max)
{
	memset(s, 0, sizeof(*s));
	s->conf = *conf;
	s->segment_max = segment_max;
	s->peer_window = FIRST_PEER_WINDOW;
	s->patience = 1;
	hws_list_init(&s->unsent);
	hws_list_init(&s->sent);
	hws_list_init(&s->lost);
	hws_kcp_rtt_init(&s->rtt, conf->rto_min);
	hws_kcp_rate_init(&s->rate, segment_max);
	s->ring = hws_alloc_array(conf->window, sizeof(struct hws_kcp_out *));
	return s->ring ? HWS_OK : HWS_ERR_NOMEM;
}

static void drop_all(struct hws_list *list)
{
	struct hws_list *node;

	while ((node = hws_list_first(list))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct hws_kcp_out, node));
	}
}

void hws_kcp_sender_done(struct hws_kcp_sender *s)
{
	if (!s->ring)
		return;
	drop_all(&s->unsent);
	drop_all(&s->sent);
	drop_all(&s->lost);
	hws_free(s->ring);
	s->ring = NULL;
}

static struct hws_kcp_out *out_of(struct hws_list *node)
{
	return hws_container(node, struct hws_kcp_out, node);
}

static struct hws_kcp_out **place(const struct hws_kcp_sender *s, uint32_t sn)
{
	return &s->ring[sn & (s->conf.window - 1)];
}

/* Only what is under way has a number. */
static struct hws_kcp_out *find(const struct hws_kcp_sender *s, uint32_t sn)
{
	if (hws_kcp_diff(sn, s->una) < 0 || hws_kcp_diff(sn, s->next) >= 0)
		return NULL;
	return *place(s, sn);
}

/* --- writing --- */

static void fill_last(struct hws_kcp_sender *s, struct hws_bytes *data)
{
	struct hws_kcp_out *last;
	size_t n;

	if (hws_list_empty(&s->unsent))
		return;
	last = out_of(s->unsent.prev);
	n = HWS_MIN((size_t)(last->room - last->len), data->len);
	memcpy(last->data + last->len, data->ptr, n);
	last->len += (uint32_t)n;
	s->unsent_bytes += n;
	data->ptr += n;
	data->len -= n;
}

int hws_kcp_sender_write(struct hws_kcp_sender *s, struct hws_bytes data)
{
	struct hws_list fresh, *node;
	struct hws_bytes rest = data;
	uint32_t count = 0;
	size_t last_room = 0;

	hws_list_init(&fresh);
	if (!hws_list_empty(&s->unsent)) {
		const struct hws_kcp_out *last = out_of(s->unsent.prev);

		last_room = HWS_MIN((size_t)(last->room - last->len), data.len);
	}
	rest.ptr += last_room;
	rest.len -= last_room;
	while (rest.len > 0) {
		struct hws_kcp_out *o = hws_alloc(sizeof(*o) + s->segment_max);

		if (!o) {
			drop_all(&fresh);
			return HWS_ERR_NOMEM;
		}
		o->room = s->segment_max;
		o->len = (uint32_t)HWS_MIN((size_t)o->room, rest.len);
		memcpy(o->data, rest.ptr, o->len);
		rest.ptr += o->len;
		rest.len -= o->len;
		hws_list_push(&fresh, &o->node);
		count++;
	}
	fill_last(s, &data);
	while ((node = hws_list_first(&fresh))) {
		hws_list_remove(node);
		hws_list_push(&s->unsent, node);
	}
	s->unsent_count += count;
	s->unsent_bytes += data.len;
	return HWS_OK;
}

/* --- what the peer says --- */

void hws_kcp_sender_begin(struct hws_kcp_sender *s, uint64_t now_us)
{
	s->now_us = now_us;
	s->arrival = (struct hws_kcp_arrival){ 0 };
	s->arrival_no = 0;
}

void hws_kcp_sender_window(struct hws_kcp_sender *s, uint32_t wnd, uint64_t now_us)
{
	s->peer_window = wnd;
	s->heard_us = now_us;
}

static void arrived(struct hws_kcp_sender *s, struct hws_kcp_out *o)
{
	if (!o->is_lost)
		s->in_flight -= o->len;
	s->arrival.bytes += o->len;
	/* Sooner than the path can be: it is an earlier sending of it that arrived. */
	if (o->times > 1 && s->now_us - o->stamp.sent_us < s->rate.min_rtt_us) {
		if (s->patience < PATIENCE_MAX)
			s->patience++;
	} else if (o->no > s->arrival_no) {
		s->arrival_no = o->no;
		s->arrival.stamp = o->stamp;
	}
	hws_list_remove(&o->node);
	*place(s, o->sn) = NULL;
	hws_free(o);
}

static void advance_una(struct hws_kcp_sender *s)
{
	while (s->una != s->next && !*place(s, s->una))
		s->una++;
}

int hws_kcp_sender_una(struct hws_kcp_sender *s, uint32_t una)
{
	struct hws_kcp_out *o;

	if (hws_kcp_diff(una, s->next) > 0)
		return HWS_ERR_RANGE;
	while (hws_kcp_diff(una, s->una) > 0) {
		o = *place(s, s->una);
		if (o)
			arrived(s, o);
		s->una++;
	}
	advance_una(s);
	return HWS_OK;
}

void hws_kcp_sender_ack(struct hws_kcp_sender *s, uint32_t sn, uint32_t ts, uint32_t now_ms,
		uint64_t now_us)
{
	struct hws_kcp_out *o = find(s, sn);

	if (hws_kcp_diff(now_ms, ts) >= 0)
		hws_kcp_rtt_sample(&s->rtt, now_ms - ts);
	if (!o)
		return;
	if (o->ts == ts && now_us > o->stamp.sent_us) {
		uint64_t rtt = now_us - o->stamp.sent_us;

		s->arrival.rtt_us = s->arrival.rtt_us ? HWS_MIN(s->arrival.rtt_us, rtt) : rtt;
	} else if (o->times > 1 && hws_kcp_diff(ts, o->ts) < 0 && s->patience < PATIENCE_MAX) {
		s->patience++; /* it was not lost, only late */
	}
	arrived(s, o);
	advance_una(s);
}

/* Both numbers are the peer's: what is walked is no more than what is under way. */
void hws_kcp_sender_range(struct hws_kcp_sender *s, uint32_t first, uint32_t last)
{
	uint32_t count = last - first + 1, skip = s->una - first;

	if (hws_kcp_diff(first, s->una) < 0) {
		if (skip >= count)
			return;
		count -= skip;
		first = s->una;
	}
	if (hws_kcp_diff(first, s->next) >= 0)
		return;
	count = HWS_MIN(count, s->next - first);
	for (uint32_t i = 0; i < count; i++) {
		struct hws_kcp_out *o = find(s, first + i);

		if (o)
			arrived(s, o);
	}
	advance_una(s);
}

/* --- losses --- */

static void mark_lost(struct hws_kcp_sender *s, struct hws_kcp_out *o)
{
	struct hws_list *after = s->lost.prev;

	hws_list_remove(&o->node);
	while (after != &s->lost && hws_kcp_diff(out_of(after)->sn, o->sn) > 0)
		after = after->prev;
	o->node.prev = after;
	o->node.next = after->next;
	after->next->prev = &o->node;
	after->next = &o->node;
	o->is_lost = true;
	s->in_flight -= o->len;
}

static uint64_t order_us(const struct hws_kcp_sender *s)
{
	uint64_t quarter = HWS_MAX(s->rate.min_rtt_us, (uint64_t)1) / 4;

	return HWS_MAX(quarter * s->patience, (uint64_t)ORDER_LEAST_US);
}

/* When the oldest sending is lost if it has not arrived; UINT64_MAX: nothing later has. */
static uint64_t overtaken_at(const struct hws_kcp_sender *s, const struct hws_kcp_out *o)
{
	if (o->no >= s->newest_no)
		return UINT64_MAX;
	return o->stamp.sent_us + s->newest_rtt_us + order_us(s);
}

static void find_overtaken(struct hws_kcp_sender *s, uint64_t now_us)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &s->sent) {
		struct hws_kcp_out *o = out_of(node);

		if (o->no >= s->newest_no)
			return;
		if (s->conf.paced ? overtaken_at(s, o) > now_us : o->skipped < DUPLICATES) {
			if (s->conf.paced)
				return;
			continue;
		}
		if (s->conf.paced)
			hws_kcp_rate_lost(&s->rate, o->len, s->newest_rtt_us);
		mark_lost(s, o);
	}
}

static void count_skips(struct hws_kcp_sender *s)
{
	struct hws_list *node;

	hws_list_for (node, &s->sent) {
		if (out_of(node)->no >= s->newest_no)
			return;
		out_of(node)->skipped++;
	}
}

void hws_kcp_sender_end(struct hws_kcp_sender *s, uint64_t now_us)
{
	if (s->arrival.bytes == 0)
		return;
	s->backed_rto = 0;
	s->backed_at = 0;
	if (s->arrival_no > s->newest_no) {
		s->newest_no = s->arrival_no;
		s->newest_sent_us = s->arrival.stamp.sent_us;
		s->newest_rtt_us = now_us - s->arrival.stamp.sent_us;
	}
	if (!s->conf.paced)
		count_skips(s);
	find_overtaken(s, now_us);
	s->arrival.in_flight = s->in_flight;
	if (s->conf.paced)
		hws_kcp_rate_arrived(&s->rate, &s->arrival, now_us);
}

static uint64_t timeout_at(const struct hws_kcp_sender *s)
{
	const struct hws_kcp_out *o;
	uint64_t from, wait;

	if (hws_list_empty(&s->sent))
		return UINT64_MAX;
	o = out_of(s->sent.next);
	from = HWS_MAX(o->stamp.sent_us, s->backed_at);
	wait = HWS_MAX(s->rtt.rto, s->backed_rto);
	if (s->conf.paced) /* a queue that fills is no loss, and losses are mostly seen before */
		wait = HWS_MAX(wait, (uint64_t)2 * s->rtt.srtt + 20);
	return from + wait * HWS_US_PER_MS;
}

/* One, as a question: what arrives of it shows the rest to be lost, or only late. The second time
 * in a row nothing is believed to be under way any more. */
static void on_timeout(struct hws_kcp_sender *s, uint64_t now_us)
{
	const uint32_t rto = HWS_MAX(s->rtt.rto, s->backed_rto);
	const bool again = s->backed_rto && s->conf.paced;

	s->backed_rto = HWS_MIN(rto + rto / 2, (uint32_t)HWS_KCP_RTO_MAX);
	s->backed_at = now_us;
	if (again)
		hws_kcp_rate_timed_out(&s->rate);
	do
		mark_lost(s, out_of(s->sent.next));
	while (again && !hws_list_empty(&s->sent));
}

static void probe_window(struct hws_kcp_sender *s, uint64_t now_us)
{
	if (s->peer_window > 0) {
		s->probe_wait = 0;
		return;
	}
	if (s->probe_wait == 0) {
		s->probe_wait = PROBE_FIRST_MS;
	} else if (now_us >= s->probe_at) {
		s->probe_wait = HWS_MIN(s->probe_wait + s->probe_wait / 2, PROBE_MAX_MS);
		s->ask = true;
	} else {
		return;
	}
	s->probe_at = now_us + s->probe_wait * HWS_US_PER_MS;
}

void hws_kcp_sender_tick(struct hws_kcp_sender *s, uint64_t now_us)
{
	if (s->conf.paced && !hws_list_empty(&s->sent))
		find_overtaken(s, now_us);
	if (timeout_at(s) <= now_us)
		on_timeout(s, now_us);
	probe_window(s, now_us);
}

/* --- sending --- */

static bool window_open(const struct hws_kcp_sender *s)
{
	uint32_t w = HWS_MIN(s->conf.window, s->peer_window);

	return hws_kcp_diff(s->next, s->una + w) < 0;
}

static bool allowed(const struct hws_kcp_sender *s, uint32_t len, uint64_t now_us)
{
	if (!s->conf.paced)
		return true;
	return hws_kcp_rate_may_send(&s->rate, now_us) &&
			(s->in_flight == 0 || s->in_flight + len <= hws_kcp_rate_window(&s->rate));
}

static struct hws_kcp_out *choose(struct hws_kcp_sender *s)
{
	struct hws_list *node = hws_list_first(&s->lost);

	if (!node && window_open(s))
		node = hws_list_first(&s->unsent);
	return node ? out_of(node) : NULL;
}

static void number(struct hws_kcp_sender *s, struct hws_kcp_out *o)
{
	o->sn = s->next++;
	*place(s, o->sn) = o;
	s->unsent_bytes -= o->len;
	s->unsent_count--;
}

const uint8_t *hws_kcp_sender_next(struct hws_kcp_sender *s, size_t room, uint32_t now_ms,
		uint64_t now_us, struct hws_kcp_segment *ret)
{
	struct hws_kcp_out *o = choose(s);

	if (!o) {
		/* else it is the peer's window, or the pace, that holds it up */
		if (hws_list_empty(&s->unsent) && hws_kcp_rate_may_send(&s->rate, now_us))
			hws_kcp_rate_idle(&s->rate, s->in_flight);
		return NULL;
	}
	if (o->len > room || !allowed(s, o->len, now_us))
		return NULL;
	if (o->times == 0)
		number(s, o);
	else
		s->resent++;
	o->times++;
	o->skipped = 0;
	o->is_lost = false;
	o->no = ++s->sendings;
	o->ts = now_ms;
	hws_list_remove(&o->node);
	hws_list_push(&s->sent, &o->node);
	hws_kcp_rate_sent(&s->rate, o->len + HWS_KCP_SEGMENT, s->in_flight, now_us, &o->stamp);
	s->in_flight += o->len;
	*ret = (struct hws_kcp_segment){
		.cmd = HWS_KCP_PUSH, .ts = o->ts, .sn = o->sn, .len = o->len
	};
	return o->data;
}

/* What leaves at once on a path whose queues do not notice it. */
static uint64_t at_once_us(const struct hws_kcp_sender *s)
{
	return HWS_MIN(HWS_MAX(s->rate.min_rtt_us / 8, (uint64_t)AT_ONCE_LEAST_US),
			(uint64_t)AT_ONCE_MOST_US);
}

uint64_t hws_kcp_sender_due(const struct hws_kcp_sender *s, uint64_t now_us)
{
	uint64_t due = timeout_at(s);

	if (s->conf.paced && !hws_list_empty(&s->sent))
		due = HWS_MIN(due, overtaken_at(s, out_of(s->sent.next)));
	if (s->peer_window == 0 && s->probe_wait && !hws_list_empty(&s->unsent))
		due = HWS_MIN(due, s->probe_at);
	if (!hws_list_empty(&s->lost) || (!hws_list_empty(&s->unsent) && window_open(s))) {
		if (!s->conf.paced)
			return now_us;
		/* some at a time: to wake for each costs more than it gives */
		if (s->in_flight == 0 ||
				s->in_flight + s->segment_max <= hws_kcp_rate_window(&s->rate))
			due = HWS_MIN(due,
					s->rate.next_us <= now_us
							? now_us
							: s->rate.next_us + at_once_us(s));
	}
	return due;
}

bool hws_kcp_sender_empty(const struct hws_kcp_sender *s)
{
	return s->una == s->next && hws_list_empty(&s->unsent);
}
