/* loop/slots: 64-bit ids (generation + index) for objects, to be carried across asynchronous gaps
 * instead of pointers. Look-up of an object that has gone gives NULL. Not thread-safe. */
#pragma once
#include "shared/base/err.h"
#include <stdint.h>

struct hws_slots {
	struct hws_slot *slot;
	uint32_t size, used, max;
	uint32_t free_head;
};

void hws_slots_init(struct hws_slots *s, uint32_t max);
void hws_slots_done(struct hws_slots *s);
/* HWS_ERR_FULL above max. An id is never 0. */
int hws_slots_add(struct hws_slots *s, void *obj, uint64_t *ret_id) HWS_MUST_CHECK;
void *hws_slots_get(const struct hws_slots *s, uint64_t id);
/* Harmless for ids that have gone. */
void hws_slots_remove(struct hws_slots *s, uint64_t id);
