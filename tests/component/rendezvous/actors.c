/* Devices and viewers as the protocol describes them, with blocking sockets, so that no code of
 * the server checks itself. */
#include "tests/component/rendezvous/actors.h"
#include "shared/base/mem.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/control.h"
#include "shared/wire/frame.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- server ----------------------------------------------------------------------------------- */

static void text_after(const char *line, const char *key, char *buf, size_t size)
{
	const char *at = strstr(line, key);
	size_t n = 0;

	ck_assert_ptr_nonnull(at);
	at += strlen(key);
	if (*at == '"')
		at++;
	while (at[n] && !strchr(" \"\n", at[n]) && n + 1 < size)
		n++;
	memcpy(buf, at, n);
	buf[n] = 0;
}

void server_start(struct server *s, const char *const extra[])
{
	const char *argv[40] = { s->program ? s->program
					    : test_bin("server-rendezvous/hawser-rendezvous") };
	const char *at = NULL;
	char port[8];
	size_t n = 1;

	if (!s->dir[0])
		test_dir(s->dir, sizeof(s->dir));
	snprintf(s->control, sizeof(s->control), "%s/control.sock", s->dir);
	argv[n++] = "--state-dir";
	argv[n++] = s->dir;
	argv[n++] = "--port";
	argv[n++] = port;
	argv[n++] = "--metrics";
	argv[n++] = "--metrics-port";
	argv[n++] = "0";
	argv[n++] = "--store";
	argv[n++] = "memory";
	for (size_t i = 0; extra && extra[i]; i++)
		argv[n++] = extra[i];
	memset(&s->proc, 0, sizeof(s->proc));
	snprintf(port, sizeof(port), "%u", test_free_ports(4) + 1u);
	test_proc_start(&s->proc, argv, NULL);
	at = test_proc_must_expect(&s->proc, "listening", WAIT_MS);
	s->port = (uint16_t)test_line_number(at, " port=");
	s->nat = (uint16_t)test_line_number(at, "nat_port=");
	s->ws = (uint16_t)test_line_number(at, "ws_port=");
	s->tls = (uint16_t)test_line_number(at, "tls_port=");
	s->metrics = (uint16_t)test_line_number(at, "metrics_port=");
	text_after(at, "key=", s->key, sizeof(s->key));
	ck_assert_uint_ne(s->port, 0);
}

void server_stop(struct server *s)
{
	ck_assert_int_eq(test_proc_stop(&s->proc), 0);
}

void server_kill(struct server *s)
{
	test_proc_signal(&s->proc, SIGKILL);
	test_proc_stop(&s->proc);
}

json_t *server_ask(struct server *s, const char *cmd, const char *key, const char *value)
{
	json_t *req = json_pack("{s:s}", "cmd", cmd), *ans = NULL;
	struct hws_error err = { 0 };

	if (key)
		json_object_set_new(req, key, json_string(value));
	ck_assert_msg(hws_control_call(s->control, req, 5000000, &ans, &err) == HWS_OK, "%s",
			err.text);
	json_decref(req);
	return ans;
}

json_int_t server_counter(struct server *s, const char *name)
{
	json_t *ans = server_ask(s, "stats", NULL, NULL);
	json_int_t n = json_integer_value(json_object_get(json_object_get(ans, "counters"), name));

	json_decref(ans);
	return n;
}

/* --- sockets ---------------------------------------------------------------------------------- */

static struct sockaddr_in address(unsigned host, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	in.sin_addr.s_addr = htonl(0x7f000000u + host);
	return in;
}

static int open_socket(int type, unsigned host)
{
	struct sockaddr_in in = address(host, 0);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

int udp_open(unsigned host)
{
	return open_socket(SOCK_DGRAM, host);
}

int tcp_open(unsigned host, uint16_t port)
{
	struct sockaddr_in in = address(1, port);
	int fd = open_socket(SOCK_STREAM, host);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

uint16_t local_port(int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	return ntohs(in.sin_port);
}

static size_t pack(const message *m, uint8_t *buf, size_t size)
{
	size_t n = rdv__rendezvous_message__get_packed_size(m);

	ck_assert_uint_le(n, size);
	return rdv__rendezvous_message__pack(m, buf);
}

void udp_send_raw(int fd, uint16_t port, struct hws_bytes data)
{
	struct sockaddr_in in = address(1, port);
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	bool connected = getpeername(fd, (struct sockaddr *)&peer, &len) == 0;

	ck_assert_int_eq(
			sendto(fd, data.ptr, data.len, 0, connected ? NULL : (struct sockaddr *)&in,
					connected ? 0 : sizeof(in)),
			(int)data.len);
}

void udp_send(int fd, uint16_t port, const message *m)
{
	uint8_t buf[2000];

	udp_send_raw(fd, port, hws_bytes(buf, pack(m, buf, sizeof(buf))));
}

static bool readable(int fd, unsigned ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, (int)ms) > 0;
}

message *udp_recv(int fd, unsigned ms)
{
	uint8_t buf[2000];
	message *m = NULL;
	ssize_t n;

	if (!readable(fd, ms))
		return NULL;
	n = recv(fd, buf, sizeof(buf), 0);
	ck_assert_int_ge(n, 0);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m), HWS_OK);
	return m;
}

void tcp_send_raw(int fd, struct hws_bytes data)
{
	while (data.len > 0) {
		ssize_t n = send(fd, data.ptr, data.len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* the server has closed: what the test looks at next */
		data.ptr += n;
		data.len -= (size_t)n;
	}
}

void tcp_send(int fd, const message *m)
{
	uint8_t buf[70000], hdr[HWS_FRAME_HEADER_MAX];
	size_t n = pack(m, buf, sizeof(buf));

	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(fd, hws_bytes(buf, n));
}

static bool read_exact(int fd, uint8_t *buf, size_t n, uint64_t until)
{
	while (n > 0) {
		uint64_t now = test_now_ms();
		ssize_t got;

		if (now >= until || !readable(fd, (unsigned)(until - now)))
			return false;
		got = recv(fd, buf, n, 0);
		if (got <= 0)
			return false;
		buf += got;
		n -= (size_t)got;
	}
	return true;
}

ssize_t tcp_recv_raw(int fd, uint8_t *buf, size_t size, unsigned ms)
{
	uint64_t until = test_now_ms() + ms;
	uint8_t hdr[4] = { 0 };
	size_t width, len;

	if (!read_exact(fd, hdr, 1, until))
		return -1;
	width = (hdr[0] & 3u) + 1;
	if (!read_exact(fd, hdr + 1, width - 1, until))
		return -1;
	len = (hdr[0] | (uint32_t)hdr[1] << 8 | (uint32_t)hdr[2] << 16 | (uint32_t)hdr[3] << 24) >>
			2;
	ck_assert_uint_le(len, size);
	return read_exact(fd, buf, len, until) ? (ssize_t)len : -1;
}

message *tcp_recv(int fd, unsigned ms)
{
	uint64_t until = test_now_ms() + ms;
	uint8_t buf[70000];

	for (;;) {
		uint64_t now = test_now_ms();
		ssize_t n = now < until
				? tcp_recv_raw(fd, buf, sizeof(buf), (unsigned)(until - now))
				: -1;
		message *m = NULL;

		if (n < 0)
			return NULL;
		ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m), HWS_OK);
		if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION__NOT_SET &&
				m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_KEY_EXCHANGE)
			return m;
		hws_rdv_free(m);
	}
}

bool tcp_closed(int fd, unsigned ms)
{
	uint64_t until = test_now_ms() + ms;
	uint8_t buf[4096];

	for (;;) {
		uint64_t now = test_now_ms();

		if (now >= until || !readable(fd, (unsigned)(until - now)))
			return false;
		if (recv(fd, buf, sizeof(buf), 0) <= 0)
			return true;
	}
}

/* --- device ----------------------------------------------------------------------------------- */

void device_init(struct device *d, struct server *s, unsigned host, const char *id)
{
	struct hws_identity key;

	memset(d, 0, sizeof(*d));
	d->server = s;
	d->host = host;
	snprintf(d->id, sizeof(d->id), "%s", id);
	d->uuid_len = (size_t)snprintf((char *)d->uuid, sizeof(d->uuid), "machine-of-%.20s", id);
	snprintf((char *)d->seed, sizeof(d->seed), "seed %.20s", id);
	hws_identity_from_seed(d->seed, &key);
	memcpy(d->pk, key.pk, sizeof(d->pk));
	d->udp = udp_open(host);
}

void device_done(struct device *d)
{
	close(d->udp);
}

void device_send_pk(struct device *d)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.id = d->id;
	p.uuid = (ProtobufCBinaryData){ d->uuid_len, d->uuid };
	p.pk = (ProtobufCBinaryData){ sizeof(d->pk), d->pk };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK;
	m.register_pk = &p;
	udp_send(d->udp, d->server->port, &m);
}

void device_send_peer(struct device *d)
{
	Rdv__RegisterPeer p = RDV__REGISTER_PEER__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.id = d->id;
	p.serial = 3;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER;
	m.register_peer = &p;
	udp_send(d->udp, d->server->port, &m);
}

Rdv__RegisterPkResponse__Result device_register(struct device *d)
{
	Rdv__RegisterPkResponse__Result r;
	message *m;

	device_send_pk(d);
	m = udp_recv(d->udp, WAIT_MS);
	ck_assert_msg(m != NULL, "the device %s heard nothing", d->id);
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE &&
			m->register_peer_response->request_pk) {
		hws_rdv_free(m);
		device_send_pk(d);
		m = device_pushed(d, RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE);
	}
	ck_assert_int_eq(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE);
	r = m->register_pk_response->result;
	hws_rdv_free(m);
	return r;
}

bool device_keep_alive(struct device *d)
{
	message *m;
	bool known;

	device_send_peer(d);
	m = device_pushed(d, RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE);
	known = !m->register_peer_response->request_pk;
	hws_rdv_free(m);
	return known;
}

void device_online(struct device *d)
{
	ck_assert_int_eq(device_register(d), RDV__REGISTER_PK_RESPONSE__RESULT__OK);
	ck_assert(device_keep_alive(d));
}

message *device_pushed(struct device *d, Rdv__RendezvousMessage__UnionCase want)
{
	message *m = udp_recv(d->udp, WAIT_MS);

	ck_assert_msg(m != NULL, "the device %s heard nothing", d->id);
	ck_assert_int_eq(m->union_case, want);
	return m;
}

/* --- viewer ----------------------------------------------------------------------------------- */

void viewer_ask(int fd, struct server *s, const char *id, Rdv__NatType nat, bool force_relay,
		int udp_port)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.id = (char *)id;
	p.nat_type = nat;
	p.licence_key = s->key;
	p.version = (char *)"1.4.9";
	p.force_relay = force_relay;
	p.udp_port = udp_port;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
	m.punch_hole_request = &p;
	tcp_send(fd, &m);
}

int viewer_punch(struct server *s, unsigned host, const char *id)
{
	int fd = tcp_open(host, s->port);

	viewer_ask(fd, s, id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
	return fd;
}

message *viewer_answer(int fd, Rdv__RendezvousMessage__UnionCase want, unsigned ms)
{
	message *m = tcp_recv(fd, ms);

	ck_assert_msg(m != NULL, "the viewer got no answer");
	ck_assert_int_eq(m->union_case, want);
	return m;
}

void device_answer_sent(struct device *d, unsigned host, struct hws_bytes addr, const char *id)
{
	Rdv__PunchHoleSent p = RDV__PUNCH_HOLE_SENT__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, d->server->port);

	p.socket_addr = (ProtobufCBinaryData){ addr.len, (uint8_t *)addr.ptr };
	p.id = (char *)id;
	p.relay_server = (char *)"relay.example.com";
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.version = (char *)"1.4.9";
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT;
	m.punch_hole_sent = &p;
	tcp_send(fd, &m);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}

void device_answer_relay(struct device *d, unsigned host, struct hws_bytes addr, const char *id,
		const char *uuid)
{
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, d->server->port);

	p.socket_addr = (ProtobufCBinaryData){ addr.len, (uint8_t *)addr.ptr };
	p.version = (char *)"1.4.9";
	if (id) {
		p.union_case = RDV__RELAY_RESPONSE__UNION_ID;
		p.id = (char *)id;
		p.uuid = (char *)uuid;
		p.relay_server = (char *)"relay.example.com";
	}
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	m.relay_response = &p;
	tcp_send(fd, &m);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}

bool statement_is_of(struct server *s, ProtobufCBinaryData pk, const struct device *d)
{
	static const uint8_t v2[] = { 0xca, 0x3e, 2, 0x08, 2 };
	uint8_t server_pk[HWS_PK_LEN];
	struct hws_bytes msg;
	size_t n = strlen(d->id);

	ck_assert_int_eq(hws_key_parse(s->key, server_pk), HWS_OK);
	if (hws_verify_attached(server_pk, hws_bytes(pk.data, pk.len), &msg) < 0)
		return false;
	/* IdPk {1: id, 2: pk}; of a device that proves itself, 1001: HostCaps {version: 2}, too */
	if (msg.len == 4 + n + 32 + sizeof(v2) && memcmp(msg.ptr + 4 + n + 32, v2, sizeof(v2)) == 0)
		msg.len -= sizeof(v2);
	return msg.len == 4 + n + 32 && msg.ptr[0] == 0x0a && msg.ptr[1] == n &&
			memcmp(msg.ptr + 2, d->id, n) == 0 && msg.ptr[2 + n] == 0x12 &&
			msg.ptr[3 + n] == 32 && memcmp(msg.ptr + 4 + n, d->pk, 32) == 0;
}

int own_port(bool listens, char *text, size_t size)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	if (listens)
		ck_assert_int_eq(listen(fd, 10), 0);
	snprintf(text, size, "127.0.0.1:%u", local_port(fd));
	return fd;
}

/* --- WebSocket -------------------------------------------------------------------------------- */

int ws_open(struct server *s, unsigned host, const char *forwarded)
{
	char req[400], buf[1000] = "";
	size_t got = 0;
	int fd = tcp_open(host, s->ws);
	int n = snprintf(req, sizeof(req),
			"GET /ws/id HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: "
			"Upgrade\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
			"13\r\n%s%s%s"
			"\r\n",
			forwarded ? "X-Forwarded-For: " : "", forwarded ? forwarded : "",
			forwarded ? "\r\n" : "");

	tcp_send_raw(fd, hws_bytes(req, (size_t)n));
	while (!strstr(buf, "\r\n\r\n")) {
		ssize_t r = recv(fd, buf + got, 1, 0);

		ck_assert_int_eq(r, 1);
		got++;
		ck_assert_uint_lt(got, sizeof(buf) - 1);
	}
	ck_assert(strncmp(buf, "HTTP/1.1 101", 12) == 0);
	return fd;
}

void ws_send(int fd, const message *m)
{
	uint8_t buf[2000] = { 0x82 };
	size_t n = rdv__rendezvous_message__get_packed_size(m), at = 2;

	ck_assert_uint_lt(n, sizeof(buf) - 8);
	buf[1] = (uint8_t)(0x80 | (n < 126 ? n : 126));
	if (n >= 126) {
		buf[at++] = (uint8_t)(n >> 8);
		buf[at++] = (uint8_t)n;
	}
	at += 4; /* masked with zeroes */
	rdv__rendezvous_message__pack(m, buf + at);
	tcp_send_raw(fd, hws_bytes(buf, n + at));
}

message *ws_recv(int fd)
{
	uint8_t hdr[2], buf[2000];
	message *m = NULL;
	size_t n = 0;

	for (size_t got = 0; got < 2;) {
		ssize_t r = recv(fd, hdr + got, 2 - got, 0);

		ck_assert_int_gt(r, 0);
		got += (size_t)r;
	}
	ck_assert_uint_eq(hdr[0], 0x82);
	n = hdr[1];
	if (n == 126) {
		ck_assert_int_eq(recv(fd, hdr, 2, MSG_WAITALL), 2);
		n = (size_t)hdr[0] << 8 | hdr[1];
	}
	ck_assert_uint_lt(n, sizeof(buf));
	ck_assert_int_eq(recv(fd, buf, n, MSG_WAITALL), (int)n);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, n), &m), HWS_OK);
	return m;
}
