/* bench/relay/beside: relays that others have started, each against the first of them in the same
 * run. */
#pragma once
#include <stddef.h>

/* Each argument NAME=IP:PORT:PID: a relay that serves there without a key, and its process here;
 * they are taken to pieces. Prints what becomes of throughput and of processor time for each byte.
 * Returns the exit status. */
int bench_beside(char *const arguments[], size_t count);
