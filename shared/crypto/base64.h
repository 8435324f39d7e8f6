/* crypto/base64: standard padded base64, strict: one text for each value. Does not branch on the
 * content, so secrets may pass through. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_BASE64_TEXT(bytes) (((bytes) + 2) / 3 * 4 + 1) /* with NUL */

/* Exactly `len` bytes (at most 256) from the whole of `text`, else HWS_ERR_INVAL. Nothing is
 * ignored: no blanks, no line ends, no missing padding. */
int hws_base64_decode(struct hws_bytes text, uint8_t *ret, size_t len) HWS_MUST_CHECK;
