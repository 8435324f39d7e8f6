/* rendezvous/cluster/link_words: an exchange of the pattern that the Noise framework calls KK, with
 * a secret that both have besides. */
#include "server-rendezvous/cluster/link_words.h"
#include "shared/base/mem.h"
#include "shared/crypto/transcript.h"
#include <string.h>

#define VERSION 1

/* Agreements in the order in which both sides hash them. */
struct agreed {
	uint8_t fresh_secret[32], caller_secret[32], called_secret[32];
};

void rdv_link_call_new(const struct hws_box_pair *own, struct rdv_link_call *ret)
{
	hws_box_pair_new(&ret->fresh);
	ret->words[0] = VERSION;
	memcpy(ret->words + 1, own->pk, HWS_BOX_PK_LEN);
	memcpy(ret->words + 1 + HWS_BOX_PK_LEN, ret->fresh.pk, HWS_BOX_PK_LEN);
}

void rdv_link_call_wipe(struct rdv_link_call *c)
{
	hws_box_pair_wipe(&c->fresh);
}

int rdv_link_call_read(struct hws_bytes in, const uint8_t **ret_pk)
{
	if (in.len != RDV_LINK_CALL_LEN || in.ptr[0] != VERSION)
		return HWS_ERR_PROTO;
	*ret_pk = in.ptr + 1;
	return HWS_OK;
}

static void derive(const uint8_t *secret, const struct agreed *a, struct hws_bytes call,
		const uint8_t *called_pk, struct hws_bytes answer, struct rdv_link_keys *ret)
{
	struct hws_bytes parts[] = { hws_bytes(a->fresh_secret, 32),
		hws_bytes(a->caller_secret, 32), hws_bytes(a->called_secret, 32), call,
		hws_bytes(called_pk, HWS_BOX_PK_LEN), answer };
	uint8_t chain_secret[HWS_DIGEST_LEN];

	hws_digest_keyed(secret, "hawser node link", parts, HWS_COUNT(parts), chain_secret);
	hws_digest_keyed(chain_secret, "caller", NULL, 0, ret->caller_secret);
	hws_digest_keyed(chain_secret, "called", NULL, 0, ret->called_secret);
	hws_wipe(chain_secret, sizeof(chain_secret));
}

int rdv_link_answer(const uint8_t secret[RDV_LINK_SECRET_LEN], const struct hws_box_pair *own,
		struct hws_bytes call, uint8_t ret[RDV_LINK_ANSWER_LEN],
		struct rdv_link_keys *ret_keys)
{
	const uint8_t *caller_pk, *caller_fresh;
	struct hws_box_pair fresh;
	struct agreed a;
	int r = rdv_link_call_read(call, &caller_pk);

	if (r < 0)
		return r;
	caller_fresh = caller_pk + HWS_BOX_PK_LEN;
	hws_box_pair_new(&fresh);
	ret[0] = VERSION;
	memcpy(ret + 1, fresh.pk, HWS_BOX_PK_LEN);
	r = hws_box_agree(&fresh, caller_fresh, a.fresh_secret);
	if (r == HWS_OK)
		r = hws_box_agree(&fresh, caller_pk, a.caller_secret);
	if (r == HWS_OK)
		r = hws_box_agree(own, caller_fresh, a.called_secret);
	if (r == HWS_OK)
		derive(secret, &a, call, own->pk, hws_bytes(ret, RDV_LINK_ANSWER_LEN), ret_keys);
	hws_box_pair_wipe(&fresh);
	hws_wipe(&a, sizeof(a));
	return r;
}

int rdv_link_finish(const uint8_t secret[RDV_LINK_SECRET_LEN], const struct hws_box_pair *own,
		const struct rdv_link_call *c, const uint8_t called_pk[HWS_BOX_PK_LEN],
		struct hws_bytes answer, struct rdv_link_keys *ret_keys)
{
	struct agreed a;
	int r;

	if (answer.len != RDV_LINK_ANSWER_LEN || answer.ptr[0] != VERSION)
		return HWS_ERR_PROTO;
	r = hws_box_agree(&c->fresh, answer.ptr + 1, a.fresh_secret);
	if (r == HWS_OK)
		r = hws_box_agree(own, answer.ptr + 1, a.caller_secret);
	if (r == HWS_OK)
		r = hws_box_agree(&c->fresh, called_pk, a.called_secret);
	if (r == HWS_OK)
		derive(secret, &a, hws_bytes(c->words, sizeof(c->words)), called_pk, answer,
				ret_keys);
	hws_wipe(&a, sizeof(a));
	return r;
}
