/* rendezvous/planes/client: one TCP or WebSocket connection of a viewer, a host or a relay. For the
 * files of the TCP plane; all on its thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/planes/port.h"
#include "server-rendezvous/state/addr.h"
#include "shared/base/bytes.h"
#include "shared/base/list.h"
#include "shared/crypto/box.h"
#include "shared/loop/loop.h"
#include "shared/net/conn.h"
#include "shared/net/stream.h"
#include "shared/wire/limits.h"

struct rdv_tcp;
struct rdv_pending;
struct rdv_listener;

enum rdv_client_state {
	RDV_CLIENT_FRESH,   /* nothing said, nothing offered */
	RDV_CLIENT_OFFERED, /* our KeyExchange is out: the answer may be one or any message */
	RDV_CLIENT_TALKING
};

struct rdv_client {
	struct rdv_tcp *plane;
	struct hws_conn *conn;
	struct hws_list node;
	struct rdv_client *next_addr; /* chain of the address table */
	uint64_t id;
	enum rdv_port port;
	enum rdv_client_state state;
	/* Of the caller; the port is synthetic where it means nothing (WebSocket). */
	struct rdv_addr addr;
	struct sockaddr_storage peer; /* for limits and lists */
	uint32_t cookie;              /* goes out in the disguised address and must come back */
	struct rdv_pending *pending;  /* made when needed */
	struct hws_bytes message;     /* that is being served, as it came */
	struct hws_timer timer;
	char host_id[HWS_ID_MAX + 1];         /* a host lives on this connection */
	struct rdv_listener *listener;        /* a relay that hears announcements */
	uint8_t session[HWS_SESSION_KEY_LEN]; /* if encrypted; wiped after the first record */
	struct hws_deferred gone;
	bool ws;
	bool fresh_key; /* the next record is the first one */
	bool admitted;  /* counted for its address */
	bool settled;   /* the caller's address is known (behind a proxy: after the upgrade) */
	bool closed;
	bool roomy;   /* may send a long request for the API */
	bool calling; /* has one under way */
	bool lasting; /* of a viewer, for as long as its session lasts */
};

/* NULL when it has gone. */
struct rdv_client *rdv_client_get(struct rdv_tcp *t, uint64_t id);
/* The client whose caller is known by this address, NULL if it has gone. */
struct rdv_client *rdv_client_by_addr(struct rdv_tcp *t, const struct rdv_addr *a);
/* Takes the stream; `leftover` was read from it before. */
int rdv_client_new(struct rdv_tcp *t, enum rdv_port port, struct hws_stream *s,
		struct hws_bytes leftover) HWS_MUST_CHECK;
/* Sends a message (sealed if keyed). */
void rdv_client_send(struct rdv_client *cl, const Rdv__RendezvousMessage *m);
/* The same, packed already. */
void rdv_client_send_bytes(struct rdv_client *cl, struct hws_bytes message);
void rdv_client_send_result(
		struct rdv_client *cl, Rdv__RegisterPkResponse__Result result, int keep_alive);
/* A host has registered on this connection: heartbeats keep it from now on. */
void rdv_client_become_host(struct rdv_client *cl, const char *id);
/* A viewer keeps this connection while its session lasts: heartbeats keep it, and the policy hears
 * of its beginning and end. */
void rdv_client_become_lasting(struct rdv_client *cl, const char *token);
/* Writes out what waits, then closes. */
void rdv_client_finish(struct rdv_client *cl);
/* The caller's address as messages carry it, with the cookie. Returns the length. */
size_t rdv_client_mangled(const struct rdv_client *cl, uint8_t buf[18]);
