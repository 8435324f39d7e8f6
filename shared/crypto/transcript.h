/* crypto/transcript: BLAKE2b over parts that cannot be shifted into each other, each use with a
 * label of its own: B, B512 and BK of docs/protocol-v2.md. */
#pragma once
#include "shared/base/bytes.h"
#include <stddef.h>

#define HWS_DIGEST_LEN 32
#define HWS_DIGEST512_LEN 64

/* B: 32 bytes over the label and the parts, each with its length before it. A part may be empty. */
void hws_digest(const char *label, const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_DIGEST_LEN]);
/* B512: the same with 64 bytes. */
void hws_digest512(const char *label, const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_DIGEST512_LEN]);
/* BK: with a key of 32 bytes; `ret` may be the key. */
void hws_digest_keyed(const uint8_t key_secret[32], const char *label,
		const struct hws_bytes *parts, size_t n, uint8_t ret[HWS_DIGEST_LEN]);
