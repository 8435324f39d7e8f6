/* Looks, and judges nothing that it cannot see: what other accounts hide from this one is fine. */
#include "client/host/settings_world.h"
#include "shared/base/str.h"
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	const struct hws_settings *s;
	void (*problem)(const char *text, void *arg);
	void *arg;
	unsigned count;
};

static void tell(struct world *w, const char *format, ...) HWS_PRINTF(2, 3);

static void tell(struct world *w, const char *format, ...)
{
	char text[2400], shown[2600];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	w->problem(hws_str_plain(shown, sizeof(shown), hws_bytes_str(text)), w->arg);
	w->count++;
}

static void look_at_account(struct world *w, const char *setting, const char *account)
{
	errno = 0;
	if (!*account || getpwnam(account))
		return;
	/* a directory service that does not answer says nothing about the account */
	if (errno && errno != ENOENT && errno != ESRCH)
		return;
	tell(w, "'%s': this machine has no account \"%s\"", setting, account);
}

static const char *home(const struct hws_settings *s)
{
	const char *account = geteuid() == 0 ? hws_settings_account(s) : "";
	const struct passwd *pw = *account ? getpwnam(account) : getpwuid(geteuid());

	return pw ? pw->pw_dir : NULL;
}

static int look_at_root(const char *part, void *arg)
{
	struct world *w = arg;
	const char *below = part[0] == '~' ? home(w->s) : "";
	char path[2048];
	struct stat st;

	if (!below || hws_fmt(path, sizeof(path), "%s%s", below, part + (part[0] == '~')) < 0)
		return HWS_OK;
	if (stat(path, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			tell(w, "'files-roots': \"%s\" is no folder", path);
	} else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
		tell(w, "'files-roots': the folder \"%s\" does not exist", path);
	}
	return HWS_OK;
}

static bool is_of(const char *name, const char *setting)
{
	return !name || strcmp(name, setting) == 0;
}

unsigned hws_settings_world(const struct hws_settings *s, const char *name,
		void (*problem)(const char *text, void *arg), void *arg)
{
	struct world w = { s, problem, arg, 0 };

	if (is_of(name, "service-user"))
		look_at_account(&w, "service-user", s->service_user);
	if (is_of(name, "desktop-user"))
		look_at_account(&w, "desktop-user", s->desktop_user);
	if (is_of(name, "files-roots") && hws_str_each(s->files_roots, ':', look_at_root, &w) < 0)
		w.count++; /* too long: refused where settings are read */
	return w.count;
}
