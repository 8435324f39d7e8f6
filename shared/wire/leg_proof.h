/* wire/leg_proof: what the two ends of a session say on a connection that is to be one of its legs
 * (net/leg_join; docs/protocol-v2.md, section "Legs"): the messages and their proofs. Sans-IO. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/transcript.h"
#include <stddef.h>
#include <stdint.h>

#define HWS_LEG_SESSION_LEN 16 /* random; names a session at its host */
#define HWS_LEG_NAME_LEN 16    /* names one leg, once */
#define HWS_LEG_NAMES 16u      /* so many legs ahead a host knows by their names */
#define HWS_LEG_KEY_LEN 32
#define HWS_LEG_NONCE_LEN 32
#define HWS_LEG_WORD_MAX 128u /* each of the three, packed */

/* What both ends know of a leg that is joining. */
struct hws_leg_terms {
	uint8_t session[HWS_LEG_SESSION_LEN];
	uint8_t key_secret[HWS_LEG_KEY_LEN];
	uint32_t number;
	uint8_t name[HWS_LEG_NAME_LEN]; /* as read; what is put is made of the above */
	uint8_t nonce_v[HWS_LEG_NONCE_LEN], nonce_h[HWS_LEG_NONCE_LEN];
	uint64_t host_received, viewer_received;
};

/* Both: what JoinLeg names the leg by, of session, key and number. Nobody else knows it before it
 * is said, and it is good once. */
void hws_leg_name(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_NAME_LEN]);
/* Viewer: JoinLeg of the leg's name, number and nonce_v. The length. */
size_t hws_leg_join_put(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX]);
/* Gate: fills name, number and nonce_v of a first frame. HWS_ERR_NOTFOUND: it is something else;
 * HWS_ERR_PROTO. */
int hws_leg_join_read(struct hws_bytes frame, struct hws_leg_terms *ret) HWS_MUST_CHECK;
/* Host: LegChallenge, with all but viewer_received. */
size_t hws_leg_challenge_put(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX]);
/* Viewer: fills nonce_h and host_received. HWS_ERR_CRYPTO: it proves nothing. HWS_ERR_PROTO. */
int hws_leg_challenge_read(struct hws_bytes frame, struct hws_leg_terms *t) HWS_MUST_CHECK;
/* Viewer: LegProof. */
size_t hws_leg_proof_put(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX]);
/* Host: fills viewer_received. As above. */
int hws_leg_proof_read(struct hws_bytes frame, struct hws_leg_terms *t) HWS_MUST_CHECK;
/* The key for tags of its datagrams (net/kcp). */
void hws_leg_tag_key(const struct hws_leg_terms *t, uint8_t ret_secret[HWS_DIGEST_LEN]);
