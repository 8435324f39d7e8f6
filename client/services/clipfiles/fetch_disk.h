/* clipfiles/fetch_disk: the files of a list being written into a folder. Blocking: on a worker, one
 * call at a time. */
#pragma once
#include "client/mount/list.h"

struct hws_fetch_disk;

/* Keeps a reference of the list, copies the path. */
int hws_fetch_disk_new(struct hws_clip_list *list, const char *folder,
		struct hws_fetch_disk **ret) HWS_MUST_CHECK;
/* Removes what is not whole. Takes NULL. */
void hws_fetch_disk_free(struct hws_fetch_disk *d);
/* Opens the folder. HWS_ERR_EXISTS: something has the name of what is to come. */
int hws_fetch_disk_open(struct hws_fetch_disk *d) HWS_MUST_CHECK;
/* Entries in their order, each from its begin; `last`: it is complete. A folder has no data. */
int hws_fetch_disk_write(struct hws_fetch_disk *d, uint32_t index, uint64_t offset,
		struct hws_bytes data, bool last) HWS_MUST_CHECK;
/* All is there: folders get their modes and times. */
int hws_fetch_disk_finish(struct hws_fetch_disk *d) HWS_MUST_CHECK;
/* Of the last call that failed: a whole sentence. */
const char *hws_fetch_disk_why(const struct hws_fetch_disk *d);
