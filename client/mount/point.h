/* mount/point: the folder that hawser-mount mounts on, below a folder of this account alone, and
 * clearing away what a program that was killed has left behind. Blocking; of the program only. */
#pragma once
#include "shared/base/err.h"
#include <limits.h>

struct hws_mount_point {
	char path[PATH_MAX];
	char lock_path[PATH_MAX];
	int lock; /* held while the folder is in use, -1 = none */
};

/* A new empty folder, mode 0700, in $XDG_RUNTIME_DIR/hawser, else /run/user/UID/hawser, else
 * /tmp/hawser-UID. Unmounts and removes those that nobody holds any more. */
int hws_mount_point_make(struct hws_mount_point *ret, struct hws_error *err) HWS_MUST_CHECK;
/* Nothing is mounted on it any more. Takes a zeroed one. */
void hws_mount_point_remove(struct hws_mount_point *p);
