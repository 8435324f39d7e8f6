/* rendezvous/loading: devices and rules come from the store into memory. A store that is away holds
 * nothing up: the server serves what registers meanwhile, and this tries again. */
#include "server-rendezvous/loading.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_US (2 * HWS_US_PER_S)
#define SAY_US (60 * HWS_US_PER_S)

struct rdv_loading {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_timer retry;
	bool busy;
	uint64_t began_us, said_us;
	uint64_t newest_s;
	uint64_t count, refused; /* written on the store's thread until the end is told */
};

static void load_start(void *arg);

static void on_batch(const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct rdv_loading *l = arg;

	for (size_t i = 0; i < n; i++) {
		l->newest_s = HWS_MAX(l->newest_s, rows[i].seen_s);
		if (rdv_presence_load(l->core->presence, &rows[i]))
			l->count++;
		else
			l->refused++;
	}
}

static void load_retry(struct rdv_loading *l, int r)
{
	if (r == HWS_ERR_CANCELED)
		return;
	if (!l->said_us || hws_clock_us() > l->said_us + SAY_US) {
		l->said_us = hws_clock_us();
		hws_error_log("store.load_failed", HWS_ERR("error", r),
				HWS_STR("text",
						"serving what registers; trying again "
						"every two seconds"));
	}
	hws_timer_start(l->loop, &l->retry, RETRY_US, load_start, l);
}

static void on_entries(int r, const struct rdv_entry *e, size_t n, void *arg)
{
	struct rdv_loading *l = arg;
	struct hws_error err;

	l->busy = false;
	if (r < 0) {
		load_retry(l, r);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(e[i].kind, "block-id") == 0)
			rdv_presence_block(l->core->presence, hws_bytes_str(e[i].key), true);
		if (rdv_rules_put(l->core->rules, &e[i], &err) < 0)
			hws_warn("entry.ignored", HWS_STR("kind", e[i].kind),
					HWS_STR("key", e[i].key), HWS_STR("text", err.text));
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(e[i].kind, "rule") == 0 &&
				rdv_rules_check_rule(l->core->rules, e[i].key, &err) < 0)
			hws_warn("rules.idle", HWS_STR("rule", e[i].key),
					HWS_STR("value", e[i].value), HWS_STR("text", err.text));
	}
	l->core->newest_s = l->newest_s;
	l->core->loaded = true;
	hws_info("store.loaded", HWS_STR("store", l->core->store->ops->name),
			HWS_U64("peers", l->count), HWS_U64("entries", n),
			HWS_U64("ms", (hws_clock_us() - l->began_us) / 1000));
	if (l->refused)
		hws_error_log("store.too_big", HWS_U64("not_loaded", l->refused),
				HWS_STR("text", "raise max-peers and restart"));
}

static void on_loaded(int r, void *arg)
{
	struct rdv_loading *l = arg;

	if (r == HWS_OK)
		r = l->core->store->entries->load(l->core->store, on_entries, l);
	if (r < 0) {
		l->busy = false;
		load_retry(l, r);
	}
}

static void load_start(void *arg)
{
	struct rdv_loading *l = arg;
	int r;

	l->busy = true;
	l->began_us = hws_clock_us();
	l->count = l->refused = 0;
	r = l->core->store->devices->load(l->core->store, on_batch, on_loaded, l);
	if (r < 0) {
		l->busy = false;
		load_retry(l, r);
	}
}

int rdv_loading_start(struct rdv_core *core, struct hws_loop *loop, struct rdv_loading **ret)
{
	struct rdv_loading *l = calloc(1, sizeof(*l));

	if (!l)
		return HWS_ERR_NOMEM;
	l->core = core;
	l->loop = loop;
	*ret = l;
	load_start(l);
	return HWS_OK;
}

bool rdv_loading_busy(const struct rdv_loading *l)
{
	return l->busy;
}

void rdv_loading_free(struct rdv_loading *l)
{
	if (!l)
		return;
	hws_timer_stop(&l->retry);
	free(l);
}
