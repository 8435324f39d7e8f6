/* host/desktop: hostd's view of the agent: starts it, starts it again with growing pauses when it
 * ends, knows whether there is a desktop to serve, and joins a gate to it. Owner: hostd. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/settings.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <sys/types.h>

struct hws_desktop;

/* A session for the agent: what it is and may do, as hostd judged it. The agent believes nobody
 * else. Texts are borrowed. */
struct hws_desktop_session {
	uint64_t conn;
	unsigned kind;        /* enum hws_session_kind */
	uint32_t permissions; /* HWS_NEED bits */
	const char *my_id, *my_name, *peer, *via;
	bool secure;
};

struct hws_desktop_conf {
	struct hws_child_logs *logs; /* what the agent writes */
	/* The agent has let in the viewer of this connection: it sees the desktop from now on. May
	 * be called for any number, also of a connection that has gone. */
	void (*let_in)(uint64_t conn, void *arg);
	void *arg;
};

struct hws_desktop_state {
	bool ready;
	bool lasting;              /* not ready, and it will not become so by itself */
	const char *backend, *why; /* borrow from the desktop */
	unsigned displays, restarts;
	pid_t pid; /* 0 = not running */
};

/* `settings` and conf->logs are borrowed. Starts the agent at once. */
int hws_desktop_new(struct hws_loop *loop, const struct hws_settings *settings,
		const struct hws_desktop_conf *conf, struct hws_desktop **ret) HWS_MUST_CHECK;
void hws_desktop_free(struct hws_desktop *d);
void hws_desktop_state(const struct hws_desktop *d, struct hws_desktop_state *ret);
/* A fresh link to the agent for this session: the end for the gate, which the caller owns.
 * HWS_ERR_DISPLAY: there is no desktop now. */
int hws_desktop_join(struct hws_desktop *d, const struct hws_desktop_session *s,
		int *ret_fd) HWS_MUST_CHECK;
/* Its permissions are others now. As `part`: an agent that does not take it any more is ended. */
void hws_desktop_permit(struct hws_desktop *d, uint64_t conn, uint32_t permissions);
/* Its session is over: the agent serves it no more, whatever its gate does. */
void hws_desktop_part(struct hws_desktop *d, uint64_t conn);
/* Has a service of the agent say `text` to connection `conn` (0 = to all). `done` is called once,
 * now or later but within seconds: with how many viewers it went to, and why not to another, or to
 * none ("" = there was nobody). */
void hws_desktop_command(struct hws_desktop *d, const char *service, uint64_t conn,
		const char *text, void (*done)(unsigned told, const char *error, void *arg),
		void *arg);
/* From the owner's SIGCHLD: true when it was the agent. */
bool hws_desktop_reaped(struct hws_desktop *d, pid_t pid, int status);
