/* What devices notice of the database: it is made to wait and killed while they register, for the
 * figures must hold when it is slow, too. */
#include "tests/bench/rendezvous/database.h"
#include "shared/base/clock.h"
#include "tests/support/postgres.h"
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_US (5 * S)
#define NEW_PER_S 500
#define MILLION 1000000u

/* A database and how to hold it up. */
struct base {
	const char *store; /* for --store */
	struct test_pg *pg;
	sqlite3 *lock;
};

static bool have_postgres(void)
{
	glob_t found;
	bool have = glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0;

	if (have)
		globfree(&found);
	return have;
}

static void hold(struct base *d, const struct bed *b)
{
	char path[300];

	if (d->pg) {
		test_pg_freeze(d->pg, true);
		return;
	}
	snprintf(path, sizeof(path), "%s/rendezvous.sqlite3", b->dir);
	if (sqlite3_open(path, &d->lock) != SQLITE_OK ||
			sqlite3_busy_timeout(d->lock, 5000) != SQLITE_OK ||
			sqlite3_exec(d->lock, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "bench: cannot lock %s: %s\n", path, sqlite3_errmsg(d->lock));
		exit(1);
	}
}

static void let_go(struct base *d)
{
	if (d->pg)
		test_pg_freeze(d->pg, false);
	else
		sqlite3_close(d->lock); /* rolls back */
	d->lock = NULL;
}

struct newcomers {
	struct load_swarm *swarm;
	bool stop;
};

static void *arrive(void *arg)
{
	struct newcomers *n = arg;

	load_swarm_register_paced(n->swarm, NEW_PER_S, 600 * S, &n->stop);
	return NULL;
}

/* One pair: p99 of the keep-alives with the database serving, and with it held up, under the same
 * load. */
static double pause_ratio(struct base *d, const struct bed *b, struct load_swarm *s)
{
	double free_ms, held_ms;

	load_swarm_reset_stats(s);
	load_swarm_run(s, PAUSE_US, NULL);
	free_ms = bench_p99_ms(&load_swarm_stats(s)->latency);
	hold(d, b);
	load_swarm_reset_stats(s);
	load_swarm_run(s, PAUSE_US, NULL);
	held_ms = bench_p99_ms(&load_swarm_stats(s)->latency);
	let_go(d);
	printf("# %s: p99 %.3f ms, held up %.3f ms, lost %llu\n", d->pg ? "postgresql" : "sqlite",
			free_ms, held_ms, (unsigned long long)load_swarm_stats(s)->lost);
	return held_ms / free_ms;
}

static double pause_one(struct base *d, struct bed *b)
{
	struct newcomers n = { 0 };
	struct load_target t;
	struct load_swarm *s;
	double ratio[3];
	pthread_t thread;

	bench_start(b, &t, d->store, "0", 0);
	s = bench_registered(t.port, b->hosts, 0);
	n.swarm = bench_swarm(t.port, NEW_PER_S * 120, 2000000);
	if (pthread_create(&thread, NULL, arrive, &n) != 0)
		exit(1);
	for (int i = 0; i < 3; i++)
		ratio[i] = pause_ratio(d, b, s);
	__atomic_store_n(&n.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	load_swarm_free(n.swarm);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
	return bench_median(ratio, 3);
}

void bench_pause(struct bed *b)
{
	struct base sqlite = { .store = "sqlite" };
	double worst;

	bench_fresh(b);
	worst = pause_one(&sqlite, b);
	bench_metric("db_pause_p99_ratio_sqlite", worst);
	if (have_postgres()) {
		struct test_pg pg = { .sync = true };
		struct base postgres = { .store = pg.url, .pg = &pg };
		double ratio;

		test_pg_start(&pg);
		bench_fresh(b);
		ratio = pause_one(&postgres, b);
		test_pg_stop(&pg);
		bench_metric("db_pause_p99_ratio_postgres", ratio);
		worst = ratio > worst ? ratio : worst;
	}
	bench_metric("db_pause_p99_ratio", worst);
}

/* Every device has its answer; the power goes; who must register again? */
void bench_kill(struct bed *b)
{
	struct load_target t;
	struct load_swarm *s;
	uint64_t began;
	uint16_t port;

	bench_fresh(b);
	bench_start(b, &t, "sqlite", "0", 0);
	port = t.port;
	s = bench_registered(port, b->hosts, 0);
	load_target_stop(&t, SIGKILL);
	began = hws_clock_us();
	bench_start(b, &t, "sqlite", "0", port);
	bench_metric("restart_100k_s", (double)(hws_clock_us() - began) / 1e6);
	load_swarm_run(s, 15 * S, NULL);
	bench_metric("kill9_forgotten", (double)load_swarm_stats(s)->asked);
	bench_metric("kill9_lost", (double)load_swarm_stats(s)->lost);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
}

static void restart_million(struct bed *b, const char *store, const char *metric)
{
	struct load_target t;
	double s[3];

	for (int i = 0; i < 3; i++) {
		uint64_t began = hws_clock_us();

		bench_start(b, &t, store, "0", 0);
		s[i] = (double)(hws_clock_us() - began) / 1e6;
		load_target_stop(&t, SIGTERM);
	}
	bench_metric(metric, bench_median(s, 3));
}

static void million_postgres(struct bed *b)
{
	struct test_pg pg = { 0 };
	struct load_target t;

	test_pg_start(&pg);
	bench_fresh(b);
	bench_start(b, &t, pg.url, "0", 0);
	load_swarm_free(bench_registered(t.port, MILLION, 0));
	load_target_stop(&t, SIGTERM);
	restart_million(b, pg.url, "start_1m_s_postgres");
	test_pg_stop(&pg);
}

void bench_million(struct bed *b)
{
	struct load_target t;
	struct load_swarm *s;
	uint64_t rss, began;
	double cpu;

	bench_fresh(b);
	bench_start(b, &t, "sqlite", "0", 0);
	rss = load_target_rss(&t);
	began = hws_clock_us();
	s = bench_registered(t.port, MILLION, 0);
	printf("# a million devices registered in %.1f s\n",
			(double)(hws_clock_us() - began) / 1e6);
	cpu = load_target_cpu_s(&t);
	load_swarm_run(s, 20 * S, NULL);
	cpu = load_target_cpu_s(&t) - cpu;
	bench_metric("core_pct_1m", cpu * 5);
	bench_metric("p99_ms_1m", bench_p99_ms(&load_swarm_stats(s)->latency));
	bench_metric("lost_1m", (double)load_swarm_stats(s)->lost);
	bench_metric("bytes_per_peer_1m", (double)(load_target_rss(&t) - rss) / MILLION);
	bench_metric("rss_mb_1m", (double)load_target_rss(&t) / (1 << 20));
	bench_metric("rate_1m", (double)load_swarm_saturate(s, 1024, 5 * S) / 5);
	load_swarm_free(s);
	load_target_stop(&t, SIGTERM);
	restart_million(b, "sqlite", "start_1m_s");
	if (have_postgres())
		million_postgres(b);
}
