/* libpng's simplified writer: pictures for people, where the default settings do. */
#include "client/media/png.h"
#include "client/media/pixels.h"
#include "shared/base/mem.h"
#include <png.h>
#include <string.h>

int hws_png_encode(const struct hws_picture *p, struct hws_buf *out)
{
	png_image img = {
		.version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)p->width,
		.height = (png_uint_32)p->height,
		.format = PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST,
	};
	uint8_t *rgb = hws_alloc_array((size_t)p->width * 3, (size_t)p->height);
	uint8_t *row = hws_alloc_array((size_t)p->width, 8); /* two lines of BGRA */
	png_alloc_size_t size = 0;
	int r = HWS_ERR_NOMEM;

	if (!rgb || !row)
		goto out;
	r = HWS_OK;
	for (int y = 0; y < p->height; y++) {
		const uint8_t *src = p->plane[0] + (ptrdiff_t)y * p->stride[0];
		if (p->format != HWS_PIXEL_BGRA) {
			int pair = y & ~1, lines = HWS_MIN(2, p->height - pair);
			struct hws_rect two = { 0, pair, p->width, lines };
			if (y == pair)
				r = hws_pixels_to_packed(p, two, false, row, p->width * 4);
			if (r < 0)
				goto out;
			src = row + (size_t)(y - pair) * (size_t)p->width * 4;
		}
		uint8_t *dst = rgb + (size_t)y * (size_t)p->width * 3;
		for (int x = 0; x < p->width; x++, src += 4, dst += 3) {
			dst[0] = src[2];
			dst[1] = src[1];
			dst[2] = src[0];
		}
	}
	r = HWS_ERR_NOMEM;
	if (!png_image_write_get_memory_size(img, size, 0, rgb, 0, NULL))
		goto out;
	uint8_t *to = hws_buf_reserve(out, size);
	if (!to) {
		r = hws_buf_err(out);
		goto out;
	}
	if (!png_image_write_to_memory(&img, to, &size, 0, rgb, 0, NULL))
		goto out;
	hws_buf_commit(out, size);
	r = HWS_OK;
out:
	png_image_free(&img);
	hws_free(rgb);
	hws_free(row);
	return r;
}
