/* The keeper's process. It may wait for the server as long as it likes, since nobody waits for it
 * without a limit; and it outlives who asked, to put everything back. Whoever ends all processes of
 * a service by a signal ends the agent too: then the line closes, so such signals mean nothing
 * here. Should it be killed itself, the next one on this display finds what was noted. */
#include "client/platform/x11/blank.h"
#include "client/platform/x11/block.h"
#include "client/platform/x11/keep_sizes.h"
#include "client/platform/x11/keeper.h"
#include "shared/base/str.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS 500 /* whether the monitors are still dark */

struct keeper {
	int line;
	xcb_connection_t *conn;
	struct x11_keep keep;
	struct x11_block block;
	struct x11_blank blank;
};

/* The line is not blocking, and few bytes are ever on it. */
static bool wait_for(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };
	int n;

	do
		n = poll(&p, 1, -1);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static bool read_whole(int fd, void *to, size_t size)
{
	char *at = to;

	while (size) {
		ssize_t n = read(fd, at, size);
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(fd, POLLIN)) {
			return false;
		}
	}
	return true;
}

static bool send_whole(int fd, const void *from, size_t size)
{
	const char *at = from;

	while (size) {
		ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if ((errno != EAGAIN && errno != EINTR) || !wait_for(fd, POLLOUT)) {
			return false;
		}
	}
	return true;
}

static int set_blank(struct keeper *k, bool on, struct hws_error *err)
{
	int r = HWS_OK;

	if (on) {
		k->keep.note.blanked = 1; /* first: what is noted can be found */
		x11_keep_write(&k->keep);
		r = x11_blank_on(&k->keep.screen, &k->blank, err);
	} else {
		x11_blank_off(&k->keep.screen, &k->blank);
	}
	if (k->blank.on == (k->keep.note.blanked != 0))
		return r;
	k->keep.note.blanked = k->blank.on;
	x11_keep_write(&k->keep);
	return r;
}

static int set_block(struct keeper *k, bool on, struct hws_error *err)
{
	if (on)
		return x11_block_on(k->conn, k->keep.screen.root, &k->block, err);
	x11_block_off(k->conn, k->keep.screen.root, &k->block);
	return HWS_OK;
}

static int set_plug(struct keeper *k, const struct x11_keeper_ask *a, struct hws_error *err)
{
	uint32_t number = a->number > 0 ? (uint32_t)a->number : 0;

	return a->on ? x11_keep_plug(&k->keep, number, err)
		     : x11_keep_unplug(&k->keep, number, err);
}

static int serve(struct keeper *k, const struct x11_keeper_ask *a, struct hws_error *err)
{
	switch (a->what) {
	case X11_KEEPER_RESIZE:
		return x11_keep_resize(&k->keep, a->monitor, a->width, a->height, err);
	case X11_KEEPER_PLUG:
		return set_plug(k, a, err);
	case X11_KEEPER_RESTORE:
		x11_keep_restore(&k->keep);
		return HWS_OK;
	case X11_KEEPER_BLOCK:
		return set_block(k, a->on, err);
	case X11_KEEPER_BLANK:
		return set_blank(k, a->on, err);
	default: /* to look was done at the start */
		return HWS_OK;
	}
}

static bool answer(struct keeper *k, uint64_t who, uint32_t what, bool unasked, int r,
		const struct hws_error *err)
{
	struct x11_keeper_answer a = { .who = who, .what = what, .unasked = unasked, .result = r };

	if (r < 0 && hws_str_copy(a.why, sizeof(a.why), err->text) < 0)
		a.why[0] = 0;
	/* what was asked has been done when it is answered */
	free(xcb_get_input_focus_reply(k->conn, xcb_get_input_focus(k->conn), NULL));
	return send_whole(k->line, &a, sizeof(a));
}

static bool take_ask(struct keeper *k)
{
	struct x11_keeper_ask a;
	struct hws_error err = { 0 };

	if (!read_whole(k->line, &a, sizeof(a)))
		return false;
	int r = serve(k, &a, &err);
	return answer(k, a.who, a.what, false, r, &err);
}

/* Devices come, monitors are lit by others: what was asked for holds on. */
static bool look_around(struct keeper *k)
{
	xcb_generic_event_t *e;
	struct hws_error err = { 0 };
	bool change = false, alive = true;

	while ((e = xcb_poll_for_event(k->conn)) != NULL) {
		change = change || x11_block_is_change(&k->block, e);
		free(e);
	}
	if (xcb_connection_has_error(k->conn))
		return false;
	if (change && x11_block_again(k->conn, k->keep.screen.root, &k->block, &err) < 0)
		alive = answer(k, 0, X11_KEEPER_BLOCK, true, HWS_ERR_BUSY, &err);
	if (k->blank.on && x11_blank_again(&k->keep.screen, &k->blank, &err) < 0) {
		k->keep.note.blanked = 0;
		x11_keep_write(&k->keep);
		alive = answer(k, 0, X11_KEEPER_BLANK, true, HWS_ERR_UNSUPPORTED, &err) && alive;
	}
	return alive;
}

static void run(struct keeper *k)
{
	struct pollfd p[2] = { { .fd = k->line, .events = POLLIN },
		{ .fd = xcb_get_file_descriptor(k->conn), .events = POLLIN } };
	bool alive = true;

	while (alive) {
		int n = poll(p, 2, k->blank.on ? LOOK_MS : -1);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0 && p[0].revents)
			alive = take_ask(k);
		/* replies that were waited for may have brought events along */
		alive = alive && look_around(k);
	}
}

void x11_keeper_main(int fd, void *arg)
{
	const int deaf[] = { SIGTERM, SIGINT, SIGHUP };
	struct keeper k = { .line = fd };
	struct hws_error err = { 0 };
	int screen = 0;

	for (size_t i = 0; i < HWS_COUNT(deaf); i++)
		signal(deaf[i], SIG_IGN);
	k.conn = xcb_connect(arg, &screen);
	bool good = !xcb_connection_has_error(k.conn);
	if (good)
		free(xcb_randr_query_version_reply(
				k.conn, xcb_randr_query_version(k.conn, 1, 5), NULL));
	if (!good || x11_keep_init(&k.keep, k.conn, screen) < 0) {
		xcb_disconnect(k.conn);
		return; /* the line ends, which says it */
	}
	run(&k);
	(void)!set_blank(&k, false, &err);
	(void)!set_block(&k, false, &err);
	x11_keep_restore(&k.keep);
	free(xcb_get_input_focus_reply(k.conn, xcb_get_input_focus(k.conn), NULL));
	xcb_disconnect(k.conn);
}
