/* reach/registrar: a host's registration at a rendezvous server and what the server pushes to it.
 * By UDP as long as that gets answers; where it gets none, by a lasting TCP link, or a WebSocket if
 * that port is closed as well, until it gets through again; by a WebSocket alone where the way to
 * the server is one. Tries for ever, at bounded
 * pauses that differ from host to host. One loop thread. */
#pragma once
#include "client/reach/server_addr.h"
#include "client/reach/server_proof.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/wire/limits.h"

struct hws_registrar;

enum hws_registrar_state {
	HWS_REGISTRAR_CONNECTING, /* no answer yet, or two answers missed */
	HWS_REGISTRAR_REGISTERED,
	HWS_REGISTRAR_OFFLINE, /* four answers missed */
	HWS_REGISTRAR_REFUSED  /* the server answers, but does not take us: text says why */
};

struct hws_registrar_conf {
	const struct hws_server_addr *server_addr; /* copied */
	bool no_udp;              /* never UDP; so it is with a WebSocket or a proxy anyway */
	const uint8_t *server_pk; /* HWS_PK_LEN bytes, copied; NULL: links are not encrypted */
	/* With it and server_pk the host proves who it is to servers that can tell, and knows their
	 * word from others'; its pk is `pk`. Borrowed until return; NULL: neither. */
	const struct hws_identity *identity;
	enum hws_server_trust trust;
	bool server_proves; /* a server with this key has proven itself to this host before */
	const char *id;
	struct hws_bytes uuid; /* machine id */
	struct hws_bytes pk;   /* 32 bytes */
	uint64_t interval_us;  /* 0 = 15 s, the deployed one */
	uint64_t resolve_us;   /* by UDP DNS is asked so often whether it has moved; 0 = 5 min */
	void (*on_state)(enum hws_registrar_state state, const char *text, void *arg);
	/* PunchHole, FetchLocalAddr, RequestRelay; duplicates within 100 ms are dropped before.
	 * `proven`: the server whose key is configured said it, and said it just now; else it may
	 * come from anybody. */
	void (*on_push)(const Rdv__RendezvousMessage *m, bool proven, void *arg);
	/* The server says the id belongs to another machine: choose a new one (copied from the
	 * buffer on return). False: the id stays, and this server refuses it. */
	bool (*on_new_id)(char *buf, size_t size, void *arg);
	/* A server with server_pk has proven itself, for the first time: remember it. May be
	 * NULL. */
	void (*on_server_proves)(void *arg);
	/* The server is at this one of its places now, by its name's SRV records. May be NULL. */
	void (*on_place)(const struct hws_server_addr *at, void *arg);
	/* The server's address has changed, and the new one has answered. May be NULL. */
	void (*on_moved)(const struct sockaddr_storage *to, void *arg);
	/* A push, or an answer, was dropped: nothing proves it. May be NULL. */
	void (*on_dropped)(const char *what, void *arg);
	void *arg;
};

int hws_registrar_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_registrar_conf *conf, struct hws_registrar **ret) HWS_MUST_CHECK;
/* It is registered by a link, since the server answers nothing by UDP. */
bool hws_registrar_udp_blocked(const struct hws_registrar *r);
/* How the server is reached now: at `server_addr`, or, where that is closed, by the web.
 * Borrowed. */
const struct hws_server_addr *hws_registrar_way(const struct hws_registrar *r);
/* Takes NULL. Allowed in its callbacks. */
void hws_registrar_free(struct hws_registrar *r);
/* The network is another one, or the machine has slept: sockets of before are of no use, and the
 * server is told at once where this host is now. Tries are quick for some seconds, since routes and
 * name servers come one after the other. */
void hws_registrar_wake(struct hws_registrar *r);
enum hws_registrar_state hws_registrar_state(const struct hws_registrar *r);
/* Whether unproven words of the server are dropped. */
bool hws_registrar_proven(const struct hws_registrar *r);
/* "udp", "tcp", "ws", "wss": how it is registered, "" if it is not. */
const char *hws_registrar_transport(const struct hws_registrar *r);
