/* media/png: pictures as PNG files. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/buf.h"

/* Appends a PNG of a BGRA or I420 picture; alpha is ignored. HWS_ERR_NOMEM, HWS_ERR_TOOBIG. */
int hws_png_encode(const struct hws_picture *p, struct hws_buf *out) HWS_MUST_CHECK;
