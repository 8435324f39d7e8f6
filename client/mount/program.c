/* Finding and running hawser-mount. It is looked for beside who uses it: the host, the command
 * line, or libhawser in a program that is anywhere. */
#include "client/mount/program.h"
#include "shared/base/str.h"
#include "shared/sys/own_folder.h"
#include "shared/sys/spawn.h"
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "hawser-mount"

int hws_mount_program(char *path, size_t size, struct hws_error *err)
{
	static const char in_tree[] = "../mount/" NAME;
	static const char *const places[] = { HAWSER_MOUNT_FROM_LIB, HAWSER_MOUNT_FROM_BIN, in_tree,
		NAME };
	const char *named = secure_getenv("HAWSER_MOUNT");
	char folder[PATH_MAX];

	if (named && *named) {
		if (hws_str_copy(path, size, named) == HWS_OK && access(path, X_OK) == 0)
			return HWS_OK;
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"$HAWSER_MOUNT names \"%.200s\", which is no program", named);
	}
	if (hws_own_folder((const void *)(uintptr_t)&hws_mount_program, folder) < 0)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "%s cannot be looked for", NAME);
	for (size_t i = 0; i < HWS_COUNT(places); i++)
		if (hws_fmt(path, size, "%s/%s", folder, places[i]) == HWS_OK &&
				access(path, X_OK) == 0)
			return HWS_OK;
	return hws_error_set(err, HWS_ERR_NOTFOUND,
			"the program %s is missing (it belongs at %.150s/%s): install it again, or "
			"set $HAWSER_MOUNT to its path",
			NAME, folder, HAWSER_MOUNT_FROM_LIB);
}

int hws_mount_start(int fd, pid_t *ret_pid, struct hws_error *err)
{
	static const char *const argv[] = { NAME, NULL };
	char path[PATH_MAX];
	int r = hws_mount_program(path, sizeof(path), err);

	if (r < 0)
		return r;
	return hws_spawn(&(struct hws_spawn){ .program = path, .argv = argv, .ipc_fd = fd },
			ret_pid, err);
}
