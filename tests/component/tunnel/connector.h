/* The connector's service by itself: a viewer whose mux is here, too, and targets on loopback that
 * are plain sockets of the test. One loop for all; what must come is waited for. */
#pragma once
#include "client/services/host_service.h"
#include "client/services/tunnel/duct.h"
#include "client/services/tunnel/mux.h"
#include "shared/base/buf.h"

#define CONNECTOR_EVENTS 65536

/* A stream of the viewer's. */
struct plug {
	struct hws_mux_stream *s;
	bool opened, closed, saw_eof, ends;
	Ses__TunnelCode code;
	char text[HWS_MUX_TEXT_MAX + 1], address[300];
	struct hws_buf got;
	const char *say;      /* what is left to send */
	size_t say_len, pour; /* or so many bytes of anything */
	unsigned datagrams;
};

struct connector {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_service_conf conf;
	struct hws_host_env env;
	struct hws_host_set *set;
	struct hws_host_viewer viewer;
	struct hws_mux *mux; /* the viewer's */
	bool joined, answered, blocked;
	char error[600];
	int fd;                        /* raw mode */
	char events[CONNECTOR_EVENTS]; /* "what path second result\n" of each */
	struct plug *from_listener;    /* takes the next connection of one */
	bool silent;                   /* or says nothing to it */
	Ses__TunnelCode listening;
	uint16_t port;
	char listen_text[HWS_MUX_TEXT_MAX + 1];
};

extern struct connector k;

/* With these lists, and a viewer of this level that asks for host and port. */
void connector_begin(const char *targets, const char *listen);
void connector_login(enum hws_secure_level level, const char *host, int port);
void connector_end(void);
/* Turns until it is so; fails the test when it does not come. */
#define connector_until(so)                                                                        \
	for (unsigned turns_ = 0; !(so); turns_++)                                                 \
	connector_turn(turns_, #so)
void connector_turn(unsigned turns, const char *what);
void connector_open(struct plug *p, Ses__TunnelKind kind, const char *host, uint16_t port);
void connector_say(struct plug *p, const char *text, bool then_end);
/* A listening, or bound, socket on 127.0.0.1, or ::1. */
int connector_target(Ses__TunnelKind kind, const char *ip, uint16_t *ret_port);
/* The next connection of it. */
int connector_accept(int listening);
/* Reads until `len` bytes are there, or the end comes; how many. */
size_t connector_read(int fd, char *buf, size_t len);
/* Did the log of events tell it? */
bool connector_told(const char *line);
/* Nobody has come to this socket, though all is settled. */
bool connector_untouched(int listening);
