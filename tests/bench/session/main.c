/* bench session: the real host on a virtual desktop of 1920 x 1080 and the real viewer, over
 * loopback, encrypted, beside the bare encoder on the same pictures in the same run. Prints "bench
 * session.METRIC=VALUE"; ends within four minutes, --quick within one and a half. */
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "tests/bench/common/report.h"
#include "tests/bench/session/channel.h"
#include "tests/bench/session/decode.h"
#include "tests/bench/session/floor.h"
#include "tests/bench/session/slow.h"
#include "tests/bench/session/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1920
#define HEIGHT 1080
#define QUIET_MS 2500 /* longer than the host sharpens a resting picture */
#define STEP_US 50000 /* between pictures that are compared with the bare encoder's */
#define SAMPLES_MAX 400
#define STEPS_MAX 100

static bool quick;
static struct suite suite;
static struct desktop desktop;

/* --- the first picture ------------------------------------------------------------------------ */

static void bench_first_frame(void)
{
	double id[16], direct[16], bare[16];
	size_t rounds = quick ? 3 : 9;
	struct floor *f;

	floor_open(&f, suite.screen.display);
	for (size_t i = 0; i < rounds; i++) {
		id[i] = suite_connect_ms(&suite, false);
		direct[i] = suite_connect_ms(&suite, true);
		bare[i] = floor_first(f);
	}
	floor_close(f);
	note("bare grab, key picture and decoding", quantile(bare, rounds, 0.5), "ms");
	note("by address", quantile(direct, rounds, 0.5), "ms");
	metric("first_frame_ms", quantile(id, rounds, 0.5));
}

/* --- latency ---------------------------------------------------------------------------------- */

static bool block_shows(int grey)
{
	int seen = suite_grey(&suite, BLOCK_X + BLOCK_SIDE / 2, BLOCK_Y + BLOCK_SIDE / 2);

	return seen >= 0 && abs(seen - grey) < 25;
}

/* In no step with the host's pace, as people type. */
static unsigned pause_ms(void)
{
	return 60 + hws_rand_below(200);
}

static void bench_latency(void)
{
	double ms[SAMPLES_MAX], bare[SAMPLES_MAX];
	size_t n = quick ? 40 : 250, lost = 0;
	struct floor *f;

	for (size_t i = 0; i < n; i++) {
		uint8_t grey = i % 2 ? 40 : 220;
		suite_run_until(&suite, hws_clock_us() + pause_ms() * 1000u);
		uint64_t start = desktop_block(&desktop, grey);
		while (!block_shows(grey))
			ck_assert_msg(suite_next_frame(&suite, 5000), "a change did not come");
		ms[i] = (double)(hws_clock_us() - start) / 1e3;
		lost += ms[i] > 100;
	}
	floor_open(&f, suite.screen.display);
	floor_first(f);
	for (size_t i = 0; i < n; i++) {
		desktop_block(&desktop, i % 2 ? 40 : 220);
		bare[i] = floor_next(f, (int64_t)(i + 10) * 100).total_ms;
	}
	floor_close(f);
	note("bare grab, encode, decode: median", quantile(bare, n, 0.5), "ms");
	note("bare grab, encode, decode: 95 %", quantile(bare, n, 0.95), "ms");
	note("samples above 100 ms", (double)lost, "");
	note("round trip as the host measured it", suite_stats(&suite).rtt_ms, "ms");
	metric("latency_p50_ms", quantile(ms, n, 0.5));
	metric("latency_p95_ms", quantile(ms, n, 0.95));
}

/* --- nothing to do ---------------------------------------------------------------------------- */

static void bench_idle(void)
{
	double seconds = quick ? 5 : 20, host, screen;
	unsigned frames;

	suite_settle(&suite, QUIET_MS);
	frames = suite.frames;
	host = suite_host_cpu(&suite);
	screen = suite_screen_cpu(&suite);
	suite_run_until(&suite, hws_clock_us() + (uint64_t)(seconds * 1e6));
	host = suite_host_cpu(&suite) - host;
	screen = suite_screen_cpu(&suite) - screen;
	note("pictures sent", suite.frames - frames, "");
	note("X server", screen / seconds * 100, "% of a core");
	metric("idle_core_pct", host / seconds * 100);
}

/* --- the cost of a picture -------------------------------------------------------------------- */

static const char *const names[] = { "typing", "scroll", "video" };

struct cost {
	double host_ms, bare_ms; /* CPU of a picture */
	double host_bytes, bare_bytes;
	double screen_ms;
	double shown_ms,
			/* decoding: at the viewer with comparison and conversion; bare */
			decoded_ms;
	double latency_ms; /* median, from the drawing of a step to its picture */
};

/* Draws a step, waits for its picture, and so on: each step is one picture. */
static void host_round(enum scene scene, unsigned steps, struct cost *c)
{
	struct hawser_stats before, after;
	double cpu, screen, wait_ms[STEPS_MAX];
	uint64_t due;

	desktop_reset(&desktop);
	suite_settle(&suite, QUIET_MS);
	before = suite_stats(&suite);
	cpu = suite_host_cpu(&suite);
	screen = suite_screen_cpu(&suite);
	due = hws_clock_us();
	for (unsigned i = 0; i < steps; i++) {
		uint64_t start = hws_clock_us();
		desktop_step(&desktop, scene, i);
		ck_assert_msg(suite_next_frame(&suite, 5000), "a step did not come");
		wait_ms[i] = (double)(hws_clock_us() - start) / 1e3;
		due += STEP_US;
		suite_run_until(&suite, due);
	}
	cpu = suite_host_cpu(&suite) - cpu;
	screen = suite_screen_cpu(&suite) - screen;
	after = suite_stats(&suite);
	double pictures = (double)(after.frames - before.frames);
	c->host_ms = cpu * 1e3 / pictures;
	c->screen_ms = screen * 1e3 / pictures;
	c->shown_ms = ((double)(after.decode_us * after.frames) -
				      (double)(before.decode_us * before.frames)) /
			1e3 / pictures;
	c->latency_ms = quantile(wait_ms, steps, 0.5);
	c->host_bytes = (double)(after.bytes_in - before.bytes_in) / pictures;
	if (pictures > steps * 1.1)
		note("pictures more than steps", pictures - steps, "");
}

static void bare_round(struct floor *f, enum scene scene, unsigned steps, struct cost *c)
{
	struct floor_cost sum = { 0 };

	desktop_reset(&desktop);
	floor_first(f);
	for (unsigned i = 0; i < steps; i++) {
		uint64_t start = hws_clock_us();
		desktop_step(&desktop, scene, i);
		struct floor_cost one = floor_next(f, 1000 + (int64_t)i * STEP_US / 1000);
		sum.encode_cpu_ms += one.encode_cpu_ms;
		sum.bytes += one.bytes;
		sum.decode_ms += one.decode_ms;
		/* The viewer is connected: what the host does now is not to disturb the next
		 * step. */
		suite_run_until(&suite, start + STEP_US);
	}
	c->bare_ms = sum.encode_cpu_ms / steps;
	c->bare_bytes = sum.bytes / steps;
	c->decoded_ms = sum.decode_ms / steps;
}

static void note_of(
		enum scene scene, const char *what, double *values, unsigned n, const char *unit)
{
	char name[100];

	snprintf(name, sizeof(name), "%s: %s", names[scene], what);
	note(name, quantile(values, n, 0.5), unit);
}

static void bench_cost(void)
{
	unsigned rounds = quick ? 1 : 3, steps = quick ? 40 : 80;
	double host_sum = 0, bare_sum = 0;

	for (enum scene scene = 0; scene < SCENE_COUNT; scene++) {
		double host[4], bare[4], host_bytes[4], bare_bytes[4], screen[4], latency[4],
				shown[4], decoded[4];
		char name[80];
		for (unsigned i = 0; i < rounds; i++) {
			struct cost c = { 0 };
			struct floor *f;
			host_round(scene, steps, &c);
			floor_open(&f, suite.screen.display);
			bare_round(f, scene, steps, &c);
			floor_close(f);
			host[i] = c.host_ms;
			bare[i] = c.bare_ms;
			host_bytes[i] = c.host_bytes;
			bare_bytes[i] = c.bare_bytes;
			screen[i] = c.screen_ms;
			latency[i] = c.latency_ms;
			shown[i] = c.shown_ms;
			decoded[i] = c.decoded_ms;
		}
		note_of(scene, "host, CPU of a picture", host, rounds, "ms");
		note_of(scene, "bare encoder, CPU of a picture", bare, rounds, "ms");
		note_of(scene, "X server, CPU of a picture", screen, rounds, "ms");
		note_of(scene, "drawn to decoded, median", latency, rounds, "ms");
		note_of(scene, "viewer, decoding and conversion", shown, rounds, "ms");
		note_of(scene, "bare decoder", decoded, rounds, "ms");
		note_of(scene, "host, bytes of a picture on the wire", host_bytes, rounds, "B");
		note_of(scene, "bare encoder, bytes of a picture", bare_bytes, rounds, "B");
		/* Sorted now: the middle one of each. */
		host_sum += host[rounds / 2];
		bare_sum += bare[rounds / 2];
		snprintf(name, sizeof(name), "cpu_ratio_%s", names[scene]);
		metric(name, host[rounds / 2] / bare[rounds / 2]);
	}
	metric("cpu_ratio_encoder", host_sum / bare_sum);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void bench_bytes(void)
{
	static const unsigned rate[] = { 10, 10,
		30 }; /* steps a second: keys, wheel notches, pictures */
	double seconds = quick ? 3 : 10;

	for (enum scene scene = 0; scene < SCENE_COUNT; scene++) {
		struct hawser_stats before, after;
		uint64_t start;
		unsigned steps = (unsigned)(seconds * rate[scene]);
		char name[80];
		desktop_reset(&desktop);
		suite_settle(&suite, QUIET_MS);
		before = suite_stats(&suite);
		start = hws_clock_us();
		for (unsigned i = 0; i < steps; i++) {
			desktop_step(&desktop, scene, i);
			suite_run_until(&suite, start + (uint64_t)(i + 1) * 1000000 / rate[scene]);
		}
		after = suite_stats(&suite);
		snprintf(name, sizeof(name), "%s: pictures a second", names[scene]);
		note(name, (double)(after.frames - before.frames) / seconds, "");
		snprintf(name, sizeof(name), "kbit_%s", names[scene]);
		metric(name, (double)(after.bytes_in - before.bytes_in) * 8 / 1000 / seconds);
	}
}

static const char *only;

static bool wanted(const char *name)
{
	if (only && strcmp(only, name) != 0)
		return false;
	printf("# %s\n", name);
	return true;
}

/* What starts and watches processes for tests reports its failures to Check. */
START_TEST(bench)
{
	if (wanted("secure"))
		bench_channel(quick);
	if (only && strcmp(only, "secure") == 0)
		return;
	if (wanted("decode"))
		bench_decode(quick);
	suite_start(&suite, WIDTH, HEIGHT);
	desktop_open(&desktop, suite.screen.display);
	if (wanted("first"))
		bench_first_frame();
	suite_view(&suite);
	if (wanted("idle"))
		bench_idle();
	if (wanted("latency"))
		bench_latency();
	if (wanted("cost"))
		bench_cost();
	if (wanted("bytes"))
		bench_bytes();
	if (wanted("slow")) {
		suite_leave(&suite);
		bench_slow(&suite, &desktop, quick);
	}
	desktop_close(&desktop);
	suite_stop(&suite);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("bench-session");
	TCase *t = tcase_create("bench");
	SRunner *runner = srunner_create(s);
	int failed;

	report_of("session");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0) {
			quick = true;
		} else if (argv[i][0] != '-' && !only) {
			only = argv[i];
		} else {
			fprintf(stderr,
					"usage: bench-session [--quick] "
					"[secure|decode|first|idle|latency|cost|bytes|slow]\n");
			return 2;
		}
	}
	tcase_add_test(t, bench);
	suite_add_tcase(s, t);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed) {
		srunner_print(runner, CK_NORMAL);
		suite_tell(&suite);
	}
	srunner_free(runner);
	return failed ? 1 : 0;
}
