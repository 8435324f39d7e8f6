/* What pictures cost: means at the host, the message, and what the viewer makes of it. */
#include "client/services/video/cost.h"
#include "client/services/video/video_view.h"
#include "shared/base/clock.h"
#include "tests/unit/client/core/recorder.h"
#include <check.h>

START_TEST(means_are_told_once_a_second_and_begin_anew)
{
	struct hws_cost c = { 0 };
	struct hws_video_cost told = { .send_us = 7, .network_us = 8 };
	uint64_t now = 50 * HWS_US_PER_S;

	ck_assert(!hws_cost_take(&c, now, &told)); /* nothing to tell */
	hws_cost_add(&c, &(struct hws_cost_steps){ 1000, 100, 4000 });
	hws_cost_add(&c, &(struct hws_cost_steps){ 0, 300, 8000 });
	ck_assert(hws_cost_take(&c, now, &told));
	ck_assert_uint_eq(told.pictures, 2);
	ck_assert_uint_eq(told.capture_us, 500);
	ck_assert_uint_eq(told.convert_us, 200);
	ck_assert_uint_eq(told.encode_us, 6000);
	ck_assert_uint_eq(told.send_us, 7); /* not its own */
	hws_cost_add(&c, &(struct hws_cost_steps){ 2, 2, 2 });
	ck_assert(!hws_cost_take(&c, now + HWS_US_PER_S - 1, &told));
	ck_assert(hws_cost_take(&c, now + HWS_US_PER_S, &told));
	ck_assert_uint_eq(told.pictures, 1);
	ck_assert_uint_eq(told.encode_us, 2);
	ck_assert(!hws_cost_take(&c, now + 9 * HWS_US_PER_S, &told));
	/* A clock that makes no sense does not overflow. */
	hws_cost_add(&c, &(struct hws_cost_steps){ UINT64_MAX, 0, 0 });
	ck_assert(hws_cost_take(&c, now + 10 * HWS_US_PER_S, &told));
	ck_assert_uint_eq(told.capture_us, UINT32_MAX);
}
END_TEST

START_TEST(the_viewer_shows_what_its_host_told_last)
{
	const struct hws_video_cost told = { 30, 1, 2, 3, 4, 5 };
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	struct hws_video_view *view;
	struct hws_video_stats st;
	Ses__VideoCost cost;
	struct recorder r;

	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_video_view_new(&(struct hws_video_view_conf){ 0 }, &view), HWS_OK);
	hws_viewer_serve(r.viewer, hws_video_view_service(view));
	hws_video_view_stats(view, &st);
	ck_assert_uint_eq(st.host.pictures, 0);
	hws_cost_to_wire(&told, &cost);
	misc.union_case = SES__MISC__UNION_VIDEO_COST;
	misc.video_cost = &cost;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	ck_assert(!hws_video_view_service(view)->impl->on_message(
			hws_video_view_service(view), &m));
	hws_video_view_stats(view, &st);
	ck_assert_mem_eq(&st.host, &told, sizeof(told));
	/* Another host begins with nothing known. */
	hws_video_view_service(view)->impl->open(hws_video_view_service(view));
	hws_video_view_stats(view, &st);
	ck_assert_uint_eq(st.host.pictures, 0);
	/* Nobody has taken a picture: such words change nothing. */
	hws_video_view_shown(view, 0, 1);
	hws_video_view_shown(view, 1000, 1);
	recorder_done(&r);
	hws_video_view_free(view);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/video/cost");
	TCase *t = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_test(t, means_are_told_once_a_second_and_begin_anew);
	tcase_add_test(t, the_viewer_shows_what_its_host_told_last);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
