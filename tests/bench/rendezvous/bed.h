/* bench/rendezvous/bed: what every measurement of the rendezvous server starts from: the server as
 * a process of its own, a folder for it, devices that are registered. Failures end the program. */
#pragma once
#include "tests/load/swarm.h"
#include "tests/load/target.h"

#define LOCALHOST 0x7f000001u
#define S 1000000ull

struct bed {
	char dir[200]; /* state folder of the server */
	uint32_t hosts;
	uint64_t steady_us;
};

/* "bench rendezvous.NAME=VALUE" */
void bench_metric(const char *name, double value);
double bench_p99_ms(const struct load_histogram *h);
/* The middle one; sorts. */
double bench_median(double *v, unsigned n);
/* The server's program. */
const char *bench_program(void);
/* port 0 = any; threads "0" = one for each core. Returns after the server listens. */
void bench_start(const struct bed *b, struct load_target *t, const char *store, const char *threads,
		uint16_t port);
struct load_swarm *bench_swarm(uint16_t port, uint32_t n, uint32_t first);
/* The same, all registered. */
struct load_swarm *bench_registered(uint16_t port, uint32_t n, uint32_t first);
/* Makes the folder anew, empty. */
void bench_fresh(struct bed *b);
void bench_remove(const struct bed *b);
