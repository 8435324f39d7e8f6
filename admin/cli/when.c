/* Times are read by hand, not by the locale: scripts of one machine mean the same on another. */
#include "admin/cli/when.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>
#include <strings.h>
#include <time.h>

#define DAY_MS (24ll * 3600 * 1000)
#define SPAN_MAX (36500 * DAY_MS)

/* "12h": the number and what it counts, in ms. */
static int parse_span(const char *text, int64_t *ret)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', DAY_MS },
		{ 'w', 7 * DAY_MS } };
	size_t len = strlen(text);
	char digits[24];
	uint64_t n;

	if (len < 2 || len > sizeof(digits))
		return HWS_ERR_INVAL;
	memcpy(digits, text, len - 1);
	digits[len - 1] = 0;
	if (strspn(digits, "0123456789") != len - 1 || hws_parse_u64(digits, &n) < 0)
		return HWS_ERR_INVAL;
	for (size_t i = 0; i < HWS_COUNT(units); i++) {
		if (units[i].letter != text[len - 1])
			continue;
		if (n > (uint64_t)(SPAN_MAX / units[i].ms))
			return HWS_ERR_RANGE;
		*ret = (int64_t)n * units[i].ms;
		return HWS_OK;
	}
	return HWS_ERR_INVAL;
}

static int parse_date(const char *text, int64_t *ret)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%MZ",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ" };

	for (size_t i = 0; i < HWS_COUNT(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		struct tm same;
		time_t t;

		if (!end || *end)
			continue;
		same = tm;
		t = timegm(&tm);
		/* The 31st of February would become another day. */
		if (tm.tm_mday != same.tm_mday || tm.tm_year < 70)
			return HWS_ERR_INVAL;
		*ret = (int64_t)t * 1000;
		return HWS_OK;
	}
	return HWS_ERR_INVAL;
}

int adm_when_parse(const char *text, int64_t now_ms, bool back, int64_t *ret)
{
	int64_t span = 0;
	int r;

	if (strcmp(text, "never") == 0) {
		*ret = 0;
		return HWS_OK;
	}
	if (strcmp(text, "now") == 0) {
		*ret = now_ms;
		return HWS_OK;
	}
	r = parse_span(text, &span);
	if (r == HWS_ERR_INVAL)
		return parse_date(text, ret);
	if (r == HWS_OK)
		*ret = back ? now_ms - span : now_ms + span;
	return r;
}

int adm_days_parse(const char *text, int64_t *ret)
{
	int64_t ms = 0;
	uint64_t n;
	int r = parse_span(text, &ms);

	if (r == HWS_OK && ms && ms % DAY_MS == 0) {
		*ret = ms / DAY_MS;
		return HWS_OK;
	}
	if (r != HWS_ERR_INVAL || hws_parse_u64(text, &n) < 0 || !n || n > 36500)
		return HWS_ERR_INVAL;
	*ret = (int64_t)n;
	return HWS_OK;
}

static int day_of(const char *text, size_t len)
{
	static const char *const days[] = { "monday", "tuesday", "wednesday", "thursday", "friday",
		"saturday", "sunday" };

	for (int i = 0; i < 7 && len >= 3; i++) {
		if (len <= strlen(days[i]) && strncasecmp(text, days[i], len) == 0)
			return i;
	}
	return -1;
}

static int add_days(const char *part, void *arg)
{
	unsigned *days = arg;
	const char *dash = strchr(part, '-');
	int from = day_of(part, dash ? (size_t)(dash - part) : strlen(part));
	int to = dash ? day_of(dash + 1, strlen(dash + 1)) : from;

	if (from < 0 || to < 0)
		return HWS_ERR_INVAL;
	for (int d = from;; d = (d + 1) % 7) {
		*days |= 1u << d;
		if (d == to)
			return HWS_OK;
	}
}

int adm_weekdays_parse(const char *text, unsigned *ret)
{
	unsigned days = 0;
	int r = hws_str_each(text, ',', add_days, &days);

	if (r < 0 || !days)
		return HWS_ERR_INVAL;
	*ret = days;
	return HWS_OK;
}

static bool is_hour(const char *text, bool end)
{
	static const char digits[] = "0123456789";
	unsigned h, m;

	if (strspn(text, digits) != 2 || text[2] != ':' || strspn(text + 3, digits) != 2 || text[5])
		return false;
	h = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	m = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
	return m < 60 && (h < 24 || (end && h == 24 && m == 0));
}

int adm_hours_parse(const char *text, char from[6], char to[6])
{
	if (strlen(text) != 11 || text[5] != '-')
		return HWS_ERR_INVAL;
	memcpy(from, text, 5);
	from[5] = 0;
	memcpy(to, text + 6, 6);
	return is_hour(from, false) && is_hour(to, true) ? HWS_OK : HWS_ERR_INVAL;
}
