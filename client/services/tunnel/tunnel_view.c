/* Forwards and the mux that they share. A forward that the user asked for outlives every link; what
 * the host has to do for it is asked for anew with each. */
#include "client/core/readable_text.h"
#include "client/services/tunnel/tunnel_view_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CODE(name) HWS_TUNNEL_CODE(name)

int hws_tunnel_err(Ses__TunnelCode code)
{
	switch (code) {
	case CODE(OK):
		return HWS_OK;
	case CODE(FORBIDDEN):
	case CODE(PERMISSION):
		return HWS_ERR_DENIED;
	case CODE(FULL):
		return HWS_ERR_FULL;
	case CODE(REFUSED):
		return HWS_ERR_REFUSED;
	case CODE(UNREACHABLE):
		return HWS_ERR_UNREACHABLE;
	case CODE(RESOLVE):
		return HWS_ERR_RESOLVE;
	case CODE(TIMEOUT):
	case CODE(IDLE):
	case CODE(STALLED):
		return HWS_ERR_TIMEOUT;
	case CODE(RESET):
		return HWS_ERR_RESET;
	default:
		return HWS_ERR_CLOSED;
	}
}

/* --- forwards --------------------------------------------------------------------------------- */

bool hws_tunnel_accepts(const struct hws_tunnel_view *tv)
{
	if (tv->stopped || tv->conn_count >= HWS_TUNNEL_CONNS_MAX)
		return false;
	return tv->raw ? tv->conf.raw_room(tv->conf.arg) : tv->mux != NULL;
}

void hws_tunnel_accept_or_wait(struct hws_tunnel_view *tv)
{
	bool on = hws_tunnel_accepts(tv);
	struct hws_list *node;

	hws_list_for (node, &tv->forwards) {
		struct hws_listener *l =
				hws_container(node, struct hws_tunnel_forward, node)->listener;

		if (l && on)
			hws_listener_resume(l);
		else if (l)
			hws_listener_pause(l);
	}
}

static void forward_free(struct hws_tunnel_forward *f)
{
	hws_list_remove(&f->node);
	f->tv->forward_count--;
	hws_listener_free(f->listener);
	hws_tunnel_udp_free(f->udp);
	hws_free(f);
}

void hws_tunnel_forward_fail(struct hws_tunnel_forward *f, int err, const char *text)
{
	struct hws_tunnel_view *tv = f->tv;
	uint32_t id = f->id;

	forward_free(f);
	tv->conf.on_listening(id, err, text, 0, tv->conf.arg);
}

static struct hws_tunnel_forward *find(struct hws_tunnel_view *tv, uint32_t id)
{
	struct hws_list *node;

	hws_list_for (node, &tv->forwards) {
		struct hws_tunnel_forward *f = hws_container(node, struct hws_tunnel_forward, node);
		if (f->id == id)
			return f;
	}
	return NULL;
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	hws_tunnel_conn_accept(arg, fd, peer);
}

/* The IP to listen at. */
static const char *bind_ip(const struct hws_tunnel_forward *f)
{
	if (strcmp(f->address, "*") == 0)
		return "";
	return *f->address && strcmp(f->address, "localhost") != 0 ? f->address : "127.0.0.1";
}

static void tell_listening(struct hws_tunnel_forward *f, uint16_t port)
{
	char text[HWS_TUNNEL_NAME];
	const char *ip = bind_ip(f);

	if (hws_host_port_join(*ip ? ip : "*", port, text, sizeof(text)) < 0)
		text[0] = 0;
	f->tv->conf.on_listening(f->id, HWS_OK, text, port, f->tv->conf.arg);
}

static void listen_tcp(struct hws_tunnel_forward *f)
{
	struct hws_error err = { 0 };
	int r = hws_listener_new(f->tv->conf.loop,
			&(struct hws_listen_conf){ .bind_ip = bind_ip(f),
					.port = f->port,
					.on_accept = on_accept,
					.arg = f },
			&f->listener, &err);

	if (r < 0) {
		hws_tunnel_forward_fail(f, r, *err.text ? err.text : hws_err_text(r));
		return;
	}
	if (!hws_tunnel_accepts(f->tv))
		hws_listener_pause(f->listener);
	tell_listening(f, hws_listener_port(f->listener));
}

static void listen_udp(struct hws_tunnel_forward *f)
{
	struct hws_error err = { 0 };
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	int fd = -1, r = hws_udp_bind(bind_ip(f), f->port, false, &fd, &err);

	if (r == HWS_OK && getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		a.ss_family = AF_UNSPEC;
	if (r == HWS_OK)
		r = hws_tunnel_udp_new(&(struct hws_tunnel_udp_conf){ .tv = f->tv,
						       .fd = fd,
						       .host = f->host,
						       .port = f->target_port },
				&f->udp);
	if (r < 0)
		hws_tunnel_forward_fail(f, r, *err.text ? err.text : hws_err_text(r));
	else
		tell_listening(f, hws_addr_port(&a));
}

static const char needs_v2[] = "this needs hawser at both ends; hosts of the RustDesk 1.x scheme "
			       "forward single TCP ports only (-L)";

/* What has to be done for it with this link, or without one. */
static void begin(struct hws_tunnel_forward *f)
{
	struct hws_tunnel_view *tv = f->tv;
	int r;

	if (tv->raw && f->kind != HWS_FORWARD_LOCAL) {
		hws_tunnel_forward_fail(f, HWS_ERR_UNSUPPORTED, needs_v2);
		return;
	}
	switch (f->kind) {
	case HWS_FORWARD_LOCAL:
	case HWS_FORWARD_DYNAMIC:
		if (!f->listener)
			listen_tcp(f);
		break;
	case HWS_FORWARD_UDP:
		if (!f->udp)
			listen_udp(f);
		break;
	case HWS_FORWARD_REMOTE:
		r = tv->mux ? hws_mux_listen(tv->mux, f->id, f->address, f->port) : HWS_OK;
		if (r < 0)
			hws_tunnel_forward_fail(f, r, hws_err_text(r));
		break;
	}
}

static int copy(const struct hws_forward *from, struct hws_tunnel_forward *to)
{
	bool target = from->kind != HWS_FORWARD_DYNAMIC;
	int r;

	if (!from->id || (target && !from->target_port) ||
			(unsigned)from->kind > HWS_FORWARD_REMOTE)
		return HWS_ERR_INVAL;
	to->id = from->id;
	to->kind = from->kind;
	to->port = from->port;
	to->target_port = from->target_port;
	r = hws_str_copy(to->address, sizeof(to->address), from->address ? from->address : "");
	if (r == HWS_OK)
		r = hws_str_copy(to->host, sizeof(to->host),
				from->host && *from->host ? from->host : "localhost");
	return r < 0 ? HWS_ERR_INVAL : HWS_OK;
}

int hws_tunnel_view_add(struct hws_tunnel_view *tv, const struct hws_forward *wish)
{
	struct hws_tunnel_forward *f;
	int r;

	if (tv->forward_count >= HWS_TUNNEL_FORWARDS_MAX)
		return HWS_ERR_FULL;
	if (find(tv, wish->id))
		return HWS_ERR_EXISTS;
	f = hws_alloc(sizeof(*f));
	if (!f)
		return HWS_ERR_NOMEM;
	f->tv = tv;
	r = copy(wish, f);
	if (r < 0) {
		hws_free(f);
		return r;
	}
	hws_list_push(&tv->forwards, &f->node);
	tv->forward_count++;
	begin(f);
	return HWS_OK;
}

int hws_tunnel_view_remove(struct hws_tunnel_view *tv, uint32_t id)
{
	struct hws_tunnel_forward *f = find(tv, id);

	if (!f)
		return HWS_ERR_NOTFOUND;
	if (f->kind == HWS_FORWARD_REMOTE && tv->mux)
		hws_mux_unlisten(tv->mux, id);
	forward_free(f);
	return HWS_OK;
}

static void begin_all(struct hws_tunnel_view *tv)
{
	struct hws_list *node, *next;

	hws_list_for_safe (node, next, &tv->forwards)
		begin(hws_container(node, struct hws_tunnel_forward, node));
	hws_tunnel_accept_or_wait(tv);
	hws_tunnel_udp_link(tv);
}

/* --- the mux ---------------------------------------------------------------------------------- */

static struct hws_tunnel_end *end_of(const struct hws_mux_stream *s)
{
	return hws_mux_stream_tag(s);
}

static int on_send(struct hws_bytes head, struct hws_bytes rest, void *arg)
{
	struct hws_tunnel_view *tv = arg;

	return hws_viewer_send_packed(tv->service.viewer, HWS_CHANNEL_TUNNELS, head, rest);
}

static bool has_room(void *arg)
{
	struct hws_tunnel_view *tv = arg;

	return hws_viewer_can_send(tv->service.viewer, &tv->service);
}

static uint64_t now_us(void *arg)
{
	return hws_loop_now_us(((struct hws_tunnel_view *)arg)->conf.loop);
}

static void on_open(struct hws_mux *m HWS_UNUSED, struct hws_mux_stream *s,
		const struct hws_mux_target *t, void *arg)
{
	struct hws_tunnel_forward *f = t->listener ? find(arg, t->listener) : NULL;

	if (f && f->kind == HWS_FORWARD_REMOTE)
		hws_tunnel_conn_incoming(f, s, t);
	else
		hws_mux_refuse(s, CODE(FORBIDDEN), "the viewer has no such listener");
}

static void on_opened(struct hws_mux_stream *s, const char *address, void *arg HWS_UNUSED)
{
	struct hws_tunnel_end *e = end_of(s);

	if (e)
		e->impl->opened(e, address);
}

static void on_data(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct hws_tunnel_end *e = end_of(s);

	if (e && e->impl->data)
		e->impl->data(e, data);
}

static void on_eof(struct hws_mux_stream *s, void *arg HWS_UNUSED)
{
	struct hws_tunnel_end *e = end_of(s);

	if (e && e->impl->eof)
		e->impl->eof(e);
}

static ssize_t pull(struct hws_mux_stream *s, uint8_t *buf, size_t max, void *arg HWS_UNUSED)
{
	struct hws_tunnel_end *e = end_of(s);

	return e && e->impl->pull ? e->impl->pull(e, buf, max) : 0;
}

static void on_datagram(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct hws_tunnel_end *e = end_of(s);

	if (e && e->impl->datagram)
		e->impl->datagram(e, data);
}

static void on_closed(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
		void *arg HWS_UNUSED)
{
	struct hws_tunnel_end *e = end_of(s);

	if (e)
		e->impl->closed(e, code, text);
}

static void on_listening(struct hws_mux *m HWS_UNUSED, uint32_t listener, Ses__TunnelCode code,
		const char *text, const char *address, uint16_t port, void *arg)
{
	struct hws_tunnel_view *tv = arg;
	struct hws_tunnel_forward *f = find(tv, listener);
	char said[HWS_MUX_TEXT_MAX + 40], place[HWS_TUNNEL_NAME];

	if (!f || f->kind != HWS_FORWARD_REMOTE)
		return;
	if (code != CODE(OK)) {
		hws_readable_text(said, sizeof(said), hws_bytes_str(text));
		hws_tunnel_forward_fail(f, hws_tunnel_err(code), said);
		return;
	}
	hws_readable_text(place, sizeof(place), hws_bytes_str(address));
	if (hws_host_port_join(*place ? place : "localhost", port, said, sizeof(said)) < 0)
		said[0] = 0;
	tv->conf.on_listening(listener, HWS_OK, said, port, tv->conf.arg);
}

/* --- the service ------------------------------------------------------------------------------ */

static void on_link(struct hws_service *s)
{
	struct hws_tunnel_view *tv = hws_tunnel_view_of(s);
	int r;

	tv->raw = tv->stopped = false;
	r = hws_mux_new(&(struct hws_mux_conf){ .send = on_send,
					.has_room = has_room,
					.now_us = now_us,
					.on_open = on_open,
					.on_opened = on_opened,
					.on_data = on_data,
					.on_eof = on_eof,
					.pull = pull,
					.on_closed = on_closed,
					.on_datagram = on_datagram,
					.on_listening = on_listening,
					.arg = tv },
			&tv->mux);
	if (r < 0) {
		tv->conf.on_broken(r, tv->conf.arg);
		return;
	}
	begin_all(tv);
}

static void check_mux(struct hws_tunnel_view *tv)
{
	int r = tv->mux ? hws_mux_err(tv->mux) : HWS_OK;

	if (r < 0)
		tv->conf.on_broken(r, tv->conf.arg);
}

static bool on_message(struct hws_service *s, Ses__Message *m)
{
	struct hws_tunnel_view *tv = hws_tunnel_view_of(s);

	if (m->union_case == SES__MESSAGE__UNION_TUNNEL && tv->mux) {
		int r = hws_mux_input(tv->mux, m->tunnel);

		if (r < 0)
			tv->conf.on_broken(r, tv->conf.arg);
		else
			check_mux(tv);
	}
	return false;
}

static void on_drained(struct hws_service *s)
{
	struct hws_tunnel_view *tv = hws_tunnel_view_of(s);

	if (tv->mux)
		hws_mux_drained(tv->mux);
	check_mux(tv);
}

static void on_tick(struct hws_service *s, uint64_t now)
{
	hws_tunnel_udp_tick(hws_tunnel_view_of(s), now);
}

static void on_link_gone(struct hws_service *s)
{
	struct hws_tunnel_view *tv = hws_tunnel_view_of(s);
	struct hws_mux *m = tv->mux;

	tv->mux = NULL;
	hws_tunnel_accept_or_wait(tv);
	hws_tunnel_udp_link(tv);
	hws_mux_free(m, CODE(RESET), "the session was lost");
}

static void on_free(struct hws_service *s)
{
	hws_tunnel_view_free(hws_tunnel_view_of(s));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_TUNNEL,
	.name = "tunnel",
	.kinds = HWS_KIND_BIT(HWS_KIND_FORWARD),
	.open = on_link,
	.on_message = on_message,
	.drained = on_drained,
	.tick = on_tick,
	.close = on_link_gone,
	.free = on_free,
};

int hws_tunnel_view_new(const struct hws_tunnel_view_conf *conf, struct hws_tunnel_view **ret)
{
	struct hws_tunnel_view *tv = hws_alloc(sizeof(*tv));

	if (!tv)
		return HWS_ERR_NOMEM;
	tv->service.impl = &impl;
	tv->conf = *conf;
	hws_list_init(&tv->forwards);
	hws_list_init(&tv->conns);
	hws_list_init(&tv->udps);
	*ret = tv;
	return HWS_OK;
}

void hws_tunnel_view_set_raw(struct hws_tunnel_view *tv)
{
	tv->raw = true;
	tv->stopped = false;
	begin_all(tv);
}

void hws_tunnel_view_raw_room(struct hws_tunnel_view *tv)
{
	hws_tunnel_accept_or_wait(tv);
}

void hws_tunnel_view_stop(struct hws_tunnel_view *tv)
{
	struct hws_list *node, *next;

	tv->stopped = true;
	hws_tunnel_conns_stop(tv);
	hws_list_for_safe (node, next, &tv->forwards)
		forward_free(hws_container(node, struct hws_tunnel_forward, node));
}

void hws_tunnel_view_free(struct hws_tunnel_view *tv)
{
	if (!tv)
		return;
	hws_tunnel_view_stop(tv);
	hws_mux_free(tv->mux, CODE(RESET), "the session was closed");
	hws_free(tv);
}

struct hws_service *hws_tunnel_view_service(struct hws_tunnel_view *tv)
{
	return &tv->service;
}

struct hws_tunnel_view *hws_tunnel_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_tunnel_view, service);
}
