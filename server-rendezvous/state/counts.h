/* rendezvous/state/counts: what the server counts; operate/metrics.c shows it. */
#pragma once
#include "shared/base/times.h"
#include "shared/daemon/metrics.h"
#include <stdint.h>

/* Counters, added to with hws_count from any thread. */
struct rdv_counts {
	uint64_t udp_in, udp_out, udp_bad, udp_limited, udp_unsent, udp_blocked;
	uint64_t keepalives, ask_pk, register_ok, register_mismatch, register_frequent,
			register_refused, register_unenrolled;
	uint64_t register_proven, register_forged;
	uint64_t register_new, register_moved, key_changed, clones;
	uint64_t punch, punch_sent, punch_absent, punch_offline, punch_denied, punch_limited,
			punch_failed;
	uint64_t punch_answered, punch_relayed, punch_local, punch_udp, reply_unasked,
			reply_wrong_ip, reply_lost;
	uint64_t punch_tcp, punch_v6, punch_list;
	uint64_t relayed_symmetric, relayed_forced, relayed_ws, relayed_server, relayed_host;
	uint64_t relayed_or_direct; /* with other ways beside the relay */
	uint64_t relayed_no_udp;    /* after a direct way failed, with UDP blocked at an end */
	uint64_t relay_requests, relay_refused, relay_answered;
	uint64_t auth_failures, online_queries, online_refused, nat_tests, id_changes,
			id_change_refused;
	uint64_t clients_accepted, clients_refused, clients_bad, encrypted, frames_in;
	uint64_t announced, distances;
	/* Asked; answered from memory; not to be asked; told nobody; what it said. */
	uint64_t policy_asked, policy_kept, policy_away, policy_untold, policy_refused;
	uint64_t http_passed, http_failed; /* requests for the API */
	uint64_t cluster_sent, cluster_heard, cluster_pushed, cluster_replied, cluster_failed,
			cluster_refused, cluster_direct, cluster_again, cluster_repeated;
	struct hws_times answers; /* from a connection request to the device's answer */
};
