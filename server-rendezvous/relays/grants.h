/* rendezvous/relays/grants: which address has lately been let through to which device, and by which
 * relay: without a grant nobody may ask a device to come to a relay. Bounded, the oldest make room.
 * One thread (the TCP plane's). */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/err.h"
#include "shared/wire/limits.h"

#define RDV_RELAY_TEXT 256

struct rdv_grants;
int rdv_grants_new(uint32_t max, struct rdv_grants **ret) HWS_MUST_CHECK;
void rdv_grants_free(struct rdv_grants *g);
/* After a request with the right key. Keeps the relay of an earlier one. */
void rdv_grant_give(
		struct rdv_grants *g, const struct rdv_addr *ip, const char *id, uint64_t now_us);
/* The relay the viewer was told. */
void rdv_grant_relay(struct rdv_grants *g, const struct rdv_addr *ip, const char *id,
		const char *relay, uint64_t now_us);
/* The relay ("" when none was named yet), or NULL without a grant; borrows until the next call. */
const char *rdv_grant_find(
		struct rdv_grants *g, const struct rdv_addr *ip, const char *id, uint64_t now_us);
