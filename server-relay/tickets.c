/* Announced pairs, oldest first to go. One lock: announcements come by the thousand a second, not
 * by the million. */
#include "server-relay/tickets.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/wire/limits.h"
#include <pthread.h>

#define BUCKETS 8192u

struct ticket {
	struct ticket *next;
	struct hws_list age;
	uint64_t expires_us;
	uint32_t source;
	uint8_t len;
	uint8_t uuid[];
};

struct rly_tickets {
	pthread_mutex_t lock;
	struct ticket *bucket[BUCKETS];
	struct hws_list age; /* oldest first */
	uint32_t count, max;
	uint64_t seed;
	unsigned links;    /* atomic */
	uint64_t since_us; /* atomic: since when there is one, 0 = there is none */
};

int rly_tickets_new(uint32_t max, struct rly_tickets **ret)
{
	struct rly_tickets *t = hws_alloc(sizeof(*t));

	if (!t)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&t->lock, NULL);
	hws_list_init(&t->age);
	t->max = max;
	hws_rand_bytes(&t->seed, sizeof(t->seed));
	*ret = t;
	return HWS_OK;
}

/* Only authenticated servers insert, so nobody can choose collisions. */
static struct ticket **find(struct rly_tickets *t, struct hws_bytes uuid)
{
	uint64_t h = t->seed;
	struct ticket **at;

	for (size_t i = 0; i < uuid.len; i++)
		h = (h ^ uuid.ptr[i]) * 0x100000001b3ull;
	h ^= h >> 32;
	for (at = &t->bucket[h % BUCKETS]; *at; at = &(*at)->next)
		if ((*at)->len == uuid.len && memcmp((*at)->uuid, uuid.ptr, uuid.len) == 0)
			break;
	return at;
}

static void drop(struct rly_tickets *t, struct ticket **at)
{
	struct ticket *k = *at;

	*at = k->next;
	hws_list_remove(&k->age);
	t->count--;
	hws_free(k);
}

static void drop_oldest(struct rly_tickets *t)
{
	struct ticket *k = hws_container(hws_list_first(&t->age), struct ticket, age);

	drop(t, find(t, hws_bytes(k->uuid, k->len)));
}

void rly_tickets_free(struct rly_tickets *t)
{
	if (!t)
		return;
	while (t->count)
		drop_oldest(t);
	pthread_mutex_destroy(&t->lock);
	hws_free(t);
}

int rly_tickets_add(
		struct rly_tickets *t, struct hws_bytes uuid, uint64_t expires_us, uint32_t source)
{
	struct ticket *k;
	int r = HWS_OK;

	if (!uuid.len || uuid.len > HWS_UUID_MAX)
		return HWS_ERR_PROTO;
	pthread_mutex_lock(&t->lock);
	struct ticket **at = find(t, uuid);
	k = *at;
	if (k) {
		hws_list_remove(&k->age);
	} else {
		if (t->count >= t->max)
			drop_oldest(t);
		k = hws_alloc(sizeof(*k) + uuid.len);
		if (!k) {
			r = HWS_ERR_NOMEM;
			goto out;
		}
		k->len = (uint8_t)uuid.len;
		memcpy(k->uuid, uuid.ptr, uuid.len);
		at = find(t, uuid); /* the oldest may have been in this chain */
		*at = k;
		t->count++;
	}
	k->expires_us = expires_us;
	k->source = source;
	hws_list_push(&t->age, &k->age);
out:
	pthread_mutex_unlock(&t->lock);
	return r;
}

void rly_tickets_remove(struct rly_tickets *t, struct hws_bytes uuid)
{
	pthread_mutex_lock(&t->lock);
	struct ticket **at = find(t, uuid);

	if (*at)
		drop(t, at);
	pthread_mutex_unlock(&t->lock);
}

bool rly_tickets_known(struct rly_tickets *t, struct hws_bytes uuid, uint64_t now_us)
{
	bool known = false;

	pthread_mutex_lock(&t->lock);
	struct ticket **at = find(t, uuid);

	if (*at) {
		known = (*at)->expires_us > now_us;
		if (!known)
			drop(t, at);
	}
	pthread_mutex_unlock(&t->lock);
	return known;
}

void rly_tickets_remove_source(struct rly_tickets *t, uint32_t source)
{
	struct hws_list *node, *tmp;

	pthread_mutex_lock(&t->lock);
	hws_list_for_safe (node, tmp, &t->age) {
		struct ticket *k = hws_container(node, struct ticket, age);

		if (k->source == source)
			drop(t, find(t, hws_bytes(k->uuid, k->len)));
	}
	pthread_mutex_unlock(&t->lock);
}

uint32_t rly_tickets_count(struct rly_tickets *t)
{
	pthread_mutex_lock(&t->lock);
	uint32_t n = t->count;
	pthread_mutex_unlock(&t->lock);
	return n;
}

void rly_tickets_links(struct rly_tickets *t, unsigned up, uint64_t now_us)
{
	if (!up || !rly_tickets_links_up(t))
		__atomic_store_n(&t->since_us, up ? now_us : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->links, up, __ATOMIC_RELAXED);
}

unsigned rly_tickets_links_up(const struct rly_tickets *t)
{
	return __atomic_load_n(&t->links, __ATOMIC_RELAXED);
}

uint64_t rly_tickets_up_us(const struct rly_tickets *t, uint64_t now_us)
{
	uint64_t since = __atomic_load_n(&t->since_us, __ATOMIC_RELAXED);

	return since && now_us > since ? now_us - since : 0;
}
