/* Single sealed messages: nonce, then what libsodium's combined mode makes of the rest. */
#include "shared/crypto/seal.h"

#include <sodium.h>

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(HWS_SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(HWS_SEAL_OVERHEAD == NONCE_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES,
		"overhead");

void hws_seal(const uint8_t key[HWS_SEAL_KEY_LEN], struct hws_bytes about, struct hws_bytes plain,
		uint8_t *out)
{
	randombytes_buf(out, NONCE_LEN);
	/* always 0: it has no way to fail */
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_LEN, NULL, plain.ptr,
			plain.len, about.ptr, about.len, NULL, out, key);
}

int hws_seal_open(const uint8_t key[HWS_SEAL_KEY_LEN], struct hws_bytes about, struct hws_bytes in,
		uint8_t *out, struct hws_bytes *ret)
{
	if (in.len < HWS_SEAL_OVERHEAD ||
			crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
					in.ptr + NONCE_LEN, in.len - NONCE_LEN, about.ptr,
					about.len, in.ptr, key) != 0)
		return HWS_ERR_CRYPTO;
	*ret = hws_bytes(out, in.len - HWS_SEAL_OVERHEAD);
	return HWS_OK;
}
