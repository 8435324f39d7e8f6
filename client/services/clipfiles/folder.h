/* clipfiles/folder: what a peer has copied as a folder of this machine (mount/mount), its reads
 * answered by the paster. To be freed before the paster, and when the paster's list has gone. Loop
 * thread only. */
#pragma once
#include "client/mount/mount.h"
#include "client/services/clipfiles/paster.h"

struct hws_clip_folder;

struct hws_clip_folder_conf {
	struct hws_loop *loop;
	struct hws_clip_paster *paster;                         /* has a list */
	int (*start)(int fd, struct hws_error *err, void *arg); /* as in mount/mount.h */
	void (*on_ready)(const char *path, void *arg);
	void (*on_end)(const char *why, void *arg); /* the last call: to be freed */
	void *arg;
};

int hws_clip_folder_new(const struct hws_clip_folder_conf *conf, struct hws_clip_folder **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_clip_folder_free(struct hws_clip_folder *f); /* takes NULL */
/* The absolute paths of what is at the top of the list, below `path`: an array of as many strings
 * as *ret_n says, in one block that hws_free frees; NULL without memory. */
char **hws_clip_folder_tops(const struct hws_clip_list *list, const char *path, size_t *ret_n);
