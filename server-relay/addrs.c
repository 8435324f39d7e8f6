/* What each address has open. Striped locks, so that shards rarely meet; an entry is counted by its
 * legs and goes with the last one, so a flood of addresses leaves nothing behind. */
#include "server-relay/addrs.h"
#include "server-relay/rate.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#define STRIPES 32u

struct rly_addr {
	struct rly_addr *next;
	uint8_t ip[16];       /* IPv4 as mapped; IPv6 the first 8 bytes */
	uint32_t legs;        /* under the stripe's lock */
	uint32_t waiting;     /* atomic */
	struct rly_rate rate; /* under the stripe's lock */
	struct stripe *stripe;
};

struct stripe {
	pthread_mutex_t lock;
	struct rly_addr **bucket;
	uint32_t size, count;
};

struct rly_addrs {
	struct stripe stripe[STRIPES];
	uint64_t seed;
	uint32_t count; /* atomic */
};

int rly_addrs_new(struct rly_addrs **ret)
{
	struct rly_addrs *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	for (unsigned i = 0; i < STRIPES; i++)
		pthread_mutex_init(&a->stripe[i].lock, NULL);
	hws_rand_bytes(&a->seed, sizeof(a->seed));
	*ret = a;
	return HWS_OK;
}

void rly_addrs_free(struct rly_addrs *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &a->stripe[i];

		for (uint32_t b = 0; b < s->size; b++)
			for (struct rly_addr *e = s->bucket[b], *next; e; e = next) {
				next = e->next;
				hws_free(e);
			}
		hws_free(s->bucket);
		pthread_mutex_destroy(&s->lock);
	}
	hws_free(a);
}

static void key_of(const struct sockaddr_storage *addr, uint8_t ip[16])
{
	memset(ip, 0, 16);
	if (addr->ss_family == AF_INET) {
		ip[10] = ip[11] = 0xff;
		memcpy(ip + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
	} else if (addr->ss_family == AF_INET6) {
		memcpy(ip, &((const struct sockaddr_in6 *)addr)->sin6_addr, 8);
	}
}

/* An address costs its owner something, so a seeded mix is enough against chosen collisions. */
static uint64_t hash(const struct rly_addrs *a, const uint8_t ip[16])
{
	uint64_t v[2];

	memcpy(v, ip, 16);
	v[0] = (v[0] ^ a->seed) * 0x9e3779b97f4a7c15ull;
	v[0] ^= v[0] >> 32;
	v[0] = (v[0] ^ v[1]) * 0xd6e8feb86659fd93ull;
	v[0] ^= v[0] >> 29;
	v[0] *= 0x9e3779b97f4a7c15ull;
	return v[0] ^ v[0] >> 32;
}

static void grow(const struct rly_addrs *a, struct stripe *s)
{
	uint32_t size = s->size ? s->size * 2 : 16;
	struct rly_addr **bucket = hws_alloc_array(size, sizeof(struct rly_addr *));

	if (!bucket)
		return; /* longer chains */
	for (uint32_t b = 0; b < s->size; b++)
		for (struct rly_addr *e = s->bucket[b], *next; e; e = next) {
			struct rly_addr **to = &bucket[(hash(a, e->ip) / STRIPES) & (size - 1)];

			next = e->next;
			e->next = *to;
			*to = e;
		}
	hws_free(s->bucket);
	s->bucket = bucket;
	s->size = size;
}

int rly_addr_enter(struct rly_addrs *a, const struct sockaddr_storage *addr, uint32_t max_legs,
		struct rly_addr **ret)
{
	uint8_t ip[16];
	struct stripe *s;
	struct rly_addr *e = NULL;
	int r = HWS_OK;

	key_of(addr, ip);
	uint64_t h = hash(a, ip);
	s = &a->stripe[h % STRIPES];
	pthread_mutex_lock(&s->lock);
	if (s->count >= s->size)
		grow(a, s);
	if (!s->size) {
		r = HWS_ERR_NOMEM;
		goto out;
	}
	for (e = s->bucket[(h / STRIPES) & (s->size - 1)]; e; e = e->next)
		if (memcmp(e->ip, ip, 16) == 0)
			break;
	if (!e) {
		e = hws_alloc(sizeof(*e));
		if (!e) {
			r = HWS_ERR_NOMEM;
			goto out;
		}
		memcpy(e->ip, ip, 16);
		e->stripe = s;
		e->next = s->bucket[(h / STRIPES) & (s->size - 1)];
		s->bucket[(h / STRIPES) & (s->size - 1)] = e;
		s->count++;
		__atomic_add_fetch(&a->count, 1, __ATOMIC_RELAXED);
	} else if (max_legs && e->legs >= max_legs) {
		r = HWS_ERR_FULL;
		goto out;
	}
	e->legs++;
	*ret = e;
out:
	pthread_mutex_unlock(&s->lock);
	return r;
}

void rly_addr_leave(struct rly_addrs *a, struct rly_addr *e)
{
	if (!e)
		return;
	struct stripe *s = e->stripe;

	pthread_mutex_lock(&s->lock);
	if (--e->legs == 0) {
		struct rly_addr **at = &s->bucket[(hash(a, e->ip) / STRIPES) & (s->size - 1)];

		while (*at != e)
			at = &(*at)->next;
		*at = e->next;
		s->count--;
		__atomic_sub_fetch(&a->count, 1, __ATOMIC_RELAXED);
		hws_free(e);
	}
	pthread_mutex_unlock(&s->lock);
}

bool rly_addr_wait(struct rly_addr *e, uint32_t max)
{
	if (__atomic_add_fetch(&e->waiting, 1, __ATOMIC_RELAXED) <= max || !max)
		return true;
	__atomic_sub_fetch(&e->waiting, 1, __ATOMIC_RELAXED);
	return false;
}

void rly_addr_wait_end(struct rly_addr *e)
{
	__atomic_sub_fetch(&e->waiting, 1, __ATOMIC_RELAXED);
}

int64_t rly_addr_credit(struct rly_addr *e, uint64_t rate, uint64_t now_us)
{
	int64_t n;

	if (!rate)
		return INT64_MAX;
	pthread_mutex_lock(&e->stripe->lock);
	n = rly_rate_credit(&e->rate, rate, now_us);
	pthread_mutex_unlock(&e->stripe->lock);
	return n;
}

void rly_addr_charge(struct rly_addr *e, uint64_t bytes)
{
	pthread_mutex_lock(&e->stripe->lock);
	rly_rate_charge(&e->rate, bytes);
	pthread_mutex_unlock(&e->stripe->lock);
}

uint32_t rly_addrs_count(const struct rly_addrs *a)
{
	return __atomic_load_n(&a->count, __ATOMIC_RELAXED);
}
