/* tests/support/impair: a bad line, in a process of its own: what datagrams or packets go in at one
 * end come out at the other later, fewer, twice, in another order, as fast as the line is. What is
 * lost and what is late is drawn by a seed, so a line is the same each time (the time in which
 * programs use it is not). */
#pragma once
#include "tests/support/impair_line.h"
#include <sys/types.h>

struct impair {
	pid_t pid;
	uint16_t far_port; /* of impair_udp: where what comes out at the far end comes from */
};

/* Between two descriptors of datagrams or packets (taken by the child; the caller closes its own).
 * Both directions are alike. */
bool impair_start(struct impair *i, int a, int b, const struct impair_conf *conf);
void impair_stop(struct impair *i);

/* Before 127.0.0.1:`to`: whoever speaks first to the port returned is carried there and back.
 * 0: not possible. */
uint16_t impair_udp(struct impair *i, uint16_t to, const struct impair_conf *conf);

/* Two network namespaces, and the line their only way: 10.77.0.1 and 10.77.0.2. */
struct impair_towns {
	struct impair line;
	int ns[2]; /* for setns; -1 */
};
/* NULL, or why it is not possible here (rights, no /dev/net/tun). The caller's own namespace
 * stays. */
const char *impair_towns(struct impair_towns *t, const struct impair_conf *conf);
void impair_towns_gone(struct impair_towns *t);
