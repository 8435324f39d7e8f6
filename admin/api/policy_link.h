/* api/policy_link: this end of the policy socket: the ID servers of this machine ask here who may
 * reach what, and tell which devices register and which sessions last. Each answer is made on the
 * common threads, from the database. On the program's loop. */
#pragma once
#include "admin/api/app.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct adi_policy;

struct adi_policy_stats {
	uint64_t links, allowed, refused, undecided, devices, dropped;
};

/* Listens at `path` (0600; `group` "" or one that may connect, too). `work` ends before it is
 * freed. */
int adi_policy_new(struct hws_loop *loop, struct adi_app *app, struct hws_work *work,
		const char *path, const char *group, struct adi_policy **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void adi_policy_free(struct adi_policy *p); /* takes NULL */
/* Updated in place on the loop. */
const struct adi_policy_stats *adi_policy_stats(const struct adi_policy *p);
