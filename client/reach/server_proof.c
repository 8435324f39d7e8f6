/* A number of the server says nothing about when it was used, so the first proof of a run must be
 * an answer to a nonce of ours: what counts after that is only what the server said later. */
#include "client/reach/server_proof.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <string.h>

#define AGAIN_US (600 * HWS_US_PER_S)

void hws_server_proof_init(struct hws_server_proof *p, const struct hws_identity *identity,
		const uint8_t *server_pk, enum hws_server_trust trust, bool proves)
{
	memset(p, 0, sizeof(*p));
	p->trust = trust;
	p->able = identity && server_pk &&
			hws_proof_agree(identity, identity->pk, server_pk, &p->keys) == HWS_OK;
	p->server_proves = p->able && proves;
	hws_rand_bytes(p->nonce, sizeof(p->nonce));
}

void hws_server_proof_elsewhere(const struct hws_server_proof *p, struct hws_server_proof *ret)
{
	*ret = *p;
	ret->has_cookie = false;
	hws_rand_bytes(ret->nonce, sizeof(ret->nonce));
}

void hws_server_proof_wipe(struct hws_server_proof *p)
{
	hws_wipe(p, sizeof(*p));
}

int hws_server_proof_say(
		struct hws_server_proof *p, const Rdv__RendezvousMessage *m, struct hws_buf *packed)
{
	struct hws_proof proof = { .has_nonce = true, .has_cookie = p->has_cookie };

	if (!p->able)
		return HWS_OK;
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER) {
		proof = (struct hws_proof){ 0 };
		/* only where it is known to mean something */
		return p->window.floor ? hws_proof_append(packed, &proof, NULL) : HWS_OK;
	}
	memcpy(proof.nonce, p->nonce, sizeof(proof.nonce));
	memcpy(proof.cookie, p->cookie, sizeof(proof.cookie));
	return hws_proof_append(packed, &proof, p->has_cookie ? p->keys.host_secret : NULL);
}

static bool answers_us(const struct hws_server_proof *p, const struct hws_proof *proof)
{
	return proof->has_nonce && hws_secret_equal(p->nonce, proof->nonce, sizeof(p->nonce));
}

enum hws_word hws_server_proof_hear(struct hws_server_proof *p, const Rdv__RendezvousMessage *m,
		struct hws_bytes raw, uint64_t now_us)
{
	struct hws_proof proof;

	if (!p->able || hws_proof_read(raw, &proof) < 0)
		return HWS_WORD_PLAIN;
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE) {
		if (!m->register_peer_response->request_pk || !proof.has_cookie ||
				!answers_us(p, &proof))
			return HWS_WORD_PLAIN;
		p->has_cookie = true;
		memcpy(p->cookie, proof.cookie, sizeof(p->cookie));
		return HWS_WORD_COOKIE;
	}
	if (!proof.has_seq || !proof.seq || !hws_proof_check(raw, &proof, p->keys.server_secret))
		return HWS_WORD_PLAIN;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE)
		return hws_proof_window_take(&p->window, proof.epoch, proof.seq) ? HWS_WORD_PROVEN
										 : HWS_WORD_STALE;
	if (!answers_us(p, &proof))
		return HWS_WORD_STALE;
	hws_proof_window_set(&p->window, proof.epoch, proof.seq);
	hws_rand_bytes(p->nonce, sizeof(p->nonce)); /* this one is answered */
	p->server_proves = true;
	p->proven_us = now_us;
	return HWS_WORD_PROVEN;
}

bool hws_server_proof_required(const struct hws_server_proof *p)
{
	if (p->trust == HWS_TRUST_ANY)
		return false;
	return p->trust == HWS_TRUST_PROVEN_ONLY || p->server_proves;
}

bool hws_server_proof_due(const struct hws_server_proof *p, uint64_t now_us)
{
	return p->proven_us && now_us >= p->proven_us + AGAIN_US;
}

bool hws_server_proof_overdue(const struct hws_server_proof *p, uint64_t now_us, uint64_t grace_us)
{
	return hws_server_proof_required(p) &&
			(!p->proven_us || now_us >= p->proven_us + AGAIN_US + grace_us);
}
