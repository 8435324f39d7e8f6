/* crypto/hmac: libsodium has it; here its state is wiped. */
#include "shared/crypto/hmac.h"

#include <sodium.h>

void hws_hmac_sha256(struct hws_bytes key, const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_HMAC_LEN])
{
	crypto_auth_hmacsha256_state st;

	_Static_assert(HWS_HMAC_LEN == crypto_auth_hmacsha256_BYTES, "length");
	crypto_auth_hmacsha256_init(&st, key.ptr, key.len);
	for (size_t i = 0; i < n; i++)
		crypto_auth_hmacsha256_update(&st, parts[i].ptr, parts[i].len);
	crypto_auth_hmacsha256_final(&st, ret);
	sodium_memzero(&st, sizeof(st));
}
