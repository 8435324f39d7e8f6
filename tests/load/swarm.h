/* load/swarm: many simulated devices in one thread. Each has an address of its own in 127.0.0.0/8
 * (one socket serves them all by choosing the source address), an id, a machine id and a key; it
 * registers, keeps alive at the real interval, answers request_pk and pushes as deployed hosts
 * do. */
#pragma once
#include "tests/load/histogram.h"
#include <stdbool.h>
#include <stdint.h>

struct load_swarm;

struct load_swarm_conf {
	uint32_t hosts, first; /* ids first .. first + hosts - 1, shown as 100000000 + n */
	uint32_t server_ip;    /* host order */
	uint16_t server_port;
	uint64_t interval_us; /* between keep-alives: 15 s */
	double loss;          /* part of own packets that are not sent */
	double move;          /* part of keep-alives after which a device changes its address */
	double restart; /* part of keep-alives after which a device starts anew: RegisterPk first */
	bool answer;    /* pushes are answered with PunchHoleSent */
	bool once;      /* says who it is once and is never heard again */
	/* host order: all behind this one address, each with a port (and socket) of its own; 0 =
	 * not */
	uint32_t site_ip;
};

struct load_swarm_stats {
	uint64_t sent, answered, lost, asked, registered, mismatches, refused, pushes, moved,
			restarts, local; /* local: answers with a local address */
	/* answers that found our own receive buffer full: no fault of the server's */
	uint64_t overflow;
	struct load_histogram latency; /* keep-alive to its answer */
};

/* 0 or -errno. */
int load_swarm_new(const struct load_swarm_conf *conf, struct load_swarm **ret);
void load_swarm_free(struct load_swarm *s);
/* Registers all (RegisterPk, then a keep-alive) as fast as the server answers, `window` at once
 * (fewer where the kernel's receive buffers hold fewer). Returns how many are registered when done
 * or after limit_us. */
uint32_t load_swarm_register(struct load_swarm *s, uint32_t window, uint64_t limit_us);
/* Begins with so many new devices each second, however long the server takes, for so long or until
 * *stop. Returns how many are registered. */
uint32_t load_swarm_register_paced(
		struct load_swarm *s, uint32_t per_s, uint64_t us, const bool *stop);
/* Keep-alives evenly spread over the interval for so long, or until *stop. */
void load_swarm_run(struct load_swarm *s, uint64_t us, const bool *stop);
/* Keep-alives as fast as the server answers, `window` at once: for throughput. Returns answers. */
uint64_t load_swarm_saturate(struct load_swarm *s, uint32_t window, uint64_t us);
const struct load_swarm_stats *load_swarm_stats(const struct load_swarm *s);
void load_swarm_reset_stats(struct load_swarm *s);
