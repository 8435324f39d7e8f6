/* rendezvous/state/proofs: what this server and its devices prove to each other: keys in common
 * with each device (a few are remembered; nothing is kept for a device), cookies for addresses,
 * numbers for what is said. Any thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include "shared/wire/proof.h"
#include <stdbool.h>

struct rdv_proofs;

/* `identity` is borrowed and must outlive it. */
int rdv_proofs_new(const struct hws_identity *identity, struct rdv_proofs **ret) HWS_MUST_CHECK;
void rdv_proofs_free(struct rdv_proofs *p);
/* For who speaks from this address now; good for one to two minutes. */
void rdv_proofs_cookie(const struct rdv_proofs *p, const struct rdv_addr *from, uint64_t now_us,
		uint8_t ret[HWS_PROOF_COOKIE_LEN]);
bool rdv_proofs_cookie_good(const struct rdv_proofs *p, const struct rdv_addr *from,
		uint64_t now_us, const uint8_t cookie[HWS_PROOF_COOKIE_LEN]);
/* Whether the holder of `pk` wrote this. `proof` as it was read from it. */
bool rdv_proofs_check(struct rdv_proofs *p, const uint8_t pk[HWS_PK_LEN], struct hws_bytes message,
		const struct hws_proof *proof);
/* Appends to a packed message for the device with this key a number that was never used before,
 * its nonce (NULL: nothing is answered), and our proof. */
int rdv_proofs_seal(struct rdv_proofs *p, const uint8_t pk[HWS_PK_LEN], const uint8_t *nonce,
		struct hws_buf *message) HWS_MUST_CHECK;
