/* load/callers: simulated viewers in one thread: connection requests and online queries at a given
 * rate, over a set of links or each over one of its own. */
#pragma once
#include "tests/load/histogram.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_callers;

struct load_callers_conf {
	uint32_t server_ip;
	uint16_t server_port;
	const char *key;
	uint32_t hosts, first; /* whom to call: as in the swarm */
	double rate;           /* requests per second */
	uint32_t links;
	/* host order: all behind this one address; 0 = each link has one of its own */
	uint32_t own_ip;
	bool fresh;    /* a new link for each request, as deployed viewers do */
	double online; /* part of the requests that are online queries (fresh links only) */
	/* part of the answered requests that ask for the relay next, as after a failed direct
	 * way */
	double relay;
};

/* Why requests got no answer, or another than an address. */
struct load_callers_lost {
	/* not sent: all links were waiting (the server is slower than the rate) */
	uint64_t no_link;
	uint64_t no_socket;  /* not sent: no descriptor or port, errno in no_socket_errno */
	uint64_t no_connect; /* the link did not come about in time */
	uint64_t no_answer;  /* it did, and nothing came on it in time */
	uint64_t closed;     /* the server closed it, or sending failed */
	uint64_t offline, absent, wrong_key, limited, other; /* refused, by what the server said */
	int no_socket_errno;
};

struct load_callers_stats {
	uint64_t sent, answered, refused, timeouts, failures, online, relayed;
	struct load_histogram latency;
	/* of our own loop: what other programs held us up, latencies hold too */
	struct load_histogram turn;
	struct load_callers_lost lost;
};

int load_callers_new(const struct load_callers_conf *conf, struct load_callers **ret);
void load_callers_free(struct load_callers *c);
void load_callers_run(struct load_callers *c, uint64_t us, const bool *stop);
const struct load_callers_stats *load_callers_stats(const struct load_callers *c);
/* Adds "what: number" for all that was lost or refused to buf, separated by ", "; buf may hold text
 * already. */
void load_callers_lost_text(const struct load_callers_lost *l, char *buf, size_t size);
