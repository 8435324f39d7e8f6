/* A killed process can undo nothing, and the keys it lent would stay. This one does nothing but wait for the end
 * of the other: of a line that only the other holds open. It leads a session of its own, so that a signal to the
 * other's group does not take both. Should it be killed, too, the next hawser on the display takes them back. */
#include "client/platform/x11/guard.h"
#include "client/platform/x11/sweep.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xkb.h>

/* For programs to read the keys that were typed last. */
#define GRACE_MS 1000

struct x11_guard {
	int line;
};

static void sweep_display(const char *display)
{
	xcb_connection_t *c = xcb_connect(display, NULL);

	if (xcb_connection_has_error(c))
		return;
	free(xcb_xkb_use_extension_reply(c, xcb_xkb_use_extension(c, 1, 0), NULL));
	x11_sweep(c, XCB_NONE);
	free(xcb_get_input_focus_reply(c, xcb_get_input_focus(c), NULL)); /* it has been done */
	xcb_disconnect(c);
}

/* Nothing of the parent may stay open: its sockets would not end with it. */
static void let_go_of_files(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if (null >= 0)
			dup2(null, fd);
	if (keep > 3)
		close_range(3, (unsigned)keep - 1, 0);
	close_range((unsigned)HWS_MAX(keep + 1, 3), ~0u, 0);
}

static HWS_NORETURN void stand(int fd, const char *display)
{
	static const int back[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD };
	sigset_t none;
	char c;
	ssize_t n;

	setsid();
	prctl(PR_SET_NAME, "hawser-keys");
	for (size_t k = 0; k < HWS_COUNT(back); k++)
		signal(back[k], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	let_go_of_files(fd);
	if (chdir("/") < 0)
		_exit(1);
	do {
		n = read(fd, &c, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 0) { /* no farewell */
		poll(NULL, 0, GRACE_MS);
		sweep_display(display);
	}
	_exit(0);
}

int x11_guard_new(const char *display, struct x11_guard **ret)
{
	struct x11_guard *g = hws_alloc(sizeof(*g));
	int fd[2], status;

	if (!g)
		return HWS_ERR_NOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0) {
		hws_free(g);
		return HWS_ERR_SYS;
	}
	pid_t pid = fork();
	if (pid == 0) {
		close(fd[1]);
		if (fork() == 0) /* a grandchild: nobody has to wait for it */
			stand(fd[0], display);
		_exit(0);
	}
	close(fd[0]);
	if (pid < 0) {
		close(fd[1]);
		hws_free(g);
		return HWS_ERR_SYS;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	g->line = fd[1];
	*ret = g;
	return HWS_OK;
}

void x11_guard_free(struct x11_guard *g)
{
	if (!g)
		return;
	/* Fails when it is gone already. */
	(void)!send(g->line, "q", 1, MSG_NOSIGNAL);
	close(g->line);
	hws_free(g);
}
