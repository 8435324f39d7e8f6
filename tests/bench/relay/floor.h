/* bench/relay/floor: the smallest loops that forward bytes between two sockets: what any relay
 * costs at least. Each runs in a process of its own, joins the connections it accepts two by two
 * and does nothing else. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

enum floor_kind {
	FLOOR_SPLICE,   /* splice through a pipe of 1 MiB for each direction */
	FLOOR_RW_LEVEL, /* read and write, one 64 KiB buffer, level-triggered */
	FLOOR_RW_EDGE   /* the same, edge-triggered */
};

/* Forks; the port is ready on return. The child ends with its parent. */
pid_t floor_start(enum floor_kind kind, uint16_t *ret_port);
