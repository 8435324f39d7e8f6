/* The outside of a PNG file. Programs that decode it are somebody else's and of any age: what is
 * not even put together right, or would make them ask for gigabytes, does not reach them. */
#include "client/media/png.h"

#define HEAD 8u   /* bytes before the first chunk */
#define FRAME 12u /* of a chunk: length, name, sum */

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int refuse(int r, const char *text, const char **why)
{
	if (why)
		*why = text;
	return r;
}

/* Colour types are 0 (grey), 2 (RGB), 3 (palette), 4 and 6 (with alpha). */
static bool depth_fits(unsigned depth, unsigned colour)
{
	bool small = depth == 1 || depth == 2 || depth == 4;

	switch (colour) {
	case 0:
		return small || depth == 8 || depth == 16;
	case 3:
		return small || depth == 8;
	case 2:
	case 4:
	case 6:
		return depth == 8 || depth == 16;
	default:
		return false;
	}
}

static int check_header(const uint8_t *p, size_t len, const char **why)
{
	uint32_t w, h;

	if (len != 13 || !depth_fits(p[8], p[9]) || p[10] != 0 || p[11] != 0 || p[12] > 1)
		return refuse(HWS_ERR_CORRUPT, "it is no PNG file", why);
	w = u32(p);
	h = u32(p + 4);
	if (w == 0 || h == 0)
		return refuse(HWS_ERR_CORRUPT, "it is no PNG file", why);
	if (w > HWS_PICTURE_SIDE_MAX || h > HWS_PICTURE_SIDE_MAX ||
			(uint64_t)w * h > HWS_PNG_PIXELS_MAX)
		return refuse(HWS_ERR_RANGE, "it has more than 16 million pixels", why);
	return HWS_OK;
}

static bool is_name(const uint8_t *p)
{
	for (unsigned i = 0; i < 4; i++)
		if (!((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= 'a' && p[i] <= 'z')))
			return false;
	return true;
}

int hws_png_check(struct hws_bytes file, const char **why)
{
	bool first = true, pixels = false;
	size_t at = HEAD;

	if (file.len < HEAD || memcmp(file.ptr, "\x89PNG\r\n\x1a\n", HEAD) != 0)
		return refuse(HWS_ERR_CORRUPT, "it is no PNG file", why);
	while (file.len - at >= FRAME) {
		const uint8_t *p = file.ptr + at;
		uint32_t len = u32(p);

		if (!is_name(p + 4) || len > file.len - at - FRAME ||
				first != (memcmp(p + 4, "IHDR", 4) == 0))
			break;
		if (first) {
			int r = check_header(p + 8, len, why);
			if (r < 0)
				return r;
		}
		first = false;
		pixels = pixels || memcmp(p + 4, "IDAT", 4) == 0;
		at += FRAME + len;
		if (memcmp(p + 4, "IEND", 4) == 0)
			return pixels && len == 0 && at == file.len
					? HWS_OK
					: refuse(HWS_ERR_CORRUPT, "it is a damaged PNG file", why);
	}
	return refuse(HWS_ERR_CORRUPT, "it is a damaged PNG file", why);
}
