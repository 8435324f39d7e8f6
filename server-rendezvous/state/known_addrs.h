/* rendezvous/state/known_addrs: addresses that lately registered a device or showed the server's
 * key, so that questions which carry no key (online query, relay request) can be told from a
 * stranger's. Bounded; any thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "server-rendezvous/state/seen.h"
#include "shared/base/clock.h"

#define RDV_KNOWN_MINUTES 1440u

static inline int rdv_known_addrs_new(uint32_t max, struct rdv_seen **ret)
{
	return rdv_seen_new(max, 60 * HWS_US_PER_S, RDV_KNOWN_MINUTES, ret);
}

static inline void rdv_known_addrs_add(
		struct rdv_seen *k, const struct rdv_addr *a, uint64_t now_us)
{
	rdv_seen_add(k, hws_bytes(a->ip, sizeof(a->ip)), now_us);
}

static inline bool rdv_known_addrs_has(
		struct rdv_seen *k, const struct rdv_addr *a, uint64_t now_us)
{
	return rdv_seen_has(k, hws_bytes(a->ip, sizeof(a->ip)), now_us);
}
