/* Pixels as the root window of the X server has them: any TrueColor layout of 15 to 32 bits becomes
 * BGRA here. What shows colours by a palette is refused: the palette may change with every
 * focus. */
#include "client/platform/x11/pixels.h"
#include <string.h>

static struct x11_channel channel_of(uint32_t mask)
{
	struct x11_channel c = { 0 };

	if (!mask)
		return c;
	c.shift = (uint8_t)__builtin_ctz(mask);
	c.bits = (uint8_t)__builtin_popcount(mask);
	return c;
}

static const xcb_visualtype_t *root_visual(const xcb_screen_t *screen)
{
	xcb_depth_iterator_t d = xcb_screen_allowed_depths_iterator(screen);

	for (; d.rem; xcb_depth_next(&d)) {
		xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator(d.data);
		for (; v.rem; xcb_visualtype_next(&v))
			if (v.data->visual_id == screen->root_visual)
				return v.data;
	}
	return NULL;
}

static bool is_run(uint32_t mask)
{
	uint32_t low = mask ? mask >> __builtin_ctz(mask) : 0;

	return low && (low & (low + 1)) == 0;
}

static const xcb_format_t *format_of(const xcb_setup_t *setup, uint8_t depth)
{
	xcb_format_iterator_t f = xcb_setup_pixmap_formats_iterator(setup);

	for (; f.rem; xcb_format_next(&f))
		if (f.data->depth == depth)
			return f.data;
	return NULL;
}

int x11_pixels_of(const xcb_setup_t *setup, const xcb_screen_t *screen, struct x11_pixels *ret,
		struct hws_error *err)
{
	const xcb_visualtype_t *v = root_visual(screen);
	const xcb_format_t *f = format_of(setup, screen->root_depth);
	bool direct = v &&
			(v->_class == XCB_VISUAL_CLASS_TRUE_COLOR ||
					v->_class == XCB_VISUAL_CLASS_DIRECT_COLOR);

	if (setup->image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the X server of this host has another byte order than hawser, "
				"which runs on its machine only");
	if (!direct)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the X display of this host shows %u bits of colour by a palette, "
				"which hawser cannot show: start the X server with 24 bits "
				"(DefaultDepth 24, -depth 24)",
				screen->root_depth);
	if (!f || (f->bits_per_pixel != 16 && f->bits_per_pixel != 32) || !is_run(v->red_mask) ||
			!is_run(v->green_mask) || !is_run(v->blue_mask) ||
			f->scanline_pad % 8 != 0 || f->scanline_pad > 64)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the X display of this host has %u bits of colour in a layout that "
				"hawser does not know: start the X server with 24 bits "
				"(DefaultDepth 24, -depth 24)",
				screen->root_depth);
	*ret = (struct x11_pixels){ .bytes = f->bits_per_pixel / 8u,
		.pad = f->scanline_pad / 8u,
		.red = channel_of(v->red_mask),
		.green = channel_of(v->green_mask),
		.blue = channel_of(v->blue_mask) };
	ret->is_bgra = ret->bytes == 4 && v->red_mask == 0xff0000 && v->green_mask == 0xff00 &&
			v->blue_mask == 0xff;
	return HWS_OK;
}

size_t x11_pixels_row(const struct x11_pixels *px, int width)
{
	size_t row = (size_t)width * px->bytes, pad = px->pad ? px->pad : 1;

	return (row + pad - 1) / pad * pad;
}

/* To 8 bits, so that the brightest value of any depth is 255. */
static uint8_t take(uint32_t pixel, struct x11_channel c)
{
	uint32_t top = c.bits < 32 ? (1u << c.bits) - 1 : ~0u, v = pixel >> c.shift & top;

	if (c.bits == 8)
		return (uint8_t)v;
	return (uint8_t)(((uint64_t)v * 255 + top / 2) / top);
}

void x11_pixels_to_bgra(const struct x11_pixels *px, const uint8_t *from, int width, int height,
		uint8_t *to, size_t to_row)
{
	size_t row = x11_pixels_row(px, width);

	for (int y = 0; y < height; y++, from += row, to += to_row) {
		if (px->is_bgra) {
			memcpy(to, from, (size_t)width * 4);
			continue;
		}
		for (int x = 0; x < width; x++) {
			uint32_t pixel = 0;
			memcpy(&pixel, from + (size_t)x * px->bytes, px->bytes);
			to[x * 4] = take(pixel, px->blue);
			to[x * 4 + 1] = take(pixel, px->green);
			to[x * 4 + 2] = take(pixel, px->red);
			to[x * 4 + 3] = 255;
		}
	}
}
