/* The agent's end of the keeper's line. Asks are small and few, and of a fixed size, so what is
 * waited for fits into a ring, and the line never has to hold anything back. */
#include "client/platform/x11/keeper.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/sys/local_socket.h"
#include "shared/sys/spawn.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAITING_MAX 32u
/* A monitor takes a second or two to find another mode, a virtual machine's more. */
#define ANSWER_MAX_US (15 * HWS_US_PER_S)

struct x11_keeper {
	struct x11_desktop *d;
	x11_keeper_fn fn;
	void *arg;
	int fd; /* -1: it is gone */
	struct event readable;
	struct x11_keeper_ask waiting[WAITING_MAX]; /* in the order of asking */
	unsigned first, count;
	unsigned lost; /* of them, the first: of a process that has ended */
	struct hws_timer overdue;
	struct hws_deferred ending;
	char buf[sizeof(struct x11_keeper_answer)];
	size_t have;
	bool served; /* it has answered something */
};

static void line_close(struct x11_keeper *k)
{
	if (k->fd < 0)
		return;
	event_del(&k->readable);
	close(k->fd);
	k->fd = -1;
	hws_timer_stop(&k->overdue);
}

static struct x11_keeper_ask take(struct x11_keeper *k)
{
	struct x11_keeper_ask a = k->waiting[k->first];

	k->first = (k->first + 1) % WAITING_MAX;
	k->count--;
	return a;
}

/* Nothing comes any more: who waits is told so. */
static void on_ending(void *arg)
{
	struct x11_keeper *k = arg;
	struct x11_keeper_answer a = { .result = HWS_ERR_DISPLAY };

	for (; k->lost; k->lost--) {
		struct x11_keeper_ask ask = take(k);
		a.who = ask.who;
		a.what = ask.what;
		snprintf(a.why, sizeof(a.why), "the display server of this host did not answer");
		k->fn(&a, k->arg);
	}
	/* what it held, it holds no more; who did not wait is told, too */
	a = (struct x11_keeper_answer){ .unasked = 1, .what = X11_KEEPER_BLOCK };
	snprintf(a.why, sizeof(a.why), "the process that held them has ended");
	k->fn(&a, k->arg);
	a.what = X11_KEEPER_BLANK;
	k->fn(&a, k->arg);
	a.what = X11_KEEPER_LOOK;
	if (k->served) { /* or the next one would end, too */
		k->served = false;
		k->fn(&a, k->arg);
	}
}

static void end(struct x11_keeper *k, const char *why)
{
	if (k->fd < 0)
		return;
	hws_warn_limited("x11.keeper_ended", HWS_STR("why", why));
	line_close(k);
	k->lost = k->count;
	k->have = 0;
	hws_loop_defer(k->d->loop, &k->ending, on_ending, k);
}

static void on_overdue(void *arg)
{
	end(arg, "no answer");
}

static void watch_time(struct x11_keeper *k)
{
	if (k->count)
		hws_timer_start(k->d->loop, &k->overdue, ANSWER_MAX_US, on_overdue, k);
	else
		hws_timer_stop(&k->overdue);
}

static void answered(struct x11_keeper *k)
{
	struct x11_keeper_answer a;

	memcpy(&a, k->buf, sizeof(a));
	a.why[sizeof(a.why) - 1] = 0;
	k->have = 0;
	k->served = true;
	if (!a.unasked && k->count) {
		take(k);
		watch_time(k);
	}
	k->fn(&a, k->arg);
}

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct x11_keeper *k = arg;
	struct hws_local_fds none;

	while (k->fd >= 0) {
		ssize_t n = hws_local_recv(
				fd, k->buf + k->have, sizeof(k->buf) - k->have, NULL, 0, &none);
		hws_local_fds_close(&none);
		if (n == HWS_ERR_AGAIN)
			return;
		if (n <= 0) {
			end(k, "it has gone");
			return;
		}
		k->have += (size_t)n;
		if (k->have == sizeof(k->buf))
			answered(k);
	}
}

static int begin(struct x11_keeper *k)
{
	int fd[2], r = hws_local_pair(fd);

	if (r < 0)
		return r;
	r = hws_spawn_detached("hawser-screens", fd[0], x11_keeper_main, k->d->display);
	close(fd[0]);
	if (r == HWS_OK &&
			(event_assign(&k->readable, hws_loop_base(k->d->loop), fd[1],
					 EV_READ | EV_PERSIST, on_readable, k) < 0 ||
					event_add(&k->readable, NULL) < 0))
		r = HWS_ERR_NOMEM;
	if (r < 0)
		close(fd[1]);
	else
		k->fd = fd[1];
	return r;
}

static bool takes_back(const struct x11_keeper_ask *ask)
{
	return ask->what == X11_KEEPER_RESTORE ||
			((ask->what == X11_KEEPER_BLOCK || ask->what == X11_KEEPER_BLANK) &&
					!ask->on);
}

int x11_keeper_ask(struct x11_keeper *k, const struct x11_keeper_ask *ask)
{
	if (k->count == WAITING_MAX) {
		/* must not be lost: the process takes all back when its line ends */
		if (takes_back(ask))
			end(k, "too much at once");
		return HWS_ERR_FULL;
	}
	int r = k->fd < 0 ? begin(k) : HWS_OK;
	if (r < 0)
		return r;
	ssize_t n = hws_local_send(
			k->fd, hws_bytes(ask, sizeof(*ask)), (struct hws_bytes){ 0 }, NULL, 0);
	if (n != (ssize_t)sizeof(*ask)) {
		end(k, "it takes nothing");
		return HWS_ERR_CLOSED;
	}
	k->waiting[(k->first + k->count++) % WAITING_MAX] = *ask;
	if (!hws_timer_active(&k->overdue))
		watch_time(k);
	return HWS_OK;
}

bool x11_keeper_runs(const struct x11_keeper *k)
{
	return k->fd >= 0;
}

int x11_keeper_new(struct x11_desktop *d, x11_keeper_fn fn, void *arg, struct x11_keeper **ret)
{
	struct x11_keeper *k = hws_alloc(sizeof(*k));

	if (!k)
		return HWS_ERR_NOMEM;
	k->d = d;
	k->fn = fn;
	k->arg = arg;
	k->fd = -1;
	*ret = k;
	return HWS_OK;
}

void x11_keeper_free(struct x11_keeper *k)
{
	if (!k)
		return;
	line_close(k);
	hws_loop_defer_cancel(&k->ending);
	hws_free(k);
}
