/* Load on an HTTP server of this machine: connections that ask again when they were answered, or a
 * given number of times in a second. */
#pragma once
#include "tests/load/histogram.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_LINKS 64
#define LOAD_REQUEST 512

struct load {
	uint16_t port;
	uint64_t us;     /* how long */
	unsigned links;  /* 0 = LOAD_LINKS */
	unsigned per_s;  /* 0 = as fast as answers come */
	bool any_status; /* else what is not 200 counts as refused */
	/* The n-th request into `buf`; its length. */
	size_t (*make)(char buf[LOAD_REQUEST], uint64_t n, void *arg);
	void *arg;
	uint64_t first; /* number of the first request */

	struct load_histogram times;
	uint64_t asked, refused;
};
/* False: a connection could not be made, or ended. Paced requests count from when they were due,
 * so that a server that stands still is seen. */
bool load_run(struct load *l);
