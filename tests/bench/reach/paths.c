/* Host, viewer and server have a quarter of the round trip each way on their own lines, so that any
 * two of them are a round trip apart; but for one way the server has none. What is left when the
 * time without a distance is taken off is round trips. */
#include "tests/bench/reach/paths.h"
#include "shared/base/macros.h"
#include "tests/bench/common/report.h"
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 5

struct way {
	const char *name, *path;
	enum cell_place host, viewer;
	unsigned viewer_traits;
	bool half_way;
};

static const struct way ways[] = {
	{ "direct", NULL, CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED, 0, false },
	{ "half_way", NULL, CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED, 0, true },
	{ "lan", "lan", CELL_PORT_RESTRICTED, CELL_NEIGHBOUR, 0, false },
	{ "punched", "punched", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED, CELL_NO_UDP, false },
	{ "udp", "udp", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED, CELL_TCP_TO_SERVER, false },
	{ "relay", "relay", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED, CELL_RELAY_ONLY, false },
};

/* Of host and viewer; the server is as far from either, or half way between them. */
static void set_distance(unsigned rtt_ms, bool half_way)
{
	town_edge("host")->line.delay_us = rtt_ms * 250;
	town_edge("viewer")->line.delay_us = rtt_ms * 250;
	town_edge("server")->line.delay_us = half_way ? 0 : rtt_ms * 250;
}

static double number(const char *out, const char *key)
{
	const char *at = strstr(out, key);

	return at ? strtod(at + strlen(key), NULL) : 0;
}

struct figures {
	double frame_ms, chosen_ms, answered_ms;
};

static bool is_by(const char *out, const char *path)
{
	char word[40];

	snprintf(word, sizeof(word), "why path=%s ", path);
	return strstr(out, word) != NULL;
}

/* The median of `runs`; one that went another way is made again. */
static struct figures measure(const char *path, unsigned runs)
{
	double frame[RUNS_MAX], chosen[RUNS_MAX], answered[RUNS_MAX];
	unsigned n = 0;

	for (unsigned tries = 0; n < runs && tries < 3 * runs; tries++) {
		char *out = NULL;
		int r = scene_connect(&out);

		if (r == 0 && (!path || is_by(out, path))) {
			frame[n] = number(out, "first_frame_ms=");
			chosen[n] = number(out, "ended_ms=");
			answered[n++] = number(out, "answered_ms=");
		} else if (getenv("BENCH_VERBOSE")) {
			fprintf(stderr, "status %d\n%s\n", r, out);
		}
		free(out);
	}
	/* 0 ms would be a record */
	ck_assert_msg(n > 0, "no session by %s", path ? path : "any way");
	return (struct figures){ quantile(frame, n, 0.5), quantile(chosen, n, 0.5),
		quantile(answered, n, 0.5) };
}

static void of_way(const struct way *w, unsigned runs)
{
	static const unsigned rtts[] = { 0, 30, 100 };
	const struct cell cell = { w->name, w->host, w->viewer, 0, w->viewer_traits, "any" };
	struct figures f[HWS_COUNT(rtts)];
	char text[160];

	if (!scene_open(&cell))
		return;
	for (size_t i = 0; i < HWS_COUNT(rtts); i++) {
		set_distance(rtts[i], w->half_way);
		f[i] = measure(w->path, runs);
		snprintf(text, sizeof(text),
				"%-8s %3u ms: the server's answer %.0f ms, way chosen %.0f ms, "
				"first picture",
				w->name, rtts[i], f[i].answered_ms, f[i].chosen_ms);
		note(text, f[i].frame_ms, "ms");
	}
	snprintf(text, sizeof(text), "%s_round_trips", w->name);
	metric(text, (f[2].frame_ms - f[0].frame_ms) / 100);
	scene_close();
}

static const char *impossible;

void paths_enter(int argc, char *argv[])
{
	impossible = town_enter(argc, argv);
}

static bool in_a_hurry;

START_TEST(round_trips)
{
	for (size_t i = 0; i < HWS_COUNT(ways); i++)
		of_way(&ways[i], in_a_hurry ? 3 : RUNS_MAX);
}
END_TEST

START_TEST(fallback)
{
	static const unsigned rtts[] = { 0, 30, 100 };
	const unsigned nothing = CELL_NO_UDP | CELL_TCP_TO_SERVER;
	const struct cell cell = { "black hole", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
		nothing, nothing, "relay" };
	double most = 0;

	if (!scene_open(&cell))
		return;
	for (size_t i = 0; i < HWS_COUNT(rtts); i++) {
		struct figures f;
		char text[120];

		set_distance(rtts[i], false);
		f = measure("relay", 5);
		snprintf(text, sizeof(text), "black hole, %3u ms: relay chosen %.0f ms, picture",
				rtts[i], f.chosen_ms);
		note(text, f.frame_ms, "ms");
		most = HWS_MAX(most, f.chosen_ms);
	}
	scene_close();
	metric("relay_fallback_ms", most);
}
END_TEST

bool paths_run(const TTest *part)
{
	Suite *s = suite_create("paths");
	TCase *t = tcase_create("paths");
	SRunner *runner = srunner_create(s);
	int failed;

	if (impossible) {
		fprintf(stderr, "bench reach: no laboratory here: %s\n", impossible);
		exit(77);
	}
	tcase_add_checked_fixture(t, NULL, scene_close);
	tcase_add_test(t, part);
	suite_add_tcase(s, t);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
	return !failed;
}

bool paths_round_trips(bool quick)
{
	in_a_hurry = quick;
	return paths_run(round_trips);
}

bool paths_fallback(void)
{
	return paths_run(fallback);
}
