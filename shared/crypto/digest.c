#include "shared/crypto/digest.h"

#include <sodium.h>

#define B64 sodium_base64_VARIANT_ORIGINAL

_Static_assert(HWS_SWITCH_CODE_TEXT == sodium_base64_ENCODED_LEN(32, B64), "text size");

void hws_hwid(struct hws_bytes machine_uuid, uint8_t ret[HWS_HWID_LEN])
{
	crypto_hash_sha256(ret, machine_uuid.ptr, machine_uuid.len);
}

void hws_switch_code(const char *uuid_text, char buf[HWS_SWITCH_CODE_TEXT])
{
	uint8_t sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, (const uint8_t *)uuid_text, strlen(uuid_text));
	sodium_bin2base64(buf, HWS_SWITCH_CODE_TEXT, sum, sizeof(sum), B64);
}
