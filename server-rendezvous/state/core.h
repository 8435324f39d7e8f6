/* rendezvous/state/core: where the rooms of this server find each other. Built by server.c before
 * any thread runs and torn down after all have ended; members say which thread may use them. It
 * names the parts and knows none of them: whoever uses one includes that one's header. */
#pragma once
#include "server-rendezvous/state/counts.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>

struct rdv_config;
struct rdv_presence;
struct rdv_proofs;
struct rdv_journal;
struct rdv_store;
struct rdv_udp;
struct rdv_tcp;
struct rdv_relays;
struct rdv_grants;
struct rdv_attempts;
struct rdv_seen;
struct rdv_rules;
struct rdv_cluster;
struct rdv_policy;
struct rdv_surroundings;

struct rdv_core {
	/* Replaced as a whole by a reload, read with rdv_conf(). */
	const struct rdv_config *conf;
	struct hws_identity identity;    /* fixed; any thread */
	char key_text[HWS_KEY_TEXT];     /* fixed */
	struct rdv_store *store;         /* control loop */
	struct rdv_presence *presence;   /* any thread */
	struct rdv_proofs *proofs;       /* any thread; NULL: none are made or taken */
	struct rdv_journal *journal;     /* any thread (put) */
	struct rdv_udp *udp;             /* any thread (push) */
	struct rdv_tcp *tcp;             /* any thread (post) */
	struct rdv_relays *relays;       /* any thread */
	struct rdv_grants *grants;       /* the TCP plane's thread */
	struct rdv_attempts *attempts;   /* any thread */
	struct rdv_seen *known_addrs;    /* any thread: addresses that proved something */
	struct rdv_seen *first_contacts; /* any thread: new devices that spoke once */
	struct rdv_rules *rules;         /* any thread: block and allow lists, groups, policy */
	struct rdv_cluster *cluster;     /* NULL = one node; any thread (post) */
	struct rdv_policy *policy;       /* NULL = none; the TCP plane's thread */
	struct rdv_surroundings *surroundings; /* control loop */
	const struct hws_watchdog *watchdog;   /* control loop; NULL: none yet */
	struct rdv_counts count;
	uint64_t policy_link;      /* atomic: number of the link to the policy, 0 = none now */
	uint64_t node_links;       /* atomic: other nodes that there is a direct link to */
	uint64_t relays_listening; /* atomic: relays that hear announcements */
	bool serving;              /* control loop: the ports are served */
	bool loaded;               /* control loop: what the store had is in memory */
	bool draining;             /* atomic */
	uint64_t newest_s;         /* control loop: the last sign of life in the store, Unix time */
};

static inline const struct rdv_config *rdv_conf(const struct rdv_core *c)
{
	return __atomic_load_n(&c->conf, __ATOMIC_ACQUIRE);
}

/* Control loop: does this server serve everything it should? */
static inline bool rdv_core_ready(const struct rdv_core *c)
{
	return c->loaded && !__atomic_load_n(&c->draining, __ATOMIC_RELAXED);
}
