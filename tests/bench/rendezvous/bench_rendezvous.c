/* bench rendezvous: the figures of docs/benchmarks.md, as "bench rendezvous.METRIC=VALUE" lines. */
#include "shared/base/clock.h"
#include "shared/base/num.h"
#include "shared/crypto/crypto.h"
#include "tests/bench/rendezvous/database.h"
#include "tests/load/callers.h"
#include "tests/load/floor.h"
#include "tests/load/swarm.h"
#include "tests/load/target.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCALHOST 0x7f000001u
#define S 1000000ull

static uint32_t hosts = 100000;
static uint64_t steady_us = 30 * S;
static char dir[200];

static void metric(const char *name, double value)
{
	printf("bench rendezvous.%s=%.6g\n", name, value);
	fflush(stdout);
}

static const char *program(void)
{
	static char path[400];
	const char *bin = getenv("HAWSER_BIN");

	snprintf(path, sizeof(path), "%s/server-rendezvous/hawser-rendezvous",
			bin ? bin : BUILD_DIR);
	return path;
}

static int start(struct load_target *t, const char *store, const char *threads)
{
	const char *argv[] = { program(), "--state-dir", dir, "--port", "0", "--store", store,
		"--udp-threads", threads, "--log-level", "warn", NULL };

	argv[10] = "info"; /* its "listening" line is waited for */
	return load_target_start(t, argv);
}

static struct load_swarm *swarm(uint16_t port, uint32_t n, uint32_t first)
{
	struct load_swarm_conf conf = { .hosts = n,
		.first = first,
		.server_ip = LOCALHOST,
		.server_port = port,
		.interval_us = 15 * S,
		.answer = true };
	struct load_swarm *s = NULL;

	if (load_swarm_new(&conf, &s) < 0) {
		fprintf(stderr, "bench: cannot make the devices\n");
		exit(1);
	}
	return s;
}

static struct load_swarm *registered(uint16_t port, uint32_t n, uint32_t first)
{
	struct load_swarm *s = swarm(port, n, first);
	uint32_t got = load_swarm_register(s, 500, 300 * S);

	if (got != n) {
		fprintf(stderr, "bench: only %u of %u devices could register\n", got, n);
		exit(1);
	}
	load_swarm_reset_stats(s);
	return s;
}

static double p99_ms(const struct load_histogram *h)
{
	return (double)load_histogram_at(h, 0.99) / 1e3;
}

/* Keep-alives per second of the server's CPU time, each side on a core of its own. */
static double per_core(struct load_swarm *s, const struct load_target *t)
{
	double cpu = load_target_cpu_s(t);
	uint64_t n = load_swarm_saturate(s, 1024, 4 * S);

	cpu = load_target_cpu_s(t) - cpu;
	return cpu > 0 ? (double)n / cpu : 0;
}

static void bench_floor(void)
{
	struct load_target t, floor = { 0 };
	struct load_swarm *s, *f;
	double ours = 0, bare = 0;
	uint16_t port;

	if (start(&t, "memory", "1") < 0 || load_floor_start(&floor.pid, &port) < 0)
		exit(1);
	s = registered(t.port, hosts, 0);
	f = swarm(port, hosts, 0);
	load_pin(t.pid, 1);
	load_pin(floor.pid, 1);
	load_pin(0, 2);
	for (int i = 0; i < 3; i++) {
		bare += per_core(f, &floor);
		ours += per_core(s, &t);
	}
	load_pin(0, ~0u);
	printf("# keep-alives per core-second: %.0f, bare echo %.0f\n", ours / 3, bare / 3);
	metric("register_ratio_floor", ours / bare);
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

static void bench_steady(void)
{
	struct load_callers_conf conf = {
		.server_ip = LOCALHOST, .hosts = hosts, .rate = 2000, .links = 4000, .fresh = true
	};
	struct calling c = { .us = steady_us };
	const struct load_swarm_stats *st;
	const struct load_callers_stats *cs;
	struct load_target t;
	struct load_swarm *s;
	uint64_t rss;
	double cpu;
	pthread_t thread;

	if (start(&t, "memory", "0") < 0)
		exit(1);
	rss = load_target_rss(&t);
	s = registered(t.port, hosts, 0);
	cpu = load_target_cpu_s(&t);
	load_swarm_run(s, steady_us, NULL);
	cpu = load_target_cpu_s(&t) - cpu;
	st = load_swarm_stats(s);
	printf("# %u devices: %llu keep-alives, %llu lost, p50 %.3f ms\n", hosts,
			(unsigned long long)st->sent, (unsigned long long)st->lost,
			(double)load_histogram_at(&st->latency, 0.5) / 1e3);
	metric("p99_ms_100k", p99_ms(&st->latency));
	metric("lost_100k", (double)st->lost);
	metric("core_pct_100k", 100 * cpu / ((double)steady_us / 1e6));
	metric("bytes_per_peer", (double)(load_target_rss(&t) - rss) / hosts);

	conf.server_port = t.port;
	conf.key = t.key;
	if (load_callers_new(&conf, &c.callers) < 0 || pthread_create(&thread, NULL, call, &c) != 0)
		exit(1);
	load_swarm_reset_stats(s);
	load_swarm_run(s, steady_us + S, NULL);
	pthread_join(thread, NULL);
	cs = load_callers_stats(c.callers);
	printf("# calls: %llu sent, %llu answered, %llu refused, %llu timed out, %llu failed\n",
			(unsigned long long)cs->sent, (unsigned long long)cs->answered,
			(unsigned long long)cs->refused, (unsigned long long)cs->timeouts,
			(unsigned long long)cs->failures);
	metric("punch_p99_ms", p99_ms(&cs->latency));
	metric("punch_p50_ms", (double)load_histogram_at(&cs->latency, 0.5) / 1e3);
	metric("punch_answered_pct",
			100.0 * (double)cs->answered / (double)(cs->sent ? cs->sent : 1));
	load_callers_free(c.callers);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
}

static void bench_million(void)
{
	struct load_target t;
	struct load_swarm *s;
	uint64_t rss, began = 0;

	if (start(&t, "memory", "0") < 0)
		exit(1);
	rss = load_target_rss(&t);
	began = hws_clock_us();
	s = registered(t.port, 1000000, 0);
	printf("# a million devices registered in %.1f s\n",
			(double)(hws_clock_us() - began) / 1e6);
	metric("bytes_per_peer_1m", (double)(load_target_rss(&t) - rss) / 1e6);
	load_swarm_run(s, 20 * S, NULL);
	metric("p99_ms_1m", p99_ms(&load_swarm_stats(s)->latency));
	metric("lost_1m", (double)load_swarm_stats(s)->lost);
	metric("rate_1m", (double)load_swarm_saturate(s, 1024, 5 * S) / 5);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";
	uint64_t n;

	if (argc > 2 && (hws_parse_u64(argv[2], &n) < 0 || n == 0 || n > 4000000)) {
		fprintf(stderr, "usage: bench-rendezvous [all|floor|steady|million|database] [DEVICES]\n");
		return 2;
	}
	if (argc > 2)
		hosts = (uint32_t)n;
	if (hws_crypto_init() < 0)
		return 1;
	snprintf(dir, sizeof(dir), "/tmp/bench-rendezvous-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	if (strcmp(what, "all") == 0 || strcmp(what, "floor") == 0)
		bench_floor();
	if (strcmp(what, "all") == 0 || strcmp(what, "steady") == 0)
		bench_steady();
	if (strcmp(what, "all") == 0 || strcmp(what, "database") == 0)
		bench_database(dir, program(), hosts);
	if (strcmp(what, "all") == 0 || strcmp(what, "million") == 0)
		bench_million();
	bench_remove(dir);
	return 0;
}
