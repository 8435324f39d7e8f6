/* media/png: pictures as PNG files, and such files of strangers: looked over without decoding, or
 * decoded (png_read.c, in a process that may be lost) and written anew. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/buf.h"

/* Of a picture on a clipboard: 64 MiB of pixels. */
#define HWS_PNG_PIXELS_MAX (16L << 20)

/* Appends a PNG of a picture in memory; alpha is ignored. HWS_ERR_NOMEM, HWS_ERR_TOOBIG;
 * HWS_ERR_UNSUPPORTED for one that is not in memory. */
int hws_png_encode(const struct hws_picture *p, struct hws_buf *out) HWS_MUST_CHECK;

/* Appends a PNG of `width` * `height` pixels, bytes R G B A, alpha kept; rows without a gap. Fast
 * rather than small. HWS_ERR_RANGE for sizes of 0 or above HWS_PNG_PIXELS_MAX, HWS_ERR_NOMEM,
 * HWS_ERR_TOOBIG. */
int hws_png_from_rgba(
		const uint8_t *rgba, int width, int height, struct hws_buf *out) HWS_MUST_CHECK;

/* Whether a file is put together as a PNG file is, of a size that there may be, with nothing behind
 * it. Nothing is unpacked, so what its pixels are is not known. HWS_ERR_CORRUPT, HWS_ERR_RANGE:
 * not, and `why` (may be NULL) is the reason, for a person. */
int hws_png_check(struct hws_bytes file, const char **why) HWS_MUST_CHECK;

/* Decodes such a file and appends one with the same pixels, and nothing else of it: whoever opens
 * that meets bytes of our making. HWS_ERR_CORRUPT, HWS_ERR_RANGE, HWS_ERR_NOMEM, HWS_ERR_TOOBIG. */
int hws_png_clean(struct hws_bytes file, struct hws_buf *out) HWS_MUST_CHECK;
