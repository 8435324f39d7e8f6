/* Numbers from text, by hand: what libc offers takes blanks, signs and rubbish behind a number,
 * and depends on the locale. */
#include "shared/base/num.h"

#include "shared/base/clock.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Reads digits of `base` from *s; at least one; *s then points behind them. */
static int read_digits(const char **s, unsigned base, uint64_t *ret)
{
	const char *p = *s;
	bool over = false;
	uint64_t v = 0;

	for (; (unsigned)digit(*p) < base; p++) {
		over |= __builtin_mul_overflow(v, base, &v);
		over |= __builtin_add_overflow(v, (unsigned)digit(*p), &v);
	}
	if (p == *s)
		return HWS_ERR_INVAL;
	*s = p;
	if (!over)
		*ret = v;
	return over ? HWS_ERR_RANGE : HWS_OK;
}

static int parse_whole(const char *s, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	int r = read_digits(&s, base, &v);

	if (r == HWS_ERR_INVAL || *s)
		return HWS_ERR_INVAL;
	if (r < 0 || v > max)
		return HWS_ERR_RANGE;
	*ret = v;
	return HWS_OK;
}

int hws_parse_u16(const char *s, uint16_t *ret)
{
	uint64_t v;
	int r = parse_whole(s, 10, UINT16_MAX, &v);

	if (r == HWS_OK)
		*ret = (uint16_t)v;
	return r;
}

int hws_parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = parse_whole(s, 10, UINT32_MAX, &v);

	if (r == HWS_OK)
		*ret = (uint32_t)v;
	return r;
}

int hws_parse_u64(const char *s, uint64_t *ret)
{
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_whole(s + 2, 16, UINT64_MAX, ret);
	return parse_whole(s, 10, UINT64_MAX, ret);
}

int hws_parse_double(const char *s, double *ret)
{
	locale_t c;
	char *end;
	double v;

	/* no blanks, "inf", "nan" or hexadecimal; the user's locale must not change the decimal
	 * point */
	if (!*s || s[strspn(s, "+-.0123456789eE")])
		return HWS_ERR_INVAL;
	c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (!c)
		return HWS_ERR_NOMEM;
	v = strtod_l(s, &end, c);
	freelocale(c);
	if (*end || end == s)
		return HWS_ERR_INVAL;
	if (!isfinite(v))
		return HWS_ERR_RANGE;
	*ret = v;
	return HWS_OK;
}

int hws_parse_bool(const char *s, bool *ret)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "yes", true },
		{ "no", false },
		{ "true", true },
		{ "false", false },
		{ "on", true },
		{ "off", false },
		{ "1", true },
		{ "0", false },
		{ "y", true },
		{ "n", false },
	};

	for (size_t i = 0; i < HWS_COUNT(words); i++) {
		if (strcasecmp(s, words[i].text) == 0) {
			*ret = words[i].value;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int parse_with_unit(const char *s, const struct unit *units, size_t count, uint64_t *ret)
{
	uint64_t v = 0;
	int r = read_digits(&s, 10, &v);

	if (r == HWS_ERR_INVAL)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(s, units[i].name) != 0)
			continue;
		if (r < 0 || __builtin_mul_overflow(v, units[i].factor, &v))
			return HWS_ERR_RANGE;
		*ret = v;
		return HWS_OK;
	}
	return HWS_ERR_INVAL;
}

int hws_parse_duration_us(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", HWS_US_PER_S },
		{ "us", 1 },
		{ "ms", HWS_US_PER_MS },
		{ "s", HWS_US_PER_S },
		{ "m", 60 * HWS_US_PER_S },
		{ "h", 3600 * HWS_US_PER_S },
		{ "d", 86400 * HWS_US_PER_S },
	};

	return parse_with_unit(s, units, HWS_COUNT(units), ret);
}

int hws_parse_size(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1ull << 10 },
		{ "M", 1ull << 20 },
		{ "G", 1ull << 30 },
		{ "T", 1ull << 40 },
	};

	return parse_with_unit(s, units, HWS_COUNT(units), ret);
}
