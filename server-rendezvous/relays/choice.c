/* rendezvous/relays/choice: of the relays that answer: the one of the network, else the nearest to
 * both sides, else by smooth weighted round robin. */
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/relays/near.h"
#include "server-rendezvous/relays/probe.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RELAYS_MAX 64
#define RELAY_TEXT 256
#define CHECK_UP_US (10 * HWS_US_PER_S)
#define CHECK_DOWN_US (3 * HWS_US_PER_S)
#define SETTLE_US (15 * HWS_US_PER_S)
#define PAIR_EVERY 6 /* checks */
#define NETWORKS_MAX 256
#define NEAR_MAX 65536
/* A side whose distance nobody knows counts as so far: measured relays go first, but not far
 * ones. */
#define UNKNOWN_MS 150u
/* One session in so many goes by weight, so that every relay comes to be measured. */
#define EXPLORE 16

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
	struct rdv_probe *probe;
	struct hws_timer timer;
	unsigned turn;
	bool doubted; /* connected and did not relay, once: asked again before it is said */
	size_t n;
};

struct network {
	struct hws_cidr net;
	char relay[RELAY_TEXT];
};

struct rdv_relays {
	struct hws_loop *loop;
	struct hws_work *work;
	pthread_mutex_t lock;
	struct relay relay[RELAYS_MAX];
	size_t count;
	struct network *network; /* the most special first */
	size_t networks;
	enum rdv_relay_choice choice;
	enum rdv_relay_check how; /* control loop only, as all below */
	struct check check[RELAYS_MAX];
	char key[HWS_KEY_TEXT];
	void (*announce)(const char *uuid, void *arg);
	void *announce_arg;
	struct rdv_near *near; /* any thread */
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
	if (rdv_near_new(NEAR_MAX, &r->near) < 0) {
		rdv_relays_free(r);
		return HWS_ERR_NOMEM;
	}
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
		rdv_probe_cancel(r->check[i].probe);
		r->check[i].probe = NULL;
		r->check[i].turn = 0;
		hws_timer_stop(&r->check[i].timer);
	}
}

void rdv_relays_free(struct rdv_relays *r)
{
	if (!r)
		return;
	checks_stop(r);
	rdv_near_free(r->near);
	pthread_mutex_destroy(&r->lock);
	free(r->network);
	free(r);
}

void rdv_relays_checker(struct rdv_relays *r, const char *key,
		void (*announce)(const char *uuid, void *arg), void *arg)
{
	if (hws_str_copy(r->key, sizeof(r->key), key) < 0)
		r->key[0] = 0;
	r->announce = announce;
	r->announce_arg = arg;
}

struct parse {
	struct relay *list;
	size_t count;
	struct network *network;
	size_t networks;
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

static int parse_network(const char *part, void *arg)
{
	struct parse *p = arg;
	struct network *n = &p->network[p->networks];
	char text[RELAY_TEXT + 64];
	char *is;

	if (p->networks == NETWORKS_MAX)
		return hws_error_set(p->err, HWS_ERR_TOOBIG, "more than %d networks", NETWORKS_MAX);
	if (hws_str_copy(text, sizeof(text), part) < 0)
		return hws_error_set(p->err, HWS_ERR_TOOBIG, "%.40s... is too long", part);
	is = strchr(text, '=');
	if (is)
		*is = 0;
	if (!is || hws_cidr_parse(text, &n->net) < 0 ||
			hws_str_copy(n->relay, sizeof(n->relay), is + 1) < 0)
		return hws_error_set(p->err, HWS_ERR_INVAL,
				"%s is not NETWORK=RELAY (10.0.0.0/8=relay.example.com)", part);
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->list[i].text, n->relay) == 0) {
			p->networks++;
			return HWS_OK;
		}
	}
	return hws_error_set(p->err, HWS_ERR_INVAL, "%s: this relay is not in relay-servers", part);
}

static int most_special_first(const void *a, const void *b)
{
	return ((const struct network *)b)->net.bits - ((const struct network *)a)->net.bits;
}

static void keep_state(struct rdv_relays *r, struct relay *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < r->count; k++) {
			if (strcmp(list[i].text, r->relay[k].text) == 0) {
				list[i].up = r->relay[k].up;
				list[i].drained = r->relay[k].drained;
				list[i].leaving = r->relay[k].leaving;
			}
		}
	}
}

int rdv_relays_configure(
		struct rdv_relays *r, const struct rdv_relays_conf *conf, struct hws_error *err)
{
	struct parse p = { .list = calloc(RELAYS_MAX, sizeof(struct relay)),
		.network = calloc(NETWORKS_MAX, sizeof(struct network)),
		.err = err };
	struct network *before;
	int res = p.list && p.network ? HWS_OK : HWS_ERR_NOMEM;

	if (res == HWS_OK)
		res = hws_str_each(conf->list, ',', parse_one, &p);
	if (res == HWS_OK)
		res = hws_str_each(conf->networks, ',', parse_network, &p);
	if (res < 0)
		goto out;
	qsort(p.network, p.networks, sizeof(*p.network), most_special_first);
	checks_stop(r);
	pthread_mutex_lock(&r->lock);
	keep_state(r, p.list, p.count);
	memcpy(r->relay, p.list, sizeof(r->relay));
	r->count = p.count;
	before = r->network;
	r->network = p.network;
	p.network = before;
	r->networks = p.networks;
	r->choice = conf->choice;
	pthread_mutex_unlock(&r->lock);
	r->how = conf->check;
	for (size_t i = 0; i < p.count; i++)
		hws_timer_start(r->loop, &r->check[i].timer, 1, check_start, &r->check[i]);
out:
	free(p.list);
	free(p.network);
	return res;
}

static void check_done(int res, uint64_t rtt_us, void *arg)
{
	struct check *c = arg;
	struct rdv_relays *r = c->owner;
	struct relay *at = &r->relay[c->n];
	bool changed;
	char text[RELAY_TEXT];

	c->probe = NULL;
	if (res == HWS_ERR_DENIED && at->checked && at->up && !c->doubted) {
		c->doubted = true;
		hws_timer_start(r->loop, &c->timer, CHECK_DOWN_US, check_start, c);
		return;
	}
	c->doubted = false;
	c->turn = res == HWS_OK ? c->turn + 1 : 0;
	pthread_mutex_lock(&r->lock);
	changed = at->up != (res == HWS_OK) || !at->checked;
	at->checked = true;
	at->up = res == HWS_OK;
	if (changed && at->up)
		at->leaving = false; /* another process than the one that said so */
	at->why = res;
	at->rtt_us = rtt_us;
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
	struct rdv_probe_conf conf = { .loop = r->loop,
		.work = r->work,
		.host = r->relay[c->n].host,
		.port = r->relay[c->n].port,
		.pair = r->how == RDV_CHECK_PAIR && c->turn % PAIR_EVERY == 0,
		.key = r->key,
		.announce = r->announce,
		.announce_arg = r->announce_arg,
		.done = check_done,
		.arg = c };

	if (rdv_probe_start(&conf, &c->probe) < 0)
		hws_timer_start(r->loop, &c->timer, CHECK_DOWN_US, check_start, c);
}

static bool serves(const struct relay *at, bool all)
{
	return !at->drained && !at->leaving && at->weight && (at->up || all);
}

/* With `all` also those that do not answer. */
static struct relay *by_weight(struct rdv_relays *r, bool all)
{
	struct relay *best = NULL;
	int64_t total = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct relay *at = &r->relay[i];

		if (!serves(at, all))
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

/* The relay that was named for this network, if it serves. */
static struct relay *of_network(struct rdv_relays *r, const struct sockaddr_storage *who)
{
	for (size_t n = 0; n < r->networks && who->ss_family != AF_UNSPEC; n++) {
		if (!hws_cidr_match(&r->network[n].net, who))
			continue;
		for (size_t i = 0; i < r->count; i++) {
			if (serves(&r->relay[i], false) &&
					strcmp(r->relay[i].text, r->network[n].relay) == 0)
				return &r->relay[i];
		}
	}
	return NULL;
}

/* NULL when nothing is known about any of them. */
static struct relay *nearest(struct rdv_relays *r, const struct sockaddr_storage *viewer,
		const struct sockaddr_storage *host)
{
	uint64_t now = hws_clock_us();
	uint32_t best_ms = UINT32_MAX;
	struct relay *best = NULL;

	for (size_t i = 0; i < r->count; i++) {
		struct relay *at = &r->relay[i];
		uint32_t a, b;

		if (!serves(at, false))
			continue;
		a = rdv_near_ms(r->near, at->text, viewer, now);
		b = rdv_near_ms(r->near, at->text, host, now);
		if (a == UINT32_MAX && b == UINT32_MAX)
			continue;
		a = (a == UINT32_MAX ? UNKNOWN_MS : a) + (b == UINT32_MAX ? UNKNOWN_MS : b);
		if (a < best_ms) {
			best_ms = a;
			best = at;
		}
	}
	return best && hws_rand_below(EXPLORE) ? best : NULL;
}

void rdv_relays_pick(struct rdv_relays *r, const struct sockaddr_storage *viewer,
		const struct sockaddr_storage *host, char *buf, size_t size)
{
	struct relay *at;

	buf[0] = 0;
	pthread_mutex_lock(&r->lock);
	at = of_network(r, host);
	if (!at)
		at = of_network(r, viewer);
	if (!at && r->choice == RDV_RELAYS_NEAREST && r->count > 1)
		at = nearest(r, viewer, host);
	if (!at)
		at = by_weight(r, false);
	if (!at)
		at = by_weight(r, true); /* better one that may be down than none */
	if (at && hws_str_copy(buf, size, at->text) < 0)
		buf[0] = 0;
	pthread_mutex_unlock(&r->lock);
}

void rdv_relays_distance(struct rdv_relays *r, const char *relay,
		const struct sockaddr_storage *network, uint32_t rtt_ms)
{
	bool known = false;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count; i++)
		known |= strcmp(r->relay[i].text, relay) == 0;
	pthread_mutex_unlock(&r->lock);
	if (known)
		rdv_near_report(r->near, relay, network, rtt_ms, hws_clock_us());
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

/* After a start of either server: a relay that joins announced pairs only lets nobody through until
 * its link to us stands again, which it tries every ten seconds. */
static bool settling(const struct relay *at)
{
	return at->checked && !at->up && at->why == HWS_ERR_DENIED &&
			hws_wall_us() < at->since_us + SETTLE_US;
}

json_t *rdv_relays_json(struct rdv_relays *r)
{
	json_t *list = json_array();

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count && list; i++) {
		const struct relay *at = &r->relay[i];
		const char *state = !at->checked ? "unknown" : at->up ? "up" : "down";

		json_array_append_new(list,
				json_pack("{s:s,s:s,s:i,s:b,s:b,s:f,s:s,s:b}", "relay", at->text,
						"state", state, "weight", (int)at->weight,
						"drained", at->drained, "leaving", at->leaving,
						"connect_ms", (double)at->rtt_us / 1000.0, "error",
						at->up ? "" : hws_err_text(at->why), "settling",
						settling(at)));
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
