/* reach/answered: how a viewer came to a host, for those who make a session of it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_ANSWERED_REF 65u

struct hws_answered {
	/* Its own, or as the server saw it when relayed; for limits and logs. */
	struct sockaddr_storage viewer;
	bool secure; /* begin with the handshake */
	/* neither: by the hole that was opened; local: by our address in the local network */
	bool relayed, local;
	bool mapped; /* by the port that our router passes on */
	bool udp;    /* the socket is one of datagrams, for net/kcp; else of TCP */
	/* the server proved itself: at a relay, `viewer` is a word to rely on */
	bool proven;
	uint64_t request;             /* the same for all ways of one request of a viewer; or 0 */
	uint64_t control_permissions; /* of the server, 0 = none */
	char ref[HWS_ANSWERED_REF];   /* of the server, for what is reported; "" = none */
};
