/* rendezvous/planes/nat_answer: the answer to a NAT test by UDP, packed by hand, since each socket
 * that opens asks. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define RDV_NAT_ANSWER_MAX 1500u

struct rdv_nat_answer {
	const struct sockaddr_storage *from;
	uint32_t mask;       /* as hws_addr_encode */
	uint16_t other_port; /* told with the address; 0 = there is none */
	bool address;
	uint64_t time_ms; /* 0 = not told */
	size_t length;    /* filled up to it as far as it goes; 0 = not filled */
};

/* The length of the answer: more than a.length where what is wanted takes more. */
size_t rdv_nat_answer(const struct rdv_nat_answer *a, uint8_t out[RDV_NAT_ANSWER_MAX]);
