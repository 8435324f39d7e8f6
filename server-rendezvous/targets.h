/* rendezvous/targets: how often each device is asked for, so that nobody can ring one without end. Bounded; one
 * thread. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_targets;
int rdv_targets_new(uint32_t max, struct rdv_targets **ret) HWS_MUST_CHECK;
void rdv_targets_free(struct rdv_targets *t);
/* rate per second and burst; rate 0 = no limit. */
bool rdv_targets_take(struct rdv_targets *t, const char *id, uint32_t rate, uint32_t burst,
		uint64_t now_us);
