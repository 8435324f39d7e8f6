/* bench rendezvous: the figures of docs/benchmarks.md, as "bench rendezvous.METRIC=VALUE" lines. */
#include "shared/base/num.h"
#include "shared/crypto/crypto.h"
#include "tests/bench/rendezvous/bed.h"
#include "tests/bench/rendezvous/database.h"
#include "tests/load/callers.h"
#include "tests/load/floor.h"
#include <check.h>
#include <pthread.h>
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

struct calling {
	struct load_callers *callers;
	uint64_t us;
};

static void *call(void *arg)
{
	struct calling *c = arg;

	load_callers_run(c->callers, c->us, NULL);
	return NULL;
}

static void punch(const struct bed *b, const struct load_target *t, struct load_swarm *s)
{
	struct load_callers_conf conf = { .server_ip = LOCALHOST,
		.server_port = t->port,
		.key = t->key,
		.hosts = b->hosts,
		.first = WARM_UP,
		.rate = 2000,
		.links = 4000,
		.fresh = true };
	struct calling c = { .us = b->steady_us };
	const struct load_callers_stats *cs;
	pthread_t thread;

	if (load_callers_new(&conf, &c.callers) < 0 || pthread_create(&thread, NULL, call, &c) != 0)
		exit(1);
	load_swarm_reset_stats(s);
	load_swarm_run(s, b->steady_us + S, NULL);
	pthread_join(thread, NULL);
	cs = load_callers_stats(c.callers);
	printf("# calls: %llu sent, %llu answered, %llu refused, %llu timed out, %llu failed\n",
			(unsigned long long)cs->sent, (unsigned long long)cs->answered,
			(unsigned long long)cs->refused, (unsigned long long)cs->timeouts,
			(unsigned long long)cs->failures);
	bench_metric("punch_p99_ms", bench_p99_ms(&cs->latency));
	bench_metric("punch_p50_ms", (double)load_histogram_at(&cs->latency, 0.5) / 1e3);
	bench_metric("punch_answered_pct",
			100.0 * (double)cs->answered / (double)(cs->sent ? cs->sent : 1));
	load_callers_free(c.callers);
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
	bench_metric("core_pct_100k", 100 * cpu / ((double)b->steady_us / 1e6));
	bench_metric("bytes_per_peer", (double)(load_target_rss(&t) - rss) / b->hosts);
	bench_metric("rss_mb_100k", (double)load_target_rss(&t) / (1 << 20));
	punch(b, &t, s);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
}

static const struct {
	const char *name;
	void (*fn)(struct bed *b);
} benches[] = { { "floor", bench_floor }, { "steady", bench_steady }, { "pause", bench_pause },
	{ "kill", bench_kill }, { "million", bench_million } };

static struct bed bed = { .hosts = 100000, .steady_us = 30 * S };
static const char *what = "all";

/* As a test, because the PostgreSQL server of the tests is used. */
START_TEST(measure)
{
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (strcmp(what, "all") == 0 || strcmp(what, benches[i].name) == 0)
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
		fprintf(stderr, "usage: bench-rendezvous [all|floor|steady|pause|kill|million] [DEVICES]\n");
		return 2;
	}
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
