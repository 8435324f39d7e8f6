/* upload/folder: which files there are to upload, and which were. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct hws_upload_file {
	char name[129];
	int64_t modified_s;
};
struct hws_upload_list {
	struct hws_upload_file *file;
	size_t count;
};

/* Recordings of the folder by their names (incoming_, outgoing_), without what `done` lists, the
 * oldest first. At most 10,000. */
int hws_upload_list(const char *folder, const struct hws_upload_list *done,
		struct hws_upload_list *ret, struct hws_error *err) HWS_MUST_CHECK;
/* The names in the state file, by name; no file is an empty list. */
int hws_upload_done_read(const char *path, struct hws_upload_list *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Writes the list with one more; names of files that are gone are left out. */
int hws_upload_done_add(const char *path, const char *folder, struct hws_upload_list *done,
		const char *name, struct hws_error *err) HWS_MUST_CHECK;
/* When a recording began, by its name (..._YYYYMMDDhhmmssmmm_..., local time), in Unix seconds; 0
 * if the name does not say it. */
int64_t hws_upload_began_s(const char *name);
void hws_upload_list_free(struct hws_upload_list *l);
