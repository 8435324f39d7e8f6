/* api/picture: a picture that somebody uploads and that programs of others are going to decode.
 * Pure. */
#pragma once
#include "shared/base/buf.h"

#define ADI_PICTURE_SIDE_MAX 512u

/* Writes to `out` what is needed to show a PNG and nothing else: header, palette, transparency,
 * pixels; texts, places and whatever hides in or behind a file stay out. HWS_ERR_PROTO: it is no
 * PNG, or a broken one; HWS_ERR_RANGE: it is larger than 512 x 512. */
int adi_picture_clean(struct hws_bytes png, struct hws_buf *out) HWS_MUST_CHECK;
