/* host/limits: who guessed wrong how often. Two bounds hold at the same time:
 *  - each address, and each IPv6 prefix, has its own count; totals decay, so that nobody is locked
 *    out for ever by somebody else behind the same address;
 *  - all who are not known yet share a count by how they came, and once it is used up a delay that
 *    grows: many addresses guess no faster than one. An address that a server told, and nothing
 *    proves, costs an attacker one datagram: those share the smallest.
 * Who logged in lately, from this address or with this viewer's ID, has a reserve of its own and
 * does not wait for the others. An ID can be claimed, also by who wants to use up that reserve; a
 * key that was proven cannot: nobody else's failures count against it, not even those of its own
 * address. One table, bounded. Pure: time in. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_LIMITS_MAX 4096u
#define HWS_LIMIT_MINUTE 6u                       /* failures within one minute */
#define HWS_LIMIT_TOTAL 30u                       /* and altogether */
#define HWS_LIMIT_DECAY_US (10ull * 60 * 1000000) /* one failure is forgiven each */
/* Of all that are not known together: so many at once, then one after each delay, which doubles
 * from a second to the longest. One of them is forgiven each HWS_LIMIT_POOL_DECAY_US. */
#define HWS_LIMIT_TOLD 10u
#define HWS_LIMIT_TOLD_DELAY_US (20ull * 1000000)
#define HWS_LIMIT_SEEN 120u
#define HWS_LIMIT_SEEN_DELAY_US (4ull * 1000000)
#define HWS_LIMIT_POOL_DECAY_US (60ull * 1000000)
/* Who logged in is known for so long; the last HWS_LIMIT_KNOWN of them. */
#define HWS_LIMIT_KNOWN 256u
#define HWS_LIMIT_KNOWN_US (30ull * 24 * 3600 * 1000000)

struct hws_limits;

/* One that tries. */
struct hws_limit_source {
	const struct sockaddr_storage *addr;
	bool told;             /* the address is a server's word only */
	const char *viewer_id; /* as it calls itself; NULL or "" = nothing */
	bool proven;           /* viewer_id is the text of a key, and it proved that it has it */
};

int hws_limits_new(struct hws_limits **ret) HWS_MUST_CHECK;
void hws_limits_free(struct hws_limits *l);
/* NULL when an attempt may be judged, else the text for the viewer. */
const char *hws_limits_check(
		struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us);
void hws_limits_failed(struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us);
/* Forgets the failures of this address and this viewer (not of prefixes, nor of all together), and
 * knows both from now on. */
void hws_limits_succeeded(struct hws_limits *l, const struct hws_limit_source *s, uint64_t now_us);
/* Whether this address logged in lately; of one that a server told only such logins count. */
bool hws_limits_known(const struct hws_limits *l, const struct sockaddr_storage *a, bool told,
		uint64_t now_us);
uint32_t hws_limits_count(const struct hws_limits *l);
