/* Where a program keeps its state and its sockets. */
#include "shared/daemon/daemon.h"

#include "shared/base/file_error.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the folder and what is missing above it, private. One that exists must belong to us or
 * root, let us in and not be writable for everybody. */
static int make_private(const char *path, struct hws_error *err)
{
	struct stat st;
	int r = hws_private_folder_make(path, err);

	if (r < 0)
		return r;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return hws_error_set(err, HWS_ERR_EXISTS, "%s is no folder", path);
	if (geteuid() != 0 && st.st_uid != geteuid() && st.st_uid != 0)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s belongs to another user (uid %u). Run: chown %u:%u %s", path,
				(unsigned)st.st_uid, (unsigned)geteuid(), (unsigned)getegid(),
				path);
	/* before anything is looked for in it: what is said of a file would open the folder */
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return hws_file_write_error(path, errno, err);
	if (st.st_mode & S_IWOTH)
		return hws_error_set(err, HWS_ERR_PERM,
				"%s can be written by everybody; run: chmod o-w %s", path, path);
	return HWS_OK;
}

/* The first of a list separated by ':' (systemd gives one for each folder of a unit). */
static int from_systemd(const char *variable, char *buf, size_t size)
{
	const char *list = getenv(variable);

	if (!list || list[0] != '/')
		return HWS_ERR_NOTFOUND;
	return hws_fmt(buf, size, "%.*s", (int)strcspn(list, ":"), list);
}

static int from_xdg(const char *variable, const char *name, char *buf, size_t size)
{
	const char *base = getenv(variable);

	if (!base || base[0] != '/')
		return HWS_ERR_NOTFOUND;
	return hws_fmt(buf, size, "%s/%s", base, name);
}

static int from_home(const char *name, char *buf, size_t size)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (!home || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : NULL;
	}
	if (!home || home[0] != '/')
		return HWS_ERR_NOTFOUND;
	return hws_fmt(buf, size, "%s/.local/state/%s", home, name);
}

static int say(int r, struct hws_error *err)
{
	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r,
				"no folder for the program's state: set HOME or XDG_STATE_HOME");
	if (r < 0)
		return hws_error_set(err, r, "the path of the program's state is too long");
	return HWS_OK;
}

static int finish(int r, char *buf, struct hws_error *err)
{
	r = say(r, err);
	return r < 0 ? r : make_private(buf, err);
}

static int state_path(const char *name, char *buf, size_t size)
{
	int r = from_systemd("STATE_DIRECTORY", buf, size);

	if (r == HWS_ERR_NOTFOUND && geteuid() == 0)
		r = hws_fmt(buf, size, "/var/lib/%s", name);
	if (r == HWS_ERR_NOTFOUND)
		r = from_xdg("XDG_STATE_HOME", name, buf, size);
	if (r == HWS_ERR_NOTFOUND)
		r = from_home(name, buf, size);
	return r;
}

static int runtime_path(const char *name, char *buf, size_t size)
{
	int r = from_systemd("RUNTIME_DIRECTORY", buf, size);

	if (r == HWS_ERR_NOTFOUND && geteuid() == 0)
		r = hws_fmt(buf, size, "/run/%s", name);
	if (r == HWS_ERR_NOTFOUND)
		r = from_xdg("XDG_RUNTIME_DIR", name, buf, size);
	if (r == HWS_ERR_NOTFOUND)
		r = state_path(name, buf, size);
	return r;
}

int hws_daemon_state_dir(const char *name, char *buf, size_t size, struct hws_error *err)
{
	return finish(state_path(name, buf, size), buf, err);
}

int hws_daemon_runtime_dir(const char *name, char *buf, size_t size, struct hws_error *err)
{
	return finish(runtime_path(name, buf, size), buf, err);
}

int hws_daemon_state_path(const char *name, char *buf, size_t size, struct hws_error *err)
{
	return say(state_path(name, buf, size), err);
}

int hws_daemon_runtime_path(const char *name, char *buf, size_t size, struct hws_error *err)
{
	return say(runtime_path(name, buf, size), err);
}

int hws_daemon_named_dir(const char *path, char *buf, size_t size, struct hws_error *err)
{
	return finish(hws_str_copy(buf, size, path), buf, err);
}

int hws_daemon_log_fd(int log_to)
{
	return log_to == 1 ? STDOUT_FILENO : STDERR_FILENO;
}
