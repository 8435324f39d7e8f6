/* crypto/pake: logging in by password without telling anybody anything to guess at: SPAKE2+
 * (RFC 9383) over ristretto255, the host's share first; docs/protocol-v2.md, 3. The host keeps a
 * verifier, from which guessing a permanent password costs Argon2id for each guess. The input is
 * h1 of crypto/password. Pure but for randomness; no clock, no I/O. Every struct here holds
 * secrets: wipe it with hws_wipe when done. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/password.h"
#include <stdbool.h>

#define HWS_PAKE_SHARE_LEN 32
#define HWS_PAKE_CONFIRM_LEN 32
#define HWS_PAKE_SALT_LEN 16
#define HWS_PAKE_OPS_MAX 10u
#define HWS_PAKE_MEMORY_MIN_KIB 8192u
#define HWS_PAKE_MEMORY_MAX_KIB (256u << 10)
/* What a permanent password is stored with. */
#define HWS_PAKE_OPS 3u
#define HWS_PAKE_MEMORY_KIB (64u << 10)

enum hws_pake_kind { HWS_PAKE_TEMPORARY = 1, HWS_PAKE_PERMANENT = 2 };

/* How the password is stretched. ops 0: not at all (temporary passwords, which no file holds). */
struct hws_pake_cost {
	uint8_t salt[HWS_PAKE_SALT_LEN];
	uint32_t ops, memory_kib;
};
/* What the viewer computes from a password, and may remember in its place. */
struct hws_pake_secret {
	uint8_t w0_secret[32], w1_secret[32];
};
/* What the host keeps of a password. */
struct hws_pake_verifier {
	struct hws_pake_cost cost;
	uint8_t w0_secret[32], l_secret[32];
};
/* The session a proof is good for. */
struct hws_pake_context {
	const uint8_t *binding; /* 32 bytes */
	const uint8_t *host_pk; /* 32 bytes */
	enum hws_pake_kind kind;
};

/* HWS_ERR_RANGE: such a cost is not allowed for that kind (too cheap, too dear). */
int hws_pake_cost_check(const struct hws_pake_cost *cost, enum hws_pake_kind kind) HWS_MUST_CHECK;
/* Fresh salt; the cost of a permanent password, or none. */
void hws_pake_cost_new(struct hws_pake_cost *ret, enum hws_pake_kind kind);
/* Argon2id: takes tens to hundreds of milliseconds and memory_kib of memory, so never on an event
 * loop (unless ops is 0). HWS_ERR_NOMEM. */
int hws_pake_secret_of(const uint8_t h1_secret[HWS_H1_LEN], const struct hws_pake_cost *cost,
		struct hws_pake_secret *ret) HWS_MUST_CHECK;
/* The same for the host's file. */
int hws_pake_verifier_of(const uint8_t h1_secret[HWS_H1_LEN], const struct hws_pake_cost *cost,
		struct hws_pake_verifier *ret) HWS_MUST_CHECK;

/* Host: an offer that takes one proof. */
struct hws_pake_offer {
	uint8_t y_secret[32];
	uint8_t share[HWS_PAKE_SHARE_LEN];
};
void hws_pake_offer_new(const struct hws_pake_verifier *v, struct hws_pake_offer *ret);
/* Host: judges the viewer's share and confirmation; wipes the offer's secret in any case, so a
 * second call with the same offer is HWS_ERR_CLOSED. HWS_ERR_CRYPTO: another password, or not a
 * share. On success the host's own confirmation. */
int hws_pake_judge(const struct hws_pake_verifier *v, struct hws_pake_offer *offer,
		const struct hws_pake_context *context, struct hws_bytes share,
		struct hws_bytes confirm, uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN]) HWS_MUST_CHECK;

/* Viewer: answers an offer's share; `ret_expect` is what the host must confirm with. HWS_ERR_CRYPTO
 * when the share is not one. */
int hws_pake_answer(const struct hws_pake_secret *secret, const struct hws_pake_context *context,
		struct hws_bytes offer_share, uint8_t ret_share[HWS_PAKE_SHARE_LEN],
		uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN],
		uint8_t ret_expect[HWS_PAKE_CONFIRM_LEN]) HWS_MUST_CHECK;
