/* rendezvous/relay_choice: smooth weighted round robin over what answers. */
#include "server-rendezvous/relay_choice.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RELAYS_MAX 64
#define RELAY_TEXT 256
#define CHECK_UP_US (10 * HWS_US_PER_S)
#define CHECK_DOWN_US (3 * HWS_US_PER_S)
#define CHECK_LIMIT_US (3 * HWS_US_PER_S)

struct relay {
	char text[RELAY_TEXT]; /* as handed out */
	char host[RELAY_TEXT];
	uint16_t port;
	uint32_t weight;
	int64_t credit; /* of the round robin */
	bool up, drained, checked;
	bool leaving; /* it said so itself */
	uint64_t rtt_us, since_us;
	int why;
};

struct check {
	struct rdv_relays *owner;
	struct hws_dial *dial;
	struct hws_timer timer;
	uint64_t began_us;
	size_t n;
};

struct rdv_relays {
	struct hws_loop *loop;
	struct hws_work *work;
	pthread_mutex_t lock;
	struct relay relay[RELAYS_MAX];
	size_t count;
	struct check check[RELAYS_MAX]; /* control loop only */
};

static void check_start(void *arg);

int rdv_relays_new(struct hws_loop *loop, struct hws_work *work, struct rdv_relays **ret)
{
	struct rdv_relays *r = calloc(1, sizeof(*r));

	if (!r)
		return HWS_ERR_NOMEM;
	r->loop = loop;
	r->work = work;
	pthread_mutex_init(&r->lock, NULL);
	for (size_t i = 0; i < RELAYS_MAX; i++) {
		r->check[i].owner = r;
		r->check[i].n = i;
	}
	*ret = r;
	return HWS_OK;
}

static void checks_stop(struct rdv_relays *r)
{
	for (size_t i = 0; i < RELAYS_MAX; i++) {
		hws_dial_cancel(r->check[i].dial);
		r->check[i].dial = NULL;
		hws_timer_stop(&r->check[i].timer);
	}
}

void rdv_relays_free(struct rdv_relays *r)
{
	if (!r)
		return;
	checks_stop(r);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

struct parse {
	struct relay *list;
	size_t count;
	struct hws_error *err;
};

static int parse_one(const char *part, void *arg)
{
	struct parse *p = arg;
	struct relay *r = &p->list[p->count];
	char text[RELAY_TEXT];
	char *star;

	if (p->count == RELAYS_MAX)
		return hws_error_set(p->err, HWS_ERR_TOOBIG, "more than %d relays", RELAYS_MAX);
	if (hws_str_copy(text, sizeof(text), part) < 0)
		return hws_error_set(p->err, HWS_ERR_TOOBIG, "the name of a relay is too long");
	r->weight = 1;
	star = strchr(text, '*');
	if (star) {
		*star = 0;
		if (hws_parse_u32(star + 1, &r->weight) < 0 || r->weight > 1000)
			return hws_error_set(p->err, HWS_ERR_INVAL,
					"%s: the weight must be between 0 and 1000", part);
	}
	if (hws_host_port_split(text, 21117, r->host, sizeof(r->host), &r->port) < 0)
		return hws_error_set(p->err, HWS_ERR_INVAL, "%s is not a HOST or HOST:PORT", text);
	memcpy(r->text, text, sizeof(text));
	r->up = true; /* until a check says otherwise */
	p->count++;
	return HWS_OK;
}

int rdv_relays_configure(struct rdv_relays *r, const char *list, struct hws_error *err)
{
	struct parse p = { .list = calloc(RELAYS_MAX, sizeof(struct relay)), .err = err };
	int res;

	if (!p.list)
		return HWS_ERR_NOMEM;
	res = hws_str_each(list, ',', parse_one, &p);
	if (res < 0)
		goto out;
	checks_stop(r);
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < p.count; i++) {
		for (size_t k = 0; k < r->count; k++) {
			if (strcmp(p.list[i].text, r->relay[k].text) == 0) {
				p.list[i].up = r->relay[k].up;
				p.list[i].drained = r->relay[k].drained;
				p.list[i].leaving = r->relay[k].leaving;
			}
		}
	}
	memcpy(r->relay, p.list, sizeof(r->relay));
	r->count = p.count;
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < p.count; i++)
		hws_timer_start(r->loop, &r->check[i].timer, 1, check_start, &r->check[i]);
out:
	free(p.list);
	return res;
}

static void check_done(int res, struct hws_stream *s, void *arg)
{
	struct check *c = arg;
	struct rdv_relays *r = c->owner;
	struct relay *at = &r->relay[c->n];
	bool changed;
	char text[RELAY_TEXT];

	c->dial = NULL;
	hws_stream_close(s);
	pthread_mutex_lock(&r->lock);
	changed = at->up != (res == HWS_OK) || !at->checked;
	at->checked = true;
	at->up = res == HWS_OK;
	if (changed && at->up)
		at->leaving = false; /* another process than the one that said so */
	at->why = res;
	at->rtt_us = hws_clock_us() - c->began_us;
	if (changed)
		at->since_us = hws_wall_us();
	memcpy(text, at->text, sizeof(text));
	pthread_mutex_unlock(&r->lock);
	if (changed && res == HWS_OK)
		hws_info("relay.up", HWS_STR("relay", text));
	else if (changed)
		hws_warn("relay.down", HWS_STR("relay", text), HWS_ERR("error", res));
	hws_timer_start(r->loop, &c->timer, res == HWS_OK ? CHECK_UP_US : CHECK_DOWN_US,
			check_start, c);
}

static void check_start(void *arg)
{
	struct check *c = arg;
	struct rdv_relays *r = c->owner;
	struct hws_dial_conf conf = { .host = r->relay[c->n].host,
		.port = r->relay[c->n].port,
		.timeout_us = CHECK_LIMIT_US };
	int res;

	c->began_us = hws_clock_us();
	res = hws_dial(r->loop, r->work, &conf, check_done, c, &c->dial);
	if (res < 0)
		hws_timer_start(r->loop, &c->timer, CHECK_DOWN_US, check_start, c);
}

/* With `all` also those that do not answer. */
static struct relay *choose(struct rdv_relays *r, bool all)
{
	struct relay *best = NULL;
	int64_t total = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct relay *at = &r->relay[i];

		if (at->drained || at->leaving || !at->weight || (!at->up && !all))
			continue;
		at->credit += at->weight;
		total += at->weight;
		if (!best || at->credit > best->credit)
			best = at;
	}
	if (best)
		best->credit -= total;
	return best;
}

void rdv_relays_pick(struct rdv_relays *r, char *buf, size_t size)
{
	struct relay *at;

	buf[0] = 0;
	pthread_mutex_lock(&r->lock);
	at = choose(r, false);
	if (!at)
		at = choose(r, true); /* better one that may be down than none */
	if (at && hws_str_copy(buf, size, at->text) < 0)
		buf[0] = 0;
	pthread_mutex_unlock(&r->lock);
}

/* The state of every entry with that text. */
static int set_flag(struct rdv_relays *r, const char *host, size_t offset, bool value)
{
	int res = HWS_ERR_NOTFOUND;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->relay[i].text, host) == 0) {
			*(bool *)((char *)&r->relay[i] + offset) = value;
			res = HWS_OK;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return res;
}

int rdv_relays_drain(struct rdv_relays *r, const char *host, bool drain)
{
	return set_flag(r, host, offsetof(struct relay, drained), drain);
}

int rdv_relays_leaving(struct rdv_relays *r, const char *host, bool leaving)
{
	return set_flag(r, host, offsetof(struct relay, leaving), leaving);
}

json_t *rdv_relays_json(struct rdv_relays *r)
{
	json_t *list = json_array();

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count && list; i++) {
		const struct relay *at = &r->relay[i];
		const char *state = !at->checked ? "unknown" : at->up ? "up" : "down";

		json_array_append_new(list,
				json_pack("{s:s,s:s,s:i,s:b,s:b,s:f,s:s}", "relay", at->text,
						"state", state, "weight", (int)at->weight,
						"drained", at->drained, "leaving", at->leaving,
						"connect_ms", (double)at->rtt_us / 1000.0, "error",
						at->up ? "" : hws_err_text(at->why)));
	}
	pthread_mutex_unlock(&r->lock);
	return list;
}

void rdv_relays_count(struct rdv_relays *r, unsigned *ret_all, unsigned *ret_up)
{
	*ret_all = *ret_up = 0;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count; i++) {
		(*ret_all)++;
		*ret_up += r->relay[i].up;
	}
	pthread_mutex_unlock(&r->lock);
}
