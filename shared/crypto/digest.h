/* crypto/digest: hashes without a key, such as the protocol shows to others. */
#pragma once
#include "shared/base/bytes.h"

#define HWS_SHA256_LEN 32
#define HWS_HWID_LEN HWS_SHA256_LEN
#define HWS_SWITCH_CODE_TEXT 45 /* base64 of 32 bytes with NUL */

void hws_sha256(struct hws_bytes data, uint8_t ret[HWS_SHA256_LEN]);
/* SHA-256 of what names this machine: marks a trusted device. */
void hws_hwid(struct hws_bytes machine_uuid, uint8_t ret[HWS_HWID_LEN]);
/* base64 of SHA-256 of the hyphenated uuid text: what the rendezvous server sees of a switch of
 * sides. */
void hws_switch_code(const char *uuid_text, char buf[HWS_SWITCH_CODE_TEXT]);
