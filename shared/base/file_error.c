/* "Permission denied" helps nobody who runs a service: which account it is, and what to run, is
 * what he looks for. */
#include "shared/base/file_error.h"

#include "shared/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Accounts that systemd makes for the time a service runs (DynamicUser=). */
#define DYNAMIC_FIRST 61184u
#define DYNAMIC_LAST 65519u

static void group_name(char *buf, size_t size)
{
	const struct group *g = getgrgid(getegid());

	if (!g || hws_str_copy(buf, size, g->gr_name) < 0)
		snprintf(buf, size, "%u", (unsigned)getegid());
}

static void user_name(char *buf, size_t size)
{
	const struct passwd *p = getpwuid(geteuid());

	if (!p || hws_str_copy(buf, size, p->pw_name) < 0)
		snprintf(buf, size, "%u", (unsigned)geteuid());
}

/* The first folder on the way that does not let us through; false = none. */
static bool closed_folder(const char *path, char *buf, size_t size)
{
	if (hws_str_copy(buf, size, path) < 0)
		return false;
	for (char *p = strchr(buf + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		if (faccessat(AT_FDCWD, buf, X_OK, AT_EACCESS) < 0)
			return errno == EACCES;
		*p = '/';
	}
	return false;
}

static int unreadable(const char *path, struct hws_error *err)
{
	char who[64], group[64], dir[PATH_MAX];
	uid_t uid = geteuid();
	struct stat st;

	user_name(who, sizeof(who));
	group_name(group, sizeof(group));
	if (closed_folder(path, dir, sizeof(dir)))
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be read by the account of this program (%s): its "
				"folder is closed. "
				"Run: chmod o+x %s",
				path, who, dir);
	if (stat(path, &st) == 0 && st.st_uid == uid)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be read by its own account (%s). Run: chmod u+r %s",
				path, who, path);
	if (uid >= DYNAMIC_FIRST && uid <= DYNAMIC_LAST)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be read by the account that systemd makes for this "
				"service (%s). Run: "
				"chmod 644 %s; or, if it holds a secret: useradd --system %s && "
				"chown root:%s %s && "
				"chmod 640 %s",
				path, who, path, who, who, path, path);
	return hws_error_set(err, HWS_ERR_PERM,
			"%s cannot be read by the account of this program (%s). Run: chown "
			"root:%s %s && chmod 640 %s",
			path, who, group, path, path);
}

int hws_file_error(const char *path, int errnum, struct hws_error *err)
{
	int r;

	if (errnum == EACCES)
		return unreadable(path, err);
	r = hws_err_from_errno(errnum);
	return hws_error_set(err, r, "cannot read %s: %s", path, strerror(errnum));
}

/* Whom a file has to be given to so that we own it, as chown takes it. The account that systemd
 * made is gone while its service is down; its folder is not. */
static int new_owner(const char *path, char *buf, size_t size)
{
	const struct passwd *p = getpwuid(geteuid());
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	struct stat st;

	if (slash &&
			hws_fmt(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path),
					path) < 0)
		return HWS_ERR_TOOBIG;
	if (p && (geteuid() < DYNAMIC_FIRST || geteuid() > DYNAMIC_LAST))
		return hws_str_copy(buf, size, p->pw_name);
	if (!getenv("HAWSER_CONTAINER") && stat(dir, &st) == 0 && st.st_uid == geteuid())
		return hws_fmt(buf, size, "--reference=%s", dir);
	return hws_fmt(buf, size, "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
}

int hws_secret_file_error(const char *path, struct hws_error *err)
{
	char who[64], owner[PATH_MAX + 16];
	struct stat st;

	/* a folder that is closed, or a file of ours that we closed to ourselves */
	if (stat(path, &st) < 0 || st.st_uid == geteuid() ||
			new_owner(path, owner, sizeof(owner)) < 0)
		return unreadable(path, err);
	user_name(who, sizeof(who));
	return hws_error_set(err, HWS_ERR_PERM,
			"%s cannot be read by the account of this program (%s). Run: chown %s %s "
			"&& chmod 600 %s",
			path, who, owner, path, path);
}

/* --- writing -------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* What has to change hands: the thing itself, if it is there and is not ours to write, else the
 * nearest folder above it that is there. */
static const char *culprit(const char *path, char *buf, size_t size)
{
	char *slash;

	if (hws_str_copy(buf, size, path) < 0)
		return path;
	if (exists(buf) && faccessat(AT_FDCWD, buf, W_OK, AT_EACCESS) < 0)
		return buf;
	do {
		slash = strrchr(buf, '/');
		if (!slash)
			return ".";
		slash[slash == buf] = 0;
	} while (slash != buf && !exists(buf));
	return buf;
}

int hws_file_write_error(const char *path, int errnum, struct hws_error *err)
{
	/* what is mounted into a container has another name outside */
	const char *hint = getenv("HAWSER_CONTAINER")
			? " (or its volume, from outside of the container)"
			: "";
	char above[PATH_MAX], dir[PATH_MAX];
	const char *what = culprit(path, above, sizeof(above));
	struct stat st;
	int r = hws_err_from_errno(errnum);

	if (errnum == EROFS)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be written: its file system is read-only. Mount a volume or "
				"a folder there",
				what);
	if (errnum != EACCES && errnum != EPERM)
		return hws_error_set(err, r == HWS_ERR_NOTFOUND ? HWS_ERR_DISK : r,
				"cannot write %s: %s", path, strerror(errnum));
	if (closed_folder(path, dir, sizeof(dir)))
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be reached by the account of this program (uid %u). Run: "
				"chmod o+x %s",
				path, (unsigned)geteuid(), dir);
	if (stat(what, &st) == 0 && st.st_uid == geteuid())
		return hws_error_set(err, HWS_ERR_PERM,
				"%s cannot be written by its own account (uid %u). Run: chmod u+rwX %s",
				what, (unsigned)geteuid(), what);
	return hws_error_set(err, HWS_ERR_PERM,
			"%s cannot be written by the account of this program (uid %u). Run: chown "
			"%u:%u %s%s",
			what, (unsigned)geteuid(), (unsigned)geteuid(), (unsigned)getegid(), what,
			hint);
}
