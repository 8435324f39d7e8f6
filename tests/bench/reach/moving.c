/* For how long a session stands still while it goes over to another way: a program at the host
 * writes all the time, and the longest time in which nothing of it came is what is told. Real
 * programs, 30 ms from the viewer to everybody. */
#include "tests/bench/reach/moving.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "tests/bench/common/report.h"
#include "tests/bench/reach/paths.h"
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DELAY_US 15000 /* one way */
#define ROUNDS 5u
#define AFTER_US 1500000
#define LIMIT_US 60000000

static const struct cell street = { "a street", CELL_PUBLIC, CELL_PUBLIC,
	.viewer_traits = CELL_NO_UDP | CELL_TCP_TO_SERVER };

static struct test_proc stream;
static uint64_t last_us, longest_us;
static char tail[4096]; /* what was said lately, NUL-terminated */

static void open_direct(bool open)
{
	struct street_edge *e = town_edge("viewer");

	e->no_udp = !open;
	e->tcp_to = open ? 0 : inet_addr("10.9.0.1");
}

/* Reads what comes, and keeps the end of it. False: it has ended. */
static bool listen_for(uint64_t us)
{
	char in[2048];
	struct pollfd p = { .fd = stream.out, .events = POLLIN };
	uint64_t end = hws_clock_us() + us;

	while (hws_clock_us() < end) {
		ssize_t n;
		size_t had = strlen(tail);
		uint64_t now;

		if (poll(&p, 1, 5) <= 0)
			continue;
		n = read(stream.out, in, sizeof(in));
		if (n <= 0)
			return false;
		now = hws_clock_us();
		longest_us = HWS_MAX(longest_us, now - last_us);
		last_us = now;
		if (had + (size_t)n >= sizeof(tail)) {
			memmove(tail, tail + sizeof(tail) / 2, sizeof(tail) - sizeof(tail) / 2);
			had = strlen(tail);
		}
		memcpy(tail + had, in, (size_t)n);
		tail[had + (size_t)n] = '\0';
	}
	return true;
}

/* The longest pause from now until a while after the session has told that it goes by `word`. */
static double pause_until(const char *word)
{
	uint64_t end = hws_clock_us() + LIMIT_US;

	tail[0] = '\0';
	last_us = hws_clock_us();
	longest_us = 0;
	while (!strstr(tail, word)) {
		ck_assert_msg(hws_clock_us() < end && listen_for(20000), "never %s\n%s\nhost:\n%s",
				word, tail, scene_host_log());
	}
	ck_assert(listen_for(AFTER_US));
	return (double)longest_us / 1000;
}

static bool begin(void)
{
	const char *args[] = { "terminal", "--", "sh", "-c",
		"while :; do echo x; sleep 0.003; done", NULL };

	if (!scene_open(&street))
		return false;
	town_edge("viewer")->line.delay_us = DELAY_US;
	scene_hawser(&stream, NULL, args);
	pause_until("x\n");
	return true;
}

static void end(void)
{
	test_proc_stop(&stream);
	scene_close();
}

START_TEST(moving)
{
	double up[ROUNDS], down[ROUNDS], roam[ROUNDS], still[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (!begin())
			return;
		still[i] = pause_until("x\n");
		open_direct(true);
		up[i] = pause_until("goes on directly");
		town_move("viewer", "10.9.0.40/24");
		roam[i] = pause_until("goes on");
		open_direct(false);
		down[i] = pause_until("goes on by the relay");
		end();
	}
	note("longest pause of the stream on one way", quantile(still, ROUNDS, 0.5), "ms");
	note("upgrade, longest of all rounds", quantile(up, ROUNDS, 1), "ms");
	note("another address, longest of all rounds", quantile(roam, ROUNDS, 1), "ms");
	note("direct way cut, longest of all rounds", quantile(down, ROUNDS, 1), "ms");
	metric("upgrade_gap_ms", quantile(up, ROUNDS, 0.5));
	metric("roam_gap_ms", quantile(roam, ROUNDS, 0.5));
	metric("fallback_gap_ms", quantile(down, ROUNDS, 0.5));
}
END_TEST

bool part_moving(void)
{
	return paths_run(moving);
}
