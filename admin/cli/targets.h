/* admin/targets: the things that selectors mean, as the server has them. Exit statuses;
 * sentences are in call->err or were said. */
#pragma once
#include "admin/cli/rest.h"

/* "/books/GUID/entries": fills in the book of --book, which is looked up. */
int adm_thing_path(struct adm_call *call, const struct adm_thing *thing, char *buf,
		size_t size) HWS_MUST_CHECK;
/* Rows of all that the words mean, each once, in an array that is new. "@FILE" and "-" stand for
 * the lines of a file and of standard input. An exact name that nothing has is ADM_NOTHING, and
 * was said. `query`: filters of the list, "" = none. With `whole` rows are as the server has them,
 * else of guid and names only. */
int adm_targets_find(struct adm_call *call, const struct adm_thing *thing, char *const *words,
		size_t n, const char *query, bool whole, json_t **ret) HWS_MUST_CHECK;
/* Exactly one; a second one is ADM_CONFLICT. The row is whole, and new. */
int adm_target_one(struct adm_call *call, const struct adm_thing *thing, const char *word,
		json_t **ret) HWS_MUST_CHECK;
/* Its guid alone. */
int adm_target_guid(struct adm_call *call, const struct adm_thing *thing, const char *word,
		char buf[40]) HWS_MUST_CHECK;
/* What a row is called in messages; borrows. */
const char *adm_row_name(const struct adm_thing *thing, const json_t *row);
const char *adm_row_guid(const json_t *row);
