/* Starting processes. All that can fail or take a lock (names of accounts, memory) is done before
 * the fork: the child of a process with threads may call next to nothing until it is another
 * program. */
#include "shared/sys/spawn.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/sys/libc_calls.h"
#include "shared/sys/spawn_env.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUPS_MAX 64

struct account {
	bool change;
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int group_count;
};

static int find_account(
		const char *user, struct account *ret, const char **ret_home, struct hws_error *err)
{
	const struct passwd *pw;

	*ret_home = NULL;
	if (!user || !*user || geteuid() != 0)
		return HWS_OK;
	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"the account '%s' does not exist: create it or set another one",
				user);
	ret->change = true;
	ret->uid = pw->pw_uid;
	ret->gid = pw->pw_gid;
	ret->group_count = GROUPS_MAX;
	if (getgrouplist(user, pw->pw_gid, ret->groups, &ret->group_count) < 0)
		ret->group_count = 1; /* too many: the primary one only */
	if (ret->group_count == 1)
		ret->groups[0] = pw->pw_gid;
	*ret_home = pw->pw_dir;
	return HWS_OK;
}

void hws_spawn_reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Each of them may have a number that another is going to get: all are put out of the way first. */
static int arrange_files(const struct hws_spawn *s)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ipc = fcntl(s->ipc_fd, F_DUPFD_CLOEXEC, HWS_SPAWN_IPC_FD + 1);
	int said = fcntl(s->log_fd > 0 ? s->log_fd : null, F_DUPFD_CLOEXEC, HWS_SPAWN_IPC_FD + 1);

	null = fcntl(null, F_DUPFD_CLOEXEC, HWS_SPAWN_IPC_FD + 1);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
			dup2(said, STDERR_FILENO) < 0 || dup2(ipc, HWS_SPAWN_IPC_FD) < 0)
		return -1;
	return hws_close_range(HWS_SPAWN_IPC_FD + 1, ~0u);
}

static int take_account(const struct hws_spawn *s, const struct account *a)
{
	if (!a->change)
		return 0;
	if (setgroups(s->no_groups ? 0 : (size_t)a->group_count, a->groups) < 0 ||
			setgid(a->gid) < 0 || setuid(a->uid) < 0)
		return -1;
	return a->uid && setuid(0) == 0 ? -1 : 0;
}

/* Runs in the child; async-signal-safe calls only. */
static HWS_NORETURN void become(
		const struct hws_spawn *s, const struct account *a, struct hws_spawn_env *env)
{
	static const struct rlimit none = { 0, 0 };

	if (setsid() < 0 || setrlimit(RLIMIT_CORE, &none) < 0 || arrange_files(s) < 0 ||
			take_account(s, a) < 0)
		_exit(126);
	if (a->change)
		hws_spawn_env_drop_cookies(env);
	hws_spawn_reset_signals();
	execve(s->program ? s->program : "/proc/self/exe", (char *const *)(uintptr_t)s->argv,
			env->list);
	_exit(127);
}

int hws_spawn(const struct hws_spawn *s, pid_t *ret_pid, struct hws_error *err)
{
	struct account account = { 0 };
	struct hws_spawn_env env;
	const char *home;
	pid_t pid;
	int r = find_account(s->user, &account, &home, err);

	if (r < 0)
		return r;
	r = hws_spawn_env_make(s, home, &env);
	if (r < 0)
		return hws_error_set(err, r,
				"no process could be started: the name of the account or of the "
				"display is "
				"too long");
	pid = fork();
	if (pid == 0)
		become(s, &account, &env);
	if (pid < 0)
		return hws_error_set(err, hws_err_from_errno(errno),
				"no process could be started: %s", strerror(errno));
	*ret_pid = pid;
	return HWS_OK;
}

/* Nothing of the parent may stay open: its sockets would not end with it. */
static void let_go_of_files(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if (null >= 0)
			dup2(null, fd);
	if (keep > 3)
		hws_close_range(3, (unsigned)keep - 1);
	hws_close_range((unsigned)HWS_MAX(keep + 1, 3), ~0u);
}

int hws_spawn_detached(const char *name, int fd, void (*run)(int fd, void *arg), void *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return hws_err_from_errno(errno);
	if (pid == 0) {
		pid = fork(); /* a grandchild: nobody has to wait for it */
		if (pid != 0)
			_exit(pid < 0);
		setsid();
		prctl(PR_SET_NAME, name);
		hws_spawn_reset_signals();
		let_go_of_files(fd);
		if (chdir("/") == 0)
			run(fd, arg);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? HWS_OK : HWS_ERR_SYS;
}

int hws_spawn_shell(const char *shell, const char *command)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		hws_spawn_reset_signals();
		hws_close_range(3, ~0u);
		execl(shell, shell, "-c", command, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int hws_exec_sibling(const char *name, const char *build_folder, char *const argv[])
{
	char self[4096], path[4300];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = NULL;

	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
	}
	if (slash) {
		*slash = 0;
		if (hws_fmt(path, sizeof(path), "%s/%s", self, name) == HWS_OK)
			execv(path, argv);
		if (hws_fmt(path, sizeof(path), "%s/../%s/%s", self, build_folder, name) == HWS_OK)
			execv(path, argv);
	}
	execvp(name, argv);
	return hws_err_from_errno(errno);
}
