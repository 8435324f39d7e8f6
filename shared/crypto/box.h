/* crypto/box: an ephemeral X25519 pair and what handshakes do with it: carry a session key, or a
 * little more, to the other side (crypto_box with the all-zero nonce of the deployed wire), and
 * agree on a secret. The zero nonce is safe only because the sender's pair is fresh for each
 * message: seal at most once with a pair. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_BOX_PK_LEN 32
#define HWS_SESSION_KEY_LEN 32
#define HWS_BOX_OVERHEAD 16
#define HWS_BOX_SEALED_LEN 48 /* a sealed session key */

struct hws_box_pair {
	uint8_t pk[HWS_BOX_PK_LEN];
	uint8_t sk_secret[32];
};

void hws_box_pair_new(struct hws_box_pair *ret);
void hws_box_pair_wipe(struct hws_box_pair *p);
void hws_session_key_new(uint8_t ret[HWS_SESSION_KEY_LEN]);
/* HWS_ERR_CRYPTO when the peer's key is not usable (low order). */
int hws_box_seal(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		const uint8_t key[HWS_SESSION_KEY_LEN],
		uint8_t ret[HWS_BOX_SEALED_LEN]) HWS_MUST_CHECK;
/* HWS_ERR_CRYPTO when it does not open or does not hold exactly a session key. */
int hws_box_open(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		struct hws_bytes sealed, uint8_t ret[HWS_SESSION_KEY_LEN]) HWS_MUST_CHECK;
/* The same with a text of any length: `ret` has room for plain.len + HWS_BOX_OVERHEAD. */
int hws_box_seal_bytes(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		struct hws_bytes plain, uint8_t *ret) HWS_MUST_CHECK;
/* `ret` has room for sealed.len - HWS_BOX_OVERHEAD. */
int hws_box_open_bytes(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		struct hws_bytes sealed, uint8_t *ret) HWS_MUST_CHECK;
/* The plain X25519 result, to be hashed. HWS_ERR_CRYPTO when the peer's key is of low order. */
int hws_box_agree(const struct hws_box_pair *own, const uint8_t peer_pk[HWS_BOX_PK_LEN],
		uint8_t ret_secret[32]) HWS_MUST_CHECK;
