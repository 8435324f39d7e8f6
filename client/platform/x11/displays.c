/* RandR's monitors as displays. A server that has none (or that old) shows its whole screen as one;
 * what no encoder could take is left out. */
#include "client/platform/x11/displays.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include <stdlib.h>

static void monitor_name(struct x11_desktop *d, xcb_atom_t atom, char *buf, size_t size)
{
	xcb_get_atom_name_reply_t *r =
			xcb_get_atom_name_reply(d->conn, xcb_get_atom_name(d->conn, atom), NULL);

	buf[0] = 0;
	if (r) {
		size_t n = HWS_MIN((size_t)xcb_get_atom_name_name_length(r), size - 1);
		hws_str_escape(buf, size, hws_bytes(xcb_get_atom_name_name(r), n));
	}
	free(r);
}

static void whole_screen(struct x11_desktop *d, struct hws_display *to)
{
	xcb_get_geometry_reply_t *g = xcb_get_geometry_reply(
			d->conn, xcb_get_geometry(d->conn, d->screen->root), NULL);

	*to = (struct hws_display){ .primary = true, .name = "screen" };
	to->width = g ? g->width : d->screen->width_in_pixels;
	to->height = g ? g->height : d->screen->height_in_pixels;
	free(g);
}

/* What no encoder takes is not offered: it would fail with every picture. */
static bool fits(const struct hws_display *d, struct hws_error *err)
{
	if (hws_picture_fits(d->width, d->height))
		return true;
	hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"the screen of this host has %d x %d pixels, and hawser shows up to "
			"%d x %d "
			"and %ld million in all: make it smaller (xrandr)",
			d->width, d->height, HWS_PICTURE_SIDE_MAX, HWS_PICTURE_SIDE_MAX,
			HWS_PICTURE_PIXELS_MAX / 1000000);
	hws_warn("x11.display_too_large", HWS_STR("display", d->name), HWS_I64("width", d->width),
			HWS_I64("height", d->height));
	return false;
}

unsigned x11_displays_list(struct x11_desktop *d, struct hws_display *list, struct hws_error *err)
{
	xcb_connection_t *conn = d->conn;
	struct hws_display whole;
	unsigned n = 0;
	bool any = false;
	xcb_randr_get_monitors_reply_t *r = xcb_randr_get_monitors_reply(
			conn, xcb_randr_get_monitors(conn, d->screen->root, 1), NULL);

	whole_screen(d, &whole);
	xcb_randr_monitor_info_iterator_t it = { 0 };
	if (r)
		it = xcb_randr_get_monitors_monitors_iterator(r);
	for (; it.rem && n < HWS_DISPLAYS_MAX; xcb_randr_monitor_info_next(&it)) {
		/* During a change a monitor may reach beyond the screen: never ask for such
		 * pixels. */
		struct hws_rect box = hws_rect_intersect(
				(struct hws_rect){ it.data->x, it.data->y, it.data->width,
						it.data->height },
				(struct hws_rect){ 0, 0, whole.width, whole.height });
		if (hws_rect_empty(box))
			continue;
		list[n] = (struct hws_display){ .x = box.x,
			.y = box.y,
			.width = box.w,
			.height = box.h,
			.primary = it.data->primary,
			.id = it.data->name };
		monitor_name(d, it.data->name, list[n].name, sizeof(list[n].name));
		any = true;
		n += fits(&list[n], err);
	}
	free(r);
	if (!any && fits(&whole, err))
		list[n++] = whole;
	return n;
}

bool x11_displays_same(const struct hws_display *a, const struct hws_display *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a[i].x != b[i].x || a[i].y != b[i].y || a[i].width != b[i].width ||
				a[i].height != b[i].height || a[i].primary != b[i].primary ||
				!hws_str_equal(a[i].name, b[i].name))
			return false;
	return true;
}
