/* mount/mount: files of the other end as a folder of this machine, seen from who has them: starts
 * showing a list, hears of what is read, and answers. What it shows is read-only, for its own
 * account alone, and gone a moment after it is freed, or its owner's process has ended. Loop thread
 * only. */
#pragma once
#include "client/mount/list.h"
#include "shared/loop/loop.h"

struct hws_mount;

struct hws_mount_conf {
	struct hws_loop *loop;
	/* Starts hawser-mount with `fd` as its HWS_SPAWN_IPC_FD; keeps or closes nothing of it.
	 * NULL: hws_mount_start, whose process is reaped here. */
	int (*start)(int fd, struct hws_error *err, void *arg);
	/* It is there. `path` is the folder that holds what is at the top of the list. */
	void (*on_ready)(const char *path, void *arg);
	/* Somebody reads `len` bytes (at most HWS_MOUNT_READ_MAX) of entry `index` at `offset`: to
	 * be answered by hws_mount_answer, once, now or later, unless on_cancel comes before. */
	void (*on_read)(uint32_t id, uint32_t index, uint64_t offset, uint32_t len, void *arg);
	void (*on_cancel)(uint32_t id, void *arg);
	/* It could not be shown, or is not any more, and why; the last call. Not called from
	 * inside the functions below. */
	void (*on_end)(int err, const char *why, void *arg);
	void *arg;
};

/* `list` is told to the program, and need not stay. */
int hws_mount_new(const struct hws_mount_conf *conf, const struct hws_clip_list *list,
		struct hws_mount **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Reads that are not answered end with an error; nothing is called any more. Takes NULL. */
void hws_mount_free(struct hws_mount *m);
/* `r` < 0: an error for the reader in place of `data`. */
void hws_mount_answer(struct hws_mount *m, uint32_t id, int r, struct hws_bytes data);
