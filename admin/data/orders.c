/* admin/data/orders: a serial for each, so that an answer to an order takes away no later one. */
#include "admin/data/orders.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

static const char *const whats[DAT_ORDER_WHATS] = {
	[DAT_ORDER_GATE] = "gate",
	[DAT_ORDER_ENTRY] = "entry",
	[DAT_ORDER_RELAY] = "relay",
	[DAT_ORDER_SERVER] = "server",
};

int dat_order_put(struct sql_conn *c, const struct dat_order *o, int64_t now)
{
	char serial[DAT_GUID_TEXT];

	hws_rand_uuid(serial, sizeof(serial));
	return sql_run(c,
			"INSERT INTO order_due (target, what, cmd, uuid, pk, serial, tried_at) "
			"VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (target, what) DO UPDATE "
			"SET cmd = excluded.cmd, uuid = excluded.uuid, pk = excluded.pk, serial = "
			"excluded.serial, tried_at = excluded.tried_at",
			SQL_P(SQL_T(o->target), SQL_T(whats[o->what]), SQL_T(o->cmd),
					SQL_T(o->uuid), SQL_T(o->pk), SQL_T(serial), SQL_I(now)));
}

struct list {
	dat_order_fn fn;
	void *arg;
};

static int read_order(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_order o = { .target = "" };
	int r = sql_copy(row, 0, o.target, sizeof(o.target));

	for (size_t i = 0; i < HWS_COUNT(whats); i++) {
		if (hws_str_equal(sql_text(row, 1), whats[i]))
			o.what = (enum dat_order_what)i;
	}
	if (r == HWS_OK)
		r = sql_copy(row, 2, o.cmd, sizeof(o.cmd));
	if (r == HWS_OK)
		r = sql_copy(row, 3, o.uuid, sizeof(o.uuid));
	if (r == HWS_OK)
		r = sql_copy(row, 4, o.pk, sizeof(o.pk));
	if (r == HWS_OK)
		r = sql_copy(row, 5, o.serial, sizeof(o.serial));
	return r == HWS_OK ? l->fn(&o, l->arg) : r;
}

int dat_order_list(struct sql_conn *c, int64_t before, unsigned max, dat_order_fn fn, void *arg)
{
	struct list l = { fn, arg };

	return sql_query(c,
			"SELECT target, what, cmd, uuid, pk, serial FROM order_due WHERE tried_at "
			"<= $1 ORDER BY tried_at, target, what LIMIT $2",
			SQL_P(SQL_I(before), SQL_I(max)), read_order, &l);
}

int dat_order_taken(struct sql_conn *c, const struct dat_order *o)
{
	return sql_run(c, "DELETE FROM order_due WHERE target = $1 AND what = $2 AND serial = $3",
			SQL_P(SQL_T(o->target), SQL_T(whats[o->what]), SQL_T(o->serial)));
}

int dat_order_tried(struct sql_conn *c, const struct dat_order *o, int64_t now)
{
	return sql_run(c,
			"UPDATE order_due SET tried_at = $1 WHERE target = $2 AND what = $3 AND "
			"serial = $4",
			SQL_P(SQL_I(now), SQL_T(o->target), SQL_T(whats[o->what]),
					SQL_T(o->serial)));
}
