/* load/callers: simulated viewers in one thread: connection requests and online queries at a given rate, over a set of
 * links or each over one of its own. */
#pragma once
#include "tests/load/histogram.h"
#include <stdbool.h>
#include <stdint.h>

struct load_callers;

struct load_callers_conf {
	uint32_t server_ip;
	uint16_t server_port;
	const char *key;
	uint32_t hosts, first; /* whom to call: as in the swarm */
	double rate;           /* requests per second */
	uint32_t links;
	bool fresh;    /* a new link for each request, as deployed viewers do */
	double online; /* part of the requests that are online queries (fresh links only) */
	double relay; /* part of the answered requests that ask for the relay next, as after a failed direct way */
};

struct load_callers_stats {
	uint64_t sent, answered, refused, timeouts, failures, online, relayed;
	struct load_histogram latency;
};

int load_callers_new(const struct load_callers_conf *conf, struct load_callers **ret);
void load_callers_free(struct load_callers *c);
void load_callers_run(struct load_callers *c, uint64_t us, const bool *stop);
const struct load_callers_stats *load_callers_stats(const struct load_callers *c);
