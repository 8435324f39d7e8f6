/* rendezvous/planes/target_rate: how often each device is asked for, so that nobody can ring one
 * without end. Bounded; one thread. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_target_rate;
int rdv_target_rate_new(uint32_t max, struct rdv_target_rate **ret) HWS_MUST_CHECK;
void rdv_target_rate_free(struct rdv_target_rate *t);
/* rate per second and burst; rate 0 = no limit. */
bool rdv_target_rate_take(struct rdv_target_rate *t, const char *id, uint32_t rate, uint32_t burst,
		uint64_t now_us);
