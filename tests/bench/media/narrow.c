/* A line of 50 kbit/s: do keys still answer, does the picture still move? Through a proxy with the
 * buffers of a small router. Nothing of the desktop is special but that most of it is plain. */
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "tests/bench/common/report.h"
#include "tests/bench/common/session_cost.h"
#include "tests/bench/media/parts.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_S 6250
#define KEYS 40
#define PATIENCE_MS 60000
#define STEP_US 100000

static struct suite suite;
static struct desktop desktop;

/* From the drawing of a small change to the picture that shows it; `busy`: while a film plays. */
static void keys(const char *name, unsigned n, bool busy)
{
	double ms[KEYS];
	size_t lost = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t grey = i % 2 ? 40 : 220;
		uint64_t start, due = hws_clock_us() + 700000 + hws_rand_below(300000);
		for (unsigned k = 0; hws_clock_us() < due; k++) {
			if (busy)
				desktop_step(&desktop, SCENE_VIDEO, k);
			suite_run_until(&suite, hws_clock_us() + STEP_US);
		}
		start = desktop_block(&desktop, grey);
		while (abs(suite_grey(&suite, BLOCK_X + BLOCK_SIDE / 2, BLOCK_Y + BLOCK_SIDE / 2) -
				       grey) > 60)
			ck_assert_msg(suite_next_frame(&suite, PATIENCE_MS), "a change is lost");
		ms[i] = (double)(hws_clock_us() - start) / 1e3;
		lost += ms[i] > 1000;
	}
	note("changes that took more than a second", (double)lost, "");
	note("the slowest", quantile(ms, n, 1), "ms");
	metric(name, quantile(ms, n, 0.95));
}

void bench_media_narrow(bool quick)
{
	struct test_proxy proxy;
	char target[40];
	uint64_t start;
	double seconds = quick ? 10 : 20;

	suite_start(&suite, 1920, 1080);
	desktop_open(&desktop, suite.screen.display);
	desktop_plain(&desktop);
	test_proxy_start_narrow(&proxy, (uint16_t)strtoul(strchr(suite.direct, ':') + 1, NULL, 10));
	test_proxy_limit(&proxy, BYTES_PER_S);
	snprintf(target, sizeof(target), "127.0.0.1:%u", proxy.port);
	start = hws_clock_us();
	suite_view_at(&suite, target);
	note("first picture", (double)(hws_clock_us() - start) / 1e3, "ms");
	suite_settle(&suite, BENCH_QUIET_MS);
	keys("narrow_p95_ms", quick ? 8 : KEYS, false);
	keys("narrow_busy_p95_ms", quick ? 8 : KEYS, true);
	unsigned before = suite.frames;
	uint64_t due = hws_clock_us(), end = due + (uint64_t)(seconds * 1e6);
	for (unsigned i = 0; due < end; i++) {
		desktop_step(&desktop, SCENE_VIDEO, i);
		due += STEP_US;
		suite_run_until(&suite, due);
	}
	metric("narrow_fps", (suite.frames - before) / seconds);
	struct hawser_stats st = suite_stats(&suite);
	note("aimed at", st.target_kbit, "kbit/s");
	suite_settle(&suite, BENCH_QUIET_MS);
	test_proxy_stop(&proxy);
	desktop_close(&desktop);
	suite_stop(&suite);
}
