/* admin/data/devices_list: devices among many. The text of the statement has only those conditions
 * that are asked for, so that an index serves where there is one; there are few such texts, and
 * each is prepared once. */
#include "admin/data/devices.h"
#include "admin/data/name.h"
#include "admin/data/reach.h"
#include "shared/base/buf.h"
#include "shared/base/str.h"

#include <string.h>

int dat_device_row(const struct sql_row *row, void *arg)
{
	struct dat_device *d = arg;
	const struct sql_text_to texts[] = {
		{ 0, d->guid, sizeof(d->guid) },
		{ 1, d->id, sizeof(d->id) },
		{ 2, d->uuid, sizeof(d->uuid) },
		{ 4, d->owner_guid, sizeof(d->owner_guid) },
		{ 5, d->owner_name, sizeof(d->owner_name) },
		{ 6, d->group_guid, sizeof(d->group_guid) },
		{ 7, d->group_name, sizeof(d->group_name) },
		{ 8, d->note, sizeof(d->note) },
		{ 9, d->name, sizeof(d->name) },
		{ 10, d->username, sizeof(d->username) },
		{ 11, d->os, sizeof(d->os) },
		{ 12, d->cpu, sizeof(d->cpu) },
		{ 13, d->memory, sizeof(d->memory) },
		{ 14, d->version, sizeof(d->version) },
		{ 15, d->last_ip, sizeof(d->last_ip) },
		{ 19, d->key, sizeof(d->key) },
		{ 22, d->own_name, sizeof(d->own_name) },
		{ 23, d->hostname, sizeof(d->hostname) },
	};
	int r = sql_copy_all(row, texts, HWS_COUNT(texts));

	d->status = (enum dat_device_status)sql_int(row, 3);
	d->closed = sql_int(row, 24) == 1;
	d->order_due = sql_int(row, 25) == 1;
	d->last_online = sql_int(row, 16);
	d->registered_at = sql_int(row, 17);
	d->sysinfo_at = sql_int(row, 18);
	d->created_at = sql_int(row, 20);
	d->updated_at = sql_int(row, 21);
	return r;
}

/* So many or fewer that a search finds are read by their keys. */
#define FEW 24u
/* Twelve conditions and five more of what may be reached, or few keys; limit and offset. */
#define PARAMS_MAX (FEW + 2)

struct where {
	struct hws_buf text;
	struct sql_value params[PARAMS_MAX];
	size_t n;
};

static const char *joint(const struct where *w)
{
	return hws_buf_len(&w->text) ? " AND" : "WHERE";
}

/* The first of all, as its parameters are numbered: also those that are one's own and disabled. */
static void add_reach(struct where *w, const struct dat_reach *r)
{
	const struct sql_value v[] = { DAT_REACH_PARAMS(r) };

	memcpy(w->params, v, sizeof(v));
	w->n = HWS_COUNT(v);
	hws_buf_put_str(&w->text, "WHERE (d.owner_guid = $1 OR (" DAT_REACH "))");
}

static void add(struct where *w, const char *before, const char *after, struct sql_value v)
{
	w->params[w->n++] = v;
	hws_buf_fmt(&w->text, "%s %s$%zu%s", joint(w), before, w->n, after);
}

static void add_flag(struct where *w, const char *column)
{
	/* a parameter, too, so that all conditions are alike */
	w->params[w->n++] = SQL_I(1);
	hws_buf_fmt(&w->text, "%s %s IS NULL AND $%zu = 1", joint(w), column, w->n);
}

struct likes {
	char search[2 * DAT_NAME_KEY_TEXT], os[2 * DAT_NAME_KEY_TEXT];
};

static void build(struct where *w, const struct dat_device_filter *f, const struct likes *like)
{
	if (f->reach)
		add_reach(w, f->reach);
	if (f->guid)
		add(w, "d.guid = ", "", SQL_T(f->guid));
	if (f->after_id && *f->after_id)
		add(w, "d.id > ", "", SQL_T(f->after_id));
	if (f->owner_guid)
		add(w, "d.owner_guid = ", "", SQL_T(f->owner_guid));
	if (f->group_guid)
		add(w, "d.device_group_guid = ", "", SQL_T(f->group_guid));
	if (f->tag)
		add(w, "d.guid IN (SELECT t.device_guid FROM device_tag t WHERE t.tag = ", ")",
				SQL_T(f->tag));
	if (f->status >= 0)
		add(w, "d.status = ", "", SQL_I(f->status));
	if (f->online_since)
		add(w, "d.last_online >= ", "", SQL_I(f->online_since));
	if (f->offline_since)
		add(w, "d.last_online < ", "", SQL_I(f->offline_since));
	if (f->unowned)
		add_flag(w, "d.owner_guid");
	if (f->ungrouped)
		add_flag(w, "d.device_group_guid");
	if (f->search && *f->search)
		add(w, "d.search LIKE ", " ESCAPE '\\'", SQL_T(like->search));
	if (f->os && *f->os)
		add(w, "lower(d.os) LIKE ", " ESCAPE '\\'", SQL_T(like->os));
}

struct list {
	dat_device_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_device d = { 0 };
	int r = dat_device_row(row, &d);

	return r == HWS_OK ? l->fn(&d, l->arg) : r;
}

/* The text with a NUL behind it; HWS_ERR_NOMEM when it could not be made. */
static int finish(struct hws_buf *b, const char **ret)
{
	hws_buf_put_u8(b, 0);
	*ret = (const char *)hws_buf_bytes(b).ptr;
	return hws_buf_err(b);
}

static int count(struct sql_conn *c, const struct dat_device_filter *f, const struct where *w,
		int64_t *ret)
{
	struct hws_bytes where = hws_buf_bytes(&w->text);
	struct hws_buf b;
	const char *text;
	int r;

	hws_buf_init(&b, 4096);
	hws_buf_put_str(&b, "SELECT count(*) FROM device d ");
	if (f->reach)
		hws_buf_put_str(&b, "LEFT JOIN account o ON o.guid = d.owner_guid ");
	hws_buf_put(&b, where.ptr, where.len);
	r = finish(&b, &text);
	if (r == HWS_OK)
		r = sql_number(c, text, w->params, w->n, ret);
	hws_buf_done(&b);
	return r;
}

struct few {
	char guid[FEW + 1][DAT_GUID_TEXT];
	size_t n;
};

static int few_row(const struct sql_row *row, void *arg)
{
	struct few *few = arg;

	return sql_copy(row, 0, few->guid[few->n++], DAT_GUID_TEXT);
}

/* A search reads all that there is, since no index serves it: this one reads it once, where
 * counting and a page would each do it. `few->n` FEW + 1: there are more. */
static int find_few(struct sql_conn *c, const struct dat_device_filter *f, struct where *w,
		struct few *few)
{
	struct hws_bytes where = hws_buf_bytes(&w->text);
	struct hws_buf b;
	const char *text;
	int r;

	few->n = 0;
	w->params[w->n] = SQL_I(FEW + 1);
	hws_buf_init(&b, 4096);
	hws_buf_put_str(&b, "SELECT d.guid FROM device d ");
	if (f->reach)
		hws_buf_put_str(&b, "LEFT JOIN account o ON o.guid = d.owner_guid ");
	hws_buf_put(&b, where.ptr, where.len);
	hws_buf_fmt(&b, " LIMIT $%zu", w->n + 1);
	r = finish(&b, &text);
	if (r == HWS_OK)
		r = sql_query(c, text, w->params, w->n + 1, few_row, few);
	hws_buf_done(&b);
	return r;
}

/* Only these; always as many parameters, so that it is one text. */
static void only_few(struct where *w, const struct few *few)
{
	hws_buf_done(&w->text);
	hws_buf_init(&w->text, 2048);
	w->n = FEW;
	hws_buf_put_str(&w->text, "WHERE d.guid IN (");
	for (size_t i = 0; i < FEW; i++) {
		w->params[i] = SQL_T(few->guid[HWS_MIN(i, few->n - 1)]);
		hws_buf_fmt(&w->text, "%s$%zu", i ? ", " : "", i + 1);
	}
	hws_buf_put_str(&w->text, ")");
}

/* Each ends with the id, so that no page repeats what another had. */
static const struct {
	const char *up, *down;
} orders[DAT_DEVICE_ORDERS] = {
	[DAT_DEVICES_BY_ID] = { "d.id", "d.id DESC" },
	[DAT_DEVICES_BY_ONLINE] = { "d.last_online, d.id", "d.last_online DESC, d.id DESC" },
	[DAT_DEVICES_BY_NAME] = { "10, d.id", "10 DESC, d.id DESC" },
	[DAT_DEVICES_BY_OS] = { "d.os, d.id", "d.os DESC, d.id DESC" },
	[DAT_DEVICES_BY_STATUS] = { "d.status, d.id", "d.status DESC, d.id DESC" },
};

static int page_of(struct sql_conn *c, struct where *w, enum dat_device_order order,
		struct dat_page page, struct list *l)
{
	struct hws_bytes where = hws_buf_bytes(&w->text);
	size_t n = w->n;
	struct hws_buf b;
	const char *text;
	int r;

	page = dat_page(page);
	w->params[n] = SQL_I(page.limit);
	w->params[n + 1] = SQL_I(page.offset);
	hws_buf_init(&b, 8192);
	hws_buf_put_str(&b, DAT_DEVICE_COLUMNS);
	hws_buf_put(&b, where.ptr, where.len);
	hws_buf_fmt(&b, " ORDER BY %s LIMIT $%zu OFFSET $%zu",
			page.down ? orders[order].down : orders[order].up, n + 1, n + 2);
	r = finish(&b, &text);
	if (r == HWS_OK)
		r = sql_query(c, text, w->params, n + 2, list_row, l);
	hws_buf_done(&b);
	return r;
}

int dat_device_list(struct sql_conn *c, const struct dat_device_filter *f, struct dat_page page,
		dat_device_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };
	struct few few = { .n = FEW + 1 };
	struct likes like;
	struct where w = { .n = 0 };
	int r = dat_fold_like(hws_str_or_empty(f->search), like.search, sizeof(like.search));

	if (r == HWS_OK)
		r = dat_fold_like(hws_str_or_empty(f->os), like.os, sizeof(like.os));
	if (r < 0)
		return r;
	page = dat_page(page);
	hws_buf_init(&w.text, 2048);
	build(&w, f, &like);
	r = hws_buf_err(&w.text);
	if (r == HWS_OK && ret_total && f->search && *f->search)
		r = find_few(c, f, &w, &few);
	if (r == HWS_OK && few.n <= FEW) {
		*ret_total = (int64_t)few.n;
		if (few.n)
			only_few(&w, &few);
	} else if (r == HWS_OK && ret_total) {
		r = count(c, f, &w, ret_total);
	}
	/* not to look further once all that there are were found */
	if (r == HWS_OK && ret_total && *ret_total - page.offset < page.limit)
		page.limit = (unsigned)HWS_MAX(*ret_total - page.offset, 0);
	if (r == HWS_OK && (page.limit || !ret_total))
		r = page_of(c, &w, f->order, page, &l);
	hws_buf_done(&w.text);
	return r;
}
