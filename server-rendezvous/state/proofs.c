/* The keys of a device follow from its public key and ours: 50 us each time, so those of devices
 * that are asked for again and again are remembered, in a table whose places anybody may take.
 * Numbers begin anew with each start, in an epoch of its own, so that nothing is stored; a device
 * hears of the epoch when it registers, which a server that was started asks of each. */
#include "server-rendezvous/state/proofs.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED 1024u /* keys; a power of two */
#define COOKIE_US (60 * HWS_US_PER_S)

struct remembered {
	uint8_t pk[HWS_PK_LEN];
	struct hws_proof_keys keys;
	bool used;
};

struct rdv_proofs {
	const struct hws_identity *identity;
	uint8_t cookie_secret[HWS_HASH_KEY_LEN], place_secret[HWS_HASH_KEY_LEN];
	uint64_t epoch;
	uint64_t last_seq; /* atomic */
	pthread_mutex_t lock;
	struct remembered item[REMEMBERED];
};

int rdv_proofs_new(const struct hws_identity *identity, struct rdv_proofs **ret)
{
	struct rdv_proofs *p = calloc(1, sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->identity = identity;
	hws_rand_bytes(p->cookie_secret, sizeof(p->cookie_secret));
	hws_rand_bytes(&p->epoch, sizeof(p->epoch));
	hws_rand_bytes(p->place_secret, sizeof(p->place_secret));
	pthread_mutex_init(&p->lock, NULL);
	*ret = p;
	return HWS_OK;
}

void rdv_proofs_free(struct rdv_proofs *p)
{
	if (!p)
		return;
	pthread_mutex_destroy(&p->lock);
	hws_wipe(p, sizeof(*p));
	free(p);
}

static void cookie_of(const struct rdv_proofs *p, const struct rdv_addr *from, uint64_t slot,
		uint8_t ret[HWS_PROOF_COOKIE_LEN])
{
	uint8_t text[8 + sizeof(from->ip) + sizeof(from->port)];

	memcpy(text, &slot, 8);
	memcpy(text + 8, from->ip, sizeof(from->ip));
	memcpy(text + 8 + sizeof(from->ip), &from->port, sizeof(from->port));
	hws_keyed_hash128(p->cookie_secret, hws_bytes(text, sizeof(text)), ret);
}

void rdv_proofs_cookie(const struct rdv_proofs *p, const struct rdv_addr *from, uint64_t now_us,
		uint8_t ret[HWS_PROOF_COOKIE_LEN])
{
	cookie_of(p, from, now_us / COOKIE_US, ret);
}

bool rdv_proofs_cookie_good(const struct rdv_proofs *p, const struct rdv_addr *from,
		uint64_t now_us, const uint8_t cookie[HWS_PROOF_COOKIE_LEN])
{
	uint8_t now[HWS_PROOF_COOKIE_LEN], before[HWS_PROOF_COOKIE_LEN];

	cookie_of(p, from, now_us / COOKIE_US, now);
	cookie_of(p, from, now_us / COOKIE_US - 1, before);
	return hws_secret_equal(now, cookie, sizeof(now)) ||
			hws_secret_equal(before, cookie, sizeof(before));
}

static int keys_of(struct rdv_proofs *p, const uint8_t pk[HWS_PK_LEN], struct hws_proof_keys *ret)
{
	struct remembered *at =
			&p->item[hws_keyed_hash(p->place_secret, hws_bytes(pk, HWS_PK_LEN)) &
					(REMEMBERED - 1)];
	bool found;
	int r;

	pthread_mutex_lock(&p->lock);
	found = at->used && !memcmp(at->pk, pk, HWS_PK_LEN);
	if (found)
		*ret = at->keys;
	pthread_mutex_unlock(&p->lock);
	if (found)
		return HWS_OK;
	r = hws_proof_agree(p->identity, pk, p->identity->pk, ret);
	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	at->used = true;
	memcpy(at->pk, pk, HWS_PK_LEN);
	at->keys = *ret;
	pthread_mutex_unlock(&p->lock);
	return HWS_OK;
}

bool rdv_proofs_check(struct rdv_proofs *p, const uint8_t pk[HWS_PK_LEN], struct hws_bytes message,
		const struct hws_proof *proof)
{
	struct hws_proof_keys keys;
	bool good = keys_of(p, pk, &keys) == HWS_OK &&
			hws_proof_check(message, proof, keys.host_secret);

	hws_wipe(&keys, sizeof(keys));
	return good;
}

int rdv_proofs_seal(struct rdv_proofs *p, const uint8_t pk[HWS_PK_LEN], const uint8_t *nonce,
		struct hws_buf *message)
{
	struct hws_proof proof = { .has_seq = true, .has_nonce = nonce != NULL };
	struct hws_proof_keys keys;
	int r = keys_of(p, pk, &keys);

	if (nonce)
		memcpy(proof.nonce, nonce, sizeof(proof.nonce));
	if (r == HWS_OK) {
		proof.epoch = p->epoch;
		proof.seq = __atomic_add_fetch(&p->last_seq, 1, __ATOMIC_RELAXED);
		r = hws_proof_append(message, &proof, keys.server_secret);
	}
	hws_wipe(&keys, sizeof(keys));
	return r;
}
