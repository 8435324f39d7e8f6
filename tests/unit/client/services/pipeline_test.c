/* One picture for all: what is captured, coded and told once however many watch, and what does not
 * happen at all while nothing changes. With a capture that does as it is told. */
#include "client/platform/capture_source.h"
#include "client/services/video/display_host.h"
#include "client/services/video/tap.h"
#include "client/services/video/video_host.h"
#include "host_desk.h"
#include "shared/base/clock.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define WIDTH 320
#define HEIGHT 192
#define VIEWERS 6
#define SLOW_BYTES_S 3000 /* of a line that does not bear the pictures */

struct scripted {
	struct hws_capture_source base;
	struct hws_capture *capture;
	struct hws_display display;
	struct hws_picture *into;
	unsigned starts, stops, grabs;
	uint32_t salt;
	struct hws_rect change; /* of the next grab */
};

struct watcher {
	struct hws_host_viewer g;
	unsigned frames, keys, costs;
	size_t bytes;       /* of the last frame */
	uint64_t hash;      /* of the last frame */
	uint32_t encode_us; /* as told */
	bool slow;
	uint64_t probed, probed_us, arrived, delivered;
};

static struct scripted script;
static struct watcher watcher[VIEWERS];
static struct hws_loop *loop;
static struct hws_work *work;
static struct hws_video_host *video;
static uint64_t now; /* of the loop */
static unsigned told_hostd;

static const struct hws_display *displays(struct hws_capture_source *c, unsigned *ret_count)
{
	*ret_count = 1;
	return &hws_container(c, struct scripted, base)->display;
}

static enum hws_pixel_format format(const struct hws_capture_source *c HWS_UNUSED)
{
	return HWS_PIXEL_I420;
}

static int start(struct hws_capture_source *c, unsigned display HWS_UNUSED)
{
	hws_container(c, struct scripted, base)->starts++;
	return HWS_OK;
}

static void stop(struct hws_capture_source *c, unsigned display HWS_UNUSED)
{
	hws_container(c, struct scripted, base)->stops++;
}

/* Specks, so that what is coded costs something. */
static void draw(struct hws_picture *p, struct hws_rect r)
{
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++) {
			script.salt = script.salt * 1664525u + 1013904223u;
			p->plane[0][y * p->stride[0] + x] = script.salt >> 27 ? 235 : 16;
		}
}

static int grab(struct hws_capture_source *c, unsigned display HWS_UNUSED, struct hws_picture *into)
{
	struct scripted *s = hws_container(c, struct scripted, base);

	s->grabs++;
	s->into = hws_picture_lock(into);
	return HWS_OK;
}

static int snapshot(struct hws_capture_source *c HWS_UNUSED, unsigned display HWS_UNUSED,
		struct hws_picture *into HWS_UNUSED)
{
	return HWS_ERR_UNSUPPORTED;
}

static const struct hws_capture_source_impl impl = { displays, format, start, stop, grab,
	snapshot };

static uint64_t hash_of(struct hws_bytes b)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < b.len; i++)
		h = (h ^ b.ptr[i]) * 1099511628211ull;
	return h;
}

static int send_parts(struct hws_host_viewer *g, const struct hws_session_row *row,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct watcher *w = hws_container(g, struct watcher, g);
	struct hws_buf all;
	Ses__Message *m;

	hws_buf_init(&all, 1u << 20);
	hws_buf_put(&all, head.ptr, head.len);
	hws_buf_put(&all, rest.ptr, rest.len);
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&all), &m), HWS_OK);
	g->sent += head.len + rest.len;
	if (m->union_case == SES__MESSAGE__UNION_VIDEO_FRAME) {
		w->frames++;
		w->keys += m->video_frame->vp9s->frames[0]->key;
		w->bytes = rest.len;
		w->hash = hash_of(rest);
	} else if (row->misc && m->misc->union_case == SES__MISC__UNION_VIDEO_COST) {
		w->costs++;
		w->encode_us = m->misc->video_cost->encode_us;
	}
	hws_ses_free(m);
	hws_buf_done(&all);
	return HWS_OK;
}

static bool congested(
		const struct hws_host_viewer *g HWS_UNUSED, enum hws_send_class cls HWS_UNUSED)
{
	return false;
}

static void on_cost(struct hws_host_viewer *g HWS_UNUSED, const struct hws_video_cost *c,
		void *arg HWS_UNUSED)
{
	ck_assert_uint_gt(c->pictures, 0);
	told_hostd++;
}

static uint64_t clock_of(void *arg HWS_UNUSED)
{
	return now;
}

static void setup(void)
{
	struct hws_video_host_conf vc = { .on_cost = on_cost };

	memset(&script, 0, sizeof(script));
	memset(watcher, 0, sizeof(watcher));
	told_hostd = 0;
	script.base.impl = &impl;
	script.display = (struct hws_display){ .width = WIDTH, .height = HEIGHT, .primary = true };
	now = hws_clock_us();
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_loop_set_clock(loop, clock_of, NULL);
	ck_assert_int_eq(hws_work_new(1, 8, &work), HWS_OK);
	ck_assert_int_eq(hws_capture_new(loop, &script.base, &script.capture), HWS_OK);
	vc.capture = script.capture;
	vc.loop = loop;
	vc.work = work;
	ck_assert_int_eq(hws_video_host_new(&vc, &video), HWS_OK);
	for (unsigned i = 0; i < VIEWERS; i++)
		watcher[i].g = (struct hws_host_viewer){
			.slot = i, .send_parts = send_parts, .congested = congested
		};
}

static void teardown(void)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		hws_video_host_leave(video, &watcher[i].g);
	hws_video_host_free(video);
	hws_picture_unlock(script.into);
	hws_capture_free(script.capture);
	hws_work_free(work);
	hws_loop_free(loop);
}

static const struct hws_display_host *shown(void)
{
	return &video->lane[0].show[0];
}

/* Nothing is under way and nothing is going to be. */
static bool at_rest(void)
{
	bool rests = !video->jobs;

	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++) {
		const struct hws_display_host *s = &video->lane[k].show[0];
		rests = rests && !s->grabbing && !s->coding && !s->changed &&
				!hws_timer_active(&s->timer) && !hws_timer_active(&s->refine_timer);
	}
	return rests;
}

static void deliver(void)
{
	struct hws_region damage = { 1, { script.change } };
	struct hws_picture *p = script.into;

	draw(p, script.change);
	script.into = NULL;
	hws_picture_unlock(p);
	hws_capture_source_grabbed(script.capture, 0, HWS_OK, &damage);
}

/* A line that carries all at once, or one that takes its time: then the answer to a probe comes
 * when all before it has arrived. */
static void answer(struct watcher *w, uint64_t us)
{
	struct hws_flow_answer a = { .rtt_us = 1000, .answered_us = hws_loop_now_us(loop) };

	if (w->slow) {
		w->arrived += us * SLOW_BYTES_S / 1000000;
		if (w->probed == w->delivered) {
			w->probed = w->g.sent;
			w->arrived = w->delivered;
			w->probed_us = a.answered_us;
		}
		if (w->arrived < w->probed || w->probed == w->delivered)
			return;
		a.rtt_us += a.answered_us - w->probed_us;
		a.first_us = w->probed_us;
		w->delivered = w->probed;
	} else {
		w->delivered = w->probed = w->arrived = w->g.sent;
	}
	a.delivered = w->delivered;
	hws_video_host_service.line(&video->service, &w->g, &a);
}

static void turn(uint64_t us)
{
	now += us;
	hws_loop_once(loop, 1000);
	for (unsigned i = 0; i < VIEWERS; i++)
		answer(&watcher[i], us);
	if (script.into)
		deliver();
}

/* Time passes, in small steps, until the host has nothing more to do. */
static void settle(void)
{
	uint64_t due = hws_clock_us() + 60 * HWS_US_PER_S;

	do {
		ck_assert_msg(hws_clock_us() < due, "it does not come to rest");
		turn(5000);
	} while (!at_rest());
}

static void change(int x, int y, int w, int h)
{
	script.change = (struct hws_rect){ x, y, w, h };
	hws_capture_source_damaged(script.capture, 0);
	settle();
}

/* The same, without waiting for it to become sharp. */
static void change_quickly(int x, int y, int w, int h)
{
	uint64_t due = hws_clock_us() + 60 * HWS_US_PER_S;
	unsigned frames = watcher[0].frames;

	script.change = (struct hws_rect){ x, y, w, h };
	hws_capture_source_damaged(script.capture, 0);
	while (watcher[0].frames == frames || shown()->coding) {
		ck_assert_msg(hws_clock_us() < due, "a change does not come");
		turn(20000);
	}
}

static void join_all(void)
{
	for (unsigned i = 0; i < VIEWERS; i++) {
		hws_video_host_join(video, &watcher[i].g);
		hws_qos_set_fps(&video->qos, i, HWS_FPS_MAX);
	}
	now += 2 * HWS_US_PER_S; /* the first second is slower */
	change(0, 0, WIDTH, HEIGHT);
}

START_TEST(all_viewers_share_one_capture_and_one_encoder)
{
	join_all();
	ck_assert_uint_eq(script.starts, 1);
	unsigned grabs = script.grabs, before = watcher[0].frames;
	change(64, 64, 32, 32);
	ck_assert_uint_eq(script.grabs, grabs + 1);
	ck_assert_uint_gt(watcher[0].frames, before);
	for (unsigned i = 1; i < VIEWERS; i++) {
		ck_assert_uint_eq(watcher[i].frames, watcher[0].frames);
		ck_assert_uint_eq(watcher[i].hash, watcher[0].hash);
	}
}
END_TEST

START_TEST(nothing_runs_while_nothing_changes)
{
	join_all();
	unsigned grabs = script.grabs, frames = watcher[0].frames;
	for (unsigned i = 0; i < 200; i++) {
		now += HWS_US_PER_S;
		hws_loop_once(loop, 0);
		ck_assert(at_rest());
	}
	ck_assert_uint_eq(script.grabs, grabs);
	ck_assert_uint_eq(watcher[0].frames, frames);
}
END_TEST

START_TEST(what_does_not_change_costs_no_bytes)
{
	join_all();
	change_quickly(96, 64, 16, 16);
	/* 16 x 16 of specks and what borders on them */
	ck_assert_uint_lt(watcher[0].bytes, 1200);
	ck_assert_uint_eq(watcher[0].keys, 1);
}
END_TEST

START_TEST(who_asks_is_told_what_pictures_cost_once_a_second)
{
	Ses__OptionMessage yes = SES__OPTION_MESSAGE__INIT;
	struct hws_flow_answer a = { .rtt_us = 1000 };

	yes.video_cost = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	join_all();
	hws_video_host_service.option(&video->service, &watcher[0].g, &yes);
	told_hostd = 0;
	for (unsigned i = 0; i < 20; i++) {
		change((int)i * 8, 32, 8, 8);
		now += 100000;
	}
	ck_assert_uint_ge(watcher[0].costs, 2);
	ck_assert_uint_le(watcher[0].costs, 20);
	ck_assert_uint_gt(watcher[0].encode_us, 0);
	ck_assert_uint_eq(watcher[1].costs, 0); /* a deployed viewer */
	ck_assert_uint_eq(told_hostd, watcher[0].costs * VIEWERS);
	unsigned costs = watcher[0].costs;
	for (unsigned i = 0; i < 10; i++) { /* at rest there is no news */
		now += HWS_US_PER_S;
		a.answered_us = now;
		hws_video_host_service.line(&video->service, &watcher[0].g, &a);
	}
	ck_assert_uint_le(watcher[0].costs, costs + 1);
}
END_TEST

struct recorder {
	struct hws_video_tap tap;
	unsigned packets, keys, stops;
	bool began_with_key;
	uint64_t hash;
	int64_t pts_ms;
};

static void on_packet(struct hws_video_tap *t, const struct hws_tapped_packet *p)
{
	struct recorder *r = hws_container(t, struct recorder, tap);

	if (!r->packets++)
		r->began_with_key = p->key;
	r->keys += p->key;
	r->hash = hash_of(p->data);
	ck_assert_int_eq(p->width, WIDTH);
	ck_assert_int_eq(p->height, HEIGHT);
	ck_assert_int_eq(p->codec, HWS_CODEC_VP9);
	ck_assert_int_ge(p->pts_ms, r->pts_ms);
	r->pts_ms = p->pts_ms;
}

static void on_stopped(struct hws_video_tap *t, unsigned display HWS_UNUSED)
{
	struct recorder *r = hws_container(t, struct recorder, tap);

	r->stops++;
	r->pts_ms = -1;
}

START_TEST(a_tap_gets_what_the_viewers_get_from_a_key_frame_on)
{
	struct recorder r = { .tap = { .packet = on_packet, .stopped = on_stopped }, .pts_ms = -1 };

	join_all();
	hws_video_tap_add(video, &r.tap);
	settle();
	ck_assert(r.began_with_key);
	for (unsigned i = 0; i < 260; i++)
		change_quickly((int)(i % 30) * 8, 32, 8, 8);
	ck_assert_uint_ge(r.packets, 261);
	ck_assert_uint_eq(r.hash, watcher[0].hash);
	ck_assert_uint_ge(r.keys, 2); /* one can begin to look in the middle */
	for (unsigned i = 0; i < VIEWERS; i++)
		hws_video_host_leave(video, &watcher[i].g);
	ck_assert_uint_eq(r.stops, 1);
	hws_video_tap_remove(&r.tap);
	unsigned packets = r.packets;
	hws_video_host_join(video, &watcher[0].g);
	change(0, 0, WIDTH, HEIGHT);
	ck_assert_uint_eq(r.packets, packets);
}
END_TEST

static void wish(unsigned i, unsigned fps, Ses__ImageQuality quality)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	o.custom_fps = (int32_t)fps;
	o.image_quality = quality;
	hws_video_host_service.option(&video->service, &watcher[i].g, &o);
}

/* Something always moves, for so long. */
static void move_for(uint64_t us)
{
	const uint64_t until = now + us, due = hws_clock_us() + 60 * HWS_US_PER_S;

	while (now < until) {
		ck_assert_msg(hws_clock_us() < due, "time does not pass");
		if (!script.into) {
			script.change = (struct hws_rect){ 64, 64, 16, 16 };
			hws_capture_source_damaged(script.capture, 0);
		}
		turn(8000);
		while (video->jobs) { /* coding takes no time here */
			ck_assert_msg(hws_clock_us() < due, "coding does not end");
			turn(0);
		}
	}
}

static unsigned frames_in(uint64_t us, unsigned ret[VIEWERS])
{
	unsigned before[VIEWERS];

	for (unsigned i = 0; i < VIEWERS; i++)
		before[i] = watcher[i].frames;
	move_for(us);
	for (unsigned i = 0; i < VIEWERS; i++)
		ret[i] = watcher[i].frames - before[i];
	return ret[0];
}

START_TEST(each_viewer_has_the_pace_and_the_quality_that_it_wishes)
{
	unsigned n[VIEWERS], keys;

	join_all();
	keys = watcher[0].keys;
	wish(1, 5, SES__IMAGE_QUALITY__NotSet);
	wish(2, 0, SES__IMAGE_QUALITY__Best);
	wish(3, 5, SES__IMAGE_QUALITY__NotSet);
	change(0, 0, WIDTH, HEIGHT);
	ck_assert_uint_eq(watcher[0].keys, keys); /* the others are not disturbed */
	ck_assert_uint_eq(watcher[1].hash, watcher[3].hash);
	ck_assert_uint_eq(video->viewer[1].lane, video->viewer[3].lane);
	ck_assert_uint_eq(video->viewer[0].lane, video->viewer[4].lane);
	ck_assert_uint_ne(watcher[2].hash, watcher[0].hash);
	frames_in(4 * HWS_US_PER_S, n);
	ck_assert_uint_ge(n[1], 15);
	ck_assert_uint_le(n[1], 24);
	ck_assert_uint_eq(n[3], n[1]);
	ck_assert_uint_gt(n[0], 2 * n[1]);
	ck_assert_uint_gt(n[2], 2 * n[1]);
	ck_assert_uint_eq(script.starts, 1); /* captured once for all */
}
END_TEST

START_TEST(who_wishes_as_others_again_shares_with_them_again)
{
	join_all();
	wish(1, 10, SES__IMAGE_QUALITY__Low);
	change(0, 0, WIDTH, HEIGHT);
	ck_assert_uint_ne(video->viewer[1].lane, video->viewer[0].lane);
	wish(1, HWS_FPS_MAX, SES__IMAGE_QUALITY__Balanced);
	move_for(3 * HWS_US_PER_S); /* not at once: a slider is not a change of lane each */
	ck_assert_uint_eq(video->viewer[1].lane, video->viewer[0].lane);
	settle();
	ck_assert_uint_eq(watcher[1].hash, watcher[0].hash);
}
END_TEST

START_TEST(more_wishes_than_lanes_go_to_the_nearest)
{
	static const unsigned fps[VIEWERS] = { 100, 50, 25, 12, 24, 90 };

	join_all();
	for (unsigned i = 0; i < VIEWERS; i++)
		wish(i, fps[i], SES__IMAGE_QUALITY__NotSet);
	move_for(6 * HWS_US_PER_S);
	settle();
	for (unsigned i = 0; i < VIEWERS; i++)
		ck_assert_uint_lt(video->viewer[i].lane, HWS_VIDEO_LANES);
	ck_assert_uint_ne(video->viewer[0].lane, video->viewer[3].lane);
	ck_assert_uint_ne(video->viewer[1].lane, video->viewer[3].lane);
	for (unsigned i = 0; i < VIEWERS; i++) { /* all are shown all */
		ck_assert_uint_gt(watcher[i].frames, 10);
		ck_assert(!(video->lane[video->viewer[i].lane].show[0].need_key >> i & 1));
	}
	for (unsigned i = 1; i < VIEWERS; i++)
		hws_video_host_leave(video, &watcher[i].g);
	change(0, 0, WIDTH, HEIGHT);
	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++) /* nothing runs for nobody */
		ck_assert(video->lane[k].show[0].started == (k == video->viewer[0].lane));
}
END_TEST

START_TEST(a_slow_line_does_not_slow_the_others_down)
{
	unsigned n[VIEWERS], alone;

	join_all();
	alone = frames_in(4 * HWS_US_PER_S, n);
	watcher[2].slow = true;
	move_for(6 * HWS_US_PER_S); /* until that is sure */
	ck_assert_uint_ne(video->viewer[2].lane, video->viewer[0].lane);
	ck_assert_uint_eq(video->viewer[1].lane, video->viewer[0].lane);
	frames_in(4 * HWS_US_PER_S, n);
	ck_assert_uint_gt(n[0], alone * 3 / 4);
	ck_assert_uint_lt(n[2], n[0] / 2);
	ck_assert_uint_gt(n[2], 0);
}
END_TEST

START_TEST(a_tap_gets_the_best_there_is)
{
	struct recorder r = { .tap = { .packet = on_packet, .stopped = on_stopped }, .pts_ms = -1 };

	join_all();
	for (unsigned i = 2; i < VIEWERS; i++)
		hws_video_host_leave(video, &watcher[i].g);
	wish(1, 0, SES__IMAGE_QUALITY__Best);
	change(0, 0, WIDTH, HEIGHT);
	hws_video_tap_add(video, &r.tap);
	settle();
	change_quickly(32, 32, 64, 64);
	settle();
	ck_assert(r.began_with_key);
	ck_assert_uint_eq(r.hash, watcher[1].hash);
	ck_assert_uint_ne(r.hash, watcher[0].hash);
	unsigned keys = r.keys;
	hws_video_host_leave(video, &watcher[1].g);
	ck_assert_uint_eq(r.stops, 1);
	settle();
	ck_assert_uint_eq(r.keys, keys + 1);
	ck_assert_uint_eq(r.hash, watcher[0].hash);
	hws_video_tap_remove(&r.tap);
}
END_TEST

/* Is all of the screen beside the film as good as it can be? */
static bool page_is_paid(void)
{
	const struct hws_debt *d = &shown()->debt;

	for (unsigned i = 0; i < d->now.n; i++)
		if (d->now.rect[i].x < 240 || d->now.rect[i].y < 112)
			return false;
	return !d->again.n && !shown()->coding;
}

/* A film in a corner: what rests beside it does not wait for its end. */
START_TEST(what_rests_becomes_sharp_while_something_moves)
{
	uint64_t due = hws_clock_us() + 60 * HWS_US_PER_S, next = 0;

	hws_loop_set_clock(loop, NULL, NULL);
	now = hws_clock_us();
	join_all();
	for (unsigned i = 0; i < VIEWERS; i++)
		hws_qos_set_ratio(&video->qos, i, 8); /* so small a screen gets few bits else */
	change_quickly(0, 0, WIDTH, HEIGHT);
	ck_assert_msg(!page_is_paid(), "it was good at once");
	do {
		ck_assert_msg(hws_clock_us() < due, "what rests stays coarse");
		turn(0);
		now = hws_clock_us();
		if (!script.into && now > next) {
			script.change = (struct hws_rect){ 256, 128, 64, 64 };
			next = now + 50000;
			hws_capture_source_damaged(script.capture, 0);
		}
	} while (!page_is_paid());
}
END_TEST

Suite *pipeline_suite(void)
{
	Suite *s = suite_create("services/video/pipeline");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_viewers_share_one_capture_and_one_encoder);
	tcase_add_test(t, nothing_runs_while_nothing_changes);
	tcase_add_test(t, what_does_not_change_costs_no_bytes);
	tcase_add_test(t, who_asks_is_told_what_pictures_cost_once_a_second);
	tcase_add_test(t, a_tap_gets_what_the_viewers_get_from_a_key_frame_on);
	tcase_add_test(t, what_rests_becomes_sharp_while_something_moves);
	tcase_add_test(t, each_viewer_has_the_pace_and_the_quality_that_it_wishes);
	tcase_add_test(t, who_wishes_as_others_again_shares_with_them_again);
	tcase_add_test(t, more_wishes_than_lanes_go_to_the_nearest);
	tcase_add_test(t, a_slow_line_does_not_slow_the_others_down);
	tcase_add_test(t, a_tap_gets_the_best_there_is);
	suite_add_tcase(s, t);
	return s;
}
