/* A spoofed datagram must not move a device, and a recorded one must not either: what a device
 * proves holds a cookie that only who listens at this address has, good for a short time.
 * Nothing is kept meanwhile: who offers to prove something costs an answer shorter than the
 * question. */
#include "server-rendezvous/planes/proving.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/proofs.h"
#include "shared/wire/envelope.h"

enum rdv_claim rdv_proving_judge(
		struct rdv_core *core, const struct rdv_origin *from, const uint8_t pk[RDV_PK_LEN])
{
	const struct hws_proof *p = from->proof;

	if (!core->proofs || !p || !p->has_nonce)
		return RDV_CLAIM_NONE;
	if (!p->has_cookie || !p->has_mac ||
			!rdv_proofs_cookie_good(core->proofs, &from->addr, from->now_us, p->cookie))
		return RDV_CLAIM_OFFER;
	if (!rdv_proofs_check(core->proofs, pk, from->message, p)) {
		hws_count(&core->count.register_forged);
		return RDV_CLAIM_NONE;
	}
	hws_count(&core->count.register_proven);
	return RDV_CLAIM_PROVEN;
}

int rdv_proving_cookie(struct rdv_core *core, const struct rdv_origin *from, struct hws_buf *out)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPeerResponse peer = RDV__REGISTER_PEER_RESPONSE__INIT;
	struct hws_proof proof = { .has_nonce = true, .has_cookie = true };
	int r;

	peer.request_pk = true;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE;
	m.register_peer_response = &peer;
	memcpy(proof.nonce, from->proof->nonce, sizeof(proof.nonce));
	rdv_proofs_cookie(core->proofs, &from->addr, from->now_us, proof.cookie);
	r = hws_rdv_pack(&m, out);
	return r == HWS_OK ? hws_proof_append(out, &proof, NULL) : r;
}

int rdv_proving_result(struct rdv_core *core, const struct rdv_origin *from,
		const uint8_t pk[RDV_PK_LEN], Rdv__RegisterPkResponse__Result result,
		int keep_alive, struct hws_buf *out)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPkResponse answer = RDV__REGISTER_PK_RESPONSE__INIT;
	int r;

	answer.result = result;
	answer.keep_alive = keep_alive;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
	m.register_pk_response = &answer;
	r = hws_rdv_pack(&m, out);
	return r == HWS_OK ? rdv_proofs_seal(core->proofs, pk, from->proof->nonce, out) : r;
}
