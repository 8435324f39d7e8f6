/* A rendezvous server's address in the wrong hands. No cryptography: an attacker off the path has
 * none, and deployed servers need none. */
#include "tests/component/attack/spoofer.h"
#include "shared/base/buf.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_socket(int type, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t len = sizeof(a);
	int on = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ck_assert_msg(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "bind: %s", strerror(errno));
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 512), 0);
	return fd;
}

void spoofer_start(struct spoofer *s, uint16_t port)
{
	memset(s, 0, sizeof(*s));
	s->port = port;
	s->udp = open_socket(SOCK_DGRAM, &s->port);
	s->tcp = open_socket(SOCK_STREAM, &s->port);
	s->relay = open_socket(SOCK_STREAM, &s->relay_port);
}

void spoofer_stop(struct spoofer *s)
{
	if (!s->port)
		return;
	close(s->udp);
	close(s->tcp);
	close(s->relay);
	s->port = 0;
}

void spoofer_send_bytes(struct spoofer *s, struct hws_bytes datagram)
{
	ck_assert_int_ne(s->host.sin_port, 0);
	ck_assert_int_eq(sendto(s->udp, datagram.ptr, datagram.len, 0, (struct sockaddr *)&s->host,
					 sizeof(s->host)),
			(int)datagram.len);
}

void spoofer_send(struct spoofer *s, const Rdv__RendezvousMessage *m)
{
	struct hws_buf out;

	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	ck_assert_int_eq(hws_rdv_pack(m, &out), HWS_OK);
	spoofer_send_bytes(s, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

/* Of a server that has its key: a cookie first, then the answer with a proof. */
static void answer_proven(struct spoofer *s, const Rdv__RegisterPk *m, struct hws_bytes raw)
{
	Rdv__RendezvousMessage a = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPkResponse pk = RDV__REGISTER_PK_RESPONSE__INIT;
	Rdv__RegisterPeerResponse peer = RDV__REGISTER_PEER_RESPONSE__INIT;
	struct hws_proof asked, p = { .has_nonce = true };
	struct hws_buf out;

	ck_assert_int_eq(hws_proof_read(raw, &asked), HWS_OK);
	ck_assert_uint_eq(m->pk.len, HWS_PK_LEN);
	ck_assert_int_eq(hws_proof_agree(s->identity, m->pk.data, s->identity->pk, &s->keys),
			HWS_OK);
	memcpy(p.nonce, asked.nonce, sizeof(p.nonce));
	if (!asked.has_cookie) {
		peer.request_pk = p.has_cookie = true;
		a.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE;
		a.register_peer_response = &peer;
	} else {
		ck_assert(hws_proof_check(raw, &asked, s->keys.host_secret));
		p.has_seq = true;
		p.epoch = s->epoch;
		p.seq = ++s->seq;
		a.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
		a.register_pk_response = &pk;
	}
	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	ck_assert_int_eq(hws_rdv_pack(&a, &out), HWS_OK);
	ck_assert_int_eq(hws_proof_append(&out, &p, p.has_seq ? s->keys.server_secret : NULL),
			HWS_OK);
	spoofer_send_bytes(s, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

static void answer(struct spoofer *s, const Rdv__RendezvousMessage *m, struct hws_bytes raw)
{
	Rdv__RendezvousMessage a = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPkResponse pk = RDV__REGISTER_PK_RESPONSE__INIT;
	Rdv__RegisterPeerResponse peer = RDV__REGISTER_PEER_RESPONSE__INIT;

	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK) {
		s->registered++;
		if (s->identity) {
			answer_proven(s, m->register_pk, raw);
			return;
		}
		pk.result = s->verdict;
		a.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
		a.register_pk_response = &pk;
	} else {
		a.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE;
		a.register_peer_response = &peer;
	}
	spoofer_send(s, &a);
}

static void take_datagram(struct spoofer *s)
{
	uint8_t buf[HWS_RDV_DATAGRAM_MAX];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(s->udp, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	Rdv__RendezvousMessage *m = NULL;

	if (n <= 0 || hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m) < 0)
		return;
	s->host = from;
	answer(s, m, hws_bytes(buf, (size_t)n));
	hws_rdv_free(m);
}

static unsigned drain(int listener)
{
	unsigned came = 0;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		came++;
		close(fd);
	}
	return came;
}

static void turn(struct spoofer *s, int ms)
{
	struct pollfd p[] = { { s->udp, POLLIN, 0 }, { s->tcp, POLLIN, 0 },
		{ s->relay, POLLIN, 0 } };

	if (poll(p, 3, ms) <= 0)
		return;
	if (p[0].revents)
		take_datagram(s);
	s->server_came += drain(s->tcp);
	s->relay_came += drain(s->relay);
}

void spoofer_wait_for_host(struct spoofer *s, unsigned limit_ms)
{
	uint64_t end = test_now_ms() + limit_ms;

	s->host.sin_port = 0;
	while (!s->host.sin_port) {
		ck_assert_msg(test_now_ms() < end, "the host does not speak to its server");
		turn(s, 100);
	}
}

void spoofer_serve(struct spoofer *s, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end)
		turn(s, 20);
}

static void pack_relay(
		struct spoofer *s, const char *viewer, const char *relay, struct hws_buf *out)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;
	char own[32], uuid[40];
	uint8_t addr[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage ss;

	ck_assert_int_eq(hws_addr_parse(viewer, 0, &ss), HWS_OK);
	snprintf(own, sizeof(own), "127.0.0.1:%u", s->relay_port);
	hws_rand_uuid(uuid, sizeof(uuid));
	q.socket_addr.data = addr;
	q.socket_addr.len = hws_addr_encode(&ss, 7, addr);
	q.uuid = uuid;
	q.secure = true;
	q.relay_server = *relay ? (char *)(uintptr_t)relay : own;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &q;
	hws_buf_init(out, HWS_RDV_DATAGRAM_SEND_MAX);
	ck_assert_int_eq(hws_rdv_pack(&m, out), HWS_OK);
}

void spoofer_push_relay(struct spoofer *s, const char *viewer, const char *relay)
{
	struct hws_buf out;

	pack_relay(s, viewer, relay, &out);
	spoofer_send_bytes(s, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

void spoofer_proven_relay(
		struct spoofer *s, const char *viewer, uint64_t seq, struct hws_buf *ret_datagram)
{
	struct hws_proof p = { .has_seq = true, .epoch = s->epoch, .seq = seq };

	pack_relay(s, viewer, "", ret_datagram);
	ck_assert_int_eq(hws_proof_append(ret_datagram, &p, s->keys.server_secret), HWS_OK);
}
