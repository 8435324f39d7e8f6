/* The account that was checked longest ago gives its place away. */
#include "client/host/launch_grants.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

static struct hws_launch_grant *find(struct hws_launch_grants *g, const char *account)
{
	for (unsigned i = 0; *account && i < HWS_LAUNCH_GRANTS_MAX; i++)
		if (hws_str_equal(g->item[i].account, account))
			return &g->item[i];
	return NULL;
}

void hws_launch_grants_add(struct hws_launch_grants *g, const char *account, uint64_t now_us)
{
	struct hws_launch_grant *i = find(g, account);

	/* a free place ends at 0, before all others */
	if (!i)
		i = &g->item[0];
	for (unsigned k = 0; !hws_str_equal(i->account, account) && k < HWS_LAUNCH_GRANTS_MAX; k++)
		if (g->item[k].until_us < i->until_us)
			i = &g->item[k];
	if (!*account || hws_str_copy(i->account, sizeof(i->account), account) < 0) {
		*i = (struct hws_launch_grant){ 0 };
		return;
	}
	i->checked_us = now_us;
	i->until_us = now_us + HWS_LAUNCH_GRANT_US;
}

bool hws_launch_grants_has(const struct hws_launch_grants *g, const char *account, uint64_t now_us)
{
	const struct hws_launch_grant *i = find((struct hws_launch_grants *)(uintptr_t)g, account);

	return i && now_us < i->until_us;
}

void hws_launch_grants_use(struct hws_launch_grants *g, const char *account, uint64_t now_us)
{
	struct hws_launch_grant *i = find(g, account);

	if (i)
		i->until_us = HWS_MIN(now_us + HWS_LAUNCH_GRANT_US,
				i->checked_us + HWS_LAUNCH_GRANT_MOST_US);
}
