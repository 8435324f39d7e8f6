/* admin/things: what verbs of things share. Exit statuses; what went wrong was said. */
#pragma once
#include "admin/cli/rest.h"

/* The rows that the arguments from `first` on and the filters mean, or all with --all. ADM_NOTHING,
 * said, when there are none; ADM_USAGE when nothing names any, or too many go without --yes. */
int adm_chosen(struct adm_call *call, size_t first, bool whole, json_t **ret) HWS_MUST_CHECK;
/* Tells of one change: {"guid","name","result"}; in a dry run "would be ...". */
void adm_tell(struct adm_call *call, struct adm_rows *rows, const struct adm_thing *thing,
		const json_t *row, const char *result);
/* Rows of what was done, for adm_tell. */
int adm_tell_begin(struct adm_call *call, struct adm_rows **ret) HWS_MUST_CHECK;
int adm_tell_end(struct adm_call *call, struct adm_rows *rows, int status);
/* POST thing/bulk for all rows in parts; `body` has the action and what it needs, and stays the
 * caller's. Tells of each. */
int adm_bulk(struct adm_call *call, const struct adm_thing *thing, const json_t *rows,
		const json_t *body, const char *done) HWS_MUST_CHECK;
/* PATCH of one whole row by what of `changes` differs from it. `rows` is told. */
int adm_patch(struct adm_call *call, const struct adm_thing *thing, const json_t *row,
		const json_t *changes, struct adm_rows *rows) HWS_MUST_CHECK;
/* The same of all rows that are chosen by the arguments. */
int adm_patch_chosen(struct adm_call *call, const json_t *changes) HWS_MUST_CHECK;
/* POST of a new one; `body` has its key. With --if-missing one that is there is left as it is.
 * Takes body. */
int adm_create(struct adm_call *call, json_t *body);
/* One whose rest was refused: keeps the worst status, ADM_PARTLY when some went well. */
struct adm_tally {
	size_t done, failed;
	int status;
};
void adm_tally(struct adm_tally *t, int status);
int adm_tally_status(const struct adm_tally *t);
/* The group of accounts that were put in no other. */
int adm_default_group(struct adm_call *call, char guid[40]) HWS_MUST_CHECK;
/* A list of the API as the look of the call wants it; what went wrong was said. */
int adm_show_list(struct adm_call *call, const char *path, const char *query);
