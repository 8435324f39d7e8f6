/* relay/addrs: what each client address has open, and its share of bandwidth, for all shards
 * together. IPv6 counts by /64, and once more by /48: whoever got a /48 is not 65,536 people. An
 * entry exists while a leg of that address is open. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct rly_addrs;
struct rly_addr;

int rly_addrs_new(struct rly_addrs **ret) HWS_MUST_CHECK;
void rly_addrs_free(struct rly_addrs *a);

/* A /48 of IPv6 may have as much as so many addresses. */
#define RLY_ADDR_WIDE 4u

/* How much of a table that all share one address may hold: `weight` times what is free. Who takes
 * much thereby leaves room for others, however many take much; who has little always finds some.
 * Never 0. */
static inline uint32_t rly_addr_share(uint64_t used, uint64_t max, uint32_t weight)
{
	uint64_t share = used < max ? (max - used) * weight + 1 : 1;

	return share > UINT32_MAX ? UINT32_MAX : (uint32_t)share;
}

/* Any thread. One more leg; HWS_ERR_FULL when the address has `max_legs` (0 = no limit). Pair with
 * rly_addr_leave. */
int rly_addr_enter(struct rly_addrs *a, const struct sockaddr_storage *addr, uint32_t max_legs,
		struct rly_addr **ret) HWS_MUST_CHECK;
void rly_addr_leave(struct rly_addrs *a, struct rly_addr *e); /* takes NULL */
/* One more waiting leg, false when there are `max` (0 = no limit). */
bool rly_addr_wait(struct rly_addr *e, uint32_t max);
void rly_addr_wait_end(struct rly_addr *e);
/* What it has, or its /48 if it has one: by this the one that took most is found. */
uint32_t rly_addr_legs(const struct rly_addr *e);
uint32_t rly_addr_waiting(const struct rly_addr *e);
/* The same of an address that may have no entry: 0. */
uint32_t rly_addrs_legs(struct rly_addrs *a, const struct sockaddr_storage *addr);
/* `n` more bytes of memory that are collected for it; false when it has more than `max`, but they
 * are counted in any case. */
bool rly_addr_collect(struct rly_addr *e, uint32_t n, uint64_t max);
void rly_addr_collect_end(struct rly_addr *e, uint32_t n);

/* Bandwidth: bytes the address may still use now at `rate` bytes per second (a tenth of a second's
 * worth at most is saved up); never below 0. rate 0 = no limit = INT64_MAX. */
int64_t rly_addr_credit(struct rly_addr *e, uint64_t rate, uint64_t now_us);
void rly_addr_charge(struct rly_addr *e, uint64_t bytes);
uint32_t rly_addrs_count(const struct rly_addrs *a);
