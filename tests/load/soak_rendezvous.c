/* soak-rendezvous: a rendezvous server under a million devices that come, move and never return,
 * and viewers that ask for them; its memory must stay flat. Bounded: about four minutes. Exit
 * status 1 when it is not flat. */
#include "shared/base/clock.h"
#include "shared/base/num.h"
#include "shared/crypto/crypto.h"
#include "tests/load/callers.h"
#include "tests/load/swarm.h"
#include "tests/load/target.h"
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S 1000000ull
#define LOCALHOST 0x7f000001u
#define STAY 50000u /* devices that stay and move */
#define SETTLE_S                                                                                   \
	120u /* a device that was heard once is forgotten after 90 s: until then memory grows */
#define MEASURE_S 100u
#define STEP_S 5u
#define STEPS ((SETTLE_S + MEASURE_S) / STEP_S)

struct soak {
	struct load_target server;
	struct load_swarm *strangers, *residents;
	struct load_callers *viewers;
	uint32_t per_s;
	bool stop;
};

static void *strangers(void *arg)
{
	struct soak *k = arg;

	load_swarm_register_paced(k->strangers, k->per_s, 3600 * S, &k->stop);
	return NULL;
}

static void *residents(void *arg)
{
	struct soak *k = arg;

	load_swarm_run(k->residents, 3600 * S, &k->stop);
	return NULL;
}

static void *viewers(void *arg)
{
	struct soak *k = arg;

	load_callers_run(k->viewers, 3600 * S, &k->stop);
	return NULL;
}

static int start(struct soak *k, const char *dir, uint32_t churn)
{
	const char *bin = getenv("HAWSER_BIN");
	char path[400];
	const char *argv[] = { path, "--state-dir", dir, "--port", "0", "--punch-rate", "0",
		"--target-rate", "0", NULL };
	struct load_swarm_conf conf = { .server_ip = LOCALHOST, .interval_us = 15 * S };
	struct load_callers_conf call = {
		.server_ip = LOCALHOST, .hosts = STAY, .rate = 300, .links = 1000, .fresh = true
	};

	snprintf(path, sizeof(path), "%s/server-rendezvous/hawser-rendezvous",
			bin ? bin : BUILD_DIR);
	if (load_target_start(&k->server, argv) < 0)
		return -1;
	conf.server_port = call.server_port = k->server.port;
	call.key = k->server.key;
	conf.hosts = STAY;
	conf.move = 0.3;
	conf.answer = true;
	if (load_swarm_new(&conf, &k->residents) < 0 || load_callers_new(&call, &k->viewers) < 0)
		return -1;
	conf.hosts = churn;
	conf.first = STAY;
	conf.once = true;
	return load_swarm_new(&conf, &k->strangers);
}

/* True when no sample after the settling time is more than a twentieth above the first of them. */
static bool is_flat(const uint64_t rss[STEPS])
{
	uint64_t base = rss[SETTLE_S / STEP_S], top = 0;

	for (unsigned i = SETTLE_S / STEP_S; i < STEPS; i++)
		top = rss[i] > top ? rss[i] : top;
	printf("soak: %.1f MB after %u s, at most %.1f MB in the %u s behind them\n",
			(double)base / (1 << 20), SETTLE_S, (double)top / (1 << 20), MEASURE_S);
	return top <= base + base / 20;
}

/* Reads what the server logs, so that it never waits for us; shows what an operator would have to
 * know. */
static void watch(const struct load_target *t, uint64_t us)
{
	uint64_t now = hws_clock_us(), until = now + us;
	char buf[4096];

	for (; now < until; now = hws_clock_us()) {
		struct pollfd p = { .fd = t->log, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, (int)((until - now) / 1000) + 1) <= 0)
			continue;
		n = read(t->log, buf, sizeof(buf) - 1);
		if (n <= 0)
			return;
		buf[n] = 0;
		if (strstr(buf, " error "))
			fputs(buf, stderr);
	}
}

static int run(struct soak *k)
{
	void *(*const work[])(void *) = { strangers, residents, viewers };
	const struct load_swarm_stats *st;
	uint64_t rss[STEPS];
	pthread_t thread[3];
	bool good;

	if (load_swarm_register(k->residents, 1000, 120 * S) != STAY) {
		fprintf(stderr, "soak: not all devices could register\n");
		return 1;
	}
	load_swarm_reset_stats(k->residents);
	for (int i = 0; i < 3; i++) {
		if (pthread_create(&thread[i], NULL, work[i], k) != 0)
			return 1;
	}
	for (unsigned i = 0; i < STEPS; i++) {
		watch(&k->server, STEP_S * S);
		rss[i] = load_target_rss(&k->server);
		printf("soak: %3u s, %8llu strangers, %5.1f MB\n", (i + 1) * STEP_S,
				(unsigned long long)load_swarm_stats(k->strangers)->answered,
				(double)rss[i] / (1 << 20));
		fflush(stdout);
	}
	__atomic_store_n(&k->stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	st = load_swarm_stats(k->residents);
	printf("soak: strangers answered %llu, keep-alives %llu, moves %llu, lost %llu, calls "
	       "answered %llu\n",
			(unsigned long long)load_swarm_stats(k->strangers)->answered,
			(unsigned long long)st->sent, (unsigned long long)st->moved,
			(unsigned long long)st->lost,
			(unsigned long long)load_callers_stats(k->viewers)->answered);
	good = is_flat(rss);
	puts(good ? "soak: flat" : "soak: NOT FLAT");
	return good ? 0 : 1;
}

static void remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/soak-rendezvous-XXXXXX";
	struct soak k = { 0 };
	uint64_t churn = 1100000;
	int status = 1;

	if (argc > 1 && (hws_parse_u64(argv[1], &churn) < 0 || churn < 1000 || churn > 4000000)) {
		fprintf(stderr, "usage: soak-rendezvous [DEVICES]\n");
		return 2;
	}
	if (hws_crypto_init() < 0 || !mkdtemp(dir))
		return 1;
	k.per_s = (uint32_t)(churn / (SETTLE_S + MEASURE_S)) + 1;
	if (start(&k, dir, (uint32_t)churn) == 0)
		status = run(&k);
	load_target_stop(&k.server, SIGTERM);
	load_swarm_free(k.strangers);
	load_swarm_free(k.residents);
	load_callers_free(k.viewers);
	remove_dir(dir);
	return status;
}
