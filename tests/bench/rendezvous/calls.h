/* bench/rendezvous/calls: connection requests beside devices that keep alive. */
#pragma once
#include "tests/bench/rendezvous/bed.h"

/* 2,000 a second, each viewer and device with an address of its own; `first`: the first of the
 * devices of `s`. */
void bench_calls(const struct bed *b, const struct load_target *t, struct load_swarm *s,
		uint32_t first);
/* The same from one large site: 1,000 viewers and 5,000 devices behind one address. */
void bench_site(const struct bed *b, const struct load_target *t, struct load_swarm *s);
