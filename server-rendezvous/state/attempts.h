/* rendezvous/state/attempts: the last connection attempts and what became of them, for
 * `hawser-admin why ID`. A ring of fixed size; any thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/err.h"
#include "shared/wire/limits.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum rdv_outcome {
	RDV_OUT_SENT,  /* handed to the device, which has not answered (yet) */
	RDV_OUT_PUNCH, /* direct TCP proposed */
	RDV_OUT_UDP,   /* direct UDP proposed */
	RDV_OUT_LOCAL, /* same network: local address given */
	RDV_OUT_RELAY, /* the device chose the relay */
	/* The device has the relay in mind, but both ends told of other ways, too: whether one of
	 * them led there no server sees. */
	RDV_OUT_RELAY_OR,
	/* The direct way failed: the viewer asked for the relay and the device agreed. */
	RDV_OUT_RELAY_ASKED,
	RDV_OUT_REFUSED_BY_DEVICE,
	RDV_OUT_ABSENT,
	RDV_OUT_OFFLINE,
	RDV_OUT_WRONG_KEY,
	RDV_OUT_DENIED, /* by a rule or block list */
	RDV_OUT_LIMITED,
	RDV_OUT_FAILED, /* this server had no memory for it */
	RDV_OUT_COUNT
};

/* Who wants the relay from the beginning. */
enum rdv_forced {
	RDV_FORCED_NOT,
	RDV_FORCED_VIEWER,
	RDV_FORCED_WEBSOCKET, /* the viewer is connected by one */
	RDV_FORCED_SERVER     /* always-use-relay */
};

/* What an end said of ways to it, besides its address at this server. */
#define RDV_OFFER_UDP 1u
#define RDV_OFFER_V6 2u
#define RDV_OFFER_PORT 4u   /* mapped at its router */
#define RDV_OFFER_LIST 8u   /* candidates: an end of ours */
#define RDV_UDP_BLOCKED 16u /* no offer: it says that its UDP does not get through */

/* What the viewer was told to try. */
#define RDV_WAY_TCP 1u
#define RDV_WAY_UDP 2u
#define RDV_WAY_LOCAL 4u
#define RDV_WAY_RELAY 8u
#define RDV_WAY_V6 16u
#define RDV_WAY_PORT 32u /* that the device's router was asked for */

/* Numbers of RelayResponse.relay_reason; 0 = not said. */
#define RDV_REASON_COUNT 8

#define RDV_WORD_MAX 100 /* of what a device says when it refuses */

struct rdv_attempt {
	uint64_t wall_us;
	uint64_t answer_us; /* from request to answer; 0 = none */
	uint64_t up_us;     /* how long the server had been running; set by rdv_attempts_add */
	struct rdv_addr viewer, host;
	char id[HWS_ID_MAX + 1];
	char relay[64];
	char version[16]; /* of the viewer */
	uint8_t outcome, viewer_nat, host_nat;
	uint8_t forced;                     /* enum rdv_forced */
	uint8_t viewer_offers, host_offers; /* RDV_OFFER_ */
	uint8_t ways;                       /* RDV_WAY_ */
	bool ws;
	uint8_t reason;                   /* of a device that wants the relay */
	char host_word[RDV_WORD_MAX + 1]; /* of one that refuses, or of the policy that did */
};

#define RDV_NO_ATTEMPT UINT64_MAX

struct rdv_attempts;
int rdv_attempts_new(uint32_t size, struct rdv_attempts **ret) HWS_MUST_CHECK;
void rdv_attempts_free(struct rdv_attempts *w);
/* Returns a ticket for rdv_attempts_update. */
uint64_t rdv_attempts_add(struct rdv_attempts *w, const struct rdv_attempt *a);
/* Calls change(a, arg) on the entry under the lock, if the ring still has it. */
void rdv_attempts_update(struct rdv_attempts *w, uint64_t ticket,
		void (*change)(struct rdv_attempt *a, void *arg), void *arg);
/* The ways that are open beside a punched IPv4 connection, by what both ends say: RDV_WAY_. */
uint8_t rdv_attempts_ways(uint8_t viewer_offers, uint8_t host_offers);
/* The last one of this viewer, by its IP address, for this device: a viewer asks for the relay on
 * another link. RDV_NO_ATTEMPT: none of late. */
uint64_t rdv_attempts_last(struct rdv_attempts *w, const char *id, const struct rdv_addr *viewer);
/* Newest first, at most `limit`; id NULL or "" = all. A JSON array. */
json_t *rdv_attempts_json(struct rdv_attempts *w, const char *id, unsigned limit);
