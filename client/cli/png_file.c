/* A picture as a PNG file. The public API hands out pixels; how they are kept is the program's
 * affair. */
#include "client/cli/png_file.h"
#include "client/cli/cli.h"
#include "shared/base/output.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>

struct sink {
	struct hws_out_file file;
	int r; /* of the first write that failed */
};

static void put(png_structp png, png_bytep data, size_t n)
{
	struct sink *s = png_get_io_ptr(png);

	s->r = hws_out_file_write(&s->file, hws_bytes(data, n));
	if (s->r < 0)
		png_error(png, "lost");
}

static void flush(png_structp png HWS_UNUSED)
{
}

/* The caller says what went wrong. */
static void on_error(png_structp png, png_const_charp text HWS_UNUSED)
{
	png_longjmp(png, 1);
}

/* libpng reports errors by a jump to here; nothing between needs to be undone but its own
 * structs. */
static int encode(struct sink *s, const struct hawser_frame *frame)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(png ? &png : NULL, info ? &info : NULL);
		return s->r < 0 ? s->r : HWS_ERR_NOMEM;
	}
	png_set_write_fn(png, s, put, flush);
	png_set_IHDR(png, info, frame->width, frame->height, 8, PNG_COLOR_TYPE_RGB,
			PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, 3);
	png_write_info(png, info);
	png_set_filler(png, 0, PNG_FILLER_AFTER); /* four bytes in, three out */
	for (uint32_t y = 0; y < frame->height; y++)
		png_write_row(png, frame->pixels + (size_t)y * frame->stride);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return HWS_OK;
}

int cli_png_write(const char *path, const struct hawser_frame *frame)
{
	struct hws_error err = { 0 };
	struct sink s = { .r = HWS_OK };
	int r = hws_out_file_begin(&s.file, path, &err);

	if (r == HWS_OK)
		r = hws_out_file_end(&s.file, encode(&s, frame), path, &err);
	return r < 0 ? cli_fail(CLI_FILE, "%s", err.text) : CLI_OK;
}
