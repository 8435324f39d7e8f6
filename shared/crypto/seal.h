/* crypto/seal: single messages under a key that both sides have: XChaCha20-Poly1305 with a random
 * nonce in front, long enough that it never comes twice. A message says nothing of its age: whoever
 * must not take one twice numbers them inside. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_SEAL_KEY_LEN 32
#define HWS_SEAL_OVERHEAD 40 /* a sealed message is this much longer */

/* Writes plain.len + HWS_SEAL_OVERHEAD bytes to `out`, which does not overlap. `about` is not sent
 * and must be the same when it is opened: what the message is for. */
void hws_seal(const uint8_t key[HWS_SEAL_KEY_LEN], struct hws_bytes about, struct hws_bytes plain,
		uint8_t *out);
/* Opens into `out` (room for in.len - HWS_SEAL_OVERHEAD) and points `ret` at it. HWS_ERR_CRYPTO:
 * not sealed with this key for this, or changed on the way. */
int hws_seal_open(const uint8_t key[HWS_SEAL_KEY_LEN], struct hws_bytes about, struct hws_bytes in,
		uint8_t *out, struct hws_bytes *ret) HWS_MUST_CHECK;
