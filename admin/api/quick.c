/* api/quick: a request that finds the database silent shuts the way for a while; the first behind
 * that time tries anew while the others are still told no. */
#include "admin/api/quick.h"
#include "shared/base/clock.h"

#define SOON_MS 1000u
/* More than the two waits that a try may have, so that of the threads one at most is held. */
#define PAUSE_US (4 * HWS_US_PER_S)

bool adi_quick_away(int r)
{
	return r == HWS_ERR_STORE || r == HWS_ERR_BUSY || r == HWS_ERR_FULL || r == HWS_ERR_DISK;
}

static void note(struct adi_app *a, int r)
{
	atomic_store(&a->quick_again_us, adi_quick_away(r) ? hws_clock_us() + PAUSE_US : 0);
}

int adi_quick_take(struct adi_app *a, struct sql_conn **ret)
{
	unsigned long long again = atomic_load(&a->quick_again_us), now = hws_clock_us();
	int r;

	if (again &&
			(now < again ||
					!atomic_compare_exchange_strong(&a->quick_again_us, &again,
							now + PAUSE_US)))
		return HWS_ERR_STORE;
	r = sql_take_soon(a->db, SOON_MS, ret);
	if (r < 0)
		note(a, r);
	return r;
}

void adi_quick_give(struct adi_app *a, struct sql_conn *c, int r)
{
	if (!c)
		return;
	sql_give(c);
	note(a, r);
}
