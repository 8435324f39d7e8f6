/* The relays that the operator lists, with what is known of them now. */
#include "admin/api/fleet.h"
#include "admin/api/orders.h"
#include "admin/api/v1.h"
#include "admin/data/orders.h"
#include "admin/data/relays.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <string.h>

#define PORT 21117

/* --- addresses -------------------------------------------------------------------------------- */

static bool read_address(const char *text, struct dat_relay *y)
{
	uint16_t port;

	if (hws_host_port_split(text, PORT, y->host, sizeof(y->host), &port) < 0 || !port)
		return false;
	y->port = port;
	return true;
}

static void address_text(const struct dat_relay *y, char *buf, size_t size)
{
	if (hws_host_port_join(y->host, (uint16_t)y->port, buf, size) < 0)
		buf[0] = '\0';
}

/* --- showing ---------------------------------------------------------------------------------- */

/* The rendezvous server may have it without its port. */
static bool same_address(const struct dat_relay *y, const char *address)
{
	char text[DAT_PLACE_TEXT + 10];

	address_text(y, text, sizeof(text));
	return strcmp(address, text) == 0 || (y->port == PORT && strcmp(address, y->host) == 0);
}

/* Found by its socket, which tells more, else by its address. */
static const struct adi_relay_state *state_of(
		const struct adi_fleet_state *st, const struct dat_relay *y)
{
	const struct adi_relay_state *by_address = NULL;

	for (size_t i = 0; i < st->relays; i++) {
		const struct adi_relay_state *s = &st->relay[i];

		if (*y->control && strcmp(s->control, y->control) == 0)
			return s;
		if (*s->address && same_address(y, s->address))
			by_address = s;
	}
	return by_address;
}

static json_t *out(const struct adi_fleet_state *st, const struct dat_relay *y)
{
	static const struct adi_relay_state unknown = {
		.problem = "Nothing is known of it: no ID server lists it, and its control socket "
			   "is not in relay-control."
	};
	const struct adi_relay_state *s = state_of(st, y);
	char address[DAT_PLACE_TEXT + 10];

	if (!s)
		s = &unknown;
	address_text(y, address, sizeof(address));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:b,s:I,s:I,s:I,s:s,s:I,s:I}", "guid",
			y->guid, "name", y->name, "address", address, "control", y->control,
			"state", dat_relay_state_name(y->state), "weight", y->weight, "note",
			y->note, "alive", s->alive, "sessions", (json_int_t)s->sessions,
			"bytes_per_s", (json_int_t)s->bytes_per_s, "checked_at",
			(json_int_t)s->checked_at, "problem", s->alive ? "" : s->problem,
			"created_at", (json_int_t)y->created_at, "updated_at",
			(json_int_t)y->updated_at);
}

static void show(struct htp_reply *reply, struct adi_app *app, const struct dat_relay *y, bool made)
{
	struct adi_fleet_state *st = hws_alloc(sizeof(*st));

	if (!st) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is out of memory.");
		return;
	}
	adi_fleet_state(app->fleet, st);
	if (made)
		adi_v1_created(reply, out(st, y));
	else
		htp_reply_json(reply, out(st, y));
	hws_free(st);
}

static void fail(struct htp_reply *reply, int r)
{
	if (reply->status < 400)
		adi_v1_fail(reply, r, "relay", NULL);
}

struct items {
	json_t *array;
	const struct adi_fleet_state *st;
};

static int add_item(const struct dat_relay *y, void *arg)
{
	const struct items *l = arg;

	return json_array_append_new(l->array, out(l->st, y)) == 0 ? HWS_OK : HWS_ERR_NOMEM;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };
	struct adi_fleet_state *st = hws_alloc(sizeof(*st));
	struct items l = { json_array(), st };
	struct dat_page page;
	struct sql_conn *c;
	int64_t total = 0;
	int column, r = HWS_ERR_NOMEM;

	if (st && adi_v1_page(q, reply, &page) &&
			adi_v1_sort(q, reply, columns, &column, &page.down) == HWS_OK &&
			adi_take(app, reply, &c)) {
		adi_fleet_state(app->fleet, st);
		r = dat_relay_list(c, adi_v1_query(q, "q"), page, add_item, &l, &total);
		sql_give(c);
		if (r == HWS_OK)
			adi_v1_list(reply, json_incref(l.array), page, total);
	}
	if (r < 0)
		fail(reply, r);
	json_decref(l.array);
	hws_free(st);
}

static void get(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_relay y;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_relay_get(c, htp_param(q, "guid"), &y);
	sql_give(c);
	if (r == HWS_OK)
		show(reply, app, &y, false);
	else
		fail(reply, r);
}

/* --- changing --------------------------------------------------------------------------------- */

static int copy_text(const json_t *o, const char *key, char *buf, size_t size)
{
	const char *s = adi_in_text(o, key);

	return s ? hws_str_copy(buf, size, s) : HWS_OK;
}

/* What the body says, over what is there. */
static int read_body(struct htp_reply *reply, const json_t *o, struct dat_relay *y)
{
	const char *address = adi_in_text(o, "address"), *state = adi_in_text(o, "state");
	int r = copy_text(o, "name", y->name, sizeof(y->name));

	if (r == HWS_OK)
		r = copy_text(o, "note", y->note, sizeof(y->note));
	if (r == HWS_OK)
		r = copy_text(o, "control", y->control, sizeof(y->control));
	if (r == HWS_OK && state)
		r = dat_relay_state_parse(state, &y->state);
	y->weight = (int)adi_in_int(o, "weight", y->weight);
	if (r == HWS_OK && address && !read_address(address, y)) {
		adi_v1_error(reply, ADI_BAD_FIELD, "address",
				"An address is a name or IP address, and perhaps a port behind a "
				"colon.");
		r = HWS_ERR_INVAL;
	}
	return r;
}

static int audit(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_relay *y)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = "relay",
					.target_guid = y->guid,
					.target_name = y->name });
}

/* What the rendezvous server gives out is its own list; one that is to get no new sessions it is
 * told of. */
static int order(struct sql_conn *c, const struct dat_relay *y)
{
	struct dat_order o = { .what = DAT_ORDER_RELAY };
	int r;

	address_text(y, o.target, sizeof(o.target));
	r = hws_str_copy(o.cmd, sizeof(o.cmd),
			y->state == DAT_RELAY_ON ? "relay-resume" : "relay-drain");
	return r == HWS_OK ? dat_order_put(c, &o, adi_now()) : r;
}

static int store(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, struct dat_relay *y)
{
	const char *guid = htp_param(q, "guid");
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	if (*guid) {
		r = dat_relay_get(c, guid, y);
		if (r == HWS_OK)
			r = adi_v1_unchanged(q, reply, y->updated_at);
	}
	if (r == HWS_OK)
		r = read_body(reply, q->json, y);
	if (r == HWS_OK)
		r = *guid ? dat_relay_change(c, y, adi_now())
			  : dat_relay_add(c, y, adi_now(), y->guid);
	if (r == HWS_OK)
		r = dat_relay_get(c, y->guid, y);
	if (r == HWS_OK && json_object_get(q->json, "state"))
		r = order(c, y);
	if (r == HWS_OK)
		r = audit(app, c, q, *guid ? "relay.change" : "relay.add", y);
	return dat_tx_end(&tx, r);
}

static void put(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_relay y = { .weight = 100, .port = PORT };
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = store(q, reply, app, c, &y);
	sql_give(c);
	if (r < 0) {
		fail(reply, r);
		return;
	}
	if (json_object_get(q->json, "state"))
		adi_orders_bring(app, app->fleet, false);
	show(reply, app, &y, !*htp_param(q, "guid"));
}

static int remove_row(struct htp_request *q, struct adi_app *app, struct sql_conn *c)
{
	struct dat_relay y;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_relay_get(c, htp_param(q, "guid"), &y);
	if (r == HWS_OK)
		r = dat_relay_remove(c, y.guid);
	if (r == HWS_OK)
		r = audit(app, c, q, "relay.remove", &y);
	return dat_tx_end(&tx, r);
}

static void remove_relay(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = remove_row(q, app, c);
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else
		fail(reply, r);
}

static const struct adi_call calls[] = {
	{ "listRelays", list, HTP_POOL_COMMON, 0 },
	{ "addRelay", put, HTP_POOL_COMMON, 0 },
	{ "getRelay", get, HTP_POOL_COMMON, 0 },
	{ "changeRelay", put, HTP_POOL_COMMON, 0 },
	{ "removeRelay", remove_relay, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_relays = { calls, HWS_COUNT(calls) };
