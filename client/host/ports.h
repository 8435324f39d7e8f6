/* host/ports: has the router pass a port on to this host ('map-ports'), while it is registered at a
 * server. Routers and all that answers in their place are strangers, so a process of its own asks
 * them, confined, and hostd takes a few numbers from it. It keeps the port until hostd's end of its
 * socket closes, then gives it back and ends, also where hostd was killed. Loop thread only. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/settings.h"
#include "shared/loop/loop.h"
#include <sys/socket.h>

struct hws_ports;

struct hws_ports_conf {
	const struct hws_settings *settings; /* borrowed, as `logs` */
	struct hws_child_logs *logs;
	uint16_t inside;
	/* Where viewers find that port from now on; NULL: nowhere. */
	void (*on_outside)(const struct sockaddr_storage *outside, void *arg);
	void *arg;
};

#define HWS_PORTS_TEXT 64

struct hws_ports_status {
	bool mapped;
	const char *by, *by_text;     /* "pcp", "PCP"; "" when there is none */
	char address[HWS_PORTS_TEXT]; /* "IP:PORT", or "" */
	const char *why;              /* a sentence; "" when mapped */
};

/* Nothing runs until it is wanted. */
int hws_ports_new(struct hws_loop *loop, const struct hws_ports_conf *conf,
		struct hws_ports **ret) HWS_MUST_CHECK;
/* Viewers may ask for this host, or for some time they cannot. What is not wanted any more is given
 * back after a minute. Takes NULL. */
void hws_ports_want(struct hws_ports *p, bool wanted);
/* The network may be another one. Takes NULL. */
void hws_ports_again(struct hws_ports *p);
void hws_ports_status(const struct hws_ports *p, struct hws_ports_status *ret);
/* Takes NULL. */
void hws_ports_free(struct hws_ports *p);

/* The process; the exit status. */
int hws_ports_main(int ipc_fd, bool sandbox);
