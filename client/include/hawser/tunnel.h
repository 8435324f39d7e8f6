/* hawser/tunnel: ports through a session: of the host and of what it reaches, here; and of this
 * machine, at the host. Opened by hawser_tunnel_open; everything that sessions have in common is
 * in hawser/session.h. The library listens, connects and carries the bytes on its own thread;
 * the embedder says which ports and hears what becomes of them (HAWSER_EVENT_TUNNEL).
 *
 * Between hawser ends all connections share one encrypted session. Towards hosts of the RustDesk
 * 1.x scheme each connection has a session of its own, whose bytes are NOT encrypted after the
 * login, and only HAWSER_FORWARD_LOCAL is possible: HAWSER_TUNNEL_ONE_BY_ONE tells. Hosts of
 * hawser connect only what their owner allows.
 *
 * Forwards outlive the link: when it is lost and comes back, listeners are still there, and who
 * connects meanwhile waits. Connections do not outlive it. When the session is over (CLOSED), so
 * are its forwards. */
#pragma once
#include <hawser/session.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hawser_forward_kind {
	HAWSER_FORWARD_LOCAL,   /* TCP: listens here, the host connects */
	HAWSER_FORWARD_UDP,     /* the same with datagrams */
	HAWSER_FORWARD_DYNAMIC, /* SOCKS 5 here (no login; CONNECT and UDP ASSOCIATE) */
	HAWSER_FORWARD_REMOTE   /* TCP: the host listens, this side connects */
};

struct hawser_forward {
	size_t size;
	enum hawser_forward_kind kind;
	/* Where to listen: an IP address, "localhost" or "*" (all addresses); NULL = loopback
	 * (127.0.0.1). Whoever reaches it may use it. */
	const char *address;
	uint16_t port; /* 0 = any that is free: HAWSER_TUNNEL_LISTENING tells which */
	/* Where to connect, as the other end resolves it; NULL = localhost. Not of DYNAMIC. */
	const char *target_host;
	uint16_t target_port;
};
#define HAWSER_FORWARD_INIT                                                                        \
	{                                                                                          \
		.size = sizeof(struct hawser_forward)                                              \
	}

struct hawser_tunnel_config {
	size_t size;
	uint32_t idle_s; /* a connection without a byte for so long ends; 0 = never */
	bool rdp;        /* for a remote desktop program: told to the rendezvous server */
};
#define HAWSER_TUNNEL_CONFIG_INIT                                                                  \
	{                                                                                          \
		.size = sizeof(struct hawser_tunnel_config)                                        \
	}

enum hawser_tunnel_event_type {
	HAWSER_TUNNEL_LISTENING, /* .forward, .address: also anew after the link was lost */
	HAWSER_TUNNEL_FAILED,    /* .forward, .error, .text: it is no more */
	HAWSER_TUNNEL_OPENED,    /* .forward, .connection, .from, .target */
	HAWSER_TUNNEL_CLOSED, /* the same with .error, .code, .text, .bytes_in, .bytes_out; also of
			       * connections that were refused and never opened */
	HAWSER_TUNNEL_ONE_BY_ONE /* .text: what the scheme of this host means */
};

struct hawser_tunnel_event {
	size_t size;
	enum hawser_tunnel_event_type type;
	uint32_t forward;    /* of hawser_tunnel_add */
	uint64_t connection; /* counted from 1 in each session */
	const char *address; /* "127.0.0.1:8080" */
	uint16_t port;       /* of `address` */
	const char *from;    /* who connected */
	const char *target;  /* HOST:PORT */
	int error;           /* HAWSER_OK, or enum hawser_error */
	/* A word for scripts: "ok", "forbidden", "refused", "unreachable", "resolve", "timeout",
	 * "full", "protocol", "failed", "idle", "permission", "reset", "stalled" */
	const char *code;
	const char *text;             /* a sentence; "" where there is none */
	uint64_t bytes_in, bytes_out; /* from the host, and to it */
};

/* Starts connecting, with no forward yet. NULL for `config`: its defaults. */
int hawser_tunnel_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_tunnel_config *config, hawser_session **ret);
/* Adds a forward, in any state of a session that is not over; *ret_id (may be NULL) is its number.
 * Fails at once for what cannot be right; whether it can listen comes by an event. At most 64. */
int hawser_tunnel_add(hawser_session *s, const struct hawser_forward *forward, uint32_t *ret_id);
/* Ends one; its connections go on. */
int hawser_tunnel_remove(hawser_session *s, uint32_t id);

#ifdef __cplusplus
}
#endif
