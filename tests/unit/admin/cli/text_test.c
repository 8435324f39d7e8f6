/* Names, patterns and points in time as people write them. */
#include "admin/cli/pattern.h"
#include "admin/cli/when.h"
#include "tests/support/suite.h"
#include "tests/unit/admin/cli/suites.h"
#include <string.h>

#define GUID "00000001-0000-4000-8000-00000000000a"

static const struct {
	const char *word;
	bool guid, id, name; /* whether it means a thing by that alone */
	bool open;
} patterns[] = {
	{ "Web1", false, false, true, false },
	{ "web", false, false, false, false },
	{ "web*", false, false, true, true },
	{ "WEB?", false, false, true, true },
	{ "w[a-f]b1", false, false, true, true },
	{ "*", false, true, true, true },
	{ "123456789", false, true, false, false },
	{ "id:123456789", false, true, false, false },
	{ "id:web1", false, false, false, false },
	{ "name:web1", false, false, true, false },
	{ "name:123456789", false, false, false, false },
	{ "name:web*", false, false, false, false }, /* a name that has a star in it */
	{ GUID, true, false, false, false },
	{ "guid:" GUID, true, false, false, false },
	{ "00000001-0000-4000-8000-00000000000A", true, false, false, false },
	{ "re:^w.b1$", false, false, true, true },
	{ "re:[0-9]", false, true, true, true },
	{ "re:^x", false, false, false, true },
};

START_TEST(words_mean_things)
{
	const struct adm_names guid = { .guid = GUID, .id = "9", .name = "x", .other = "" };
	const struct adm_names id = { .guid = "", .id = "123456789" };
	const struct adm_names name = { .guid = "", .name = "web1", .other = NULL };
	struct adm_pattern p;
	struct hws_error err;

	ck_assert_int_eq(adm_pattern_parse(patterns[_i].word, &p, &err), HWS_OK);
	if (!patterns[_i].open)
		ck_assert_int_eq(adm_pattern_match(&p, &guid), patterns[_i].guid);
	ck_assert_int_eq(adm_pattern_match(&p, &id), patterns[_i].id);
	ck_assert_int_eq(adm_pattern_match(&p, &name), patterns[_i].name);
	ck_assert_int_eq(adm_pattern_is_open(&p), patterns[_i].open);
	adm_pattern_done(&p);
}
END_TEST

START_TEST(words_that_are_none)
{
	static const char *const words[] = { "", "re:", "re:[", "re:(", "guid:", "id:", "name:" };
	char too_long[600];
	struct adm_pattern p;
	struct hws_error err = { 0 };

	for (size_t i = 0; i < HWS_COUNT(words); i++)
		ck_assert_int_eq(adm_pattern_parse(words[i], &p, &err), HWS_ERR_INVAL);
	memset(too_long, 'a', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = 0;
	ck_assert_int_eq(adm_pattern_parse(too_long, &p, &err), HWS_ERR_INVAL);
}
END_TEST

#define NOW 1800000000000ll
#define H 3600000ll

static const struct {
	const char *text;
	bool back;
	int status;
	int64_t at;
} times[] = {
	{ "never", false, HWS_OK, 0 },
	{ "now", true, HWS_OK, NOW },
	{ "90d", false, HWS_OK, NOW + 90 * 24 * H },
	{ "90d", true, HWS_OK, NOW - 90 * 24 * H },
	{ "2w", true, HWS_OK, NOW - 14 * 24 * H },
	{ "12h", false, HWS_OK, NOW + 12 * H },
	{ "30m", false, HWS_OK, NOW + H / 2 },
	{ "5s", false, HWS_OK, NOW + 5000 },
	{ "1970-01-02", false, HWS_OK, 24 * H },
	{ "2000-02-29T12:30", false, HWS_OK, 951827400000 },
	{ "2000-02-29T12:30:05Z", false, HWS_OK, 951827405000 },
	{ "2001-02-29", false, HWS_ERR_INVAL, 0 },
	{ "2001-13-01", false, HWS_ERR_INVAL, 0 },
	{ "1969-01-01", false, HWS_ERR_INVAL, 0 },
	{ "2001-01-01x", false, HWS_ERR_INVAL, 0 },
	{ "99999999d", false, HWS_ERR_RANGE, 0 },
	{ "99999999999999999999999s", false, HWS_ERR_INVAL, 0 },
	{ "-1d", false, HWS_ERR_INVAL, 0 },
	{ "0x10s", false, HWS_ERR_INVAL, 0 },
	{ "d", false, HWS_ERR_INVAL, 0 },
	{ "30", false, HWS_ERR_INVAL, 0 },
	{ "", false, HWS_ERR_INVAL, 0 },
};

START_TEST(points_in_time)
{
	int64_t at = -1;

	ck_assert_msg(adm_when_parse(times[_i].text, NOW, times[_i].back, &at) == times[_i].status,
			"%s", times[_i].text);
	ck_assert_int_eq(at, times[_i].status == HWS_OK ? times[_i].at : -1);
}
END_TEST

START_TEST(days_and_hours)
{
	static const char *const bad_days[] = { "", "0", "0d", "d", "1h", "40000", "30x", "-3" };
	static const char *const bad_hours[] = { "", "8-18", "08:00", "08:00-25:00", "24:00-24:00",
		"08:60-18:00", "08:00-18:000", "0800-18:00a", "ab:cd-ef:gh" };
	char from[6], to[6];
	unsigned bits = 0;
	int64_t n = 0;

	ck_assert_int_eq(adm_days_parse("30", &n), HWS_OK);
	ck_assert_int_eq(n, 30);
	ck_assert_int_eq(adm_days_parse("2w", &n), HWS_OK);
	ck_assert_int_eq(n, 14);
	ck_assert_int_eq(adm_days_parse("48h", &n), HWS_OK);
	ck_assert_int_eq(n, 2);
	for (size_t i = 0; i < HWS_COUNT(bad_days); i++)
		ck_assert_msg(adm_days_parse(bad_days[i], &n) == HWS_ERR_INVAL, "%s", bad_days[i]);
	ck_assert_int_eq(adm_weekdays_parse("mon-fri", &bits), HWS_OK);
	ck_assert_uint_eq(bits, 31);
	ck_assert_int_eq(adm_weekdays_parse("Sat,sunday", &bits), HWS_OK);
	ck_assert_uint_eq(bits, 96);
	ck_assert_int_eq(adm_weekdays_parse("sat-mon", &bits), HWS_OK);
	ck_assert_uint_eq(bits, 97);
	ck_assert_int_lt(adm_weekdays_parse("mo", &bits), 0);
	ck_assert_int_lt(adm_weekdays_parse("", &bits), 0);
	ck_assert_int_lt(adm_weekdays_parse("mon-xyz", &bits), 0);
	ck_assert_int_eq(adm_hours_parse("22:00-06:30", from, to), HWS_OK);
	ck_assert_str_eq(from, "22:00");
	ck_assert_str_eq(to, "06:30");
	ck_assert_int_eq(adm_hours_parse("00:00-24:00", from, to), HWS_OK);
	for (size_t i = 0; i < HWS_COUNT(bad_hours); i++)
		ck_assert_msg(adm_hours_parse(bad_hours[i], from, to) < 0, "%s", bad_hours[i]);
}
END_TEST

void admin_cli_texts(Suite *s)
{
	TCase *c = test_case(s, "texts", 60, TESTS(words_that_are_none, days_and_hours));

	tcase_add_loop_test(c, words_mean_things, 0, HWS_COUNT(patterns));
	tcase_add_loop_test(c, points_in_time, 0, HWS_COUNT(times));
}
