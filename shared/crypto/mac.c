/* crypto/mac: each part is led by its length, so that parts cannot be shifted into each other. */
#include "shared/crypto/mac.h"

#include <sodium.h>

void hws_mac(const uint8_t key[HWS_MAC_KEY_LEN], const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_MAC_LEN])
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, key, HWS_MAC_KEY_LEN, HWS_MAC_LEN);
	for (size_t i = 0; i < n; i++) {
		uint8_t len[8];

		for (size_t k = 0; k < sizeof(len); k++)
			len[k] = (uint8_t)((uint64_t)parts[i].len >> (8 * k));
		crypto_generichash_update(&s, len, sizeof(len));
		if (parts[i].len)
			crypto_generichash_update(&s, parts[i].ptr, parts[i].len);
	}
	crypto_generichash_final(&s, ret, HWS_MAC_LEN);
	sodium_memzero(&s, sizeof(s));
}
