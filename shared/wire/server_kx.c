/* Both sides of the KeyExchange. The offer is laid out by hand: its form is fixed, and it is
 * made for each connection before anything is known of who connects. */
#include "shared/wire/server_kx.h"

#include "shared/base/mem.h"
#include "shared/wire/envelope.h"

#define SIGNED_LEN (HWS_SIG_LEN + HWS_BOX_PK_LEN)

void hws_kx_offer_new(const struct hws_identity *server, struct hws_kx_offer *ret)
{
	/* RendezvousMessage.key_exchange (field 25), one key of 96 bytes */
	static const uint8_t head[] = { 0xca, 0x01, SIGNED_LEN + 2, 0x0a, SIGNED_LEN };

	_Static_assert(sizeof(head) + SIGNED_LEN <= HWS_KX_OFFER_MAX, "offer fits");
	hws_box_pair_new(&ret->pair);
	memcpy(ret->payload, head, sizeof(head));
	hws_identity_sign_attached(server, hws_bytes(ret->pair.pk, HWS_BOX_PK_LEN),
			ret->payload + sizeof(head));
	ret->payload_len = sizeof(head) + SIGNED_LEN;
}

void hws_kx_offer_wipe(struct hws_kx_offer *o)
{
	hws_wipe(o, sizeof(*o));
}

struct hws_bytes hws_kx_offer_payload(const struct hws_kx_offer *o)
{
	return hws_bytes(o->payload, o->payload_len);
}

/* The KeyExchange in a payload; the message is freed by the caller on HWS_OK. */
static int unpack_kx(struct hws_bytes payload, Rdv__RendezvousMessage **ret)
{
	Rdv__RendezvousMessage *m;
	int r;

	/* Anything else is left to the caller, without unpacking it here. */
	if (payload.len < 2 || payload.ptr[0] != 0xca || payload.ptr[1] != 0x01)
		return HWS_ERR_NOTFOUND;
	r = hws_rdv_unpack(payload, &m);
	if (r < 0)
		return r;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_KEY_EXCHANGE) {
		hws_rdv_free(m);
		return HWS_ERR_NOTFOUND;
	}
	*ret = m;
	return HWS_OK;
}

int hws_kx_server_answer(const struct hws_kx_offer *o, struct hws_bytes payload,
		uint8_t ret_secret[HWS_SESSION_KEY_LEN])
{
	Rdv__RendezvousMessage *m;
	int r = unpack_kx(payload, &m);

	if (r < 0)
		return r;

	const Rdv__KeyExchange *kx = m->key_exchange;

	if (kx->n_keys != 2 || kx->keys[0].len != HWS_BOX_PK_LEN)
		r = HWS_ERR_PROTO;
	else
		r = hws_box_open(&o->pair, kx->keys[0].data,
				hws_bytes(kx->keys[1].data, kx->keys[1].len), ret_secret);
	hws_rdv_free(m);
	return r;
}

static int append_answer(const struct hws_box_pair *pair, uint8_t sealed[HWS_BOX_SEALED_LEN],
		struct hws_buf *reply)
{
	ProtobufCBinaryData keys[2] = {
		{ HWS_BOX_PK_LEN, (uint8_t *)pair->pk },
		{ HWS_BOX_SEALED_LEN, sealed },
	};
	Rdv__KeyExchange kx = RDV__KEY_EXCHANGE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	kx.n_keys = 2;
	kx.keys = keys;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_KEY_EXCHANGE;
	m.key_exchange = &kx;
	return hws_rdv_pack(&m, reply);
}

int hws_kx_client_answer(const uint8_t server_pk[HWS_PK_LEN], struct hws_bytes payload,
		struct hws_buf *reply, uint8_t ret_secret[HWS_SESSION_KEY_LEN])
{
	uint8_t key[HWS_SESSION_KEY_LEN], sealed[HWS_BOX_SEALED_LEN];
	struct hws_box_pair pair;
	struct hws_bytes box_pk;
	Rdv__RendezvousMessage *m;
	int r = unpack_kx(payload, &m);

	if (r < 0)
		return r;

	const Rdv__KeyExchange *kx = m->key_exchange;

	if (kx->n_keys != 1 || kx->keys[0].len != SIGNED_LEN) {
		r = HWS_ERR_PROTO;
	} else if (hws_verify_attached(server_pk, hws_bytes(kx->keys[0].data, SIGNED_LEN),
				   &box_pk) < 0) {
		r = HWS_ERR_KEY;
	} else {
		hws_box_pair_new(&pair);
		hws_session_key_new(key);
		r = hws_box_seal(&pair, box_pk.ptr, key, sealed);
		if (r == HWS_OK)
			r = append_answer(&pair, sealed, reply);
		if (r == HWS_OK)
			memcpy(ret_secret, key, sizeof(key));
		hws_box_pair_wipe(&pair);
		hws_wipe(key, sizeof(key));
	}
	hws_rdv_free(m);
	return r;
}
