/* One connection of TCP: from a local socket to the host, or from the host to a local target. It
 * waits for the host's answer before a byte is read from the socket, so that nothing is taken that
 * cannot be delivered. */
#include "client/core/readable_text.h"
#include "client/services/tunnel/socks.h"
#include "client/services/tunnel/tunnel_view_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/dialer.h"
#include <string.h>
#include <unistd.h>

#define CODE(name) HWS_TUNNEL_CODE(name)
#define SOCKS_US (20 * HWS_US_PER_S) /* for the negotiation, by a program on this machine */
#define DIAL_US (10 * HWS_US_PER_S)
/* For the host to connect its target, which it does not try for so long. */
#define ANSWER_US (30 * HWS_US_PER_S)
#define STALL_US (300 * HWS_US_PER_S)

struct conn {
	struct hws_tunnel_end end;
	struct hws_list node;
	struct hws_tunnel_view *tv;
	uint32_t forward;
	uint64_t number;
	struct hws_stream *local; /* until the duct or a raw session has it */
	struct hws_mux_stream *stream;
	struct hws_duct *duct;
	struct hws_socks *socks; /* until it is through */
	struct hws_tunnel_udp *udp;
	struct hws_dial *dial;
	struct hws_timer limit;
	struct hws_deferred gone;
	bool opened, ended;
	char from[HWS_TUNNEL_NAME], host[HWS_MUX_HOST_MAX + 1];
	uint16_t port;
};

static void told(const struct conn *c, struct hws_tunnel_told *t, char target[HWS_TUNNEL_NAME])
{
	*t = (struct hws_tunnel_told){ .forward = c->forward,
		.number = c->number,
		.from = c->from,
		.target = target,
		.code = "ok",
		.text = "" };
	if (hws_host_port_join(c->host, c->port, target, HWS_TUNNEL_NAME) < 0)
		target[0] = 0;
}

static void free_conn(void *arg)
{
	struct conn *c = arg;

	hws_free(c->socks);
	hws_free(c);
}

/* The socket is reset unless the end is in order, or it was told why. */
static void close_local(struct conn *c, bool hard)
{
	const struct linger at_once = { 1, 0 };
	int fd = c->local ? hws_stream_fd(c->local) : -1;

	if (hard && fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	hws_stream_close(c->local);
	c->local = NULL;
}

static void conn_end(struct conn *c, Ses__TunnelCode code, const char *text)
{
	struct hws_tunnel_view *tv = c->tv;
	char target[HWS_TUNNEL_NAME], said[HWS_MUX_TEXT_MAX + 100];
	struct hws_tunnel_told t;

	if (c->ended)
		return;
	c->ended = true;
	told(c, &t, target);
	t.err = hws_tunnel_err(code);
	t.code = hws_mux_code_name(code);
	t.text = code == CODE(OK) ? "" : hws_readable_text(said, sizeof(said), hws_bytes_str(text));
	if (c->duct) {
		t.bytes_in = hws_duct_bytes_out(c->duct);
		t.bytes_out = hws_duct_bytes_in(c->duct);
	}
	hws_timer_stop(&c->limit);
	hws_dial_cancel(c->dial);
	if (c->stream && !c->duct)
		hws_mux_reset(c->stream, code, text);
	close_local(c, code != CODE(OK) && !(c->socks && c->socks->state == HWS_SOCKS_ENDED));
	hws_tunnel_udp_free(c->udp);
	hws_list_remove(&c->node);
	tv->conn_count--;
	hws_loop_defer(tv->conf.loop, &c->gone, free_conn, c);
	tv->conf.on_closed(&t, tv->conf.arg);
	hws_tunnel_accept_or_wait(tv);
}

static void tell_opened(struct conn *c)
{
	char target[HWS_TUNNEL_NAME];
	struct hws_tunnel_told t;

	told(c, &t, target);
	c->opened = true;
	c->tv->conf.on_opened(&t, c->tv->conf.arg);
}

/* --- the stream ------------------------------------------------------------------------------- */

static struct conn *of(struct hws_tunnel_end *e)
{
	return hws_container(e, struct conn, end);
}

static void on_duct_end(
		struct hws_duct *d HWS_UNUSED, Ses__TunnelCode code, const char *text, void *arg)
{
	struct conn *c = arg;

	c->stream = NULL;
	conn_end(c, code, text);
}

/* Both sides stand. */
static void join(struct conn *c)
{
	struct hws_stream *local = c->local;
	int r;

	c->local = NULL;
	hws_timer_stop(&c->limit);
	r = hws_duct_new(&(struct hws_duct_conf){ .loop = c->tv->conf.loop,
					 .idle_us = c->tv->conf.idle_us,
					 .stall_us = STALL_US,
					 .on_end = on_duct_end,
					 .arg = c },
			c->stream, local, &c->duct);
	if (r < 0) {
		conn_end(c, CODE(FAILED), "out of memory");
		return;
	}
	tell_opened(c);
	hws_mux_ready(c->stream);
}

/* Small, and the socket is new: it takes all of it, or is of no use. */
static bool say_socks(struct conn *c)
{
	size_t n = c->socks->out_len;

	c->socks->out_len = 0;
	return n == 0 || hws_stream_write(c->local, hws_bytes(c->socks->out, n)) == (ssize_t)n;
}

static bool answer_socks(struct conn *c, enum hws_socks_reply reply)
{
	struct sockaddr_storage none = { .ss_family = AF_INET };

	if (!c->socks || c->socks->state == HWS_SOCKS_ENDED)
		return true;
	hws_socks_answer(c->socks, reply, &none);
	return say_socks(c);
}

static enum hws_socks_reply reply_for(Ses__TunnelCode code)
{
	switch (code) {
	case CODE(FORBIDDEN):
		return HWS_SOCKS_FORBIDDEN;
	case CODE(REFUSED):
		return HWS_SOCKS_REFUSED;
	case CODE(UNREACHABLE):
		return HWS_SOCKS_NET_UNREACHABLE;
	case CODE(RESOLVE):
	case CODE(TIMEOUT):
		return HWS_SOCKS_HOST_UNREACHABLE;
	default:
		return HWS_SOCKS_FAILED;
	}
}

static void on_opened(struct hws_tunnel_end *e, const char *address HWS_UNUSED)
{
	struct conn *c = of(e);

	if (c->ended || c->duct)
		return;
	if (!answer_socks(c, HWS_SOCKS_OK)) {
		conn_end(c, CODE(RESET), "the local program has closed the connection");
		return;
	}
	join(c);
}

static void on_data(struct hws_tunnel_end *e, struct hws_bytes data)
{
	if (of(e)->duct)
		hws_duct_data(of(e)->duct, data);
}

static void on_eof(struct hws_tunnel_end *e)
{
	if (of(e)->duct)
		hws_duct_eof(of(e)->duct);
}

static ssize_t on_pull(struct hws_tunnel_end *e, uint8_t *buf, size_t max)
{
	return of(e)->duct ? hws_duct_pull(of(e)->duct, buf, max) : 0;
}

static void on_stream_closed(struct hws_tunnel_end *e, Ses__TunnelCode code, const char *text)
{
	struct conn *c = of(e);

	c->stream = NULL;
	if (c->duct) {
		hws_duct_closed(c->duct, code, text);
		return;
	}
	/* What is refused before it was open is said in SOCKS's words, too. */
	(void)answer_socks(c, reply_for(code));
	conn_end(c, code == CODE(OK) ? CODE(FAILED) : code, text);
}

static const struct hws_tunnel_end_impl end_impl = {
	.opened = on_opened,
	.data = on_data,
	.eof = on_eof,
	.pull = on_pull,
	.closed = on_stream_closed,
};

static void on_answer_late(void *arg)
{
	struct conn *c = arg;

	(void)answer_socks(c, HWS_SOCKS_HOST_UNREACHABLE);
	conn_end(c, CODE(TIMEOUT), "the host did not say in time whether it connects the target");
}

static void open_stream(struct conn *c)
{
	struct hws_tunnel_view *tv = c->tv;
	struct hws_mux_target t = {
		.kind = SES__TUNNEL_KIND__TUNNEL_KIND_TCP, .host = c->host, .port = c->port
	};
	int r;

	hws_stream_want(c->local, 0); /* what it says stays there until the host has answered */
	if (!tv->mux) {
		(void)answer_socks(c, HWS_SOCKS_FAILED);
		conn_end(c, CODE(RESET), "the session was lost");
		return;
	}
	r = hws_mux_open(tv->mux, &t, &c->end, &c->stream);
	if (r < 0) {
		c->stream = NULL;
		(void)answer_socks(c, HWS_SOCKS_FAILED);
		conn_end(c, CODE(FAILED),
				r == HWS_ERR_INVAL ? "no such target can be"
						   : "too many connections at once");
		return;
	}
	hws_timer_start(tv->conf.loop, &c->limit, ANSWER_US, on_answer_late, c);
}

/* --- local connections ------------------------------------------------------------------------ */

static struct conn *new_conn(struct hws_tunnel_forward *f, const struct sockaddr_storage *peer)
{
	struct hws_tunnel_view *tv = f->tv;
	struct conn *c = hws_alloc(sizeof(*c));

	if (!c)
		return NULL;
	c->end.impl = &end_impl;
	c->tv = tv;
	c->forward = f->id;
	c->number = ++tv->numbers;
	c->port = f->target_port;
	memcpy(c->host, f->host, sizeof(c->host));
	if (peer)
		hws_addr_text(peer, c->from, sizeof(c->from));
	hws_list_push(&tv->conns, &c->node);
	tv->conn_count++;
	return c;
}

static void on_socks_late(void *arg)
{
	conn_end(arg, CODE(TIMEOUT), "the local program did not say where to connect");
}

/* Associations last as long as their connection of TCP. */
static void associate(struct conn *c)
{
	struct sockaddr_storage bound = c->local->local, client = c->local->peer;
	socklen_t len = sizeof(bound);
	char ip[64];
	int fd = -1, r;

	hws_addr_set_port(&client, c->socks->port);
	r = hws_udp_bind(hws_addr_ip_text(&bound, ip, sizeof(ip)), 0, false, &fd, NULL);
	if (r == HWS_OK && getsockname(fd, (struct sockaddr *)&bound, &len) < 0) {
		close(fd);
		r = HWS_ERR_SYS;
	}
	if (r == HWS_OK)
		r = hws_tunnel_udp_new(
				&(struct hws_tunnel_udp_conf){
						.tv = c->tv, .fd = fd, .client = &client },
				&c->udp);
	hws_addr_normalise(&bound);
	hws_socks_answer(c->socks, r == HWS_OK ? HWS_SOCKS_OK : HWS_SOCKS_FAILED, &bound);
	if (!say_socks(c) || r < 0) {
		conn_end(c, CODE(FAILED), "datagrams cannot be taken");
		return;
	}
	hws_timer_stop(&c->limit);
	hws_str_escape(c->host, sizeof(c->host), hws_bytes_str("udp"));
	c->port = hws_addr_port(&bound);
	tell_opened(c);
}

/* True: go on reading. */
static bool socks_step(struct conn *c)
{
	if (!say_socks(c)) {
		conn_end(c, CODE(RESET), "the local program has closed the connection");
		return false;
	}
	switch (c->socks->state) {
	case HWS_SOCKS_CONNECT:
		memcpy(c->host, c->socks->host, sizeof(c->host));
		c->port = c->socks->port;
		open_stream(c);
		return false;
	case HWS_SOCKS_ASSOCIATE:
		if (c->udp)
			return true;
		associate(c);
		return !c->ended;
	case HWS_SOCKS_ENDED:
		conn_end(c, CODE(PROTOCOL),
				"the local program speaks no SOCKS 5 that is known here");
		return false;
	default:
		return true;
	}
}

static void on_local(struct hws_stream *s, unsigned ready HWS_UNUSED, void *arg)
{
	struct conn *c = arg;
	uint8_t in[HWS_SOCKS_STEP_MAX];

	for (;;) {
		size_t need = hws_socks_need(c->socks);
		/* Of an association only the end counts. */
		ssize_t n = hws_stream_read(s, in, need ? need : sizeof(in));

		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			conn_end(c, c->udp ? CODE(OK) : CODE(RESET),
					"the local program has closed the connection");
			return;
		}
		if (need)
			hws_socks_input(c->socks, hws_bytes(in, (size_t)n));
		if (!socks_step(c))
			return;
	}
}

static void begin_socks(struct conn *c)
{
	c->socks = hws_alloc(sizeof(*c->socks));
	if (!c->socks) {
		conn_end(c, CODE(FAILED), "out of memory");
		return;
	}
	hws_socks_init(c->socks);
	hws_stream_set_callback(c->local, on_local, c);
	hws_stream_want(c->local, HWS_STREAM_READ);
	hws_timer_start(c->tv->conf.loop, &c->limit, SOCKS_US, on_socks_late, c);
}

static void hand_to_raw(struct conn *c)
{
	struct hws_tunnel_view *tv = c->tv;
	struct hws_stream *local = c->local;
	char target[HWS_TUNNEL_NAME];
	struct hws_tunnel_told t;

	told(c, &t, target);
	c->local = NULL;
	c->ended = true;
	hws_list_remove(&c->node);
	tv->conn_count--;
	hws_loop_defer(tv->conf.loop, &c->gone, free_conn, c);
	tv->conf.raw_open(&t, local, c->host, c->port, tv->conf.arg);
	hws_tunnel_accept_or_wait(tv);
}

void hws_tunnel_conn_accept(
		struct hws_tunnel_forward *f, int fd, const struct sockaddr_storage *peer)
{
	struct hws_tunnel_view *tv = f->tv;
	struct conn *c = hws_tunnel_accepts(tv) ? new_conn(f, peer) : NULL;

	if (!c || hws_stream_tcp_new(tv->conf.loop, fd, &c->local) < 0) {
		close(fd);
		if (c)
			conn_end(c, CODE(FAILED), "out of memory");
		return;
	}
	if (tv->raw)
		hand_to_raw(c);
	else if (f->kind == HWS_FORWARD_DYNAMIC)
		begin_socks(c);
	else
		open_stream(c);
	hws_tunnel_accept_or_wait(tv);
}

/* --- connections of the host ------------------------------------------------------------------ */

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct conn *c = arg;
	Ses__TunnelCode code = r == HWS_ERR_REFUSED                     ? CODE(REFUSED)
			: r == HWS_ERR_RESOLVE || r == HWS_ERR_NOTFOUND ? CODE(RESOLVE)
			: r == HWS_ERR_TIMEOUT                          ? CODE(TIMEOUT)
									: CODE(UNREACHABLE);

	c->dial = NULL;
	if (r < 0) {
		struct hws_mux_stream *stream = c->stream;

		c->stream = NULL;
		hws_mux_refuse(stream, code, hws_err_text(r));
		conn_end(c, code, hws_err_text(r));
		return;
	}
	c->local = s;
	hws_mux_accept(c->stream, "");
	join(c);
}

void hws_tunnel_conn_incoming(struct hws_tunnel_forward *f, struct hws_mux_stream *s,
		const struct hws_mux_target *t)
{
	struct hws_tunnel_view *tv = f->tv;
	struct conn *c = tv->conn_count < HWS_TUNNEL_CONNS_MAX ? new_conn(f, NULL) : NULL;
	int r = HWS_ERR_FULL;

	if (c) {
		char from[HWS_TUNNEL_NAME];

		hws_readable_text(from, sizeof(from), hws_bytes_str(t->host));
		if (hws_host_port_join(from, t->port, c->from, sizeof(c->from)) < 0)
			c->from[0] = 0;
		r = hws_dial(tv->conf.loop, tv->conf.work,
				&(struct hws_dial_conf){ .host = c->host,
						.port = c->port,
						.timeout_us = DIAL_US,
						.family = AF_UNSPEC },
				on_dialed, c, &c->dial);
	}
	if (r < 0) {
		hws_mux_refuse(s, CODE(FAILED), "too many connections at once");
		if (c)
			conn_end(c, CODE(FAILED), "too many connections at once");
		return;
	}
	c->stream = s;
	hws_mux_stream_set_tag(s, &c->end);
}

void hws_tunnel_conns_stop(struct hws_tunnel_view *tv)
{
	struct hws_list *node;

	while ((node = hws_list_first(&tv->conns))) {
		struct conn *c = hws_container(node, struct conn, node);
		struct hws_duct *d = c->duct;

		conn_end(c, CODE(RESET), "the session has ended");
		hws_duct_end(d, CODE(RESET), "the session has ended");
	}
}
