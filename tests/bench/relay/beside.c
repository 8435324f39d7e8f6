/* The same relay in other circumstances (in a container, behind a bridge): what they cost is the
 * ratio to the first one, turn by turn, so that a noisy machine moves both. All are started by who
 * calls: which group of the scheduler a relay is in weighs more than a container. */
#include "tests/bench/relay/beside.h"
#include "tests/bench/relay/load.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 15
#define RELAYS_MAX 4
#define ROUND_S 0.8

struct other {
	struct relay relay;
	double cpu[ROUNDS], rate[ROUNDS];
};

static bool parse(const char *text, struct other *ret)
{
	char name[32], address[48];
	unsigned port, pid;
	struct in_addr ip;
	int end = 0;

	if (sscanf(text, "%31[a-z_]=%47[0-9.]:%u:%u%n", name, address, &port, &pid, &end) != 4 ||
			text[end] || inet_pton(AF_INET, address, &ip) != 1 || port > UINT16_MAX)
		return false;
	ret->relay = (struct relay){ .name = strdup(name),
		.ours = true,
		.pid = (pid_t)pid,
		.port = (uint16_t)port,
		.address = ip.s_addr };
	return ret->relay.name != NULL;
}

int bench_beside(char *const arguments[], size_t count)
{
	static struct other relays[RELAYS_MAX];
	struct other *first = &relays[0];

	signal(SIGPIPE, SIG_IGN);
	if (count > RELAYS_MAX)
		return 2;
	for (size_t i = 0; i < count; i++)
		if (!parse(arguments[i], &relays[i])) {
			fprintf(stderr, "bench-relay: '%s' is not NAME=IP:PORT:PID\n",
					arguments[i]);
			return 2;
		}
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < count; i++) {
			struct other *o = &relays[i];

			o->rate[round] = bulk_run(&o->relay, 1, ROUND_S, &o->cpu[round]);
			if (o != first) {
				o->rate[round] /= first->rate[round];
				o->cpu[round] /= first->cpu[round];
			}
		}
		printf("# %s: %.2f GiB/s, %.3f CPU s/GiB\n", first->relay.name,
				first->rate[round] / (1u << 30), first->cpu[round]);
	}
	for (size_t i = 1; i < count; i++)
		printf("beside %s throughput_ratio=%.4f cpu_ratio=%.4f\n", relays[i].relay.name,
				median(relays[i].rate, ROUNDS), median(relays[i].cpu, ROUNDS));
	return 0;
}
