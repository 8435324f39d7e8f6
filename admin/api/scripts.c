/* api/scripts: the frame of the routes for operators' scripts. */
#include "admin/api/scripts.h"
#include "admin/data/patterns.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

bool adi_is_script(const struct htp_request *q)
{
	const struct adi_who *w = adi_who(q);

	return w->via == ADI_VIA_TOKEN || w->via == ADI_VIA_LOCAL;
}

/* The session of a client lives for months on somebody's desk. */
static bool is_allowed(const struct htp_request *q, struct htp_reply *reply)
{
	if (adi_is_script(q))
		return true;
	htp_reply_error(reply, 403, "Use a token for scripts");
	return false;
}

void adi_script_write(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_script_fn fn)
{
	struct adi_did did = { .kind = NULL };
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!is_allowed(q, reply) || !adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = fn(app, c, q, reply, &did);
		if (r == HWS_OK && did.kind)
			r = adi_audit(app, c, q,
					&(struct adi_deed){ .kind = did.kind,
							.target_kind = did.target_kind,
							.target_guid = did.guid,
							.target_name = did.name });
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r < 0 && reply->status < 400)
		adi_fail(reply, r, what);
}

void adi_script_read(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_script_read_fn fn)
{
	struct sql_conn *c;
	json_t *value = NULL;
	int r;

	if (!is_allowed(q, reply) || !adi_take(app, reply, &c))
		return;
	r = fn(app, c, q, &value);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, value);
	else if (reply->status < 400)
		adi_fail(reply, r, what);
	if (r < 0)
		json_decref(value);
}

void adi_script_list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_script_list_fn fn)
{
	json_t *rows = json_array();
	struct sql_conn *c = NULL;
	int64_t total = 0;
	int r;

	if (!rows) {
		adi_fail(reply, HWS_ERR_NOMEM, "");
	} else if (is_allowed(q, reply) && adi_take(app, reply, &c)) {
		r = fn(app, c, q, adi_list_page(q), rows, &total);
		if (r < 0)
			adi_fail(reply, r, what);
		else
			adi_reply_page(reply, total, json_incref(rows));
	}
	sql_give(c);
	json_decref(rows);
}

int adi_script_pattern(const struct htp_request *q, const char *name, char buf[DAT_PATTERN_TEXT])
{
	return dat_pattern(htp_query(q, name), buf);
}

int adi_script_each(const json_t *list, size_t max, adi_script_each_fn fn, void *arg)
{
	json_t *v;
	size_t i;

	if (!list || json_is_null(list))
		return HWS_OK;
	if (!json_is_array(list))
		return HWS_ERR_PROTO;
	if (json_array_size(list) > max)
		return HWS_ERR_TOOBIG;
	json_array_foreach (list, i, v) {
		int r = json_is_string(v) ? fn(json_string_value(v), arg) : HWS_ERR_PROTO;

		if (r < 0)
			return r;
	}
	return HWS_OK;
}

int adi_script_text(const json_t *o, const char *key, size_t size, const char **ret)
{
	int r = htp_json_text(o, key, size - 1, ret);

	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}
