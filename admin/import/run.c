/* import/run: one pass over the file for each kind of thing, all in one transaction. */
#include "admin/data/audit.h"
#include "admin/import/apply.h"
#include "admin/import/csv.h"
#include "admin/import/import.h"
#include "admin/import/sqlite.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

struct source {
	struct imp_sqlite *sqlite;
	struct imp_csv *csv;
};

static int open_source(struct source *s, const struct imp_job *job, struct hws_error *err)
{
	size_t n = strlen(job->file);
	const char *help;

	if (hws_str_equal(job->kind, "csv") ||
			(hws_str_equal(job->kind, "auto") && n > 4 &&
					hws_str_equal(job->file + n - 4, ".csv")))
		return imp_csv_open(job->file, &s->csv, err);
	for (size_t i = 0; !hws_str_equal(job->kind, "auto"); i++) {
		const char *kind = imp_kind(i, &help);

		if (!kind)
			return hws_error_set(err, HWS_ERR_INVAL,
					"no kind of server: \"%s\"; known are rustdesk-api, "
					"sctgdesk, api-server-pro, kingmo888, hbbs, csv, auto",
					job->kind);
		if (hws_str_equal(kind, job->kind))
			break;
	}
	return imp_sqlite_open(job->file, job->kind, &s->sqlite, err);
}

static int take_all(struct source *s, struct imp_applying *a, struct hws_error *err)
{
	int r = HWS_OK;

	for (size_t i = 0; i < IMP_WHATS && r == HWS_OK; i++) {
		a->what = (enum imp_what)i;
		r = s->csv ? imp_csv_each(s->csv, a->what, imp_apply, a)
			   : imp_sqlite_each(s->sqlite, a->what, imp_apply, a, err);
		imp_map_sort(&a->map[i]);
	}
	return r;
}

static int audit(struct imp_applying *a)
{
	const struct imp_report *r = a->report;
	char info[300];
	const struct dat_event e = {
		.kind = "import.done",
		.actor_name = a->job->by,
		.via = "local",
		.target_kind = "server",
		.target_name = r->kind,
		.info = info,
	};

	if (hws_fmt(info, sizeof(info),
			    "{\"added\":%llu,\"changed\":%llu,\"same\":%llu,\"refused\":%llu}",
			    (unsigned long long)r->added, (unsigned long long)r->changed,
			    (unsigned long long)r->same, (unsigned long long)r->refused) < 0)
		return HWS_ERR_TOOBIG;
	return dat_audit_add(a->c, a->keys, &e, a->job->now);
}

int imp_run(struct sql_conn *c, const struct dat_keys *keys, const struct imp_job *job,
		struct imp_report *ret, struct hws_error *err)
{
	struct imp_applying *a = hws_alloc(sizeof(*a));
	struct source s = { 0 };
	int r = a ? open_source(&s, job, err) : HWS_ERR_NOMEM;

	memset(ret, 0, sizeof(*ret));
	if (r == HWS_OK) {
		ret->kind = s.csv ? "csv" : imp_sqlite_kind(s.sqlite);
		*a = (struct imp_applying){ .c = c, .keys = keys, .job = job, .report = ret };
		r = sql_begin(c);
	}
	if (r == HWS_OK) {
		r = take_all(&s, a, err);
		if (r == HWS_OK && !job->dry_run)
			r = audit(a);
		r = sql_end(c, r == HWS_OK && job->dry_run ? HWS_ERR_CANCELED : r);
		if (r == HWS_ERR_CANCELED)
			r = HWS_OK;
	}
	if (r < 0 && err && !*err->text)
		hws_error_set(err, r, "%s: nothing was taken over: %s", job->file, hws_err_text(r));
	imp_sqlite_close(s.sqlite);
	imp_csv_close(s.csv);
	for (size_t i = 0; a && i < IMP_WHATS; i++)
		imp_map_done(&a->map[i]);
	hws_free(a);
	return r;
}

const char *imp_verb_name(enum imp_verb verb)
{
	static const char *const names[] = { "add", "change", "same", "refuse" };

	return names[verb];
}

const char *imp_kind(size_t i, const char **ret_help)
{
	if (i < imp_layout_count) {
		*ret_help = imp_layouts[i].help;
		return imp_layouts[i].kind;
	}
	*ret_help = "lines with a column \"what\": user, group, device-group, device, book, rule, "
		    "tag, entry";
	return i == imp_layout_count ? "csv" : NULL;
}
