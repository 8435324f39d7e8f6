/* rendezvous/state/core: what the planes share. Built by server.c before any thread runs and torn
 * down after all have ended; members say which thread may use them. */
#pragma once
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "shared/base/clock.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/metrics.h"

struct rdv_udp;
struct rdv_tcp;
struct rdv_relays;
struct rdv_attempts;
struct rdv_known_addrs;
struct rdv_rules;
struct rdv_cluster;

/* Counters, added to with hws_count from any thread. */
struct rdv_counts {
	uint64_t udp_in, udp_out, udp_bad, udp_limited, udp_unsent, udp_blocked;
	uint64_t keepalives, ask_pk, register_ok, register_mismatch, register_frequent,
			register_refused;
	uint64_t register_new, register_moved, key_changed, clones;
	uint64_t punch, punch_sent, punch_absent, punch_offline, punch_denied, punch_limited,
			punch_failed;
	uint64_t punch_answered, punch_relayed, punch_local, punch_udp, reply_unasked,
			reply_wrong_ip, reply_lost;
	uint64_t relayed_symmetric, relayed_forced, relayed_host;
	uint64_t relay_requests, relay_refused, relay_answered;
	uint64_t auth_failures, online_queries, online_refused, nat_tests, id_changes,
			id_change_refused;
	uint64_t clients_accepted, clients_refused, clients_bad, encrypted, frames_in;
	uint64_t announced, distances;
	uint64_t cluster_sent, cluster_heard, cluster_pushed, cluster_replied, cluster_failed;
};

struct rdv_core {
	/* Replaced as a whole by a reload, read with rdv_conf(). */
	const struct rdv_config *conf;
	struct hws_identity identity;        /* fixed; any thread */
	char key_text[HWS_KEY_TEXT];         /* fixed */
	struct rdv_presence *presence;       /* any thread */
	struct rdv_journal *journal;         /* any thread (put) */
	struct rdv_udp *udp;                 /* any thread (push) */
	struct rdv_tcp *tcp;                 /* any thread (post) */
	struct rdv_relays *relays;           /* any thread */
	struct rdv_attempts *attempts;       /* any thread */
	struct rdv_known_addrs *known_addrs; /* any thread: addresses that proved something */
	struct rdv_rules *rules;             /* any thread: block and allow lists, groups, policy */
	struct rdv_cluster *cluster;         /* NULL = one node; any thread (post) */
	struct rdv_counts count;
	uint64_t relays_listening; /* atomic: relays that hear announcements */
	bool draining;             /* atomic */
};

static inline const struct rdv_config *rdv_conf(const struct rdv_core *c)
{
	return __atomic_load_n(&c->conf, __ATOMIC_ACQUIRE);
}
