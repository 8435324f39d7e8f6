/* host/audit_budget: how many events of a session are written one by one. Each session has its own
 * budget, so that who copies a hundred thousand files takes nobody else's lines; what was removed
 * or got another name has one of its own again, so large that nobody who does these things meets
 * it. In the agent and in hostd, which believes no agent. */
#pragma once
#include "shared/base/bucket.h"

/* The one that was silent for longest gives way. */
#define HWS_AUDIT_SESSIONS 64u
/* Of what hws_audit_is_kept names. */
#define HWS_AUDIT_KEPT_RATE 2000u
#define HWS_AUDIT_KEPT_BURST 100000u

struct hws_audit_budget {
	unsigned rate, burst;
	struct hws_audit_share {
		uint64_t session, used_us;
		struct hws_bucket kept, other;
	} share[HWS_AUDIT_SESSIONS];
	unsigned shares;
};

/* Cannot be seen afterwards: a removal, another name; a restart, a change of sides. */
bool hws_audit_is_kept(const char *event);
void hws_audit_budget_init(struct hws_audit_budget *b, unsigned rate, unsigned burst);
/* `session` 0: what belongs to none shares one budget. False: it is to be counted only. */
bool hws_audit_budget_take(
		struct hws_audit_budget *b, uint64_t session, const char *event, uint64_t now_us);
