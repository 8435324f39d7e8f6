/* hawser-mount: shows files that lie on the clipboard of another machine as a folder of this one
 * (FUSE), for as long as who has started it wants. It knows nothing of networks and sessions:
 * its owner tells a list, hears what is read, and answers. A process of its own, so that the
 * owner never waits for its own files, and need not have the rights that mounting takes. */
#include "client/mount/point.h"
#include "client/mount/serve.h"
#include "shared/sys/spawn.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	int fd = HWS_SPAWN_IPC_FD, type;
	socklen_t size = sizeof(type);
	struct hws_mount_point point = { .lock = -1 };
	struct hws_clip_list *list = NULL;
	struct hws_error err = { 0 };

	(void)argv;
	if (argc != 1 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
		fprintf(stderr,
				"hawser-mount is started by hawser and hawser-host; there is nothing "
				"to be done with it by hand\n");
		return 2;
	}
	(void)!fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (hws_mount_hear_list(fd, &list, &err) < 0 || hws_mount_point_make(&point, &err) < 0) {
		hws_mount_say_failure(fd, err.text);
	} else {
		hws_mount_serve(fd, list, point.path);
		hws_mount_point_remove(&point);
	}
	hws_clip_list_unref(list);
	return err.code ? 1 : 0;
}
