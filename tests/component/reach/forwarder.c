/* A line between a client and a server that passes TCP only, can be cut, and can be a proxy: on
 * the test's own loop, so that the test decides when. */
#include "shared/base/num.h"
#include "shared/net/dialer.h"
#include "shared/net/listener.h"
#include "tests/component/reach/fake.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIRS 8

struct half {
	struct pair *pair;
	struct hws_stream *stream;
};

struct pair {
	struct forwarder *owner;
	struct hws_dial *dial;
	struct half in, out;
};

struct forwarder {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_listener *listener;
	bool proxy;
	int swallow; /* the UDP socket; answers nothing, as long as UDP is closed */
	int beyond;  /* towards the server, when UDP is open; 0 = closed */
	struct event from_client, from_server;
	struct sockaddr_in client;
	uint16_t port, to;
	struct pair pairs[PAIRS];
};

static void end_pair(struct pair *p)
{
	hws_dial_cancel(p->dial);
	hws_stream_close(p->in.stream);
	hws_stream_close(p->out.stream);
	p->dial = NULL;
	p->in.stream = p->out.stream = NULL;
}

static void on_dialed(int r, struct hws_stream *s, void *arg);

static void dial(struct pair *p, uint16_t port)
{
	struct hws_dial_conf conf = { .host = "127.0.0.1", .port = port, .timeout_us = 5000000 };

	ck_assert_int_eq(
			hws_dial(p->owner->loop, p->owner->work, &conf, on_dialed, p, &p->dial), 0);
}

/* The request of a client is one small packet here. */
static void on_request(struct hws_stream *s, unsigned ready, void *arg)
{
	struct half *h = arg;
	char buf[1024];
	ssize_t n = hws_stream_read(s, buf, sizeof(buf) - 1);
	uint16_t port;

	(void)ready;
	if (n == HWS_ERR_AGAIN)
		return;
	if (n <= 0) {
		end_pair(h->pair);
		return;
	}
	buf[n] = 0;
	ck_assert_ptr_nonnull(strstr(buf, "\r\n\r\n"));
	ck_assert_int_eq(strncmp(buf, "CONNECT 127.0.0.1:", 18), 0);
	buf[18 + strspn(buf + 18, "0123456789")] = 0;
	ck_assert_int_eq(hws_parse_u16(buf + 18, &port), 0);
	hws_stream_want(s, 0);
	dial(h->pair, port);
}

/* Messages of a test are small: what is read fits into the other socket. */
static void on_half(struct hws_stream *s, unsigned ready, void *arg)
{
	struct half *h = arg;
	struct half *other = h == &h->pair->in ? &h->pair->out : &h->pair->in;
	uint8_t buf[4096];
	ssize_t n = hws_stream_read(s, buf, sizeof(buf));

	(void)ready;
	if (n == HWS_ERR_AGAIN)
		return;
	if (n < 0 || hws_stream_write(other->stream, hws_bytes(buf, (size_t)n)) != n)
		end_pair(h->pair);
}

static void listen_to(struct half *h, struct pair *p)
{
	h->pair = p;
	hws_stream_set_callback(h->stream, on_half, h);
	hws_stream_want(h->stream, HWS_STREAM_READ);
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct pair *p = arg;

	p->dial = NULL;
	if (r < 0) {
		end_pair(p);
		return;
	}
	p->out.stream = s;
	if (p->owner->proxy)
		ck_assert_int_eq(hws_stream_write(p->in.stream,
						 hws_bytes_str("HTTP/1.1 200 OK\r\n\r\n")),
				19);
	listen_to(&p->in, p);
	listen_to(&p->out, p);
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct forwarder *f = arg;
	struct pair *p = NULL;

	(void)peer;
	for (int i = 0; i < PAIRS && !p; i++) {
		if (!f->pairs[i].in.stream)
			p = &f->pairs[i];
	}
	ck_assert_ptr_nonnull(p);
	p->owner = f;
	ck_assert_int_eq(hws_stream_tcp_new(f->loop, fd, &p->in.stream), 0);
	p->in.pair = p;
	if (!f->proxy) {
		dial(p, f->to);
		return;
	}
	hws_stream_set_callback(p->in.stream, on_request, &p->in);
	hws_stream_want(p->in.stream, HWS_STREAM_READ);
}

struct forwarder *forwarder_start(struct hws_loop *loop, struct hws_work *work, uint16_t to)
{
	struct forwarder *f = calloc(1, sizeof(*f));
	struct hws_listen_conf conf = { .bind_ip = "127.0.0.1", .on_accept = on_accept, .arg = f };
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct hws_error err;

	ck_assert_ptr_nonnull(f);
	f->loop = loop;
	f->work = work;
	f->to = to;
	f->port = test_free_ports(1);
	conf.port = f->port;
	ck_assert_msg(hws_listener_new(loop, &conf, &f->listener, &err) == 0, "%s", err.text);
	a.sin_port = htons(f->port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->swallow = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(f->swallow, (struct sockaddr *)&a, sizeof(a)), 0);
	return f;
}

struct forwarder *forwarder_start_proxy(struct hws_loop *loop, struct hws_work *work)
{
	struct forwarder *f = forwarder_start(loop, work, 0);

	f->proxy = true;
	return f;
}

uint16_t forwarder_port(const struct forwarder *f)
{
	return f->port;
}

static void on_client_packet(evutil_socket_t fd, short what, void *arg)
{
	struct forwarder *f = arg;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(f->to) };
	socklen_t len = sizeof(f->client);
	char buf[2048];
	ssize_t n = recvfrom(
			fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&f->client, &len);

	(void)what;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (n > 0)
		(void)sendto(f->beyond, buf, (size_t)n, 0, (struct sockaddr *)&to, sizeof(to));
}

static void on_server_packet(evutil_socket_t fd, short what, void *arg)
{
	struct forwarder *f = arg;
	char buf[2048];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)what;
	if (n > 0)
		(void)sendto(f->swallow, buf, (size_t)n, 0, (struct sockaddr *)&f->client,
				sizeof(f->client));
}

void forwarder_open_udp(struct forwarder *f)
{
	char old[2048];

	while (recv(f->swallow, old, sizeof(old), MSG_DONTWAIT) >= 0)
		; /* what was swallowed stays so */
	f->beyond = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_gt(f->beyond, 0);
	event_assign(&f->from_client, hws_loop_base(f->loop), f->swallow, EV_READ | EV_PERSIST,
			on_client_packet, f);
	event_assign(&f->from_server, hws_loop_base(f->loop), f->beyond, EV_READ | EV_PERSIST,
			on_server_packet, f);
	event_add(&f->from_client, NULL);
	event_add(&f->from_server, NULL);
}

void forwarder_cut(struct forwarder *f)
{
	for (int i = 0; i < PAIRS; i++)
		end_pair(&f->pairs[i]);
}

void forwarder_stop(struct forwarder *f)
{
	if (!f)
		return;
	forwarder_cut(f);
	hws_listener_free(f->listener);
	if (f->beyond) {
		event_del(&f->from_client);
		event_del(&f->from_server);
		close(f->beyond);
	}
	close(f->swallow);
	free(f);
}
