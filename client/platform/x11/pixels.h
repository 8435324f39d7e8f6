/* x11/pixels: from the server's pixels to ours. Pure; private to this folder. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/err.h"
#include <xcb/xcb.h>

struct x11_channel {
	uint8_t shift, bits;
};

struct x11_pixels {
	unsigned bytes; /* of a pixel: 2 or 4 */
	unsigned pad;   /* rows are a multiple of so many bytes */
	bool is_bgra;   /* as our pictures: nothing to convert */
	struct x11_channel red, green, blue;
};

/* The layout of the screen's root window. HWS_ERR_UNSUPPORTED, and `err` for the person at the
 * viewer, when its colours cannot be converted. */
int x11_pixels_of(const xcb_setup_t *setup, const xcb_screen_t *screen, struct x11_pixels *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Bytes of one row of an image. */
size_t x11_pixels_row(const struct x11_pixels *px, int width);
/* `from` holds height rows. */
void x11_pixels_to_bgra(const struct x11_pixels *px, const uint8_t *from, int width, int height,
		uint8_t *to, size_t to_row);
