/* relay/addrs: what each client address has open, and its share of bandwidth, for all shards
 * together. IPv6 counts by /64. An entry exists while a leg of that address is open. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct rly_addrs;
struct rly_addr;

int rly_addrs_new(struct rly_addrs **ret) HWS_MUST_CHECK;
void rly_addrs_free(struct rly_addrs *a);

/* Any thread. One more leg; HWS_ERR_FULL when the address has `max_legs` (0 = no limit). Pair with
 * rly_addr_leave. */
int rly_addr_enter(struct rly_addrs *a, const struct sockaddr_storage *addr, uint32_t max_legs,
		struct rly_addr **ret) HWS_MUST_CHECK;
void rly_addr_leave(struct rly_addrs *a, struct rly_addr *e); /* takes NULL */
/* One more waiting leg, false when there are `max` (0 = no limit). */
bool rly_addr_wait(struct rly_addr *e, uint32_t max);
void rly_addr_wait_end(struct rly_addr *e);

/* Bandwidth: bytes the address may still use now at `rate` bytes per second (a tenth of a second's
 * worth at most is saved up); never below 0. rate 0 = no limit = INT64_MAX. */
int64_t rly_addr_credit(struct rly_addr *e, uint64_t rate, uint64_t now_us);
void rly_addr_charge(struct rly_addr *e, uint64_t bytes);
uint32_t rly_addrs_count(const struct rly_addrs *a);
