/* rendezvous/planes/locals: the addresses of this machine that datagrams came to, each with a
 * number of one byte, so that a device's record knows from where to speak to it. Any thread. */
#pragma once
#include "shared/net/udp_local.h"
#include <pthread.h>

/* Machines have a few. What a prefix that is routed to a machine whole may add is not kept: there
 * the route says from where. */
#define RDV_LOCALS_MAX 255

struct rdv_locals {
	pthread_mutex_t lock; /* of those who add one */
	unsigned count;       /* atomic */
	struct hws_udp_local item[RDV_LOCALS_MAX];
};

void rdv_locals_init(struct rdv_locals *l);
void rdv_locals_done(struct rdv_locals *l);
/* Its number, the same from now on; 0: not known, or one too many. */
uint8_t rdv_locals_number(struct rdv_locals *l, const struct hws_udp_local *a);
/* "Not known" for 0; lasts as long as l. */
const struct hws_udp_local *rdv_locals_get(const struct rdv_locals *l, uint8_t number);
