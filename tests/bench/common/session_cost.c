/* Of the real programs, from outside; the bare encoder takes the same steps in the same run. */
#include "tests/bench/common/session_cost.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "tests/bench/common/floor.h"
#include "tests/bench/common/report.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_US 50000 /* between pictures that are compared with the bare encoder's */
#define SAMPLES_MAX 400
#define STEPS_MAX 100

/* --- latency ---------------------------------------------------------------------------------- */

static bool block_shows(struct suite *s, int grey)
{
	int seen = suite_grey(s, BLOCK_X + BLOCK_SIDE / 2, BLOCK_Y + BLOCK_SIDE / 2);

	return seen >= 0 && abs(seen - grey) < 25;
}

/* In no step with the host's pace, as people type. */
static unsigned pause_ms(void)
{
	return 60 + hws_rand_below(200);
}

double bench_latency(struct suite *s, struct desktop *d, bool quick)
{
	double ms[SAMPLES_MAX], bare[SAMPLES_MAX];
	size_t n = quick ? 40 : 250, lost = 0;
	struct floor *f;

	for (size_t i = 0; i < n; i++) {
		uint8_t grey = i % 2 ? 40 : 220;
		suite_run_until(s, hws_clock_us() + pause_ms() * 1000u);
		uint64_t start = desktop_block(d, grey);
		while (!block_shows(s, grey))
			ck_assert_msg(suite_next_frame(s, 5000), "a change did not come");
		ms[i] = (double)(hws_clock_us() - start) / 1e3;
		lost += ms[i] > 100;
	}
	floor_open(&f, s->screen.display);
	floor_first(f);
	for (size_t i = 0; i < n; i++) {
		desktop_block(d, i % 2 ? 40 : 220);
		bare[i] = floor_next(f, (int64_t)(i + 10) * 100).total_ms;
	}
	floor_close(f);
	note("bare grab, encode, decode: median", quantile(bare, n, 0.5), "ms");
	note("bare grab, encode, decode: 95 %", quantile(bare, n, 0.95), "ms");
	note("samples above 100 ms", (double)lost, "");
	note("round trip as the host measured it", suite_stats(s).rtt_ms, "ms");
	metric("latency_p50_ms", quantile(ms, n, 0.5));
	metric("latency_p95_ms", quantile(ms, n, 0.95));
	return quantile(ms, n, 0.5);
}

/* --- nothing to do ---------------------------------------------------------------------------- */

void bench_idle(struct suite *s, bool quick)
{
	double seconds = quick ? 5 : 20, host, screen;
	struct hawser_stats before, after;

	suite_settle(s, BENCH_QUIET_MS);
	before = suite_stats(s);
	host = suite_host_cpu(s);
	screen = suite_screen_cpu(s);
	suite_run_until(s, hws_clock_us() + (uint64_t)(seconds * 1e6));
	host = suite_host_cpu(s) - host;
	screen = suite_screen_cpu(s) - screen;
	after = suite_stats(s);
	note("pictures sent", (double)(after.frames - before.frames), "");
	metric("idle_kbit_s", (double)(after.bytes_in - before.bytes_in) * 8 / 1000 / seconds);
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
static void host_round(struct suite *s, struct desktop *d, enum scene scene, unsigned steps,
		struct cost *c)
{
	struct hawser_stats before, after;
	double cpu, screen, wait_ms[STEPS_MAX];
	uint64_t due;

	desktop_reset(d);
	suite_settle(s, BENCH_QUIET_MS);
	before = suite_stats(s);
	cpu = suite_host_cpu(s);
	screen = suite_screen_cpu(s);
	due = hws_clock_us();
	for (unsigned i = 0; i < steps; i++) {
		uint64_t start = hws_clock_us();
		desktop_step(d, scene, i);
		ck_assert_msg(suite_next_frame(s, 5000), "a step did not come");
		wait_ms[i] = (double)(hws_clock_us() - start) / 1e3;
		due += STEP_US;
		suite_run_until(s, due);
	}
	cpu = suite_host_cpu(s) - cpu;
	screen = suite_screen_cpu(s) - screen;
	after = suite_stats(s);
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

static void bare_round(struct suite *s, struct desktop *d, struct floor *f, enum scene scene,
		unsigned steps, struct cost *c)
{
	struct floor_cost sum = { 0 };

	desktop_reset(d);
	floor_first(f);
	for (unsigned i = 0; i < steps; i++) {
		uint64_t start = hws_clock_us();
		desktop_step(d, scene, i);
		struct floor_cost one = floor_next(f, 1000 + (int64_t)i * STEP_US / 1000);
		sum.encode_cpu_ms += one.encode_cpu_ms;
		sum.bytes += one.bytes;
		sum.decode_ms += one.decode_ms;
		/* The viewer is connected: what the host does now is not to disturb the next
		 * step. */
		suite_run_until(s, start + STEP_US);
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

void bench_cost(struct suite *s, struct desktop *d, bool quick)
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
			host_round(s, d, scene, steps, &c);
			floor_open(&f, s->screen.display);
			bare_round(s, d, f, scene, steps, &c);
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
