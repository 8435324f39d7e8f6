/* A killed process can undo nothing, and the keys it lent would stay. This one does nothing but
 * wait for the end of the other: of a line that only the other holds open. It leads a session of
 * its own, so that a signal to the other's group does not take both. Should it be killed, too, the
 * next hawser on the display takes them back. */
#include "client/platform/x11/guard.h"
#include "client/platform/x11/sweep.h"
#include "shared/base/mem.h"
#include "shared/sys/local_socket.h"
#include "shared/sys/spawn.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
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

static void stand(int fd, void *arg)
{
	const char *display = arg;
	struct pollfd line = { .fd = fd, .events = POLLIN };
	char c;
	ssize_t n;

	do {
		poll(&line, 1, -1);
		n = read(fd, &c, 1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n == 0) { /* no farewell */
		poll(NULL, 0, GRACE_MS);
		sweep_display(display);
	}
}

int x11_guard_new(const char *display, struct x11_guard **ret)
{
	struct x11_guard *g = hws_alloc(sizeof(*g));
	int fd[2], r;

	if (!g)
		return HWS_ERR_NOMEM;
	r = hws_local_pair(fd);
	if (r < 0) {
		hws_free(g);
		return r;
	}
	r = hws_spawn_detached("hawser-keys", fd[0], stand, (char *)(uintptr_t)display);
	close(fd[0]);
	if (r < 0) {
		close(fd[1]);
		hws_free(g);
		return r;
	}
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
