/* rendezvous/planes/ws_passthrough: two streams and a buffer for each direction. With this one
 * public TLS port serves both servers, as clients by WebSocket expect it. */
#include "server-rendezvous/planes/ws_passthrough.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/net/dialer.h"
#include <string.h>

#define CHUNK (64u << 10)
#define DIAL_US (5 * HWS_US_PER_S)
#define IDLE_US (60 * HWS_US_PER_S)

struct side {
	struct hws_stream *stream;
	struct hws_buf out; /* waits for this side */
	bool ended;         /* says no more */
};

struct passthrough {
	struct rdv_tcp *plane;
	struct hws_list node;
	struct hws_deferred gone;
	struct side side[2]; /* caller, relay */
	struct hws_dial *dial;
	struct hws_timer idle;
	struct sockaddr_storage peer;
	bool closed;
};

static void passthrough_free(void *arg)
{
	struct passthrough *u = arg;

	for (int i = 0; i < 2; i++)
		hws_buf_done(&u->side[i].out);
	hws_free(u);
}

static void passthrough_close(struct passthrough *u)
{
	if (u->closed)
		return;
	u->closed = true;
	hws_list_remove(&u->node);
	hws_timer_stop(&u->idle);
	hws_dial_cancel(u->dial);
	for (int i = 0; i < 2; i++)
		hws_stream_close(u->side[i].stream);
	hws_admit_close(u->plane->limits.clients, &u->peer);
	u->plane->ingress_count--;
	hws_loop_defer(u->plane->loop, &u->gone, passthrough_free, u);
}

static void on_idle(void *arg)
{
	passthrough_close(arg);
}

static void watch(struct passthrough *u)
{
	for (int i = 0; i < 2; i++) {
		struct side *own = &u->side[i], *other = &u->side[!i];
		unsigned dirs = 0;

		if (!own->stream)
			continue;
		if (hws_buf_len(&own->out) > 0)
			dirs |= HWS_STREAM_WRITE;
		if (!own->ended && hws_buf_len(&other->out) < CHUNK)
			dirs |= HWS_STREAM_READ;
		hws_stream_want(own->stream, dirs);
	}
}

/* Negative when it is over. */
static int write_out(struct side *s)
{
	while (hws_buf_len(&s->out) > 0) {
		ssize_t n = hws_stream_write(s->stream, hws_buf_bytes(&s->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return HWS_OK;
		if (n < 0)
			return (int)n;
		hws_buf_consume(&s->out, (size_t)n);
	}
	return HWS_OK;
}

static int read_in(struct side *from, struct side *to)
{
	while (!from->ended && hws_buf_len(&to->out) < CHUNK) {
		uint8_t *at = hws_buf_reserve(&to->out, CHUNK / 4);
		ssize_t n;

		if (!at)
			return HWS_ERR_NOMEM;
		n = hws_stream_read(from->stream, at, CHUNK / 4);
		if (n == HWS_ERR_AGAIN)
			return HWS_OK;
		if (n == HWS_ERR_EOF)
			from->ended = true;
		else if (n < 0)
			return (int)n;
		else
			hws_buf_commit(&to->out, (size_t)n);
	}
	return HWS_OK;
}

static void on_ready(struct hws_stream *s, unsigned ready HWS_UNUSED, void *arg)
{
	struct passthrough *u = arg;
	int from = s == u->side[1].stream;
	int r;

	hws_timer_start(u->plane->loop, &u->idle, IDLE_US, on_idle, u);
	r = read_in(&u->side[from], &u->side[!from]);
	for (int i = 0; r == HWS_OK && i < 2; i++) {
		if (u->side[i].stream)
			r = write_out(&u->side[i]);
	}
	if (r < 0 || (u->side[from].ended && hws_buf_len(&u->side[!from].out) == 0)) {
		passthrough_close(u); /* a WebSocket is over when one side has ended */
		return;
	}
	watch(u);
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct passthrough *u = arg;

	u->dial = NULL;
	if (r < 0) {
		hws_warn_limited("tunnel.relay_away",
				HWS_STR("relay", rdv_conf(u->plane->core)->tls_relay),
				HWS_ERR("error", r));
		passthrough_close(u);
		return;
	}
	u->side[1].stream = s;
	hws_stream_set_callback(s, on_ready, u);
	hws_stream_set_callback(u->side[0].stream, on_ready, u);
	watch(u);
}

static bool is_address_header(const uint8_t *line, size_t len)
{
	static const char *const names[] = { "x-forwarded-for:", "x-real-ip:" };

	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		size_t n = strlen(names[i]);

		if (len >= n && strncasecmp((const char *)line, names[i], n) == 0)
			return true;
	}
	return false;
}

/* The caller's own claims about its address go out, ours comes in. */
static void copy_head(struct passthrough *u, struct hws_bytes head)
{
	const uint8_t *end = memmem(head.ptr, head.len, "\r\n\r\n", 4);
	const uint8_t *at = head.ptr;
	char ip[HWS_ADDR_TEXT];
	bool first = true;

	while (at < end + 2) {
		const uint8_t *eol = memmem(at, (size_t)(end + 4 - at), "\r\n", 2);
		size_t n = (size_t)(eol - at) + 2;

		if (!is_address_header(at, n))
			hws_buf_put(&u->side[1].out, at, n);
		if (first)
			hws_buf_fmt(&u->side[1].out, "X-Forwarded-For: %s\r\n",
					hws_addr_ip_text(&u->peer, ip, sizeof(ip)));
		first = false;
		at += n;
	}
	/* the blank line and what stands behind it */
	hws_buf_put(&u->side[1].out, end + 2, head.len - (size_t)(end + 2 - head.ptr));
}

int rdv_ws_passthrough_new(struct rdv_tcp *t, struct hws_stream *s, struct hws_bytes head)
{
	struct passthrough *u = hws_alloc(sizeof(*u));
	struct hws_dial_conf conf = { .timeout_us = DIAL_US };
	char host[256];
	int r = HWS_ERR_NOMEM;

	if (!u)
		goto fail;
	r = hws_host_port_split(
			rdv_conf(t->core)->tls_relay, 21119, host, sizeof(host), &conf.port);
	if (r < 0)
		goto fail;
	conf.host = host;
	u->peer = s->peer;
	if (!hws_admit_open(t->limits.clients, &u->peer, hws_loop_now_us(t->loop))) {
		r = HWS_ERR_DENIED;
		goto fail;
	}
	u->plane = t;
	for (int i = 0; i < 2; i++)
		hws_buf_init(&u->side[i].out, 2 * CHUNK);
	copy_head(u, head);
	r = hws_dial(t->loop, t->work, &conf, on_dialed, u, &u->dial);
	if (r < 0) {
		hws_admit_close(t->limits.clients, &u->peer);
		hws_buf_done(&u->side[1].out);
		goto fail;
	}
	u->side[0].stream = s;
	hws_list_push(&t->passthroughs, &u->node);
	t->ingress_count++;
	hws_timer_start(t->loop, &u->idle, IDLE_US, on_idle, u);
	return HWS_OK;
fail:
	hws_free(u);
	hws_stream_close(s);
	return r;
}

void rdv_ws_passthrough_close(struct rdv_tcp *t)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &t->passthroughs)
		passthrough_close(hws_container(n, struct passthrough, node));
}
