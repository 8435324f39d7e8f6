/* Two nodes on one PostgreSQL that writes to its disk: devices at one, viewers at the other. */
#include "tests/bench/rendezvous/nodes.h"
#include "tests/load/callers.h"
#include "tests/support/postgres.h"
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATE 2000
#define VIEWERS 4000u
#define DEVICES 20000u
#define WARM_UP_US (5 * S)

struct nodes {
	struct test_pg pg;
	char dir[2][220];
	struct load_target t[2];
};

static bool have_postgres(void)
{
	glob_t found;
	bool have = glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0;

	if (have)
		globfree(&found);
	return have;
}

static void start_node(struct nodes *n, int i, bool linked)
{
	static const char *const names[] = { "a", "b" };
	char port[8], at[32];
	const char *argv[] = { bench_program(), "--state-dir", n->dir[i], "--port", port, "--store",
		n->pg.url, "--node", names[i], "--udp-threads", "0", "--node-address", at, NULL };

	snprintf(port, sizeof(port), "%u", test_free_ports(4) + 1u);
	snprintf(at, sizeof(at), "off");
	if (linked)
		snprintf(at, sizeof(at), "127.0.0.1:%u", test_free_ports(1));
	if (load_target_start(&n->t[i], argv) < 0)
		exit(1);
}

/* Both have the same key, as the operator's guide says. */
static void share_key(const struct nodes *n)
{
	const char *argv[] = { "/bin/cp", "-p", NULL, n->dir[1], NULL };
	char key[260], *out = NULL;

	snprintf(key, sizeof(key), "%s/id_ed25519", n->dir[0]);
	argv[2] = key;
	if (test_run(argv, NULL, &out) != 0) {
		fprintf(stderr, "bench: %s\n", out);
		exit(1);
	}
	free(out);
}

struct calling {
	struct load_callers *callers;
	uint64_t us;
	bool done; /* atomic */
};

static void *call(void *arg)
{
	struct calling *c = arg;

	load_callers_run(c->callers, c->us, NULL);
	__atomic_store_n(&c->done, true, __ATOMIC_RELAXED);
	return NULL;
}

/* At one of the nodes. */
static struct load_callers_stats call_for(
		struct nodes *n, int at, struct load_swarm *devices, uint64_t us)
{
	struct load_callers_conf conf = { .server_ip = LOCALHOST,
		.server_port = n->t[at].port,
		.key = n->t[0].key,
		.hosts = DEVICES,
		.rate = RATE,
		.links = VIEWERS,
		.fresh = true };
	struct calling c = { .us = us };
	struct load_callers_stats stats;
	pthread_t thread;

	if (load_callers_new(&conf, &c.callers) < 0 || pthread_create(&thread, NULL, call, &c) != 0)
		exit(1);
	load_swarm_run(devices, us + 10 * S, &c.done);
	pthread_join(thread, NULL);
	stats = *load_callers_stats(c.callers);
	load_callers_free(c.callers);
	return stats;
}

static void tell(const char *what, const struct load_callers_stats *cs)
{
	char name[80], why[800] = "";

	load_callers_lost_text(&cs->lost, why, sizeof(why));
	printf("# %s: %llu sent, %llu answered; p90 %.1f p95 %.1f p98 %.1f max %.1f ms; p99 of a turn of the generator %.1f "
	       "ms; lost: %s\n",
			what, (unsigned long long)cs->sent, (unsigned long long)cs->answered,
			(double)load_histogram_at(&cs->latency, 0.9) / 1e3,
			(double)load_histogram_at(&cs->latency, 0.95) / 1e3,
			(double)load_histogram_at(&cs->latency, 0.98) / 1e3,
			(double)cs->latency.max / 1e3,
			(double)load_histogram_at(&cs->turn, 0.99) / 1e3, *why ? why : "none");
	snprintf(name, sizeof(name), "%s_p99_ms", what);
	bench_metric(name, bench_p99_ms(&cs->latency));
	snprintf(name, sizeof(name), "%s_p50_ms", what);
	bench_metric(name, (double)load_histogram_at(&cs->latency, 0.5) / 1e3);
	snprintf(name, sizeof(name), "%s_answered_pct", what);
	bench_metric(name, cs->sent ? 100.0 * (double)cs->answered / (double)cs->sent : 0);
}

static void measure(struct bed *b, bool linked, const char *what)
{
	struct nodes n = { .pg.sync = true };
	struct load_swarm *devices;
	struct load_callers_stats stats;

	test_pg_start(&n.pg);
	bench_fresh(b);
	for (int i = 0; i < 2; i++) {
		snprintf(n.dir[i], sizeof(n.dir[i]), "%s/%c", b->dir, 'a' + i);
		if (mkdir(n.dir[i], 0700) < 0)
			exit(1);
	}
	start_node(&n, 0, linked);
	share_key(&n);
	start_node(&n, 1, linked);
	devices = bench_registered(n.t[1].port, DEVICES, 0);
	call_for(&n, 0, devices, WARM_UP_US); /* where they are is being written yet */
	if (linked) { /* what this machine gives now: the same without another node */
		stats = call_for(&n, 1, devices, b->steady_us / 2);
		tell("cluster_own_punch", &stats);
	}
	stats = call_for(&n, 0, devices, b->steady_us / 2);
	tell(what, &stats);
	load_swarm_free(devices);
	load_target_stop(&n.t[0], SIGTERM);
	load_target_stop(&n.t[1], SIGTERM);
	test_pg_stop(&n.pg);
}

void bench_cluster(struct bed *b)
{
	if (!have_postgres()) {
		printf("# no PostgreSQL: nothing of several nodes\n");
		return;
	}
	measure(b, true, "cluster_punch");
	measure(b, false, "cluster_punch_by_database");
}
