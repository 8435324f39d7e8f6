/* bench rendezvous: the figures of docs/benchmarks.md, as "bench rendezvous.METRIC=VALUE" lines. */
#include "shared/base/num.h"
#include "shared/crypto/crypto.h"
#include "tests/bench/rendezvous/bed.h"
#include "tests/bench/rendezvous/calls.h"
#include "tests/bench/rendezvous/database.h"
#include "tests/bench/rendezvous/nodes.h"
#include "tests/load/floor.h"
#include "tests/load/room.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define WARM_UP                                                                                    \
	20000u /* devices before the memory is counted: caches and limit tables are full then */
#define ROUNDS 5

/* Keep-alives per second of the server's CPU time, each side on a core of its own. */
static double per_core(struct load_swarm *s, const struct load_target *t)
{
	double cpu = load_target_cpu_s(t);
	uint64_t n = load_swarm_saturate(s, 1024, 3 * S);

	cpu = load_target_cpu_s(t) - cpu;
	return cpu > 0 ? (double)n / cpu : 0;
}

static void bench_floor(struct bed *b)
{
	struct load_target t, floor = { 0 };
	struct load_swarm *s, *f;
	double ratio[ROUNDS];
	uint16_t port;

	bench_fresh(b);
	bench_start(b, &t, "sqlite", "1", 0);
	if (load_floor_start(&floor.pid, &port) < 0)
		exit(1);
	s = bench_registered(t.port, b->hosts, 0);
	f = bench_swarm(port, b->hosts, 0);
	load_pin(t.pid, 1);
	load_pin(floor.pid, 1);
	load_pin(0, 2);
	for (int i = 0; i < ROUNDS; i++) {
		double bare = per_core(f, &floor), ours = per_core(s, &t);

		printf("# keep-alives per core-second: %.0f, bare echo %.0f\n", ours, bare);
		ratio[i] = ours / bare;
	}
	load_pin(0, ~0u);
	bench_metric("register_ratio_floor", bench_median(ratio, ROUNDS));
	load_swarm_free(s);
	load_swarm_free(f);
	load_target_stop(&t, SIGTERM);
	kill(floor.pid, SIGKILL);
	waitpid(floor.pid, NULL, 0);
}

static void bench_steady(struct bed *b)
{
	const struct load_swarm_stats *st;
	struct load_target t;
	struct load_swarm *s;
	uint64_t rss;
	double cpu;

	bench_fresh(b);
	bench_start(b, &t, "sqlite", "0", 0);
	load_swarm_free(bench_registered(t.port, WARM_UP, 0));
	rss = load_target_rss(&t);
	s = bench_registered(t.port, b->hosts, WARM_UP);
	cpu = load_target_cpu_s(&t);
	load_swarm_run(s, b->steady_us, NULL);
	cpu = load_target_cpu_s(&t) - cpu;
	st = load_swarm_stats(s);
	printf("# %u devices: %llu keep-alives, %llu lost, p50 %.3f ms\n", b->hosts,
			(unsigned long long)st->sent, (unsigned long long)st->lost,
			(double)load_histogram_at(&st->latency, 0.5) / 1e3);
	bench_metric("p99_ms_100k", bench_p99_ms(&st->latency));
	bench_metric("lost_100k", (double)st->lost);
	if (st->overflow)
		printf("# %llu answers found the generator's own receive buffer full: it was "
		       "held up by other programs\n",
				(unsigned long long)st->overflow);
	bench_metric("core_pct_100k", 100 * cpu / ((double)b->steady_us / 1e6));
	bench_metric("bytes_per_peer", (double)(load_target_rss(&t) - rss) / b->hosts);
	bench_metric("rss_mb_100k", (double)load_target_rss(&t) / (1 << 20));
	bench_calls(b, &t, s, WARM_UP);
	bench_site(b, &t, s);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
}

/* Flows that a firewall would see: a device for each server it speaks to, and for some seconds each
 * link. */
static const struct {
	const char *name;
	void (*fn)(struct bed *b);
	uint64_t flows, per_device;
} benches[] = { { "floor", bench_floor, 0, 2 }, { "steady", bench_steady, 100000, 1 },
	{ "pause", bench_pause, 120000, 2 }, { "kill", bench_kill, 0, 1 },
	{ "cluster", bench_cluster, 60000, 0 }, { "million", bench_million, 2000000, 0 } };

static struct bed bed = { .hosts = 100000, .steady_us = 30 * S };
static const char *what = "all";
static char no_network[200]; /* why there is no network of our own; empty = there is */

static void check_room(uint64_t flows)
{
	/* the site's devices and viewers, their answers, and what else is open */
	struct load_need need = { .flows = flows, .files = 12000 };
	char why[600];

	if (load_room_enough("/proc", &need, why, sizeof(why)))
		return;
	fprintf(stderr, "bench: %s\n", why);
	if (*no_network)
		fprintf(stderr,
				"bench: in a network of its own it would not be in the way, but "
				"there is %s: run as "
				"root or allow user namespaces\n",
				no_network);
	exit(1);
}

/* As a test, because the PostgreSQL server of the tests is used. */
START_TEST(measure)
{
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (strcmp(what, "all") != 0 && strcmp(what, benches[i].name) != 0)
			continue;
		check_room(benches[i].flows + benches[i].per_device * bed.hosts);
		benches[i].fn(&bed);
	}
}
END_TEST

static bool wanted(int argc, char **argv)
{
	bool found = argc < 2 || strcmp(argv[1], "all") == 0;
	uint64_t n = bed.hosts;

	if (argc > 1)
		what = argv[1];
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		found |= strcmp(what, benches[i].name) == 0;
	if (argc > 2 && (hws_parse_u64(argv[2], &n) < 0 || n == 0 || n > 4000000))
		return false;
	bed.hosts = (uint32_t)n;
	return found;
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("bench");
	TCase *t = tcase_create("rendezvous");
	SRunner *r = srunner_create(s);
	int failed;

	if (!wanted(argc, argv)) {
		fprintf(stderr,
				"usage: bench-rendezvous [all|floor|steady|pause|kill|cluster|million] "
				"[DEVICES]\n");
		return 2;
	}
	if (load_own_network(no_network, sizeof(no_network)) < 0)
		printf("# in the network of this machine (%s)\n", no_network);
	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_test(t, measure);
	suite_add_tcase(s, t);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_SILENT);
	failed = srunner_ntests_failed(r);
	if (failed)
		srunner_print(r, CK_NORMAL);
	srunner_free(r);
	bench_remove(&bed);
	return failed ? 1 : 0;
}
