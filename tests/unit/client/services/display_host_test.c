/* The order of damage, grabs and their answers, with a capture that does as it is told. */
#include "client/platform/capture_source.h"
#include "client/services/video/video_host.h"
#include "host_desk.h"
#include "shared/base/clock.h"
#include <string.h>

struct script {
	struct hws_capture_source base;
	struct hws_capture *capture;
	struct hws_display display;
	unsigned starts, grabs;
	int answer; /* of the next grabs */
};

static const struct hws_display *displays(struct hws_capture_source *c, unsigned *ret_count)
{
	*ret_count = 1;
	return &hws_container(c, struct script, base)->display;
}

static enum hws_pixel_format format(const struct hws_capture_source *c HWS_UNUSED)
{
	return HWS_PIXEL_I420;
}

static int start(struct hws_capture_source *c, unsigned display HWS_UNUSED)
{
	hws_container(c, struct script, base)->starts++;
	return HWS_OK;
}

static void stop(struct hws_capture_source *c HWS_UNUSED, unsigned display HWS_UNUSED)
{
}

static int grab(struct hws_capture_source *c, unsigned display HWS_UNUSED,
		struct hws_picture *into HWS_UNUSED)
{
	struct script *s = hws_container(c, struct script, base);

	s->grabs++;
	return s->answer;
}

static int snapshot(struct hws_capture_source *c HWS_UNUSED, unsigned display HWS_UNUSED,
		struct hws_picture *into HWS_UNUSED)
{
	return HWS_ERR_UNSUPPORTED;
}

static const struct hws_capture_source_impl impl = { displays, format, start, stop, grab,
	snapshot };

static struct script script;
static struct hws_loop *loop;
static struct hws_work *work;
static struct hws_video_host *video;
static unsigned frames;

static int send_parts(struct hws_host_viewer *g HWS_UNUSED,
		const struct hws_session_row *row HWS_UNUSED, struct hws_bytes head HWS_UNUSED,
		struct hws_bytes rest)
{
	frames += rest.len > 0;
	return HWS_OK;
}

static bool congested(
		const struct hws_host_viewer *g HWS_UNUSED, enum hws_send_class cls HWS_UNUSED)
{
	return false;
}

static struct hws_host_viewer viewer = { .send_parts = send_parts, .congested = congested };

static void setup(void)
{
	struct hws_video_host_conf vc = { 0 };

	memset(&script, 0, sizeof(script));
	script.base.impl = &impl;
	script.display = (struct hws_display){ .width = 64, .height = 48, .primary = true };
	frames = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 8, &work), HWS_OK);
	ck_assert_int_eq(hws_capture_new(loop, &script.base, &script.capture), HWS_OK);
	vc.capture = script.capture;
	vc.loop = loop;
	vc.work = work;
	ck_assert_int_eq(hws_video_host_new(&vc, &video), HWS_OK);
	hws_video_host_join(video, &viewer);
	ck_assert_uint_eq(script.starts, 1);
}

static void teardown(void)
{
	hws_video_host_leave(video, &viewer);
	hws_video_host_free(video);
	hws_capture_free(script.capture);
	hws_work_free(work);
	hws_loop_free(loop);
}

static void until(const unsigned *count, unsigned want)
{
	uint64_t due = hws_clock_us() + 5 * HWS_US_PER_S;

	while (*count < want) {
		ck_assert_msg(hws_clock_us() < due, "%u instead of %u", *count, want);
		hws_loop_once(loop, 10000);
	}
}

static void damage(void)
{
	hws_capture_source_damaged(script.capture, 0);
}

static void answer(int r)
{
	const struct hws_region all = { 1, { { 0, 0, 64, 48 } } };

	hws_capture_source_grabbed(script.capture, 0, r, &all);
}

/* One picture is there, and one grab is under way. */
static void begin(void)
{
	setup();
	damage();
	until(&script.grabs, 1);
	answer(HWS_OK);
	until(&frames, 1);
	damage();
	until(&script.grabs, 2);
}

START_TEST(damage_during_a_grab_that_finds_nothing_is_not_forgotten)
{
	begin();
	damage();
	answer(HWS_ERR_AGAIN);
	until(&script.grabs, 3);
	answer(HWS_OK);
	until(&frames, 2);
	teardown();
}
END_TEST

START_TEST(damage_during_a_grab_is_taken_after_it)
{
	begin();
	damage();
	answer(HWS_OK);
	until(&script.grabs, 3);
	answer(HWS_OK);
	until(&frames, 3);
	teardown();
}
END_TEST

START_TEST(a_grab_that_is_refused_for_now_is_tried_again)
{
	begin();
	answer(HWS_OK);
	until(&frames, 2);
	script.answer = HWS_ERR_BUSY;
	damage();
	until(&script.grabs, 4);
	script.answer = HWS_OK;
	unsigned grabs = script.grabs;
	until(&script.grabs, grabs + 1);
	answer(HWS_OK);
	until(&frames, 3);
	teardown();
}
END_TEST

START_TEST(a_failed_grab_is_tried_again)
{
	begin();
	answer(HWS_ERR_DISPLAY);
	until(&script.grabs, 3);
	answer(HWS_OK);
	until(&frames, 2);
	teardown();
}
END_TEST

Suite *show_suite(void)
{
	Suite *s = suite_create("services/show");
	TCase *t = tcase_create("show");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, damage_during_a_grab_that_finds_nothing_is_not_forgotten);
	tcase_add_test(t, damage_during_a_grab_is_taken_after_it);
	tcase_add_test(t, a_grab_that_is_refused_for_now_is_tried_again);
	tcase_add_test(t, a_failed_grab_is_tried_again);
	suite_add_tcase(s, t);
	return s;
}
