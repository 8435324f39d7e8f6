/* host/agents: which agent serves a session. The desktop's is always there; the others are started
 * when a session asks for them: one for the files and one for the terminals of an account, which
 * end when nobody has used them for a minute (a terminal's: and no shell is left), and one for each
 * session of tunnels, which ends with it. Owner: hostd; loop thread only. */
#pragma once
#include "client/host/agent_proc.h"
#include "client/host/leavers.h"

struct hws_agents;

struct hws_agents_conf {
	struct hws_child_logs *logs;
	struct hws_leavers *leavers; /* of agents that have to end */
	/* Starts what must not be confined as we are; NULL: nothing is served by that. */
	struct hws_launcher *launcher;
	void (*let_in)(uint64_t conn, void *arg);         /* as struct hws_agent_proc_conf */
	void (*cost)(const Agt__AgentCost *c, void *arg); /* of the desktop's; may be NULL */
	/* Of the desktop's agent: as struct hws_agent_proc_conf; may be NULL. */
	void (*asked)(uint64_t conn, unsigned what, struct hws_bytes data, void *arg);
	/* `account`: whose agent it is; "" = ours, or the desktop's user. */
	void (*audit)(const Agt__AgentAudit *e, enum hws_agent_role role, const char *account,
			void *arg);
	void *arg;
};

/* `settings` and what `conf` borrows outlive it. Starts the desktop's agent. */
int hws_agents_new(struct hws_loop *loop, const struct hws_settings *settings,
		const struct hws_agents_conf *conf, struct hws_agents **ret) HWS_MUST_CHECK;
void hws_agents_free(struct hws_agents *a);
/* A fresh link to the agent that serves such a session: the end for the gate, which the caller
 * owns. HWS_ERR_AGAIN: it is being started, or has no desktop at the moment: ask again soon. All
 * else is final, and `err` has a sentence for the viewer in any case. */
int hws_agents_join(struct hws_agents *a, const struct hws_agent_session *s, int *ret_fd,
		struct hws_error *err) HWS_MUST_CHECK;
/* Its permissions are others now. */
void hws_agents_permit(struct hws_agents *a, unsigned kind, uint64_t conn, uint32_t permissions);
/* Its session is over, also one that was never joined. */
void hws_agents_part(struct hws_agents *a, unsigned kind, uint64_t conn);
/* The settings are others now. Sessions of files end where the permitted folders are others: they
 * come back to an agent that knows these. */
void hws_agents_configure(struct hws_agents *a);
/* As hws_agent_proc_command, to the desktop's. */
void hws_agents_command(struct hws_agents *a, const char *service, uint64_t conn, const char *text,
		void (*done)(unsigned told, const char *error, void *arg), void *arg);
void hws_agents_desktop(const struct hws_agents *a, struct hws_agent_state *ret);
/* The others, for `status`. */
void hws_agents_each(const struct hws_agents *a,
		void (*fn)(enum hws_agent_role role, const char *account, const uint64_t *conns,
				unsigned sessions, const struct hws_agent_state *state, void *arg),
		void *arg);
/* From the owner's SIGCHLD: true when it was one of them. */
bool hws_agents_reaped(struct hws_agents *a, pid_t pid, int status);
