/* rendezvous/state/seen: what was seen of late, as a set of a fixed size that remembers nothing but
 * that: eight bytes each. The oldest make room, so it never is full. Any thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_seen;
/* `max` of them, each for `ticks` ticks of tick_us. */
int rdv_seen_new(uint32_t max, uint64_t tick_us, uint32_t ticks,
		struct rdv_seen **ret) HWS_MUST_CHECK;
void rdv_seen_free(struct rdv_seen *s); /* takes NULL */
void rdv_seen_add(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us);
/* Something else is taken for it once in 2^37. */
bool rdv_seen_has(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us);
/* The same, and it is forgotten. */
bool rdv_seen_take(struct rdv_seen *s, struct hws_bytes what, uint64_t now_us);
