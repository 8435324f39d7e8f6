/* admin/data/audit_find: events by what a person knows of them. The text of the statement has only
 * those conditions that are asked for, so that an index serves where there is one. */
#include "admin/data/audit.h"
#include "admin/data/name.h"
#include "shared/base/buf.h"
#include "shared/base/str.h"
#include <string.h>

/* What reports come as; all else is done in the console or by what stands for it. */
static const char *const reported[] = { "connection", "file", "alarm", "login" };

const char *dat_audit_kind(const char *event)
{
	for (size_t i = 0; i < HWS_COUNT(reported); i++) {
		size_t n = strlen(reported[i]);

		if (strncmp(event, reported[i], n) == 0 && (!event[n] || event[n] == '.'))
			return reported[i];
	}
	return "console";
}

#define PARAMS_MAX 16u

struct where {
	struct hws_buf text;
	struct sql_value params[PARAMS_MAX];
	size_t n;
};

static void add(struct where *w, const char *before, const char *after, struct sql_value v)
{
	w->params[w->n++] = v;
	hws_buf_fmt(&w->text, " AND %s$%zu%s", before, w->n, after);
}

static void add_kind(struct where *w, const char *kind)
{
	static const char *const of[] = { "connection.%", "file.%", "alarm.%", "login.%" };

	for (size_t i = 0; i < HWS_COUNT(reported); i++) {
		if (hws_str_equal(kind, "console"))
			add(w, "kind NOT LIKE ", "", SQL_T(of[i]));
		else if (hws_str_equal(kind, reported[i]))
			add(w, "kind LIKE ", "", SQL_T(of[i]));
	}
}

/* The text in any of what is shown. */
static void add_text(struct where *w, const char *like)
{
	w->params[w->n++] = SQL_T(like);
	hws_buf_fmt(&w->text,
			" AND (lower(kind) LIKE $%zu ESCAPE '\\' OR lower(actor_name) LIKE $%zu "
			"ESCAPE '\\' OR lower(target_name) LIKE $%zu ESCAPE '\\' OR lower(info) "
			"LIKE $%zu ESCAPE '\\' OR ip LIKE $%zu ESCAPE '\\')",
			w->n, w->n, w->n, w->n, w->n);
}

static int build(struct where *w, const struct dat_audit_search *s, const char *text,
		const char *actor)
{
	w->params[w->n++] = SQL_I(s->before_seq ? s->before_seq : INT64_MAX);
	hws_buf_put_str(&w->text, DAT_EVENT_COLUMNS "WHERE seq < $1");
	if (s->from)
		add(w, "at >= ", "", SQL_I(s->from));
	if (s->until)
		add(w, "at <= ", "", SQL_I(s->until));
	if (*s->kind)
		add_kind(w, s->kind);
	if (*s->device) {
		add(w, "target_name = ", "", SQL_T(s->device));
		add(w, "target_kind = ", "", SQL_T("device"));
	}
	if (*s->address)
		add(w, "ip = ", "", SQL_T(s->address));
	if (*s->actor)
		add(w, "lower(actor_name) LIKE ", " ESCAPE '\\'", SQL_T(actor));
	if (*s->text)
		add_text(w, text);
	w->params[w->n++] = SQL_I(HWS_MAX(1u, HWS_MIN(s->limit, DAT_PAGE_MAX)));
	hws_buf_fmt(&w->text, " ORDER BY seq DESC LIMIT $%zu", w->n);
	hws_buf_put_u8(&w->text, 0);
	return hws_buf_err(&w->text);
}

struct list {
	dat_event_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_event e = dat_event_of(row);

	return l->fn(&e, l->arg);
}

int dat_audit_find(struct sql_conn *c, const struct dat_audit_search *s, dat_event_fn fn, void *arg)
{
	char text[2 * DAT_NAME_KEY_TEXT], actor[2 * DAT_NAME_KEY_TEXT];
	struct where w = { .n = 0 };
	struct list l = { fn, arg };
	int r = dat_fold_like(s->text, text, sizeof(text));

	if (r == HWS_OK)
		r = dat_fold_like(s->actor, actor, sizeof(actor));
	if (r < 0)
		return r;
	hws_buf_init(&w.text, 4096);
	r = build(&w, s, text, actor);
	if (r == HWS_OK)
		r = sql_query(c, (const char *)hws_buf_bytes(&w.text).ptr, w.params, w.n, list_row,
				&l);
	hws_buf_done(&w.text);
	return r;
}
