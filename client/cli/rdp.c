/* Which program shows remote desktops is the user's affair: those that are common are looked
 * for, in the order of how well they take an address from a command line. */
#include "client/cli/rdp.h"
#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name, *option, *prefix; /* argv: name [option] prefix + address */
} programs[] = {
	{ "xfreerdp3", NULL, "/v:" },
	{ "xfreerdp", NULL, "/v:" },
	{ "wlfreerdp", NULL, "/v:" },
	{ "remmina", "-c", "rdp://" },
	{ "krdc", NULL, "rdp://" },
	{ "gnome-connections", NULL, "rdp://" },
};

static bool find(const char *name, char *buf, size_t size)
{
	const char *path = getenv("PATH");

	for (const char *p = path ? path : ""; *p;) {
		size_t n = strcspn(p, ":");

		if (n > 0 && hws_fmt(buf, size, "%.*s/%s", (int)n, p, name) >= 0 &&
				access(buf, X_OK) == 0)
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

static pid_t run(size_t which, const char *path, const char *address)
{
	struct hws_error err = { 0 };
	char place[320];
	const char *argv[4] = { programs[which].name };
	pid_t pid = 0;
	int n = 1, r, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (programs[which].option)
		argv[n++] = programs[which].option;
	/* An address of ours always fits. */
	if (hws_fmt(place, sizeof(place), "%s%s", programs[which].prefix, address) < 0)
		place[0] = 0;
	argv[n] = place;
	r = null < 0 ? HWS_ERR_SYS
		     : hws_spawn(&(struct hws_spawn){ .program = path,
						 .argv = argv,
						 .ipc_fd = null },
				       &pid, &err);
	if (null >= 0)
		close(null);
	if (r < 0) {
		cli_fail(0, "%s could not be started: %s", path,
				*err.text ? err.text : hws_err_text(r));
		return 0;
	}
	printf("started %s for %s\n", path, address);
	return pid;
}

pid_t cli_rdp_start(const char *address)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
	bool display = (x && *x) || (wayland && *wayland);
	char path[4096];

	for (size_t i = 0; display && i < HWS_COUNT(programs); i++)
		if (find(programs[i].name, path, sizeof(path))) {
			pid_t pid = run(i, path, address);

			if (pid > 0)
				return pid;
		}
	printf("connect a remote desktop (RDP) program to %s%s\n", address,
			display ? "; none is installed here (xfreerdp, remmina)" : "");
	return 0;
}

int cli_rdp_ended(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) != 0;
}
