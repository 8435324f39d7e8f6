/* What a session costs and how fast and sharp it is, on the real programs. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "tests/bench/common/report.h"
#include "tests/bench/common/session_cost.h"
#include "tests/bench/media/parts.h"
#include "tests/bench/media/vnc.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WIDTH 1920
#define HEIGHT 1080
#define KEY_US 200000 /* five keys a second */
#define STILL_US 1000000
#define SAMPLES_MAX 200

static struct suite suite;
static struct desktop desktop;

static void begin(unsigned fps)
{
	suite_start(&suite, WIDTH, HEIGHT);
	suite.fps = fps;
	desktop_open(&desktop, suite.screen.display);
	suite_view(&suite);
}

static void end(void)
{
	desktop_close(&desktop);
	suite_stop(&suite);
}

void bench_media_idle(bool quick)
{
	begin(0);
	bench_idle(&suite, quick);
	end();
}

void bench_media_cost(bool quick)
{
	begin(0);
	bench_cost(&suite, &desktop, quick);
	end();
}

/* --- typing ----------------------------------------------------------------------------------- */

/* A real terminal, which a viewer types into: keys there, pictures back. */
void bench_media_typing(bool quick)
{
	const char *xterm[] = { "/usr/bin/xterm", "-display", suite.screen.display, "-geometry",
		"80x24+1000+40", "-e", "/bin/cat", NULL };
	double seconds = quick ? 5 : 20, host, screen;
	unsigned keys = 0;
	struct hawser_stats before, after;
	struct test_proc terminal;
	uint64_t due, last;

	begin(0);
	desktop_close(&desktop); /* its window lies above all others */
	test_proc_start(&terminal, xterm, suite.envp);
	suite_settle(&suite, BENCH_QUIET_MS);
	ck_assert_int_eq(hawser_session_mouse_move(suite.session, 0, 1200, 200), 0);
	suite_settle(&suite, BENCH_QUIET_MS);
	before = suite_stats(&suite);
	host = suite_host_cpu(&suite);
	screen = suite_screen_cpu(&suite);
	due = hws_clock_us();
	last = due + (uint64_t)(seconds * 1e6);
	while (due < last) {
		unsigned code = 30 + keys++ % 9; /* a s d f g h j k l */
		ck_assert_int_eq(hawser_session_key(suite.session, code, true, 0, 0), 0);
		ck_assert_int_eq(hawser_session_key(suite.session, code, false, 0, 0), 0);
		due += KEY_US;
		suite_run_until(&suite, due);
	}
	host = suite_host_cpu(&suite) - host;
	screen = suite_screen_cpu(&suite) - screen;
	after = suite_stats(&suite);
	note("keys", keys, "");
	note("pictures", (double)(after.frames - before.frames), "");
	note("bytes of a key", (double)(after.bytes_in - before.bytes_in) / keys, "B");
	note("X server", screen / seconds * 100, "% of a core");
	ck_assert_uint_ge(after.frames - before.frames, keys / 2);
	metric("typing_core_pct", host / seconds * 100);
	test_proc_stop(&terminal);
	suite_stop(&suite);
}

/* --- sharpness -------------------------------------------------------------------------------- */

static double luma(const uint8_t *p)
{
	return 0.114 * p[0] + 0.587 * p[1] + 0.299 * p[2];
}

struct likeness {
	double luma_db, rgb_db, wrong_pct;
};

/* The viewer's picture against the screen itself. */
static struct likeness compare(void)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;
	xcb_get_image_reply_t *img;
	double y = 0, c = 0;
	long wrong = 0;

	img = xcb_get_image_reply(desktop.conn,
			xcb_get_image(desktop.conn, XCB_IMAGE_FORMAT_Z_PIXMAP, desktop.window, 0, 0,
					WIDTH, HEIGHT, ~0u),
			NULL);
	ck_assert_ptr_nonnull(img);
	ck_assert_int_eq(hawser_session_lock_frame(suite.session, 0, &f), 0);
	const uint8_t *screen = xcb_get_image_data(img);
	for (int row = 0; row < HEIGHT; row++)
		for (int x = 0; x < WIDTH; x++) {
			const uint8_t *a = screen + ((size_t)row * WIDTH + (size_t)x) * 4;
			const uint8_t *b = f.pixels + (size_t)row * f.stride + (size_t)x * 4;
			double d = luma(a) - luma(b);
			y += d * d;
			for (int k = 0; k < 3; k++)
				c += (a[k] - b[k]) * (a[k] - b[k]);
			wrong += abs(a[0] - b[0]) > 2 || abs(a[1] - b[1]) > 2 ||
					abs(a[2] - b[2]) > 2;
		}
	hawser_session_unlock_frame(suite.session, 0);
	free(img);
	double n = (double)WIDTH * HEIGHT;
	return (struct likeness){ .luma_db = 10 * log10(255 * 255 / HWS_MAX(y / n, 1e-6)),
		.rgb_db = 10 * log10(255 * 255 / HWS_MAX(c / n / 3, 1e-6)),
		.wrong_pct = 100.0 * (double)wrong / n };
}

/* A page of text is scrolled for a while, then rests; one second later it is compared. */
void bench_media_still(bool quick)
{
	double luma_db[8], rgb_db[8], wrong[8], at_once[8];
	unsigned rounds = quick ? 3 : 7;

	begin(0);
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t due = hws_clock_us();
		desktop_fill(&desktop);
		for (unsigned n = 0; n < 30; n++) {
			desktop_scroll(&desktop, n);
			due += 50000;
			suite_run_until(&suite, due);
		}
		desktop_sync(&desktop);
		due = hws_clock_us();
		suite_run_until(&suite, due + 100000);
		at_once[i] = compare().luma_db;
		suite_run_until(&suite, due + STILL_US);
		struct likeness l = compare();
		luma_db[i] = l.luma_db;
		rgb_db[i] = l.rgb_db;
		wrong[i] = l.wrong_pct;
	}
	note("luma, 0.1 s after the last change", quantile(at_once, rounds, 0.5), "dB");
	note("all of red, green and blue, after 1 s", quantile(rgb_db, rounds, 0.5), "dB");
	note("pixels off by more than 2, after 1 s", quantile(wrong, rounds, 0.5), "%");
	metric("still_psnr_db", quantile(luma_db, rounds, 0));
	end();
}

/* --- latency and bytes, beside TigerVNC ------------------------------------------------------- */

/* Pictures a second of a small change that comes 60 times a second. */
static double pace(double seconds)
{
	uint64_t start = hws_clock_us(), due = start;
	unsigned before = suite.frames;

	for (unsigned i = 0; i < (unsigned)(seconds * 60); i++) {
		desktop_block(&desktop, i % 2 ? 40 : 220);
		due = start + (uint64_t)(i + 1) * 1000000 / 60;
		suite_run_until(&suite, due);
	}
	return (suite.frames - before) * 1e6 / (double)(hws_clock_us() - start);
}

/* The same with TigerVNC: from the drawing to the viewer's screen. */
static double vnc_latency(struct vnc *v, unsigned n)
{
	double ms[SAMPLES_MAX];

	for (unsigned i = 0; i < n; i++) {
		uint8_t grey = i % 2 ? 40 : 220;
		uint64_t start, due;
		usleep((60 + hws_rand_below(200)) * 1000);
		start = desktop_block(&v->desktop, grey);
		due = start + 5 * HWS_US_PER_S;
		while (abs(vnc_grey(v, BLOCK_X + BLOCK_SIDE / 2, BLOCK_Y + BLOCK_SIDE / 2) - grey) >
				25) {
			ck_assert_msg(hws_clock_us() < due, "a change did not come");
			usleep(200);
		}
		ms[i] = (double)(hws_clock_us() - start) / 1e3;
	}
	note("TigerVNC: median", quantile(ms, n, 0.5), "ms");
	note("TigerVNC: 95 %", quantile(ms, n, 0.95), "ms");
	return quantile(ms, n, 0.5);
}

void bench_media_latency(bool quick)
{
	struct vnc vnc;
	double ours, theirs;

	begin(60);
	suite_run_until(&suite, hws_clock_us() + 1500000); /* the first second is slower */
	metric("fps_of_60", pace(quick ? 3 : 8));
	ours = bench_latency(&suite, &desktop, quick);
	if (vnc_start(&vnc, suite.envp)) {
		theirs = vnc_latency(&vnc, quick ? 40 : SAMPLES_MAX);
		metric("latency_ratio_tigervnc", ours / theirs);
	}
	vnc_stop(&vnc);
	end();
}

static const unsigned rate[SCENE_COUNT] = { 10, 10, 30 }; /* steps a second */
static const char *const names[SCENE_COUNT] = { "typing", "scroll", "video" };

static double our_bytes(enum scene scene, double seconds)
{
	uint64_t start;
	uint64_t before;

	desktop_reset(&desktop);
	suite_settle(&suite, BENCH_QUIET_MS);
	before = suite_stats(&suite).bytes_in;
	start = hws_clock_us();
	for (unsigned i = 0; i < (unsigned)(seconds * rate[scene]); i++) {
		desktop_step(&desktop, scene, i);
		suite_run_until(&suite, start + (uint64_t)(i + 1) * 1000000 / rate[scene]);
	}
	suite_settle(&suite, BENCH_QUIET_MS);
	return (double)(suite_stats(&suite).bytes_in - before);
}

static double vnc_bytes_of(struct vnc *v, enum scene scene, double seconds)
{
	uint64_t start;
	double before;

	desktop_reset(&v->desktop);
	usleep(1500000);
	before = vnc_bytes(v);
	start = hws_clock_us();
	for (unsigned i = 0; i < (unsigned)(seconds * rate[scene]); i++) {
		uint64_t due = start + (uint64_t)(i + 1) * 1000000 / rate[scene];
		uint64_t now;
		desktop_step(&v->desktop, scene, i);
		now = hws_clock_us();
		if (now < due)
			usleep((useconds_t)(due - now));
	}
	usleep(1000000);
	return vnc_bytes(v) - before;
}

/* The same is drawn on both, with what it takes until the picture is sharp again. */
void bench_media_bytes(bool quick)
{
	double seconds = quick ? 3 : 10, sum = 0, vnc_sum = 0;
	struct vnc vnc;

	begin(0);
	if (!vnc_start(&vnc, suite.envp)) {
		printf("# TigerVNC is not installed\n");
		end();
		return;
	}
	for (enum scene scene = 0; scene < SCENE_COUNT; scene++) {
		double ours = our_bytes(scene, seconds),
		       theirs = vnc_bytes_of(&vnc, scene, seconds);
		char name[64];
		snprintf(name, sizeof(name), "%s: hawser", names[scene]);
		note(name, ours * 8 / 1000 / seconds, "kbit/s");
		snprintf(name, sizeof(name), "%s: TigerVNC", names[scene]);
		note(name, theirs * 8 / 1000 / seconds, "kbit/s");
		sum += ours;
		vnc_sum += theirs;
	}
	metric("bytes_ratio_tigervnc", sum / vnc_sum);
	vnc_stop(&vnc);
	end();
}
