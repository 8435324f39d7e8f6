/* host/agent_proc: one agent process as hostd sees it: started with a role, told what its owner has
 * set, asked whether it can serve, joined to gates. That of the desktop is started again, with
 * growing pauses, when it ends; one of another role ends for good, and its owner makes a new one.
 * Owner: host/agents. */
#pragma once
#include "client/host/agent_role.h"
#include "client/host/child_log.h"
#include "client/host/launcher.h"
#include "client/host/settings.h"
#include "proto/agent.pb-c.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <sys/types.h>

struct hws_agent_proc;

/* A session for the agent: what it is and may do, as hostd judged it. The agent believes nobody
 * else. Texts are borrowed. */
struct hws_agent_session {
	uint64_t conn;
	unsigned kind;        /* enum hws_session_kind */
	uint32_t permissions; /* HWS_NEED bits */
	const char *my_id, *my_name, *peer, *via;
	bool secure, by_v2;
	const uint8_t *viewer_pk; /* the key it has proven; NULL: none */
	/* Whose files and shells: "" = the account that this host serves them as. One that the
	 * viewer has proven to be at home with. */
	const char *account;
};

struct hws_agent_proc_conf {
	enum hws_agent_role role;
	const char *account;         /* borrowed; "": as we are. That of the desktop has its own */
	bool no_groups;              /* of `account` none but its first group */
	struct hws_child_logs *logs; /* what the agent writes */
	struct hws_launcher *launcher; /* starts it, and it is not confined as we are; or NULL */
	struct hws_launcher *mounts;   /* what it may have hawser-mount started by; or NULL */
	/* The agent has let in the viewer of this connection: it is served from now on. May be
	 * called for any number, also of a connection that has gone. */
	void (*let_in)(uint64_t conn, void *arg);
	/* A viewer asks for something of the host as a whole; any numbers. May be NULL. */
	void (*asked)(uint64_t conn, unsigned what, struct hws_bytes data, void *arg);
	/* For the audit log. */
	void (*audit)(const Agt__AgentAudit *e, void *arg);
	/* What the pictures of a connection cost, as it says; may be NULL. */
	void (*cost)(const Agt__AgentCost *c, void *arg);
	/* Its state is another one; may be NULL. Not to be freed inside. */
	void (*changed)(struct hws_agent_proc *d, void *arg);
	void *arg;
};

struct hws_agent_state {
	bool ready;
	bool lasting;              /* not ready, and it will not become so by itself */
	bool ended;                /* nor start again */
	const char *backend, *why; /* borrow from the process */
	unsigned displays, restarts, kept;
	pid_t pid;            /* 0 = not running */
	const char *hardware; /* what codes pictures beside the processor; borrows */
};

/* `settings` and what `conf` borrows outlive it. Starts the agent at once. */
int hws_agent_proc_new(struct hws_loop *loop, const struct hws_settings *settings,
		const struct hws_agent_proc_conf *conf, struct hws_agent_proc **ret) HWS_MUST_CHECK;
/* The process ends; *ret_pid (may be NULL): a child that somebody has to wait for, 0 = none. */
void hws_agent_proc_free(struct hws_agent_proc *d, pid_t *ret_pid);
void hws_agent_proc_state(const struct hws_agent_proc *d, struct hws_agent_state *ret);
/* A fresh link to the agent for this session: the end for the gate, which the caller owns.
 * HWS_ERR_DISPLAY: it cannot serve now. */
int hws_agent_proc_join(struct hws_agent_proc *d, const struct hws_agent_session *s,
		int *ret_fd) HWS_MUST_CHECK;
/* Its permissions are others now. As `part`: an agent that does not take it any more is ended. */
void hws_agent_proc_permit(struct hws_agent_proc *d, uint64_t conn, uint32_t permissions);
/* Its session is over: the agent serves it no more, whatever its gate does. */
void hws_agent_proc_part(struct hws_agent_proc *d, uint64_t conn);
/* To the desktop's agent, of a session that another one serves: it is there, or has gone. The
 * person at the desktop is told; nothing depends on it. */
void hws_agent_proc_notice(struct hws_agent_proc *d, const struct hws_agent_session *s);
void hws_agent_proc_notice_gone(struct hws_agent_proc *d, uint64_t conn);
/* The settings are others now. */
void hws_agent_proc_configure(struct hws_agent_proc *d);
/* Has a service of the agent say `text` to connection `conn` (0 = to all). `done` is called once,
 * now or later but within seconds: with how many viewers it went to, and why not to another, or to
 * none ("" = there was nobody). */
void hws_agent_proc_command(struct hws_agent_proc *d, const char *service, uint64_t conn,
		const char *text, void (*done)(unsigned told, const char *error, void *arg),
		void *arg);
/* From the owner's SIGCHLD: true when it was this agent. */
bool hws_agent_proc_reaped(struct hws_agent_proc *d, pid_t pid, int status);
