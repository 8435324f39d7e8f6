/* net/room: what the kernel gives sockets to live in, and what it threw away: receive buffers and
 * connection tracking. What is lost here never reaches a program, so it has to be asked for. Any
 * thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Asks for a receive buffer of `want` bytes (0 = leave it), beyond net.core.rmem_max where the
 * process may. Returns the bytes that packets can really fill, with what the kernel adds to each; 0
 * when the socket cannot say. */
uint64_t hws_room_receive(int fd, uint64_t want);
/* Datagrams that found the receive buffer full, or links that found the queue of a listening socket
 * full, since it was opened. 0 when the system cannot say. */
uint64_t hws_room_dropped(int fd);

struct hws_room_tracking {
	/* Flows remembered by the firewall of this network namespace; their limit. */
	uint64_t count, max;
	uint64_t dropped; /* packets of new flows that found no room, since the system started */
};
/* Reads the table of connection tracking below `proc` ("/proc"). False when no rule of a firewall
 * uses it (nothing is remembered) or it cannot be read. */
bool hws_room_tracking(const char *proc, struct hws_room_tracking *ret);
