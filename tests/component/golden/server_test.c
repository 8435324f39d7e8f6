/* What hawser-rendezvous and hawser-relay say, byte for byte, to devices and viewers that speak as
 * deployed ones do. */
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "tests/component/golden/trace.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define RELAY "relay.example.com"
#define PAIR "0a1b2c3d-0000-4000-8000-000000000007"
/* 127.0.0.N with N >= 128: such an address has 11 bytes on the wire whatever is mixed into it. */
#define HOST 200
#define VIEWER 209

static struct server srv;
static struct trace t;
static struct device d;

static void setup(void)
{
	static const char *const extra[] = { "--relay-servers", RELAY, "--target-burst", "5000",
		"--punch-burst", "5000", "--key-burst", "100", NULL };
	struct hws_identity key;
	char text[HWS_SECRET_TEXT];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&srv, 0, sizeof(srv));
	hws_identity_from_seed((const uint8_t *)"golden seed of the server, fixed", &key);
	sodium_bin2base64(text, sizeof(text), key.sk_secret, sizeof(key.sk_secret),
			sodium_base64_VARIANT_ORIGINAL);
	ck_assert_int_eq(setenv("HAWSER_RENDEZVOUS_SECRET_KEY", text, 1), 0);
	server_start(&srv, extra);
	device_init(&d, &srv, HOST, "123456789");
	trace_init(&t);
}

static void teardown(void)
{
	device_done(&d);
	server_stop(&srv);
}

/* What comes by datagram, into the trace; the message too if it is wanted. */
static message *heard(int fd, const char *who)
{
	uint8_t buf[2000];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	message *m = NULL;
	ssize_t n;

	ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "nothing came (%s)", who);
	n = recv(fd, buf, sizeof(buf), MSG_PEEK);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m), HWS_OK);
	ck_assert_int_eq(recv(fd, buf, sizeof(buf), 0), n);
	if (m->union_case == M(PUNCH_HOLE))
		trace_hide(&t,
				hws_bytes(m->punch_hole->socket_addr.data,
						m->punch_hole->socket_addr.len),
				"viewer");
	else if (m->union_case == M(FETCH_LOCAL_ADDR))
		trace_hide(&t,
				hws_bytes(m->fetch_local_addr->socket_addr.data,
						m->fetch_local_addr->socket_addr.len),
				"viewer");
	else if (m->union_case == M(REQUEST_RELAY))
		trace_hide(&t,
				hws_bytes(m->request_relay->socket_addr.data,
						m->request_relay->socket_addr.len),
				"viewer");
	trace_add(&t, who, hws_bytes(buf, (size_t)n));
	trace_show(&t);
	return m;
}

static message *answered(int fd, const char *who)
{
	uint8_t buf[2000];
	ssize_t n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);
	message *m = NULL;

	ck_assert_msg(n >= 0, "no answer (%s)", who);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m), HWS_OK);
	if (m->union_case == M(PUNCH_HOLE_RESPONSE) && m->punch_hole_response->socket_addr.len)
		trace_hide(&t,
				hws_bytes(m->punch_hole_response->socket_addr.data,
						m->punch_hole_response->socket_addr.len),
				"host");
	trace_add(&t, who, hws_bytes(buf, (size_t)n));
	trace_show(&t);
	return m;
}

static void hear(int fd)
{
	hws_rdv_free(heard(fd, "server > host udp"));
}

START_TEST(registration)
{
	struct device other;

	trace_title(&t, "a device that is not known; twice its key; keep-alive");
	device_send_peer(&d);
	hear(d.udp);
	device_send_pk(&d);
	hear(d.udp);
	device_send_pk(&d);
	hear(d.udp);
	device_send_peer(&d);
	hear(d.udp);
	trace_title(&t, "another machine with the same id; an id that is too short");
	device_init(&other, &srv, 2, "123456789");
	other.uuid[0] = 'X';
	device_send_pk(&other);
	hear(other.udp);
	snprintf(other.id, sizeof(other.id), "12345");
	device_send_pk(&other);
	hear(other.udp);
	device_done(&other);
	trace_check(&t, "server_registration.txt");
}
END_TEST

static void nat_test(int fd, bool datagram, const char *who)
{
	Rdv__TestNatRequest q = RDV__TEST_NAT_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint16_t port = local_port(fd);
	uint8_t varint[3] = { (uint8_t)(port | 0x80), (uint8_t)(port >> 7 | 0x80),
		(uint8_t)(port >> 14) };

	ck_assert_msg(port >= 1u << 14, "port %u would be written shorter", port);
	m.union_case = M(TEST_NAT_REQUEST);
	m.test_nat_request = &q;
	trace_hide(&t, hws_bytes(varint, sizeof(varint)), "port");
	if (datagram) {
		udp_send(fd, srv.port, &m);
		hws_rdv_free(heard(fd, who));
	} else {
		tcp_send(fd, &m);
		hws_rdv_free(answered(fd, who));
		ck_assert(tcp_closed(fd, WAIT_MS));
	}
	close(fd);
}

START_TEST(questions)
{
	Rdv__OnlineRequest q = RDV__ONLINE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	char *ids[] = { (char *)"987654321", d.id, (char *)"111111111" };
	struct server wrong = srv;
	int fd;

	trace_title(&t, "NAT test: main port, the port below, by datagram");
	nat_test(tcp_open(3, srv.port), false, "server > any tcp");
	nat_test(tcp_open(3, srv.nat), false, "server > any tcp nat");
	nat_test(udp_open(3), true, "server > any udp");
	trace_title(&t, "which of three are on line: the second");
	device_online(&d);
	m.union_case = M(ONLINE_REQUEST);
	m.online_request = &q;
	q.id = d.id;
	q.n_peers = 3;
	q.peers = ids;
	fd = tcp_open(HOST, srv.nat);
	tcp_send(fd, &m);
	hws_rdv_free(answered(fd, "server > any tcp nat"));
	close(fd);
	trace_title(&t, "an id that nobody has; a wrong key");
	fd = viewer_punch(&srv, VIEWER, "555555555");
	hws_rdv_free(answered(fd, "server > viewer tcp"));
	close(fd);
	snprintf(wrong.key, sizeof(wrong.key), "not the key");
	fd = viewer_punch(&wrong, VIEWER, d.id);
	hws_rdv_free(answered(fd, "server > viewer tcp"));
	close(fd);
	trace_check(&t, "server_questions.txt");
}
END_TEST

static void punch(void)
{
	int fd = viewer_punch(&srv, VIEWER, d.id);
	message *push = heard(d.udp, "server > host udp"), *m;
	ProtobufCBinaryData addr = push->punch_hole->socket_addr;

	device_answer_sent(&d, HOST, hws_bytes(addr.data, addr.len), d.id);
	m = answered(fd, "server > viewer tcp");
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
}

static void forced_relay(void)
{
	int fd = tcp_open(VIEWER, srv.port);
	message *push;
	ProtobufCBinaryData addr;

	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = heard(d.udp, "server > host udp");
	addr = push->punch_hole->socket_addr;
	device_answer_relay(&d, HOST, hws_bytes(addr.data, addr.len), d.id, PAIR);
	hws_rdv_free(answered(fd, "server > viewer tcp"));
	hws_rdv_free(push);
	close(fd);
}

static void udp_punch(void)
{
	int fd = tcp_open(VIEWER, srv.port);
	Rdv__PunchHoleSent sent = RDV__PUNCH_HOLE_SENT__INIT;
	message *push, *a, m = RDV__RENDEZVOUS_MESSAGE__INIT;

	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__ASYMMETRIC, false, 40000);
	push = heard(d.udp, "server > host udp");
	sent.socket_addr = push->punch_hole->socket_addr;
	sent.id = d.id;
	sent.relay_server = (char *)RELAY;
	sent.version = (char *)"1.4.9";
	m.union_case = M(PUNCH_HOLE_SENT);
	m.punch_hole_sent = &sent;
	udp_send(d.udp, srv.port, &m);
	a = answered(fd, "server > viewer tcp");
	hws_rdv_free(a);
	hws_rdv_free(push);
	close(fd);
}

/* Viewer and host behind one address. */
static void local_addresses(void)
{
	static const uint8_t local[] = { 0xf4, 0xa8, 0xf0, 0xac, 0x68, 0x24, 0x70, 0xfe, 0x89,
		0x64 };
	int fd = viewer_punch(&srv, HOST, d.id), out = tcp_open(HOST, srv.port);
	Rdv__LocalAddr l = RDV__LOCAL_ADDR__INIT;
	message *push = heard(d.udp, "server > host udp"), m = RDV__RENDEZVOUS_MESSAGE__INIT;

	l.socket_addr = push->fetch_local_addr->socket_addr;
	l.local_addr = (ProtobufCBinaryData){ sizeof(local), (uint8_t *)local };
	l.relay_server = (char *)RELAY;
	l.id = d.id;
	l.version = (char *)"1.4.9";
	m.union_case = M(LOCAL_ADDR);
	m.local_addr = &l;
	tcp_send(out, &m);
	hws_rdv_free(answered(fd, "server > viewer tcp"));
	hws_rdv_free(push);
	close(out);
	close(fd);
}

/* The direct way failed: the viewer asks for the relay. */
static void late_relay(void)
{
	int fd = viewer_punch(&srv, VIEWER, d.id);
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;
	message *push = device_pushed(&d, M(PUNCH_HOLE)), m = RDV__RENDEZVOUS_MESSAGE__INIT;

	device_answer_sent(&d, HOST,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	hws_rdv_free(push);
	close(fd);
	fd = tcp_open(VIEWER, srv.port);
	q.id = d.id;
	q.uuid = (char *)PAIR;
	q.relay_server = (char *)RELAY;
	q.secure = true;
	m.union_case = M(REQUEST_RELAY);
	m.request_relay = &q;
	tcp_send(fd, &m);
	push = heard(d.udp, "server > host udp");
	device_answer_relay(&d, HOST,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	hws_rdv_free(answered(fd, "server > viewer tcp"));
	hws_rdv_free(push);
	close(fd);
}

START_TEST(meetings)
{
	device_online(&d);
	trace_title(&t, "punched");
	punch();
	trace_title(&t, "the same network");
	local_addresses();
	trace_title(&t, "relay forced by the viewer");
	forced_relay();
	trace_title(&t, "punched by datagrams");
	udp_punch();
	trace_title(&t, "relay after a direct attempt");
	late_relay();
	trace_check(&t, "server_meetings.txt");
}
END_TEST

START_TEST(encryption_is_offered)
{
	uint8_t buf[2000];
	int fd = tcp_open(1, srv.port);
	ssize_t n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);

	trace_title(&t, "the offer to a link that says nothing (signature and key hidden)");
	ck_assert_int_gt(n, 96);
	trace_hide(&t, hws_bytes(buf + n - 96, 96), "signed key");
	trace_add(&t, "server > any tcp", hws_bytes(buf, (size_t)n));
	close(fd);
	trace_check(&t, "server_offer.txt");
}
END_TEST

static int relay_leg(uint16_t port, const char *key)
{
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(1, port);

	q.uuid = (char *)PAIR;
	q.licence_key = (char *)key;
	m.union_case = M(REQUEST_RELAY);
	m.request_relay = &q;
	tcp_send(fd, &m);
	return fd;
}

/* A relay adds nothing and takes nothing away, and is silent itself. */
START_TEST(relay_legs)
{
	struct test_proc relay = { 0 };
	char dir[300], control[320];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--bind", "127.0.0.1",
		"--port", "0", "--ws-port", "off", "--key", srv.key, "--control", control,
		"--runtime-dir", dir, NULL };
	const char *words[] = { "host: the first word", "viewer: heard", "\x01\x01 not a frame" };
	int leg[2];
	uint16_t port;

	test_dir(dir, sizeof(dir));
	snprintf(control, sizeof(control), "%s/control.sock", dir);
	test_proc_start(&relay, argv, NULL);
	port = (uint16_t)test_line_number(
			test_proc_must_expect(&relay, "listening", 30000), " port=");
	leg[0] = relay_leg(port, srv.key);
	leg[1] = relay_leg(port, srv.key);
	trace_title(&t, "what comes out of a pair of legs");
	for (unsigned i = 0; i < 3; i++) {
		struct hws_bytes said = hws_bytes_str(words[i]);
		uint8_t buf[100];
		size_t n = 0;

		tcp_send_raw(leg[i & 1], said);
		while (n < said.len) {
			struct pollfd p = { .fd = leg[!(i & 1)], .events = POLLIN };
			ssize_t got;

			ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
			got = recv(p.fd, buf + n, sizeof(buf) - n, 0);
			ck_assert_int_gt(got, 0);
			n += (size_t)got;
		}
		trace_add(&t, i & 1 ? "viewer > host relay" : "host > viewer relay",
				hws_bytes(buf, n));
	}
	close(leg[0]);
	ck_assert(tcp_closed(leg[1], WAIT_MS));
	close(leg[1]);
	ck_assert_int_eq(test_proc_stop(&relay), 0);
	trace_check(&t, "relay_legs.txt");
}
END_TEST

int main(void)
{
	return test_main("golden/server", 120, setup, teardown,
			TESTS(registration, questions, meetings, encryption_is_offered,
					relay_legs));
}
