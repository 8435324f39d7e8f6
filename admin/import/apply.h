/* import/apply: puts one row after the other into the database. Private to admin/import. */
#pragma once
#include "admin/import/import.h"
#include "admin/import/row.h"

/* How the file points at what was taken: its key -> our guid. */
struct imp_map {
	struct imp_pair {
		char *key;
		char guid[DAT_GUID_TEXT];
	} * pair;
	size_t count, room, sorted;
};

int imp_map_add(struct imp_map *m, const char *key, const char *guid) HWS_MUST_CHECK;
/* After a pass: what was added can be found. */
void imp_map_sort(struct imp_map *m);
/* NULL: not there. */
const char *imp_map_find(const struct imp_map *m, const char *key);
void imp_map_done(struct imp_map *m);

struct imp_applying {
	struct sql_conn *c;
	const struct dat_keys *keys;
	const struct imp_job *job;
	struct imp_report *report;
	enum imp_what what;
	struct imp_map map[IMP_WHATS]; /* of users, groups, books */
};

/* Of the kind that `what` says; an imp_row_fn. */
int imp_apply(const struct imp_row *row, void *applying) HWS_MUST_CHECK;

/* For the files of apply: tells what became of a thing. */
int imp_told(struct imp_applying *a, enum imp_verb verb, const char *name, const char *why);
/* Whose guid a field names, by key or name; HWS_ERR_NOTFOUND. */
int imp_find_user(struct imp_applying *a, const char *text,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int imp_find_group(struct imp_applying *a, enum imp_what what, const char *text,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* A name that may stand here; "" = none, or none that is possible. */
void imp_take_name(const struct imp_row *row, enum imp_field field, char name[DAT_NAME_TEXT]);
/* "1", "yes", "true", "on". */
bool imp_truth(const char *text);
int imp_apply_book(struct imp_applying *a, const struct imp_row *row) HWS_MUST_CHECK;
int imp_apply_rule(struct imp_applying *a, const struct imp_row *row) HWS_MUST_CHECK;
int imp_apply_tag(struct imp_applying *a, const struct imp_row *row) HWS_MUST_CHECK;
int imp_apply_entry(struct imp_applying *a, const struct imp_row *row) HWS_MUST_CHECK;
