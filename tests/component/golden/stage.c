/* tests: the server's and the relay's place. */
#include "tests/component/golden/stage.h"
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/rendezvous/actors.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONG_MS TEST_PATIENCE_MS

static int bound(int type, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 16), 0);
	return fd;
}

void stage_open(struct stage *s)
{
	uint16_t base = test_free_ports(3);

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(s, 0, sizeof(*s));
	test_dir(s->dir, sizeof(s->dir));
	s->port = (uint16_t)(base + 1);
	s->nat = bound(SOCK_STREAM, base);
	s->tcp = bound(SOCK_STREAM, s->port);
	s->udp = bound(SOCK_DGRAM, s->port);
	s->relay = bound(SOCK_STREAM, (uint16_t)(base + 2));
	snprintf(s->server_text, sizeof(s->server_text), "127.0.0.1:%u", s->port);
	snprintf(s->relay_text, sizeof(s->relay_text), "127.0.0.1:%u", base + 2u);
	hws_identity_from_seed((const uint8_t *)"golden seed of the server, fixed", &s->key);
	hws_key_text(s->key.pk, s->key_text);
	trace_init(&s->trace);
	trace_hide(&s->trace, hws_bytes_str(s->relay_text), "relay");
}

void stage_close(struct stage *s)
{
	close(s->udp);
	close(s->tcp);
	close(s->nat);
	close(s->relay);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

bool stage_waiting(int listener)
{
	return readable(listener, 0);
}

int stage_accept(int listener)
{
	int fd;

	ck_assert_msg(readable(listener, LONG_MS), "nobody came");
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static message *unpacked(const struct stage *s)
{
	message *m = NULL;

	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(s->buf, s->len), &m), HWS_OK);
	return m;
}

message *stage_datagram(struct stage *s)
{
	socklen_t len = sizeof(s->host);
	ssize_t n;

	ck_assert_msg(readable(s->udp, LONG_MS), "no datagram came");
	n = recvfrom(s->udp, s->buf, sizeof(s->buf), 0, (struct sockaddr *)&s->host, &len);
	ck_assert_int_gt(n, 0);
	s->len = (size_t)n;
	return unpacked(s);
}

void stage_payload(struct stage *s, int fd)
{
	ssize_t n = tcp_recv_raw(fd, s->buf, sizeof(s->buf), LONG_MS);

	ck_assert_msg(n >= 0, "no frame came");
	s->len = (size_t)n;
}

message *stage_frame(struct stage *s, int fd)
{
	stage_payload(s, fd);
	return unpacked(s);
}

void stage_note(struct stage *s, const char *who)
{
	trace_add(&s->trace, who, hws_bytes(s->buf, s->len));
}

static void pack(struct stage *s, const message *m)
{
	s->len = rdv__rendezvous_message__get_packed_size(m);
	ck_assert_uint_le(s->len, sizeof(s->buf));
	rdv__rendezvous_message__pack(m, s->buf);
}

void stage_push(struct stage *s, const message *m)
{
	pack(s, m);
	ck_assert_int_eq(sendto(s->udp, s->buf, s->len, 0, (struct sockaddr *)&s->host,
					 sizeof(s->host)),
			(int)s->len);
	stage_note(s, "server > host udp");
}

void stage_answer(struct stage *s, int fd, const message *m)
{
	tcp_send(fd, m);
	pack(s, m);
	stage_note(s, "server > any tcp");
}
