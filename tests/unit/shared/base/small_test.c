/* Errors, clock, random numbers, token buckets, memory. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"

START_TEST(every_error_has_a_text_a_name_of_its_own_and_a_class)
{
	static const int all[] = {
#define X(name, number, class, text) HWS_##name,
		HWS_ERR_LIST(X)
#undef X
	};

	for (size_t i = 0; i < HWS_COUNT(all); i++) {
		ck_assert_str_ne(hws_err_text(all[i]), "unknown error");
		ck_assert_str_ne(hws_err_name(all[i]), "unknown");
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(hws_err_name(all[i]), hws_err_name(all[j]));
	}
	ck_assert_str_eq(hws_err_text(1), "unknown error");
	ck_assert_str_eq(hws_err_name(-1000), "unknown");
	ck_assert_str_eq(hws_err_name(HWS_ERR_TIMEOUT), "timeout");
	ck_assert_int_eq(hws_err_class(HWS_ERR_PROTO), HWS_CLASS_PEER);
	ck_assert_int_eq(hws_err_class(-1000), HWS_CLASS_SELF);
}
END_TEST

START_TEST(errno_is_mapped_and_kept_when_there_is_no_code)
{
	ck_assert_int_eq(hws_err_from_errno(ECONNREFUSED), HWS_ERR_REFUSED);
	ck_assert_int_eq(hws_err_from_errno(ENOSPC), HWS_ERR_DISK);
	ck_assert_int_eq(hws_err_from_errno(EAGAIN), HWS_ERR_AGAIN);
	errno = 0;
	ck_assert_int_eq(hws_err_from_errno(ENODEV), HWS_ERR_SYS);
	ck_assert_int_eq(errno, ENODEV);
}
END_TEST

START_TEST(an_error_sentence_is_cut_not_overrun)
{
	struct hws_error err;
	char longer[1000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	ck_assert_int_eq(hws_error_set(&err, HWS_ERR_BUSY, "%s", longer), HWS_ERR_BUSY);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_int_eq(hws_error_set(NULL, HWS_ERR_BUSY, "x"), HWS_ERR_BUSY);
	errno = ENODEV;
	hws_error_set(&err, HWS_ERR_SYS, "x");
	ck_assert_int_eq(err.sys, ENODEV);
}
END_TEST

static const struct {
	uint64_t us;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00.000000Z" },
	{ 951782400000000, "2000-02-29T00:00:00.000000Z" },
	{ 951868799999999, "2000-02-29T23:59:59.999999Z" },
	{ 1769862896123456, "2026-01-31T12:34:56.123456Z" },
	{ 4107542400000000, "2100-03-01T00:00:00.000000Z" },
	{ 253402300799000000, "9999-12-31T23:59:59.000000Z" },
};

START_TEST(wall_time_is_written_as_rfc_3339_says)
{
	char buf[28], small[27];

	ck_assert_str_eq(hws_wall_text(times[_i].us, buf, sizeof(buf)), times[_i].text);
	ck_assert_str_eq(hws_wall_text(times[_i].us, small, sizeof(small)), "");
}
END_TEST

START_TEST(clocks_go_forward)
{
	uint64_t before = hws_clock_us();
	volatile unsigned x = 0;

	while (hws_clock_us() == before)
		x++;
	ck_assert_uint_gt(hws_clock_us(), before);
	ck_assert_uint_gt(hws_wall_us(), 1700000000000000);
}
END_TEST

START_TEST(random_numbers_are_in_range_and_spread)
{
	unsigned seen[7] = { 0 };
	char a[37], b[37];

	for (int i = 0; i < 7000; i++)
		seen[hws_rand_below(7)]++;
	for (int i = 0; i < 7; i++)
		ck_assert_uint_gt(seen[i], 700); /* 1000 expected: ten deviations */
	ck_assert_uint_eq(hws_rand_below(1), 0);
	hws_rand_uuid(a, sizeof(a));
	hws_rand_uuid(b, sizeof(b));
	ck_assert_str_ne(a, b);
	ck_assert_uint_eq(strlen(a), 36);
	ck_assert_int_eq(a[14], '4');
	ck_assert_ptr_nonnull(strchr("89ab", a[19]));
}
END_TEST

START_TEST(a_bucket_gives_its_burst_then_its_rate)
{
	struct hws_bucket b;
	uint64_t now = 1000000, got = 0;

	hws_bucket_init(&b, 10, 5, now);
	ck_assert(!hws_bucket_take(&b, 6, now));
	ck_assert(hws_bucket_take(&b, 5, now));
	ck_assert(!hws_bucket_take(&b, 1, now));
	ck_assert(!hws_bucket_take(&b, 1, now + 99999));
	ck_assert(hws_bucket_take(&b, 1, now + 100000));
	/* asked at odd times, still exactly 10 a second */
	for (uint64_t t = now + 100000; t < now + 10100000; t += 7)
		got += hws_bucket_take(&b, 1, t);
	ck_assert_uint_ge(got, 99);
	ck_assert_uint_le(got, 100);
	ck_assert(!hws_bucket_take(&b, 6, now + 1000000000)); /* never above the burst */
	ck_assert(hws_bucket_take(&b, 4, now)); /* a clock that jumps back takes nothing away */
	ck_assert(hws_bucket_take(&b, 1, now));
	ck_assert(!hws_bucket_take(&b, 1, now));
}
END_TEST

START_TEST(buckets_without_limit_and_with_absurd_numbers)
{
	struct hws_bucket b;

	hws_bucket_init(&b, 0, 0, 1);
	ck_assert(hws_bucket_take(&b, UINT64_MAX, 1));
	ck_assert(hws_bucket_take(&b, UINT64_MAX, 1));
	hws_bucket_init(&b, UINT64_MAX, UINT64_MAX, 1);
	ck_assert(!hws_bucket_take(&b, UINT64_MAX, 2));
	ck_assert(hws_bucket_take(&b, 1000000, UINT64_MAX));
}
END_TEST

START_TEST(memory_checks_overflow_and_fails_on_demand)
{
	uint8_t *p = hws_alloc(16), zero[16] = { 0 };

	ck_assert_mem_eq(p, zero, 16);
	hws_free(p);
	ck_assert_ptr_null(hws_alloc_array(SIZE_MAX / 2, 3));
	ck_assert_ptr_null(hws_realloc_array(NULL, SIZE_MAX / 2, 3));
	ck_assert_ptr_null(hws_strdup(NULL));
	p = hws_alloc(0);
	ck_assert_ptr_nonnull(p);
	hws_free_wiped(p, 0);
	hws_mem_fail_at(2);
	p = hws_alloc(1);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(hws_strdup("x"));
	hws_free(p);
	p = hws_alloc(1); /* only once */
	ck_assert_ptr_nonnull(p);
	hws_free(p);
	ck_assert_uint_eq(hws_mem_fail_at(0), 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/small");
	TCase *t = tcase_create("small");
	SRunner *r;
	int failed;

	tcase_add_test(t, every_error_has_a_text_a_name_of_its_own_and_a_class);
	tcase_add_test(t, errno_is_mapped_and_kept_when_there_is_no_code);
	tcase_add_test(t, an_error_sentence_is_cut_not_overrun);
	tcase_add_loop_test(t, wall_time_is_written_as_rfc_3339_says, 0, HWS_COUNT(times));
	tcase_add_test(t, clocks_go_forward);
	tcase_add_test(t, random_numbers_are_in_range_and_spread);
	tcase_add_test(t, a_bucket_gives_its_burst_then_its_rate);
	tcase_add_test(t, buckets_without_limit_and_with_absurd_numbers);
	tcase_add_test(t, memory_checks_overflow_and_fails_on_demand);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
