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
	struct rly_addr *wide; /* of IPv6: its /48 */
	uint8_t ip[16];        /* IPv4 as mapped; IPv6 the first 8 bytes, of a wide one 6 */
	bool is_wide;
	uint32_t legs;        /* written under the stripe's lock */
	uint32_t waiting;     /* atomic */
	uint64_t collected;   /* atomic */
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

struct key {
	uint8_t ip[16];
	bool is_wide, is_v6;
};

static struct key key_of(const struct sockaddr_storage *addr)
{
	struct key k = { .is_v6 = addr->ss_family == AF_INET6 };

	if (addr->ss_family == AF_INET) {
		k.ip[10] = k.ip[11] = 0xff;
		memcpy(k.ip + 12, &((const struct sockaddr_in *)addr)->sin_addr, 4);
	} else if (k.is_v6) {
		memcpy(k.ip, &((const struct sockaddr_in6 *)addr)->sin6_addr, 8);
	}
	return k;
}

static struct key wide_of(const struct key *k)
{
	struct key w = { .is_wide = true, .is_v6 = true };

	memcpy(w.ip, k->ip, 6);
	return w;
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

static struct rly_addr **place(const struct rly_addrs *a, struct stripe *s, const struct key *k)
{
	struct rly_addr **at = &s->bucket[(hash(a, k->ip) / STRIPES) & (s->size - 1)];

	while (*at && ((*at)->is_wide != k->is_wide || memcmp((*at)->ip, k->ip, 16) != 0))
		at = &(*at)->next;
	return at;
}

static struct stripe *stripe_of(struct rly_addrs *a, const struct key *k)
{
	return &a->stripe[hash(a, k->ip) % STRIPES];
}

/* Under the stripe's lock; *at is the end of its chain. */
static int add(struct rly_addrs *a, struct stripe *s, const struct key *k, struct rly_addr **at)
{
	struct rly_addr *e = hws_alloc(sizeof(*e));

	if (!e)
		return HWS_ERR_NOMEM;
	memcpy(e->ip, k->ip, 16);
	e->is_wide = k->is_wide;
	e->stripe = s;
	*at = e;
	s->count++;
	if (!k->is_wide)
		__atomic_add_fetch(&a->count, 1, __ATOMIC_RELAXED);
	return HWS_OK;
}

static int enter(struct rly_addrs *a, const struct key *k, uint32_t max, struct rly_addr **ret)
{
	struct stripe *s = stripe_of(a, k);
	struct rly_addr **at;
	int r = HWS_OK;

	pthread_mutex_lock(&s->lock);
	if (s->count >= s->size)
		grow(a, s);
	if (!s->size) {
		r = HWS_ERR_NOMEM;
		goto out;
	}
	at = place(a, s, k);
	if (!*at)
		r = add(a, s, k, at);
	else if (max && (*at)->legs >= max)
		r = HWS_ERR_FULL;
	if (r < 0)
		goto out;
	__atomic_store_n(&(*at)->legs, (*at)->legs + 1, __ATOMIC_RELAXED);
	*ret = *at;
out:
	pthread_mutex_unlock(&s->lock);
	return r;
}

static uint32_t wide_max(uint32_t max)
{
	return max > UINT32_MAX / RLY_ADDR_WIDE ? UINT32_MAX : max * RLY_ADDR_WIDE;
}

int rly_addr_enter(struct rly_addrs *a, const struct sockaddr_storage *addr, uint32_t max_legs,
		struct rly_addr **ret)
{
	struct rly_addr *wide = NULL, *e;
	struct key k = key_of(addr);
	int r;

	if (k.is_v6) {
		struct key w = wide_of(&k);

		r = enter(a, &w, wide_max(max_legs), &wide);
		if (r < 0)
			return r;
	}
	r = enter(a, &k, max_legs, &e);
	if (r < 0) {
		rly_addr_leave(a, wide);
		return r;
	}
	/* Each leg of the address brings the same one, which stays as long as any of them does. */
	__atomic_store_n(&e->wide, wide, __ATOMIC_RELAXED);
	*ret = e;
	return HWS_OK;
}

static void leave(struct rly_addrs *a, struct rly_addr *e)
{
	struct stripe *s = e->stripe;

	pthread_mutex_lock(&s->lock);
	__atomic_store_n(&e->legs, e->legs - 1, __ATOMIC_RELAXED);
	if (e->legs == 0) {
		struct rly_addr **at = &s->bucket[(hash(a, e->ip) / STRIPES) & (s->size - 1)];

		while (*at != e)
			at = &(*at)->next;
		*at = e->next;
		s->count--;
		if (!e->is_wide)
			__atomic_sub_fetch(&a->count, 1, __ATOMIC_RELAXED);
		hws_free(e);
	}
	pthread_mutex_unlock(&s->lock);
}

static struct rly_addr *wide(const struct rly_addr *e)
{
	return __atomic_load_n(&e->wide, __ATOMIC_RELAXED);
}

void rly_addr_leave(struct rly_addrs *a, struct rly_addr *e)
{
	struct rly_addr *w;

	if (!e)
		return;
	w = wide(e);
	leave(a, e);
	if (w)
		leave(a, w);
}

static bool take_wait(struct rly_addr *e, uint32_t max)
{
	if (__atomic_add_fetch(&e->waiting, 1, __ATOMIC_RELAXED) <= max || !max)
		return true;
	__atomic_sub_fetch(&e->waiting, 1, __ATOMIC_RELAXED);
	return false;
}

bool rly_addr_wait(struct rly_addr *e, uint32_t max)
{
	if (!take_wait(e, max))
		return false;
	if (!wide(e) || take_wait(wide(e), wide_max(max)))
		return true;
	__atomic_sub_fetch(&e->waiting, 1, __ATOMIC_RELAXED);
	return false;
}

void rly_addr_wait_end(struct rly_addr *e)
{
	__atomic_sub_fetch(&e->waiting, 1, __ATOMIC_RELAXED);
	if (wide(e))
		__atomic_sub_fetch(&wide(e)->waiting, 1, __ATOMIC_RELAXED);
}

uint32_t rly_addr_legs(const struct rly_addr *e)
{
	return __atomic_load_n(wide(e) ? &wide(e)->legs : &e->legs, __ATOMIC_RELAXED);
}

uint32_t rly_addr_waiting(const struct rly_addr *e)
{
	return __atomic_load_n(wide(e) ? &wide(e)->waiting : &e->waiting, __ATOMIC_RELAXED);
}

uint32_t rly_addrs_legs(struct rly_addrs *a, const struct sockaddr_storage *addr)
{
	struct key k = key_of(addr);
	struct stripe *s;
	struct rly_addr *e;
	uint32_t n;

	if (k.is_v6)
		k = wide_of(&k);
	s = stripe_of(a, &k);
	pthread_mutex_lock(&s->lock);
	e = s->size ? *place(a, s, &k) : NULL;
	n = e ? e->legs : 0;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool rly_addr_collect(struct rly_addr *e, uint32_t n, uint64_t max)
{
	if (wide(e))
		e = wide(e);
	return __atomic_add_fetch(&e->collected, n, __ATOMIC_RELAXED) <= max;
}

void rly_addr_collect_end(struct rly_addr *e, uint32_t n)
{
	if (wide(e))
		e = wide(e);
	__atomic_sub_fetch(&e->collected, n, __ATOMIC_RELAXED);
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
