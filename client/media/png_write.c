/* Pixels with alpha, as a clipboard has them, written as they are: the fastest settings, since what
 * is copied waits to be pasted. */
#include "client/media/png.h"
#include <png.h>
#include <setjmp.h>

static void put(png_structp png, png_bytep data, size_t n)
{
	struct hws_buf *out = png_get_io_ptr(png);

	hws_buf_put(out, data, n);
	if (hws_buf_err(out) < 0)
		png_error(png, "full");
}

static void flush(png_structp png HWS_UNUSED)
{
}

static void on_error(png_structp png, png_const_charp text HWS_UNUSED)
{
	png_longjmp(png, 1);
}

static void on_warning(png_structp png HWS_UNUSED, png_const_charp text HWS_UNUSED)
{
}

/* libpng reports errors by a jump to here. */
static int encode(png_structp png, png_infop info, const uint8_t *rgba, int width, int height,
		struct hws_buf *out)
{
	if (setjmp(png_jmpbuf(png)))
		return hws_buf_err(out) < 0 ? hws_buf_err(out) : HWS_ERR_NOMEM;
	png_set_write_fn(png, out, put, flush);
	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8,
			PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
			PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, 1);
	png_set_filter(png, 0, PNG_FILTER_SUB);
	png_write_info(png, info);
	for (int y = 0; y < height; y++)
		png_write_row(png, rgba + (size_t)y * (size_t)width * 4);
	png_write_end(png, NULL);
	return HWS_OK;
}

int hws_png_from_rgba(const uint8_t *rgba, int width, int height, struct hws_buf *out)
{
	png_structp png;
	png_infop info;
	int r;

	if (width <= 0 || height <= 0 || width > HWS_PICTURE_SIDE_MAX ||
			height > HWS_PICTURE_SIDE_MAX || (long)width * height > HWS_PNG_PIXELS_MAX)
		return HWS_ERR_RANGE;
	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
	info = png ? png_create_info_struct(png) : NULL;
	r = info ? encode(png, info, rgba, width, height, out) : HWS_ERR_NOMEM;
	png_destroy_write_struct(png ? &png : NULL, info ? &info : NULL);
	return r;
}
