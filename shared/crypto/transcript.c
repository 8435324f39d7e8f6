/* Lengths before the parts: two different lists of parts are never the same bytes. */
#include "shared/crypto/transcript.h"

#include <sodium.h>
#include <string.h>

static void put(crypto_generichash_state *st, struct hws_bytes part)
{
	uint8_t len[4];

	for (size_t i = 0; i < sizeof(len); i++)
		len[i] = (uint8_t)(part.len >> (8 * i));
	crypto_generichash_update(st, len, sizeof(len));
	if (part.len)
		crypto_generichash_update(st, part.ptr, part.len);
}

static void digest(const uint8_t *key, const char *label, const struct hws_bytes *parts, size_t n,
		uint8_t *ret, size_t len)
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, key, key ? 32 : 0, len);
	put(&st, hws_bytes_str(label));
	for (size_t i = 0; i < n; i++)
		put(&st, parts[i]);
	crypto_generichash_final(&st, ret, len);
	sodium_memzero(&st, sizeof(st));
}

void hws_digest(const char *label, const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_DIGEST_LEN])
{
	digest(NULL, label, parts, n, ret, HWS_DIGEST_LEN);
}

void hws_digest512(const char *label, const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_DIGEST512_LEN])
{
	digest(NULL, label, parts, n, ret, HWS_DIGEST512_LEN);
}

void hws_digest_keyed(const uint8_t key_secret[32], const char *label,
		const struct hws_bytes *parts, size_t n, uint8_t ret[HWS_DIGEST_LEN])
{
	digest(key_secret, label, parts, n, ret, HWS_DIGEST_LEN);
}
