/* rendezvous/telling: a small part of the table at a time, so that nobody waits for it: neither who
 * asks the policy on the same link, nor the database at either end. */
#include "server-rendezvous/telling.h"
#include "server-rendezvous/planes/device_row.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <string.h>

#define PART 50u
#define EVERY_US (200 * HWS_US_PER_MS)

struct rdv_telling {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_timer every;
	uint64_t link; /* that was told, or is being told */
	uint64_t told;
	bool busy, asked;           /* not done yet; the store has a question */
	char after[RDV_ID_MAX + 1]; /* what was told last */
};

static void on_rows(int r, const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct rdv_telling *t = arg;

	t->asked = false;
	if (r < 0)
		return; /* the next turn asks again */
	for (size_t i = 0; i < n; i++)
		rdv_device_tell(t->core, &rows[i], false);
	t->told += n;
	if (n)
		memcpy(t->after, rows[n - 1].id, sizeof(t->after));
	if (n < PART) {
		t->busy = false;
		hws_info("policy.told", HWS_U64("devices", t->told));
	}
}

static void on_every(void *arg)
{
	struct rdv_telling *t = arg;
	uint64_t link = __atomic_load_n(&t->core->policy_link, __ATOMIC_RELAXED);

	if (!link || t->asked)
		return;
	if (link != t->link) {
		t->link = link;
		t->busy = true;
		t->told = 0;
		t->after[0] = '\0';
	}
	if (t->busy)
		t->asked = t->core->store->devices->list(
					   t->core->store, t->after, PART, on_rows, t) == HWS_OK;
}

int rdv_telling_new(struct rdv_core *core, struct hws_loop *loop, struct rdv_telling **ret)
{
	struct rdv_telling *t = hws_alloc(sizeof(*t));

	if (!t)
		return HWS_ERR_NOMEM;
	t->core = core;
	t->loop = loop;
	hws_timer_every(loop, &t->every, EVERY_US, on_every, t);
	*ret = t;
	return HWS_OK;
}

void rdv_telling_free(struct rdv_telling *t)
{
	if (!t)
		return;
	hws_timer_stop(&t->every);
	hws_free(t);
}
