/* libpng on a stranger's file: only where a process may be lost by it (the decoder). Sizes are
 * looked at before anything is allocated, texts and profiles are not even kept, and what comes out
 * is written anew, so that the program somebody pastes into gets a file of our making. */
#include "client/media/png.h"
#include "shared/base/mem.h"
#include <png.h>
#include <setjmp.h>

#define CHUNK_MAX (1u << 20) /* of memory for a chunk that is none of pixels */

struct source {
	struct hws_bytes rest;
};

static void take(png_structp png, png_bytep to, size_t n)
{
	struct source *s = png_get_io_ptr(png);

	if (n > s->rest.len)
		png_error(png, "short");
	memcpy(to, s->rest.ptr, n);
	s->rest.ptr += n;
	s->rest.len -= n;
}

static void on_error(png_structp png, png_const_charp text HWS_UNUSED)
{
	png_longjmp(png, 1);
}

static void on_warning(png_structp png HWS_UNUSED, png_const_charp text HWS_UNUSED)
{
}

/* Whatever it is, as bytes R G B A. */
static void want_rgba(png_structp png, png_infop info)
{
	png_set_expand(png);
	png_set_scale_16(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
	png_set_interlace_handling(png);
	png_read_update_info(png, info);
}

struct pixels {
	uint8_t *rgba;
	png_bytep *row;
	int width, height;
};

/* libpng reports errors by a jump to here; what was made by then is in `p` and `info`, which are
 * not kept in registers. */
static int decode(png_structp png, png_infop info, struct source *s, struct pixels *p)
{
	if (setjmp(png_jmpbuf(png)))
		return HWS_ERR_CORRUPT;
	png_set_read_fn(png, s, take);
	png_set_user_limits(png, HWS_PICTURE_SIDE_MAX, HWS_PICTURE_SIDE_MAX);
	png_set_chunk_malloc_max(png, CHUNK_MAX);
	png_set_chunk_cache_max(png, 1);
	png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
	png_read_info(png, info);
	p->width = (int)png_get_image_width(png, info);
	p->height = (int)png_get_image_height(png, info);
	if ((long)p->width * p->height > HWS_PNG_PIXELS_MAX)
		return HWS_ERR_RANGE;
	want_rgba(png, info);
	if (png_get_rowbytes(png, info) != (size_t)p->width * 4)
		return HWS_ERR_CORRUPT;
	p->rgba = hws_alloc_array((size_t)p->width * 4, (size_t)p->height);
	p->row = hws_alloc_array((size_t)p->height, sizeof(*p->row));
	if (!p->rgba || !p->row)
		return HWS_ERR_NOMEM;
	for (int y = 0; y < p->height; y++)
		p->row[y] = p->rgba + (size_t)y * (size_t)p->width * 4;
	png_read_image(png, p->row);
	png_read_end(png, NULL);
	return HWS_OK;
}

int hws_png_clean(struct hws_bytes file, struct hws_buf *out)
{
	struct source s = { file };
	struct pixels p = { 0 };
	png_structp png;
	png_infop info;
	int r = hws_png_check(file, NULL);

	if (r < 0)
		return r;
	png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
	info = png ? png_create_info_struct(png) : NULL;
	r = info ? decode(png, info, &s, &p) : HWS_ERR_NOMEM;
	png_destroy_read_struct(png ? &png : NULL, info ? &info : NULL, NULL);
	if (r == HWS_OK)
		r = hws_png_from_rgba(p.rgba, p.width, p.height, out);
	hws_free(p.row);
	hws_free(p.rgba);
	return r;
}
