/* The connection to an X server: who waits for which answer, events to the part that they are for,
 * and what to do when the server ends or hangs. */
#include "client/platform/x11/x11.h"
#include "client/platform/capture_source.h"
#include "client/platform/opening.h"
#include "client/platform/pulse/pulse.h"
#include "client/platform/x11/desktop.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcbext.h>
#include <xcb/xtest.h>

#define ANSWER_MAX_US (10 * HWS_US_PER_S)
/* Of one turn of the loop: programs that send events without end do not get all of it. */
#define TURN_US (20 * HWS_US_PER_MS)

struct x11_call {
	struct hws_list node;
	unsigned sequence;
	uint64_t since_us;
	x11_answer_fn fn;
	void *arg;
};

static void drain(void *arg);

static void finish_calls(struct x11_desktop *d)
{
	struct hws_list *n;

	while ((n = hws_list_first(&d->calls)) != NULL) {
		struct x11_call *call = hws_container(n, struct x11_call, node);
		hws_list_remove(n);
		call->fn(NULL, NULL, call->arg);
		hws_free(call);
	}
}

void x11_lose(struct x11_desktop *d, const char *why)
{
	if (d->lost || d->closing)
		return;
	d->lost = true;
	event_del(&d->readable);
	hws_timer_stop(&d->overdue);
	finish_calls(d);
	if (d->on_lost)
		d->on_lost(why, d->lost_arg);
}

/* Monitors that somebody defines over a screen are told of by its window alone. */
static bool is_about_screen(const struct x11_desktop *d, const xcb_generic_event_t *e, uint8_t type)
{
	return type == d->randr_event + XCB_RANDR_SCREEN_CHANGE_NOTIFY ||
			type == d->randr_event + XCB_RANDR_NOTIFY ||
			(type == XCB_CONFIGURE_NOTIFY &&
					((const xcb_configure_notify_event_t *)e)->window ==
							d->screen->root);
}

static void dispatch(struct x11_desktop *d, const xcb_generic_event_t *e)
{
	uint8_t type = e->response_type & 0x7f;

	if (type == 0) {
		const xcb_generic_error_t *err = (const xcb_generic_error_t *)e;
		hws_debug("x11.error", HWS_U64("code", err->error_code),
				HWS_U64("major", err->major_code),
				HWS_U64("minor", err->minor_code));
	} else if (type == d->damage_event + XCB_DAMAGE_NOTIFY) {
		x11_capture_on_damage(d->capture, e);
	} else if (type == d->xfixes_event + XCB_XFIXES_CURSOR_NOTIFY) {
		x11_cursor_on_notify(d->cursor);
	} else if (is_about_screen(d, e, type)) {
		x11_capture_on_screen(d->capture);
	} else if (type == d->xkb_event) {
		x11_inject_on_xkb(d->inject, e);
	} else if (type == XCB_CLIENT_MESSAGE && x11_inject_on_message(d->inject, e)) {
		; /* was for the keyboard */
	} else {
		x11_clip_on_event(d->clip, e);
	}
}

/* Answers come in the order of the requests, so only the first one need be asked for. */
static bool take_answer(struct x11_desktop *d)
{
	struct hws_list *n = hws_list_first(&d->calls);
	xcb_generic_error_t *error = NULL;
	void *reply = NULL;

	if (!n)
		return false;
	struct x11_call *call = hws_container(n, struct x11_call, node);
	if (!xcb_poll_for_reply(d->conn, call->sequence, &reply, &error))
		return false;
	hws_list_remove(n);
	call->fn(reply, error, call->arg);
	free(reply);
	free(error);
	hws_free(call);
	return true;
}

static void drain(void *arg)
{
	struct x11_desktop *d = arg;
	uint64_t until_us = hws_clock_us() + TURN_US;
	xcb_generic_event_t *e;
	bool more = true, late = false;

	if (d->lost || d->draining)
		return;
	d->draining = true;
	xcb_flush(d->conn);
	while (more && !late && !d->lost) {
		more = false;
		while (!late && !d->lost && (e = xcb_poll_for_event(d->conn)) != NULL) {
			dispatch(d, e);
			free(e);
			more = true;
			late = hws_clock_us() > until_us;
		}
		/* in any case: who waits for one must not take the server for dead */
		while (!d->lost && take_answer(d))
			more = true;
		if (more)
			xcb_flush(d->conn);
	}
	d->draining = false;
	if (late) /* what was read already makes nothing readable */
		x11_flush(d);
	if (!hws_list_first(&d->calls))
		hws_timer_stop(&d->overdue);
	if (xcb_connection_has_error(d->conn))
		x11_lose(d, "the X server closed the connection");
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drain(arg);
}

/* A server that hangs is as good as gone: say so instead of waiting for ever. */
static void on_overdue(void *arg)
{
	struct x11_desktop *d = arg;
	struct hws_list *n = hws_list_first(&d->calls);

	if (!n)
		return;
	struct x11_call *call = hws_container(n, struct x11_call, node);
	if (hws_loop_now_us(d->loop) - call->since_us > ANSWER_MAX_US)
		x11_lose(d, "the X server does not answer");
}

int x11_await(struct x11_desktop *d, unsigned sequence, x11_answer_fn fn, void *arg)
{
	struct x11_call *call = hws_alloc(sizeof(*call));

	if (!call) {
		xcb_discard_reply(d->conn, sequence);
		return HWS_ERR_NOMEM;
	}
	call->sequence = sequence;
	call->since_us = hws_loop_now_us(d->loop);
	call->fn = fn;
	call->arg = arg;
	hws_list_push(&d->calls, &call->node);
	if (!hws_timer_active(&d->overdue))
		hws_timer_every(d->loop, &d->overdue, HWS_US_PER_S, on_overdue, d);
	x11_flush(d);
	return HWS_OK;
}

void x11_flush(struct x11_desktop *d)
{
	if (!d->lost && !d->closing)
		hws_loop_defer(d->loop, &d->drain, drain, d);
}

void x11_root_events(struct x11_desktop *d, uint32_t mask, bool on)
{
	uint32_t now = on ? d->root_events | mask : d->root_events & ~mask;

	if (now == d->root_events)
		return;
	d->root_events = now;
	xcb_change_window_attributes(d->conn, d->screen->root, XCB_CW_EVENT_MASK, &now);
	x11_flush(d);
}

xcb_atom_t x11_atom(struct x11_desktop *d, const char *name)
{
	xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(
			d->conn, xcb_intern_atom(d->conn, 0, (uint16_t)strlen(name), name), NULL);
	xcb_atom_t atom = r ? r->atom : XCB_NONE;

	free(r);
	return atom;
}

static bool has(struct x11_desktop *d, xcb_extension_t *id, const char *name, uint8_t *ret_event,
		struct hws_error *err)
{
	const xcb_query_extension_reply_t *x = xcb_get_extension_data(d->conn, id);

	if (!x || !x->present) {
		if (err)
			hws_error_set(err, HWS_ERR_DISPLAY,
					"the X server lacks the %s extension, which is needed",
					name);
		return false;
	}
	if (ret_event)
		*ret_event = x->first_event;
	return true;
}

/* Each extension wants to hear the version we speak before anything else. */
static int greet_extensions(struct x11_desktop *d, struct hws_error *err)
{
	xcb_connection_t *c = d->conn;

	if (!has(d, &xcb_damage_id, "DAMAGE", &d->damage_event, err) ||
			!has(d, &xcb_xfixes_id, "XFIXES", &d->xfixes_event, err) ||
			!has(d, &xcb_randr_id, "RANDR", &d->randr_event, err) ||
			!has(d, &xcb_test_id, "XTEST", NULL, err) ||
			!has(d, &xcb_xkb_id, "XKEYBOARD", &d->xkb_event, err))
		return HWS_ERR_DISPLAY;
	d->has_shm = has(d, &xcb_shm_id, "MIT-SHM", NULL, NULL);
	xcb_xfixes_query_version_cookie_t fixes = xcb_xfixes_query_version(c, 5, 0);
	xcb_damage_query_version_cookie_t damage = xcb_damage_query_version(c, 1, 1);
	xcb_randr_query_version_cookie_t randr = xcb_randr_query_version(c, 1, 5);
	xcb_xkb_use_extension_cookie_t xkb = xcb_xkb_use_extension(c, 1, 0);
	xcb_xfixes_query_version_reply_t *rf = xcb_xfixes_query_version_reply(c, fixes, NULL);
	xcb_damage_query_version_reply_t *rd = xcb_damage_query_version_reply(c, damage, NULL);
	xcb_randr_query_version_reply_t *rr = xcb_randr_query_version_reply(c, randr, NULL);
	xcb_xkb_use_extension_reply_t *rx = xcb_xkb_use_extension_reply(c, xkb, NULL);
	bool ok = rf && rd && rr && rx && rx->supported;

	if (!ok)
		hws_error_set(err, HWS_ERR_DISPLAY,
				"the X server refused an extension hawser needs");
	else if (rr->major_version == 1 && rr->minor_version < 5)
		ok = hws_error_set(err, HWS_ERR_DISPLAY,
				     "the X server's RANDR is older than 1.5") == HWS_OK;
	free(rf);
	free(rd);
	free(rr);
	free(rx);
	return ok ? HWS_OK : HWS_ERR_DISPLAY;
}

/* Newer ones have an extension of this name, older ones only call their outputs so. */
static bool is_xwayland(struct x11_desktop *d)
{
	static const char name[] = "XWAYLAND";
	const uint16_t len = sizeof(name) - 1;
	xcb_connection_t *c = d->conn;
	xcb_query_extension_reply_t *x =
			xcb_query_extension_reply(c, xcb_query_extension(c, len, name), NULL);
	bool found = x && x->present;

	free(x);
	xcb_randr_get_screen_resources_current_reply_t *res =
			xcb_randr_get_screen_resources_current_reply(c,
					xcb_randr_get_screen_resources_current(c, d->screen->root),
					NULL);
	int n = res ? xcb_randr_get_screen_resources_current_outputs_length(res) : 0;

	for (int i = 0; i < n && !found; i++) {
		xcb_randr_output_t output = xcb_randr_get_screen_resources_current_outputs(res)[i];
		xcb_randr_get_output_info_reply_t *o = xcb_randr_get_output_info_reply(
				c, xcb_randr_get_output_info(c, output, XCB_CURRENT_TIME), NULL);
		found = o && xcb_randr_get_output_info_name_length(o) >= len &&
				memcmp(xcb_randr_get_output_info_name(o), name, len) == 0;
		free(o);
	}
	free(res);
	return found;
}

/* Its root window is never drawn: whoever watched it would see a black screen. */
static int refuse_xwayland(struct x11_desktop *d, struct hws_error *err)
{
	if (!is_xwayland(d))
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"this host runs a Wayland desktop, which hawser cannot show yet: log in at "
			"the "
			"host to a desktop on X11 (\"Xorg\" in the menu of the login screen)");
}

static void x11_free(struct hws_platform *p)
{
	struct x11_desktop *d = hws_container(p, struct x11_desktop, base);

	if (d->conn && !d->lost && !xcb_connection_has_error(d->conn))
		xcb_flush(d->conn);
	d->closing = true;
	hws_loop_defer_cancel(&d->drain);
	hws_timer_stop(&d->overdue);
	hws_capture_free(d->base.capture);
	d->base.capture = NULL;
	hws_pulse_free(d->base.sound);
	x11_clip_free(d->clip);
	x11_inject_free(d->inject);
	x11_cursor_free(d->cursor);
	x11_screens_free(d->screens);
	x11_capture_free(d->capture);
	struct hws_list *n;
	while (d->calls.next && (n = hws_list_first(&d->calls)) != NULL) {
		hws_list_remove(n);
		hws_free(hws_container(n, struct x11_call, node));
	}
	if (d->readable.ev_base && !d->lost)
		event_del(&d->readable);
	if (d->conn) {
		xcb_flush(d->conn);
		xcb_disconnect(d->conn);
	}
	hws_free(d->display);
	free(d);
}

static int connect_error(const char *display, int code, struct hws_error *err)
{
	const char *name = display ? display : getenv("DISPLAY");
	char shown[64];

	if (name)
		name = hws_str_escape(shown, sizeof(shown), hws_bytes_str(name));
	if (!name || !*name)
		return hws_error_set(err, HWS_ERR_DISPLAY,
				"no X display: start inside a desktop session, or name one with "
				"--display :N or DISPLAY");
	if (code == XCB_CONN_CLOSED_PARSE_ERR)
		return hws_error_set(err, HWS_ERR_DISPLAY,
				"\"%s\" is not the name of an X display: it looks like :0", name);
	return hws_error_set(err, HWS_ERR_DISPLAY,
			"cannot open the X display \"%s\": is the server running and may this user "
			"use it (XAUTHORITY, xhost)?",
			name);
}

static int open_parts(struct x11_desktop *d, struct hws_error *err)
{
	int r = x11_capture_new(d, err);

	if (r == HWS_OK)
		r = x11_screens_new(d);
	if (r == HWS_OK)
		r = x11_cursor_new(d);
	if (r == HWS_OK)
		r = x11_inject_new(d);
	if (r == HWS_OK)
		r = x11_clip_new(d);
	if (r == HWS_OK)
		r = hws_pulse_new(d->loop, &d->base.sound);
	return r;
}

/* What may take long, or for ever when a server hangs: on a thread of its own, before anything is
 * tied to the loop. */
static int connect_to(struct x11_desktop *d, struct hws_error *err)
{
	int number = 0;

	d->conn = xcb_connect(d->display, &number);
	if (xcb_connection_has_error(d->conn))
		return connect_error(d->display, xcb_connection_has_error(d->conn), err);
	xcb_screen_iterator_t it = xcb_setup_roots_iterator(xcb_get_setup(d->conn));
	while (number-- > 0 && it.rem > 1)
		xcb_screen_next(&it);
	d->screen = it.data;
	int r = greet_extensions(d, err);
	return r < 0 ? r : refuse_xwayland(d, err);
}

/* The server has answered: from here on it is taken to go on doing so. */
static int begin(struct x11_desktop *d, struct hws_error *err)
{
	int r = open_parts(d, err);

	if (r < 0 && r != HWS_ERR_UNSUPPORTED)
		hws_error_set(err, r, "the X display cannot be used: %s", hws_err_text(r));
	if (r < 0)
		return r;
	if (event_assign(&d->readable, hws_loop_base(d->loop), xcb_get_file_descriptor(d->conn),
			    EV_READ | EV_PERSIST, on_readable, d) < 0 ||
			event_add(&d->readable, NULL) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

/* An attempt has two owners, the thread and the loop; whoever comes second frees it. */
struct attempt {
	pthread_mutex_t lock;
	bool cancelled;
	struct hws_platform_opening *o; /* not to be looked at once it is cancelled */
	struct x11_desktop *d;
	int r;
	struct hws_error err;
	struct hws_post post;
};

static void attempt_free(struct attempt *a)
{
	pthread_mutex_destroy(&a->lock);
	hws_free(a);
}

static void on_connected(void *arg)
{
	struct attempt *a = arg;
	int r;

	/* The thread posted while it held the lock: it has let go of all when we have had it. */
	pthread_mutex_lock(&a->lock);
	pthread_mutex_unlock(&a->lock);
	r = a->r;
	if (!a->cancelled && r == HWS_OK)
		r = begin(a->d, &a->err);
	if (a->cancelled || r < 0)
		x11_free(&a->d->base);
	if (!a->cancelled)
		hws_platform_opened(a->o, r, r < 0 ? NULL : &a->d->base,
				a->err.text[0] ? &a->err : NULL);
	if (!a->cancelled && r == HWS_OK) { /* what comes now is told after the opening */
		a->d->on_lost = a->o->conf.on_lost;
		a->d->lost_arg = a->o->conf.arg;
		x11_flush(a->d);
	}
	attempt_free(a);
}

static void *connect_thread(void *arg)
{
	struct attempt *a = arg;

	a->r = connect_to(a->d, &a->err);
	pthread_mutex_lock(&a->lock);
	bool cancelled = a->cancelled;
	if (!cancelled)
		hws_loop_post_node(a->d->loop, &a->post);
	pthread_mutex_unlock(&a->lock);
	if (cancelled) { /* the loop may have gone, too: nothing of it is touched */
		x11_free(&a->d->base);
		attempt_free(a);
	}
	return NULL;
}

static void cancel(struct hws_platform_opening *o)
{
	struct attempt *a = o->attempt;

	pthread_mutex_lock(&a->lock);
	a->cancelled = true;
	pthread_mutex_unlock(&a->lock);
}

static int start_thread(struct attempt *a)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;

	if (pthread_attr_init(&attr) != 0)
		return HWS_ERR_NOMEM;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are for the thread of the main loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int e = pthread_create(&thread, &attr, connect_thread, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return e ? hws_err_from_errno(e) : HWS_OK;
}

static int desktop_new(struct hws_platform_opening *o, struct x11_desktop **ret)
{
	struct x11_desktop *d = calloc(1, sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->loop = o->loop;
	d->base.name = "x11";
	d->base.free = x11_free;
	hws_list_init(&d->calls);
	if (o->conf.display && !(d->display = hws_strdup(o->conf.display))) {
		free(d);
		return HWS_ERR_NOMEM;
	}
	*ret = d;
	return HWS_OK;
}

void hws_x11_open(struct hws_platform_opening *o, const char *options HWS_UNUSED)
{
	struct attempt *a = hws_alloc(sizeof(*a));
	int r = a ? desktop_new(o, &a->d) : HWS_ERR_NOMEM;

	if (r < 0) {
		hws_free(a);
		hws_platform_opened(o, r, NULL, NULL);
		return;
	}
	pthread_mutex_init(&a->lock, NULL);
	a->o = o;
	a->post.fn = on_connected;
	a->post.arg = a;
	o->attempt = a;
	o->cancel = cancel;
	r = start_thread(a);
	if (r < 0) {
		x11_free(&a->d->base);
		attempt_free(a);
		hws_platform_opened(o, r, NULL, NULL);
	}
}
