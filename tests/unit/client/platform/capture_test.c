/* One capture and its readers, on a desktop in memory: each has damage of its own, none waits for
 * another, and nothing is captured for nobody. */
#include "client/platform/headless/headless.h"
#include "shared/base/macros.h"
#include "tests/support/open_platform.h"
#include <check.h>
#include <string.h>

static struct hws_loop *loop;
static struct hws_platform *p;

struct reader {
	struct hws_capture_reader *r;
	unsigned damages, frames, errors, lists, snapshots;
	int err; /* of the last frame */
	struct hws_picture *picture, *snapshot;
	struct hws_region damage;
	bool leaves; /* unsubscribes in its next event */
};

static struct reader a, b;

static void leave(struct reader *x)
{
	hws_capture_unsubscribe(x->r);
	x->r = NULL;
}

static void on_damage(unsigned display, void *arg)
{
	struct reader *x = arg;

	ck_assert_uint_lt(display, 2);
	x->damages++;
	if (x->leaves)
		leave(x);
}

static void on_frame(unsigned display HWS_UNUSED, int r, struct hws_picture *picture,
		const struct hws_region *damage, void *arg)
{
	struct reader *x = arg;

	x->err = r;
	if (r < 0) {
		x->errors++;
		return;
	}
	x->frames++;
	x->picture = picture;
	x->damage = *damage;
	if (x->leaves)
		leave(x);
}

static void on_displays(void *arg)
{
	((struct reader *)arg)->lists++;
}

static void on_snapshot(unsigned display HWS_UNUSED, int r, struct hws_picture *picture, void *arg)
{
	struct reader *x = arg;

	ck_assert_int_eq(r, HWS_OK);
	x->snapshots++;
	x->snapshot = picture;
}

static void subscribe(struct reader *x)
{
	struct hws_capture_events ev = { on_damage, on_frame, on_displays, on_snapshot, x };

	memset(x, 0, sizeof(*x));
	ck_assert_int_eq(hws_capture_subscribe(p->capture, &ev, &x->r), HWS_OK);
}

static void turns(unsigned n)
{
	while (n--)
		hws_loop_once(loop, 0);
}

static void setup(void)
{
	struct hws_platform_conf conf = { .backend = "headless:64x48" };
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(test_open_platform(loop, &conf, &p, &err), HWS_OK);
	subscribe(&a);
	subscribe(&b);
}

static void teardown(void)
{
	hws_capture_unsubscribe(a.r);
	hws_capture_unsubscribe(b.r);
	hws_platform_close(p);
	hws_loop_free(loop);
}

static void start(struct reader *x)
{
	unsigned n = x->damages;

	ck_assert_int_eq(hws_capture_start(x->r, 0), HWS_OK);
	ck_assert_uint_eq(x->damages, n); /* not from inside */
	turns(2);
	ck_assert_uint_eq(x->damages, n + 1);
}

static void frame(struct reader *x)
{
	unsigned n = x->frames;

	hws_capture_release(x->r, 0);
	ck_assert_int_eq(hws_capture_grab(x->r, 0), HWS_OK);
	ck_assert_uint_eq(x->frames, n); /* not from inside */
	ck_assert_int_eq(hws_capture_grab(x->r, 0), HWS_ERR_BUSY);
	turns(2);
	ck_assert_uint_eq(x->frames, n + 1);
	ck_assert_int_eq(hws_capture_grab(x->r, 0), HWS_ERR_BUSY);
}

static void expect_box(const struct reader *x, int left, int top, int w, int h)
{
	struct hws_rect box = hws_region_bounds(&x->damage);

	ck_assert_int_eq(box.x, left);
	ck_assert_int_eq(box.y, top);
	ck_assert_int_eq(box.w, w);
	ck_assert_int_eq(box.h, h);
}

static uint8_t luma(const struct hws_picture *picture, int x, int y)
{
	return picture->plane[0][y * picture->stride[0] + x];
}

static void paint(int x, int y, int w, int h, uint32_t rgb)
{
	hws_headless_fill(p, (struct hws_rect){ x, y, w, h }, rgb);
}

START_TEST(one_grab_serves_all_who_wait)
{
	start(&a);
	start(&b);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_OK);
	ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_OK);
	turns(2);
	ck_assert_uint_eq(a.frames, 1);
	ck_assert_uint_eq(b.frames, 1);
	ck_assert_ptr_eq(a.picture, b.picture);
	expect_box(&a, 0, 0, 64, 48);
	expect_box(&b, 0, 0, 64, 48);
	ck_assert_uint_eq(hws_headless_grabs(p), 1);
	hws_capture_release(a.r, 0);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_ERR_AGAIN);
}
END_TEST

START_TEST(each_reader_has_damage_of_its_own)
{
	start(&a);
	start(&b);
	frame(&a);
	frame(&b); /* what the first one had captured */
	expect_box(&b, 0, 0, 64, 48);
	ck_assert_uint_eq(hws_headless_grabs(p), 1);
	paint(0, 0, 8, 8, 0xffffff);
	turns(2);
	ck_assert_uint_eq(a.damages, 2);
	ck_assert_uint_eq(b.damages, 2);
	frame(&a);
	expect_box(&a, 0, 0, 8, 8);
	paint(32, 16, 8, 8, 0xffffff);
	turns(2);
	frame(&a);
	expect_box(&a, 32, 16, 8, 8);
	ck_assert_uint_eq(b.damages, 2); /* it has been told, and has not asked since */
	frame(&b);
	expect_box(&b, 0, 0, 40, 24); /* both */
	ck_assert_int_ge(luma(b.picture, 1, 1), 230);
	ck_assert_int_ge(luma(b.picture, 33, 17), 230);
	ck_assert_uint_eq(hws_headless_grabs(p), 3);
	hws_capture_release(b.r, 0);
	ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_ERR_AGAIN);
}
END_TEST

/* What somebody still holds is not written to, and nobody has to wait for them. */
START_TEST(a_picture_stays_as_it_is_while_others_go_on)
{
	start(&a);
	start(&b);
	paint(0, 0, 64, 48, 0);
	frame(&a);
	frame(&b);
	const struct hws_picture *held = b.picture;
	ck_assert_ptr_eq(a.picture, held);
	for (int i = 0; i < 5; i++) {
		paint(8 * i, 0, 8, 8, 0xffffff);
		turns(2);
		frame(&a);
		ck_assert_ptr_ne(a.picture, held);
		ck_assert_int_ge(luma(a.picture, 8 * i + 1, 1), 230);
		ck_assert_int_le(luma(a.picture, 63, 47), 20); /* the rest came along */
		for (int x = 0; x < 64; x++)
			ck_assert_int_le(luma(held, x, 1), 20);
	}
	frame(&b);
	expect_box(&b, 0, 0, 40, 8);
	ck_assert_ptr_eq(b.picture, a.picture);
}
END_TEST

/* The usual case costs nothing more than it did: one picture, written to again and again. */
START_TEST(a_single_reader_never_gets_a_copy)
{
	start(&a);
	frame(&a);
	const struct hws_picture *first = a.picture;
	for (int i = 0; i < 5; i++) {
		paint(i, i, 8, 8, 0xffffff);
		turns(2);
		frame(&a);
		ck_assert_ptr_eq(a.picture, first);
	}
}
END_TEST

START_TEST(nothing_is_captured_for_nobody)
{
	start(&a);
	start(&b);
	frame(&a);
	hws_capture_stop(a.r, 0);
	paint(0, 0, 8, 8, 0xffffff);
	turns(2);
	ck_assert_uint_eq(a.damages, 1); /* not his any more */
	frame(&b);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_ERR_NOTFOUND);
	leave(&b);
	unsigned grabs = hws_headless_grabs(p);
	paint(0, 0, 8, 8, 0);
	turns(2);
	ck_assert_uint_eq(hws_headless_grabs(p), grabs);
	subscribe(&b);
	start(&b); /* from the beginning */
	frame(&b);
	expect_box(&b, 0, 0, 64, 48);
	ck_assert_int_le(luma(b.picture, 1, 1), 20);
}
END_TEST

/* Who comes later gets the whole picture, also when nothing changes any more. */
START_TEST(a_late_reader_begins_with_everything)
{
	start(&a);
	frame(&a);
	paint(0, 0, 8, 8, 0xffffff);
	turns(2);
	frame(&a);
	start(&b);
	frame(&b);
	expect_box(&b, 0, 0, 64, 48);
	ck_assert_int_ge(luma(b.picture, 1, 1), 230);
	ck_assert_uint_eq(hws_headless_grabs(p), 2);
}
END_TEST

START_TEST(damage_during_a_grab_is_told_to_all_who_waited)
{
	start(&a);
	start(&b);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_OK);
	ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_OK);
	turns(2);
	hws_capture_release(a.r, 0);
	hws_capture_release(b.r, 0);
	paint(0, 0, 8, 8, 0xffffff);
	turns(2);
	ck_assert_uint_eq(a.damages, 2);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_OK);
	paint(8, 8, 8, 8, 0xffffff);
	ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_OK);
	turns(3);
	ck_assert_uint_eq(a.frames, 2);
	ck_assert_uint_eq(b.frames, 2);
	hws_capture_release(a.r, 0);
	hws_capture_release(b.r, 0);
	/* It came with that grab or is told anew; it is not lost. */
	for (struct reader *x = &a;; x = &b) {
		if (hws_capture_grab(x->r, 0) == HWS_OK)
			turns(2);
		ck_assert_int_ge(luma(x->picture, 9, 9), 230);
		if (x == &b)
			break;
	}
}
END_TEST

/* The grab took it, and it is told of all the same: who comes finds nothing, and is told of what
 * comes next. */
START_TEST(damage_that_a_grab_took_hides_none_behind_it)
{
	unsigned n;

	start(&a);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_OK);
	paint(8, 8, 8, 8, 0xffffff);
	turns(3);
	ck_assert_uint_eq(a.frames, 1);
	ck_assert_int_ge(luma(a.picture, 9, 9), 230);
	hws_capture_release(a.r, 0);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_ERR_AGAIN);
	n = a.damages;
	paint(16, 16, 8, 8, 0xffffff);
	turns(2);
	ck_assert_uint_eq(a.damages, n + 1);
	frame(&a);
	expect_box(&a, 16, 16, 8, 8);
}
END_TEST

START_TEST(a_failure_is_told_to_all_who_wait_and_loses_nothing)
{
	start(&a);
	start(&b);
	hws_headless_fail_grabs(p, 1);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_OK);
	ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_OK);
	turns(2);
	ck_assert_int_eq(a.err, HWS_ERR_DISPLAY);
	ck_assert_int_eq(b.err, HWS_ERR_DISPLAY);
	ck_assert_uint_eq(a.errors + b.errors, 2);
	frame(&a);
	expect_box(&a, 0, 0, 64, 48);
	frame(&b);
	expect_box(&b, 0, 0, 64, 48);
}
END_TEST

START_TEST(a_reader_may_leave_in_any_event)
{
	start(&a);
	start(&b);
	if (_i == 0) {
		ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_OK);
		ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_OK);
		a.leaves = true; /* in on_frame */
		turns(2);
	} else {
		frame(&a);
		frame(&b);
		hws_capture_release(b.r, 0);
		a.leaves = true; /* in on_damage */
		paint(0, 0, 8, 8, 0xffffff);
		turns(2);
	}
	ck_assert_ptr_null(a.r);
	if (_i)
		frame(&b);
	ck_assert_ptr_nonnull(b.picture);
	ck_assert_uint_eq(b.frames, _i ? 2 : 1);
}
END_TEST

START_TEST(a_new_list_stops_everything_for_all)
{
	struct hws_display two[] = { { .width = 32, .height = 32, .name = "l", .primary = true },
		{ .x = 32, .width = 32, .height = 32, .name = "r" } };
	unsigned n;

	start(&a);
	start(&b);
	frame(&a);
	ck_assert_int_eq(hws_capture_grab(b.r, 0), HWS_OK);
	struct hws_picture *kept = hws_picture_lock(a.picture);
	ck_assert_int_eq(hws_headless_set_displays(p, two, 2), HWS_OK);
	turns(2);
	ck_assert_uint_eq(a.lists, 1);
	ck_assert_uint_eq(b.lists, 1);
	ck_assert_uint_eq(b.frames, 0);
	hws_capture_displays(p->capture, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(hws_capture_grab(a.r, 0), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(kept->width, 64); /* outlives its display */
	hws_picture_unlock(kept);
	start(&a);
	frame(&a);
	ck_assert_int_eq(a.picture->width, 32);
	ck_assert_int_eq(hws_capture_start(a.r, 2), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(snapshots_need_no_start_and_disturb_nobody)
{
	paint(0, 0, 64, 48, 0x123456);
	ck_assert_int_eq(hws_capture_snapshot(a.r, 9), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_capture_snapshot(a.r, 0), HWS_OK);
	ck_assert_int_eq(hws_capture_snapshot(a.r, 0), HWS_ERR_BUSY);
	ck_assert_int_eq(hws_capture_snapshot(b.r, 0), HWS_OK);
	leave(&b); /* does not want it any more */
	ck_assert_uint_eq(a.snapshots, 0);
	turns(2);
	ck_assert_uint_eq(a.snapshots, 1);
	ck_assert_int_eq(a.snapshot->format, HWS_PIXEL_BGRA);
	ck_assert_uint_eq(a.snapshot->plane[0][0], 0x56);
	ck_assert_uint_eq(a.snapshot->plane[0][2], 0x12);
	ck_assert(hws_picture_unshared(a.snapshot));
	hws_picture_drop(a.snapshot);
	ck_assert_uint_eq(hws_headless_grabs(p), 0);
}
END_TEST

START_TEST(readers_are_bounded)
{
	static struct reader more[HWS_CAPTURE_READERS_MAX];
	struct hws_capture_events ev = { 0 };
	struct hws_capture_reader *r;

	for (unsigned i = 2; i < HWS_CAPTURE_READERS_MAX; i++)
		subscribe(&more[i]);
	ck_assert_int_eq(hws_capture_subscribe(p->capture, &ev, &r), HWS_ERR_FULL);
	for (unsigned i = 2; i < HWS_CAPTURE_READERS_MAX; i++)
		start(&more[i]);
	for (unsigned i = 2; i < HWS_CAPTURE_READERS_MAX; i++) { /* each holds another picture */
		paint((int)i, 0, 1, 1, 0xffffff);
		turns(2);
		frame(&more[i]);
	}
	for (unsigned i = 2; i < HWS_CAPTURE_READERS_MAX; i++) {
		ck_assert_int_gt(luma(more[i].picture, (int)i, 0), 100);
		leave(&more[i]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("platform/capture");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_grab_serves_all_who_wait);
	tcase_add_test(t, each_reader_has_damage_of_its_own);
	tcase_add_test(t, a_picture_stays_as_it_is_while_others_go_on);
	tcase_add_test(t, a_single_reader_never_gets_a_copy);
	tcase_add_test(t, nothing_is_captured_for_nobody);
	tcase_add_test(t, a_late_reader_begins_with_everything);
	tcase_add_test(t, damage_during_a_grab_is_told_to_all_who_waited);
	tcase_add_test(t, damage_that_a_grab_took_hides_none_behind_it);
	tcase_add_test(t, a_failure_is_told_to_all_who_wait_and_loses_nothing);
	tcase_add_loop_test(t, a_reader_may_leave_in_any_event, 0, 2);
	tcase_add_test(t, a_new_list_stops_everything_for_all);
	tcase_add_test(t, snapshots_need_no_start_and_disturb_nobody);
	tcase_add_test(t, readers_are_bounded);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
