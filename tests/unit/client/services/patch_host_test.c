/* Exact patches at the host: what goes as a patch and what by video, and that each viewer which
 * knows of patches comes to show exactly the desktop, whatever happens in between. The viewer here
 * does what docs/protocol-patches.md says, in this process. */
#include "client/decoder/display_decoder.h"
#include "client/services/video/video_msg.h"
#include "host_desk.h"
#include "shared/base/clock.h"
#include <string.h>

#define WIDTH 640
#define HEIGHT 400
#define VIDEO SES__MESSAGE__UNION_VIDEO_FRAME
#define PATCH SES__MESSAGE__UNION_PATCH
#define VP9 SES__VIDEO_FRAME__UNION_VP9S
#define YES SES__OPTION_MESSAGE__BOOL_OPTION__Yes
#define NO SES__OPTION_MESSAGE__BOOL_OPTION__No

static struct desk d;

struct eye { /* what a viewer shows */
	struct hws_display_decoder dec;
	unsigned seen; /* messages */
	bool exact, lost;
	uint32_t generation;
	unsigned wholes, parts, plain, patches;
};
static struct eye eye[2];

static void setup(void)
{
	desk_setup(&d, "headless:640x400");
	hws_headless_set_format(d.p, HWS_PIXEL_BGRA);
	memset(eye, 0, sizeof(eye));
}

static void teardown(void)
{
	for (unsigned i = 0; i < 2; i++)
		hws_display_decoder_forget(&eye[i].dec);
	desk_teardown(&d);
}

/* --- the viewer --- */

static void see_video(struct eye *e, const Ses__Message *m)
{
	const Ses__EncodedVideoFrame *f = desk_frame(m, VP9);
	const Ses__ExactFrame *x = m->video_frame->exact;
	const struct hws_picture *p = NULL;
	struct hws_rect part[HWS_REGION_MAX], touched;

	ck_assert_ptr_nonnull(f);
	if (e->lost && !(f->key && (!x || x->whole)))
		return;
	e->lost = false;
	ck_assert_int_eq(hws_display_decoder_packet(&e->dec, HWS_CODEC_VP9, false,
					 hws_bytes(f->data.data, f->data.len), &p),
			HWS_OK);
	e->exact = x != NULL;
	if (!x) {
		e->plain++;
		hws_display_decoder_decompose(&e->dec);
		return;
	}
	ck_assert(x->whole || x->generation == e->generation);
	ck_assert(!x->whole || x->n_rects == 0);
	e->generation = x->generation;
	e->wholes += x->whole;
	e->parts += !x->whole;
	ck_assert_uint_eq(x->n_rects % 4, 0);
	ck_assert_uint_le(x->n_rects / 4, HWS_REGION_MAX);
	for (size_t i = 0; i < x->n_rects / 4; i++)
		part[i] = (struct hws_rect){ (int)x->rects[i * 4], (int)x->rects[i * 4 + 1],
			(int)x->rects[i * 4 + 2], (int)x->rects[i * 4 + 3] };
	ck_assert_int_eq(hws_display_decoder_compose(&e->dec, p, x->whole ? NULL : part,
					 (unsigned)x->n_rects / 4, &touched),
			HWS_OK);
}

static void see(struct eye *e, const struct viewer *v)
{
	struct hws_rect touched;

	for (; e->seen < v->count; e->seen++) {
		const Ses__Message *m = v->msg[e->seen];
		if (m->union_case == VIDEO)
			see_video(e, m);
		if (m->union_case != PATCH || e->lost)
			continue;
		ck_assert(e->exact);
		ck_assert_uint_eq(m->patch->generation, e->generation);
		ck_assert_int_eq(hws_display_decoder_patch(&e->dec,
						 hws_bytes(m->patch->data.data, m->patch->data.len),
						 &touched),
				HWS_OK);
		e->patches++;
	}
}

static long pixels_off(const struct eye *e)
{
	struct hws_picture *shot;
	long off = 0;

	if (!e->dec.composed || e->dec.composed->width != WIDTH)
		return WIDTH * HEIGHT;
	ck_assert_int_eq(hws_headless_snapshot(d.p, 0, &shot), HWS_OK);
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			off += memcmp(shot->plane[0] + y * shot->stride[0] + (ptrdiff_t)x * 4,
					       e->dec.composed->plane[0] +
							       y * e->dec.composed->stride[0] +
							       (ptrdiff_t)x * 4,
					       3) != 0;
	hws_picture_drop(shot);
	return off;
}

/* Its line is fast: all that was sent has arrived. */
static void answer(unsigned i)
{
	static uint64_t of[2];
	uint64_t *last = &of[i];
	uint64_t now = hws_loop_now_us(d.loop);
	struct hws_flow_answer a = {
		.delivered = d.v[i].g.sent, .rtt_us = 500, .answered_us = now
	};

	if (now <= *last)
		return;
	*last = now;
	hws_host_set_line(d.services, &d.v[i].g, &a);
}

/* Until it has n messages of this kind. */
static void wait_for(unsigned i, Ses__Message__UnionCase kind, unsigned n)
{
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (desk_count(&d.v[i], kind) < n) {
		ck_assert_msg(hws_clock_us() < end, "viewer %u has %u of %u messages %d", i,
				desk_count(&d.v[i], kind), n, (int)kind);
		desk_run(&d, 5);
		answer(0);
		if (d.v[1].count)
			answer(1);
	}
}

static void must_become_exact(unsigned i)
{
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	for (see(&eye[i], &d.v[i]); pixels_off(&eye[i]); see(&eye[i], &d.v[i])) {
		ck_assert_msg(hws_clock_us() < end,
				"%ld pixels differ; %u whole, %u parts, %u patches",
				pixels_off(&eye[i]), eye[i].wholes, eye[i].parts, eye[i].patches);
		desk_run(&d, 10);
		answer(0);
		if (d.v[1].count)
			answer(1);
	}
}

static void wish(unsigned i, Ses__OptionMessage__BoolOption exact)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	o.exact = exact;
	hws_host_set_option(d.services, &d.v[i].g, &o);
}

static void join(unsigned i, bool exact)
{
	desk_join(&d, i);
	if (exact)
		wish(i, YES);
}

/* --- the desktop --- */

static void paint(int x, int y, uint32_t rgb)
{
	hws_headless_fill(d.p, (struct hws_rect){ x, y, 13, 21 }, rgb);
}

/* More than a patch is for. */
static void flicker(unsigned seed)
{
	for (int y = 100; y < 300; y += 2)
		for (int x = 200; x < 440; x += 2) {
			seed = seed * 1103515245u + 12345u;
			hws_headless_fill(
					d.p, (struct hws_rect){ x, y, 2, 2 }, seed >> 8 & 0xffffff);
		}
}

static unsigned videos(unsigned i)
{
	return desk_count(&d.v[i], VIDEO);
}

static unsigned patches(unsigned i)
{
	return desk_count(&d.v[i], PATCH);
}

START_TEST(a_small_change_is_a_patch_and_nothing_else)
{
	join(0, true);
	must_become_exact(0);
	ck_assert_uint_ge(eye[0].wholes, 1);
	ck_assert_uint_eq(eye[0].plain, 0);
	unsigned before = videos(0);
	for (unsigned i = 0; i < 20; i++) {
		unsigned n = patches(0);
		paint(10 + (int)i * 14, 30, 0x1000u * i + 7);
		wait_for(0, PATCH, n + 1);
		must_become_exact(0);
		const Ses__Message *m = desk_get(&d.v[0], PATCH, n);
		ck_assert_uint_le(m->patch->data.len, 60);
	}
	ck_assert_uint_eq(videos(0), before);
}
END_TEST

START_TEST(what_is_large_goes_by_video_and_is_completed)
{
	join(0, true);
	must_become_exact(0);
	unsigned parts = eye[0].parts;
	for (unsigned i = 0; i < 5; i++) {
		unsigned n = videos(0);
		flicker(i);
		wait_for(0, VIDEO, n + 1);
		paint(20 + (int)i * 20, 350, 0xff0000 + i);
	}
	must_become_exact(0);
	ck_assert_uint_gt(eye[0].parts, parts);
	ck_assert_uint_eq(eye[0].plain, 0);
	/* A letter elsewhere need not wait for what keeps moving. */
	flicker(77);
	paint(300, 20, 0x00ff00);
	must_become_exact(0);
}
END_TEST

START_TEST(who_knows_nothing_of_it_gets_all_by_video)
{
	join(0, true);
	must_become_exact(0);
	join(1, false);
	wait_for(1, VIDEO, 1);
	must_become_exact(0);
	for (unsigned i = 0; i < 5; i++) {
		unsigned n = videos(1), k = videos(0);
		paint(10 + (int)i * 20, 60, 0xffff00 - i);
		wait_for(1, VIDEO, n + 1);
		wait_for(0, VIDEO, k + 1);
	}
	must_become_exact(0);
	ck_assert_uint_eq(patches(1), 0);
	see(&eye[1], &d.v[1]);
	ck_assert_uint_eq(eye[1].wholes + eye[1].parts, 0);
	/* Alone again. */
	desk_leave(&d, 1);
	paint(100, 200, 0x123456);
	must_become_exact(0);
	desk_run(&d, 300); /* what the codec still owed the other */
	unsigned n = patches(0), k = videos(0);
	paint(200, 200, 0x123456);
	wait_for(0, PATCH, n + 1);
	must_become_exact(0);
	ck_assert_uint_eq(videos(0), k);
}
END_TEST

/* What patches have changed meanwhile is in the video of who comes, and of who records. */
START_TEST(recordings_miss_nothing)
{
	Ses__Misc misc = SES__MISC__INIT;

	join(0, true);
	must_become_exact(0);
	unsigned n = patches(0), k = videos(0);
	paint(40, 40, 0xff00ff);
	wait_for(0, PATCH, n + 1);
	must_become_exact(0);
	ck_assert_uint_eq(videos(0), k);
	misc.union_case = SES__MISC__UNION_CLIENT_RECORD_STATUS;
	misc.client_record_status = true;
	ck_assert(desk_send_misc(&d, 0, &misc));
	wait_for(0, VIDEO, k + 1);
	must_become_exact(0);
	k = videos(0);
	paint(80, 40, 0xff0080);
	wait_for(0, VIDEO, k + 1);
	must_become_exact(0);
	misc.client_record_status = false;
	ck_assert(desk_send_misc(&d, 0, &misc));
	must_become_exact(0);
}
END_TEST

START_TEST(two_who_know_are_exact_from_where_each_began)
{
	join(0, true);
	must_become_exact(0);
	paint(40, 40, 0xff00ff);
	must_become_exact(0);
	unsigned wholes = eye[0].wholes;
	join(1, true);
	must_become_exact(1);
	must_become_exact(0);
	ck_assert_uint_ge(eye[1].wholes, 1);
	ck_assert_uint_eq(eye[0].wholes, wholes); /* it kept what it showed */
	for (int i = 0; i < 4; i++) {
		paint(60, 60 + 30 * i, 0xff00u + (unsigned)i);
		flicker((unsigned)i);
		must_become_exact(0);
		must_become_exact(1);
	}
	desk_leave(&d, 0);
	paint(70, 200, 0xff00u);
	must_become_exact(1);
}
END_TEST

START_TEST(what_was_lost_begins_anew)
{
	join(0, true);
	must_become_exact(0);
	unsigned wholes = eye[0].wholes;
	for (unsigned i = 0; i < 3; i++) {
		d.v[0].broken = true;
		paint(40, 40, 0xff00ff + i);
		desk_run(&d, 100);
		d.v[0].broken = false;
		paint(80, 40, 0xff0000 + i);
		must_become_exact(0);
	}
	ck_assert_uint_gt(eye[0].wholes, wholes);
	/* The viewer lost its decoder, and says so. */
	Ses__Misc misc = SES__MISC__INIT;
	misc.union_case = SES__MISC__UNION_REFRESH_VIDEO_DISPLAY;
	wholes = eye[0].wholes;
	hws_display_decoder_forget(&eye[0].dec);
	eye[0].lost = true;
	ck_assert(desk_send_misc(&d, 0, &misc));
	must_become_exact(0);
	ck_assert_uint_gt(eye[0].wholes, wholes);
}
END_TEST

START_TEST(it_can_be_switched_off_and_on)
{
	join(0, true);
	must_become_exact(0);
	wish(0, NO);
	unsigned n = videos(0), k = patches(0);
	wait_for(0, VIDEO, n + 1);
	for (unsigned i = 0; i < 3; i++) {
		n = videos(0);
		paint(10, 10 + 30 * (int)i, 0xabcdef);
		wait_for(0, VIDEO, n + 1);
	}
	see(&eye[0], &d.v[0]);
	ck_assert(!eye[0].exact);
	ck_assert_uint_le(patches(0), k + 1); /* one may have been on its way */
	wish(0, YES);
	must_become_exact(0);
}
END_TEST

START_TEST(another_size_of_the_display_begins_anew)
{
	const struct hws_display small = { .width = WIDTH, .height = HEIGHT, .name = "again" };
	const struct hws_display other = { .width = 322, .height = 202, .name = "other" };

	join(0, true);
	must_become_exact(0);
	uint32_t generation = eye[0].generation;
	ck_assert_int_eq(hws_headless_set_displays(d.p, &other, 1), HWS_OK);
	eye[0].lost = true;
	unsigned n = videos(0);
	wait_for(0, VIDEO, n + 1);
	see(&eye[0], &d.v[0]);
	ck_assert_int_eq(hws_headless_set_displays(d.p, &small, 1), HWS_OK);
	eye[0].lost = true;
	must_become_exact(0);
	ck_assert_uint_ne(eye[0].generation, generation);
	paint(10, 10, 0xabcdef);
	must_become_exact(0);
}
END_TEST

Suite *patch_host_suite(void)
{
	Suite *s = suite_create("services/patch_host");
	TCase *t = tcase_create("exact");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_small_change_is_a_patch_and_nothing_else);
	tcase_add_test(t, what_is_large_goes_by_video_and_is_completed);
	tcase_add_test(t, who_knows_nothing_of_it_gets_all_by_video);
	tcase_add_test(t, recordings_miss_nothing);
	tcase_add_test(t, two_who_know_are_exact_from_where_each_began);
	tcase_add_test(t, what_was_lost_begins_anew);
	tcase_add_test(t, it_can_be_switched_off_and_on);
	tcase_add_test(t, another_size_of_the_display_begins_anew);
	suite_add_tcase(s, t);
	return s;
}
