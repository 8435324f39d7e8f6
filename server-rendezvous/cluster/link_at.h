/* rendezvous/cluster/link_at: where a node takes links, as operators write it and nodes tell it.
 * Private to the cluster. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define RDV_LINK_AT_MAX 300 /* "HOST:PORT" with NUL */

/* "HOST", "HOST:PORT", "[IPV6]:PORT"; an IPv6 address without brackets has no port. `def`: the port
 * of who names none; 0 there is an error. HWS_ERR_INVAL. */
int rdv_link_at_split(const char *at, uint16_t def, char *ret_host, size_t size,
		uint16_t *ret_port) HWS_MUST_CHECK;
