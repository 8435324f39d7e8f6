/* reach/reach: a viewer finds its way to a host: by ID through a rendezvous server (same network,
 * punched hole, relay), or to an address. Ends in a connected stream on which the host speaks
 * first. One loop thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/net/stream.h"

struct hws_reach;

struct hws_reach_conf {
	/* Either an address (HOST, port): no server takes part ... */
	const char *address; /* NULL = by ID */
	uint16_t address_port;
	/* ... or an ID at a server. */
	const char *id;
	/* as reach/server_addr, default port 21116; by a WebSocket hosts are met at relays only */
	const char *server;
	const char *key; /* the server's public key as text; "" if none is configured */
	const char *version;
	Rdv__ConnType conn_type;
	Rdv__NatType nat_type; /* our own, UNKNOWN if not probed */
	/* Borrowed until the end; NULL = none. Hosts are met at relays only, too. */
	const struct hws_proxy *proxy;
	bool force_relay;
	/* the last session with this host was not direct: try it for a shorter time */
	bool last_was_relayed;
	/* A line for the user; may be NULL. Borrows. */
	void (*on_progress)(const char *text, void *arg);
	void *arg;
};

/* Valid until the callback returns, but the stream, which the callee owns on success. */
struct hws_reached {
	struct hws_stream *stream;
	/* What the server signed about the host's key; empty if nothing. */
	struct hws_bytes statement;
	bool relayed;
	bool by_address;        /* no handshake on this path */
	const char *path;       /* "direct", "punched", "lan", "relay" */
	struct hws_error error; /* on failure: code and a sentence with the remedy */
};

/* Exactly once unless canceled, never inside hws_reach_start; the object is gone then. */
typedef void (*hws_reach_cb)(int r, const struct hws_reached *how, void *arg);
int hws_reach_start(struct hws_loop *loop, struct hws_work *work, const struct hws_reach_conf *conf,
		hws_reach_cb done, struct hws_reach **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_reach_cancel(struct hws_reach *r);
