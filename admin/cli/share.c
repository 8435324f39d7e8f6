/* admin/share: a subject has one share of a book at most, which is looked for among all of them. */
#include "admin/cli/share.h"
#include "admin/cli/targets.h"
#include "shared/base/str.h"
#include <string.h>

struct search {
	const char *kind, *guid;
	json_t *found;
};

static int take_if_it(const json_t *row, void *arg)
{
	struct search *s = arg;
	const char *kind = json_string_value(json_object_get(row, "subject_kind"));
	const char *guid = json_string_value(json_object_get(row, "subject_guid"));

	if (!kind || strcmp(kind, s->kind) != 0 || strcmp(guid ? guid : "", s->guid) != 0)
		return HWS_OK;
	json_decref(s->found);
	s->found = json_incref((json_t *)(uintptr_t)row);
	return HWS_ERR_FULL;
}

int adm_share_find(struct adm_call *call, const char *path, const char *kind, const char *guid,
		json_t **ret)
{
	struct search s = { kind, guid, NULL };
	int status = adm_rest_list(call, path, "", take_if_it, &s);

	if (status == ADM_DONE)
		*ret = s.found;
	else
		json_decref(s.found);
	return status;
}

int adm_share_put(struct adm_call *call, const char *path, const json_t *found, const char *kind,
		const char *guid, const char *right)
{
	json_t *body = json_pack("{s:s}", "right", right);
	char whole[200];
	int status;

	if (found && hws_fmt(whole, sizeof(whole), "%s/%s", path, adm_row_guid(found)) < 0) {
		json_decref(body);
		return ADM_FAILED;
	}
	if (!found) {
		json_object_set_new(body, "subject_kind", json_string(kind));
		json_object_set_new(body, "subject_guid", *guid ? json_string(guid) : json_null());
	}
	status = adm_rest_call(call, found ? "PATCH" : "POST", found ? whole : path, body, NULL);
	json_decref(body);
	return status;
}
