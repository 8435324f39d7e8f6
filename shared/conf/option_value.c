/* One value of a table row, by type: text to field and back. A value that is refused leaves the
 * field as it was, and the message says what would have been right. */
#include "shared/conf/option_value.h"

#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <ctype.h>
#include <inttypes.h>

static void *field(const struct hws_option *opt, void *cfg)
{
	return (char *)cfg + opt->offset;
}

static const void *field_const(const struct hws_option *opt, const void *cfg)
{
	return (const char *)cfg + opt->offset;
}

static int parse_enum(const char *choices, const char *text, uint64_t *ret)
{
	size_t len = strlen(text);
	uint64_t index = 0;

	for (const char *p = choices; len && p; index++) {
		const char *end = strchrnul(p, '|');

		if ((size_t)(end - p) == len && memcmp(p, text, len) == 0) {
			*ret = index;
			return HWS_OK;
		}
		p = *end ? end + 1 : NULL;
	}
	return HWS_ERR_INVAL;
}

static int parse_number(const struct hws_option *opt, const char *text, uint64_t *ret)
{
	uint64_t v = 0;
	bool flag;
	int r;

	switch (opt->type) {
	case HWS_OPT_BOOL:
		r = hws_parse_bool(text, &flag);
		v = r == HWS_OK && flag;
		break;
	case HWS_OPT_DURATION:
		r = hws_parse_duration_us(text, &v);
		break;
	case HWS_OPT_SIZE:
		r = hws_parse_size(text, &v);
		break;
	case HWS_OPT_ENUM:
		r = parse_enum(opt->choices, text, &v);
		break;
	default:
		r = hws_parse_u64(text, &v);
		break;
	}
	if (r < 0)
		return r;
	if ((opt->min || opt->max) && (v < opt->min || v > opt->max))
		return HWS_ERR_RANGE;
	if ((opt->type == HWS_OPT_U16 && v > UINT16_MAX) ||
			(opt->type == HWS_OPT_U32 && v > UINT32_MAX))
		return HWS_ERR_RANGE;
	*ret = v;
	return HWS_OK;
}

static int print_number(const struct hws_option *opt, uint64_t v, char *buf, size_t size)
{
	static const struct {
		uint64_t factor;
		const char *name;
	} durations[] = { { 86400 * HWS_US_PER_S, "d" }, { 3600 * HWS_US_PER_S, "h" },
		{ 60 * HWS_US_PER_S, "m" }, { HWS_US_PER_S, "s" }, { HWS_US_PER_MS, "ms" },
		{ 1, "us" } },
	  sizes[] = { { 1ull << 40, "T" }, { 1ull << 30, "G" }, { 1ull << 20, "M" },
		  { 1ull << 10, "K" }, { 1, "" } };

	if (opt->type == HWS_OPT_DURATION && v) {
		for (size_t i = 0; i < HWS_COUNT(durations); i++) {
			if (v % durations[i].factor == 0)
				return hws_fmt(buf, size, "%" PRIu64 "%s", v / durations[i].factor,
						durations[i].name);
		}
	}
	if (opt->type == HWS_OPT_SIZE && v) {
		for (size_t i = 0; i < HWS_COUNT(sizes); i++) {
			if (v % sizes[i].factor == 0)
				return hws_fmt(buf, size, "%" PRIu64 "%s", v / sizes[i].factor,
						sizes[i].name);
		}
	}
	return hws_fmt(buf, size, "%" PRIu64, v);
}

/* What would have been right, for the end of an error message. */
static void expectation(const struct hws_option *opt, char *buf, size_t size)
{
	char lo[32], hi[32];
	int r = HWS_OK;

	buf[0] = 0;
	if (opt->type == HWS_OPT_ENUM)
		r = hws_fmt(buf, size, "one of %s", opt->choices);
	else if (opt->type == HWS_OPT_BOOL)
		r = hws_fmt(buf, size, "yes or no");
	else if ((opt->min || opt->max) && print_number(opt, opt->min, lo, sizeof(lo)) == HWS_OK &&
			print_number(opt, opt->max, hi, sizeof(hi)) == HWS_OK)
		r = hws_fmt(buf, size, "a value from %s to %s", lo, hi);
	else if (opt->type == HWS_OPT_U16)
		r = hws_fmt(buf, size, "a whole number up to 65535");
	else if (opt->type == HWS_OPT_DURATION)
		r = hws_fmt(buf, size, "a time such as 30s, 5m or 250ms");
	else if (opt->type == HWS_OPT_SIZE)
		r = hws_fmt(buf, size, "a size such as 65536, 64K or 10M");
	else
		r = hws_fmt(buf, size, "a whole number");
	if (r < 0)
		buf[0] = 0;
}

static int store_string(const struct hws_option *opt, void *cfg, const char *text,
		const char *where, struct hws_error *err)
{
	char *copy;

	if (!hws_utf8_valid(hws_bytes_str(text)))
		return hws_error_set(err, HWS_ERR_INVAL, "%s: the value of %s is not valid UTF-8",
				where, opt->name);
	if (strpbrk(text, "\r\n"))
		return hws_error_set(err, HWS_ERR_INVAL, "%s: the value of %s must be one line",
				where, opt->name);
	copy = hws_strdup(text);
	if (!copy)
		return hws_error_set(err, HWS_ERR_NOMEM, "%s: out of memory", where);
	hws_option_clear(opt, cfg);
	*(char **)field(opt, cfg) = copy;
	return HWS_OK;
}

int hws_option_store(const struct hws_option *opt, void *cfg, const char *text, const char *where,
		struct hws_error *err)
{
	char expected[160], safe[80];
	uint64_t v = 0;
	int r;

	if (opt->type == HWS_OPT_STR || opt->type == HWS_OPT_PATH)
		return store_string(opt, cfg, text, where, err);
	r = parse_number(opt, text, &v);
	if (r < 0) {
		expectation(opt, expected, sizeof(expected));
		hws_str_escape(safe, sizeof(safe), hws_bytes_str(text));
		return hws_error_set(err, r, "%s: '%s' is no value for %s, which takes %s", where,
				opt->flags & HWS_OPT_SECRET ? "(secret)" : safe, opt->name,
				expected);
	}
	switch (opt->type) {
	case HWS_OPT_BOOL:
		*(bool *)field(opt, cfg) = v != 0;
		break;
	case HWS_OPT_U16:
		*(uint16_t *)field(opt, cfg) = (uint16_t)v;
		break;
	case HWS_OPT_U32:
		*(uint32_t *)field(opt, cfg) = (uint32_t)v;
		break;
	case HWS_OPT_ENUM:
		*(int *)field(opt, cfg) = (int)v;
		break;
	default:
		*(uint64_t *)field(opt, cfg) = v;
		break;
	}
	return HWS_OK;
}

void hws_option_clear(const struct hws_option *opt, void *cfg)
{
	char **s = field(opt, cfg);

	if ((opt->type != HWS_OPT_STR && opt->type != HWS_OPT_PATH) || !*s)
		return;
	if (opt->flags & HWS_OPT_SECRET)
		hws_wipe(*s, strlen(*s));
	hws_free(*s);
	*s = NULL;
}

static bool is_text(const struct hws_option *opt)
{
	return opt->type == HWS_OPT_STR || opt->type == HWS_OPT_PATH;
}

static size_t value_size(const struct hws_option *opt)
{
	switch (opt->type) {
	case HWS_OPT_BOOL:
		return sizeof(bool);
	case HWS_OPT_U16:
		return sizeof(uint16_t);
	case HWS_OPT_U32:
		return sizeof(uint32_t);
	case HWS_OPT_ENUM:
		return sizeof(int);
	default:
		return sizeof(uint64_t);
	}
}

bool hws_option_same(const struct hws_option *opt, const void *a, const void *b)
{
	const void *x = field_const(opt, a), *y = field_const(opt, b);

	if (is_text(opt))
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	return memcmp(x, y, value_size(opt)) == 0;
}

int hws_option_copy(const struct hws_option *opt, void *to, const void *from)
{
	const void *value = field_const(opt, from);
	char *copy;

	if (!is_text(opt)) {
		memcpy(field(opt, to), value, value_size(opt));
		return HWS_OK;
	}
	copy = hws_strdup(*(char *const *)value);
	if (!copy)
		return HWS_ERR_NOMEM;
	hws_option_clear(opt, to);
	*(char **)field(opt, to) = copy;
	return HWS_OK;
}

static int print_enum(const struct hws_option *opt, int index, char *buf, size_t size)
{
	const char *p = opt->choices;

	for (; index > 0 && p; index--) {
		p = strchr(p, '|');
		p = p ? p + 1 : NULL;
	}
	if (!p || index < 0)
		return HWS_ERR_RANGE;
	return hws_fmt(buf, size, "%.*s", (int)strcspn(p, "|"), p);
}

int hws_option_print(const struct hws_option *opt, const void *cfg, char *buf, size_t size)
{
	const void *f = field_const(opt, cfg);
	const char *s;

	switch (opt->type) {
	case HWS_OPT_STR:
	case HWS_OPT_PATH:
		s = *(char *const *)f;
		if (opt->flags & HWS_OPT_SECRET)
			s = s && *s ? "(set)" : "(not set)";
		return hws_str_copy(buf, size, s ? s : "");
	case HWS_OPT_BOOL:
		return hws_str_copy(buf, size, *(const bool *)f ? "yes" : "no");
	case HWS_OPT_ENUM:
		return print_enum(opt, *(const int *)f, buf, size);
	case HWS_OPT_U16:
		return print_number(opt, *(const uint16_t *)f, buf, size);
	case HWS_OPT_U32:
		return print_number(opt, *(const uint32_t *)f, buf, size);
	default:
		return print_number(opt, *(const uint64_t *)f, buf, size);
	}
}

static bool same_word(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int x = tolower((unsigned char)a[i]), y = tolower((unsigned char)b[i]);

		if ((x == '_' ? '-' : x) != (y == '_' ? '-' : y))
			return false;
	}
	return true;
}

bool hws_option_is(const struct hws_option *opt, const char *word, size_t len)
{
	if (strlen(opt->name) == len && memcmp(opt->name, word, len) == 0)
		return true;
	for (const char *p = opt->aliases; len && p;) {
		const char *end = strchrnul(p, ',');

		if ((size_t)(end - p) == len && same_word(p, word, len))
			return true;
		p = *end ? end + 1 : NULL;
	}
	return false;
}

int hws_option_env_name(
		const struct hws_options *o, const struct hws_option *opt, char *buf, size_t size)
{
	int r = hws_fmt(buf, size, "%s%s", o->env_prefix, opt->name);

	if (r < 0)
		return r;
	for (char *p = buf; *p; p++)
		*p = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
	return HWS_OK;
}
