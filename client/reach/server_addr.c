/* reach/server_addr: HOST, HOST:PORT and ws:// or wss:// addresses, with or without a proxy, become
 * one kind of stream. */
#include "client/reach/server_addr.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/net/tls_client.h"
#include "shared/net/ws_upgrade.h"
#include <unistd.h>

#define RELAY_PORT 21117
#define WS_OFFSET 2 /* a server's WebSocket port above its own */
#define WEB_PORT 80
#define WEB_TLS_PORT 443
#define ID_PATH "/ws/id"
#define RELAY_PATH "/ws/relay"

static bool is_literal(const char *host)
{
	struct sockaddr_storage a;

	return hws_addr_parse(host, 1, &a) == HWS_OK;
}

static int parse_path(const char *text, struct hws_server_addr *w)
{
	for (const char *c = text; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || *c == '#')
			return HWS_ERR_INVAL;
	}
	return hws_str_copy(w->path, sizeof(w->path), *text ? text : "/");
}

static int parse_url(const char *rest, struct hws_server_addr *w)
{
	const char *slash = strchr(rest, '/');
	size_t len = slash ? (size_t)(slash - rest) : strlen(rest);
	uint16_t web = w->tls ? WEB_TLS_PORT : WEB_PORT;
	char place[sizeof(w->host) + 8];
	int r;

	if (len >= sizeof(place))
		return HWS_ERR_INVAL;
	memcpy(place, rest, len);
	place[len] = '\0';
	r = hws_host_port_split(place, web, w->host, sizeof(w->host), &w->port);
	if (r == HWS_OK)
		r = parse_path(slash ? slash : "", w);
	w->by_port = w->port != web && !slash;
	return r;
}

int hws_server_addr_parse(const char *text, uint16_t default_port, struct hws_server_addr *ret)
{
	struct hws_server_addr w = { 0 };
	int r;

	if (hws_str_starts(text, "ws://") || hws_str_starts(text, "wss://")) {
		w.ws = true;
		w.tls = text[2] == 's';
		r = parse_url(strchr(text, '/') + 2, &w);
	} else {
		r = hws_host_port_split(text, default_port, w.host, sizeof(w.host), &w.port);
		w.srv = r == HWS_OK && !strchr(text, ':') && !is_literal(w.host);
	}
	if (r == HWS_OK && (!*w.host || w.port == 0))
		r = HWS_ERR_INVAL;
	if (r == HWS_OK)
		*ret = w;
	return r;
}

/* `w` names host and port of the plain service; `web` is 0 where ports tell the services apart. */
static void become_websocket(struct hws_server_addr *w, uint16_t web, const char *path)
{
	w->ws = true;
	w->srv = false;
	w->by_port = web == 0;
	w->port = web ? web : (uint16_t)(w->port + WS_OFFSET);
	if (hws_str_copy(w->path, sizeof(w->path), web ? path : "/") < 0)
		w->path[0] = '\0'; /* cannot be: both are short */
}

void hws_server_addr_websocket(const struct hws_server_addr *tcp, struct hws_server_addr *ret)
{
	*ret = *tcp;
	if (!tcp->ws)
		become_websocket(ret, is_literal(tcp->host) ? 0 : WEB_PORT, ID_PATH);
}

uint16_t hws_server_addr_plain_port(const struct hws_server_addr *server_addr, uint16_t usual)
{
	if (!server_addr->ws)
		return server_addr->port;
	return server_addr->by_port && server_addr->port > WS_OFFSET
			? (uint16_t)(server_addr->port - WS_OFFSET)
			: usual;
}

void hws_server_addr_by_web(
		const struct hws_server_addr *tcp, bool relay, struct hws_server_addr *ret)
{
	bool literal = is_literal(tcp->host);

	*ret = *tcp;
	ret->tls = !literal;
	become_websocket(ret, literal ? 0 : WEB_TLS_PORT, relay ? RELAY_PATH : ID_PATH);
}

int hws_server_addr_to_relay(const struct hws_server_addr *server, const char *relay,
		struct hws_server_addr *ret)
{
	struct hws_server_addr w = { 0 };
	int r = hws_server_addr_parse(relay, RELAY_PORT, &w);
	bool by_port;

	if (r < 0)
		return r;
	if (server)
		w.proxy = server->proxy;
	if (server && server->ws && !w.ws) {
		/* as deployed programs: a relay named by an address is no web server, unless it is
		 * ours */
		by_port = server->by_port ||
				(is_literal(w.host) && !hws_str_equal(w.host, server->host));
		w.tls = server->tls;
		become_websocket(&w, by_port ? 0 : server->port, RELAY_PATH);
	}
	*ret = w;
	return HWS_OK;
}

bool hws_server_addr_needs_relay(const struct hws_server_addr *server_addr)
{
	return server_addr->ws || server_addr->proxy;
}

char *hws_server_addr_text(const struct hws_server_addr *server_addr, char *buf, size_t size)
{
	char place[sizeof(server_addr->host) + 16];

	if (hws_host_port_join(server_addr->host, server_addr->port, place, sizeof(place)) < 0)
		place[0] = '\0';
	if (hws_fmt(buf, size, "%s%s%s",
			    !server_addr->ws                   ? ""
					    : server_addr->tls ? "wss://"
							       : "ws://",
			    place, server_addr->path) < 0 &&
			size > 0)
		buf[0] = '\0';
	return buf;
}

/* --- going it --------------------------------------------------------------------------------- */

struct hws_server_addr_open {
	struct hws_loop *loop;
	struct hws_server_addr server_addr;
	size_t frame_max;
	hws_server_addr_cb done;
	void *arg;
	int (*on_socket)(int fd, void *arg);
	struct hws_tls_client *authorities; /* NULL: no TLS on this way */
	struct hws_dial *dial;
	struct hws_proxy_ask *query;
	struct hws_stream *stream; /* the WebSocket while it is upgraded */
	struct hws_timer limit;
	struct hws_deferred deferred;
};

static void free_open(void *arg)
{
	hws_free(arg);
}

static void stop(struct hws_server_addr_open *o)
{
	hws_dial_cancel(o->dial);
	o->dial = NULL;
	hws_proxy_ask_cancel(o->query);
	o->query = NULL;
	hws_stream_close(o->stream);
	o->stream = NULL;
	hws_tls_client_free(o->authorities);
	o->authorities = NULL;
	hws_timer_stop(&o->limit);
	hws_loop_defer(o->loop, &o->deferred, free_open, o);
}

static void finish(struct hws_server_addr_open *o, int r, struct hws_stream *s)
{
	hws_server_addr_cb done = o->done;
	void *arg = o->arg;

	stop(o);
	done(r, s, arg);
}

static void on_upgrade(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_server_addr_open *o = arg;
	uint8_t none;
	ssize_t r;

	(void)ready;
	if (hws_stream_ws_open(s)) {
		o->stream = NULL;
		hws_stream_want(s, 0);
		hws_stream_set_callback(s, NULL, NULL);
		finish(o, HWS_OK, s);
		return;
	}
	r = hws_stream_read(s, &none, 1); /* not open: it can only say what is wrong */
	if (r != HWS_ERR_AGAIN)
		finish(o, r < 0 ? (int)r : HWS_ERR_PROTO, NULL);
}

static void on_limit(void *arg)
{
	finish(arg, HWS_ERR_TIMEOUT, NULL);
}

/* Takes `tcp` in any case. */
static int begin_tls(struct hws_server_addr_open *o, struct hws_stream *tcp, const char *host,
		struct hws_stream **ret)
{
	int fd = hws_stream_release_fd(tcp);
	int r = fd < 0 ? HWS_ERR_UNSUPPORTED
		       : hws_stream_tls_client_new(o->loop, o->authorities, fd, host, ret);

	if (r < 0 && fd >= 0)
		close(fd);
	hws_stream_close(tcp);
	return r;
}

/* Connected to the server itself, or as good as. */
static void on_connected(int r, struct hws_stream *s, void *arg)
{
	struct hws_server_addr_open *o = arg;
	struct hws_ws_conf conf = { .path = o->server_addr.path, .frame_max = o->frame_max };
	char host[sizeof(o->server_addr.host) + 16];

	o->query = NULL;
	if (r < 0 || !o->server_addr.ws) {
		finish(o, r, s);
		return;
	}
	if (o->server_addr.tls)
		r = begin_tls(o, s, o->server_addr.host, &s);
	if (r == HWS_OK) {
		r = hws_host_port_join(
				o->server_addr.host, o->server_addr.port, host, sizeof(host));
		if (r < 0)
			hws_stream_close(s);
	}
	conf.host = host;
	if (r == HWS_OK)
		r = hws_stream_ws_new(o->loop, s, &conf, hws_bytes(NULL, 0), &o->stream);
	if (r < 0) {
		o->stream = NULL;
		finish(o, r, NULL);
		return;
	}
	hws_stream_set_callback(o->stream, on_upgrade, o);
	hws_stream_want(o->stream, HWS_STREAM_READ | HWS_STREAM_WRITE);
}

/* All that needs more than the socket. */
static int prepare(struct hws_server_addr_open *o, const struct hws_stream *s)
{
	const struct hws_proxy *proxy = o->server_addr.proxy;
	bool tls = (o->server_addr.ws && o->server_addr.tls) ||
			(proxy && proxy->kind == HWS_PROXY_HTTPS);
	struct hws_error err;
	int r = HWS_OK;

	if (tls)
		r = hws_tls_client_new(o->on_socket != NULL, &o->authorities, &err);
	if (r == HWS_OK && o->server_addr.ws && o->on_socket)
		r = hws_ws_upgrade_prepare();
	if (r == HWS_OK && o->on_socket)
		r = o->on_socket(hws_stream_fd(s), o->arg);
	return r;
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct hws_server_addr_open *o = arg;
	const struct hws_proxy *proxy = o->server_addr.proxy;

	o->dial = NULL;
	if (r == HWS_OK) {
		r = prepare(o, s);
		if (r < 0) {
			hws_stream_close(s);
			s = NULL;
		}
	}
	if (r == HWS_OK && proxy) {
		const struct hws_proxy_target target = { proxy, o->server_addr.host,
			o->server_addr.port };

		if (proxy->kind == HWS_PROXY_HTTPS)
			r = begin_tls(o, s, proxy->host, &s);
		if (r == HWS_OK)
			r = hws_proxy_ask_start(o->loop, s, &target, on_connected, o, &o->query);
		if (r == HWS_OK)
			return;
		s = NULL;
	}
	on_connected(r, s, o);
}

int hws_server_addr_open_start(struct hws_loop *loop, struct hws_work *work,
		const struct hws_server_addr_conf *conf, hws_server_addr_cb done, void *arg,
		struct hws_server_addr_open **ret)
{
	const struct hws_server_addr *server_addr = conf->server_addr;
	bool through = hws_server_addr_needs_relay(server_addr);
	const struct hws_dial_conf dial = { .host = server_addr->proxy ? server_addr->proxy->host
								       : server_addr->host,
		.port = server_addr->proxy ? server_addr->proxy->port : server_addr->port,
		.bind_to = through ? NULL : conf->bind_to,
		.reuse_port = !through && conf->reuse_port };
	struct hws_server_addr_open *o;
	int r;

	if (server_addr->tls && server_addr->proxy && server_addr->proxy->kind == HWS_PROXY_HTTPS)
		return HWS_ERR_UNSUPPORTED; /* TLS in TLS */
	o = hws_alloc(sizeof(*o));
	if (!o)
		return HWS_ERR_NOMEM;
	o->loop = loop;
	o->server_addr = *server_addr;
	o->frame_max = conf->frame_max;
	o->on_socket = conf->on_socket;
	o->done = done;
	o->arg = arg;
	r = hws_dial(loop, work, &dial, on_dialed, o, &o->dial);
	if (r < 0) {
		hws_free(o);
		return r;
	}
	if (conf->timeout_us)
		hws_timer_start(loop, &o->limit, conf->timeout_us, on_limit, o);
	*ret = o;
	return HWS_OK;
}

void hws_server_addr_open_cancel(struct hws_server_addr_open *o)
{
	if (o)
		stop(o);
}
