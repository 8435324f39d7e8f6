/* Starts what a measurement stands on and ends it: server and load in processes of their own, in
 * a network that no firewall of the machine looks into. */
#include "tests/bench/rendezvous/bed.h"
#include "tests/support/proc.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bench_metric(const char *name, double value)
{
	printf("bench rendezvous.%s=%.6g\n", name, value);
	fflush(stdout);
}

double bench_p99_ms(const struct load_histogram *h)
{
	return (double)load_histogram_at(h, 0.99) / 1e3;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

const char *bench_program(void)
{
	static char path[400];
	const char *bin = getenv("HAWSER_BIN");

	snprintf(path, sizeof(path), "%s/server-rendezvous/hawser-rendezvous",
			bin ? bin : BUILD_DIR);
	return path;
}

void bench_start(const struct bed *b, struct load_target *t, const char *store, const char *threads,
		uint16_t port)
{
	char number[8];
	const char *argv[] = { bench_program(), "--state-dir", b->dir, "--port", number, "--store",
		store, "--udp-threads", threads, "--register-burst",
		"10000", /* a site of 5,000 new devices behind one address is among them */
		NULL };

	/* not from the ephemeral range: the callers' links use it up */
	snprintf(number, sizeof(number), "%u", port ? port : test_free_ports(4) + 1u);
	if (load_target_start(t, argv) < 0)
		exit(1);
}

struct load_swarm *bench_swarm(uint16_t port, uint32_t n, uint32_t first)
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

struct load_swarm *bench_registered(uint16_t port, uint32_t n, uint32_t first)
{
	struct load_swarm *s = bench_swarm(port, n, first);
	uint32_t got = load_swarm_register(s, 2000, 600 * S);

	if (got != n) {
		fprintf(stderr, "bench: only %u of %u devices could register\n", got, n);
		exit(1);
	}
	load_swarm_reset_stats(s);
	return s;
}

void bench_remove(const struct bed *b)
{
	DIR *d = opendir(b->dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	rmdir(b->dir);
}

void bench_fresh(struct bed *b)
{
	if (b->dir[0])
		bench_remove(b);
	snprintf(b->dir, sizeof(b->dir), "/tmp/bench-rendezvous-XXXXXX");
	if (!mkdtemp(b->dir)) {
		perror("bench: /tmp");
		exit(1);
	}
}
