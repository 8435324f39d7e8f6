/* relay/tickets: the pairs that our rendezvous servers announced, for all shards together. Bounded;
 * the oldest make room. Announcements and legs race: a leg may come first and is then asked about
 * again. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct rly_tickets;

int rly_tickets_new(uint32_t max, struct rly_tickets **ret) HWS_MUST_CHECK;
void rly_tickets_free(struct rly_tickets *t);
/* Any thread. An announcement again prolongs. `source` tells the links apart (never 0). */
int rly_tickets_add(struct rly_tickets *t, struct hws_bytes uuid, uint64_t expires_us,
		uint32_t source) HWS_MUST_CHECK;
void rly_tickets_remove(struct rly_tickets *t, struct hws_bytes uuid);
bool rly_tickets_known(struct rly_tickets *t, struct hws_bytes uuid, uint64_t now_us);
/* All that came from there: the link was revoked. */
void rly_tickets_remove_source(struct rly_tickets *t, uint32_t source);
uint32_t rly_tickets_count(struct rly_tickets *t);

/* How many links to rendezvous servers stand as of now. */
void rly_tickets_links(struct rly_tickets *t, unsigned up, uint64_t now_us);
unsigned rly_tickets_links_up(const struct rly_tickets *t);
/* How long at least one link has stood without a gap; 0 = none does. */
uint64_t rly_tickets_up_us(const struct rly_tickets *t, uint64_t now_us);
