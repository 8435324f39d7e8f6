/* base/bytes: a borrowed view of bytes; owns nothing, never lives in a struct that outlives the
 * call. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hws_bytes {
	const uint8_t *ptr;
	size_t len;
};

static inline struct hws_bytes hws_bytes(const void *ptr, size_t len)
{
	return (struct hws_bytes){ (const uint8_t *)ptr, len };
}

/* View of a NUL-terminated string, without the NUL. */
static inline struct hws_bytes hws_bytes_str(const char *s)
{
	return (struct hws_bytes){ (const uint8_t *)s, strlen(s) };
}

static inline int hws_bytes_equal(struct hws_bytes a, struct hws_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
