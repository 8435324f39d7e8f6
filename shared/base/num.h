/* base/num: checked arithmetic and parsing of whole strings. Nothing here accepts rubbish behind a
 * number. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* true on success; `*ret` untouched on overflow. */
static inline bool hws_add_size(size_t a, size_t b, size_t *ret)
{
	size_t r;
	if (__builtin_add_overflow(a, b, &r))
		return false;
	*ret = r;
	return true;
}

/* Decimal (0x... accepted for the u64 form), the whole string, else HWS_ERR_INVAL /
 * HWS_ERR_RANGE. */
int hws_parse_u16(const char *s, uint16_t *ret) HWS_MUST_CHECK;
int hws_parse_u32(const char *s, uint32_t *ret) HWS_MUST_CHECK;
int hws_parse_u64(const char *s, uint64_t *ret) HWS_MUST_CHECK;
int hws_parse_double(const char *s, double *ret) HWS_MUST_CHECK;
/* yes/no, y/n, true/false, on/off, 1/0 in any case; all else is HWS_ERR_INVAL. */
int hws_parse_bool(const char *s, bool *ret) HWS_MUST_CHECK;
/* "30", "30s", "5m", "2h", "250ms" into microseconds; a bare number is seconds. */
int hws_parse_duration_us(const char *s, uint64_t *ret) HWS_MUST_CHECK;
/* "65536", "64K", "10M", "1G" (powers of 1024) into bytes. */
int hws_parse_size(const char *s, uint64_t *ret) HWS_MUST_CHECK;
