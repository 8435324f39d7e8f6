/* Tokens of scripts: nobody makes one that may more than they may themselves. */
#include "admin/api/authority.h"
#include "admin/api/people.h"
#include "admin/api/v1.h"
#include "admin/api/v1_parts.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

static json_t *out(const struct dat_token *t)
{
	json_t *scopes = json_object();

	for (unsigned i = 0; i < DAT_AREAS; i++) {
		if (t->scope[i] != DAT_SCOPE_NONE)
			json_object_set_new(scopes, dat_area_name((enum dat_area)i),
					json_string(t->scope[i] == DAT_SCOPE_WRITE ? "rw" : "r"));
	}
	return json_pack("{s:s,s:s,s:o,s:I,s:b,s:s,s:o,s:I,s:s,s:I,s:I}", "guid", t->guid, "name",
			t->name, "scopes", scopes, "expires_at", (json_int_t)t->expires_at,
			"enabled", t->enabled, "prefix", t->prefix, "owner",
			adi_out_ref(t->account_guid, t->account_name), "last_used_at",
			(json_int_t)t->last_used_at, "last_address", t->last_ip, "created_at",
			(json_int_t)t->created_at, "updated_at", (json_int_t)t->updated_at);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* There are few: they are read whole, and sorted and cut here. */
struct items {
	struct dat_token *row;
	size_t count;
	const char *search;
	const struct htp_request *q;
};

static int add_item(const struct dat_token *t, void *arg)
{
	struct items *l = arg;
	struct adi_actor by = adi_actor(l->q, t->account_guid);
	struct dat_token *more;

	if (!adi_may_change_token(by, t->account_role) || !strcasestr(t->name, l->search))
		return HWS_OK;
	more = hws_realloc_array(l->row, l->count + 1, sizeof(*l->row));
	if (!more)
		return HWS_ERR_NOMEM;
	l->row = more;
	l->row[l->count++] = *t;
	return HWS_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct dat_token *x = a, *y = b;
	int order = strcasecmp(x->name, y->name);

	return order ? order : strcmp(x->guid, y->guid);
}

static void answer_list(struct htp_reply *reply, struct items *l, struct dat_page page)
{
	json_t *array = json_array();

	if (l->count)
		qsort(l->row, l->count, sizeof(*l->row), by_name);
	for (size_t i = page.offset; i < l->count && i - page.offset < page.limit; i++)
		json_array_append_new(array, out(&l->row[page.down ? l->count - 1 - i : i]));
	adi_v1_list(reply, array, page, (int64_t)l->count);
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	static const char *const columns[] = { "name", NULL };
	const struct adi_who *w = adi_who(q);
	bool all = w->account.role == DAT_ROLE_OWNER || w->account.role == DAT_ROLE_ADMIN;
	struct items l = { .search = adi_v1_query(q, "q"), .q = q };
	struct dat_page page;
	struct sql_conn *c;
	int column, r;

	if (!adi_v1_page(q, reply, &page) ||
			adi_v1_sort(q, reply, columns, &column, &page.down) < 0 ||
			!adi_take(app, reply, &c))
		return;
	r = dat_token_list(c, all ? "" : w->account.guid, add_item, &l);
	sql_give(c);
	if (r == HWS_OK)
		answer_list(reply, &l, page);
	else
		adi_v1_fail(reply, r, "token", NULL);
	hws_free(l.row);
}

/* --- making and changing ---------------------------------------------------------------------- */

static int audit(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_token *t)
{
	json_t *o = out(t),
	       *scopes = o ? json_pack("{s:O}", "scopes", json_object_get(o, "scopes")) : NULL;
	char *info = scopes ? json_dumps(scopes, JSON_COMPACT) : NULL;
	int r = adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = "token",
					.target_guid = t->guid,
					.target_name = t->name,
					.info = info });

	free(info);
	json_decref(scopes);
	json_decref(o);
	return r;
}

/* Scopes of a body, none wider than what an account of that role may do. */
static int read_scopes(const struct htp_request *q, struct htp_reply *reply, enum dat_role role,
		enum dat_scope scope[DAT_AREAS])
{
	const json_t *document = adi_schema_document(adi_v1_schema(adi_v1_of(q)));
	json_t *scopes = json_object_get(q->json, "scopes"), *value;
	enum dat_area area;
	const char *key;

	memset(scope, 0, DAT_AREAS * sizeof(*scope));
	json_object_foreach (scopes, key, value) {
		bool write = strcmp(json_string_value(value), "rw") == 0;

		if (dat_area_parse(key, &area) < 0) {
			adi_v1_error(reply, ADI_BAD_FIELD, "scopes",
					"There is no area of that name.");
			return HWS_ERR_INVAL;
		}
		scope[area] = write ? DAT_SCOPE_WRITE : DAT_SCOPE_READ;
		if (scope[area] <= adi_scope_most(document, role, area))
			continue;
		adi_v1_error(reply, ADI_FORBIDDEN, "scopes",
				"A token may not do more than its person: %s.", key);
		return HWS_ERR_DENIED;
	}
	return HWS_OK;
}

static int insert(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, struct dat_token *ret, char secret[DAT_TOKEN_TEXT])
{
	const struct dat_account *a = &adi_who(q)->account;
	struct dat_token_new_row in = { .name = adi_in_text(q->json, "name"),
		.account_guid = a->guid,
		.expires_at = adi_in_int(q->json, "expires_at", 0) };
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r = read_scopes(q, reply, a->role, in.scope);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_token_add(c, &in, adi_now(), guid, secret);
	if (r == HWS_OK && adi_in_bool(q->json, "enabled") == 0)
		r = dat_token_enable(c, guid, false);
	if (r == HWS_OK)
		r = dat_token_get(c, guid, ret);
	if (r == HWS_OK)
		r = audit(app, c, q, "token.add", ret);
	return dat_tx_end(&tx, r);
}

static void fail(struct htp_reply *reply, int r)
{
	if (reply->status >= 400)
		return;
	if (r == HWS_ERR_RANGE)
		adi_v1_error(reply, ADI_BAD_FIELD, "expires_at", "That day is over.");
	else if (r == HWS_ERR_FULL)
		adi_v1_error(reply, ADI_IN_USE, NULL, "There are too many tokens; remove some.");
	else
		adi_v1_fail(reply, r, "token", r == HWS_ERR_INVAL ? "name" : NULL);
}

static void add(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char secret[DAT_TOKEN_TEXT];
	struct dat_token t;
	struct sql_conn *c;
	int r;

	if (adi_who(q)->via == ADI_VIA_LOCAL) {
		adi_v1_error(reply, ADI_FORBIDDEN, NULL,
				"A token belongs to a person: make it with an account.");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = insert(q, reply, app, c, &t, secret);
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_created(reply, json_pack("{s:o,s:s}", "token", out(&t), "secret", secret));
	else
		fail(reply, r);
	hws_wipe(secret, sizeof(secret));
}

/* Reads the token if who asks may do something to it. */
static int mine(const struct htp_request *q, struct htp_reply *reply, struct sql_conn *c,
		struct dat_token *ret)
{
	int r = dat_token_get(c, htp_param(q, "guid"), ret);
	struct adi_actor by;

	if (r < 0)
		return r;
	by = adi_actor(q, ret->account_guid);
	if (adi_may_change_token(by, ret->account_role))
		return HWS_OK;
	adi_refuse_person(reply, by);
	return HWS_ERR_DENIED;
}

static int change_token(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct sql_conn *c, struct dat_token *ret)
{
	struct dat_token_change ch = { .name = adi_in_text(q->json, "name"),
		.expires_at = adi_in_int(q->json, "expires_at", -1),
		.enabled = adi_in_bool(q->json, "enabled") };
	enum dat_scope scope[DAT_AREAS];
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = mine(q, reply, c, ret);
	if (r == HWS_OK)
		r = adi_v1_unchanged(q, reply, ret->updated_at);
	if (r == HWS_OK && json_object_get(q->json, "scopes")) {
		r = read_scopes(q, reply, ret->account_role, scope);
		ch.scope = scope;
	}
	if (r == HWS_OK)
		r = dat_token_change(c, ret->guid, &ch, adi_now());
	if (r == HWS_OK)
		r = dat_token_get(c, ret->guid, ret);
	if (r == HWS_OK)
		r = audit(app, c, q, "token.change", ret);
	return dat_tx_end(&tx, r);
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_token t;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = change_token(q, reply, app, c, &t);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, out(&t));
	else
		fail(reply, r);
}

static void remove_token(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_token t;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = mine(q, reply, c, &t);
		if (r == HWS_OK)
			r = dat_token_remove(c, t.guid);
		if (r == HWS_OK)
			r = audit(app, c, q, "token.remove", &t);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r == HWS_OK)
		adi_v1_nothing(reply);
	else
		fail(reply, r);
}

static const struct adi_call calls[] = {
	{ "listTokens", list, HTP_POOL_COMMON, 0 },
	{ "addToken", add, HTP_POOL_COMMON, 0 },
	{ "changeToken", change, HTP_POOL_COMMON, 0 },
	{ "removeToken", remove_token, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_tokens = { calls, HWS_COUNT(calls) };
