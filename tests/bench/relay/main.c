/* bench relay: hawser-relay beside the smallest loops that do the same, in turn and in the same
 * run, so that a noisy machine moves both. Prints "bench relay.METRIC=VALUE". Loopback only; ends
 * within five minutes, --quick within 50 s. */
#include "tests/bench/relay/beside.h"
#include "tests/bench/relay/load.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_MAX 15
#define PAIRS_WANTED 50000u
#define FAIR_LIMIT "40M"
#define FAIR_BULK 50u

static bool quick;
static const char *only; /* NULL = all */

static void metric(const char *name, double value)
{
	printf("bench relay.%s=%.4g\n", name, value);
	fflush(stdout);
}

static void note(const char *what, double value, const char *unit)
{
	printf("#   %-44s %10.4g %s\n", what, value, unit);
	fflush(stdout);
}

/* Small figures say something about a relay only if no other program of the machine is in between:
 * where it is allowed, what is started from here on (relays, floors, load) runs before all
 * others. */
static void isolate(bool on)
{
	struct sched_param p = { .sched_priority = on ? 10 : 0 };

	if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &p) < 0 && on)
		printf("# not allowed to run before other programs: what they do is in the "
		       "figures\n");
}

static bool wanted(const char *name)
{
	if (only && strcmp(only, name) != 0)
		return false;
	printf("# %s\n", name);
	return true;
}

/* --- bulk ------------------------------------------------------------------------------------- */

static void bench_bulk(void)
{
	struct relay splice = { 0 }, rw = { 0 }, ours = { 0 };
	double cpu[3][ROUNDS_MAX], rate[3][ROUNDS_MAX], by_splice[ROUNDS_MAX], by_rw[ROUNDS_MAX],
			rate_by_splice[ROUNDS_MAX];
	size_t rounds = quick ? 3 : 9;
	double s = quick ? 0.8 : 1.2;

	relay_start_floor(&splice, FLOOR_SPLICE, "splice, 1 MiB pipe");
	relay_start_floor(&rw, FLOOR_RW_LEVEL, "read/write, 64 KiB");
	relay_start(&ours, NULL);
	for (size_t i = 0; i < rounds; i++) {
		rate[0][i] = bulk_run(&splice, 1, s, &cpu[0][i]);
		rate[1][i] = bulk_run(&rw, 1, s, &cpu[1][i]);
		rate[2][i] = bulk_run(&ours, 1, s, &cpu[2][i]);
		by_splice[i] = cpu[2][i] / cpu[0][i];
		by_rw[i] = cpu[2][i] / cpu[1][i];
		rate_by_splice[i] = rate[2][i] / rate[0][i];
	}
	relay_stop(&splice);
	relay_stop(&rw);
	relay_stop(&ours);
	note("splice floor: CPU s/GiB", median(cpu[0], rounds), "s");
	note("read/write floor: CPU s/GiB", median(cpu[1], rounds), "s");
	note("hawser-relay: CPU s/GiB", median(cpu[2], rounds), "s");
	note("splice floor: throughput", median(rate[0], rounds) / (1u << 30), "GiB/s");
	note("read/write floor: throughput", median(rate[1], rounds) / (1u << 30), "GiB/s");
	note("hawser-relay: throughput", median(rate[2], rounds) / (1u << 30), "GiB/s");
	metric("bulk_cpu_ratio_splice", median(by_splice, rounds));
	metric("bulk_cpu_ratio_rw", median(by_rw, rounds));
	metric("bulk_throughput_ratio_splice", median(rate_by_splice, rounds));
}

/* With senders and sinks on the same cores, two threads cannot double the throughput; the work must
 * spread, though. */
static void bench_shards(void)
{
	const char *one[] = { "--threads", "1", NULL }, *two[] = { "--threads", "2", NULL };
	struct relay a = { .name = "one thread" }, b = { .name = "two threads" };
	double ratio[ROUNDS_MAX], cpu, s = quick ? 0.8 : 2;
	size_t rounds = quick ? 1 : 3;

	relay_start(&a, one);
	relay_start(&b, two);
	for (size_t i = 0; i < rounds; i++) {
		double x = bulk_run(&a, 8, s, &cpu), y = bulk_run(&b, 8, s, &cpu);

		note("8 bulk pairs, one thread", x / (1u << 30), "GiB/s");
		note("8 bulk pairs, two threads", y / (1u << 30), "GiB/s");
		ratio[i] = y / x;
	}
	relay_stop(&a);
	relay_stop(&b);
	metric("two_threads_throughput_ratio", median(ratio, rounds));
}

/* --- small messages --------------------------------------------------------------------------- */

static void bench_small(size_t size, const char *name)
{
	const char *one[] = { "--threads", "1", NULL };
	struct relay level = { 0 }, edge = { 0 }, ours = { 0 };
	struct small_result r[3];
	double cpu[3][ROUNDS_MAX], s = quick ? 0.8 : 1.2;
	double rate = size > 4096 ? 8000 : 25000;
	size_t rounds = quick ? 3 : 9;

	isolate(true);
	relay_start_floor(&level, FLOOR_RW_LEVEL, "epoll, level");
	relay_start_floor(&edge, FLOOR_RW_EDGE, "epoll, edge");
	relay_start(&ours, one);
	for (size_t i = 0; i < rounds; i++) {
		small_run(&level, 1000, size, rate, s, &r[0]);
		small_run(&edge, 1000, size, rate, s, &r[1]);
		small_run(&ours, 1000, size, rate, s, &r[2]);
		for (unsigned k = 0; k < 3; k++)
			cpu[k][i] = r[k].cpu_us;
	}
	relay_stop(&level);
	relay_stop(&edge);
	relay_stop(&ours);
	isolate(false);
	note("level-triggered floor: CPU per message", median(cpu[0], rounds), "us");
	note("edge-triggered floor: CPU per message", median(cpu[1], rounds), "us");
	note("hawser-relay: CPU per message", median(cpu[2], rounds), "us");
	note("messages per second", r[2].rate, "/s");
	double floor = median(cpu[0], rounds);

	if (median(cpu[1], rounds) < floor)
		floor = median(cpu[1], rounds);
	metric(name, median(cpu[2], rounds) / floor);
}

/* Other programs on the machine only ever add to a latency: of several short rounds the best one
 * counts. */
static double best(const double *v, size_t n)
{
	double least = v[0];

	for (size_t i = 1; i < n; i++)
		least = v[i] < least ? v[i] : least;
	return least;
}

static void bench_latency(void)
{
	struct relay ours = { 0 }, edge = { 0 };
	struct small_result full, r;
	double p50[3][ROUNDS_MAX], p99[3][ROUNDS_MAX], s = 1;
	size_t rounds = quick ? 3 : 9;
	const char *const name[] = { "direct", "edge-triggered floor", "hawser-relay" };
	/* The load needs the other core. */
	const char *one[] = { "--threads", "1", NULL };

	isolate(true);
	relay_start_floor(&edge, FLOOR_RW_EDGE, "epoll, edge");
	relay_start(&ours, one);
	const struct relay *const by[] = { NULL, &edge, &ours };

	small_run(&ours, 1000, 1024, 0, s, &full);
	note("1,000 pairs, 1 KiB, each answered before the next", full.rate, "/s");
	/* Half of what goes when nobody waits for an answer: that is what the load is made of
	 * below. */
	small_run(&ours, 1000, 1024, full.rate, s, &full);
	note("1,000 pairs, 1 KiB, sent without waiting", full.rate, "/s");
	for (size_t i = 0; i < rounds; i++)
		for (unsigned k = 0; k < 3; k++) {
			small_run(by[k], 1000, 1024, full.rate / 2, s, &r);
			p50[k][i] = r.p50_ms;
			p99[k][i] = r.p99_ms;
		}
	relay_stop(&edge);
	relay_stop(&ours);
	isolate(false);
	for (unsigned k = 0; k < 3; k++) {
		char text[80];

		snprintf(text, sizeof(text), "%s, half of that: p50", name[k]);
		note(text, best(p50[k], rounds), "ms");
		snprintf(text, sizeof(text), "%s, half of that: p99, best round", name[k]);
		note(text, best(p99[k], rounds), "ms");
		snprintf(text, sizeof(text), "%s, half of that: p99, median round", name[k]);
		note(text, median(p99[k], rounds), "ms");
	}
	metric("small_p99_ms", best(p99[2], rounds) - best(p99[0], rounds));
}

/* --- fairness --------------------------------------------------------------------------------- */

static void bench_fair(void)
{
	const char *limit[] = { "--limit-total", FAIR_LIMIT, NULL };
	struct relay ours = { 0 };
	struct fair_result r;
	double p99[ROUNDS_MAX], error[ROUNDS_MAX];
	size_t rounds = quick ? 1 : 3;

	isolate(true);
	relay_start(&ours, limit);
	for (size_t i = 0; i < rounds; i++) {
		fair_run(&ours, FAIR_BULK, quick ? 3 : 6, &r);
		p99[i] = r.p99_ms;
		error[i] = r.share_error;
		note("50 bulk pairs under a limit of 40 MiB/s", r.bytes_per_s / (1u << 20),
				"MiB/s");
		note("interactive pair: p99", r.p99_ms, "ms");
		note("bulk pair furthest from the mean", r.share_error, "%");
	}
	relay_stop(&ours);
	isolate(false);
	metric("fair_p99_ms", best(p99, rounds));
	metric("fair_share_error_pct", median(error, rounds));
}

/* --- idle pairs ------------------------------------------------------------------------------- */

/* A process that holds `count` pairs until its standard input ends: one process may not have enough
 * descriptors. */
static pid_t holder(
		const struct relay *r, unsigned count, unsigned from, int *ret_ready, int *ret_hold)
{
	int ready[2], hold[2];
	pid_t pid;
	char c = 0;

	if (pipe(ready) < 0 || pipe(hold) < 0 || (pid = fork()) < 0) {
		perror("bench: holder");
		exit(1);
	}
	if (pid == 0) {
		close(hold[1]);
		close(ready[0]);
		for (unsigned i = 0; i < count; i++) {
			int fd[2];

			pair_open(r, from, fd);
			/* One byte through it shows that the pair stands. */
			if (send(fd[0], &c, 1, MSG_NOSIGNAL) != 1 || recv(fd[1], &c, 1, 0) != 1)
				_exit(1);
		}
		if (write(ready[1], &c, 1) != 1 || read(hold[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(hold[0]);
	*ret_ready = ready[0];
	*ret_hold = hold[1];
	return pid;
}

static void hold_pairs(const struct relay *r, unsigned pairs, unsigned each)
{
	unsigned n = (pairs + each - 1) / each;
	int *ready = calloc(n, sizeof(int)), *hold = calloc(n, sizeof(int));
	pid_t *pid = calloc(n, sizeof(pid_t));
	uint64_t before = relay_memory(r);
	double cpu = relay_cpu(r), t = now_s();
	char c;

	for (unsigned i = 0; i < n; i++) {
		unsigned count = i + 1 < n ? each : pairs - each * (n - 1);

		pid[i] = holder(r, count, i + 1, &ready[i], &hold[i]);
	}
	for (unsigned i = 0; i < n; i++)
		if (read(ready[i], &c, 1) != 1) {
			fprintf(stderr, "bench: a pair was not joined\n");
			exit(1);
		}
	cpu = relay_cpu(r) - cpu;
	t = now_s() - t;
	note("idle pairs held", pairs, "");
	note("memory before", (double)before / 1024, "KiB");
	note("memory with them", (double)relay_memory(r) / 1024, "KiB");
	note("established and used once, wall clock", pairs / t, "pairs/s");
	metric("idle_pairs", pairs);
	metric("idle_bytes_per_pair", (double)(relay_memory(r) - before) / pairs);
	metric("pairs_per_s", pairs / cpu);
	for (unsigned i = 0; i < n; i++) {
		close(hold[i]);
		waitpid(pid[i], NULL, 0);
		close(ready[i]);
	}
	free(ready);
	free(hold);
	free(pid);
}

static void bench_idle(void)
{
	struct relay ours = { 0 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	/* The relay needs two descriptors for each pair and some hundred for itself. */
	unsigned most = (unsigned)(limit.rlim_max - 600) / 2;
	unsigned pairs = quick ? 5000 : PAIRS_WANTED, each = most - 100;

	if (pairs > most) {
		printf("# the descriptor limit (%llu) allows %u pairs instead of %u\n",
				(unsigned long long)limit.rlim_max, most, pairs);
		pairs = most;
	}
	if (each > 12000)
		each = 12000; /* local ports of one address */
	relay_start(&ours, NULL);
	hold_pairs(&ours, pairs, each < pairs / 2 + 1 ? each : pairs / 2 + 1);
	relay_stop(&ours);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--beside") == 0)
		return bench_beside(argv + 2, (size_t)argc - 2);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0) {
			quick = true;
		} else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			only = argv[++i];
		} else {
			fprintf(stderr,
					"usage: bench-relay [--quick] [--only "
					"bulk|shards|small1k|small16k|latency|fair|idle]\n"
					"       bench-relay --beside NAME=IP:PORT:PID ...\n");
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	if (wanted("bulk"))
		bench_bulk();
	if (wanted("shards"))
		bench_shards();
	if (wanted("small1k"))
		bench_small(1024, "small1k_cpu_ratio");
	if (wanted("small16k"))
		bench_small(16384, "small16k_cpu_ratio");
	if (wanted("latency"))
		bench_latency();
	if (wanted("fair"))
		bench_fair();
	if (wanted("idle"))
		bench_idle();
	return 0;
}
