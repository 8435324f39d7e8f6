/* reach/server_addr: how to get to a server: plain TCP, or a WebSocket with or without TLS for
 * networks that let nothing else through. As text: HOST[:PORT], ws://HOST[:PORT][/PATH],
 * wss://HOST[:PORT][/PATH]. Ends in a stream on which frames may flow. One loop thread. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/net/proxy_client.h"
#include "shared/net/stream.h"

/* In SRV records, for UDP as well: the port is one. */
#define HWS_RENDEZVOUS_SERVICE "_hawser-rendezvous._tcp"

struct hws_server_addr {
	bool ws, tls;
	bool srv;     /* a name without a port, by plain TCP: it may have SRV records */
	bool by_port; /* ws: the servers have ports of their own, not paths of one web server */
	uint16_t port;
	char host[256];
	char path[128]; /* ws only */
	/* Through this one, which resolves the name, too; NULL: none. Borrowed for as long as the
	 * way is used. */
	const struct hws_proxy *proxy;
};

#define HWS_SERVER_ADDR_TEXT 416

/* default_port is for plain TCP; a WebSocket without a port has the web's, 80 or 443. */
int hws_server_addr_parse(const char *text, uint16_t default_port,
		struct hws_server_addr *ret) HWS_MUST_CHECK;
/* The WebSocket of the rendezvous server that `tcp` leads to: at an address two ports above, at a
 * name below /ws/id of its web server. */
void hws_server_addr_websocket(const struct hws_server_addr *tcp, struct hws_server_addr *ret);
/* The port for plain TCP of the server that an address leads to: where paths of one web server tell
 * servers apart it is not known, and `usual`. */
uint16_t hws_server_addr_plain_port(const struct hws_server_addr *server_addr, uint16_t usual);
/* The way by the web to what is at `tcp`, where its own port is closed: of a name its web server
 * with a certificate, of an address the server's own WebSocket port. */
void hws_server_addr_by_web(
		const struct hws_server_addr *tcp, bool relay, struct hws_server_addr *ret);
/* To a relay that somebody named HOST[:PORT], in the manner in which `server` is reached (NULL:
 * plain TCP): where paths tell servers apart, at /ws/relay of the web server that has the relay's
 * name. */
int hws_server_addr_to_relay(const struct hws_server_addr *server, const char *relay,
		struct hws_server_addr *ret) HWS_MUST_CHECK;
/* True when only relays lead on from there: no hole can be punched for a link that ends at a web
 * server or proxy. */
bool hws_server_addr_needs_relay(const struct hws_server_addr *server_addr);
/* For logs and messages. Returns buf. */
char *hws_server_addr_text(const struct hws_server_addr *server_addr, char *buf, size_t size);

struct hws_server_addr_open;

struct hws_server_addr_conf {
	const struct hws_server_addr *server_addr;
	uint64_t timeout_us; /* until frames may flow */
	size_t frame_max;    /* ws: the longest message */
	/* plain TCP only, as net/dialer */
	const struct sockaddr_storage *bind_to;
	bool reuse_port;
	/* NULL, or called with `arg` once the socket is connected, before a byte of the other
	 * end is read, and nothing but that socket is needed from then on (authorities for TLS
	 * are loaded, names are known): where a process may give up files and sockets. An error
	 * ends the way with it. */
	int (*on_socket)(int fd, void *arg);
};

/* As hws_dial_cb: exactly once unless canceled, never inside hws_server_addr_open_start; the callee
 * owns the stream. */
typedef void (*hws_server_addr_cb)(int r, struct hws_stream *s, void *arg);
/* Everything is copied. */
int hws_server_addr_open_start(struct hws_loop *loop, struct hws_work *work,
		const struct hws_server_addr_conf *conf, hws_server_addr_cb done, void *arg,
		struct hws_server_addr_open **ret) HWS_MUST_CHECK;
/* done will not be called. Takes NULL. */
void hws_server_addr_open_cancel(struct hws_server_addr_open *o);
