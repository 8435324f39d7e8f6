/* host/report: tells an API server ('api-server') that this host is there, what machine it is, and
 * which sessions it has, as deployed hosts do. What the server answers is a stranger's, so a
 * process of its own talks to it, confined, and hostd takes numbers of sessions from it that are to
 * end, and a strategy, once it has seen who signed it. Loop thread only. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/host_session.h"
#include "client/host/managed.h"
#include "client/host/settings.h"
#include "shared/loop/loop.h"

struct hws_report;

struct hws_report_conf {
	const struct hws_settings *settings; /* borrowed, as the next three */
	const struct hws_whoami *whoami;
	struct hws_managed *managed; /* asks anew every now and then */
	struct hws_child_logs *logs;
	/* Calls fn for each session. */
	void (*each)(void (*fn)(struct hws_host_session *v, void *arg), void *fn_arg, void *arg);
	/* The server wants this session to end. */
	void (*end)(uint64_t conn, void *arg);
	/* It wants this to be set; nobody has looked at it yet. */
	void (*strategy)(struct hws_bytes text, struct hws_bytes signature, void *arg);
	void *arg;
};

/* *ret is NULL, and all is well, where no server is set. */
int hws_report_new(struct hws_loop *loop, const struct hws_report_conf *conf,
		struct hws_report **ret) HWS_MUST_CHECK;
/* A session has come or has gone, or another strategy is in force or asked for: told in a moment,
 * with what else happens by then. Takes NULL. */
void hws_report_changed(struct hws_report *r);
/* A session was let in: told at once, as it may be gone in a moment. Takes NULL. */
void hws_report_now(struct hws_report *r);
void hws_report_free(struct hws_report *r); /* takes NULL */

#define HWS_REPORT_FRAME_MAX                                                                       \
	(40u << 10) /* all sessions that are told at a time; back come numbers, and a strategy */
/* The process; the exit status. */
int hws_report_main(int ipc_fd, bool sandbox);
