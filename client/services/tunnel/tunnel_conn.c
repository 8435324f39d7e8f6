/* One stream of a session at the host: from the wish of the viewer to the connected target, or from
 * a connection that a listener took to the wish of the host. What is behind it is a duct (TCP) or a
 * socket of datagrams. */
#include "client/services/tunnel/tunnel_host_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAMS 32 /* read in a turn, so that the others have theirs */
#define CODE HWS_TUNNEL_CODE

struct tunnel_conn {
	struct hws_list node;
	struct tunnel_session *s;
	struct hws_mux_stream *stream; /* NULL: no more */
	struct hws_mux_target target;  /* its host is `host` */
	char host[HWS_MUX_HOST_MAX + 1];
	char name[HWS_TUNNEL_NAME], address_text[HWS_ADDR_TEXT];
	struct sockaddr_storage address;
	struct hws_target_dial *dial;
	struct hws_duct *duct;
	struct hws_stream *accepted; /* of a listener, until the viewer has answered */
	int fd;                      /* of datagrams, -1 = none */
	struct event readable;
	struct hws_timer idle;
	uint64_t moved_us, datagram_bytes;
	bool open; /* told of as such */
};

static struct tunnel_conn *of(struct hws_mux_stream *stream)
{
	return hws_mux_stream_tag(stream);
}

static struct tunnel_conn *new_conn(struct tunnel_session *s, const struct hws_mux_target *t)
{
	struct tunnel_conn *c = hws_alloc(sizeof(*c));

	if (!c || hws_str_copy(c->host, sizeof(c->host), t->host) < 0 ||
			hws_host_port_join(*c->host ? c->host : "localhost", t->port, c->name,
					sizeof(c->name)) < 0) {
		hws_free(c);
		return NULL;
	}
	c->s = s;
	c->target = *t;
	c->target.host = c->host;
	c->fd = -1;
	hws_list_push(&s->conns, &c->node);
	return c;
}

/* The mux has no stream of it any more. */
static void free_conn(struct tunnel_conn *c, Ses__TunnelCode code, uint64_t bytes)
{
	if (c->open)
		hws_tunnel_tell(c->s, "tunnel.closed", c->name, c->address_text, bytes,
				hws_tunnel_result(code));
	hws_target_dial_cancel(c->dial);
	hws_stream_close(c->accepted);
	hws_timer_stop(&c->idle);
	if (c->fd >= 0) {
		event_del(&c->readable);
		close(c->fd);
	}
	hws_list_remove(&c->node);
	hws_free(c);
}

/* Its end, told to both sides. */
static void end_conn(struct tunnel_conn *c, Ses__TunnelCode code, const char *text)
{
	uint64_t bytes = c->datagram_bytes;

	if (c->duct) {
		bytes = hws_duct_bytes_in(c->duct) + hws_duct_bytes_out(c->duct);
		hws_duct_end(c->duct, code, text);
	} else if (c->stream) {
		hws_mux_reset(c->stream, code, text);
	}
	free_conn(c, code, bytes);
}

static void tell_open(struct tunnel_conn *c)
{
	c->open = true;
	hws_tunnel_tell(c->s, "tunnel.opened", c->name, c->address_text, 0, HWS_OK);
}

/* --- TCP -------------------------------------------------------------------------------------- */

static void on_duct_end(
		struct hws_duct *d, Ses__TunnelCode code, const char *text HWS_UNUSED, void *arg)
{
	struct tunnel_conn *c = arg;

	c->duct = NULL;
	free_conn(c, code, hws_duct_bytes_in(d) + hws_duct_bytes_out(d));
}

/* Takes the socket. False: `c` has ended. */
static bool join_socket(struct tunnel_conn *c, struct hws_stream *socket)
{
	const struct hws_duct_conf conf = { .loop = c->s->h->env.loop,
		.idle_us = HWS_TUNNEL_IDLE_US,
		.stall_us = HWS_TUNNEL_STALL_US,
		.on_end = on_duct_end,
		.arg = c };

	if (hws_duct_new(&conf, c->stream, socket, &c->duct) == HWS_OK)
		return true;
	end_conn(c, CODE(FAILED), "out of memory");
	return false;
}

/* --- datagrams -------------------------------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	static uint8_t buf[HWS_MUX_DATAGRAM_MAX]; /* one thread, and nothing is kept in it */
	struct tunnel_conn *c = arg;

	for (int i = 0; i < DATAGRAMS; i++) {
		ssize_t n = recv((int)fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0) /* refused by the target, or none: the next one may do better */
			return;
		c->moved_us = hws_loop_now_us(c->s->h->env.loop);
		if (hws_mux_datagram(c->stream, hws_bytes(buf, (size_t)n)) == HWS_OK)
			c->datagram_bytes += (uint64_t)n;
	}
}

static void on_idle(void *arg)
{
	struct tunnel_conn *c = arg;

	if (hws_loop_now_us(c->s->h->env.loop) - c->moved_us >= HWS_TUNNEL_UDP_IDLE_US)
		end_conn(c, CODE(IDLE), "no datagram came or went for too long");
}

static void join_datagrams(struct tunnel_conn *c, int fd)
{
	struct hws_loop *loop = c->s->h->env.loop;

	c->fd = fd;
	c->moved_us = hws_loop_now_us(loop);
	event_assign(&c->readable, hws_loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, c);
	event_add(&c->readable, NULL);
	hws_timer_every(loop, &c->idle, 5 * HWS_US_PER_S, on_idle, c);
}

static void on_datagram(struct hws_mux_stream *stream, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct tunnel_conn *c = of(stream);

	if (c->fd < 0)
		return;
	c->moved_us = hws_loop_now_us(c->s->h->env.loop);
	if (send(c->fd, data.ptr, data.len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)data.len)
		c->datagram_bytes += data.len;
}

/* --- the viewer's wish ------------------------------------------------------------------------ */

static void refuse(struct tunnel_conn *c, Ses__TunnelCode code)
{
	char text[HWS_MUX_TEXT_MAX];

	hws_tunnel_tell_refused(c->s, c->name, code, "tunnel-targets");
	hws_mux_refuse(c->stream, code, hws_tunnel_why(code, c->name, text, sizeof(text)));
	free_conn(c, code, 0);
}

static void on_dialed(const struct hws_target_result *r, void *arg)
{
	struct tunnel_conn *c = arg;

	c->dial = NULL;
	if (r->code != CODE(OK)) {
		refuse(c, r->code);
		return;
	}
	c->address = r->address;
	hws_addr_text(&c->address, c->address_text, sizeof(c->address_text));
	tell_open(c);
	hws_mux_accept(c->stream, c->address_text);
	if (r->stream)
		join_socket(c, r->stream);
	else
		join_datagrams(c, r->fd);
}

static const struct hws_targets *targets_of(void *arg)
{
	const struct tunnel_conn *c = arg;

	return c->s->h->targets;
}

void hws_tunnel_conn_open(struct tunnel_session *s, struct hws_mux_stream *stream,
		const struct hws_mux_target *t)
{
	struct tunnel_conn *c = new_conn(s, t);
	const struct hws_target_dial_conf conf = { .loop = s->h->env.loop,
		.work = s->h->env.work,
		.targets = targets_of,
		.done = on_dialed,
		.arg = c,
		.timeout_us = HWS_TUNNEL_DIAL_US };

	if (!c) {
		hws_mux_refuse(stream, CODE(FAILED), "out of memory");
		return;
	}
	c->stream = stream;
	hws_mux_stream_set_tag(stream, c);
	if (hws_target_dial(&conf, t->kind, t->host, t->port, &c->dial) < 0)
		refuse(c, CODE(FAILED));
}

/* --- a listener's connection ------------------------------------------------------------------ */

uint64_t hws_tunnel_answer_us = HWS_TUNNEL_ANSWER_US;

static void on_no_answer(void *arg)
{
	struct tunnel_conn *c = arg;

	hws_tunnel_tell_refused(c->s, c->name, CODE(TIMEOUT), "");
	end_conn(c, CODE(TIMEOUT),
			"the viewer did not say in time whether it takes the connection");
}

void hws_tunnel_conn_accepted(struct tunnel_session *s, uint32_t listener, int fd,
		const struct sockaddr_storage *peer)
{
	char ip[HWS_ADDR_TEXT];
	const struct hws_mux_target t = { SES__TUNNEL_KIND__TUNNEL_KIND_TCP,
		hws_addr_ip_text(peer, ip, sizeof(ip)), hws_addr_port(peer), listener };
	struct tunnel_conn *c = new_conn(s, &t);

	if (!c || hws_stream_tcp_new(s->h->env.loop, fd, &c->accepted) < 0) {
		close(fd);
		if (c)
			free_conn(c, CODE(FAILED), 0);
		return;
	}
	c->address = *peer;
	if (hws_fmt(c->address_text, sizeof(c->address_text), "listener %u", listener) < 0)
		c->address_text[0] = 0;
	if (hws_mux_open(s->mux, &t, c, &c->stream) < 0) {
		hws_tunnel_tell_refused(s, c->name, CODE(FULL), "tunnel-streams");
		free_conn(c, CODE(FULL), 0);
		return;
	}
	hws_timer_start(s->h->env.loop, &c->idle, hws_tunnel_answer_us, on_no_answer, c);
}

static void on_opened(
		struct hws_mux_stream *stream, const char *address HWS_UNUSED, void *arg HWS_UNUSED)
{
	struct tunnel_conn *c = of(stream);
	struct hws_stream *socket = c->accepted;

	hws_timer_stop(&c->idle);
	c->accepted = NULL;
	tell_open(c);
	join_socket(c, socket);
}

/* --- callbacks of the mux --------------------------------------------------------------------- */

static void on_open(struct hws_mux *m HWS_UNUSED, struct hws_mux_stream *stream,
		const struct hws_mux_target *t, void *arg)
{
	hws_tunnel_conn_open(arg, stream, t);
}

static void on_full(struct hws_mux *m HWS_UNUSED, const struct hws_mux_target *t, void *arg)
{
	char name[HWS_TUNNEL_NAME];

	if (hws_host_port_join(t->host, t->port, name, sizeof(name)) < 0)
		name[0] = 0;
	hws_tunnel_tell_refused(arg, name, CODE(FULL), "tunnel-streams");
}

static void on_data(struct hws_mux_stream *stream, struct hws_bytes data, void *arg HWS_UNUSED)
{
	if (of(stream)->duct)
		hws_duct_data(of(stream)->duct, data);
}

static void on_eof(struct hws_mux_stream *stream, void *arg HWS_UNUSED)
{
	if (of(stream)->duct)
		hws_duct_eof(of(stream)->duct);
}

static ssize_t pull(struct hws_mux_stream *stream, uint8_t *buf, size_t max, void *arg HWS_UNUSED)
{
	return of(stream)->duct ? hws_duct_pull(of(stream)->duct, buf, max) : 0;
}

static void on_closed(struct hws_mux_stream *stream, Ses__TunnelCode code, const char *text,
		void *arg HWS_UNUSED)
{
	struct tunnel_conn *c = of(stream);

	c->stream = NULL;
	if (c->duct)
		hws_duct_closed(c->duct, code, text); /* frees it by on_duct_end */
	else
		free_conn(c, code, c->datagram_bytes);
}

void hws_tunnel_conn_set_callbacks(struct hws_mux_conf *c)
{
	c->on_open = on_open;
	c->on_full = on_full;
	c->on_opened = on_opened;
	c->on_data = on_data;
	c->on_eof = on_eof;
	c->pull = pull;
	c->on_closed = on_closed;
	c->on_datagram = on_datagram;
}

void hws_tunnel_conn_judge_again(struct tunnel_session *s)
{
	const struct hws_targets *t = s->h->targets;
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &s->conns) {
		struct tunnel_conn *c = hws_container(node, struct tunnel_conn, node);

		if (c->target.listener || !c->open ||
				(t && hws_targets_allow(t, c->target.kind, c->host, &c->address)))
			continue;
		end_conn(c, CODE(FORBIDDEN), "the owner of the host allows this target no more");
	}
}
