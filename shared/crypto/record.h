/* crypto/record: protection of each frame once a session key is agreed: XSalsa20-Poly1305 with a
 * counter as nonce, one counter for each direction, both starting at 1. Key and nonces are the
 * same in both directions; that is the deployed wire and cannot be changed here. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_RECORD_OVERHEAD 16 /* a sealed payload is this much longer */

struct hws_record {
	uint8_t key_secret[32];
	uint64_t tx; /* records sent */
	uint64_t rx; /* records opened */
};

/* Copies the key, both counters 0. */
void hws_record_init(struct hws_record *r, const uint8_t key[32]);
void hws_record_wipe(struct hws_record *r);
/* Writes plain.len + HWS_RECORD_OVERHEAD bytes to `out`, which may overlap `plain` (in place: out
 * + 16 == plain.ptr avoids a copy). HWS_ERR_PROTO when the counter is used up. */
int hws_record_seal(struct hws_record *r, struct hws_bytes plain, uint8_t *out) HWS_MUST_CHECK;
/* Opens a frame payload into `out` (room for in.len; may be in.ptr, or in.ptr + 16, which avoids a
 * copy) and points `ret` at the plain text. A payload of at most one byte is never sealed: it is
 * given back as it is, unauthenticated, and the counter does not move; treat it as a heartbeat,
 * never as a message. HWS_ERR_CRYPTO: not sealed with this key and counter; the link must be
 * closed. */
int hws_record_open(struct hws_record *r, struct hws_bytes in, uint8_t *out,
		struct hws_bytes *ret) HWS_MUST_CHECK;
