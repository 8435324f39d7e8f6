/* bench/rendezvous/calls: who calls, who keeps alive meanwhile, and why a request was lost if one
 * was. */
#include "tests/bench/rendezvous/calls.h"
#include "tests/load/callers.h"
#include "tests/load/room.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE 2000
#define LINKS 4000u
#define SITE_IP 0x7fe00001u /* 127.224.0.1 */
#define SITE_FIRST 3000000u
#define SITE_DEVICES 5000u
#define SITE_VIEWERS 1000u
/* Of our own loop; beyond it latencies say more about the machine than about the server. */
#define HELD_UP_MS 2.0

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

struct keeping {
	struct load_swarm *swarm;
	const bool *done;
	uint64_t us;
};

static void *keep(void *arg)
{
	struct keeping *k = arg;

	load_swarm_run(k->swarm, k->us, k->done);
	return NULL;
}

/* `devices` may be among the ones of `others`, or a swarm of their own. */
static void run(const struct bed *b, const struct load_callers_conf *conf,
		struct load_swarm *others, struct load_swarm *devices,
		struct load_callers_stats *ret, struct load_losses lost[2])
{
	struct calling c = { .us = b->steady_us };
	struct keeping k = { devices, &c.done, b->steady_us + 10 * S };
	pthread_t caller, keeper;

	if (load_callers_new(conf, &c.callers) < 0)
		exit(1);
	load_swarm_reset_stats(others);
	load_losses_read("/proc", &lost[0]);
	if (pthread_create(&caller, NULL, call, &c) != 0 ||
			(devices != others && pthread_create(&keeper, NULL, keep, &k) != 0))
		exit(1);
	load_swarm_run(others, b->steady_us + 10 * S, &c.done);
	pthread_join(caller, NULL);
	if (devices != others)
		pthread_join(keeper, NULL);
	load_losses_read("/proc", &lost[1]);
	*ret = *load_callers_stats(c.callers);
	load_callers_free(c.callers);
}

static void tell(const char *what, const struct load_callers_stats *cs,
		const struct load_losses lost[2])
{
	double held = (double)load_histogram_at(&cs->turn, 0.99) / 1e3;
	char name[80], why[800] = "";
	bool kernel;

	load_callers_lost_text(&cs->lost, why, sizeof(why));
	kernel = load_losses_text(&lost[0], &lost[1], why, sizeof(why));
	printf("# %s: %llu sent, %llu answered, %llu refused, %llu timed out, %llu failed\n", what,
			(unsigned long long)cs->sent, (unsigned long long)cs->answered,
			(unsigned long long)cs->refused, (unsigned long long)cs->timeouts,
			(unsigned long long)cs->failures);
	printf("bench rendezvous.%s_lost_why=%s\n", what, *why ? why : "none");
	fflush(stdout);
	if (kernel && lost[1].tracking > lost[0].tracking) {
		fprintf(stderr,
				"bench: %s. That is this machine's firewall, not the server: no "
				"figures. Run as root "
				"or allow user namespaces, then the benchmark has a network of "
				"its own\n",
				why);
		exit(1);
	}
	if (held > HELD_UP_MS)
		printf("# the generator itself was held up by other programs (p99 of a turn "
		       "%.1f ms): latencies are too long by as much\n",
				held);
	snprintf(name, sizeof(name), "%s_p99_ms", what);
	bench_metric(name, bench_p99_ms(&cs->latency));
	snprintf(name, sizeof(name), "%s_p50_ms", what);
	bench_metric(name, (double)load_histogram_at(&cs->latency, 0.5) / 1e3);
	snprintf(name, sizeof(name), "%s_answered_pct", what);
	uint64_t wanted = cs->sent + cs->lost.no_link + cs->lost.no_socket;
	bench_metric(name, 100.0 * (double)cs->answered / (double)(wanted ? wanted : 1));
}

void bench_calls(const struct bed *b, const struct load_target *t, struct load_swarm *s,
		uint32_t first)
{
	struct load_callers_conf conf = { .server_ip = LOCALHOST,
		.server_port = t->port,
		.key = t->key,
		.hosts = b->hosts,
		.first = first,
		.rate = RATE,
		.links = LINKS,
		.fresh = true };
	struct load_callers_stats stats;
	struct load_losses lost[2];

	run(b, &conf, s, s, &stats, lost);
	tell("punch", &stats, lost);
}

void bench_site(const struct bed *b, const struct load_target *t, struct load_swarm *s)
{
	struct load_swarm_conf site = { .hosts = SITE_DEVICES,
		.first = SITE_FIRST,
		.server_ip = LOCALHOST,
		.server_port = t->port,
		.interval_us = 15 * S,
		.answer = true,
		.site_ip = SITE_IP };
	struct load_callers_conf conf = { .server_ip = LOCALHOST,
		.server_port = t->port,
		.key = t->key,
		.hosts = SITE_DEVICES,
		.first = SITE_FIRST,
		.rate = RATE,
		.links = SITE_VIEWERS,
		.own_ip = SITE_IP,
		.fresh = true };
	struct load_swarm *devices = NULL;
	struct load_callers_stats stats;
	struct load_losses lost[2];

	if (load_swarm_new(&site, &devices) < 0 ||
			load_swarm_register(devices, 200, 120 * S) != SITE_DEVICES) {
		fprintf(stderr, "bench: the devices of the site could not register\n");
		exit(1);
	}
	load_swarm_reset_stats(devices);
	run(b, &conf, s, devices, &stats, lost);
	tell("site_punch", &stats, lost);
	bench_metric("site_lost", (double)load_swarm_stats(devices)->lost);
	load_swarm_free(devices);
}
