/* When a codec may be taken without anybody's wish: how fast it is, and how narrow the line. */
#include "client/services/video/codec_speed.h"
#include "client/services/video/narrow.h"
#include "shared/base/clock.h"
#include "tests/support/suite.h"

#define S HWS_US_PER_S

START_TEST(a_line_is_narrow_when_it_stays_so)
{
	struct hws_narrow n = { 0 };

	ck_assert(!hws_narrow_update(&n, 500, 1000, 10 * S));
	ck_assert(!hws_narrow_update(&n, 500, 1000, 11 * S));
	ck_assert(!hws_narrow_update(&n, 0, 1000, 11 * S + 1)); /* for a moment more than matters */
	ck_assert(!hws_narrow_update(&n, 500, 1000, 12 * S));
	ck_assert(!hws_narrow_update(&n, 500, 1000, 13 * S));
	ck_assert(!n.narrow);
	ck_assert(hws_narrow_update(&n, 400, 1000, 14 * S));
	ck_assert(n.narrow);
	ck_assert(n.line == 400);
	ck_assert(!hws_narrow_update(&n, 400, 1000, 15 * S)); /* is said once */
}
END_TEST

START_TEST(a_narrow_line_is_wide_again_after_a_minute)
{
	struct hws_narrow n = { 0 };

	hws_narrow_update(&n, 400, 1000, 1 * S);
	ck_assert(hws_narrow_update(&n, 400, 1000, 3 * S));
	ck_assert(!hws_narrow_update(&n, 2000, 1000, 4 * S)); /* twice is not enough */
	ck_assert(!hws_narrow_update(&n, 2000, 1000, 100 * S));
	ck_assert(n.narrow);
	ck_assert(!hws_narrow_update(&n, 4000, 1000, 101 * S));
	ck_assert(!hws_narrow_update(&n, 0, 1000, 160 * S));
	ck_assert(n.narrow);
	ck_assert(hws_narrow_update(&n, 0, 1000, 161 * S));
	ck_assert(!n.narrow);
}
END_TEST

START_TEST(a_codec_fits_when_its_pictures_come_in_time)
{
	struct hws_codec_speed s = { 0 };
	const double hd = 1920 * 1080;

	ck_assert(!hws_codec_speed_fits(&s, HWS_CODEC_AV1, hd, 33333, S)); /* not known */
	s.took[HWS_CODEC_AV1] = (struct hws_codec_took){ 65000, 8000 };
	ck_assert(hws_codec_speed_fits(&s, HWS_CODEC_AV1, hd, 33333, S));
	ck_assert(!hws_codec_speed_fits(&s, HWS_CODEC_AV1, hd, 16666, S));
	ck_assert(!hws_codec_speed_fits(&s, HWS_CODEC_AV1, 4 * hd, 33333, S));
	s.took[HWS_CODEC_AV1].key_us = 200000; /* people would wait for the first one */
	ck_assert(!hws_codec_speed_fits(&s, HWS_CODEC_AV1, hd, 33333, S));
}
END_TEST

START_TEST(a_codec_that_is_late_is_left_alone_for_minutes)
{
	struct hws_codec_speed s = { .took[HWS_CODEC_AV1] = { 1000, 1000 } };
	uint64_t now = S;

	for (int i = 0; i < 1000; i++, now += 33333) /* some are, always */
		hws_codec_speed_note(&s, HWS_CODEC_AV1, i % 4 ? 10000 : 50000, 33333, now);
	ck_assert(hws_codec_speed_fits(&s, HWS_CODEC_AV1, 1e6, 33333, now));
	for (int i = 0; i < 40; i++, now += 50000)
		hws_codec_speed_note(&s, HWS_CODEC_AV1, 50000, 33333, now);
	ck_assert(!hws_codec_speed_fits(&s, HWS_CODEC_AV1, 1e6, 33333, now));
	ck_assert(hws_codec_speed_fits(&s, HWS_CODEC_AV1, 1e6, 33333, now + 301 * S));
}
END_TEST

START_TEST(a_codec_is_timed_within_its_limit)
{
	struct hws_codec_took t = { 0 };

	ck_assert_int_eq(hws_codec_speed_measure(HWS_CODEC_VP9, 0, NULL, &t), HWS_ERR_TIMEOUT);
	const atomic_bool stop = true;
	ck_assert_int_eq(hws_codec_speed_measure(HWS_CODEC_VP9, 60 * S, &stop, &t),
			HWS_ERR_CANCELED);
	ck_assert(t.frame_us == 0);
	ck_assert_int_eq(hws_codec_speed_measure(HWS_CODEC_H265, S, NULL, &t), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_codec_speed_measure(HWS_CODEC_AV1, 60 * S, NULL, &t), HWS_OK);
	ck_assert(t.key_us > 0);
	ck_assert(t.frame_us > 0);
	ck_assert(t.frame_us < t.key_us);
}
END_TEST

int main(void)
{
	return test_main("services/video/codec_ready", 120, NULL, NULL,
			TESTS(a_line_is_narrow_when_it_stays_so,
					a_narrow_line_is_wide_again_after_a_minute,
					a_codec_fits_when_its_pictures_come_in_time,
					a_codec_that_is_late_is_left_alone_for_minutes,
					a_codec_is_timed_within_its_limit));
}
