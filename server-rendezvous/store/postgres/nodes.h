/* rendezvous/store/postgres/nodes: this node, for the files of the postgres back-end. */
#pragma once
#include <stdint.h>

struct pg_node;

/* Of this run of the server: what stands in the database under another number means nothing. */
uint64_t pg_node_boot(const struct pg_node *n);
/* After how long a silent node counts as dead. */
uint64_t pg_node_dead_us(const struct pg_node *n);
