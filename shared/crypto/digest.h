/* crypto/digest: hashes without a key, such as the protocol shows to others. */
#pragma once
#include "shared/base/bytes.h"

#define HWS_SHA256_LEN 32
#define HWS_HWID_LEN HWS_SHA256_LEN

void hws_sha256(struct hws_bytes data, uint8_t ret[HWS_SHA256_LEN]);
/* SHA-256 of what names this machine: marks a trusted device. */
void hws_hwid(struct hws_bytes machine_uuid, uint8_t ret[HWS_HWID_LEN]);
