/* A program of the user's. What can fail before the fork is done before it: of a process with
 * threads the child may call next to nothing. That the program could not be begun comes back by a
 * pipe that closes by itself when it has. */
#include "shared/sys/spawn_program.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/sys/libc_calls.h"
#include "shared/sys/spawn_env.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FREE 3 /* number of the pipe in the child */

static bool runs(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int hws_program_find(const char *name, const char *search, char *ret, size_t size)
{
	if (!*name)
		return HWS_ERR_NOTFOUND;
	if (strchr(name, '/'))
		return hws_str_copy(ret, size, name);
	while (search && *search) {
		size_t n = strcspn(search, ":");
		/* an empty part would be the current folder: not here */
		int r = n ? hws_fmt(ret, size, "%.*s/%s", (int)n, search, name) : HWS_ERR_NOTFOUND;

		if (r == HWS_OK && runs(ret))
			return HWS_OK;
		search += n + (search[n] == ':');
	}
	return HWS_ERR_NOTFOUND;
}

static const char *path_of(const char *const *env)
{
	for (; *env; env++)
		if (hws_str_starts(*env, "PATH="))
			return *env + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

/* Each of them may have a number that another is going to get: all are put out of the way first. */
static int arrange(const struct hws_spawn_program *p, int said)
{
	int in = fcntl(p->in, F_DUPFD_CLOEXEC, FIRST_FREE + 1);
	int out = fcntl(p->out, F_DUPFD_CLOEXEC, FIRST_FREE + 1);
	int errors = fcntl(p->errors, F_DUPFD_CLOEXEC, FIRST_FREE + 1);

	said = fcntl(said, F_DUPFD_CLOEXEC, FIRST_FREE + 1);
	if (in < 0 || out < 0 || errors < 0 || said < 0)
		return -1;
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
			dup2(errors, STDERR_FILENO) < 0 || dup3(said, FIRST_FREE, O_CLOEXEC) < 0)
		return -1;
	return hws_close_range(FIRST_FREE + 1, ~0u);
}

/* Runs in the child; async-signal-safe calls only. */
static HWS_NORETURN void become(const struct hws_spawn_program *p, const char *path, int said)
{
	int why;

	hws_spawn_reset_signals();
	umask(022);
	if (setsid() >= 0 && arrange(p, said) == 0 &&
			(!p->terminal || ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0) &&
			(chdir(p->directory) == 0 || chdir("/") == 0)) {
		said = FIRST_FREE;
		execve(path, (char *const *)(uintptr_t)p->argv, (char *const *)(uintptr_t)p->env);
	}
	why = errno;
	if (write(said, &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

/* 0: it has begun. */
static int hear(int fd)
{
	int why = 0;
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == sizeof(why) ? why : 0;
}

static int explain(int why, const char *name, struct hws_error *err)
{
	char shown[256];

	hws_str_escape(shown, sizeof(shown), hws_bytes_str(name));
	if (why == ENOENT || why == ENOTDIR)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "%s: there is no such program", shown);
	if (why == EACCES || why == EPERM)
		return hws_error_set(err, HWS_ERR_PERM, "%s: this program may not be run", shown);
	return hws_error_set(err, hws_err_from_errno(why), "%s could not be started: %s", shown,
			strerror(why));
}

int hws_spawn_program(const struct hws_spawn_program *p, pid_t *ret_pid, struct hws_error *err)
{
	char path[4096];
	int told[2];
	pid_t pid;

	if (hws_program_find(p->path, path_of(p->env), path, sizeof(path)) < 0)
		return explain(ENOENT, p->path, err);
	if (pipe2(told, O_CLOEXEC) < 0)
		return explain(errno, p->path, err);
	pid = fork();
	if (pid == 0)
		become(p, path, told[1]);
	int why = pid < 0 ? errno : 0;
	close(told[1]);
	if (!why)
		why = hear(told[0]);
	close(told[0]);
	if (!why) {
		*ret_pid = pid;
		return HWS_OK;
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return explain(why, p->path, err);
}
