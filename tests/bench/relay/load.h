/* bench/relay/load: relays under test, connections through them, and the traffic that is measured.
 * Ends the bench with a message when anything fails: a figure from half a run would be worth
 * nothing. */
#pragma once
#include "tests/bench/relay/floor.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct relay {
	const char *name;
	bool ours; /* wants a first frame */
	pid_t pid;
	uint16_t port, ws_port;
	uint32_t address; /* of one that was there before, network order; 0 = loopback */
	char dir[32];     /* of its sockets */
};

/* `extra`: further arguments, NULL-terminated, may be NULL. */
void relay_start(struct relay *r, const char *const extra[]);
void relay_start_floor(struct relay *r, enum floor_kind kind, const char *name);
void relay_stop(struct relay *r);
/* Processor time so far, seconds. */
double relay_cpu(const struct relay *r);
/* Memory that only this process has, bytes. */
uint64_t relay_memory(const struct relay *r);

/* Two connected ends; `from` picks the client's address (127.0.0.x), 0 = any. Blocking sockets. */
void pair_open(const struct relay *r, unsigned from, int ret[2]);
/* Two ends without any relay. */
void pair_direct(int ret[2]);

double now_s(void);
int double_order(const void *a, const void *b);
double median(double *v, size_t n);

/* `pairs` senders flat out for so long through r; bytes per second, relay's processor seconds per
 * GiB in *ret_cpu. */
double bulk_run(const struct relay *r, unsigned pairs, double seconds, double *ret_cpu);

struct small_result {
	double cpu_us; /* of the relay for each message */
	double rate;   /* messages per second that arrived */
	double p50_ms, p99_ms;
};
/* `pairs` pairs with messages of `size` bytes, `rate` a second altogether; rate 0 = as many as go
 * with one message of each pair on the way. r NULL = direct connections. */
void small_run(const struct relay *r, unsigned pairs, size_t size, double rate, double seconds,
		struct small_result *ret);

struct fair_result {
	double p99_ms;      /* of the interactive pair */
	double share_error; /* of the bulk pair furthest from the mean, percent */
	double bytes_per_s;
};
void fair_run(const struct relay *r, unsigned bulk, double seconds, struct fair_result *ret);
