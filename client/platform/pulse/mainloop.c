/* Each of libpulse's three kinds of events is one of libevent's. A callback may free its own event,
 * so nothing is looked at after it. */
#include "client/platform/pulse/mainloop.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <sys/time.h>

struct pa_io_event {
	struct event ev;
	pa_mainloop_api *api;
	int fd;
	pa_io_event_cb_t cb;
	pa_io_event_destroy_cb_t destroy;
	void *arg;
};

struct pa_time_event {
	struct event ev;
	pa_mainloop_api *api;
	struct timeval at; /* of the wall clock */
	pa_time_event_cb_t cb;
	pa_time_event_destroy_cb_t destroy;
	void *arg;
};

struct pa_defer_event {
	struct event ev;
	pa_mainloop_api *api;
	bool enabled;
	pa_defer_event_cb_t cb;
	pa_defer_event_destroy_cb_t destroy;
	void *arg;
};

static struct event_base *base_of(pa_mainloop_api *a)
{
	return hws_loop_base(a->userdata);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	pa_io_event *e = arg;
	int f = (what & EV_READ ? PA_IO_EVENT_INPUT : 0) |
			(what & EV_WRITE ? PA_IO_EVENT_OUTPUT : 0);

	e->cb(e->api, e, fd, (pa_io_event_flags_t)f, e->arg);
}

static void io_enable(pa_io_event *e, pa_io_event_flags_t flags)
{
	short what = (short)((flags & PA_IO_EVENT_INPUT ? EV_READ : 0) |
			(flags & PA_IO_EVENT_OUTPUT ? EV_WRITE : 0));

	event_del(&e->ev);
	if (!what)
		return;
	event_assign(&e->ev, base_of(e->api), e->fd, (short)(what | EV_PERSIST), on_io, e);
	event_add(&e->ev, NULL);
}

static pa_io_event *io_new(pa_mainloop_api *a, int fd, pa_io_event_flags_t flags,
		pa_io_event_cb_t cb, void *arg)
{
	pa_io_event *e = hws_alloc(sizeof(*e));

	if (!e)
		return NULL;
	e->api = a;
	e->fd = fd;
	e->cb = cb;
	e->arg = arg;
	event_assign(&e->ev, base_of(a), fd, EV_READ, on_io, e);
	io_enable(e, flags);
	return e;
}

static void io_free(pa_io_event *e)
{
	event_del(&e->ev);
	if (e->destroy)
		e->destroy(e->api, e, e->arg);
	hws_free(e);
}

static void io_set_destroy(pa_io_event *e, pa_io_event_destroy_cb_t destroy)
{
	e->destroy = destroy;
}

/* --- times ------------------------------------------------------------------------------------ */

static void on_time(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	pa_time_event *e = arg;
	struct timeval at = e->at;

	e->cb(e->api, e, &at, e->arg);
}

static void time_restart(pa_time_event *e, const struct timeval *tv)
{
	struct timeval now, left = { 0, 0 };

	if (!tv) {
		event_del(&e->ev);
		return;
	}
	e->at = *tv;
	gettimeofday(&now, NULL);
	if (timercmp(tv, &now, >))
		timersub(tv, &now, &left);
	event_add(&e->ev, &left);
}

static pa_time_event *time_new(
		pa_mainloop_api *a, const struct timeval *tv, pa_time_event_cb_t cb, void *arg)
{
	pa_time_event *e = hws_alloc(sizeof(*e));

	if (!e)
		return NULL;
	e->api = a;
	e->cb = cb;
	e->arg = arg;
	evtimer_assign(&e->ev, base_of(a), on_time, e);
	time_restart(e, tv);
	return e;
}

static void time_free(pa_time_event *e)
{
	event_del(&e->ev);
	if (e->destroy)
		e->destroy(e->api, e, e->arg);
	hws_free(e);
}

static void time_set_destroy(pa_time_event *e, pa_time_event_destroy_cb_t destroy)
{
	e->destroy = destroy;
}

/* --- at the next turn, and each one while enabled --------------------------------------------- */

static void defer_enable(pa_defer_event *e, int enabled)
{
	static const struct timeval now = { 0, 0 };

	e->enabled = enabled;
	if (enabled)
		event_add(&e->ev, &now);
	else
		event_del(&e->ev);
}

static void on_defer(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	pa_defer_event *e = arg;

	defer_enable(e, e->enabled);
	e->cb(e->api, e, e->arg);
}

static pa_defer_event *defer_new(pa_mainloop_api *a, pa_defer_event_cb_t cb, void *arg)
{
	pa_defer_event *e = hws_alloc(sizeof(*e));

	if (!e)
		return NULL;
	e->api = a;
	e->cb = cb;
	e->arg = arg;
	evtimer_assign(&e->ev, base_of(a), on_defer, e);
	defer_enable(e, 1);
	return e;
}

static void defer_free(pa_defer_event *e)
{
	event_del(&e->ev);
	if (e->destroy)
		e->destroy(e->api, e, e->arg);
	hws_free(e);
}

static void defer_set_destroy(pa_defer_event *e, pa_defer_event_destroy_cb_t destroy)
{
	e->destroy = destroy;
}

/* Only main loops of libpulse's own are told. */
static void quit(pa_mainloop_api *a HWS_UNUSED, int status HWS_UNUSED)
{
}

void pulse_mainloop_init(pa_mainloop_api *api, struct hws_loop *loop)
{
	*api = (pa_mainloop_api){ .userdata = loop,
		.io_new = io_new,
		.io_enable = io_enable,
		.io_free = io_free,
		.io_set_destroy = io_set_destroy,
		.time_new = time_new,
		.time_restart = time_restart,
		.time_free = time_free,
		.time_set_destroy = time_set_destroy,
		.defer_new = defer_new,
		.defer_enable = defer_enable,
		.defer_free = defer_free,
		.defer_set_destroy = defer_set_destroy,
		.quit = quit };
}
