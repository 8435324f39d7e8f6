/* A direction of the line is a list of datagrams by the time at which they come out. */
#include "tests/support/impair_line.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 60000 /* datagrams on the line: a mistake of the test, not a wish */

/* Of all lines of a thread: what was once needed is kept. */
static __thread struct impair_held *spare;

static uint32_t draw(struct impair_line *l, uint32_t below)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return (uint32_t)((l->random >> 20) % below);
}

void impair_line_init(struct impair_line *l, const struct impair_conf *conf, unsigned number)
{
	*l = (struct impair_line){ .conf = conf,
		.random = (conf->seed + (uint64_t)number + 1) * 0x9e3779b97f4a7c15u };
	l->line.next = l->line.prev = &l->line;
}

static struct impair_held *new_held(void)
{
	struct impair_held *h = spare;

	if (h)
		spare = h->next;
	else
		h = malloc(sizeof(*h));
	return h;
}

static void insert(struct impair_line *l, const uint8_t *data, size_t len, uint64_t out_us)
{
	const struct impair_conf *c = l->conf;
	struct impair_held *h = l->held < HELD_MAX ? new_held() : NULL, *after;

	if (!h)
		return;
	h->at_us = out_us + c->delay_us + (c->jitter_us ? draw(l, c->jitter_us) : 0);
	h->len = len;
	memcpy(h->data, data, len);
	for (after = l->line.prev; after != &l->line && after->at_us > h->at_us;)
		after = after->prev;
	h->prev = after;
	h->next = after->next;
	after->next->prev = h;
	after->next = h;
	l->held++;
}

void impair_line_put(struct impair_line *l, const uint8_t *data, size_t len, uint64_t now_us)
{
	const struct impair_conf *c = l->conf;
	uint64_t out = now_us;

	if (len > IMPAIR_LEN_MAX || (c->mtu && len > c->mtu))
		return;
	if (c->rate) {
		uint64_t begin = HWS_MAX(l->free_us, now_us);

		if ((begin - now_us) * c->rate / HWS_US_PER_S > c->queue)
			return;
		out = begin + len * HWS_US_PER_S / c->rate;
		l->free_us = out;
	}
	if (c->loss && draw(l, 1000) < c->loss)
		return;
	insert(l, data, len, out);
	if (c->duplicate && draw(l, 1000) < c->duplicate)
		insert(l, data, len, out);
}

uint64_t impair_line_due(const struct impair_line *l)
{
	return l->line.next == &l->line ? UINT64_MAX : l->line.next->at_us;
}

struct impair_held *impair_line_take(struct impair_line *l, uint64_t now_us)
{
	struct impair_held *h = l->line.next;

	if (h == &l->line || h->at_us > now_us)
		return NULL;
	h->next->prev = h->prev;
	h->prev->next = h->next;
	l->held--;
	return h;
}

void impair_line_give_back(struct impair_held *h)
{
	h->next = spare;
	spare = h;
}

void impair_line_done(struct impair_line *l)
{
	struct impair_held *h;

	while ((h = impair_line_take(l, UINT64_MAX)))
		free(h);
	while ((h = spare)) {
		spare = h->next;
		free(h);
	}
}
