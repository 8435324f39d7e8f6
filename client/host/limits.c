/* Wrong guesses by source. A fixed table: it must hold under a flood of addresses, so what is
 * worth least makes room. What a server told and what a socket showed are never the same source:
 * else a spoofed push could use up the guesses of an honest address. */
#include "client/host/limits.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/crypto/digest.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US (60 * HWS_US_PER_S)
#define POOL_OVER_MAX 16u /* a long attack is forgiven as fast as a short one */

static const char later[] = "Please try 1 minute later";

enum kind { KIND_SEEN, KIND_TOLD, KIND_VIEWER, KIND_KEY };
enum pool { POOL_SEEN, POOL_TOLD, POOL_COUNT };

struct entry {
	uint8_t bits; /* 0 = free; else prefix length of the key, IPv4 and others as 128 */
	uint8_t kind;
	uint8_t key[16];
	uint32_t total, in_minute;
	uint64_t minute, last_us;
};

struct known {
	uint8_t kind;
	uint8_t key[16];
	uint64_t last_us; /* 0 = free */
};

struct shared_count {
	uint32_t failures;
	uint64_t last_us, forgiven_us;
};

struct hws_limits {
	uint32_t count;
	struct shared_count pool[POOL_COUNT];
	struct known known[HWS_LIMIT_KNOWN];
	struct entry item[HWS_LIMITS_MAX];
};

static const struct {
	uint32_t free;
	uint64_t delay_us;
} pools[POOL_COUNT] = {
	[POOL_SEEN] = { HWS_LIMIT_SEEN, HWS_LIMIT_SEEN_DELAY_US },
	[POOL_TOLD] = { HWS_LIMIT_TOLD, HWS_LIMIT_TOLD_DELAY_US },
};

/* Prefixes of an IPv6 address that are limited as well: whoever owns a network has all its
 * addresses. */
static const struct {
	uint8_t bits;
	uint32_t max;
	const char *text;
} prefixes[] = {
	{ 64, 60, "Too many wrong attempts for IPv6 prefix /64" },
	{ 56, 80, "Too many wrong attempts for IPv6 prefix /56" },
	{ 48, 100, "Too many wrong attempts for IPv6 prefix /48" },
};

int hws_limits_new(struct hws_limits **ret)
{
	struct hws_limits *l = calloc(1, sizeof(*l));

	if (!l)
		return HWS_ERR_NOMEM;
	*ret = l;
	return HWS_OK;
}

void hws_limits_free(struct hws_limits *l)
{
	free(l);
}

static bool make_key(const struct sockaddr_storage *a, uint8_t bits, uint8_t key[16])
{
	memset(key, 0, 16);
	if (a->ss_family == AF_INET) {
		key[10] = key[11] = 0xff;
		memcpy(key + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
		return bits == 128;
	}
	if (a->ss_family != AF_INET6)
		return bits == 128; /* no address: all share one entry */
	memcpy(key, &((const struct sockaddr_in6 *)a)->sin6_addr, bits / 8);
	return true;
}

/* Forgives with time; an entry without failures is free. */
static void decay(struct hws_limits *l, struct entry *e, uint64_t now_us)
{
	uint64_t forgiven = (now_us - e->last_us) / HWS_LIMIT_DECAY_US;

	if (!forgiven)
		return;
	if (forgiven >= e->total) {
		e->bits = 0;
		l->count--;
		return;
	}
	e->total -= (uint32_t)forgiven;
	e->last_us += forgiven * HWS_LIMIT_DECAY_US;
}

static struct entry *find(struct hws_limits *l, enum kind kind, const uint8_t key[16], uint8_t bits,
		uint64_t now_us)
{
	for (size_t i = 0; i < HWS_LIMITS_MAX; i++) {
		struct entry *e = &l->item[i];

		if (e->bits != bits || e->kind != kind || memcmp(e->key, key, 16) != 0)
			continue;
		decay(l, e, now_us);
		return e->bits ? e : NULL;
	}
	return NULL;
}

/* A free entry, or the one with the fewest failures: guessers stay, passers-by go. */
static struct entry *make_room(struct hws_limits *l)
{
	struct entry *least = &l->item[0];

	for (size_t i = 0; i < HWS_LIMITS_MAX; i++) {
		struct entry *e = &l->item[i];

		if (!e->bits) {
			l->count++;
			return e;
		}
		if (e->total < least->total ||
				(e->total == least->total && e->last_us < least->last_us))
			least = e;
	}
	return least;
}

static void viewer_key(const char *viewer_id, uint8_t key[16])
{
	uint8_t digest[32];

	hws_sha256(hws_bytes_str(viewer_id), digest);
	memcpy(key, digest, 16);
}

/* --- who logged in lately --------------------------------------------------------------------- */

static bool is_known(
		const struct hws_limits *l, enum kind kind, const uint8_t key[16], uint64_t now_us)
{
	for (size_t i = 0; i < HWS_LIMIT_KNOWN; i++) {
		const struct known *k = &l->known[i];

		if (k->last_us && k->kind == kind && !memcmp(k->key, key, 16))
			return now_us < k->last_us + HWS_LIMIT_KNOWN_US;
	}
	return false;
}

static void know(struct hws_limits *l, enum kind kind, const uint8_t key[16], uint64_t now_us)
{
	struct known *at = &l->known[0];

	for (size_t i = 0; i < HWS_LIMIT_KNOWN; i++) {
		struct known *k = &l->known[i];

		if (k->last_us && k->kind == kind && !memcmp(k->key, key, 16)) {
			at = k;
			break;
		}
		if (k->last_us < at->last_us)
			at = k;
	}
	at->kind = (uint8_t)kind;
	memcpy(at->key, key, sizeof(at->key));
	at->last_us = HWS_MAX(now_us, (uint64_t)1);
}

bool hws_limits_known(const struct hws_limits *l, const struct sockaddr_storage *a, bool told,
		uint64_t now_us)
{
	uint8_t key[16];

	make_key(a, 128, key);
	return is_known(l, told ? KIND_TOLD : KIND_SEEN, key, now_us);
}

/* --- all others together ---------------------------------------------------------------------- */

static void forgive(struct shared_count *c, uint64_t now_us)
{
	uint64_t n = (now_us - c->forgiven_us) / HWS_LIMIT_POOL_DECAY_US;

	c->failures -= (uint32_t)HWS_MIN(n, (uint64_t)c->failures);
	c->forgiven_us += n * HWS_LIMIT_POOL_DECAY_US;
}

static uint64_t delay_of(const struct shared_count *c, enum pool pool)
{
	uint32_t over = c->failures - HWS_MIN(c->failures, pools[pool].free);

	return over ? HWS_MIN(HWS_US_PER_S << (over - 1), pools[pool].delay_us) : 0;
}

static bool pool_is_closed(struct hws_limits *l, enum pool pool, uint64_t now_us)
{
	struct shared_count *c = &l->pool[pool];

	forgive(c, now_us);
	return now_us < c->last_us + delay_of(c, pool);
}

static void pool_failed(struct hws_limits *l, enum pool pool, uint64_t now_us)
{
	struct shared_count *c = &l->pool[pool];

	forgive(c, now_us);
	if (c->failures < pools[pool].free + POOL_OVER_MAX)
		c->failures++;
	c->last_us = now_us;
}

/* --- the rules -------------------------------------------------------------------------------- */

static const char *check_entry(
		struct hws_limits *l, enum kind kind, const uint8_t key[16], uint64_t now_us)
{
	const struct entry *e = find(l, kind, key, 128, now_us);

	if (!e)
		return NULL;
	if (e->total > HWS_LIMIT_TOTAL)
		return "Too many wrong attempts";
	if (e->minute == now_us / MINUTE_US && e->in_minute > HWS_LIMIT_MINUTE)
		return later;
	return NULL;
}

static const char *check_addr(struct hws_limits *l, enum kind kind,
		const struct sockaddr_storage *a, uint64_t now_us)
{
	uint8_t key[16];

	for (size_t i = 0; a->ss_family == AF_INET6 && i < HWS_COUNT(prefixes); i++) {
		const struct entry *e;

		if (!make_key(a, prefixes[i].bits, key))
			continue;
		e = find(l, kind, key, prefixes[i].bits, now_us);
		if (e && e->total > prefixes[i].max)
			return prefixes[i].text;
	}
	make_key(a, 128, key);
	return check_entry(l, kind, key, now_us);
}

/* By what it is counted: its viewer's key, when that is proven and known; else its address, when
 * that is; else its viewer's ID, or the count of all strangers. */
struct measure {
	enum kind kind, viewer_kind;
	bool by_viewer, stranger, by_addr;
	enum pool pool;
	uint8_t key[16];
};

static enum kind viewer_kind(const struct hws_limit_source *s)
{
	return s->proven ? KIND_KEY : KIND_VIEWER;
}

static struct measure measure_of(
		const struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us)
{
	struct measure m = { .kind = s->told ? KIND_TOLD : KIND_SEEN,
		.viewer_kind = viewer_kind(s),
		.pool = s->told ? POOL_TOLD : POOL_SEEN };
	bool known_addr = hws_limits_known(l, s->addr, s->told, now_us), known_viewer = false;

	if (s->viewer_id && *s->viewer_id) {
		viewer_key(s->viewer_id, m.key);
		known_viewer = is_known(l, m.viewer_kind, m.key, now_us);
	}
	m.by_viewer = known_viewer && (s->proven || !known_addr);
	m.stranger = !known_viewer && !known_addr;
	/* the address of a stranger that a server told may be anybody's: it must not count */
	m.by_addr = !(m.by_viewer && s->proven) && (known_addr || !s->told);
	return m;
}

const char *hws_limits_check(
		struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us)
{
	struct measure m = measure_of(l, s, now_us);
	const char *text = NULL;

	if (m.by_viewer)
		text = check_entry(l, m.viewer_kind, m.key, now_us);
	if (!text && m.by_addr)
		text = check_addr(l, m.kind, s->addr, now_us);
	if (!text && m.stranger && pool_is_closed(l, m.pool, now_us))
		text = later;
	return text;
}

static void bump_key(struct hws_limits *l, enum kind kind, const uint8_t key[16], uint8_t bits,
		uint64_t now_us)
{
	struct entry *e = find(l, kind, key, bits, now_us);

	if (!e) {
		e = make_room(l);
		memset(e, 0, sizeof(*e));
		e->bits = bits;
		e->kind = (uint8_t)kind;
		memcpy(e->key, key, sizeof(e->key));
	}
	if (e->minute != now_us / MINUTE_US) {
		e->minute = now_us / MINUTE_US;
		e->in_minute = 0;
	}
	e->in_minute++;
	e->total++;
	e->last_us = now_us;
}

static void bump_addr(struct hws_limits *l, enum kind kind, const struct sockaddr_storage *a,
		uint64_t now_us)
{
	uint8_t key[16];

	make_key(a, 128, key);
	bump_key(l, kind, key, 128, now_us);
	for (size_t i = 0; a->ss_family == AF_INET6 && i < HWS_COUNT(prefixes); i++) {
		if (make_key(a, prefixes[i].bits, key))
			bump_key(l, kind, key, prefixes[i].bits, now_us);
	}
}

void hws_limits_failed(struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us)
{
	struct measure m = measure_of(l, s, now_us);

	if (m.by_viewer)
		bump_key(l, m.viewer_kind, m.key, 128, now_us);
	if (m.by_addr)
		bump_addr(l, m.kind, s->addr, now_us);
	if (m.stranger)
		pool_failed(l, m.pool, now_us);
}

static void forget(struct hws_limits *l, enum kind kind, const uint8_t key[16])
{
	for (size_t i = 0; i < HWS_LIMITS_MAX; i++) {
		struct entry *e = &l->item[i];

		if (e->bits == 128 && e->kind == kind && !memcmp(e->key, key, sizeof(e->key))) {
			e->bits = 0;
			l->count--;
		}
	}
}

void hws_limits_succeeded(struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us)
{
	enum kind kind = s->told ? KIND_TOLD : KIND_SEEN;
	uint8_t key[16];

	make_key(s->addr, 128, key);
	forget(l, kind, key);
	know(l, kind, key, now_us);
	if (!s->viewer_id || !*s->viewer_id)
		return;
	viewer_key(s->viewer_id, key);
	forget(l, viewer_kind(s), key);
	know(l, viewer_kind(s), key, now_us);
}

uint32_t hws_limits_count(const struct hws_limits *l)
{
	return l->count;
}
