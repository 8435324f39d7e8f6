/* rendezvous/planes/target_rate: how often each device is asked for, so that nobody can ring one
 * without end, and shared fairly between those who ask: one that asks much uses up its own share
 * only. Bounded; one thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_target_rate;
/* max_targets devices and max_callers pairs of a device and who asks for it are remembered. */
int rdv_target_rate_new(uint32_t max_targets, uint32_t max_callers,
		struct rdv_target_rate **ret) HWS_MUST_CHECK;
void rdv_target_rate_free(struct rdv_target_rate *t);

struct rdv_call {
	const char *id;
	const struct rdv_addr *from;
	bool proven;          /* the caller has shown the key */
	bool site;            /* it is where the device is: many people may be behind it */
	uint32_t rate, burst; /* of the device, per second; rate 0 = no limit */
	uint64_t now_us;
};
/* Takes one call from the budget of the device, or false: it was asked too often, or this caller
 * had its share. A caller's share is what the device has left: at most half of what can come at
 * once, the same rate as every other one who asks without end, and less for who asks more. */
bool rdv_target_rate_take(struct rdv_target_rate *t, const struct rdv_call *call);
