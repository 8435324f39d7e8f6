/* tunnel/tunnel_view: tunnels at the viewer: the ports that listen here, or at the host for
 * connections to here, and what comes to them. Between hawser ends all share the session's mux;
 * towards deployed hosts (hws_tunnel_view_set_raw) the owner makes a session for each connection.
 * Listeners outlive links: while there is none, connections wait where they come in. Loop thread
 * only. */
#pragma once
#include "client/core/service.h"
#include "client/core/viewer.h"
#include "shared/loop/work.h"
#include "shared/net/stream.h"

#define HWS_TUNNEL_FORWARDS_MAX 64u
#define HWS_TUNNEL_CONNS_MAX 1024u

struct hws_tunnel_view;

enum hws_forward_kind {
	HWS_FORWARD_LOCAL,   /* listens here; the host connects */
	HWS_FORWARD_UDP,     /* the same with datagrams */
	HWS_FORWARD_DYNAMIC, /* listens here; SOCKS 5 says where the host connects */
	HWS_FORWARD_REMOTE   /* the host listens; connects here */
};

struct hws_forward {
	uint32_t id; /* the owner's, not 0, of none that there is */
	enum hws_forward_kind kind;
	const char *address; /* to listen at, an IP; NULL or "" = loopback */
	uint16_t port;       /* 0 = any */
	const char *host;    /* where to connect; NULL or "" = localhost. Not DYNAMIC */
	uint16_t target_port;
};

/* A connection, when it is open and when it has ended. */
struct hws_tunnel_told {
	uint32_t forward;
	uint64_t number;    /* of this view, from 1 */
	const char *from;   /* who connected */
	const char *target; /* HOST:PORT */
	int err;            /* ended: HWS_OK in order */
	const char *code;   /* ended: the word for `err` in tunnels, "ok", "forbidden" ... */
	const char *text;   /* ended: a sentence, or "" */
	uint64_t bytes_in, bytes_out; /* from the host, to it */
};

struct hws_tunnel_view_conf {
	struct hws_loop *loop;
	struct hws_work *work; /* looks names up */
	uint64_t idle_us;      /* a connection without a byte for so long ends; 0 = never */
	/* All are needed. Texts of the other side are made readable. None may free the view. */
	/* err HWS_OK: it listens at `text` ("127.0.0.1:8080"), on `port`. Else the forward is no
	 * more, and `text` is a sentence. Comes again when a host listens anew. */
	void (*on_listening)(uint32_t forward, int err, const char *text, uint16_t port, void *arg);
	void (*on_opened)(const struct hws_tunnel_told *t, void *arg);
	void (*on_closed)(const struct hws_tunnel_told *t, void *arg);
	/* Raw mode: a session for this connection. Takes `local`; the view forgets it. */
	void (*raw_open)(const struct hws_tunnel_told *t, struct hws_stream *local,
			const char *host, uint16_t port, void *arg);
	/* May one more be opened in raw mode? */
	bool (*raw_room)(void *arg);
	/* The link is of no use any more. */
	void (*on_broken)(int err, void *arg);
	void *arg;
};

int hws_tunnel_view_new(const struct hws_tunnel_view_conf *conf,
		struct hws_tunnel_view **ret) HWS_MUST_CHECK;
void hws_tunnel_view_free(struct hws_tunnel_view *tv); /* takes NULL */
struct hws_service *hws_tunnel_view_service(struct hws_tunnel_view *tv);
struct hws_tunnel_view *hws_tunnel_view_of(struct hws_service *s);

/* Begins to listen; what becomes of it comes by on_listening, perhaps inside this call.
 * HWS_ERR_FULL, HWS_ERR_INVAL, HWS_ERR_EXISTS, HWS_ERR_NOMEM: at once, and nothing else. */
int hws_tunnel_view_add(struct hws_tunnel_view *tv, const struct hws_forward *wish) HWS_MUST_CHECK;
/* Ends it; its connections go on. HWS_ERR_NOTFOUND. */
int hws_tunnel_view_remove(struct hws_tunnel_view *tv, uint32_t id) HWS_MUST_CHECK;
/* The host speaks the deployed scheme only: connections go to raw_open; forwards that it cannot do
 * end by on_listening. */
void hws_tunnel_view_set_raw(struct hws_tunnel_view *tv);
/* Raw mode: there is room again. */
void hws_tunnel_view_raw_room(struct hws_tunnel_view *tv);
/* The session has ended for good: all listeners and connections end. */
void hws_tunnel_view_stop(struct hws_tunnel_view *tv);
