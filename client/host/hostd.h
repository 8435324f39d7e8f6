/* host/hostd: the service: owns identity, passwords, listeners, the agent and one session per
 * connection, and the control socket. The only process of a host that holds the private key, so
 * it reads nothing that a viewer or a relay says: a socket goes to a gate with not a byte taken
 * from it, and to relays a gate goes itself. What hostd does read from the network is its own
 * rendezvous servers': replies and pushes, by UDP or on links that it opened (frames, and TLS
 * and WebSocket where such a link has them), and strategies, once their key has vouched for one;
 * and what name servers answer about them, by the C library. What gates and the agent say is
 * capped, field by field, before it is unpacked (host/ipc_caps). tools/hostd_calls.txt lists all
 * that it links and calls of such code, and tools/check_hostd compares, in each test run.
 * Fields are for host/hostd and host/host_control only. */
#pragma once
#include "client/host/agents.h"
#include "client/host/audit_log.h"
#include "client/host/beacon.h"
#include "client/host/door.h"
#include "client/host/host_session.h"
#include "client/host/judge.h"
#include "client/host/layers.h"
#include "client/host/managed.h"
#include "client/host/os_guard.h"
#include "client/host/ports.h"
#include "client/host/report.h"
#include "client/host/seats.h"
#include "client/host/servers.h"
#include "client/host/set_password.h"
#include "client/host/settings.h"
#include "client/host/switches.h"
#include "client/host/whoami.h"
#include "shared/daemon/admit.h"
#include "shared/daemon/control.h"
#include "shared/daemon/daemon.h"
#include "shared/net/listener.h"

#define HWS_UNSEEN_MAX 32u

/* To viewers when the host ends. No word in it makes a viewer give up (core/retry): an update
 * starts the host again at once. */
#define HWS_HOST_STOPS_TEXT "The host is being stopped or restarted"

struct hws_hostd {
	struct hws_loop *loop;
	struct hws_settings *settings;
	int argc;
	char **argv;
	int state_lock; /* -1: none */
	struct hws_whoami whoami;
	struct hws_managed managed;
	struct hws_vault vault;
	struct hws_limits *passwords, *ids;
	struct hws_recent recent;
	struct hws_resume resume_secret;
	struct hws_viewer_keys viewer_keys;
	struct hws_work *work;            /* for passwords that are being set */
	struct hws_set_password *setting; /* one at a time; NULL = none */
	struct hws_switches switches_secret;
	struct hws_judge judge;
	struct hws_admit *admit, *admit_told; /* the second: by addresses that a server told */
	struct hws_door door;
	struct hws_os_guard os_guard;
	struct hws_cidr_list whitelist;
	bool whitelist_any;
	struct hws_listener *direct;
	struct hws_control *control;
	struct hws_daemon *daemon;
	struct hws_agents *agents;
	struct hws_launcher *launcher; /* NULL: there is none */
	struct hws_audit_log *audit;
	struct hws_child_logs logs;
	struct hws_layers layers;
	struct hws_beacon *beacon;   /* NULL: not to be found in the local network */
	struct hws_ports *ports;     /* NULL: no router is asked for a port */
	struct hws_report *report;   /* NULL: no API server is told of this host */
	struct hws_servers *servers; /* NULL: no server is set */
	struct hws_leavers leavers;
	struct hws_host_session_env env;
	struct hws_list sessions;
	struct hws_seats seats;
	unsigned session_count;
	uint64_t last_conn, accepted, refused, opened, started_us;
	/* Sessions that ended before the agent's word that it let them in; the newest few. */
	uint64_t unseen[HWS_UNSEEN_MAX];
	unsigned next_unseen;
	char restart_needed[300]; /* options of the last reload that only the next start takes */
	struct event on_child;
	struct hws_timer drain;
};

/* Sets everything up; `settings` (paths resolved) and the arguments stay the caller's and are
 * read again on a reload. `launcher_fd`: of hws_launcher_spawn, taken in any case; -1 = there is
 * none. */
int hws_hostd_new(struct hws_loop *loop, struct hws_settings *settings, int argc, char **argv,
		int launcher_fd, struct hws_hostd **ret, struct hws_error *err) HWS_MUST_CHECK;
void hws_hostd_free(struct hws_hostd *h);
/* A connected socket (direct, punched) or a viewer at a relay: checks white list and numbers,
 * then starts a gate. conf->fd is taken in any case; conn is filled in. An error has been told
 * in the log. */
int hws_hostd_admit(struct hws_hostd *h, struct hws_host_session_conf *conf);
/* Reads file and environment again, and takes all of it that may change while the host runs, or on
 * an error nothing; what only the next start takes is named in restart_needed. */
int hws_hostd_reload(struct hws_hostd *h, struct hws_error *err) HWS_MUST_CHECK;
/* --- hostd_reload.c, for hostd.c: what follows from settings that may change while the host runs.
 * `whitelist` passes to `h`. */
void hws_hostd_apply_access(struct hws_hostd *h, struct hws_cidr_list *whitelist);
/* Another strategy is to be over the settings. */
void hws_hostd_manage(struct hws_hostd *h);
int hws_hostd_parse_whitelist(const struct hws_settings *s, struct hws_cidr_list *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* --- hostd_audit.c, for hostd.c: `arg` is the hostd. */
void hws_hostd_agent_audit(
		const Agt__AgentAudit *a, enum hws_agent_role role, const char *account, void *arg);
void hws_hostd_session_audit(
		const struct hws_host_session *v, const char *event, const char *why, void *arg);
/* --- hostd_report.c, for hostd.c. */
int hws_hostd_report_open(struct hws_hostd *h) HWS_MUST_CHECK;
/* --- hostd_legs.c, for hostd.c: `arg` is the hostd. */
void hws_hostd_leg_asked(struct hws_host_session *v, const Agt__LegRequest *q, void *arg);
void hws_hostd_leg_up(struct hws_host_session *v, const Agt__LegUp *up, void *arg);
/* With the session. */
void hws_hostd_legs_end(struct hws_hostd *h, uint64_t conn);
/* NULL: there is none, or none any more. */
struct hws_host_session *hws_hostd_session(struct hws_hostd *h, uint64_t conn);
/* Calls fn for each session; fn may close it. */
void hws_hostd_each(
		struct hws_hostd *h, void (*fn)(struct hws_host_session *v, void *arg), void *arg);
