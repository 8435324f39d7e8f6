/* load/room: what a load generator needs of the machine, said before it begins, and what was lost
 * on the way while it ran: figures that only show a full table of the kernel are worth nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A network of its own for this process and all that it starts: an empty loopback without a
 * firewall, with the kernel's default settings. Before any thread; 0, or -1 with the reason. */
int load_own_network(char *why, size_t size);

struct load_need {
	uint64_t flows; /* pairs of address and port that are new to a firewall, at the same time */
	uint64_t files; /* descriptors of this process */
};
/* Raises the limit of descriptors as far as it goes and looks at the firewall's table below `proc`
 * ("/proc"). False with what is missing and how to get it. */
bool load_room_enough(const char *proc, const struct load_need *need, char *why, size_t size);

/* Counters of this network namespace and the sockets that count; what grew between two of them is a
 * cause. */
struct load_losses {
	uint64_t tracking;   /* packets of new flows without room in the firewall's table */
	uint64_t udp_buffer; /* datagrams that found a receive buffer full, whoever's */
	uint64_t queue;      /* links that found the queue of a listening socket full */
	uint64_t unsent;     /* packets that the kernel threw away before sending (a firewall) */
};
void load_losses_read(const char *proc, struct load_losses *ret);
/* Adds "what: number" for all that grew to buf, separated by ", "; buf may hold text already. True
 * if anything did. */
bool load_losses_text(const struct load_losses *before, const struct load_losses *after, char *buf,
		size_t size);
