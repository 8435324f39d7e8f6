#include "client/host/spawn.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS_MAX 64
#define ENV_MAX 512
#define XAUTHORITY "XAUTHORITY="

struct account {
	bool change;
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int group_count;
	char home[256], name[64], login[72];
};

/* Looked up before the fork: the child of a process with threads may call next to nothing. */
static int find_account(const char *user, struct account *ret, struct hws_error *err)
{
	const struct passwd *pw;

	if (!user || !*user || geteuid() != 0)
		return HWS_OK;
	errno = 0;
	pw = getpwnam(user); /* hostd's loop thread is the only one that asks */
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
	if (hws_fmt(ret->home, sizeof(ret->home), "HOME=%s", pw->pw_dir) < 0 ||
			hws_fmt(ret->name, sizeof(ret->name), "USER=%s", user) < 0 ||
			hws_fmt(ret->login, sizeof(ret->login), "LOGNAME=%s", user) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the account '%s' cannot be used", user);
	return HWS_OK;
}

/* What belongs to the session of the account that started us is of no use to another one, and may be secret. */
static bool is_of_account(const char *entry)
{
	static const char *const own[] = { "HOME=", "USER=", "LOGNAME=", "MAIL=", "SHELL=", "PWD=",
		"OLDPWD=", "XDG_", "DBUS_", "WAYLAND_", "SSH_", "SUDO_", "GPG_",
		"ICEAUTHORITY=", "SESSION_MANAGER=" };

	for (size_t i = 0; i < HWS_COUNT(own); i++)
		if (hws_str_starts(entry, own[i]))
			return true;
	return false;
}

static bool passes(const char *entry, bool clean)
{
	static const char *const kept[] = {
		"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "TZ=", "LANG="
	};

	/* may hold a password, and is meant for the first process */
	if (hws_str_starts(entry, "HAWSER_") && !hws_str_starts(entry, "HAWSER_PLATFORM="))
		return false;
	if (hws_str_starts(entry, "NOTIFY_SOCKET=") || hws_str_starts(entry, "LISTEN_FDS="))
		return false;
	if (!clean)
		return true;
	for (size_t i = 0; i < HWS_COUNT(kept); i++)
		if (hws_str_starts(entry, kept[i]))
			return true;
	return false;
}

static int make_env(const struct hws_spawn *s, struct account *a, char *display,
		size_t display_size, char **env)
{
	size_t n = 0;
	char *cookies = NULL;

	for (char **e = environ; *e && n < ENV_MAX - 7; e++) {
		if (!passes(*e, s->clean_env))
			continue;
		if (s->display && hws_str_starts(*e, "DISPLAY="))
			continue;
		if (a->change && is_of_account(*e))
			continue;
		if (a->change && hws_str_starts(*e, XAUTHORITY)) {
			cookies = *e;
			continue;
		}
		env[n++] = *e;
	}
	if (s->display) {
		int r = hws_fmt(display, display_size, "DISPLAY=%s", s->display);

		if (r < 0)
			return r;
		env[n++] = display;
	}
	/* Fewer page faults: the first picture of 1920 x 1080 comes some 50 ms earlier. */
	if (s->huge_pages && !getenv("GLIBC_TUNABLES"))
		env[n++] = (char *)"GLIBC_TUNABLES=glibc.malloc.hugetlb=1";
	if (a->change) {
		env[n++] = a->home;
		env[n++] = a->name;
		env[n++] = a->login;
	}
	if (cookies)
		env[n++] = cookies; /* last: see drop_cookies */
	env[n] = NULL;
	return HWS_OK;
}

/* A file of cookies that this account may not read is the one of whoever started us; without the variable it
 * looks for its own. Asked as that account, so in the child. */
static void drop_cookies(char **env)
{
	size_t n = 0;

	while (env[n])
		n++;
	if (n && hws_str_starts(env[n - 1], XAUTHORITY) &&
			access(env[n - 1] + strlen(XAUTHORITY), R_OK) < 0)
		env[n - 1] = NULL;
}

/* Runs in the child; async-signal-safe calls only. */
static void become(const struct hws_spawn *s, const struct account *a, char **env)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	if (dup2(s->ipc_fd, HWS_SPAWN_LINK_FD) < 0 || null < 0)
		_exit(126);
	if (s->ipc_fd == HWS_SPAWN_LINK_FD)
		fcntl(HWS_SPAWN_LINK_FD, F_SETFD, 0);
	dup2(null, 0);
	dup2(null, 1);
	close_range(HWS_SPAWN_LINK_FD + 1, ~0u, 0);
	if (a->change &&
			(setgroups((size_t)a->group_count, a->groups) < 0 || setgid(a->gid) < 0 ||
					setuid(a->uid) < 0 || (a->uid && setuid(0) == 0)))
		_exit(126);
	if (a->change)
		drop_cookies(env);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve("/proc/self/exe", (char *const *)(uintptr_t)s->argv, env);
	_exit(127);
}

int hws_spawn(const struct hws_spawn *s, pid_t *ret_pid, struct hws_error *err)
{
	struct account account = { 0 };
	char *env[ENV_MAX], display[256];
	pid_t pid;
	int r = find_account(s->user, &account, err);

	if (r == HWS_OK)
		r = make_env(s, &account, display, sizeof(display), env);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0)
		become(s, &account, env);
	if (pid < 0)
		return hws_error_set(err, hws_err_from_errno(errno),
				"no process could be started: %s", strerror(errno));
	*ret_pid = pid;
	return HWS_OK;
}
