/* The one use handshakes make of crypto_box: a session key under the zero nonce of the deployed
 * wire, safe because the pair that seals is fresh each time. */
#include "shared/crypto/box.h"

#include <sodium.h>

static const uint8_t zero_nonce[crypto_box_NONCEBYTES];

_Static_assert(HWS_BOX_PK_LEN == crypto_box_PUBLICKEYBYTES, "wire format");
_Static_assert(HWS_BOX_SEALED_LEN == HWS_SESSION_KEY_LEN + crypto_box_MACBYTES, "wire format");

void hws_box_pair_new(struct hws_box_pair *ret)
{
	crypto_box_keypair(ret->pk, ret->sk_secret);
}

void hws_box_pair_wipe(struct hws_box_pair *p)
{
	sodium_memzero(p, sizeof(*p));
}

void hws_session_key_new(uint8_t ret[HWS_SESSION_KEY_LEN])
{
	randombytes_buf(ret, HWS_SESSION_KEY_LEN);
}

int hws_box_seal_bytes(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		struct hws_bytes plain, uint8_t *ret)
{
	if (crypto_box_easy(ret, plain.ptr, plain.len, zero_nonce, peer_pk, own->sk_secret) != 0)
		return HWS_ERR_CRYPTO;
	return HWS_OK;
}

int hws_box_seal(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		const uint8_t key[HWS_SESSION_KEY_LEN], uint8_t ret[HWS_BOX_SEALED_LEN])
{
	return hws_box_seal_bytes(own, peer_pk, hws_bytes(key, HWS_SESSION_KEY_LEN), ret);
}

int hws_box_open_bytes(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		struct hws_bytes sealed, uint8_t *ret)
{
	if (sealed.len < HWS_BOX_OVERHEAD ||
			crypto_box_open_easy(ret, sealed.ptr, sealed.len, zero_nonce, peer_pk,
					own->sk_secret) != 0)
		return HWS_ERR_CRYPTO;
	return HWS_OK;
}

int hws_box_open(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		struct hws_bytes sealed, uint8_t ret[HWS_SESSION_KEY_LEN])
{
	uint8_t key[HWS_SESSION_KEY_LEN];
	int r = HWS_ERR_CRYPTO;

	if (sealed.len != HWS_BOX_SEALED_LEN)
		return r;
	r = hws_box_open_bytes(own, peer_pk, sealed, key);
	if (r == HWS_OK)
		memcpy(ret, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return r;
}

int hws_box_agree(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		uint8_t ret_secret[32])
{
	return crypto_scalarmult(ret_secret, own->sk_secret, peer_pk) == 0 ? HWS_OK
									   : HWS_ERR_CRYPTO;
}
