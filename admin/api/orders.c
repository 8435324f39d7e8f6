/* api/orders: one at a time brings them, so that two orders about one device come as they were
 * given. */
#include "admin/api/orders.h"
#include "admin/api/fleet.h"
#include "admin/data/orders.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <pthread.h>
#include <time.h>

#define CLOSE_GATE "enrolled-on"
#define OPEN_GATE "enrolled-off"
#define PAGE 64u
#define PAGES_MAX 400u
#define WAIT_S 2

static pthread_mutex_t bringing = PTHREAD_MUTEX_INITIALIZER;

struct page {
	struct dat_order order[PAGE];
	size_t n;
};

static int keep(const struct dat_order *o, void *arg)
{
	struct page *p = arg;

	p->order[p->n++] = *o;
	return HWS_OK;
}

static json_t *request(const struct dat_order *o)
{
	json_t *req = NULL;

	switch (o->what) {
	case DAT_ORDER_GATE:
		req = json_pack("{s:s,s:s,s:b}", "cmd", o->cmd, "net", o->target, "force", 1);
		break;
	case DAT_ORDER_ENTRY:
		req = json_pack("{s:s,s:s}", "cmd", o->cmd, "id", o->target);
		if (req && *o->uuid)
			json_object_set_new(req, "uuid", json_string(o->uuid));
		if (req && *o->pk)
			json_object_set_new(req, "pk", json_string(o->pk));
		break;
	case DAT_ORDER_RELAY:
		req = json_pack("{s:s,s:s}", "cmd", o->cmd, "relay", o->target);
		break;
	case DAT_ORDER_SERVER:
		req = json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on",
				(int)hws_str_equal(o->cmd, CLOSE_GATE));
		break;
	case DAT_ORDER_WHATS:
		break;
	}
	return req;
}

/* Whether another try could go better. */
static bool may_pass(int r)
{
	return r == HWS_ERR_UNREACHABLE || r == HWS_ERR_NOMEM || r == HWS_ERR_BUSY ||
			r == HWS_ERR_STORE || r == HWS_ERR_FULL;
}

static int bring_one(struct adi_fleet *f, struct sql_conn *c, const struct dat_order *o)
{
	int r = adi_fleet_order(f, ADI_RENDEZVOUS, request(o));
	int stored = may_pass(r) ? dat_order_tried(c, o, adi_now()) : dat_order_taken(c, o);

	if (stored < 0)
		return stored;
	/* the others would wait for nothing */
	return r == HWS_ERR_UNREACHABLE ? r : HWS_OK;
}

static int bring_page(struct adi_fleet *f, struct sql_conn *c, struct page *p, int64_t before)
{
	int r;

	p->n = 0;
	r = dat_order_list(c, before, PAGE, keep, p);
	for (size_t i = 0; i < p->n && r == HWS_OK; i++)
		r = bring_one(f, c, &p->order[i]);
	return r;
}

static void bring(struct adi_app *app, struct adi_fleet *f, struct page *p)
{
	int64_t before = adi_now();
	struct sql_conn *c;
	int r = HWS_OK;

	if (sql_take(app->db, &c) < 0)
		return;
	p->n = PAGE;
	for (unsigned i = 0; i < PAGES_MAX && r == HWS_OK && p->n == PAGE; i++)
		r = bring_page(f, c, p, before);
	sql_give(c);
	if (r < 0 && r != HWS_ERR_UNREACHABLE)
		hws_warn_limited("orders_not_read", HWS_ERR("error", r));
}

int adi_orders_gate(struct sql_conn *c, bool closed)
{
	struct dat_order o = { .what = DAT_ORDER_SERVER };
	int r = hws_str_copy(o.cmd, sizeof(o.cmd), closed ? CLOSE_GATE : OPEN_GATE);

	return r == HWS_OK ? dat_order_put(c, &o, adi_now()) : r;
}

static bool is_open(struct adi_fleet *f)
{
	json_t *req = json_pack("{s:s}", "cmd", "enrolled-only"), *answer = NULL;
	struct hws_error err = { 0 };
	int r = req ? adi_fleet_call(f, ADI_RENDEZVOUS, req, &answer, &err) : HWS_ERR_NOMEM;
	bool open = r == HWS_OK && json_is_false(json_object_get(answer, "on"));

	json_decref(answer);
	json_decref(req);
	return open;
}

/* By the database, in line with changes of the settings: by what is remembered of one that was
 * switched off just now it would be closed for good. */
static int close_gate(struct adi_app *app, struct sql_conn *c)
{
	struct adi_settings s;
	struct dat_tx tx;
	int64_t turn;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_count_up(c, "change", &turn);
	if (r == HWS_OK) {
		adi_app_forget_settings(app);
		adi_app_settings(app, c, &s);
		r = s.require_approval ? adi_orders_gate(c, true) : HWS_OK;
	}
	return dat_tx_end(&tx, r);
}

void adi_orders_compare(struct adi_app *app, struct adi_fleet *f)
{
	struct adi_settings s;
	struct sql_conn *c;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK) {
		adi_app_settings(app, c, &s);
		sql_give(c);
	}
	if (r < 0 || !s.require_approval || !is_open(f))
		return;
	r = sql_take(app->db, &c);
	if (r == HWS_OK) {
		r = close_gate(app, c);
		sql_give(c);
	}
	if (r < 0)
		hws_warn_limited("gate_not_closed", HWS_ERR("error", r));
}

void adi_orders_bring(struct adi_app *app, struct adi_fleet *f, bool again)
{
	struct adi_fleet_state *st = hws_alloc(sizeof(*st));
	struct page *p = hws_alloc(sizeof(*p));
	struct timespec until;
	bool go = false;

	if (st && p) {
		adi_fleet_state(f, st);
		/* without an ID server here, another node has one, or there is none yet */
		go = st->rendezvous_set && (again || !st->at || st->rendezvous_alive);
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	if (go && pthread_mutex_timedlock(&bringing, &until) == 0) {
		bring(app, f, p);
		pthread_mutex_unlock(&bringing);
	}
	hws_free(p);
	hws_free(st);
}
