/* crypto/base64: standard padded base64, strict: one text for each value. Does not branch on the
 * content, so secrets may pass through. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_BASE64_TEXT(bytes) (((bytes) + 2) / 3 * 4 + 1) /* with NUL */

#define HWS_BASE64URL_TEXT(bytes) (((bytes)*4 + 2) / 3 + 1)

/* HWS_ERR_TOOBIG: does not fit. */
int hws_base64_encode(struct hws_bytes in, char *buf, size_t size) HWS_MUST_CHECK;
/* With - and _ and without padding, as addresses and signed tokens have it. */
int hws_base64url_encode(struct hws_bytes in, char *buf, size_t size) HWS_MUST_CHECK;
/* Exactly `len` bytes (at most 256) from the whole of `text`, else HWS_ERR_INVAL. Nothing is
 * ignored: no blanks, no line ends, no missing padding. */
int hws_base64_decode(struct hws_bytes text, uint8_t *ret, size_t len) HWS_MUST_CHECK;
