/* The account comes from the system's list, not from our environment: that is of whoever started
 * the host. */
#include "client/platform/unix/unix_account.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_BYTES 16384 /* of the list of accounts */
#define PATH_USER "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
#define PATH_ROOT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int hws_unix_account_find(struct hws_unix_account *ret)
{
	char buf[ENTRY_BYTES];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(geteuid(), &pw, buf, sizeof(buf), &found) != 0 || !found)
		return HWS_ERR_NOTFOUND;
	const char *shell =
			found->pw_shell && found->pw_shell[0] == '/' ? found->pw_shell : "/bin/sh";
	if (access(shell, X_OK) < 0)
		shell = "/bin/sh";
	int r = hws_str_copy(ret->name, sizeof(ret->name), found->pw_name);
	if (r == HWS_OK)
		r = hws_str_copy(ret->home, sizeof(ret->home), found->pw_dir);
	if (r == HWS_OK)
		r = hws_str_copy(ret->shell, sizeof(ret->shell), shell);
	if (r == HWS_OK)
		r = hws_fmt(ret->dash_shell, sizeof(ret->dash_shell), "-%s",
				strrchr(ret->shell, '/') + 1);
	return r;
}

int hws_unix_account_is(const struct hws_unix_account *a, const char *user)
{
	char buf[ENTRY_BYTES];
	struct passwd pw, *found = NULL;

	if (!user || hws_str_equal(user, a->name))
		return HWS_OK;
	if (getpwnam_r(user, &pw, buf, sizeof(buf), &found) != 0 || !found)
		return HWS_ERR_NOTFOUND;
	return found->pw_uid == geteuid() ? HWS_OK : HWS_ERR_PERM;
}

/* --- environment --- */

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strcspn(b, "=") == n && memcmp(a, b, n) == 0;
}

static void put(struct hws_unix_env *e, size_t *count, const char *entry)
{
	for (size_t i = 0; i < *count; i++)
		if (same_name(e->list[i], entry)) {
			e->list[i] = entry;
			return;
		}
	e->list[(*count)++] = entry;
	e->list[*count] = NULL;
}

int hws_unix_env_make(const struct hws_unix_account *a, const struct hws_pty_conf *conf,
		struct hws_unix_env *ret)
{
	const char *lang = getenv("LANG"), *zone = getenv("TZ");
	const char *const pair[][2] = {
		{ "HOME", a->home },
		{ "SHELL", a->shell },
		{ "USER", a->name },
		{ "LOGNAME", a->name },
		{ "PATH", geteuid() == 0 ? PATH_ROOT : PATH_USER },
		{ "TERM",
				conf->pipes && !conf->term
						? NULL
						: (conf->term ? conf->term : "xterm-256color") },
		{ "LANG", lang && *lang ? lang : "C.UTF-8" },
		{ "TZ", zone },
	};
	size_t count = 0;

	_Static_assert(HWS_COUNT(pair) == HWS_COUNT(ret->text), "a place for each");
	for (size_t i = 0; i < HWS_COUNT(pair); i++) {
		if (!pair[i][1])
			continue;
		int r = hws_fmt(ret->text[i], sizeof(ret->text[i]), "%s=%s", pair[i][0],
				pair[i][1]);
		if (r < 0)
			return r;
		put(ret, &count, ret->text[i]);
	}
	for (size_t i = 0; conf->env && conf->env[i]; i++)
		put(ret, &count, conf->env[i]);
	return HWS_OK;
}

/* --- the processes of a session --- */

/* The fourth number behind the name, which is in parentheses and may hold anything. */
static bool session_is(const char *pid, int session)
{
	char path[64], text[1024];
	int fd = -1, state_session = 0;
	ssize_t n = 0;

	if (hws_fmt(path, sizeof(path), "/proc/%s/stat", pid) == HWS_OK)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	char *at = strrchr(text, ')');
	for (int field = 0; at && field < 4; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	at[1 + strcspn(at + 1, " ")] = 0;
	uint32_t number = 0;
	if (hws_parse_u32(at + 1, &number) == HWS_OK)
		state_session = (int)number;
	return state_session == session;
}

void hws_unix_kill_session(int session, int but)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	uint32_t pid;

	while (d && (e = readdir(d)))
		if (hws_parse_u32(e->d_name, &pid) == HWS_OK && (int)pid != but &&
				session_is(e->d_name, session))
			kill((pid_t)pid, SIGKILL);
	if (d)
		closedir(d);
}
