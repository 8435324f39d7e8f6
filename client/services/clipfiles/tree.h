/* clipfiles/tree: what somebody has copied: the tree of files and folders as it was at that moment,
 * as a list to be told, and the way to each of its files. A file is opened beneath the folder that
 * was copied, over no link, and only if it is the one that was listed: what was put in its place
 * later is not read. Links within are followed where they lead to something that was copied, too;
 * others are left out, as are devices, pipes and sockets. Both calls that touch the disk block: not
 * on a loop. Any thread; what is complete does not change. */
#pragma once
#include "client/mount/list.h"

struct hws_clip_tree;

/* Walks what the `n` absolute paths name. *cancel (atomic, may be NULL) ends it: HWS_ERR_CANCELED.
 * HWS_ERR_NOTFOUND: nothing of it is there; HWS_ERR_FULL: more than HWS_CLIP_ENTRIES_MAX. */
int hws_clip_tree_new(const char *const *paths, size_t n, const bool *cancel,
		struct hws_clip_tree **ret, struct hws_error *err) HWS_MUST_CHECK;
struct hws_clip_tree *hws_clip_tree_ref(struct hws_clip_tree *t);
void hws_clip_tree_unref(struct hws_clip_tree *t); /* takes NULL */
const struct hws_clip_list *hws_clip_tree_list(const struct hws_clip_tree *t);
/* How many things within were left out, because they cannot be read or may not be followed. */
uint32_t hws_clip_tree_left_out(const struct hws_clip_tree *t);
/* The absolute path of an entry, for people and audits; valid with the tree. */
const char *hws_clip_tree_path(const struct hws_clip_tree *t, uint32_t index);
/* Up to `len` bytes from `offset` on; *ret_len is less only at the end of the file. HWS_ERR_RANGE:
 * no such file, or `offset` beyond its end; HWS_ERR_NOTFOUND: another file is there now;
 * otherwise what the system says. */
int hws_clip_tree_read(const struct hws_clip_tree *t, uint32_t index, uint64_t offset, void *to,
		size_t len, size_t *ret_len) HWS_MUST_CHECK;
