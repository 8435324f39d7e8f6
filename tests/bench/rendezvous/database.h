/* The figures that need a real database: what the devices notice when it pauses, kill -9 under
 * load, a start with a million devices. */
#pragma once
#include "tests/bench/rendezvous/bed.h"

/* With SQLite, and with a PostgreSQL of its own where that is installed. */
void bench_pause(struct bed *b);
void bench_kill(struct bed *b);
/* Also memory, latency and rate with a million devices. */
void bench_million(struct bed *b);
