/* SHA-256 under the names of what it is for, so that a reader sees which hashes are seen by
 * others. */
#include "shared/crypto/digest.h"

#include <sodium.h>

_Static_assert(HWS_SHA256_LEN == crypto_hash_sha256_BYTES, "digest size");

void hws_sha256(struct hws_bytes data, uint8_t ret[HWS_SHA256_LEN])
{
	crypto_hash_sha256(ret, data.ptr, data.len);
}

void hws_hwid(struct hws_bytes machine_uuid, uint8_t ret[HWS_HWID_LEN])
{
	hws_sha256(machine_uuid, ret);
}
