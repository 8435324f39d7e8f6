/* Datagrams: each sender and destination has a stream of its own at the mux, so that answers find
 * back. What cannot be sent at once is dropped, as networks do; flows end when they are silent. */
#include "client/services/tunnel/socks.h"
#include "client/services/tunnel/tunnel_view_parts.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <event2/event_struct.h>
#include <string.h>
#include <unistd.h>

#define CODE(name) HWS_TUNNEL_CODE(name)
#define FLOWS_MAX 256u
#define FLOW_IDLE_US (120 * HWS_US_PER_S)
#define WAITING_MAX (64u << 10) /* bytes of a flow that is not open yet */
#define TURN_MAX 64

struct flow {
	struct hws_tunnel_end end;
	struct hws_list node;
	struct hws_tunnel_udp *u;
	struct hws_mux_stream *s; /* NULL: no more */
	bool open;
	struct sockaddr_storage client;
	char host[HWS_MUX_HOST_MAX + 1];
	uint16_t port;
	uint64_t moved_us;
	struct hws_buf waiting; /* each with two bytes of length before it */
};

struct hws_tunnel_udp {
	struct hws_list node;
	struct hws_tunnel_view *tv;
	int fd;
	struct event ev;
	bool reads, socks;
	struct sockaddr_storage client; /* SOCKS: who may send; its port may be 0 at first */
	char host[HWS_MUX_HOST_MAX + 1];
	uint16_t port;
	struct hws_list flows;
	unsigned count;
	uint8_t room[HWS_SOCKS_UDP_HEAD_MAX + HWS_MUX_DATAGRAM_MAX];
};

static void flow_free(struct flow *f, bool reset)
{
	if (reset && f->s)
		hws_mux_reset(f->s, CODE(OK), "");
	f->s = NULL;
	hws_list_remove(&f->node);
	f->u->count--;
	hws_buf_done(&f->waiting);
	hws_free(f);
}

static struct flow *of(struct hws_tunnel_end *e)
{
	return hws_container(e, struct flow, end);
}

static void on_opened(struct hws_tunnel_end *e, const char *address HWS_UNUSED)
{
	struct flow *f = of(e);
	struct hws_bytes w = hws_buf_bytes(&f->waiting);

	f->open = true;
	while (w.len >= 2) {
		size_t n = (size_t)(w.ptr[0] << 8 | w.ptr[1]);

		if (hws_mux_datagram(f->s, hws_bytes(w.ptr + 2, n)) < 0)
			break; /* dropped */
		w = hws_bytes(w.ptr + 2 + n, w.len - 2 - n);
	}
	hws_buf_done(&f->waiting);
	hws_buf_init(&f->waiting, WAITING_MAX);
}

static void on_datagram(struct hws_tunnel_end *e, struct hws_bytes data)
{
	struct flow *f = of(e);
	struct hws_tunnel_udp *u = f->u;
	size_t head = 0;

	if (data.len > HWS_MUX_DATAGRAM_MAX)
		return;
	f->moved_us = hws_loop_now_us(u->tv->conf.loop);
	if (u->socks)
		head = hws_socks_datagram_head(f->host, f->port, u->room);
	if (data.len)
		memcpy(u->room + head, data.ptr, data.len);
	/* One that finds no room, or nobody, is lost. */
	(void)!sendto(u->fd, u->room, head + data.len, MSG_NOSIGNAL,
			(const struct sockaddr *)&f->client, hws_addr_len(&f->client));
}

static void on_stream_closed(struct hws_tunnel_end *e, Ses__TunnelCode code HWS_UNUSED,
		const char *text HWS_UNUSED)
{
	of(e)->s = NULL;
	flow_free(of(e), false);
}

static const struct hws_tunnel_end_impl end_impl = {
	.opened = on_opened,
	.datagram = on_datagram,
	.closed = on_stream_closed,
};

/* --- from here -------------------------------------------------------------------------------- */

/* The client's address as the socket has it is kept: answers go there as they came. */
static struct flow *find(struct hws_tunnel_udp *u, const struct sockaddr_storage *client,
		const char *host, uint16_t port)
{
	struct hws_list *node;

	hws_list_for (node, &u->flows) {
		struct flow *f = hws_container(node, struct flow, node);

		if (f->port == port && hws_addr_equal(&f->client, client) &&
				strcmp(f->host, host) == 0)
			return f;
	}
	return NULL;
}

static struct flow *oldest(struct hws_tunnel_udp *u)
{
	struct flow *old = NULL;
	struct hws_list *node;

	hws_list_for (node, &u->flows) {
		struct flow *f = hws_container(node, struct flow, node);

		if (!old || f->moved_us < old->moved_us)
			old = f;
	}
	return old;
}

static struct flow *new_flow(struct hws_tunnel_udp *u, const struct sockaddr_storage *client,
		const char *host, uint16_t port)
{
	struct hws_mux_target t = {
		.kind = SES__TUNNEL_KIND__TUNNEL_KIND_UDP, .host = host, .port = port
	};
	struct flow *f;

	if (u->count >= FLOWS_MAX)
		flow_free(oldest(u), true);
	f = hws_alloc(sizeof(*f));
	if (!f)
		return NULL;
	f->end.impl = &end_impl;
	f->u = u;
	f->client = *client;
	f->port = port;
	memcpy(f->host, host, strlen(host) + 1);
	hws_buf_init(&f->waiting, WAITING_MAX);
	hws_list_push(&u->flows, &f->node);
	u->count++;
	if (hws_mux_open(u->tv->mux, &t, &f->end, &f->s) < 0) {
		f->s = NULL;
		flow_free(f, false);
		return NULL;
	}
	return f;
}

static void take(struct hws_tunnel_udp *u, const struct sockaddr_storage *client,
		struct hws_bytes data)
{
	char named[HWS_SOCKS_HOST_MAX + 1];
	const char *host = u->host;
	uint16_t port = u->port;
	struct flow *f;

	if (!u->tv->mux)
		return;
	if (u->socks) {
		if (hws_socks_datagram(data, named, &port, &data) < 0)
			return;
		host = named;
	}
	f = find(u, client, host, port);
	if (!f)
		f = new_flow(u, client, host, port);
	if (!f)
		return;
	f->moved_us = hws_loop_now_us(u->tv->conf.loop);
	if (f->open) {
		(void)!hws_mux_datagram(f->s, data);
	} else if (data.len <= 0xffff && hws_buf_len(&f->waiting) + 2 + data.len <= WAITING_MAX) {
		hws_buf_put_u8(&f->waiting, (uint8_t)(data.len >> 8));
		hws_buf_put_u8(&f->waiting, (uint8_t)data.len);
		hws_buf_put(&f->waiting, data.ptr, data.len);
	}
}

/* SOCKS: only the program that asked. Which port it sends from may show with its first datagram. */
static bool is_client(struct hws_tunnel_udp *u, const struct sockaddr_storage *from)
{
	struct sockaddr_storage plain = *from;

	if (!u->socks)
		return true;
	hws_addr_normalise(&plain);
	if (!hws_addr_ip_equal(&plain, &u->client))
		return false;
	if (hws_addr_port(&u->client) == 0)
		hws_addr_set_port(&u->client, hws_addr_port(&plain));
	return hws_addr_port(&u->client) == hws_addr_port(&plain);
}

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_tunnel_udp *u = arg;

	for (int i = 0; i < TURN_MAX; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
				fd, u->room, sizeof(u->room), 0, (struct sockaddr *)&from, &len);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		/* Errors concern what was sent before. */
		if (n >= 0 && is_client(u, &from))
			take(u, &from, hws_bytes(u->room, (size_t)n));
	}
}

static void read_or_wait(struct hws_tunnel_udp *u)
{
	bool on = u->tv->mux != NULL;

	if (on && !u->reads)
		event_add(&u->ev, NULL);
	else if (!on && u->reads)
		event_del(&u->ev);
	u->reads = on;
}

void hws_tunnel_udp_link(struct hws_tunnel_view *tv)
{
	struct hws_list *node;

	hws_list_for (node, &tv->udps)
		read_or_wait(hws_container(node, struct hws_tunnel_udp, node));
}

void hws_tunnel_udp_tick(struct hws_tunnel_view *tv, uint64_t now_us)
{
	struct hws_list *node, *at, *next;

	hws_list_for (node, &tv->udps) {
		struct hws_tunnel_udp *u = hws_container(node, struct hws_tunnel_udp, node);

		hws_list_for_safe (at, next, &u->flows) {
			struct flow *f = hws_container(at, struct flow, node);

			if (now_us > f->moved_us + FLOW_IDLE_US)
				flow_free(f, true);
		}
	}
}

int hws_tunnel_udp_new(const struct hws_tunnel_udp_conf *conf, struct hws_tunnel_udp **ret)
{
	struct hws_tunnel_udp *u = hws_alloc(sizeof(*u));

	if (!u) {
		close(conf->fd);
		return HWS_ERR_NOMEM;
	}
	u->tv = conf->tv;
	u->fd = conf->fd;
	u->socks = conf->client != NULL;
	if (conf->client) {
		u->client = *conf->client;
	} else {
		memcpy(u->host, conf->host, strlen(conf->host) + 1);
		u->port = conf->port;
	}
	hws_list_init(&u->flows);
	hws_list_push(&u->tv->udps, &u->node);
	event_assign(&u->ev, hws_loop_base(u->tv->conf.loop), u->fd, EV_READ | EV_PERSIST,
			on_readable, u);
	read_or_wait(u);
	*ret = u;
	return HWS_OK;
}

void hws_tunnel_udp_free(struct hws_tunnel_udp *u)
{
	struct hws_list *node;

	if (!u)
		return;
	while ((node = hws_list_first(&u->flows)))
		flow_free(hws_container(node, struct flow, node), true);
	if (u->reads)
		event_del(&u->ev);
	hws_list_remove(&u->node);
	close(u->fd);
	hws_free(u);
}
