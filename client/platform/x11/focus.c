/* Window managers say which window is the active one, and move it without a word to others; where
 * there is none, the server knows who has the focus. So it is asked for now and then, while
 * somebody follows: a few small answers, five times a second. */
#include "client/platform/x11/focus.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define POLL_US 200000u

struct x11_focus {
	struct x11_desktop *d;
	struct hws_cursor *to;
	xcb_atom_t active;
	bool on, asked, known;
	xcb_window_t window; /* that is being asked about */
	int x, y;            /* as last told */
	int half_width, half_height;
	struct hws_timer poll;
};

static void on_poll(void *arg);

/* The end of a look, whatever it brought. */
static void done(struct x11_focus *f)
{
	f->asked = false;
	if (f->on)
		hws_timer_start(f->d->loop, &f->poll, POLL_US, on_poll, f);
}

static void on_place(void *reply, const xcb_generic_error_t *error HWS_UNUSED, void *arg)
{
	struct x11_focus *f = arg;
	const xcb_translate_coordinates_reply_t *r = reply;

	if (r && f->on) {
		int x = r->dst_x + f->half_width, y = r->dst_y + f->half_height;
		bool moved = !f->known || x != f->x || y != f->y;
		f->known = true;
		f->x = x;
		f->y = y;
		if (moved)
			hws_cursor_window_moved(f->to, x, y);
	}
	done(f);
}

static void on_size(void *reply, const xcb_generic_error_t *error HWS_UNUSED, void *arg)
{
	struct x11_focus *f = arg;
	const xcb_get_geometry_reply_t *r = reply;
	xcb_connection_t *c = f->d->conn;

	if (r) {
		f->half_width = r->width / 2;
		f->half_height = r->height / 2;
	}
	if (!r ||
			x11_await(f->d,
					xcb_translate_coordinates(
							c, f->window, f->d->screen->root, 0, 0)
							.sequence,
					on_place, f) < 0)
		done(f);
}

static void look_at(struct x11_focus *f, xcb_window_t w)
{
	f->window = w;
	/* 0 and 1 are no windows; the root lies on all displays */
	if (w <= XCB_INPUT_FOCUS_POINTER_ROOT || w == f->d->screen->root ||
			x11_await(f->d, xcb_get_geometry(f->d->conn, w).sequence, on_size, f) < 0)
		done(f);
}

static void on_focus(void *reply, const xcb_generic_error_t *error HWS_UNUSED, void *arg)
{
	const xcb_get_input_focus_reply_t *r = reply;

	look_at(arg, r ? r->focus : XCB_NONE);
}

static void on_active(void *reply, const xcb_generic_error_t *error HWS_UNUSED, void *arg)
{
	struct x11_focus *f = arg;
	const xcb_get_property_reply_t *r = reply;
	xcb_window_t w = XCB_NONE;

	if (r && r->format == 32 && xcb_get_property_value_length(r) == 4)
		memcpy(&w, xcb_get_property_value(r), 4);
	if (w != XCB_NONE)
		look_at(f, w);
	else if (x11_await(f->d, xcb_get_input_focus(f->d->conn).sequence, on_focus, f) < 0)
		done(f);
}

static void on_poll(void *arg)
{
	struct x11_focus *f = arg;

	if (f->asked || !f->on)
		return;
	f->asked = x11_await(f->d,
				   xcb_get_property(f->d->conn, 0, f->d->screen->root, f->active,
						   XCB_ATOM_WINDOW, 0, 1)
						   .sequence,
				   on_active, f) == HWS_OK;
	if (!f->asked)
		done(f);
}

void x11_focus_watch(struct x11_focus *f, bool on)
{
	if (on == f->on)
		return;
	f->on = on;
	f->known = false;
	if (on)
		on_poll(f);
	else
		hws_timer_stop(&f->poll);
}

int x11_focus_new(struct x11_desktop *d, struct hws_cursor *to, struct x11_focus **ret)
{
	struct x11_focus *f = hws_alloc(sizeof(*f));

	if (!f)
		return HWS_ERR_NOMEM;
	f->d = d;
	f->to = to;
	f->active = x11_atom(d, "_NET_ACTIVE_WINDOW");
	*ret = f;
	return HWS_OK;
}

void x11_focus_free(struct x11_focus *f)
{
	if (!f)
		return;
	hws_timer_stop(&f->poll);
	hws_free(f);
}
