/* rendezvous/planes/client: one TCP or WebSocket connection and what it may say. Private to the TCP
 * plane's files (tcp, client, punch, reply, online, id_change); all on the plane's
 * thread. */
#pragma once
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/core.h"
#include "shared/daemon/admit.h"
#include "shared/loop/slots.h"
#include "shared/loop/work.h"
#include "shared/net/addr.h"
#include "shared/net/conn.h"
#include "shared/net/listener.h"
#include "shared/wire/limits.h"
#include "shared/wire/server_kx.h"
#include <pthread.h>

#define RDV_PENDING_MAX 4 /* requests of one client connection that wait for a device */
#define RDV_PENDING_US (40ull * 1000000)
#define RDV_CLIENT_TABLE 16384

/* A request that a device may answer. */
struct rdv_pending {
	char id[HWS_ID_MAX + 1]; /* "" = free */
	struct rdv_addr host;    /* where it was pushed to */
	uint64_t until_us, began_us;
	uint64_t attempt; /* its number, for rdv_attempts_update */
	bool relay;       /* RequestRelay, else PunchHoleRequest */
	bool answered, answered_udp;
	bool force_relay;
	bool elsewhere; /* the device is at another node */
	uint8_t viewer_nat;
	char uuid[HWS_UUID_MAX + 1]; /* relay: the pair id the viewer made */
	char relay_server[RDV_RELAY_TEXT];
};

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
	struct rdv_addr addr; /* of the caller; the port is synthetic where it means nothing (WebSocket) */
	struct sockaddr_storage peer; /* for limits and lists */
	uint32_t cookie;              /* goes out in the disguised address and must come back */
	struct rdv_pending *pending;  /* RDV_PENDING_MAX of them, made when needed */
	struct hws_timer timer;
	char host_id[HWS_ID_MAX + 1];         /* a host lives on this client connection */
	struct hws_list listening;            /* a relay that hears announcements */
	uint8_t relay_pk[HWS_PK_LEN];         /* of it */
	uint8_t session[HWS_SESSION_KEY_LEN]; /* of an encrypted connection, wiped after its first record */
	struct hws_deferred gone;
	bool ws;
	bool fresh_key; /* the next record is the first one */
	bool admitted;  /* counted for its address */
	bool settled;   /* the caller's address is known (behind a proxy: after the upgrade) */
	bool closed;
};

struct rdv_tcp {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_listener *listener[RDV_PORT_COUNT];
	struct hws_slots clients;
	struct hws_list all;
	struct rdv_client *by_addr[RDV_CLIENT_TABLE];
	struct rdv_grants *grants;
	struct hws_admit *admit;             /* client connections */
	struct hws_admit *punch;             /* requests by address */
	struct hws_admit *keys;              /* wrong keys by address */
	struct hws_admit *online;            /* ids asked for by address */
	struct hws_admit *changes;           /* registrations by address */
	struct rdv_target_rate *target_rate; /* requests by target */
	struct hws_tls_server *tls;          /* NULL = no TLS port */
	struct hws_work *work;               /* look-ups for tunnels */
	struct hws_list at_ingress, passthroughs;
	struct hws_list listeners;    /* relays */
	struct rdv_recent *recent;    /* what was announced last; made when needed */
	uint32_t ingress_count;       /* of both */
	struct hws_cidr_list proxies; /* whose word about the caller's address counts */
	struct hws_kx_offer offer;
	struct hws_buf out; /* scratch for packing */
	uint64_t hash_key[2];
	uint64_t count, hosts, ws; /* atomics */
	uint64_t posts;            /* atomic: handed over, not yet run */
	pthread_t thread;
	bool started;
};

/* --- tcp.c --- */
struct rdv_client *rdv_client_get(struct rdv_tcp *t, uint64_t id);
/* The client connection whose caller is known by this address, NULL if it has gone. */
struct rdv_client *rdv_client_by_addr(struct rdv_tcp *t, const struct rdv_addr *a);
/* Into the table of addresses (choosing a port where the real one is of no use) and out of it. */
void rdv_client_enter(struct rdv_client *cl);
void rdv_client_leave(struct rdv_client *cl);

/* --- client connection.c --- */
/* Takes the stream; `leftover` was read from it before. */
int rdv_client_new(struct rdv_tcp *t, enum rdv_port port, struct hws_stream *s,
		struct hws_bytes leftover) HWS_MUST_CHECK;
/* Sends a message (sealed if keyed). */
void rdv_client_send(struct rdv_client *cl, const Rdv__RendezvousMessage *m);
void rdv_client_send_result(
		struct rdv_client *cl, Rdv__RegisterPkResponse__Result result, int keep_alive);
/* Writes out what waits, then closes. */
void rdv_client_finish(struct rdv_client *cl);
/* The caller's address as messages carry it, with the client connection's cookie. */
size_t rdv_client_mangled(const struct rdv_client *cl, uint8_t buf[18]);
static inline uint64_t rdv_client_now(const struct rdv_client *cl)
{
	return hws_loop_now_us(cl->plane->loop);
}

/* --- punch.c: what viewers ask --- */
void rdv_punch_request(struct rdv_client *cl, const Rdv__PunchHoleRequest *m);
void rdv_relay_request(struct rdv_client *cl, Rdv__RequestRelay *m);
/* To a device, by whatever way it is registered; false when it has none here. */
bool rdv_push(struct rdv_core *core, const struct rdv_peer_info *to,
		const Rdv__RendezvousMessage *m);
/* Another node's word: the device is nowhere. `known`: there is such a device. */
void rdv_punch_nowhere(struct rdv_client *cl, const char *id, bool relay, bool known);
/* No node knows of the connection this relay request belongs to. */
void rdv_relay_unknown(struct rdv_client *cl);
struct rdv_pending *rdv_pending_find(struct rdv_client *cl, const char *id, bool relay);

/* --- reply.c: what devices answer --- */
/* Where an answer came from. */
struct rdv_replier {
	struct rdv_addr addr;
	bool udp;
	bool misdirected;  /* another node did not know whom it is for */
	bool elsewhere;    /* by another node, which has recognised the device */
	const uint8_t *pk; /* then: the device's key, NULL = none */
};
void rdv_reply_sent(struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__PunchHoleSent *m);
void rdv_reply_local(struct rdv_tcp *t, const struct rdv_replier *from, const Rdv__LocalAddr *m);
void rdv_reply_relay(struct rdv_tcp *t, const struct rdv_replier *from, Rdv__RelayResponse *m);

/* --- online.c, id_change.c --- */
/* True when the answer was sent; false when it comes later. */
bool rdv_online_request(struct rdv_client *cl, const Rdv__OnlineRequest *m);
void rdv_id_change(struct rdv_client *cl, const Rdv__RegisterPk *m);
