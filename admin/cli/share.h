/* admin/share: who may use an address book. Exit statuses, sentences in call->err. */
#pragma once
#include "admin/cli/rest.h"

/* That of exactly this subject, new; NULL: there is none. `path`: "/books/GUID/shares"; `kind`:
 * "user", "group" or "everyone", which has guid "". */
int adm_share_find(struct adm_call *call, const char *path, const char *kind, const char *guid,
		json_t **ret) HWS_MUST_CHECK;
/* Gives a right in place of the one of `found`, or a first one where that is NULL. */
int adm_share_put(struct adm_call *call, const char *path, const json_t *found, const char *kind,
		const char *guid, const char *right) HWS_MUST_CHECK;
