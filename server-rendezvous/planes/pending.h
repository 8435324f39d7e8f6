/* rendezvous/planes/pending: the requests of one client that wait for a device. */
#pragma once
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/addr.h"
#include "server-rendezvous/state/granted.h"
#include "shared/crypto/identity.h"
#include "shared/wire/limits.h"
#include <stdbool.h>
#include <stdint.h>

#define RDV_PENDING_MAX 4 /* of one client */

struct rdv_pending {
	char id[HWS_ID_MAX + 1]; /* "" = free */
	struct rdv_addr host;    /* where it was pushed to */
	uint64_t until_us, began_us;
	uint64_t attempt; /* its number, for rdv_attempts_update; UINT64_MAX = none yet */
	bool relay;       /* RequestRelay, else PunchHoleRequest */
	bool answered, answered_udp;
	bool force_relay;
	uint8_t forced; /* enum rdv_forced */
	bool elsewhere; /* the device is at another node */
	bool has_pk;    /* then: the database knows its key, */
	bool proves;    /* and that it proves itself */
	uint8_t pk[HWS_PK_LEN];
	uint8_t viewer_nat;
	uint8_t viewer_offers;       /* RDV_OFFER_ */
	char uuid[HWS_UUID_MAX + 1]; /* relay: the pair id the viewer made */
	struct rdv_granted granted;  /* by the policy, if there is one */
	bool udp_blocked;            /* at the viewer, by its word */
	char relay_server[RDV_RELAY_TEXT];
};

/* `list` is NULL, or RDV_PENDING_MAX of them. */
struct rdv_pending *rdv_pending_find(struct rdv_pending *list, const char *id, bool relay);
/* The entry of this request: the one that waits already, a free one, or the oldest; makes *list
 * when needed (free with hws_free). NULL without memory, or for an id that is too long. */
struct rdv_pending *rdv_pending_take(
		struct rdv_pending **list, const char *id, bool relay, uint64_t now_us);
