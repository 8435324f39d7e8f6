/* api/work: one way through an operation. */
#include "admin/api/work.h"
#include "shared/base/str.h"
#include <stdlib.h>

void adi_did(struct adi_did *d, const char *kind, const char *target_kind, const char *guid,
		const char *name)
{
	d->kind = kind;
	d->target_kind = target_kind;
	/* what is too long names nothing of ours */
	if (hws_str_copy(d->guid, sizeof(d->guid), guid) < 0)
		d->guid[0] = '\0';
	if (hws_str_copy(d->name, sizeof(d->name), name) < 0)
		d->name[0] = '\0';
}

void adi_did_info(struct adi_did *d, json_t *info)
{
	char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;

	if (!text || hws_str_copy(d->info, sizeof(d->info), text) < 0)
		d->info[0] = '\0';
	free(text);
	json_decref(info);
}

static void fail(const struct adi_work *w, int r)
{
	if (w->reply->status < 400)
		adi_v1_fail(w->reply, r, w->what, w->field);
	json_decref(w->out);
}

void adi_work_read(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_work_fn fn)
{
	struct adi_work w = { .q = q, .reply = reply, .app = app, .what = what };
	int r;

	if (!adi_take(app, reply, &w.c))
		return;
	r = fn(&w);
	sql_give(w.c);
	if (r < 0)
		fail(&w, r);
	else
		htp_reply_json(reply, w.out);
}

void adi_work_list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, const char *const *columns, adi_work_fn fn)
{
	static const char *const none[] = { NULL };
	struct adi_work w = { .q = q, .reply = reply, .app = app, .what = what };
	int r;

	if (!adi_v1_page(q, reply, &w.page) ||
			adi_v1_sort(q, reply, columns ? columns : none, &w.column, &w.page.down) <
					0 ||
			!adi_take(app, reply, &w.c))
		return;
	w.out = json_array();
	r = w.out ? fn(&w) : HWS_ERR_NOMEM;
	sql_give(w.c);
	if (r < 0)
		fail(&w, r);
	else
		adi_v1_list(reply, w.out, w.page, w.total);
}

static int do_write(struct adi_work *w, adi_work_fn fn)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, w->c);

	if (r < 0)
		return r;
	r = fn(w);
	if (r == HWS_OK && w->did.kind)
		r = adi_audit(w->app, w->c, w->q,
				&(struct adi_deed){ .kind = w->did.kind,
						.target_kind = w->did.target_kind,
						.target_guid = w->did.guid,
						.target_name = w->did.name,
						.info = *w->did.info ? w->did.info : NULL });
	return dat_tx_end(&tx, r);
}

void adi_work_write(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, int status, adi_work_fn fn)
{
	struct adi_work w = { .q = q, .reply = reply, .app = app, .what = what };
	int r;

	if (!adi_take(app, reply, &w.c))
		return;
	r = do_write(&w, fn);
	sql_give(w.c);
	if (r < 0)
		fail(&w, r);
	else if (status == 204)
		adi_v1_nothing(reply);
	else if (status == 201)
		adi_v1_created(reply, w.out);
	else
		htp_reply_json(reply, w.out);
}

int adi_work_refuse(struct adi_work *w, enum adi_code code, const char *field, const char *text)
{
	adi_v1_error(w->reply, code, field, "%s", text);
	return HWS_ERR_INVAL;
}

int adi_work_add(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}
