/* Tables whose keys strangers choose are hashed with a key that they do not know; secrets are
 * compared in a time that tells nothing of them. */
#include "shared/crypto/hash.h"
#include <sodium.h>

uint64_t hws_keyed_hash(const uint8_t key[HWS_HASH_KEY_LEN], struct hws_bytes data)
{
	uint64_t h;

	_Static_assert(crypto_shorthash_BYTES == sizeof(h), "hash size");
	_Static_assert(crypto_shorthash_KEYBYTES == HWS_HASH_KEY_LEN, "key size");
	crypto_shorthash((uint8_t *)&h, data.ptr, data.len, key);
	return h;
}

void hws_keyed_hash128(const uint8_t key[HWS_HASH_KEY_LEN], struct hws_bytes data, uint8_t ret[16])
{
	_Static_assert(crypto_shorthash_siphashx24_BYTES == 16, "hash size");
	crypto_shorthash_siphashx24(ret, data.ptr, data.len, key);
}

bool hws_secret_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}
