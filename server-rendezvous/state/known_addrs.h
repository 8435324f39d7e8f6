/* rendezvous/state/known_addrs: addresses that lately registered a device or showed the server's
 * key, so that questions which carry no key (online query, relay request) can be told from a
 * stranger's. Bounded; any thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rdv_known_addrs;
int rdv_known_addrs_new(uint32_t max, struct rdv_known_addrs **ret) HWS_MUST_CHECK;
void rdv_known_addrs_free(struct rdv_known_addrs *k);
void rdv_known_addrs_add(struct rdv_known_addrs *k, const struct rdv_addr *a, uint64_t now_us);
bool rdv_known_addrs_has(struct rdv_known_addrs *k, const struct rdv_addr *a, uint64_t now_us);
