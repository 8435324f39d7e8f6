/* rendezvous/state/seen: seats in sets of eight, chosen by a keyed hash, so that nobody can aim at
 * one. */
#include "server-rendezvous/state/seen.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <pthread.h>
#include <stdlib.h>

#define WAYS 8
#define LOCKS 16

/* A seat holds 40 bits of the keyed hash and, below, the tick it was last seen at + 1; 0 = free. */
#define TICK_BITS 24
#define TICK_MASK ((1ull << TICK_BITS) - 1)

struct rdv_seen {
	uint64_t (*set)[WAYS];
	uint32_t sets; /* power of two */
	uint32_t ticks;
	uint64_t tick_us;
	pthread_mutex_t lock[LOCKS];
	uint8_t key[HWS_HASH_KEY_LEN];
};

int rdv_seen_new(uint32_t max, uint64_t tick_us, uint32_t ticks, struct rdv_seen **ret)
{
	struct rdv_seen *s = calloc(1, sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	for (s->sets = LOCKS; s->sets * WAYS < max; s->sets *= 2)
		;
	s->tick_us = tick_us;
	s->ticks = ticks;
	hws_rand_bytes(s->key, sizeof(s->key));
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&s->lock[i], NULL);
	s->set = calloc(s->sets, sizeof(*s->set)); /* untouched pages cost nothing */
	if (!s->set) {
		rdv_seen_free(s);
		return HWS_ERR_NOMEM;
	}
	*ret = s;
	return HWS_OK;
}

void rdv_seen_free(struct rdv_seen *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&s->lock[i]);
	free(s->set);
	free(s);
}

/* Since the start of the machine; it goes round, and what is that old has been replaced long
 * since, or is taken for new. */
static uint64_t tick_of(const struct rdv_seen *s, uint64_t now_us)
{
	return now_us / s->tick_us % (TICK_MASK - 1) + 1;
}

static uint64_t age_of(uint64_t seat, uint64_t tick)
{
	return (tick - (seat & TICK_MASK)) & TICK_MASK;
}

static uint64_t *lock_set(struct rdv_seen *s, struct hws_bytes what, uint64_t *ret_tag,
		pthread_mutex_t **lock)
{
	uint64_t h = hws_keyed_hash(s->key, what);
	uint32_t n = (uint32_t)h & (s->sets - 1);

	*ret_tag = h & ~TICK_MASK;
	*lock = &s->lock[n % LOCKS];
	pthread_mutex_lock(*lock);
	return s->set[n];
}

static uint64_t *find(uint64_t *set, uint64_t tag)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i] && (set[i] & ~TICK_MASK) == tag)
			return &set[i];
	}
	return NULL;
}

void rdv_seen_add(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us)
{
	pthread_mutex_t *lock;
	uint64_t tag, tick = tick_of(s, now_us);
	uint64_t *set = lock_set(s, what, &tag, &lock);
	uint64_t *take = find(set, tag);

	for (size_t i = 0; !take && i < WAYS; i++) {
		if (!set[i])
			take = &set[i];
	}
	if (!take) {
		take = &set[0];
		for (size_t i = 1; i < WAYS; i++) {
			if (age_of(set[i], tick) > age_of(*take, tick))
				take = &set[i];
		}
	}
	*take = tag | tick;
	pthread_mutex_unlock(lock);
}

static bool look(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us, bool take)
{
	pthread_mutex_t *lock;
	uint64_t tag;
	uint64_t *set = lock_set(s, what, &tag, &lock);
	uint64_t *seat = find(set, tag);
	bool found = seat && age_of(*seat, tick_of(s, now_us)) < s->ticks;

	if (found && take)
		*seat = 0;
	pthread_mutex_unlock(lock);
	return found;
}

bool rdv_seen_has(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us)
{
	return look(s, what, now_us, false);
}

bool rdv_seen_take(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us)
{
	return look(s, what, now_us, true);
}
