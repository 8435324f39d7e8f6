/* crypto/record_v2: protection of each frame between two hawser ends (docs/protocol-v2.md, 2): a
 * key for each direction, ChaCha20-Poly1305 (RFC 8439) with a counter as nonce, a type and padding
 * inside what is sealed, and a new key after so many records or bytes, without a word. One struct
 * is one direction. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_RECORD_V2_OVERHEAD 17 /* tag and type */
#define HWS_RECORD_V2_KEY_LEN 32

enum hws_record_type { HWS_RECORD_MESSAGE = 1, HWS_RECORD_CLOSE = 2, HWS_RECORD_FILLER = 3 };

struct hws_record_v2 {
	uint8_t key_secret[HWS_RECORD_V2_KEY_LEN];
	uint64_t count, bytes;         /* under this key */
	uint64_t count_max, bytes_max; /* then the next key; the same at both ends */
	uint32_t keys;                 /* used so far, for statistics */
};

/* Copies the key. Limits are those of the protocol; tests lower them before the first record. */
void hws_record_v2_init(struct hws_record_v2 *r, const uint8_t key[HWS_RECORD_V2_KEY_LEN]);
void hws_record_v2_wipe(struct hws_record_v2 *r);
/* Length of the record for so much content, padded so that what is sealed (content and type) is a
 * multiple of `pad` bytes; 0 or 1: not padded. */
size_t hws_record_v2_len(size_t content, size_t pad);
/* Writes hws_record_v2_len bytes to `out`, which may begin where `content` does, and overlaps it in
 * no other way. */
int hws_record_v2_seal(struct hws_record_v2 *r, enum hws_record_type type, struct hws_bytes content,
		size_t pad, uint8_t *out) HWS_MUST_CHECK;
/* Opens a record into `out` (room for in.len; may be in.ptr); `ret` points at the content there.
 * HWS_ERR_CRYPTO: not sealed with this key and counter, or without a known type; the link must be
 * closed. */
int hws_record_v2_open(struct hws_record_v2 *r, struct hws_bytes in, uint8_t *out,
		enum hws_record_type *ret_type, struct hws_bytes *ret) HWS_MUST_CHECK;
