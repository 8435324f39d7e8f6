/* crypto/sealed_box: libsodium's, of X25519 and XSalsa20-Poly1305: each with a pair of its own that
 * is forgotten at once. */
#include "shared/crypto/sealed_box.h"

#include <sodium.h>

void hws_sealed_box_pair_new(struct hws_sealed_box_pair *ret)
{
	_Static_assert(HWS_SEALED_BOX_KEY_LEN == crypto_box_PUBLICKEYBYTES &&
					HWS_SEALED_BOX_OVERHEAD == crypto_box_SEALBYTES,
			"lengths");
	crypto_box_keypair(ret->pk, ret->sk_secret);
}

void hws_sealed_box_pair_of(
		const uint8_t sk[HWS_SEALED_BOX_KEY_LEN], struct hws_sealed_box_pair *ret)
{
	memcpy(ret->sk_secret, sk, HWS_SEALED_BOX_KEY_LEN);
	crypto_scalarmult_base(ret->pk, sk);
}

void hws_sealed_box_pair_wipe(struct hws_sealed_box_pair *p)
{
	sodium_memzero(p, sizeof(*p));
}

int hws_sealed_box_close(
		const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], struct hws_bytes plain, uint8_t *ret)
{
	return crypto_box_seal(ret, plain.ptr, plain.len, pk) == 0 ? HWS_OK : HWS_ERR_CRYPTO;
}

int hws_sealed_box_open(
		const struct hws_sealed_box_pair *pair, struct hws_bytes sealed, uint8_t *ret)
{
	if (sealed.len < HWS_SEALED_BOX_OVERHEAD)
		return HWS_ERR_CRYPTO;
	return crypto_box_seal_open(ret, sealed.ptr, sealed.len, pair->pk, pair->sk_secret) == 0
			? HWS_OK
			: HWS_ERR_CRYPTO;
}
