/* crypto/agree: keys that two holders of Ed25519 identities have in common without a word between
 * them (X25519 of the two, static on both sides), one for each direction, and short proofs by such
 * keys. Nothing of it is secret from either holder, and there is no forward secrecy: it proves who
 * speaks, it hides nothing. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>

#define HWS_AGREE_KEY_LEN 32
#define HWS_AGREE_MAC_LEN 16

/* Of the two keys the first is for what the holder of `first_pk` says, the second for what the
 * other says; one of the two public keys is our own. `purpose` keeps the keys of one use from those
 * of another (at most 64 bytes). HWS_ERR_CRYPTO: the other's public key is none. */
int hws_agree(const struct hws_identity *own, const uint8_t first_pk[HWS_PK_LEN],
		const uint8_t second_pk[HWS_PK_LEN], const char *purpose,
		uint8_t ret_first_secret[HWS_AGREE_KEY_LEN],
		uint8_t ret_second_secret[HWS_AGREE_KEY_LEN]) HWS_MUST_CHECK;
/* BLAKE2b with this key, 16 bytes. */
void hws_agree_mac(const uint8_t key_secret[HWS_AGREE_KEY_LEN], struct hws_bytes data,
		uint8_t ret[HWS_AGREE_MAC_LEN]);
