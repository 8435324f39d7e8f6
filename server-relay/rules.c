/* Counted snapshots: a shard uses one without a lock while the next is already in force
 * elsewhere. */
#include "server-relay/rules.h"
#include "shared/base/mem.h"

int rly_rules_new(struct rly_rules **ret)
{
	struct rly_rules *r = hws_alloc(sizeof(*r));

	if (!r)
		return HWS_ERR_NOMEM;
	r->users = 1;
	*ret = r;
	return HWS_OK;
}

struct rly_rules *rly_rules_ref(struct rly_rules *r)
{
	__atomic_add_fetch(&r->users, 1, __ATOMIC_RELAXED);
	return r;
}

void rly_rules_unref(struct rly_rules *r)
{
	if (!r || __atomic_sub_fetch(&r->users, 1, __ATOMIC_ACQ_REL))
		return;
	hws_cidr_list_done(&r->block);
	hws_cidr_list_done(&r->allow);
	hws_cidr_list_done(&r->slow);
	hws_cidr_list_done(&r->trusted);
	hws_free(r);
}

bool rly_rules_admit(const struct rly_rules *r, const struct sockaddr_storage *a)
{
	if (r->block.count && hws_cidr_list_match(&r->block, a))
		return false;
	return !r->allow.count || hws_cidr_list_match(&r->allow, a);
}
