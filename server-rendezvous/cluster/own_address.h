/* rendezvous/cluster/own_address: the address of this machine at which other nodes most likely
 * reach it: the one that leads to the database which they share; where that is on this machine,
 * the first one that others can be told. */
#pragma once
#include "shared/base/err.h"
#include <stdint.h>

struct rdv_own_address {
	char at[64];     /* IP:PORT as rdv_link_at_split reads it */
	const char *how; /* static: for the log */
};

/* `towards`: the database's host, "" if it is none of a network. Blocking: looks a name up.
 * `port` must be free there. HWS_ERR_NOTFOUND: this machine has no such address; HWS_ERR_BUSY and
 * the like: the port cannot be had, `ret` says where. */
int rdv_own_address(const char *towards, uint16_t port, struct rdv_own_address *ret) HWS_MUST_CHECK;
