/* rendezvous/known: a set of addresses, eight ways associative; the oldest of a set makes room. */
#include "server-rendezvous/known.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <pthread.h>

#include <stdlib.h>

#define WAYS 8
#define LOCKS 16

struct seat {
	uint8_t ip[16];
	uint64_t at_us; /* 0 = free */
};

struct rdv_known {
	struct seat (*set)[WAYS];
	uint32_t sets; /* power of two */
	pthread_mutex_t lock[LOCKS];
	uint8_t key[HWS_HASH_KEY_LEN];
};

int rdv_known_new(uint32_t max, struct rdv_known **ret)
{
	struct rdv_known *k = calloc(1, sizeof(*k));

	if (!k)
		return HWS_ERR_NOMEM;
	for (k->sets = LOCKS; k->sets * WAYS < max; k->sets *= 2)
		;
	hws_rand_bytes(k->key, sizeof(k->key));
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&k->lock[i], NULL);
	k->set = calloc(k->sets, sizeof(*k->set)); /* untouched pages cost nothing */
	if (!k->set) {
		rdv_known_free(k);
		return HWS_ERR_NOMEM;
	}
	*ret = k;
	return HWS_OK;
}

void rdv_known_free(struct rdv_known *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&k->lock[i]);
	free(k->set);
	free(k);
}

static struct seat *lock_set(struct rdv_known *k, const struct rdv_addr *a, pthread_mutex_t **lock)
{
	uint64_t h;
	uint32_t n;

	h = hws_keyed_hash(k->key, hws_bytes(a->ip, sizeof(a->ip)));
	n = (uint32_t)h & (k->sets - 1);
	*lock = &k->lock[n % LOCKS];
	pthread_mutex_lock(*lock);
	return k->set[n];
}

void rdv_known_add(struct rdv_known *k, const struct rdv_addr *a, uint64_t now_us)
{
	pthread_mutex_t *lock;
	struct seat *set = lock_set(k, a, &lock);
	struct seat *take = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at_us && memcmp(set[i].ip, a->ip, sizeof(a->ip)) == 0) {
			take = &set[i];
			break;
		}
		if (set[i].at_us < take->at_us)
			take = &set[i];
	}
	memcpy(take->ip, a->ip, sizeof(take->ip));
	take->at_us = now_us;
	pthread_mutex_unlock(lock);
}

bool rdv_known_has(struct rdv_known *k, const struct rdv_addr *a, uint64_t now_us)
{
	pthread_mutex_t *lock;
	struct seat *set = lock_set(k, a, &lock);
	bool found = false;

	for (size_t i = 0; i < WAYS && !found; i++)
		found = set[i].at_us && now_us - set[i].at_us < RDV_KNOWN_US &&
				memcmp(set[i].ip, a->ip, sizeof(a->ip)) == 0;
	pthread_mutex_unlock(lock);
	return found;
}
