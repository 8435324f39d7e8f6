/* rendezvous/known: addresses that lately registered a device or showed the server's key, so that questions which
 * carry no key (online query, relay request) can be told from a stranger's. Bounded; any thread. */
#pragma once
#include "server-rendezvous/addr.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define RDV_KNOWN_MINUTES 1440u

struct rdv_known;
int rdv_known_new(uint32_t max, struct rdv_known **ret) HWS_MUST_CHECK;
void rdv_known_free(struct rdv_known *k);
void rdv_known_add(struct rdv_known *k, const struct rdv_addr *a, uint64_t now_us);
bool rdv_known_has(struct rdv_known *k, const struct rdv_addr *a, uint64_t now_us);
