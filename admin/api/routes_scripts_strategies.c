/* Strategies for operators' scripts: seen, switched on and off, assigned. */
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/data/strategies.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

static json_t *strategy_row(const struct dat_strategy *s)
{
	return json_pack("{s:s,s:s,s:s,s:b,s:i,s:b,s:I,s:I,s:I}", "guid", s->guid, "name", s->name,
			"note", s->note, "enabled", (int)s->enabled, "status", (int)s->enabled,
			"is_default", (int)s->is_default, "modified_at", (json_int_t)s->modified_at,
			"created_at", (json_int_t)(s->created_at / 1000), "targets",
			(json_int_t)s->targets);
}

static int add_row(const struct dat_strategy *s, void *arg)
{
	return json_array_append_new(arg, strategy_row(s)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

/* A plain array, whatever other lists are. */
static int read_all(
		struct adi_app *app, struct sql_conn *c, const struct htp_request *q, json_t **ret)
{
	(void)app;
	(void)q;
	*ret = json_array();
	return *ret ? dat_strategy_list(c, add_row, *ret) : HWS_ERR_NOMEM;
}

static void list(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_read(q, reply, arg, "strategy", read_all);
}

static int add_option(const char *key, const char *value, void *arg)
{
	return json_object_set_new(arg, key, json_string(value)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int read_one(
		struct adi_app *app, struct sql_conn *c, const struct htp_request *q, json_t **ret)
{
	json_t *options = json_object();
	struct dat_strategy s;
	int r = options ? dat_strategy_get(c, htp_param(q, "guid"), &s) : HWS_ERR_NOMEM;

	(void)app;
	if (r == HWS_OK)
		r = dat_strategy_options(c, s.guid, add_option, options);
	if (r == HWS_OK) {
		*ret = strategy_row(&s);
		r = *ret && json_object_set(*ret, "config_options", options) == 0 ? HWS_OK
										  : HWS_ERR_NOMEM;
	}
	json_decref(options);
	return r;
}

static void get(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_read(q, reply, arg, "strategy", read_one);
}

/* The body is true or false alone, which is no object. */
static int body_flag(const struct htp_request *q)
{
	struct hws_bytes b = hws_buf_bytes(&q->body);

	while (b.len && strchr(" \t\r\n", b.ptr[b.len - 1]))
		b.len--;
	while (b.len && strchr(" \t\r\n", b.ptr[0]))
		b = hws_bytes(b.ptr + 1, b.len - 1);
	if (hws_bytes_equal(b, hws_bytes_str("true")) || hws_bytes_equal(b, hws_bytes_str("1")))
		return 1;
	return hws_bytes_equal(b, hws_bytes_str("false")) || hws_bytes_equal(b, hws_bytes_str("0"))
			? 0
			: -1;
}

static int do_status(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	const char *guid = htp_param(q, "guid");
	int on = body_flag(q), r = on < 0 ? HWS_ERR_PROTO : HWS_OK;
	struct dat_strategy s;

	(void)app;
	(void)reply;
	if (r == HWS_OK)
		r = dat_strategy_get(c, guid, &s);
	if (r == HWS_OK && s.enabled != (on == 1))
		r = dat_strategy_change(c, guid, NULL, NULL, on, -1, -1, adi_now());
	if (r == HWS_OK)
		adi_did(did, on ? "strategy.enable" : "strategy.disable", "strategy", s.guid,
				s.name);
	return r;
}

static void status(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "strategy", do_status);
}

/* --- assigning -------------------------------------------------------------------------------- */

struct assigning {
	struct sql_conn *c;
	const char *strategy; /* guid, "" = none */
	enum dat_target kind;
	int64_t count;
};

static int assign_one(const char *guid, void *arg)
{
	struct assigning *a = arg;
	int r = dat_strategy_assign(a->c, a->strategy, a->kind, guid, adi_now());

	/* what had none keeps none */
	if (r == HWS_ERR_NOTFOUND && !*a->strategy)
		r = HWS_OK;
	a->count++;
	return r;
}

static int do_assign(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	static const struct {
		const char *key;
		enum dat_target kind;
	} lists[] = { { "peers", DAT_TARGET_DEVICE }, { "users", DAT_TARGET_USER },
		{ "groups", DAT_TARGET_DEVICE_GROUP } };
	struct assigning a = { .c = c, .strategy = "" };
	struct dat_strategy s = { .guid = "" };
	int r = adi_script_text(q->json, "strategy", DAT_GUID_TEXT, &a.strategy);

	(void)app;
	(void)reply;
	if (r == HWS_OK && *a.strategy)
		r = dat_strategy_get(c, a.strategy, &s);
	for (size_t i = 0; i < HWS_COUNT(lists) && r == HWS_OK; i++) {
		a.kind = lists[i].kind;
		r = adi_script_each(json_object_get(q->json, lists[i].key), ADI_SCRIPT_MANY,
				assign_one, &a);
	}
	if (r == HWS_OK && a.count)
		adi_did(did, *a.strategy ? "strategy.assign" : "strategy.unassign", "strategy",
				s.guid, s.name);
	return r;
}

static void assign(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "strategy or what it is for", do_assign);
}

#define READ                                                                                       \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_READ, .scope = "strategy:r"
#define WRITE                                                                                      \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_WRITE,                    \
	.scope = "strategy:rw"

const struct htp_route adi_routes_scripts_strategies[] = {
	{ HTP_GET, "/api/strategies", READ, .fn = list },
	{ HTP_GET, "/api/strategies/{guid}", READ, .fn = get },
	{ HTP_PUT, "/api/strategies/{guid}/status", WRITE, .body = HTP_BODY_RAW, .body_max = 64,
			.fn = status },
	{ HTP_POST, "/api/strategies/assign", WRITE, .body = HTP_BODY_JSON, .fn = assign },
};
const size_t adi_routes_scripts_strategies_count = HWS_COUNT(adi_routes_scripts_strategies);
