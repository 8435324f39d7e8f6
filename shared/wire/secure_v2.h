/* wire/secure_v2: the computations of the v2 handshake (docs/protocol-v2.md, 1), without state:
 * what is signed, what is boxed, what the keys are made of. For wire/secure and tests. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/crypto/transcript.h"
#include "shared/wire/secure.h"

#define HWS_V2_VERSION 2u
#define HWS_V2_CIPHER_CHACHA20                                                                     \
	1u                 /* bit 0 of HostCaps.ciphers; ViewerCaps.cipher is the bit's number */
#define HWS_V2_FEATURES 3u /* SPAKE2+ logins, framed forwards */
#define HWS_V2_LEGS 4u     /* a session that moves between connections */
#define HWS_V2_CAPS_MAX 256u
#define HWS_V2_BOX_HEAD 96u /* secret, nonce, seen */
#define HWS_V2_BOX_MAX (HWS_BOX_OVERHEAD + HWS_V2_BOX_HEAD + HWS_V2_CAPS_MAX)

/* What both ends know when the viewer's PublicKey is on its way. */
struct hws_v2_input {
	uint8_t dh_secret[32], secret[32];
	uint8_t nonce_v[HWS_NONCE_LEN], nonce_h[HWS_NONCE_LEN];
	uint8_t statement_hash[HWS_DIGEST_LEN];
	struct hws_bytes signed_id, e_v, box; /* borrowed */
	bool legs;                            /* the viewer can: to be said, or as it said */
};
struct hws_v2_output {
	uint8_t key_v[32], key_h[32], confirm_v[32], confirm_h[32], binding[HWS_BINDING_LEN],
			legs[32];
};

void hws_v2_statement_hash(struct hws_bytes statement, uint8_t ret[HWS_DIGEST_LEN]);
void hws_v2_derive(const struct hws_v2_input *in, struct hws_v2_output *ret);

/* Viewer: draws secret and nonce, agrees, boxes: fills `in` but for nonce_h, statement_hash and
 * signed_id, which are set before. `box` has room for HWS_V2_BOX_MAX. HWS_ERR_CRYPTO: E_h is not
 * usable. */
int hws_v2_seal(struct hws_v2_input *in, const struct hws_box_pair *own,
		const uint8_t e_h[HWS_BOX_PK_LEN], uint8_t *box, size_t *ret_len) HWS_MUST_CHECK;
/* Host: the reverse, with `plain` as opened; nonce_h, signed_id, e_v and box are set before.
 * HWS_ERR_PROTO: malformed, or the viewer saw another SignedId. */
int hws_v2_read(struct hws_v2_input *in, const struct hws_box_pair *own,
		const uint8_t e_v[HWS_BOX_PK_LEN], struct hws_bytes plain) HWS_MUST_CHECK;
