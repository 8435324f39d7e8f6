/* rendezvous/planes/ingress: connections that are no clients yet: their PROXY header, TLS handshake
 * and request are awaited under one deadline, and count against the limits from the first byte. */
#include "server-rendezvous/planes/ingress.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/planes/ws_passthrough.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/net/proxy_protocol.h"
#include "shared/net/tls.h"
#include "shared/net/ws_upgrade.h"
#include <string.h>
#include <unistd.h>

#define INGRESS_US (10 * HWS_US_PER_S) /* header, handshake and request together */
#define RETRY_US (20 * HWS_US_PER_MS)  /* a header came in part: look again then */

struct ingress {
	struct rdv_tcp *plane;
	struct hws_list node;
	struct hws_deferred gone;
	enum rdv_port which;
	int fd; /* until it is a stream's */
	struct event readable;
	struct hws_timer deadline, retry;
	struct sockaddr_storage peer;
	bool admitted;
	struct hws_stream *stream; /* TLS */
	struct hws_buf head;       /* the request on it */
};

static void ingress_free(void *arg)
{
	struct ingress *in = arg;

	hws_buf_done(&in->head);
	hws_free(in);
}

static void ingress_close(struct ingress *in)
{
	if (!hws_list_linked(&in->node))
		return;
	hws_list_remove(&in->node);
	hws_timer_stop(&in->deadline);
	hws_timer_stop(&in->retry);
	if (in->fd >= 0) {
		event_del(&in->readable);
		close(in->fd);
		in->fd = -1;
	}
	hws_stream_close(in->stream);
	in->stream = NULL;
	if (in->admitted)
		hws_admit_close(in->plane->limits.clients, &in->peer);
	in->plane->ingress_count--;
	hws_loop_defer(in->plane->loop, &in->gone, ingress_free, in);
}

static void on_deadline(void *arg)
{
	ingress_close(arg);
}

/* The client connection counts for its address itself. */
static void leave(struct ingress *in)
{
	if (in->admitted)
		hws_admit_close(in->plane->limits.clients, &in->peer);
	in->admitted = false;
}

/* --- the request on the TLS port -------------------------------------------------------------- */

static bool is_relay_path(struct hws_bytes head)
{
	static const char get[] = "GET /ws/relay";
	size_t n = sizeof(get) - 1;

	return head.len > n && memcmp(head.ptr, get, n) == 0 &&
			(head.ptr[n] == ' ' || head.ptr[n] == '?' || head.ptr[n] == '/');
}

static void on_head(struct ingress *in)
{
	struct hws_bytes head = hws_buf_bytes(&in->head);
	struct hws_stream *s = in->stream;
	struct rdv_tcp *t = in->plane;
	int r;

	hws_stream_set_callback(s, NULL, NULL);
	hws_stream_want(s, 0);
	in->stream = NULL;
	leave(in);
	if (is_relay_path(head))
		r = rdv_ws_passthrough_new(t, s, head);
	else
		r = rdv_client_new(t, RDV_PORT_WS, s, head);
	if (r < 0)
		hws_count(&t->core->count.clients_refused);
	ingress_close(in);
}

static void on_stream(struct hws_stream *s, unsigned ready HWS_UNUSED, void *arg)
{
	struct ingress *in = arg;
	uint8_t *to = hws_buf_reserve(&in->head, 2048);
	ssize_t n = to ? hws_stream_read(s, to, 2048) : HWS_ERR_TOOBIG;
	struct hws_bytes head;

	if (n == HWS_ERR_AGAIN)
		return;
	if (n < 0) {
		if (n == HWS_ERR_PROTO || n == HWS_ERR_CRYPTO)
			hws_count(&in->plane->core->count.clients_bad);
		ingress_close(in);
		return;
	}
	hws_buf_commit(&in->head, (size_t)n);
	head = hws_buf_bytes(&in->head);
	if (memmem(head.ptr, head.len, "\r\n\r\n", 4))
		on_head(in);
	else if (head.len >= HWS_WS_UPGRADE_MAX)
		ingress_close(in);
}

/* --- from header to stream -------------------------------------------------------------------- */

static void enter(struct ingress *in)
{
	struct rdv_tcp *t = in->plane;
	struct hws_stream *s = NULL;
	int r;

	if (in->which == RDV_PORT_TLS)
		r = hws_stream_tls_server_new(t->loop, t->tls, in->fd, &s);
	else
		r = hws_stream_tcp_new(t->loop, in->fd, &s);
	if (r < 0) {
		ingress_close(in);
		return;
	}
	in->fd = -1;
	s->peer = in->peer;
	if (in->which == RDV_PORT_TLS) {
		in->stream = s;
		hws_stream_set_callback(s, on_stream, in);
		hws_stream_want(s, HWS_STREAM_READ);
		return;
	}
	leave(in);
	if (rdv_rules_ip_blocked(t->core->rules, &s->peer)) {
		hws_stream_close(s);
		hws_count(&t->core->count.clients_refused);
	} else if (rdv_client_new(t, in->which, s, hws_bytes(NULL, 0)) < 0)
		hws_count(&t->core->count.clients_refused);
	ingress_close(in);
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg);

static void watch(void *arg)
{
	struct ingress *in = arg;

	event_add(&in->readable, NULL);
}

/* The header is looked at in the kernel's buffer and taken out exactly. */
static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct ingress *in = arg;
	struct hws_proxy_header h;
	uint8_t buf[HWS_PROXY_MAX];
	size_t used = 0;
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_PEEK);
	int r = n > 0 ? hws_proxy_parse(hws_bytes(buf, (size_t)n), &h, &used) : HWS_ERR_EOF;

	if (r == HWS_ERR_SHORT) {
		hws_timer_start(in->plane->loop, &in->retry, RETRY_US, watch, in);
		return;
	}
	if (r < 0 || recv(fd, buf, used, 0) != (ssize_t)used) {
		if (r != HWS_ERR_EOF)
			hws_warn_limited("proxy.no_header");
		ingress_close(in);
		return;
	}
	if (h.proxied)
		in->peer = h.source;
	enter(in);
}

void rdv_ingress_open(
		struct rdv_tcp *t, enum rdv_port which, int fd, const struct sockaddr_storage *peer)
{
	bool header = rdv_conf(t->core)->proxy_protocol && hws_cidr_list_match(&t->proxies, peer);
	struct ingress *in = NULL;

	if (rdv_rules_ip_blocked(t->core->rules, peer))
		goto refuse;
	in = hws_alloc(sizeof(*in));
	if (!in)
		goto refuse;
	in->plane = t;
	in->which = which;
	in->fd = fd;
	in->peer = *peer;
	hws_buf_init(&in->head, HWS_WS_UPGRADE_MAX + 2048);
	if (!header) {
		/* Proxies are counted by those they speak for. */
		in->admitted = hws_admit_open(t->limits.clients, peer, hws_loop_now_us(t->loop));
		if (!in->admitted)
			goto refuse;
	}
	hws_list_push(&t->at_ingress, &in->node);
	t->ingress_count++;
	event_assign(&in->readable, hws_loop_base(t->loop), fd, EV_READ, on_readable, in);
	hws_timer_start(t->loop, &in->deadline, INGRESS_US, on_deadline, in);
	if (header)
		watch(in);
	else
		enter(in);
	return;
refuse:
	hws_free(in);
	close(fd);
	hws_count(&t->core->count.clients_refused);
}

void rdv_ingress_close(struct rdv_tcp *t)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &t->at_ingress)
		ingress_close(hws_container(n, struct ingress, node));
}
