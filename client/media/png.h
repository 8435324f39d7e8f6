/* media/png: pictures as PNG files. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/buf.h"

/* Appends a PNG of a picture in memory; alpha is ignored. HWS_ERR_NOMEM, HWS_ERR_TOOBIG;
 * HWS_ERR_UNSUPPORTED for one that is not in memory. */
int hws_png_encode(const struct hws_picture *p, struct hws_buf *out) HWS_MUST_CHECK;
