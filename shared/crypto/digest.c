/* SHA-256 under the names of what it is for, so that a reader sees which hashes are seen by others. */
#include "shared/crypto/digest.h"

#include <sodium.h>

#define B64 sodium_base64_VARIANT_ORIGINAL

_Static_assert(HWS_SHA256_LEN == crypto_hash_sha256_BYTES, "digest size");
_Static_assert(HWS_SWITCH_CODE_TEXT == sodium_base64_ENCODED_LEN(32, B64), "text size");

void hws_sha256(struct hws_bytes data, uint8_t ret[HWS_SHA256_LEN])
{
	crypto_hash_sha256(ret, data.ptr, data.len);
}

void hws_hwid(struct hws_bytes machine_uuid, uint8_t ret[HWS_HWID_LEN])
{
	hws_sha256(machine_uuid, ret);
}

void hws_switch_code(const char *uuid_text, char buf[HWS_SWITCH_CODE_TEXT])
{
	uint8_t sum[HWS_SHA256_LEN];

	hws_sha256(hws_bytes_str(uuid_text), sum);
	sodium_bin2base64(buf, HWS_SWITCH_CODE_TEXT, sum, sizeof(sum), B64);
}
