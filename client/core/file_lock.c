/* The lock is a file of its own, since the one that it is for is replaced as a whole. */
#include "client/core/file_lock.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define TRIES 100
#define TRY_NS 5000000

/* Waits for whoever writes, but not for somebody who was stopped while he did. */
static int lock(const char *file, int *ret_fd)
{
	const struct timespec pause = { .tv_nsec = TRY_NS };
	char path[4400];
	int fd, r = hws_fmt(path, sizeof(path), "%s.lock", file);

	*ret_fd = -1;
	if (r < 0)
		return r;
	r = hws_private_file_create(path, &fd, NULL);
	if (r == HWS_ERR_EXISTS)
		r = hws_private_file_mend(path, &fd, NULL);
	for (int i = 0; r == HWS_OK && flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || i == TRIES) {
			close(fd);
			return HWS_ERR_BUSY;
		}
		nanosleep(&pause, NULL);
	}
	if (r == HWS_OK)
		*ret_fd = fd;
	return r;
}

static int make_folder(const char *path)
{
	char folder[4400];
	char *slash;
	int r = hws_str_copy(folder, sizeof(folder), path);

	slash = r == HWS_OK ? strrchr(folder, '/') : NULL;
	if (!slash || slash == folder)
		return r;
	*slash = 0;
	return hws_private_folder_make(folder, NULL);
}

int hws_file_lock(const char *path, int *ret_fd)
{
	int r = make_folder(path);

	*ret_fd = -1;
	return r == HWS_OK ? lock(path, ret_fd) : r;
}
