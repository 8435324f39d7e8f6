/* Every conversation that deployed devices have with the server, message by message: registration,
 * keep-alive, change of ID, the links that stand in for UDP; and who is online, which viewers
 * ask. */
#include "shared/crypto/box.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/record.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/ticket.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x

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

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/devices", 60, setup, teardown,
			TESTS(new_host_registers_and_keeps_alive,
					unknown_keep_alive_is_asked_for_its_key,
					id_clash_gives_uuid_mismatch_and_a_random_id_gets_in,
					moved_host_is_asked_for_its_key_and_let_in,
					id_change_with_proof,
					nat_test_on_both_ports_and_by_datagram,
					online_query_on_all_ports, encrypted_host_link_is_reachable,
					a_host_on_a_websocket_is_reachable));
}
