/* The order of damage, grabs and their answers, with a capture that does as it is told. */
#include "client/services/video/video_host.h"
#include "host_desk.h"
#include "shared/base/clock.h"
#include <string.h>

struct script {
	struct hws_capture base;
	struct hws_display display;
	struct hws_picture *picture;
	unsigned starts, grabs, releases;
	int answer; /* of the next grabs */
};

static const struct hws_display *displays(struct hws_capture *c, unsigned *ret_count)
{
	*ret_count = 1;
	return &hws_container(c, struct script, base)->display;
}

static int start(struct hws_capture *c, unsigned display HWS_UNUSED)
{
	hws_container(c, struct script, base)->starts++;
	return HWS_OK;
}

static void stop(struct hws_capture *c HWS_UNUSED, unsigned display HWS_UNUSED)
{
}

static int grab(struct hws_capture *c, unsigned display HWS_UNUSED)
{
	struct script *s = hws_container(c, struct script, base);

	s->grabs++;
	return s->answer;
}

static void release(struct hws_capture *c, unsigned display HWS_UNUSED)
{
	hws_container(c, struct script, base)->releases++;
}

static int snapshot(struct hws_capture *c HWS_UNUSED, unsigned display HWS_UNUSED,
		struct hws_picture **ret HWS_UNUSED)
{
	return HWS_ERR_UNSUPPORTED;
}

static const struct hws_capture_impl impl = { displays, start, stop, grab, release, snapshot };

static struct script script;
static struct hws_loop *loop;
static struct hws_work *work;
static struct hws_video_host *video;
static unsigned frames;

static int send_parts(struct hws_host_viewer *g HWS_UNUSED, struct hws_bytes head HWS_UNUSED,
		struct hws_bytes rest)
{
	frames += rest.len > 0;
	return HWS_OK;
}

static bool congested(const struct hws_host_viewer *g HWS_UNUSED)
{
	return false;
}

static struct hws_host_viewer viewer = { .send_parts = send_parts, .congested = congested };

static void setup(void)
{
	struct hws_video_host_conf vc = { .capture = &script.base };

	memset(&script, 0, sizeof(script));
	script.base.impl = &impl;
	script.display = (struct hws_display){ .width = 64, .height = 48, .primary = true };
	frames = 0;
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, 64, 48, &script.picture), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 8, &work), HWS_OK);
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
	hws_work_free(work);
	hws_loop_free(loop);
	hws_picture_drop(script.picture);
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
	script.base.ev.on_damage(0, script.base.ev.arg);
}

static void answer(int r)
{
	const struct hws_region all = { 1, { { 0, 0, 64, 48 } } };

	script.base.ev.on_frame(0, r, r < 0 ? NULL : script.picture, r < 0 ? NULL : &all,
			script.base.ev.arg);
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
