/* rendezvous/policy/verdicts: a question is known by a keyed hash of 128 bits: tokens are not kept,
 * and nobody can make two questions look the same. */
#include "server-rendezvous/policy/verdicts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <string.h>

#define WAYS 8
#define STALE_US (3600 * HWS_US_PER_S)

struct kept {
	uint8_t key[RDV_VERDICT_KEY];
	uint64_t at_us, until_us; /* at_us 0 = free */
	struct rdv_verdict verdict;
};

struct rdv_verdicts {
	struct kept (*set)[WAYS];
	uint32_t sets;
	uint8_t secret[HWS_HASH_KEY_LEN];
};

int rdv_verdicts_new(uint32_t max, struct rdv_verdicts **ret)
{
	struct rdv_verdicts *v = hws_alloc(sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	for (v->sets = 1; v->sets * WAYS < max; v->sets *= 2)
		;
	hws_rand_bytes(v->secret, sizeof(v->secret));
	v->set = hws_pages_alloc(v->sets * sizeof(*v->set));
	if (!v->set) {
		hws_free(v);
		return HWS_ERR_NOMEM;
	}
	*ret = v;
	return HWS_OK;
}

void rdv_verdicts_free(struct rdv_verdicts *v)
{
	if (!v)
		return;
	hws_pages_free(v->set, v->sets * sizeof(*v->set));
	hws_free_wiped(v, sizeof(*v));
}

/* Each text with its end, so that none runs into the next. */
static size_t add(uint8_t *at, const char *text)
{
	size_t n = strlen(text) + 1;

	memcpy(at, text, n);
	return n;
}

void rdv_verdicts_key(const struct rdv_verdicts *v, const struct hws_policy_say_line *q,
		uint8_t ret[RDV_VERDICT_KEY])
{
	uint8_t what[sizeof(q->token) + sizeof(q->id) + sizeof(q->address) +
			sizeof(q->switch_code) + sizeof(q->kind)];
	size_t n = add(what, q->token);

	n += add(what + n, q->id);
	n += add(what + n, q->address);
	n += add(what + n, q->switch_code);
	memcpy(what + n, &q->kind, sizeof(q->kind));
	n += sizeof(q->kind);
	hws_keyed_hash128(v->secret, hws_bytes(what, n), ret);
	hws_wipe(what, sizeof(what));
}

static struct kept *set_of(const struct rdv_verdicts *v, const uint8_t key[RDV_VERDICT_KEY])
{
	uint32_t at;

	memcpy(&at, key, sizeof(at));
	return v->set[at & (v->sets - 1)];
}

static struct kept *find(const struct rdv_verdicts *v, const uint8_t key[RDV_VERDICT_KEY])
{
	struct kept *set = set_of(v, key);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at_us && memcmp(set[i].key, key, RDV_VERDICT_KEY) == 0)
			return &set[i];
	}
	return NULL;
}

void rdv_verdicts_put(struct rdv_verdicts *v, const uint8_t key[RDV_VERDICT_KEY],
		const struct rdv_verdict *verdict, uint64_t now_us, uint64_t hold_us)
{
	struct kept *set = set_of(v, key), *take = find(v, key);

	if (!take) {
		take = &set[0];
		for (size_t i = 1; i < WAYS; i++) {
			if (set[i].at_us < take->at_us)
				take = &set[i];
		}
	}
	memcpy(take->key, key, RDV_VERDICT_KEY);
	take->at_us = now_us;
	take->until_us = now_us + hold_us;
	take->verdict = *verdict;
}

const struct rdv_verdict *rdv_verdicts_find(const struct rdv_verdicts *v,
		const uint8_t key[RDV_VERDICT_KEY], uint64_t now_us, bool stale)
{
	const struct kept *k = find(v, key);

	if (!k || now_us >= (stale ? k->at_us + STALE_US : k->until_us))
		return NULL;
	return &k->verdict;
}
