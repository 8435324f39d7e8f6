/* The viewer's end is a mux of its own, to which the service's messages come directly; see
 * connector.h. */
#include "connector.h"
#include "client/services/tunnel/tunnel_host.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/envelope.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct connector k;

/* --- the line --------------------------------------------------------------------------------- */

/* To the other end in the next turn, as a line would: never from within it. */
struct letter {
	struct hws_buf b;
	bool to_host;
};

static void deliver(void *arg)
{
	struct letter *l = arg;
	Ses__Message *m = NULL;

	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&l->b), &m), HWS_OK);
	if (l->to_host)
		ck_assert(!k.joined || !k.set || hws_host_set_message(k.set, &k.viewer, m));
	else if (k.mux)
		ck_assert_int_eq(hws_mux_input(k.mux, m->tunnel), HWS_OK);
	hws_ses_free(m);
	hws_buf_done(&l->b);
	free(l);
}

static int post(struct hws_bytes head, struct hws_bytes rest, bool to_host)
{
	struct letter *l = calloc(1, sizeof(*l));

	hws_buf_init(&l->b, 1u << 20);
	hws_buf_put(&l->b, head.ptr, head.len);
	hws_buf_put(&l->b, rest.ptr, rest.len);
	l->to_host = to_host;
	ck_assert_int_eq(hws_buf_err(&l->b), HWS_OK);
	return hws_loop_post(k.loop, deliver, l);
}

static int host_sends(struct hws_host_viewer *v HWS_UNUSED, const struct hws_session_row *row,
		struct hws_bytes head, struct hws_bytes rest)
{
	ck_assert_str_eq(row->name, "tunnel");
	if (!hws_host_viewer_may(v, HWS_PERM_TUNNEL))
		return HWS_ERR_DENIED;
	return post(head, rest, false);
}

static int viewer_sends(struct hws_bytes head, struct hws_bytes rest, void *arg HWS_UNUSED)
{
	return post(head, rest, true);
}

static bool congested(const struct hws_host_viewer *v HWS_UNUSED, enum hws_send_class c HWS_UNUSED)
{
	return k.blocked;
}

static bool has_room(void *arg HWS_UNUSED)
{
	return true;
}

static uint64_t now_us(void *arg HWS_UNUSED)
{
	return hws_loop_now_us(k.loop);
}

/* --- the viewer's streams --------------------------------------------------------------------- */

static void on_opened(struct hws_mux_stream *s, const char *address, void *arg HWS_UNUSED)
{
	struct plug *p = hws_mux_stream_tag(s);

	p->opened = true;
	ck_assert_int_eq(hws_str_copy(p->address, sizeof(p->address), address), HWS_OK);
	hws_mux_ready(s);
}

static void on_open(struct hws_mux *m HWS_UNUSED, struct hws_mux_stream *s,
		const struct hws_mux_target *t, void *arg HWS_UNUSED)
{
	struct plug *p = k.from_listener;

	if (k.silent) {
		hws_mux_stream_set_tag(s, p);
		return;
	}
	if (!p) {
		hws_mux_refuse(s, SES__TUNNEL_CODE__TUNNEL_CODE_REFUSED, "nobody");
		return;
	}
	k.from_listener = NULL;
	p->s = s;
	p->opened = true;
	ck_assert_int_eq(hws_str_copy(p->address, sizeof(p->address), t->host), HWS_OK);
	hws_mux_stream_set_tag(s, p);
	hws_mux_accept(s, "here");
}

static void on_data(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct plug *p = hws_mux_stream_tag(s);

	hws_buf_put(&p->got, data.ptr, data.len);
	hws_mux_consumed(s, data.len);
}

static void on_eof(struct hws_mux_stream *s, void *arg HWS_UNUSED)
{
	((struct plug *)hws_mux_stream_tag(s))->saw_eof = true;
}

static ssize_t pull(struct hws_mux_stream *s, uint8_t *buf, size_t max, void *arg HWS_UNUSED)
{
	struct plug *p = hws_mux_stream_tag(s);
	size_t n = HWS_MIN(max, p->say_len ? p->say_len : p->pour);

	if (p->say_len) {
		memcpy(buf, p->say, n);
		p->say += n;
		p->say_len -= n;
	} else {
		memset(buf, 'x', n);
		p->pour -= n;
	}
	return n || !p->ends ? (ssize_t)n : HWS_ERR_EOF;
}

static void on_closed(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
		void *arg HWS_UNUSED)
{
	struct plug *p = hws_mux_stream_tag(s);

	p->s = NULL;
	p->closed = true;
	p->code = code;
	ck_assert_int_eq(hws_str_copy(p->text, sizeof(p->text), text), HWS_OK);
}

static void on_datagram(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct plug *p = hws_mux_stream_tag(s);

	p->datagrams++;
	hws_buf_put(&p->got, data.ptr, data.len);
}

static void on_listening(struct hws_mux *m HWS_UNUSED, uint32_t listener HWS_UNUSED,
		Ses__TunnelCode code, const char *text, const char *address HWS_UNUSED,
		uint16_t port, void *arg HWS_UNUSED)
{
	k.listening = code;
	k.port = port;
	ck_assert_int_eq(hws_str_copy(k.listen_text, sizeof(k.listen_text), text), HWS_OK);
}

/* --- the host --------------------------------------------------------------------------------- */

static void on_audit(const struct hws_audit_event *e, void *arg HWS_UNUSED)
{
	size_t used = strlen(k.events);

	ck_assert_uint_eq(e->conn, 77);
	ck_assert_int_eq(hws_fmt(k.events + used, sizeof(k.events) - used, "%s %.*s %.*s %s\n",
					 e->what, (int)e->path.len, e->path.ptr, (int)e->second.len,
					 e->second.ptr, hws_err_name(e->result)),
			HWS_OK);
}

static void on_answer(struct hws_host_viewer *v, const char *error, int fd)
{
	ck_assert(!k.answered);
	k.answered = true;
	k.fd = fd;
	if (error) {
		ck_assert_int_eq(hws_str_copy(k.error, sizeof(k.error), error), HWS_OK);
		return;
	}
	k.joined = true;
	hws_host_set_join(k.set, v, NULL);
}

static const struct hws_host_service_impl *const list[] = { &hws_tunnel_host_service, NULL };

void connector_begin(const char *targets, const char *listen)
{
	memset(&k, 0, sizeof(k));
	k.fd = -1;
	ck_assert_int_eq(hws_loop_new(&k.loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(2, 64, &k.work), HWS_OK);
	k.conf.tunnel_targets = targets;
	k.conf.tunnel_listen = listen;
	k.conf.tunnel_streams = 100;
	k.env = (struct hws_host_env){
		.loop = k.loop, .work = k.work, .conf = &k.conf, .on_audit = on_audit
	};
	ck_assert_int_eq(hws_host_set_new(list, &k.env, &k.set), HWS_OK);
}

void connector_login(enum hws_secure_level level, const char *host, int port)
{
	const struct hws_mux_conf conf = { .send = viewer_sends,
		.has_room = has_room,
		.now_us = now_us,
		.on_open = on_open,
		.on_opened = on_opened,
		.on_data = on_data,
		.on_eof = on_eof,
		.pull = pull,
		.on_closed = on_closed,
		.on_datagram = on_datagram,
		.on_listening = on_listening };
	Ses__LoginRequest login = SES__LOGIN_REQUEST__INIT;
	Ses__PortForward f = SES__PORT_FORWARD__INIT;

	k.viewer = (struct hws_host_viewer){ .slot = 3,
		.conn = 77,
		.kind = HWS_KIND_FORWARD,
		.permissions = HWS_NEED(HWS_PERM_TUNNEL),
		.level = level,
		.send_parts = host_sends,
		.congested = congested,
		.opened = on_answer };
	f.host = (char *)(uintptr_t)host;
	f.port = port;
	login.union_case = SES__LOGIN_REQUEST__UNION_PORT_FORWARD;
	login.port_forward = &f;
	ck_assert_int_eq(hws_mux_new(&conf, &k.mux), HWS_OK);
	hws_host_set_open(k.set, &k.viewer, &login);
	connector_until(k.answered);
}

void connector_end(void)
{
	if (k.joined)
		hws_host_set_leave(k.set, &k.viewer);
	hws_host_set_free(k.set);
	k.set = NULL;
	hws_mux_free(k.mux, SES__TUNNEL_CODE__TUNNEL_CODE_FAILED, "the end");
	k.mux = NULL;
	if (k.fd >= 0)
		close(k.fd);
	hws_work_free(k.work);
	hws_loop_free(k.loop);
}

void connector_turn(unsigned turns, const char *what)
{
	ck_assert_msg(turns < TEST_PATIENCE_MS, "did not come: %s\n%s", what, k.events);
	hws_loop_once(k.loop, 1000);
}

void connector_open(struct plug *p, Ses__TunnelKind kind, const char *host, uint16_t port)
{
	const struct hws_mux_target t = { kind, host, port, 0 };

	hws_buf_init(&p->got, 64u << 20);
	ck_assert_int_eq(hws_mux_open(k.mux, &t, p, &p->s), HWS_OK);
	connector_until(p->opened || p->closed);
}

void connector_say(struct plug *p, const char *text, bool then_end)
{
	p->say = text;
	p->say_len = strlen(text);
	p->ends = then_end;
	if (p->s)
		hws_mux_ready(p->s);
}

/* --- targets ---------------------------------------------------------------------------------- */

int connector_target(Ses__TunnelKind kind, const char *ip, uint16_t *ret_port)
{
	bool udp = kind == SES__TUNNEL_KIND__TUNNEL_KIND_UDP;
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	ck_assert_int_eq(hws_addr_parse(ip, 0, &a), HWS_OK);
	int fd = socket(a.ss_family,
			(udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, hws_addr_len(&a)), 0);
	if (!udp)
		ck_assert_int_eq(listen(fd, 256), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = hws_addr_port(&a);
	return fd;
}

int connector_accept(int listening)
{
	int fd;

	connector_until((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0);
	return fd;
}

size_t connector_read(int fd, char *buf, size_t len)
{
	size_t got = 0;
	bool over = false;

	connector_until(over || got == len || ({
		ssize_t n = recv(fd, buf + got, len - got, MSG_DONTWAIT);

		if (n > 0)
			got += (size_t)n;
		over = n == 0 || (n < 0 && errno != EAGAIN);
		over || got == len;
	}));
	return got;
}

bool connector_told(const char *line)
{
	return strstr(k.events, line) != NULL;
}

bool connector_untouched(int listening)
{
	struct pollfd p = { listening, POLLIN, 0 };

	return poll(&p, 1, 0) == 0;
}
