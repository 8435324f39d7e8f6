/* The same relay in other circumstances (in a container, behind a bridge): what they cost is the
 * ratio to the first one, turn by turn, so that a noisy machine moves both. All are started by who
 * calls: which group of the scheduler a relay is in weighs more than a container. */
#include "tests/bench/relay/beside.h"
#include "shared/base/num.h"
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

/* NAME=IP:PORT:PID; takes `text` to pieces. */
static bool parse(char *text, struct other *ret)
{
	char *rest = text, *name = strsep(&rest, "="), *address = strsep(&rest, ":"),
	     *port = strsep(&rest, ":");
	struct in_addr ip;
	uint32_t pid;
	uint16_t number;

	if (!rest || inet_pton(AF_INET, address, &ip) != 1 || hws_parse_u16(port, &number) < 0 ||
			hws_parse_u32(rest, &pid) < 0 || pid > INT32_MAX)
		return false;
	ret->relay = (struct relay){
		.name = name, .ours = true, .pid = (pid_t)pid, .port = number, .address = ip.s_addr
	};
	return true;
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
			fprintf(stderr, "bench-relay: relay %zu is not NAME=IP:PORT:PID\n", i + 1);
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
