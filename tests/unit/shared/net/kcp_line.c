/* tests: the line, as a list of datagrams by the time of their arrival. */
#include "kcp_line.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <check.h>
#include <math.h>

struct flying {
	struct hws_list node;
	uint64_t at;
	unsigned to; /* end */
	size_t len;
	uint8_t data[HWS_KCP_DATAGRAM_MAX];
};

/* A sender of full segments, as far as it matters to who shares a queue with it: slow start, the
 * curve of CUBIC, three tenths less after a loss. */
#define RIVAL_SEGMENT 1500u
enum { TO_RIVAL = 2, RIVAL_ACKED, RIVAL_LOST };

struct rival {
	double window, before; /* segments; of the last loss */
	uint64_t cut_at, arrived;
	uint32_t in_flight;
};

struct kcp_line {
	struct kcp_line_conf conf;
	struct hws_kcp_pipe end[2];
	uint64_t now, free_at[2], random, speaks_at;
	uint64_t sent; /* bytes written, read */
	uint64_t got;
	struct hws_list air; /* by time */
	struct rival rival;
};

static uint64_t draw(struct kcp_line *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random >> 11;
}

struct kcp_line *kcp_line_new(const struct kcp_line_conf *conf,
		const struct hws_kcp_pipe_conf *near, const struct hws_kcp_pipe_conf *far,
		bool ranges)
{
	struct kcp_line *l = hws_alloc(sizeof(*l));

	ck_assert_ptr_nonnull(l);
	l->conf = *conf;
	l->random = conf->seed * 2 + 1;
	l->now = near->now_us;
	hws_list_init(&l->air);
	ck_assert_int_eq(hws_kcp_pipe_init(&l->end[0], near), HWS_OK);
	ck_assert_int_eq(hws_kcp_pipe_init(&l->end[1], far), HWS_OK);
	l->end[0].ranges = l->end[1].ranges = ranges;
	l->end[0].send.rate.prompt = l->end[1].send.rate.prompt = ranges;
	l->rival.window = 10;
	for (int i = 0; i < 10; i++)
		draw(l);
	return l;
}

void kcp_line_free(struct kcp_line *l)
{
	struct hws_list *node;

	while ((node = hws_list_first(&l->air))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct flying, node));
	}
	hws_kcp_pipe_done(&l->end[0]);
	hws_kcp_pipe_done(&l->end[1]);
	hws_free(l);
}

void kcp_line_change(struct kcp_line *l, const struct kcp_line_conf *conf)
{
	l->conf = *conf;
}

struct hws_kcp_pipe *kcp_line_near(struct kcp_line *l)
{
	return &l->end[0];
}

struct hws_kcp_pipe *kcp_line_far(struct kcp_line *l)
{
	return &l->end[1];
}

uint64_t kcp_line_now(const struct kcp_line *l)
{
	return l->now;
}

static void fly(struct kcp_line *l, unsigned to, const uint8_t *data, size_t len, uint64_t at)
{
	struct flying *f = hws_alloc(sizeof(*f));
	struct hws_list *after;

	if (!f)
		ck_abort_msg("no memory");
	f->at = at + l->conf.delay_us + (l->conf.jitter_us ? draw(l) % l->conf.jitter_us : 0);
	f->to = to;
	f->len = len;
	if (len > 0)
		memcpy(f->data, data, len);
	if (l->conf.damage && len > 0 && draw(l) % 100 == 0)
		f->data[draw(l) % len] ^= (uint8_t)(1u << draw(l) % 8);
	for (after = l->air.prev; after != &l->air; after = after->prev)
		if (hws_container(after, struct flying, node)->at <= f->at)
			break;
	f->node.prev = after;
	f->node.next = after->next;
	after->next->prev = &f->node;
	after->next = &f->node;
}

static void send_on(struct kcp_line *l, unsigned from, const uint8_t *data, size_t len)
{
	uint64_t leaves = l->now;

	if (l->conf.rate) {
		uint64_t begin = HWS_MAX(l->free_at[from], l->now);

		if ((begin - l->now) * l->conf.rate / HWS_US_PER_S > l->conf.queue)
			return; /* the queue is full */
		leaves = begin + (len + 42) * HWS_US_PER_S / l->conf.rate;
		l->free_at[from] = leaves;
	}
	if (draw(l) % 1000 < l->conf.loss)
		return;
	fly(l, !from, data, len, leaves);
	if (draw(l) % 1000 < l->conf.duplicate)
		fly(l, !from, data, len, leaves);
}

static void rival_sends(struct kcp_line *l)
{
	while (l->conf.rival && l->rival.in_flight < l->rival.window) {
		uint64_t begin = HWS_MAX(l->free_at[0], l->now);
		const uint64_t wait = begin - l->now, trip = wait + l->conf.delay_us;

		l->rival.in_flight++;
		if (wait * l->conf.rate / HWS_US_PER_S > l->conf.queue) {
			fly(l, RIVAL_LOST, NULL, 0, l->now + trip); /* so long until it knows */
			continue;
		}
		l->free_at[0] = begin + RIVAL_SEGMENT * HWS_US_PER_S / l->conf.rate;
		fly(l, TO_RIVAL, NULL, 0, l->free_at[0]);
	}
}

static void rival_grows(struct kcp_line *l)
{
	struct rival *r = &l->rival;
	double t, target;

	if (r->before == 0) { /* no loss yet */
		r->window += 1;
		return;
	}
	t = (double)(l->now - r->cut_at) / 1e6;
	target = 0.4 * pow(t - cbrt(r->before * 0.3 / 0.4), 3) + r->before;
	r->window += HWS_MAX((target - r->window) / r->window, 0.53 / r->window);
}

static void rival_hears(struct kcp_line *l, const struct flying *f)
{
	struct rival *r = &l->rival;

	if (f->to == TO_RIVAL) {
		r->arrived += RIVAL_SEGMENT;
		fly(l, RIVAL_ACKED, NULL, 0, l->now);
		return;
	}
	r->in_flight--;
	if (f->to == RIVAL_ACKED) {
		rival_grows(l);
	} else if (l->now > r->cut_at + 2 * l->conf.delay_us) { /* once for all of a round trip */
		r->before = r->window;
		r->window = HWS_MAX(r->window * 0.7, 2.0);
		r->cut_at = l->now;
	}
}

uint64_t kcp_line_rival(const struct kcp_line *l)
{
	return l->rival.arrived;
}

static void speak(struct kcp_line *l, unsigned end)
{
	uint8_t data[HWS_KCP_DATAGRAM_MAX];
	size_t len;

	if (end == 1 && l->conf.tick_us) {
		if (l->now < l->speaks_at)
			return;
		l->speaks_at = l->now + l->conf.tick_us;
	}
	while ((len = hws_kcp_pipe_output(&l->end[end], l->now, data, sizeof(data))) > 0)
		send_on(l, end, data, len);
}

void kcp_line_step(struct kcp_line *l, uint64_t until_us)
{
	struct hws_list *first;
	uint64_t at;

	rival_sends(l);
	speak(l, 0);
	speak(l, 1);
	at = HWS_MIN(until_us, hws_kcp_pipe_due(&l->end[0], l->now));
	if (!l->conf.tick_us || hws_kcp_pipe_due(&l->end[1], l->now) > l->now)
		at = HWS_MIN(at, hws_kcp_pipe_due(&l->end[1], l->now));
	else
		at = HWS_MIN(at, l->speaks_at);
	first = hws_list_first(&l->air);
	if (first)
		at = HWS_MIN(at, hws_container(first, struct flying, node)->at);
	l->now = HWS_MAX(at, l->now + 1);
	while ((first = hws_list_first(&l->air))) {
		struct flying *f = hws_container(first, struct flying, node);
		int r;

		if (f->at > l->now)
			break;
		hws_list_remove(&f->node);
		if (f->to >= TO_RIVAL) {
			rival_hears(l, f);
			hws_free(f);
			continue;
		}
		r = hws_kcp_pipe_input(&l->end[f->to], hws_bytes(f->data, f->len), l->now);
		if (r != HWS_OK && !l->conf.damage)
			ck_abort_msg("input: %d", r);
		hws_free(f);
	}
}

static void write_some(struct kcp_line *l, uint64_t total, uint64_t ahead)
{
	uint8_t data[4096];

	while (l->sent < total && l->end[0].send.unsent_bytes < ahead) {
		size_t n = (size_t)HWS_MIN(total - l->sent, (uint64_t)sizeof(data));

		for (size_t i = 0; i < n; i++)
			data[i] = (uint8_t)((l->sent + i) * 7 + (l->sent + i) / 251);
		if (hws_kcp_pipe_write(&l->end[0], hws_bytes(data, n)) != HWS_OK)
			ck_abort_msg("no memory");
		l->sent += n;
	}
}

static void read_all(struct kcp_line *l)
{
	uint8_t data[16384];
	size_t n, wrong = 0;

	while ((n = hws_kcp_pipe_read(&l->end[1], data, sizeof(data))) > 0) {
		for (size_t i = 0; i < n; i++)
			wrong += data[i] != (uint8_t)((l->got + i) * 7 + (l->got + i) / 251);
		l->got += n;
	}
	if (wrong > 0) /* asserting costs too much for each byte */
		ck_abort_msg("%zu bytes are wrong", wrong);
}

uint64_t kcp_line_transfer(struct kcp_line *l, uint64_t total, uint64_t ahead, uint64_t limit_us)
{
	const uint64_t begin = l->now;

	while (l->got < total && l->now < begin + limit_us) {
		write_some(l, total, ahead);
		kcp_line_step(l, begin + limit_us);
		read_all(l);
	}
	return l->got == total ? l->now - begin : 0;
}
