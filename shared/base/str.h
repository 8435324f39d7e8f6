/* base/str: bounded formatting, hex, UTF-8 checks, escaping of foreign text. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdarg.h>
#include <stdbool.h>

/* Formats; HWS_ERR_TOOBIG when it does not fit whole (buf then holds an empty string). */
int hws_fmt(char *buf, size_t size, const char *fmt, ...) HWS_PRINTF(3, 4) HWS_MUST_CHECK;
/* Copies a C string whole or fails as hws_fmt. */
int hws_str_copy(char *buf, size_t size, const char *s) HWS_MUST_CHECK;
/* Copies foreign bytes as a C string: fails (HWS_ERR_PROTO) on NUL or invalid UTF-8, HWS_ERR_TOOBIG
 * when too long. */
int hws_str_from_bytes(char *buf, size_t size, struct hws_bytes in) HWS_MUST_CHECK;
bool hws_utf8_valid(struct hws_bytes in);
/* How many code points: bytes that are no continuation. */
size_t hws_utf8_letters(struct hws_bytes in);
/* Makes foreign text safe to log or show: control characters, double quotes, backslash and invalid
 * UTF-8 become \xNN; what is \xNN already stays, so a text may pass here more than once. The result
 * is cut at the buffer's end. Always terminates. Returns buf. */
char *hws_str_escape(char *buf, size_t size, struct hws_bytes in);
/* The same for sentences on a terminal, which may have such words in them: quotes and backslashes
 * stay. */
char *hws_str_plain(char *buf, size_t size, struct hws_bytes in);
/* Lower-case hex; buf needs 2 * len + 1 bytes, else HWS_ERR_TOOBIG. */
int hws_hex_encode(struct hws_bytes in, char *buf, size_t size) HWS_MUST_CHECK;
/* Exactly `len` bytes from 2*len hex digits. */
int hws_hex_decode(const char *hex, uint8_t *ret, size_t len) HWS_MUST_CHECK;
/* "" for NULL. */
static inline const char *hws_str_or_empty(const char *s)
{
	return s ? s : "";
}
bool hws_str_equal(const char *a, const char *b);
bool hws_str_starts(const char *s, const char *prefix);
/* Splits at `sep`, trims blanks, calls fn for each non-empty part (NUL-terminated copy, at most
 * 1023 bytes); stops at the first error and returns it. */
int hws_str_each(const char *list, char sep, int (*fn)(const char *part, void *arg),
		void *arg) HWS_MUST_CHECK;
/* In-place trim of blanks at both ends; returns the new start inside s. */
char *hws_str_trim(char *s);
