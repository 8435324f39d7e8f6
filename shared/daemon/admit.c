/* Counts by address in a hash table with a cap, keyed with a secret so that nobody can aim at
 * one chain; where it is full the oldest without open links go, so that a flood of addresses
 * cannot grow it. */
#include "shared/daemon/admit.h"

#include "shared/base/bucket.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"

#include <netinet/in.h>
#include <string.h>

#define NONE UINT32_MAX
#define FIRST_SIZE 64u
#define WIDE 4u  /* addresses that a /48 of IPv6 is worth */
#define SHARE 8u /* times what is free: sixteen that take all leave one place in 129 */

/* Entries are linked by index, so that the table can grow by realloc. */
struct entry {
	uint64_t key; /* IPv4 address, or the upper 64 or 48 bits of the IPv6 address */
	struct hws_bucket bucket;
	uint32_t links;
	uint32_t next;         /* in the hash chain, or in the free list */
	uint32_t older, newer; /* in the list of idle entries (links == 0) */
	uint8_t kind;
};

enum { KIND_V4, KIND_V6, KIND_V6_WIDE };

struct hws_admit {
	struct hws_admit_conf conf;
	struct entry *entry;
	uint32_t *chain; /* `size` heads; size is a power of two */
	uint32_t size, count, free_head;
	uint32_t total;          /* links of all */
	uint32_t oldest, newest; /* idle ones */
	uint64_t seed;           /* nobody outside can choose addresses that fall into one chain */
};

int hws_admit_new(const struct hws_admit_conf *conf, struct hws_admit **ret)
{
	struct hws_admit *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	a->free_head = a->oldest = a->newest = NONE;
	hws_rand_bytes(&a->seed, sizeof(a->seed));
	hws_admit_set_conf(a, conf);
	*ret = a;
	return HWS_OK;
}

void hws_admit_free(struct hws_admit *a)
{
	if (!a)
		return;
	hws_free(a->entry);
	hws_free(a->chain);
	hws_free(a);
}

uint32_t hws_admit_count(const struct hws_admit *a)
{
	return a->count;
}

struct key {
	uint64_t value;
	uint8_t kind;
};

/* The network of an IPv6 address. */
static struct key wide_of(struct key k)
{
	return (struct key){ k.value >> 16, KIND_V6_WIDE };
}

static uint64_t read_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* false for what is no internet address (a Unix socket): that is never limited. */
static bool make_key(const struct sockaddr_storage *addr, struct key *ret)
{
	if (addr->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

		*ret = (struct key){ ntohl(in->sin_addr.s_addr), KIND_V4 };
		return true;
	}
	if (addr->ss_family == AF_INET6) {
		const uint8_t *b = ((const struct sockaddr_in6 *)addr)->sin6_addr.s6_addr;

		if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)b))
			*ret = (struct key){ read_be(b + 12, 4), KIND_V4 };
		else
			*ret = (struct key){ read_be(b, 8), KIND_V6 };
		return true;
	}
	return false;
}

static uint32_t bin(const struct hws_admit *a, struct key k)
{
	uint64_t h = k.value ^ a->seed ^ k.kind * 0x9e3779b97f4a7c15u;

	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	h = (h ^ h >> 32 ^ a->seed >> 7) * 0xd6e8feb86659fd93u;
	return (uint32_t)(h ^ h >> 32) & (a->size - 1);
}

static void idle_remove(struct hws_admit *a, uint32_t i)
{
	struct entry *e = &a->entry[i];

	if (e->older != NONE)
		a->entry[e->older].newer = e->newer;
	else if (a->oldest == i)
		a->oldest = e->newer;
	if (e->newer != NONE)
		a->entry[e->newer].older = e->older;
	else if (a->newest == i)
		a->newest = e->older;
	e->older = e->newer = NONE;
}

static void idle_add(struct hws_admit *a, uint32_t i)
{
	struct entry *e = &a->entry[i];

	e->older = a->newest;
	e->newer = NONE;
	if (a->newest != NONE)
		a->entry[a->newest].newer = i;
	else
		a->oldest = i;
	a->newest = i;
}

static struct key key_of(const struct entry *e)
{
	return (struct key){ e->key, e->kind };
}

static void forget(struct hws_admit *a, uint32_t i)
{
	uint32_t *at = &a->chain[bin(a, key_of(&a->entry[i]))];

	while (*at != i)
		at = &a->entry[*at].next;
	*at = a->entry[i].next;
	idle_remove(a, i);
	a->entry[i].next = a->free_head;
	a->free_head = i;
	a->count--;
}

void hws_admit_set_conf(struct hws_admit *a, const struct hws_admit_conf *conf)
{
	a->conf = *conf;
	if (!a->conf.max_entries)
		a->conf.max_entries = 1;
	while (a->count > a->conf.max_entries && a->oldest != NONE)
		forget(a, a->oldest);
}

/* Doubles the table: new entries go to the free list, all chains are made anew. */
static int grow(struct hws_admit *a)
{
	uint32_t size = a->size ? a->size * 2 : FIRST_SIZE;
	struct entry *entry;
	uint32_t *chain;

	if (size <= a->size || size >= NONE / 2)
		return HWS_ERR_FULL;
	chain = hws_alloc_array(size, sizeof(*chain));
	if (!chain)
		return HWS_ERR_NOMEM;
	entry = hws_realloc_array(a->entry, size, sizeof(*entry));
	if (!entry) {
		hws_free(chain);
		return HWS_ERR_NOMEM;
	}
	hws_free(a->chain);
	memset(chain, 0xff, size * sizeof(*chain)); /* NONE */
	a->entry = entry;
	a->chain = chain;
	a->size = size;
	/* It grows only when all are in use, so the old half is exactly what goes into chains. */
	for (uint32_t i = 0; i < size / 2 && size > FIRST_SIZE; i++) {
		uint32_t b = bin(a, key_of(&entry[i]));

		entry[i].next = chain[b];
		chain[b] = i;
	}
	for (uint32_t i = size; i-- > (size > FIRST_SIZE ? size / 2 : 0);) {
		entry[i] = (struct entry){ .next = a->free_head, .older = NONE, .newer = NONE };
		a->free_head = i;
	}
	return HWS_OK;
}

static uint32_t find(const struct hws_admit *a, struct key k)
{
	uint32_t i = a->size ? a->chain[bin(a, k)] : NONE;

	while (i != NONE && (a->entry[i].key != k.value || a->entry[i].kind != k.kind))
		i = a->entry[i].next;
	return i;
}

static uint64_t worth(struct key k)
{
	return k.kind == KIND_V6_WIDE ? WIDE : 1;
}

/* Finds or makes the entry; NONE when the table is full of addresses with open links. */
static uint32_t find_or_add(struct hws_admit *a, struct key k, uint64_t now_us)
{
	uint32_t i = find(a, k), b;

	if (i != NONE)
		return i;
	if (a->count >= a->conf.max_entries) {
		if (a->oldest == NONE)
			return NONE;
		forget(a, a->oldest);
	}
	if (a->free_head == NONE && grow(a) < 0) {
		if (a->oldest == NONE)
			return NONE;
		forget(a, a->oldest);
	}
	i = a->free_head;
	a->free_head = a->entry[i].next;
	b = bin(a, k);
	a->entry[i] = (struct entry){
		.key = k.value, .kind = k.kind, .next = a->chain[b], .older = NONE, .newer = NONE
	};
	a->chain[b] = i;
	hws_bucket_init(&a->entry[i].bucket, a->conf.rate * worth(k), a->conf.burst * worth(k),
			now_us);
	idle_add(a, i);
	a->count++;
	return i;
}

/* How many links one address may have now; UINT64_MAX = as many as it likes. */
static uint64_t share(const struct hws_admit *a)
{
	uint64_t max = a->conf.max_links ? a->conf.max_links : UINT64_MAX, left;

	if (!a->conf.max_total)
		return max;
	left = a->conf.max_total > a->total ? a->conf.max_total - a->total : 0;
	return left * SHARE + 1 < max ? left * SHARE + 1 : max;
}

static bool open_one(struct hws_admit *a, struct key k, uint64_t now_us)
{
	uint64_t max = share(a);
	uint32_t i = find_or_add(a, k, now_us);
	struct entry *e;

	if (i == NONE)
		return false;
	e = &a->entry[i];
	if ((max != UINT64_MAX && e->links >= max * worth(k)) || e->links == UINT32_MAX)
		return false;
	if (!e->links++)
		idle_remove(a, i);
	return true;
}

static bool close_one(struct hws_admit *a, struct key k)
{
	uint32_t i = find(a, k);

	if (i == NONE || !a->entry[i].links)
		return false;
	if (--a->entry[i].links)
		return true;
	idle_add(a, i);
	if (!a->conf.rate) /* nothing left to remember */
		forget(a, i);
	return true;
}

bool hws_admit_open(struct hws_admit *a, const struct sockaddr_storage *addr, uint64_t now_us)
{
	struct key k;

	if (!make_key(addr, &k))
		return true;
	if (k.kind == KIND_V6 && !open_one(a, wide_of(k), now_us))
		return false;
	if (!open_one(a, k, now_us)) {
		if (k.kind == KIND_V6)
			(void)close_one(a, wide_of(k));
		return false;
	}
	a->total++;
	return true;
}

void hws_admit_close(struct hws_admit *a, const struct sockaddr_storage *addr)
{
	struct key k;

	if (!make_key(addr, &k) || !close_one(a, k))
		return;
	a->total--;
	if (k.kind == KIND_V6)
		(void)close_one(a, wide_of(k));
}

static bool take(struct hws_admit *a, struct key k, uint64_t n, uint64_t now_us)
{
	uint32_t i = find_or_add(a, k, now_us);
	struct entry *e;

	if (i == NONE)
		return false;
	e = &a->entry[i];
	if (!e->links) {
		idle_remove(a, i); /* to the young end */
		idle_add(a, i);
	}
	e->bucket.rate = a->conf.rate * worth(k); /* limits may have been reloaded */
	e->bucket.burst = a->conf.burst * worth(k);
	return hws_bucket_take(&e->bucket, n, now_us);
}

bool hws_admit_event(struct hws_admit *a, const struct sockaddr_storage *addr, uint64_t n,
		uint64_t now_us)
{
	struct key k;

	if (!a->conf.rate || !make_key(addr, &k))
		return true;
	return take(a, k, n, now_us) && (k.kind != KIND_V6 || take(a, wide_of(k), n, now_us));
}
