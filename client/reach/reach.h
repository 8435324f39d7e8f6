/* reach/reach: a viewer finds its way to a host: by ID through a rendezvous server (same network,
 * punched hole, relay), or to an address. Ways are tried side by side; each that stands, and on
 * which the host has spoken, is offered to the owner, one at a time, until one is taken. One loop
 * thread. */
#pragma once
#include "client/reach/verdict.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/net/stream.h"

struct hws_reach;

/* Stands in the error where the server has refused somebody whose token it was not told. */
#define HWS_REACH_UNSAID                                                                           \
	"your login was not said on this WebSocket; where 'server' names it by wss://, or by its " \
	"own port, it is"

struct hws_reach_conf {
	/* Either an address (HOST, port): no server takes part ... */
	const char *address; /* NULL = by ID */
	uint16_t address_port;
	/* ... or an ID at a server. */
	const char *id;
	/* as reach/server_addr, default port 21116; by a WebSocket hosts are met at relays only */
	const char *server;
	const char *key; /* the server's public key as text; "" if none is configured */
	/* The account's token at this server, NULL = none; borrowed until the end. Said only where
	 * the link is encrypted for `key`, or with token_by_tls by TLS for the server's name: a
	 * certificate for a name that a stranger gave (a target, an SRV record) proves nothing. */
	const char *token;
	bool token_by_tls;
	const char *version;
	Rdv__ConnType conn_type;
	Rdv__NatType nat_type; /* our own, UNKNOWN if not probed */
	/* Borrowed until the end; NULL = none. Hosts are met at relays only, too. */
	const struct hws_proxy *proxy;
	bool force_relay;
	bool no_udp; /* TCP only */
	/* the last session with this host was not direct: the relay is asked for at once */
	bool last_was_relayed;
	/* The session goes by a relay already: only something better is of use. The verdict of a
	 * failure tells why it stays there. */
	bool only_direct;
	/* A direct way has died a moment ago: a relay that stands first is not just the faster. */
	bool direct_fell;
	/* The host may be about to appear under another address: it is asked again soon. */
	bool eager;
	/* A line for the user; may be NULL. Borrows. */
	void (*on_progress)(const char *text, void *arg);
	/* The way that was offered is neither taken nor rejected, and for a while another one has
	 * stood beside it: what accepts, speaks and falls silent shall not hold the others up. The
	 * owner may reject it now. May be NULL. */
	void (*on_better)(void *arg);
	void *arg;
};

/* Valid until the callback returns, but the stream, which the callee owns on success. */
struct hws_reached {
	struct hws_stream *stream;
	struct hws_bytes leftover; /* was read from it: the beginning of the host's first word */
	/* What the server signed about the host's key; empty if nothing. */
	struct hws_bytes statement;
	bool relayed;
	bool by_address;                   /* no handshake on this path */
	const char *path;                  /* hws_path_token(); static */
	struct hws_error error;            /* on failure: code and a sentence with the remedy */
	const struct hws_verdict *verdict; /* as it stands; NULL before anything was tried */
};

/* Never inside hws_reach_start, hws_reach_reject or hws_reach_take. With HWS_OK: a way stands; it
 * is to be taken or rejected. With an error: that was all, once. */
typedef void (*hws_reach_cb)(int r, const struct hws_reached *how, void *arg);
int hws_reach_start(struct hws_loop *loop, struct hws_work *work, const struct hws_reach_conf *conf,
		hws_reach_cb done, struct hws_reach **ret, struct hws_error *err) HWS_MUST_CHECK;
/* The way that was offered is good: the handshake succeeded. The others are closed; where the host
 * was asked to a relay, we go there to let it go. */
void hws_reach_take(struct hws_reach *r);
/* It is not (`why` for the verdict): the next one that stands or will is offered, or an error.
 * True: so it will be; false: there is none, and nothing will come. The owner has closed the
 * stream. */
bool hws_reach_reject(struct hws_reach *r, int why);
/* As far as it is known; final once a way is taken. */
const struct hws_verdict *hws_reach_verdict(const struct hws_reach *r);
/* At any time, also in the callback; the stream that was offered stays. Takes NULL. */
void hws_reach_free(struct hws_reach *r);
