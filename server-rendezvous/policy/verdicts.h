/* rendezvous/policy/verdicts: what the policy lately said, by what it was asked. Bounded: sets of
 * eight, and whoever asks much pushes out those of some sets only, since the places are keyed. */
#pragma once
#include "server-rendezvous/state/granted.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/daemon/policy_line.h"

#define RDV_VERDICT_KEY 16

struct rdv_verdict {
	bool allowed;
	struct rdv_granted granted;
	char text[HWS_POLICY_TEXT]; /* for who is refused */
};

struct rdv_verdicts;
int rdv_verdicts_new(uint32_t max, struct rdv_verdicts **ret) HWS_MUST_CHECK;
void rdv_verdicts_free(struct rdv_verdicts *v);
/* What a question is kept under. */
void rdv_verdicts_key(const struct rdv_verdicts *v, const struct hws_policy_say_line *q,
		uint8_t ret[RDV_VERDICT_KEY]);
void rdv_verdicts_put(struct rdv_verdicts *v, const uint8_t key[RDV_VERDICT_KEY],
		const struct rdv_verdict *verdict, uint64_t now_us, uint64_t hold_us);
/* One that holds still, or, with `stale`, any of the last hour; NULL: none. Borrows until the next
 * put. */
const struct rdv_verdict *rdv_verdicts_find(const struct rdv_verdicts *v,
		const uint8_t key[RDV_VERDICT_KEY], uint64_t now_us, bool stale);
