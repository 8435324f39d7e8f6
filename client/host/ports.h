/* host/ports: has the router pass a port on to this host ('map-ports'), while it is registered at a
 * server. Routers and all that answers in their place are strangers, so a process of its own asks
 * them, confined, and hostd takes a few numbers from it. It keeps the port until hostd's end of its
 * socket closes, then gives it back and ends, also where hostd was killed. Loop thread only. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/host_session.h"
#include "client/host/settings.h"
#include "client/reach/mapped_port.h"
#include "shared/loop/loop.h"

struct hws_ports;

struct hws_ports_conf {
	const struct hws_settings *settings; /* borrowed, as `logs` */
	struct hws_child_logs *logs;
	/* A viewer has come by it: as hws_online_conf. */
	int (*admit)(struct hws_host_session_conf *conf, void *arg);
	void *arg;
};

#define HWS_PORTS_TEXT 64

struct hws_ports_status {
	bool on;
	const char *state;            /* "mapped", "asking", "idle" (not wanted), "none" */
	const char *by, *by_text;     /* "pcp", "PCP"; "" when there is none */
	char address[HWS_PORTS_TEXT]; /* "IP:PORT", or "" */
	const char *why;              /* a sentence; "" when mapped */
};

/* Listens; nothing else runs until it is wanted. *ret is NULL, and all is well, when the settings
 * want none or no server is set. */
int hws_ports_new(struct hws_loop *loop, const struct hws_ports_conf *conf,
		struct hws_ports **ret) HWS_MUST_CHECK;
/* For reach/answer; NULL where `p` is. */
struct hws_mapped_port *hws_ports_port(struct hws_ports *p);
/* Viewers may ask one more server for this host, or one less: called in pairs. What is not wanted
 * any more is given back after a minute. Takes NULL. */
void hws_ports_want(struct hws_ports *p, bool wanted);
/* The network may be another one. Takes NULL. */
void hws_ports_again(struct hws_ports *p);
/* Of the port of TCP, or of UDP. Takes NULL. */
void hws_ports_status(const struct hws_ports *p, bool udp, struct hws_ports_status *ret);
/* Takes NULL. */
void hws_ports_free(struct hws_ports *p);

/* The process; the exit status. */
int hws_ports_main(int ipc_fd, bool sandbox);
