/* Each mount point has a lock file beside it, locked by the program that shows something there:
 * the kernel lets it go when that program ends, however it ends. So a lock that can be taken is
 * one that nobody needs, and so is its folder. */
#include "client/mount/point.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/sys/runtime_folder.h"
#include "shared/sys/spawn.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX "files-"
#define LOCK_END ".lock"

/* Without rights of root the kernel leaves that to a program of libfuse. */
static void unmount(const char *path)
{
	static const char *const programs[] = { "/usr/bin/fusermount3", "/bin/fusermount3",
		"/usr/bin/fusermount", "/bin/fusermount" };
	const char *argv[] = { "fusermount3", "-uz", path, NULL };

	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return;
	for (size_t i = 0; i < HWS_COUNT(programs); i++) {
		struct hws_spawn s = { .program = programs[i], .argv = argv, .clean_env = true };
		pid_t pid;
		int status;

		s.ipc_fd = STDIN_FILENO;
		if (access(programs[i], X_OK) < 0 || hws_spawn(&s, &pid, NULL) < 0)
			continue;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return;
	}
}

/* A mount whose program is gone answers "not connected"; one that is none, with what it is. */
static void clear_one(const char *folder, const char *lock_name)
{
	size_t n = strlen(lock_name) - strlen(LOCK_END);
	char lock_path[PATH_MAX], path[PATH_MAX];
	int fd;

	if (hws_fmt(lock_path, sizeof(lock_path), "%s/%s", folder, lock_name) < 0 ||
			hws_fmt(path, sizeof(path), "%s/%.*s", folder, (int)n, lock_name) < 0)
		return;
	fd = open(lock_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (rmdir(path) < 0 && errno != ENOENT) {
			unmount(path);
			(void)!rmdir(path);
		}
		if (access(path, F_OK) < 0 && errno == ENOENT)
			unlink(lock_path);
	}
	close(fd);
}

static void clear_stale(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		size_t n = strlen(d->d_name), m = strlen(LOCK_END);

		if (hws_str_starts(d->d_name, PREFIX) && n > m &&
				strcmp(d->d_name + n - m, LOCK_END) == 0)
			clear_one(folder, d->d_name);
	}
	closedir(dir);
}

static int make_one(const char *folder, struct hws_mount_point *p, struct hws_error *err)
{
	unsigned number;

	for (unsigned tries = 0; tries < 8; tries++) {
		hws_rand_bytes(&number, sizeof(number));
		if (hws_fmt(p->path, sizeof(p->path), "%s/" PREFIX "%08x", folder, number) < 0 ||
				hws_fmt(p->lock_path, sizeof(p->lock_path), "%s" LOCK_END,
						p->path) < 0)
			return hws_error_set(
					err, HWS_ERR_TOOBIG, "the path %s is too long", folder);
		p->lock = open(p->lock_path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				0600);
		if (p->lock < 0 && errno == EEXIST)
			continue;
		if (p->lock >= 0 && flock(p->lock, LOCK_EX | LOCK_NB) == 0 &&
				mkdir(p->path, 0700) == 0)
			return HWS_OK;
		break;
	}
	int cause = errno;
	if (p->lock >= 0) {
		close(p->lock);
		unlink(p->lock_path);
	}
	p->lock = -1;
	return hws_error_set(err, hws_err_from_errno(cause), "cannot make a folder in %s: %s",
			folder, strerror(cause));
}

int hws_mount_point_make(struct hws_mount_point *ret, struct hws_error *err)
{
	char folder[PATH_MAX - 100], path[PATH_MAX];
	int r, one;

	ret->lock = -1;
	r = hws_runtime_folder(folder, sizeof(folder), err);
	if (r < 0)
		return r;
	/* One at a time: a lock is made before it is taken. */
	if (hws_fmt(path, sizeof(path), "%s/lock", folder) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the path %s is too long", folder);
	one = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (one >= 0)
		(void)!flock(one, LOCK_EX);
	clear_stale(folder);
	r = make_one(folder, ret, err);
	if (one >= 0)
		close(one);
	return r;
}

void hws_mount_point_remove(struct hws_mount_point *p)
{
	if (!p->path[0] || p->lock < 0)
		return;
	if (rmdir(p->path) < 0 && errno != ENOENT) {
		unmount(p->path); /* who was in it keeps what he has */
		(void)!rmdir(p->path);
	}
	unlink(p->lock_path);
	close(p->lock);
	p->lock = -1;
}
