/* What a started process may know of ours. HAWSER_ variables may hold a password and are meant for
 * the first process; what describes the session of one account (its bus, its agents, its home) is
 * of no use to another one, and may be secret. */
#include "shared/sys/spawn_env.h"
#include "shared/base/str.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XAUTHORITY "XAUTHORITY="
#define ADDED_MAX 8 /* entries of ours, and the NULL */

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
		"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "TZ=", "LANG=",
		"SSL_CERT_FILE=", "SSL_CERT_DIR=" /* a gate believes whom hostd believes */
	};

	if (hws_str_starts(entry, "HAWSER_") && !hws_str_starts(entry, "HAWSER_PLATFORM="))
		return false;
	if (hws_str_starts(entry, "NOTIFY_SOCKET=") || hws_str_starts(entry, "LISTEN_") ||
			hws_str_starts(entry, "WATCHDOG_"))
		return false;
	if (!clean)
		return true;
	for (size_t i = 0; i < HWS_COUNT(kept); i++)
		if (hws_str_starts(entry, kept[i]))
			return true;
	return false;
}

static int name_account(const struct hws_spawn *s, const char *home, struct hws_spawn_env *ret)
{
	int r = hws_fmt(ret->home, sizeof(ret->home), "HOME=%s", home);

	if (r == HWS_OK)
		r = hws_fmt(ret->user, sizeof(ret->user), "USER=%s", s->user);
	if (r == HWS_OK)
		r = hws_fmt(ret->login, sizeof(ret->login), "LOGNAME=%s", s->user);
	return r;
}

/* Where the account's session has its sockets, of its sound and video servers among them
 * (pam_systemd): where there is such a folder. */
static bool name_runtime(const struct hws_spawn *s, struct hws_spawn_env *ret)
{
	const struct passwd *pw = s->clean_env ? NULL : getpwnam(s->user);
	struct stat st;

	if (!pw ||
			hws_fmt(ret->runtime, sizeof(ret->runtime), "XDG_RUNTIME_DIR=/run/user/%u",
					(unsigned)pw->pw_uid) < 0)
		return false;
	return stat(strchr(ret->runtime, '=') + 1, &st) == 0 && S_ISDIR(st.st_mode) &&
			st.st_uid == pw->pw_uid;
}

int hws_spawn_env_make(const struct hws_spawn *s, const char *home, struct hws_spawn_env *ret)
{
	size_t n = 0;
	char *cookies = NULL;
	int r = HWS_OK;

	for (char **e = environ; *e && n < HWS_SPAWN_ENV_MAX - ADDED_MAX; e++) {
		if (!passes(*e, s->clean_env))
			continue;
		if (s->display && hws_str_starts(*e, "DISPLAY="))
			continue;
		if (home && is_of_account(*e))
			continue;
		if (home && hws_str_starts(*e, XAUTHORITY)) {
			cookies = *e;
			continue;
		}
		ret->list[n++] = *e;
	}
	if (s->display) {
		r = hws_fmt(ret->display, sizeof(ret->display), "DISPLAY=%s", s->display);
		ret->list[n++] = ret->display;
	}
	/* Fewer page faults: the first picture of 1920 x 1080 comes some 50 ms earlier. */
	if (s->huge_pages && !getenv("GLIBC_TUNABLES"))
		ret->list[n++] = (char *)"GLIBC_TUNABLES=glibc.malloc.hugetlb=1";
	if (home && r == HWS_OK) {
		r = name_account(s, home, ret);
		ret->list[n++] = ret->home;
		ret->list[n++] = ret->user;
		ret->list[n++] = ret->login;
	}
	if (home && r == HWS_OK && name_runtime(s, ret))
		ret->list[n++] = ret->runtime;
	if (cookies)
		ret->list[n++] = cookies; /* last: see hws_spawn_env_drop_cookies */
	ret->list[n] = NULL;
	return r;
}

/* A file of cookies that this account may not read is the one of whoever started us; without the
 * variable it looks for its own. */
void hws_spawn_env_drop_cookies(struct hws_spawn_env *env)
{
	size_t n = 0;

	while (env->list[n])
		n++;
	if (n && hws_str_starts(env->list[n - 1], XAUTHORITY) &&
			access(env->list[n - 1] + strlen(XAUTHORITY), R_OK) < 0)
		env->list[n - 1] = NULL;
}
