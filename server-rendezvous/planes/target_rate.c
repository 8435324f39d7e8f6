/* rendezvous/planes/target_rate: one token bucket for each id, in sets of four; the longest
 * untouched makes room. */
#include "server-rendezvous/planes/target_rate.h"
#include "shared/base/bucket.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4

struct target {
	uint64_t hash; /* 0 = free */
	uint64_t at_us;
	struct hws_bucket bucket;
};

struct rdv_target_rate {
	struct target (*set)[WAYS];
	uint32_t sets;
	uint8_t key[HWS_HASH_KEY_LEN];
};

int rdv_target_rate_new(uint32_t max, struct rdv_target_rate **ret)
{
	struct rdv_target_rate *t = calloc(1, sizeof(*t));

	if (!t)
		return HWS_ERR_NOMEM;
	for (t->sets = 1; t->sets * WAYS < max; t->sets *= 2)
		;
	hws_rand_bytes(t->key, sizeof(t->key));
	t->set = calloc(t->sets, sizeof(*t->set));
	if (!t->set) {
		free(t);
		return HWS_ERR_NOMEM;
	}
	*ret = t;
	return HWS_OK;
}

void rdv_target_rate_free(struct rdv_target_rate *t)
{
	if (!t)
		return;
	free(t->set);
	free(t);
}

bool rdv_target_rate_take(struct rdv_target_rate *t, const char *id, uint32_t rate, uint32_t burst,
		uint64_t now_us)
{
	struct target *set, *take;
	uint64_t h;

	if (!rate)
		return true;
	h = hws_keyed_hash(t->key, hws_bytes_str(id));
	h |= 1;
	set = t->set[(h >> 1) & (t->sets - 1)];
	take = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].hash == h) {
			take = &set[i];
			break;
		}
		if (set[i].at_us < take->at_us)
			take = &set[i];
	}
	if (take->hash != h || take->bucket.rate != rate || take->bucket.burst != burst) {
		take->hash = h;
		hws_bucket_init(&take->bucket, rate, burst, now_us);
	}
	take->at_us = now_us;
	return hws_bucket_take(&take->bucket, 1, now_us);
}
