/* rendezvous/operate/one_address: do all devices seem to be at one private address? Then something
 * between them and this server hides theirs, as the bridge of a container engine does, and no two
 * of them can be brought together directly. No I/O but reading a text; one thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include <stddef.h>

struct rdv_one_address {
	struct rdv_addr addr;    /* of the devices so far */
	struct rdv_addr gateway; /* this machine's default one; unset: not known */
	uint64_t devices;
	bool several; /* it is not so */
};

/* One device more. False: others need not be looked at. */
bool rdv_one_address_add(struct rdv_one_address *o, const struct rdv_addr *a);
/* Whether those that were added are enough for a warning; the gateway's address is told from a
 * house full of devices by fewer. */
bool rdv_one_address_is(const struct rdv_one_address *o);

/* The default gateway in the text of /proc/net/route; unset when there is none. */
struct rdv_addr rdv_default_gateway(const char *text);
