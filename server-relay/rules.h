/* relay/rules: everything that may change while the relay runs, as one immutable snapshot with a
 * count of users. Reload builds a new one; each shard takes it over between two turns. */
#pragma once
#include "server-relay/request.h"
#include "shared/base/err.h"
#include "shared/net/addr.h"
#include <stdbool.h>
#include <stdint.h>

enum rly_announce { RLY_ANNOUNCE_OFF, RLY_ANNOUNCE_OPTIONAL, RLY_ANNOUNCE_REQUIRED };

struct rly_rules {
	unsigned users; /* atomic */
	struct rly_keys keys;
	struct hws_cidr_list block, allow, slow, trusted;
	bool proxy_protocol; /* from trusted proxies */
	enum rly_announce announce;
	uint64_t rate_pair, rate_addr, rate_total, rate_slow; /* bytes per second, 0 = no limit */
	uint64_t pair_volume, pair_us;                        /* a pair ends there, 0 = no limit */
	uint64_t downgrade_us;  /* age from which a pair may become slow, 0 = never */
	unsigned downgrade_pct; /* of rate_pair, as average over its life */
	uint64_t first_us, wait_us, idle_us;
	/* RLY_ANNOUNCE_OPTIONAL: a link stands so long before announcements are asked for */
	uint64_t grace_us;
	uint32_t max_waiting_addr, max_legs_addr;
	uint64_t message_max; /* of a WebSocket message */
};

/* Users 1. */
int rly_rules_new(struct rly_rules **ret) HWS_MUST_CHECK;
struct rly_rules *rly_rules_ref(struct rly_rules *r);
void rly_rules_unref(struct rly_rules *r); /* takes NULL */
/* Whether the address may use the relay at all. */
bool rly_rules_admit(const struct rly_rules *r, const struct sockaddr_storage *a);
