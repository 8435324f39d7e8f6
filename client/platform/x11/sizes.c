/* Modes are looked up where the server keeps them: "current" requests ask no monitor, which would
 * take a second and make screens flicker. */
#include "client/platform/x11/sizes.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef xcb_randr_get_screen_resources_current_reply_t resources;
typedef xcb_randr_get_output_info_reply_t output_info;

static resources *get_resources(const struct x11_screen *s)
{
	return xcb_randr_get_screen_resources_current_reply(
			s->conn, xcb_randr_get_screen_resources_current(s->conn, s->root), NULL);
}

static output_info *get_output(const struct x11_screen *s, xcb_randr_output_t output)
{
	return xcb_randr_get_output_info_reply(s->conn,
			xcb_randr_get_output_info(s->conn, output, XCB_CURRENT_TIME), NULL);
}

unsigned x11_monitors_read(const struct x11_screen *s, struct x11_monitor *ret, unsigned max)
{
	xcb_randr_get_monitors_reply_t *r = xcb_randr_get_monitors_reply(
			s->conn, xcb_randr_get_monitors(s->conn, s->root, 1), NULL);
	xcb_randr_monitor_info_iterator_t it = { 0 };
	unsigned n = 0;

	if (r)
		it = xcb_randr_get_monitors_monitors_iterator(r);
	for (; it.rem && n < max; xcb_randr_monitor_info_next(&it))
		ret[n++] = (struct x11_monitor){ .name = it.data->name,
			.automatic = it.data->automatic,
			.output = it.data->nOutput ? xcb_randr_monitor_info_outputs(it.data)[0]
						   : XCB_NONE };
	free(r);
	return n;
}

static const xcb_randr_mode_info_t *mode_info(const resources *res, xcb_randr_mode_t mode)
{
	const xcb_randr_mode_info_t *m = xcb_randr_get_screen_resources_current_modes(res);

	for (int i = 0; i < xcb_randr_get_screen_resources_current_modes_length(res); i++)
		if (m[i].id == mode)
			return &m[i];
	return NULL;
}

static bool is_turned(const struct x11_screen *s, const output_info *o)
{
	xcb_randr_get_crtc_info_reply_t *r = o->crtc == XCB_NONE
			? NULL
			: xcb_randr_get_crtc_info_reply(s->conn,
					  xcb_randr_get_crtc_info(
							  s->conn, o->crtc, XCB_CURRENT_TIME),
					  NULL);
	bool turned = r && x11_rotation_is_turned(r->rotation);

	free(r);
	return turned;
}

static bool listed(const struct hws_size *list, unsigned n, struct hws_size size)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].width == size.width && list[i].height == size.height)
			return true;
	return false;
}

static unsigned list_sizes(const resources *res, const output_info *o, bool turned,
		struct hws_size ret[HWS_SIZES_MAX])
{
	const xcb_randr_mode_t *mode = xcb_randr_get_output_info_modes(o);
	unsigned n = 0;

	for (unsigned i = 0; i < o->num_modes && n < HWS_SIZES_MAX; i++) {
		const xcb_randr_mode_info_t *m = mode_info(res, mode[i]);
		struct hws_size size;
		if (!m || m->mode_flags & XCB_RANDR_MODE_FLAG_INTERLACE)
			continue;
		size.width = turned ? m->height : m->width;
		size.height = turned ? m->width : m->height;
		if (size.width >= HWS_SCREEN_SIDE_MIN && size.height >= HWS_SCREEN_SIDE_MIN &&
				!listed(ret, n, size))
			ret[n++] = size;
	}
	return n;
}

unsigned x11_sizes_read(const struct x11_screen *s, xcb_randr_output_t output,
		struct hws_size ret[HWS_SIZES_MAX])
{
	resources *res = get_resources(s);
	output_info *o = get_output(s, output);
	unsigned n = res && o ? list_sizes(res, o, is_turned(s, o), ret) : 0;

	free(res);
	free(o);
	return n;
}

xcb_randr_mode_t x11_mode_find(const struct x11_screen *s, xcb_randr_output_t output,
		uint16_t width, uint16_t height)
{
	resources *res = get_resources(s);
	output_info *o = get_output(s, output);
	xcb_randr_mode_t found = XCB_NONE;

	for (unsigned i = 0; res && o && i < o->num_modes && found == XCB_NONE; i++) {
		const xcb_randr_mode_info_t *m =
				mode_info(res, xcb_randr_get_output_info_modes(o)[i]);
		if (m && m->width == width && m->height == height &&
				!(m->mode_flags & XCB_RANDR_MODE_FLAG_INTERLACE))
			found = m->id;
	}
	free(res);
	free(o);
	return found;
}

bool x11_output_is_virtual(const struct x11_screen *s, xcb_randr_output_t output)
{
	static const char name[] = "EDID";
	xcb_intern_atom_reply_t *a = xcb_intern_atom_reply(
			s->conn, xcb_intern_atom(s->conn, 1, sizeof(name) - 1, name), NULL);
	xcb_randr_get_output_property_reply_t *p = a && a->atom != XCB_NONE
			? xcb_randr_get_output_property_reply(s->conn,
					  xcb_randr_get_output_property(s->conn, output, a->atom,
							  XCB_ATOM_ANY, 0, 1, 0, 0),
					  NULL)
			: NULL;
	bool has = p && p->num_items > 0;

	free(a);
	free(p);
	return !has;
}

/* Timings with reduced blanking, as VESA's CVT has them for 60 Hz. */
static xcb_randr_mode_info_t timings(uint16_t width, uint16_t height, size_t name_len)
{
	const double field_us = 1e6 / 60, blank_us = 460;
	double line_us = (field_us - blank_us) / height;
	unsigned blank = HWS_MAX((unsigned)(blank_us / line_us) + 1, 3u + 10u + 6u);
	unsigned across = width + 160u, down = height + blank;

	return (xcb_randr_mode_info_t){ .width = width,
		.height = height,
		.dot_clock = across * down * 60u,
		.hsync_start = (uint16_t)(width + 48),
		.hsync_end = (uint16_t)(width + 80),
		.htotal = (uint16_t)across,
		.vsync_start = (uint16_t)(height + 3),
		.vsync_end = (uint16_t)(height + 13),
		.vtotal = (uint16_t)down,
		.name_len = (uint16_t)name_len,
		.mode_flags = XCB_RANDR_MODE_FLAG_HSYNC_POSITIVE |
				XCB_RANDR_MODE_FLAG_VSYNC_NEGATIVE };
}

/* Names lie one behind the other, in the order of the modes. */
static xcb_randr_mode_t named(const struct x11_screen *s, const char *name)
{
	resources *res = get_resources(s);
	xcb_randr_mode_t found = XCB_NONE;

	if (!res)
		return XCB_NONE;
	const xcb_randr_mode_info_t *m = xcb_randr_get_screen_resources_current_modes(res);
	const uint8_t *text = xcb_randr_get_screen_resources_current_names(res);
	size_t left = (size_t)xcb_randr_get_screen_resources_current_names_length(res);
	for (int i = 0; i < xcb_randr_get_screen_resources_current_modes_length(res); i++) {
		size_t len = HWS_MIN((size_t)m[i].name_len, left);
		if (len == strlen(name) && memcmp(text, name, len) == 0)
			found = m[i].id;
		text += len;
		left -= len;
	}
	free(res);
	return found;
}

int x11_mode_add(const struct x11_screen *s, xcb_randr_output_t output, uint16_t width,
		uint16_t height, xcb_randr_mode_t *ret)
{
	char name[32];
	int len = snprintf(name, sizeof(name), "hawser-%ux%u", width, height);

	*ret = named(s, name);
	if (*ret == XCB_NONE) {
		xcb_randr_create_mode_reply_t *r = xcb_randr_create_mode_reply(s->conn,
				xcb_randr_create_mode(s->conn, s->root,
						timings(width, height, (size_t)len), (uint32_t)len,
						name),
				NULL);
		*ret = r ? r->mode : XCB_NONE;
		free(r);
	}
	if (*ret == XCB_NONE)
		return HWS_ERR_UNSUPPORTED;
	xcb_generic_error_t *e = xcb_request_check(
			s->conn, xcb_randr_add_output_mode_checked(s->conn, output, *ret));
	int code = e ? HWS_ERR_UNSUPPORTED : HWS_OK;
	free(e);
	return code;
}

void x11_mode_remove(const struct x11_screen *s, xcb_randr_output_t output, xcb_randr_mode_t mode)
{
	xcb_randr_delete_output_mode(s->conn, output, mode);
	xcb_randr_destroy_mode(s->conn, mode); /* refused while somebody has it */
}
