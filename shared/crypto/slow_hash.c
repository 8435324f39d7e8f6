/* crypto/slow_hash: an account that does not exist costs the same time as one that does. */
#include "shared/crypto/slow_hash.h"
#include "shared/base/macros.h"

#include <sodium.h>

_Static_assert(HWS_SLOW_HASH_TEXT == crypto_pwhash_argon2id_STRBYTES, "size of the text");

static size_t memory_of(struct hws_slow_cost cost)
{
	return (size_t)HWS_MIN(HWS_MAX(cost.mib, 8u), 1024u) << 20;
}

static unsigned passes_of(struct hws_slow_cost cost)
{
	return HWS_MIN(HWS_MAX(cost.passes, 1u), 64u);
}

int hws_slow_hash(
		struct hws_bytes password, struct hws_slow_cost cost, char buf[HWS_SLOW_HASH_TEXT])
{
	return crypto_pwhash_argon2id_str(buf, (const char *)password.ptr, password.len,
			       passes_of(cost), memory_of(cost)) == 0
			? HWS_OK
			: HWS_ERR_NOMEM;
}

int hws_slow_hash_verify(const char *text, struct hws_bytes password, struct hws_slow_cost cost)
{
	char scratch[HWS_SLOW_HASH_TEXT];

	if (!text) {
		int r = hws_slow_hash(password, cost, scratch);

		sodium_memzero(scratch, sizeof(scratch));
		return r < 0 ? r : HWS_ERR_PASSWORD;
	}
	return crypto_pwhash_argon2id_str_verify(text, (const char *)password.ptr, password.len) ==
					0
			? HWS_OK
			: HWS_ERR_PASSWORD;
}

bool hws_slow_hash_stale(const char *text, struct hws_slow_cost cost)
{
	return crypto_pwhash_argon2id_str_needs_rehash(text, passes_of(cost), memory_of(cost)) != 0;
}
