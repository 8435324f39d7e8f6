/* bench/services/wan: a long line between two programs: a TCP proxy in a process of its own that
 * passes on what it gets so much later, and no more than so much a second. What the line does not
 * carry waits with the sender once the router's queue is full. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct wan {
	pid_t pid;
	uint16_t port; /* connect here: 127.0.0.1 */
};

/* To 127.0.0.1:`to`; `delay_us` each way, `bytes_s` in each direction of each connection. */
void wan_start(struct wan *w, uint16_t to, uint32_t delay_us, uint32_t bytes_s);
void wan_stop(struct wan *w);
