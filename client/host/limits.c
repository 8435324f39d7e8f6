/* Wrong guesses by address. A fixed table: it must hold under a flood of addresses, so what is
 * worth least makes room. */
#include "client/host/limits.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US (60 * HWS_US_PER_S)

struct entry {
	uint8_t bits; /* 0 = free; else prefix length of the key, IPv4 as 128 */
	uint8_t key[16];
	uint32_t total, in_minute;
	uint64_t minute, last_us;
};

struct hws_limits {
	uint32_t count;
	struct entry item[HWS_LIMITS_MAX];
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

static struct entry *find(
		struct hws_limits *l, const uint8_t key[16], uint8_t bits, uint64_t now_us)
{
	for (size_t i = 0; i < HWS_LIMITS_MAX; i++) {
		struct entry *e = &l->item[i];

		if (e->bits != bits || memcmp(e->key, key, 16) != 0)
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

const char *hws_limits_check(
		struct hws_limits *l, const struct sockaddr_storage *a, uint64_t now_us)
{
	uint8_t key[16];
	struct entry *e;

	for (size_t i = 0; a->ss_family == AF_INET6 && i < HWS_COUNT(prefixes); i++) {
		if (!make_key(a, prefixes[i].bits, key))
			continue;
		e = find(l, key, prefixes[i].bits, now_us);
		if (e && e->total > prefixes[i].max)
			return prefixes[i].text;
	}
	make_key(a, 128, key);
	e = find(l, key, 128, now_us);
	if (!e)
		return NULL;
	if (e->total > HWS_LIMIT_TOTAL)
		return "Too many wrong attempts";
	if (e->minute == now_us / MINUTE_US && e->in_minute > HWS_LIMIT_MINUTE)
		return "Please try 1 minute later";
	return NULL;
}

static void bump(struct hws_limits *l, const struct sockaddr_storage *a, uint8_t bits,
		uint64_t now_us)
{
	uint8_t key[16];
	struct entry *e;

	if (!make_key(a, bits, key))
		return;
	e = find(l, key, bits, now_us);
	if (!e) {
		e = make_room(l);
		memset(e, 0, sizeof(*e));
		e->bits = bits;
		memcpy(e->key, key, sizeof(key));
	}
	if (e->minute != now_us / MINUTE_US) {
		e->minute = now_us / MINUTE_US;
		e->in_minute = 0;
	}
	e->in_minute++;
	e->total++;
	e->last_us = now_us;
}

void hws_limits_failed(struct hws_limits *l, const struct sockaddr_storage *a, uint64_t now_us)
{
	bump(l, a, 128, now_us);
	for (size_t i = 0; a->ss_family == AF_INET6 && i < HWS_COUNT(prefixes); i++)
		bump(l, a, prefixes[i].bits, now_us);
}

void hws_limits_succeeded(struct hws_limits *l, const struct sockaddr_storage *a)
{
	uint8_t key[16];

	make_key(a, 128, key);
	for (size_t i = 0; i < HWS_LIMITS_MAX; i++) {
		struct entry *e = &l->item[i];

		if (e->bits == 128 && !memcmp(e->key, key, sizeof(key))) {
			e->bits = 0;
			l->count--;
		}
	}
}

uint32_t hws_limits_count(const struct hws_limits *l)
{
	return l->count;
}
