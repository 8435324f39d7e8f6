/* tests: the relay of a test, and its follower, as most tests of the relay have them. */
#pragma once
#include "tests/component/relay/actors.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIB (1u << 20)

extern struct relay relay, next; /* next: that takes over from it */

/* Starts `relay` with further arguments (relay_start). */
void start(const char *const extra[]);
#define START(...) start((const char *const[]){ __VA_ARGS__, NULL })
/* hawser-admin relay ...; the output as JSON (decref it), *ret_status is the exit status. */
json_t *admin(int *ret_status, const char *a1, const char *a2, const char *a3);
/* The same, which must succeed. */
void admin_ok(const char *a1, const char *a2, const char *a3);
/* The id of the only pair. */
void only_pair(char id[32]);
/* A sender on a thread of its own. */
struct flow {
	struct leg l[2];
	pthread_t thread;
	uint64_t got; /* atomic */
	bool stop;    /* atomic */
};
/* Opens a pair at 127.0.0.<host> and sends through it as fast as it goes, until the stop. */
void flow_start(struct flow *f, unsigned host);
void flow_stop(struct flow *f);
/* Bytes per second over `ms`, by reading. */
double rate_of(struct flow *f, unsigned n, unsigned ms);
/* The page of figures, and the value of one on it. */
void scrape(char *buf, size_t size);
double metric(const char *page, const char *name);
/* For what a failed test leaves behind. */
void cleanup(void);
