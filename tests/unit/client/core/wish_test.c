/* When the viewer asks for a better quality by itself, and when it takes that back. */
#include "client/core/quality_wish.h"
#include "client/core/view_options.h"
#include "client/core/viewer.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"

/* A second of a busy screen at a host that drops pictures, on a good line. */
static struct hws_quality_sample busy(unsigned second, uint32_t target)
{
	return (struct hws_quality_sample){ .now_us = second * 1000000ull,
		.rtt_fresh = true,
		.rtt_ms = 5,
		.target_kbit = target,
		.kbit_s = target,
		.fps = 2,
		.fps_wish = 30 };
}

START_TEST(a_starved_picture_is_fed_as_the_line_allows)
{
	struct hws_quality_wish w = { 0 };
	uint32_t target = 670;
	unsigned most = _i ? 6000 : 24000;

	for (unsigned t = 1; t < 60; t++) {
		struct hws_quality_sample s = busy(t, target);
		unsigned before = w.percent;

		s.relayed = _i;
		/* Every other second holds no picture at all: it says nothing. */
		if (t % 2)
			s.fps = s.kbit_s = 0;
		if (hws_quality_wish_tick(&w, &s)) {
			ck_assert_uint_gt(w.percent, before);
			target = w.percent * 20; /* ratio 1 = 50 percent = 1000 kbit/s */
		}
	}
	ck_assert_uint_gt(target, most / 4);
	ck_assert_uint_le(target, most);
	ck_assert_uint_le(w.percent, 2000);
}
END_TEST

/* A round trip that grows, or of which nothing is heard: back to the user's choice at once, and for
 * longer each time. */
START_TEST(a_line_that_does_not_take_it_is_left_alone)
{
	struct hws_quality_wish w = { 0 };
	unsigned t = 1, waits[3];

	for (unsigned i = 0; i < 3; i++) {
		unsigned begin = t;
		struct hws_quality_sample s;

		do {
			s = busy(t++, 670);
			ck_assert_uint_lt(t - begin, 400);
		} while (!hws_quality_wish_tick(&w, &s));
		ck_assert_uint_gt(w.percent, 0);
		waits[i] = t - begin;
		s = busy(t++, 1340);
		if (_i)
			s.rtt_fresh = false;
		else
			s.rtt_ms = 150;
		ck_assert(hws_quality_wish_tick(&w, &s));
		ck_assert_uint_eq(w.percent, 0);
		ck_assert(!hws_quality_wish_tick(&w, &s));
	}
	ck_assert_uint_ge(waits[1], 29);
	ck_assert_uint_ge(waits[2], 58);
}
END_TEST

/* By row: what keeps the viewer from asking. */
START_TEST(nothing_is_asked_for_without_need)
{
	struct hws_quality_wish w = { 0 };

	for (unsigned t = 1; t < 100; t++) {
		struct hws_quality_sample s = busy(t, 670);

		switch (_i) {
		case 0: /* enough pictures */
			s.fps = 20;
			break;
		case 1: /* little to send */
			s.kbit_s = 300;
			break;
		case 2: /* the line has no room */
			s.rtt_ms = 80;
			break;
		case 3: /* the host says nothing of its target */
			s.target_kbit = 0;
			break;
		case 4: /* now and then a picture of a screen at rest */
			if (t % 10)
				s.fps = s.kbit_s = 0;
			break;
		}
		ck_assert(!hws_quality_wish_tick(&w, &s));
	}
}
END_TEST

static int32_t asked_custom(struct recorder *r, Ses__ImageQuality *ret)
{
	Ses__Message *m = recorder_sent(r, -1);
	int32_t custom = m->misc->option->custom_image_quality;

	*ret = m->misc->option->image_quality;
	hws_ses_free(m);
	return custom;
}

START_TEST(a_raised_quality_is_sent_as_a_custom_one_and_taken_back)
{
	struct hws_view_options o;
	Ses__ImageQuality quality;
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	o = *hws_viewer_options(r.viewer);
	o.raised = 134;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_int_eq(asked_custom(&r, &quality), 134 << 8);
	ck_assert_int_eq(quality, SES__IMAGE_QUALITY__NotSet);
	o.raised = 0;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_int_eq(asked_custom(&r, &quality), 0);
	ck_assert_int_eq(quality, SES__IMAGE_QUALITY__Balanced);
	/* Who wants little gets little. */
	o.raised = 134;
	o.quality = SES__IMAGE_QUALITY__Low;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_int_eq(asked_custom(&r, &quality), 0);
	ck_assert_int_eq(quality, SES__IMAGE_QUALITY__Low);
	recorder_done(&r);
}
END_TEST

Suite *wish_suite(void)
{
	Suite *s = suite_create("core/quality_wish");
	TCase *t = tcase_create("wish");

	tcase_add_loop_test(t, a_starved_picture_is_fed_as_the_line_allows, 0, 2);
	tcase_add_loop_test(t, a_line_that_does_not_take_it_is_left_alone, 0, 2);
	tcase_add_loop_test(t, nothing_is_asked_for_without_need, 0, 5);
	tcase_add_test(t, a_raised_quality_is_sent_as_a_custom_one_and_taken_back);
	suite_add_tcase(s, t);
	return s;
}
