/* Every conversation that deployed devices and viewers have with the server, message by message. */
#include "shared/base/mem.h"
#include "shared/crypto/box.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/record.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/ticket.h"
#include "tests/component/rendezvous/actors.h"
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x

static struct server srv;

static void setup(void)
{
	static const char *const extra[] = { "--relay-servers", "relay.example.com", NULL };

	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

static void teardown(void)
{
	server_stop(&srv);
}

START_TEST(new_host_registers_and_keeps_alive)
{
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	ck_assert_int_eq(device_register(&d), R(OK));
	ck_assert(device_keep_alive(&d));
	ck_assert(device_keep_alive(&d));
	device_done(&d);
}
END_TEST

START_TEST(unknown_keep_alive_is_asked_for_its_key)
{
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	ck_assert(!device_keep_alive(&d));
	device_online(&d);
	device_done(&d);
}
END_TEST

START_TEST(id_clash_gives_uuid_mismatch_and_a_random_id_gets_in)
{
	struct device a, b;

	device_init(&a, &srv, 1, "123456789");
	device_online(&a);
	device_init(&b, &srv, 2, "123456789");
	b.uuid[0] = 'X';
	ck_assert_int_eq(device_register(&b), R(UUID_MISMATCH));
	snprintf(b.id, sizeof(b.id), "1234567890");
	ck_assert_int_eq(device_register(&b), R(OK));
	ck_assert(device_keep_alive(&b));
	ck_assert(device_keep_alive(&a));
	device_done(&a);
	device_done(&b);
}
END_TEST

START_TEST(moved_host_is_asked_for_its_key_and_let_in)
{
	struct device d, moved;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	device_init(&moved, &srv, 3, "123456789");
	ck_assert(!device_keep_alive(&moved));
	ck_assert_int_eq(device_register(&moved), R(OK));
	ck_assert(device_keep_alive(&moved));
	device_done(&d);
	device_done(&moved);
}
END_TEST

START_TEST(tcp_punch)
{
	struct device d;
	struct sockaddr_storage ss;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(fd));
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000009u);
	ck_assert_str_eq(push->punch_hole->relay_server, "relay.example.com");
	ck_assert_int_eq(push->punch_hole->nat_type, RDV__NAT_TYPE__ASYMMETRIC);
	device_answer_sent(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_gt(m->punch_hole_response->socket_addr.len, 0);
	ck_assert(!m->punch_hole_response->is_udp);
	ck_assert_int_eq(m->punch_hole_response->union_case,
			RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000001u);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(udp_punch_carries_udp_port_and_answers_with_is_udp)
{
	Rdv__PunchHoleSent p = RDV__PUNCH_HOLE_SENT__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage ss;
	struct device d;
	message *push, *m;
	int punching, fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__ASYMMETRIC, false, 40404);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_int_eq(push->punch_hole->udp_port, 40404);
	punching = udp_open(1);
	p.socket_addr = push->punch_hole->socket_addr;
	p.id = d.id;
	p.relay_server = (char *)"relay.example.com";
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	out.union_case = M(PUNCH_HOLE_SENT);
	out.punch_hole_sent = &p;
	for (int i = 0; i < 3; i++) /* deployed hosts send it three times */
		udp_send(punching, srv.port, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_udp);
	/* also without a version the key is vouched for */
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_addr_decode(hws_bytes(m->punch_hole_response->socket_addr.data,
					m->punch_hole_response->socket_addr.len),
			&ss, NULL);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&ss)->sin_port), local_port(punching));
	hws_rdv_free(m);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS)); /* the repeats are not passed on */
	hws_rdv_free(push);
	close(punching);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(same_network_exchanges_local_addresses)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t again[HWS_ADDR_WIRE_MAX], local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage viewer, lan = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&lan;
	struct device d;
	message *push, *m;
	int fd, reply;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 1, d.id);
	push = device_pushed(&d, M(FETCH_LOCAL_ADDR));
	ck_assert_str_eq(push->fetch_local_addr->relay_server, "relay.example.com");
	/* B decodes the address and disguises it again with a time of its own */
	hws_addr_decode(hws_bytes(push->fetch_local_addr->socket_addr.data,
					push->fetch_local_addr->socket_addr.len),
			&viewer, NULL);
	in->sin_family = AF_INET;
	in->sin_port = htons(54321);
	in->sin_addr.s_addr = htonl(0xc0a80105u);
	p.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&viewer, 77, again), again };
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&lan, 78, local), local };
	p.relay_server = (char *)"relay.example.com";
	p.id = d.id;
	p.version = (char *)"1.4.9";
	out.union_case = M(LOCAL_ADDR);
	out.local_addr = &p;
	reply = tcp_open(1, srv.port);
	tcp_send(reply, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->punch_hole_response->union_case,
			RDV__PUNCH_HOLE_RESPONSE__UNION_IS_LOCAL);
	ck_assert(m->punch_hole_response->is_local);
	ck_assert_mem_eq(m->punch_hole_response->socket_addr.data, local, p.local_addr.len);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(reply);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(forced_relay)
{
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert(push->punch_hole->force_relay);
	ck_assert_int_eq(push->punch_hole->nat_type, RDV__NAT_TYPE__SYMMETRIC);
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->relay_response->socket_addr.len, 0);
	ck_assert_str_eq(m->relay_response->uuid, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	ck_assert_str_eq(m->relay_response->relay_server, "relay.example.com");
	ck_assert_int_eq(m->relay_response->union_case, RDV__RELAY_RESPONSE__UNION_PK);
	ck_assert(statement_is_of(&srv, m->relay_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

/* Ends with the viewer having been told relay.example.com. */
static void punched(struct device *d, unsigned viewer)
{
	int fd = viewer_punch(&srv, viewer, d->id);
	message *push = device_pushed(d, M(PUNCH_HOLE));

	device_answer_sent(d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d->id);
	hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	hws_rdv_free(push);
	close(fd);
}

START_TEST(direct_failed_then_relay)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	punched(&d, 9);
	fd = tcp_open(9, srv.port);
	p.id = d.id;
	p.uuid = (char *)"8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e";
	p.relay_server = (char *)"relay.example.com";
	p.secure = true;
	p.token = (char *)"secret";
	p.switch_code = (char *)"code";
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	push = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(push->request_relay->uuid, p.uuid);
	ck_assert_str_eq(push->request_relay->relay_server, "relay.example.com");
	ck_assert(push->request_relay->secure);
	ck_assert_str_eq(push->request_relay->switch_code, "code");
	ck_assert_uint_gt(push->request_relay->socket_addr.len, 0);
	device_answer_relay(&d, 1,
			hws_bytes(push->request_relay->socket_addr.data,
					push->request_relay->socket_addr.len),
			NULL, NULL);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->version, "1.4.9");
	ck_assert_str_eq(m->relay_response->refuse_reason, "");
	ck_assert_uint_eq(m->relay_response->socket_addr.len, 0);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

static void expect_refusal(const char *id, const char *key, Rdv__PunchHoleResponse__Failure failure)
{
	struct server liar = srv;
	message *m;
	int fd = tcp_open(9, srv.port);

	if (key)
		snprintf(liar.key, sizeof(liar.key), "%s", key);
	viewer_ask(fd, &liar, id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->punch_hole_response->socket_addr.len, 0);
	ck_assert_int_eq(m->punch_hole_response->failure, failure);
	ck_assert_str_eq(m->punch_hole_response->other_failure, "");
	hws_rdv_free(m);
	close(fd);
}

START_TEST(refusals_name_their_reason)
{
	json_t *ans;
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	expect_refusal("987654321", NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST);
	expect_refusal(d.id, "wrong", RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH);
	ans = server_ask(&srv, "kick", "id", d.id);
	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(ans);
	expect_refusal(d.id, NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE);
	device_done(&d);
}
END_TEST

START_TEST(nat_test_on_both_ports_and_by_datagram)
{
	Rdv__TestNatRequest p = RDV__TEST_NAT_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	const uint16_t ports[] = { srv.port, srv.nat };
	int fd;

	out.union_case = M(TEST_NAT_REQUEST);
	out.test_nat_request = &p;
	for (int i = 0; i < 2; i++) {
		fd = tcp_open(5, ports[i]);
		tcp_send(fd, &out);
		m = viewer_answer(fd, M(TEST_NAT_RESPONSE), WAIT_MS);
		ck_assert_int_eq(m->test_nat_response->port, local_port(fd));
		hws_rdv_free(m);
		ck_assert(tcp_closed(fd, WAIT_MS));
		close(fd);
	}
	fd = udp_open(5);
	udp_send(fd, srv.port, &out);
	m = udp_recv(fd, WAIT_MS);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->test_nat_response->port, local_port(fd));
	hws_rdv_free(m);
	close(fd);
}
END_TEST

START_TEST(online_query_on_all_ports)
{
	char *ids[9] = { (char *)"123456789", (char *)"nobody-1", (char *)"223456789",
		(char *)"nobody-3", (char *)"nobody-4", (char *)"nobody-5", (char *)"nobody-6",
		(char *)"nobody-7", (char *)"323456789" };
	Rdv__OnlineRequest p = RDV__ONLINE_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	const uint16_t ports[] = { srv.port, srv.nat };
	struct device d[3];

	device_init(&d[0], &srv, 1, "123456789");
	device_init(&d[1], &srv, 1, "223456789");
	device_init(&d[2], &srv, 1, "323456789");
	for (int i = 0; i < 3; i++)
		device_online(&d[i]);
	p.id = (char *)"123456789";
	p.n_peers = 9;
	p.peers = ids;
	out.union_case = M(ONLINE_REQUEST);
	out.online_request = &p;
	for (int i = 0; i < 2; i++) {
		int fd = tcp_open(1, ports[i]);

		tcp_send(fd, &out);
		m = viewer_answer(fd, M(ONLINE_RESPONSE), WAIT_MS);
		ck_assert_uint_eq(m->online_response->states.len, 2);
		ck_assert_uint_eq(m->online_response->states.data[0], 0xa0);
		ck_assert_uint_eq(m->online_response->states.data[1], 0x80);
		hws_rdv_free(m);
		close(fd);
	}
	for (int i = 0; i < 3; i++)
		device_done(&d[i]);
}
END_TEST

/* Reads our offer, answers it; both directions are sealed afterwards. */
static void encrypt(int fd, struct hws_record *rec)
{
	uint8_t buf[300], pk[HWS_PK_LEN], key[HWS_SESSION_KEY_LEN], hdr[4];
	struct hws_buf reply;
	ssize_t n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(hws_key_parse(srv.key, pk), HWS_OK);
	hws_buf_init(&reply, 4096);
	ck_assert_int_eq(hws_kx_client_answer(pk, hws_bytes(buf, (size_t)n), &reply, key), HWS_OK);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(hws_buf_len(&reply), hdr)));
	tcp_send_raw(fd, hws_buf_bytes(&reply));
	hws_buf_done(&reply);
	hws_record_init(rec, key);
}

static void send_sealed(int fd, struct hws_record *rec, const message *m)
{
	uint8_t plain[2000], out[2100], hdr[4];
	size_t n = rdv__rendezvous_message__pack(m, plain);

	ck_assert_int_eq(hws_record_seal(rec, hws_bytes(plain, n), out), HWS_OK);
	n += HWS_RECORD_OVERHEAD;
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(fd, hws_bytes(out, n));
}

static message *recv_sealed(int fd, struct hws_record *rec)
{
	uint8_t buf[4096];
	struct hws_bytes plain;
	message *m = NULL;
	ssize_t n;

	do {
		n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);
		ck_assert_int_ge(n, 0);
	} while (n == 0); /* heartbeats are plain */
	ck_assert_int_eq(hws_record_open(rec, hws_bytes(buf, (size_t)n), buf, &plain), HWS_OK);
	ck_assert_int_eq(hws_rdv_unpack(plain, &m), HWS_OK);
	return m;
}

START_TEST(encrypted_host_link_is_reachable)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	struct hws_record rec;
	struct device d;
	int host, fd;

	device_init(&d, &srv, 1, "123456789");
	host = tcp_open(1, srv.port);
	encrypt(host, &rec);
	p.id = d.id;
	p.uuid = (ProtobufCBinaryData){ d.uuid_len, d.uuid };
	p.pk = (ProtobufCBinaryData){ 32, d.pk };
	out.union_case = M(REGISTER_PK);
	out.register_pk = &p;
	send_sealed(host, &rec, &out);
	m = recv_sealed(host, &rec);
	ck_assert_int_eq(m->union_case, M(REGISTER_PK_RESPONSE));
	ck_assert_int_eq(m->register_pk_response->result, R(OK));
	ck_assert_int_gt(m->register_pk_response->keep_alive, 0);
	hws_rdv_free(m);
	fd = viewer_punch(&srv, 9, d.id);
	m = recv_sealed(host, &rec);
	ck_assert_int_eq(m->union_case, M(PUNCH_HOLE));
	device_answer_relay(&d, 1,
			hws_bytes(m->punch_hole->socket_addr.data, m->punch_hole->socket_addr.len),
			d.id, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	hws_rdv_free(m);
	hws_rdv_free(viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS));
	close(fd);
	close(host);
	/* presence is the link: the device is gone with it */
	for (int tries = 0; tries < 100; tries++) {
		fd = viewer_punch(&srv, 9, d.id);
		m = tcp_recv(fd, SILENCE_MS);
		close(fd);
		if (m)
			break;
	}
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->punch_hole_response->failure,
			RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE);
	hws_rdv_free(m);
	device_done(&d);
}
END_TEST

/* As with UDP blocked, or behind a proxy of the site. */
START_TEST(a_host_on_a_websocket_is_reachable)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	Rdv__PunchHoleSent sent = RDV__PUNCH_HOLE_SENT__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m, *push;
	struct device d;
	int host, fd;

	device_init(&d, &srv, 1, "123456789");
	host = ws_open(&srv, 1, NULL);
	p.id = d.id;
	p.uuid = (ProtobufCBinaryData){ d.uuid_len, d.uuid };
	p.pk = (ProtobufCBinaryData){ 32, d.pk };
	out.union_case = M(REGISTER_PK);
	out.register_pk = &p;
	ws_send(host, &out);
	m = ws_recv(host);
	ck_assert_int_eq(m->union_case, M(REGISTER_PK_RESPONSE));
	ck_assert_int_eq(m->register_pk_response->result, R(OK));
	ck_assert_int_gt(m->register_pk_response->keep_alive, 0);
	hws_rdv_free(m);
	fd = viewer_punch(&srv, 9, d.id);
	push = ws_recv(host);
	ck_assert_int_eq(push->union_case, M(PUNCH_HOLE));
	sent.socket_addr = push->punch_hole->socket_addr;
	sent.id = d.id;
	sent.relay_server = push->punch_hole->relay_server;
	out.union_case = M(PUNCH_HOLE_SENT);
	out.punch_hole_sent = &sent;
	close(ws_open(&srv, 1, NULL)); /* an idle link of the same address changes nothing */
	int reply = ws_open(&srv, 1, NULL);

	ws_send(reply, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(reply);
	close(fd);
	close(host);
	device_done(&d);
}
END_TEST

static void on_uuid(struct hws_bytes uuid, uint32_t ttl_s, void *arg)
{
	char *got = arg;

	ck_assert_uint_gt(ttl_s, 0);
	ck_assert_uint_lt(uuid.len, 64);
	memcpy(got, uuid.ptr, uuid.len);
	got[uuid.len] = 0;
}

/* The next news for a relay. */
static struct hws_ticket_news news_of(int fd, struct hws_record *rec, char *uuid)
{
	struct hws_ticket_news news = { 0 };
	struct hws_bytes plain;
	uint8_t buf[4096];
	ssize_t n;

	do {
		n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);
		ck_assert_int_ge(n, 0);
	} while (n == 0);
	ck_assert_int_eq(hws_record_open(rec, hws_bytes(buf, (size_t)n), buf, &plain), HWS_OK);
	ck_assert_int_eq(hws_ticket_read(plain, &news, on_uuid, uuid), HWS_OK);
	return news;
}

static int relay_listens(const struct hws_identity *id, struct hws_record *rec)
{
	struct hws_buf hello;
	uint8_t sealed[400], hdr[4];
	size_t n;
	int fd = tcp_open(20, srv.port);

	encrypt(fd, rec);
	hws_buf_init(&hello, 300);
	ck_assert_int_eq(hws_ticket_hello(id, rec->key_secret, &hello), HWS_OK);
	n = hws_buf_len(&hello) + HWS_RECORD_OVERHEAD;
	ck_assert_int_eq(hws_record_seal(rec, hws_buf_bytes(&hello), sealed), HWS_OK);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(fd, hws_bytes(sealed, n));
	hws_buf_done(&hello);
	return fd;
}

START_TEST(relays_are_told_of_agreed_pairs)
{
	char key[HWS_KEY_TEXT], uuid[64] = "";
	const char *extra[] = { "--relay-servers", "relay.example.com", "--announce-to", key,
		NULL };
	struct hws_identity own, stranger;
	struct hws_record rec, rec2;
	struct device d;
	message *push;
	int relay, fd, other;

	hws_identity_generate(false, &own);
	hws_identity_generate(false, &stranger);
	hws_key_text(own.pk, key);
	server_stop(&srv);
	server_start(&srv, extra);
	other = relay_listens(&stranger, &rec2);
	ck_assert(tcp_closed(other, WAIT_MS));
	close(other);
	relay = relay_listens(&own, &rec);
	ck_assert(news_of(relay, &rec, uuid).welcome);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	hws_rdv_free(viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS));
	ck_assert(!news_of(relay, &rec, uuid).welcome);
	ck_assert_str_eq(uuid, "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e");
	hws_rdv_free(push);
	close(fd);
	close(relay);
	device_done(&d);
}
END_TEST

/* The relay that the server names to the device for a viewer on 127.0.0.<host>. */
static void relay_for(struct device *d, unsigned host, char *buf, size_t size)
{
	int fd = viewer_punch(&srv, host, d->id);
	message *push = device_pushed(d, M(PUNCH_HOLE));

	snprintf(buf, size, "%s", push->punch_hole->relay_server);
	hws_rdv_free(push);
	close(fd);
}

START_TEST(a_network_has_its_relay)
{
	char a[40], b[40], list[100], networks[200], got[100];
	const char *extra[] = { "--relay-servers", list, "--relay-networks", networks,
		"--relay-check", "connect", NULL };
	int fd[2] = { own_port(true, a, sizeof(a)), own_port(true, b, sizeof(b)) };
	struct device d, other;

	snprintf(list, sizeof(list), "%s,%s*1000", a, b);
	snprintf(networks, sizeof(networks), "127.0.0.7=%s,127.0.0.0/24=%s,127.0.0.3/32=%s", a, b,
			a);
	server_stop(&srv);
	server_start(&srv, extra);
	device_init(&d, &srv, 1, "123456789");
	device_init(&other, &srv, 3, "223456789");
	device_online(&d);
	device_online(&other);
	for (int i = 0; i < 3; i++) {
		relay_for(&d, 7, got, sizeof(got)); /* the device's network goes first */
		ck_assert_str_eq(got, b);
		relay_for(&other, 9, got, sizeof(got)); /* of two networks the smaller one */
		ck_assert_str_eq(got, a);
	}
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	device_done(&d);
	device_done(&other);
}
END_TEST

static void report_distance(int fd, struct hws_record *rec, const char *relay, uint32_t ms)
{
	struct hws_ticket_distance d = { .rtt_ms = ms };
	struct hws_buf out;
	uint8_t sealed[400], hdr[4];
	size_t n;

	d.network.ss_family = AF_INET;
	((struct sockaddr_in *)&d.network)->sin_addr.s_addr = htonl(0x7f000000u);
	hws_buf_init(&out, 300);
	ck_assert_int_eq(hws_ticket_distances(relay, &d, 1, &out), HWS_OK);
	n = hws_buf_len(&out) + HWS_RECORD_OVERHEAD;
	ck_assert_int_eq(hws_record_seal(rec, hws_buf_bytes(&out), sealed), HWS_OK);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(fd, hws_bytes(sealed, n));
	hws_buf_done(&out);
}

static bool relays_are_up(void *arg)
{
	json_t *ans = server_ask(&srv, "relays", NULL, NULL), *relay;
	size_t i, up = 0;

	(void)arg;
	json_array_foreach (json_object_get(ans, "relays"), i, relay)
		up += strcmp(json_string_value(json_object_get(relay, "state")), "up") == 0;
	json_decref(ans);
	return up == 2;
}

START_TEST(the_nearest_relay_is_named_as_far_as_they_reported)
{
	char a[40], b[40], list[100], got[100], key[HWS_KEY_TEXT], uuid[64];
	const char *extra[] = { "--relay-servers", list, "--relay-check", "connect",
		"--target-rate", "0", "--punch-rate", "0", "--announce-to", key, NULL };
	int fd[2] = { own_port(true, a, sizeof(a)), own_port(true, b, sizeof(b)) };
	struct hws_identity own;
	struct hws_record rec;
	struct device d;
	int relay, near_a = 0;

	hws_identity_generate(false, &own);
	hws_key_text(own.pk, key);
	snprintf(list, sizeof(list), "%s,%s", a, b);
	server_stop(&srv);
	server_start(&srv, extra);
	ck_assert(test_until(relays_are_up, NULL, WAIT_MS));
	relay = relay_listens(&own, &rec);
	ck_assert(news_of(relay, &rec, uuid).welcome);
	report_distance(relay, &rec, "unheard-of.invalid", 1);
	report_distance(relay, &rec, a, 12);
	report_distance(relay, &rec, b, 140);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	/* the reports travel on a link of their own; by weight alone the two take turns */
	for (int row = 0, tries = 0; row < 4; tries++) {
		ck_assert_int_lt(tries, 2000);
		relay_for(&d, 9, got, sizeof(got));
		row = strcmp(got, a) == 0 ? row + 1 : 0;
	}
	for (int i = 0; i < 40; i++) {
		relay_for(&d, 9, got, sizeof(got));
		near_a += strcmp(got, a) == 0;
	}
	/* one in sixteen goes by weight, so that the others are measured too */
	ck_assert_int_ge(near_a, 28);
	/* a relay that is drained is not named however near it is */
	json_decref(server_ask(&srv, "relay-drain", "relay", a));
	for (int i = 0; i < 4; i++) {
		relay_for(&d, 9, got, sizeof(got));
		ck_assert_str_eq(got, b);
	}
	close(relay);
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	device_done(&d);
}
END_TEST

START_TEST(a_relay_that_does_not_relay_is_left_out)
{
	char deaf[40], list[100], text[40], got[100];
	const char *extra[] = { "--relay-servers", list, NULL };
	int fd = own_port(true, deaf, sizeof(deaf)); /* connects, and that is all */
	char dir[300];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--open", "--port", "0",
		"--ws-port", "0", "--runtime-dir", test_dir(dir, sizeof(dir)), NULL };
	struct test_proc relay = { 0 };
	struct device d;

	test_proc_start(&relay, argv, NULL);
	snprintf(text, sizeof(text), "127.0.0.1:%lu",
			test_line_number(test_proc_must_expect(&relay, "listening", 10000),
					" port="));
	snprintf(list, sizeof(list), "%s,%s", deaf, text);
	server_stop(&srv);
	server_start(&srv, extra);
	test_proc_must_expect(&srv.proc, "relay.down", 20000);
	if (!strstr(srv.proc.log, "relay.up"))
		test_proc_must_expect(&srv.proc, "relay.up", 20000);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	for (int i = 0; i < 4; i++) {
		relay_for(&d, 9, got, sizeof(got));
		ck_assert_str_eq(got, text);
	}
	close(fd);
	device_done(&d);
	test_proc_stop(&relay);
}
END_TEST

static Rdv__RegisterPkResponse__Result change_id(
		const struct device *d, const char *uuid, const char *to)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	Rdv__RegisterPkResponse__Result r;
	int fd = tcp_open(1, srv.port);

	p.id = (char *)to;
	p.old_id = (char *)d->id;
	p.uuid = uuid ? (ProtobufCBinaryData){ strlen(uuid), (uint8_t *)uuid }
		      : (ProtobufCBinaryData){ d->uuid_len, (uint8_t *)d->uuid };
	out.union_case = M(REGISTER_PK);
	out.register_pk = &p;
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(REGISTER_PK_RESPONSE), WAIT_MS);
	r = m->register_pk_response->result;
	hws_rdv_free(m);
	close(fd);
	return r;
}

START_TEST(id_change_with_proof)
{
	struct device d, other;

	device_init(&d, &srv, 1, "123456789");
	device_init(&other, &srv, 1, "223456789");
	device_online(&d);
	device_online(&other);
	ck_assert_int_eq(change_id(&d, "somebody else", "office-pc"), R(UUID_MISMATCH));
	ck_assert_int_eq(change_id(&d, NULL, "1abc"), R(INVALID_ID_FORMAT));
	ck_assert_int_eq(change_id(&d, NULL, "office-pc"), R(OK));
	ck_assert_int_eq(change_id(&other, NULL, "office-pc"), R(ID_EXISTS));
	expect_refusal("123456789", NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST);
	snprintf(d.id, sizeof(d.id), "office-pc");
	device_online(&d);
	device_done(&d);
	device_done(&other);
}
END_TEST

START_TEST(several_answers_pass_while_the_link_lives)
{
	struct device a, b;
	message *push, *m;
	int fd;

	device_init(&a, &srv, 1, "123456789");
	device_init(&b, &srv, 1, "223456789");
	device_online(&a);
	device_online(&b);
	fd = tcp_open(9, srv.port);
	for (int i = 0; i < 2; i++) {
		struct device *d = i ? &b : &a;

		viewer_ask(fd, &srv, d->id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
		push = device_pushed(d, M(PUNCH_HOLE));
		device_answer_sent(d, 1,
				hws_bytes(push->punch_hole->socket_addr.data,
						push->punch_hole->socket_addr.len),
				d->id);
		m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, d));
		hws_rdv_free(m);
		hws_rdv_free(push);
	}
	close(fd);
	device_done(&a);
	device_done(&b);
}
END_TEST

START_TEST(why_tells_what_happened)
{
	struct device d;
	json_t *ans, *first;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	punched(&d, 9);
	expect_refusal("987654321", NULL, RDV__PUNCH_HOLE_RESPONSE__FAILURE__ID_NOT_EXIST);
	ans = server_ask(&srv, "why", "id", d.id);
	first = json_array_get(json_object_get(ans, "attempts"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "outcome")), "direct-tcp");
	ck_assert_str_eq(json_string_value(json_object_get(first, "viewer")), "127.0.0.9");
	json_decref(ans);
	ans = server_ask(&srv, "why", "id", "987654321");
	first = json_array_get(json_object_get(ans, "attempts"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "outcome")), "absent");
	json_decref(ans);
	device_done(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/flows");
	TCase *t = tcase_create("flows");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, new_host_registers_and_keeps_alive);
	tcase_add_test(t, unknown_keep_alive_is_asked_for_its_key);
	tcase_add_test(t, id_clash_gives_uuid_mismatch_and_a_random_id_gets_in);
	tcase_add_test(t, moved_host_is_asked_for_its_key_and_let_in);
	tcase_add_test(t, tcp_punch);
	tcase_add_test(t, udp_punch_carries_udp_port_and_answers_with_is_udp);
	tcase_add_test(t, same_network_exchanges_local_addresses);
	tcase_add_test(t, forced_relay);
	tcase_add_test(t, direct_failed_then_relay);
	tcase_add_test(t, refusals_name_their_reason);
	tcase_add_test(t, nat_test_on_both_ports_and_by_datagram);
	tcase_add_test(t, online_query_on_all_ports);
	tcase_add_test(t, encrypted_host_link_is_reachable);
	tcase_add_test(t, id_change_with_proof);
	tcase_add_test(t, several_answers_pass_while_the_link_lives);
	tcase_add_test(t, why_tells_what_happened);
	tcase_add_test(t, a_host_on_a_websocket_is_reachable);
	tcase_add_test(t, a_network_has_its_relay);
	tcase_add_test(t, the_nearest_relay_is_named_as_far_as_they_reported);
	if (access(test_bin("server-relay/hawser-relay"), X_OK) == 0)
		tcase_add_test(t, a_relay_that_does_not_relay_is_left_out);
	tcase_add_test(t, relays_are_told_of_agreed_pairs);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
