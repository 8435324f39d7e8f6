/* bench/rendezvous/nodes: requests at one node for devices of another. */
#pragma once
#include "tests/bench/rendezvous/bed.h"

/* 2,000 a second, with direct links between the nodes and by the database alone. Nothing without
 * PostgreSQL. */
void bench_cluster(struct bed *b);
