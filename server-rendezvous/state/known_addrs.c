/* rendezvous/state/known_addrs: a set of addresses, eight ways associative; the oldest of a set
 * makes room. */
#include "server-rendezvous/state/known_addrs.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <pthread.h>

#include <stdlib.h>

#define KNOWN_MINUTES 1440u
#define WAYS 8
#define LOCKS 16

/* A seat holds 40 bits of the keyed hash of an address and, below, the minute it was last seen + 1;
 * 0 = free. A stranger is taken for a known address once in 2^37. */
#define MINUTE_BITS 24
#define MINUTE_MASK ((1ull << MINUTE_BITS) - 1)

struct rdv_known_addrs {
	uint64_t (*set)[WAYS];
	uint32_t sets; /* power of two */
	pthread_mutex_t lock[LOCKS];
	uint8_t key[HWS_HASH_KEY_LEN];
};

int rdv_known_addrs_new(uint32_t max, struct rdv_known_addrs **ret)
{
	struct rdv_known_addrs *k = calloc(1, sizeof(*k));

	if (!k)
		return HWS_ERR_NOMEM;
	for (k->sets = LOCKS; k->sets * WAYS < max; k->sets *= 2)
		;
	hws_rand_bytes(k->key, sizeof(k->key));
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&k->lock[i], NULL);
	k->set = calloc(k->sets, sizeof(*k->set)); /* untouched pages cost nothing */
	if (!k->set) {
		rdv_known_addrs_free(k);
		return HWS_ERR_NOMEM;
	}
	*ret = k;
	return HWS_OK;
}

void rdv_known_addrs_free(struct rdv_known_addrs *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&k->lock[i]);
	free(k->set);
	free(k);
}

static uint64_t minute_of(uint64_t now_us)
{
	return (now_us / (60 * HWS_US_PER_S) + 1) & MINUTE_MASK; /* 31 years of uptime */
}

static uint64_t *lock_set(struct rdv_known_addrs *k, const struct rdv_addr *a, uint64_t *ret_tag,
		pthread_mutex_t **lock)
{
	uint64_t h = hws_keyed_hash(k->key, hws_bytes(a->ip, sizeof(a->ip)));
	uint32_t n = (uint32_t)h & (k->sets - 1);

	*ret_tag = h & ~MINUTE_MASK;
	*lock = &k->lock[n % LOCKS];
	pthread_mutex_lock(*lock);
	return k->set[n];
}

void rdv_known_addrs_add(struct rdv_known_addrs *k, const struct rdv_addr *a, uint64_t now_us)
{
	pthread_mutex_t *lock;
	uint64_t tag;
	uint64_t *set = lock_set(k, a, &tag, &lock);
	uint64_t *take = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i] && (set[i] & ~MINUTE_MASK) == tag) {
			take = &set[i];
			break;
		}
		if ((set[i] & MINUTE_MASK) < (*take & MINUTE_MASK))
			take = &set[i];
	}
	*take = tag | minute_of(now_us);
	pthread_mutex_unlock(lock);
}

bool rdv_known_addrs_has(struct rdv_known_addrs *k, const struct rdv_addr *a, uint64_t now_us)
{
	pthread_mutex_t *lock;
	uint64_t tag, minute = minute_of(now_us);
	uint64_t *set = lock_set(k, a, &tag, &lock);
	bool found = false;

	for (size_t i = 0; i < WAYS && !found; i++)
		found = set[i] && (set[i] & ~MINUTE_MASK) == tag &&
				minute - (set[i] & MINUTE_MASK) < KNOWN_MINUTES;
	pthread_mutex_unlock(lock);
	return found;
}
