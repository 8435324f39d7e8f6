/* bench session: the real host on a virtual desktop of 1920 x 1080 and the real viewer, over
 * loopback, encrypted, beside the bare encoder on the same pictures in the same run. Prints "bench
 * session.METRIC=VALUE"; ends within four minutes, --quick within one and a half. */
#include "shared/base/clock.h"
#include "tests/bench/common/floor.h"
#include "tests/bench/common/report.h"
#include "tests/bench/common/session_cost.h"
#include "tests/bench/common/suite.h"
#include "tests/bench/session/channel.h"
#include "tests/bench/session/decode.h"
#include "tests/bench/session/slow.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 1920
#define HEIGHT 1080

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

/* --- bytes ------------------------------------------------------------------------------------ */

static void bench_bytes(void)
{
	static const char *const names[] = { "typing", "scroll", "video" };
	static const unsigned rate[] = { 10, 10,
		30 }; /* steps a second: keys, wheel notches, pictures */
	double seconds = quick ? 3 : 10;

	for (enum scene scene = 0; scene < SCENE_COUNT; scene++) {
		struct hawser_stats before, after;
		uint64_t start;
		unsigned steps = (unsigned)(seconds * rate[scene]);
		char name[80];
		desktop_reset(&desktop);
		suite_settle(&suite, BENCH_QUIET_MS);
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
		bench_idle(&suite, quick);
	if (wanted("latency"))
		bench_latency(&suite, &desktop, quick);
	if (wanted("cost"))
		bench_cost(&suite, &desktop, quick);
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
