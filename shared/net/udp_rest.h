/* net/udp_rest: how long a reader of datagrams may sleep while they come fast, instead of being
 * woken by each of them: so that some come at once, and are answered at once. Pure: told how many
 * came and when. */
#pragma once
#include <stdint.h>

struct hws_udp_rest {
	uint64_t since, came; /* of the stretch that is being counted */
	uint64_t rest_us;     /* 0: wait for the socket */
};

/* After each time of reading. Microseconds until the next; 0 = when the socket has something. */
uint64_t hws_udp_rest(struct hws_udp_rest *r, unsigned came, uint64_t now_us);
