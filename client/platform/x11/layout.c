/* A screen must hold all that is shown of it at any moment: so it grows before its CRTCs do, and
 * those that would reach beyond a smaller one are dark while it shrinks. */
#include "client/platform/x11/layout.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

static bool read_crtc(const struct x11_screen *s, xcb_randr_crtc_t id, xcb_timestamp_t time,
		struct x11_crtc *ret)
{
	xcb_randr_get_crtc_info_reply_t *r = xcb_randr_get_crtc_info_reply(
			s->conn, xcb_randr_get_crtc_info(s->conn, id, time), NULL);
	bool ok = r && r->num_outputs <= X11_CRTC_OUTPUTS_MAX;

	if (ok) {
		*ret = (struct x11_crtc){ .id = id,
			.x = r->x,
			.y = r->y,
			.width = r->mode ? r->width : 0,
			.height = r->mode ? r->height : 0,
			.rotation = r->rotation,
			.mode = r->mode,
			.outputs = r->num_outputs };
		memcpy(ret->output, xcb_randr_get_crtc_info_outputs(r),
				r->num_outputs * sizeof(ret->output[0]));
	}
	free(r);
	return ok;
}

int x11_layout_read(const struct x11_screen *s, struct x11_layout *ret)
{
	xcb_randr_get_screen_resources_current_reply_t *res =
			xcb_randr_get_screen_resources_current_reply(s->conn,
					xcb_randr_get_screen_resources_current(s->conn, s->root),
					NULL);
	xcb_get_geometry_reply_t *g =
			xcb_get_geometry_reply(s->conn, xcb_get_geometry(s->conn, s->root), NULL);
	bool ok = res && g && res->num_crtcs <= X11_CRTCS_MAX;

	*ret = (struct x11_layout){ 0 };
	if (ok) {
		ret->width = g->width;
		ret->height = g->height;
		ret->count = res->num_crtcs;
	}
	for (uint32_t i = 0; ok && i < ret->count; i++)
		ok = read_crtc(s, xcb_randr_get_screen_resources_current_crtcs(res)[i],
				res->config_timestamp, &ret->crtc[i]);
	free(res);
	free(g);
	return ok ? HWS_OK : HWS_ERR_DISPLAY;
}

static bool same_crtc(const struct x11_crtc *a, const struct x11_crtc *b)
{
	if (a->id != b->id || a->mode != b->mode)
		return false;
	return !a->mode ||
			(a->x == b->x && a->y == b->y && a->rotation == b->rotation &&
					a->outputs == b->outputs &&
					memcmp(a->output, b->output,
							a->outputs * sizeof(a->output[0])) == 0);
}

bool x11_layout_same(const struct x11_layout *a, const struct x11_layout *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!same_crtc(&a->crtc[i], &b->crtc[i]))
			return false;
	return true;
}

struct x11_crtc *x11_layout_crtc(struct x11_layout *l, xcb_randr_output_t output)
{
	for (uint32_t i = 0; i < l->count; i++)
		for (uint32_t k = 0; k < l->crtc[i].outputs; k++)
			if (l->crtc[i].output[k] == output && l->crtc[i].mode)
				return &l->crtc[i];
	return NULL;
}

void x11_layout_resize(struct x11_layout *l, struct x11_crtc *c, xcb_randr_mode_t mode,
		uint16_t width, uint16_t height)
{
	int right = c->x + c->width, below = c->y + c->height;
	int dx = width - c->width, dy = height - c->height;

	for (uint32_t i = 0; i < l->count; i++) {
		struct x11_crtc *o = &l->crtc[i];
		if (o == c || !o->mode)
			continue;
		if (o->x >= right)
			o->x = (int16_t)(o->x + dx);
		else if (o->y >= below)
			o->y = (int16_t)(o->y + dy);
	}
	c->mode = mode;
	c->width = width;
	c->height = height;
}

static void bounds(const struct x11_layout *l, uint32_t *ret_width, uint32_t *ret_height)
{
	uint32_t w = 0, h = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct x11_crtc *c = &l->crtc[i];
		if (!c->mode)
			continue;
		w = HWS_MAX(w, (uint32_t)(c->x + c->width));
		h = HWS_MAX(h, (uint32_t)(c->y + c->height));
	}
	*ret_width = w;
	*ret_height = h;
}

static int check_size(const struct x11_screen *s, uint32_t w, uint32_t h, struct hws_error *err)
{
	xcb_randr_get_screen_size_range_reply_t *r = xcb_randr_get_screen_size_range_reply(
			s->conn, xcb_randr_get_screen_size_range(s->conn, s->root), NULL);
	int code = HWS_OK;

	if (!r)
		code = hws_error_set(err, HWS_ERR_DISPLAY, "the X server of this host ended");
	else if (w < r->min_width || h < r->min_height)
		code = hws_error_set(err, HWS_ERR_RANGE,
				"the X server of this host makes no screen of less than %u x %u",
				r->min_width, r->min_height);
	else if (w > r->max_width || h > r->max_height)
		code = hws_error_set(err, HWS_ERR_RANGE,
				"the screen would have %u x %u pixels, and the X server of this "
				"host takes up to %u x %u",
				w, h, r->max_width, r->max_height);
	free(r);
	return code;
}

int x11_layout_check(const struct x11_screen *s, const struct x11_layout *l, struct hws_error *err)
{
	uint32_t w, h;

	bounds(l, &w, &h);
	return check_size(s, w, h, err);
}

static bool set_crtc(const struct x11_screen *s, const struct x11_crtc *c, bool dark)
{
	static const struct x11_crtc off = { .rotation = XCB_RANDR_ROTATION_ROTATE_0 };
	const struct x11_crtc *to = dark || !c->mode ? &off : c;
	xcb_randr_set_crtc_config_reply_t *r = xcb_randr_set_crtc_config_reply(s->conn,
			xcb_randr_set_crtc_config(s->conn, c->id, XCB_CURRENT_TIME,
					XCB_CURRENT_TIME, to->x, to->y, to->mode, to->rotation,
					to->outputs, to->output),
			NULL);
	bool ok = r && r->status == XCB_RANDR_SET_CONFIG_SUCCESS;

	free(r);
	return ok;
}

/* Letters keep their size in points. */
static bool set_size(const struct x11_screen *s, uint16_t width, uint16_t height)
{
	xcb_screen_t *setup = xcb_setup_roots_iterator(xcb_get_setup(s->conn)).data;
	uint32_t mm_w = setup->width_in_pixels
			? (uint32_t)width * setup->width_in_millimeters / setup->width_in_pixels
			: 0;
	uint32_t mm_h = setup->height_in_pixels
			? (uint32_t)height * setup->height_in_millimeters / setup->height_in_pixels
			: 0;
	xcb_generic_error_t *e = xcb_request_check(s->conn,
			xcb_randr_set_screen_size_checked(s->conn, s->root, width, height,
					HWS_MAX(mm_w, 1u), HWS_MAX(mm_h, 1u)));
	bool ok = !e;

	free(e);
	return ok;
}

static bool change(const struct x11_screen *s, const struct x11_layout *now,
		const struct x11_layout *want, uint16_t width, uint16_t height)
{
	bool ok = true;

	for (uint32_t i = 0; i < now->count && ok; i++) {
		const struct x11_crtc *c = &now->crtc[i];
		if (c->mode && !same_crtc(c, &want->crtc[i]) &&
				(c->x + c->width > width || c->y + c->height > height ||
						!want->crtc[i].mode))
			ok = set_crtc(s, c, true);
	}
	if (ok && (width != now->width || height != now->height))
		ok = set_size(s, width, height);
	for (uint32_t i = 0; i < now->count && ok; i++)
		if (want->crtc[i].mode && !same_crtc(&now->crtc[i], &want->crtc[i]))
			ok = set_crtc(s, &want->crtc[i], false);
	return ok;
}

/* Whatever the driver took of a change that failed is taken back. */
static void go_back(const struct x11_screen *s, const struct x11_layout *before)
{
	struct x11_layout now;

	if (x11_layout_read(s, &now) == HWS_OK && now.count == before->count)
		(void)!change(s, &now, before, before->width, before->height);
}

int x11_layout_apply(
		const struct x11_screen *s, const struct x11_layout *want, struct hws_error *err)
{
	struct x11_layout now;
	uint32_t w, h;

	bounds(want, &w, &h);
	int r = check_size(s, w, h, err);
	if (r < 0)
		return r;
	if (x11_layout_read(s, &now) < 0 || now.count != want->count)
		return hws_error_set(err, HWS_ERR_DISPLAY,
				"the monitors of this host have changed meanwhile");
	xcb_grab_server(s->conn); /* nobody draws for a layout that is only half there */
	bool ok = change(s, &now, want, (uint16_t)w, (uint16_t)h);
	if (!ok)
		go_back(s, &now);
	xcb_ungrab_server(s->conn);
	xcb_flush(s->conn);
	return ok ? HWS_OK
		  : hws_error_set(err, HWS_ERR_UNSUPPORTED,
				    "the display driver of this host refused that");
}
