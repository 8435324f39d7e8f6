/* mount/list: the files and folders that lie on a clipboard, as one end tells them to the other: a
 * flat list of paths below nothing, a folder before what is in it. Whoever holds one may rely on
 * it: no path leaves it, none stands twice, each has its folder, and nothing in it is anything but
 * a folder or a regular file. Not thread-safe, but for the count of holders; what is complete is
 * not changed any more and may be read by any thread. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_CLIP_ENTRIES_MAX 16384u /* what deployed pasters take */
#define HWS_CLIP_NAME_MAX 255u      /* bytes of one name: more no file system here holds */
#define HWS_CLIP_PATH_MAX 4000u     /* bytes of a path; below PATH_MAX with some folder before it */
#define HWS_CLIP_NO_PARENT UINT32_MAX

struct hws_clip_entry {
	char *path;       /* bytes but NUL, "/" between names; need not be UTF-8 */
	const char *name; /* the last part of it */
	uint32_t parent;  /* index; HWS_CLIP_NO_PARENT: at the top */
	bool is_folder;
	uint32_t mode;   /* permission bits, 0777 at most */
	uint64_t size;   /* bytes, at most INT64_MAX; 0 of a folder */
	int64_t time_ns; /* last change, since 1970 */
};

struct hws_clip_list;

int hws_clip_list_new(struct hws_clip_list **ret) HWS_MUST_CHECK;
struct hws_clip_list *hws_clip_list_ref(struct hws_clip_list *l);
void hws_clip_list_unref(struct hws_clip_list *l); /* takes NULL */
/* Copies what `e` says but name and parent, which follow from its path. HWS_ERR_INVAL: a path that
 * leads out ("..", absolute, empty names, NUL), or whose folder is not there before it, or a size
 * that is none; HWS_ERR_EXISTS: there already; HWS_ERR_TOOBIG: a name or path too long;
 * HWS_ERR_FULL: too many entries. `err` (may be NULL) says it in words that are safe to show. */
int hws_clip_list_add(struct hws_clip_list *l, const struct hws_clip_entry *e, size_t path_len,
		struct hws_error *err) HWS_MUST_CHECK;
uint32_t hws_clip_list_count(const struct hws_clip_list *l);
/* `i` below the count; borrows. */
const struct hws_clip_entry *hws_clip_list_at(const struct hws_clip_list *l, uint32_t i);
/* Of a path of `len` bytes; HWS_CLIP_NO_PARENT: none. */
uint32_t hws_clip_list_find(const struct hws_clip_list *l, const char *path, size_t len);
/* Bytes of all files; UINT64_MAX when it does not fit. */
uint64_t hws_clip_list_bytes(const struct hws_clip_list *l);

/* The form that two hawser ends, and a program and its mount, exchange: a number (u32 LE) of
 * entries, each: length of the path (u16), kind (u8: 0 file, 1 folder), mode (u16), size (u64),
 * time (u64, two's complement), path. */
void hws_clip_list_put(const struct hws_clip_list *l, struct hws_buf *out);
/* Strict: nothing may be left over. As hws_clip_list_add, and HWS_ERR_PROTO: not such a list. */
int hws_clip_list_take(struct hws_bytes in, struct hws_clip_list **ret,
		struct hws_error *err) HWS_MUST_CHECK;
