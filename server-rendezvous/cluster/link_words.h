/* rendezvous/cluster/link_words: the two first words of a direct link between nodes, and the keys
 * that come of them. Each node draws a key at its start and tells it to the others in sealed
 * messages (trust.h). A caller shows that key and a fresh one, the other answers with a fresh one;
 * what is hashed are the agreements fresh-fresh, own-fresh and fresh-own, and a secret of the
 * servers' key. So only the two whose keys were told can read or write a record, and what was
 * recorded is of no use when any of these keys becomes known later. No I/O. Private to the
 * cluster. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"

#define RDV_LINK_CALL_LEN (1 + 2 * HWS_BOX_PK_LEN)
#define RDV_LINK_ANSWER_LEN (1 + HWS_BOX_PK_LEN)
#define RDV_LINK_SECRET_LEN 32

/* For records of the two directions (crypto/record_v2). */
struct rdv_link_keys {
	uint8_t caller_secret[32], called_secret[32];
};

struct rdv_link_call {
	struct hws_box_pair fresh;
	uint8_t words[RDV_LINK_CALL_LEN];
};

/* The caller's words, in plain, and what it must keep until the answer. */
void rdv_link_call_new(const struct hws_box_pair *own, struct rdv_link_call *ret);
void rdv_link_call_wipe(struct rdv_link_call *c);
/* The key that a caller shows; borrows from `in`. HWS_ERR_PROTO: no such words. */
int rdv_link_call_read(struct hws_bytes in, const uint8_t **ret_pk) HWS_MUST_CHECK;
/* The one who is called, when it knows that key: its words, in plain, and the keys. */
int rdv_link_answer(const uint8_t secret[RDV_LINK_SECRET_LEN], const struct hws_box_pair *own,
		struct hws_bytes call, uint8_t ret[RDV_LINK_ANSWER_LEN],
		struct rdv_link_keys *ret_keys) HWS_MUST_CHECK;
/* The caller, with the answer of who has `called_pk`. */
int rdv_link_finish(const uint8_t secret[RDV_LINK_SECRET_LEN], const struct hws_box_pair *own,
		const struct rdv_link_call *c, const uint8_t called_pk[HWS_BOX_PK_LEN],
		struct hws_bytes answer, struct rdv_link_keys *ret_keys) HWS_MUST_CHECK;
