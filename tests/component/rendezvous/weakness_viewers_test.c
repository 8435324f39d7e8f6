/* The known weaknesses of deployed servers, one negative test each, named after its number in the
 * protocol notes: what viewers and strangers can learn, take, or make the server vouch for. */
#include "shared/crypto/crypto.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/component/rendezvous/weakness.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(w05_only_the_wanted_id_is_vouched_for)
{
	struct device d, other;
	message *push;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_init(&other, &srv, 1, "223456789");
	device_online(&d);
	device_online(&other);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	device_answer_sent(&d, 1, view(push->punch_hole->socket_addr), other.id);
	device_answer_relay(&d, 1, view(push->punch_hole->socket_addr), other.id, PAIR);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
	device_done(&other);
}
END_TEST

static int ask_relay(
		unsigned host, const char *id, const char *relay, bool secure, const char *token)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	Rdv__ControlPermissions all = RDV__CONTROL_PERMISSIONS__INIT;
	Rdv__ControlledContext context = RDV__CONTROLLED_CONTEXT__INIT;
	ProtobufCMessageUnknownField later = { 30, PROTOBUF_C_WIRE_TYPE_VARINT, 1,
		(uint8_t *)(uintptr_t) "\x7f" };
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, srv.port);

	all.permissions = 0xaaaaaaaaaaaaaaaa; /* ALLOW, for each of them */
	context.conn_audit_ref = (char *)"mine";
	p.control_permissions = &all;
	p.controlled_context = &context;
	p.base.n_unknown_fields = 1;
	p.base.unknown_fields = &later;
	p.id = (char *)id;
	p.uuid = (char *)PAIR;
	p.relay_server = (char *)relay;
	p.secure = secure;
	p.token = (char *)token;
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	return fd;
}

START_TEST(w06_no_relay_without_a_request_that_was_let_through)
{
	struct device d;
	message *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = ask_relay(9, d.id, "victim.example.com:22", false, "");
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_ne(m->relay_response->refuse_reason, "");
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(w06_w07_relay_secure_token_and_permissions_are_the_servers)
{
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	device_answer_sent(&d, 1, view(push->punch_hole->socket_addr), d.id);
	hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	hws_rdv_free(push);
	close(fd);
	fd = ask_relay(9, d.id, "victim.example.com:22", false, "secret-token");
	m = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_str_eq(m->request_relay->relay_server, "relay.example.com");
	ck_assert(m->request_relay->secure);
	ck_assert_str_eq(m->request_relay->token, "");
	ck_assert_ptr_null(m->request_relay->control_permissions);
	ck_assert_ptr_null(m->request_relay->controlled_context);
	ck_assert_uint_eq(m->request_relay->base.n_unknown_fields, 0);
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(w08_strangers_learn_nothing_from_the_online_query)
{
	char *ids[20];
	Rdv__OnlineRequest p = RDV__ONLINE_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	struct device d;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	for (int i = 0; i < 20; i++)
		ids[i] = d.id;
	p.id = (char *)"whoever";
	p.n_peers = 20;
	p.peers = ids;
	out.union_case = M(ONLINE_REQUEST);
	out.online_request = &p;
	fd = tcp_open(66, srv.nat); /* an address that has shown nothing */
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(ONLINE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->online_response->states.len, 3); /* right length: clients index it */
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(m->online_response->states.data[i], 0);
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(w08_without_the_key_all_ids_look_alike)
{
	struct server liar;
	struct device d;
	const char *ids[] = { "123456789", "nobody-home" };
	Rdv__PunchHoleResponse__Failure got[2];

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	liar = srv;
	snprintf(liar.key, sizeof(liar.key), "wrong");
	for (int i = 0; i < 2; i++) {
		int fd = tcp_open(66, srv.port);
		message *m;

		viewer_ask(fd, &liar, ids[i], RDV__NAT_TYPE__ASYMMETRIC, false, 0);
		m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		got[i] = m->punch_hole_response->failure;
		hws_rdv_free(m);
		close(fd);
	}
	ck_assert_int_eq(got[0], RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH);
	ck_assert_int_eq(got[1], got[0]);
	device_done(&d);
}
END_TEST

START_TEST(w13_huge_frames_are_refused_before_they_come)
{
	static const uint8_t header[] = { 0x03, 0x00, 0x00, 0x40 }; /* announces 256 MiB */
	static const uint8_t part[] = { 0xb1, 0x04, 0x42 };         /* 300 announced, 1 sent */
	int fd = tcp_open(9, srv.port);

	tcp_send_raw(fd, hws_bytes(header, sizeof(header)));
	ck_assert(tcp_closed(fd, 1000));
	close(fd);
	/* a frame that never ends is cut off (here after 2 s) */
	fd = tcp_open(9, srv.port);
	tcp_send_raw(fd, hws_bytes(part, sizeof(part)));
	ck_assert(tcp_closed(fd, 10000));
	close(fd);
	/* so is an upgrade that never comes */
	fd = tcp_open(9, srv.ws);
	ck_assert(tcp_closed(fd, 10000));
	close(fd);
}
END_TEST

START_TEST(w13_links_of_one_address_are_capped)
{
	int fd[60], refused = 0;

	for (int i = 0; i < 60; i++)
		fd[i] = tcp_open(77, srv.port);
	for (int i = 0; i < 60; i++)
		refused += tcp_closed(fd[i], i ? 5 : 200);
	ck_assert_int_ge(refused, 20);
	for (int i = 0; i < 60; i++)
		close(fd[i]);
	fd[0] = viewer_punch(&srv, 78, "nobody-home"); /* others are served */
	hws_rdv_free(viewer_answer(fd[0], M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	close(fd[0]);
}
END_TEST

static void ws_punch(int fd, const char *id)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.id = (char *)id;
	p.nat_type = RDV__NAT_TYPE__SYMMETRIC;
	p.licence_key = srv.key;
	p.force_relay = true;
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	ws_send(fd, &m);
}

START_TEST(w17_forwarded_addresses_of_strangers_are_ignored)
{
	struct device d;
	struct sockaddr_storage ss;
	message *push;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = ws_open(&srv, 9, "203.0.113.7");
	ws_punch(fd, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(view(push->punch_hole->socket_addr), &ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0x7f000009u);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(w17_a_trusted_proxy_is_believed)
{
	static const char *const extra[] = { "--trusted-proxies", "127.0.0.9", NULL };
	struct device d;
	struct sockaddr_storage ss;
	message *push;
	int fd;

	start_again(extra);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = ws_open(&srv, 9, "203.0.113.7");
	ws_punch(fd, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(view(push->punch_hole->socket_addr), &ss, NULL);
	ck_assert_uint_eq(ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr), 0xcb007107u);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

/* Behind a proxy all come from one address: who counts is who was forwarded. */
START_TEST(w13_links_of_one_forwarded_address_are_capped)
{
	static const char *const extra[] = { "--trusted-proxies", "127.0.0.9",
		"--max-links-per-address", "40", NULL };
	int fd[60], refused = 0;

	start_again(extra);
	for (int i = 0; i < 60; i++) {
		fd[i] = ws_open(&srv, 9, "203.0.113.7");
		ws_punch(fd[i], "nobody-home");
	}
	for (int i = 0; i < 60; i++)
		refused += tcp_closed(fd[i], i ? 5 : 3000);
	ck_assert_int_ge(refused, 20);
	for (int i = 0; i < 60; i++)
		close(fd[i]);
	fd[0] = ws_open(&srv, 9, "203.0.113.8"); /* others are served */
	ws_punch(fd[0], "nobody-home");
	ck_assert(!tcp_closed(fd[0], SILENCE_MS));
	close(fd[0]);
}
END_TEST

START_TEST(w18_viewers_behind_one_address_get_their_own_answers)
{
	struct device a, b;
	struct sockaddr_storage ss[2];
	message *push[2], *m;
	int fd[2];

	device_init(&a, &srv, 1, "123456789");
	device_init(&b, &srv, 1, "223456789");
	device_online(&a);
	device_online(&b);
	fd[0] = ws_open(&srv, 9, NULL);
	fd[1] = ws_open(&srv, 9, NULL);
	ws_punch(fd[0], a.id);
	ws_punch(fd[1], b.id);
	push[0] = device_pushed(&a, M(PUNCH_HOLE));
	push[1] = device_pushed(&b, M(PUNCH_HOLE));
	for (int i = 0; i < 2; i++) {
		hws_addr_decode(view(push[i]->punch_hole->socket_addr), &ss[i], NULL);
		ck_assert_uint_ne(((struct sockaddr_in *)&ss[i])->sin_port, 0);
	}
	ck_assert_uint_ne(((struct sockaddr_in *)&ss[0])->sin_port,
			((struct sockaddr_in *)&ss[1])->sin_port);
	device_answer_relay(&b, 1, view(push[1]->punch_hole->socket_addr), b.id, PAIR);
	device_answer_relay(&a, 1, view(push[0]->punch_hole->socket_addr), a.id, PAIR);
	m = ws_recv(fd[0]);
	ck_assert(statement_is_of(&srv, m->relay_response->pk, &a));
	hws_rdv_free(m);
	m = ws_recv(fd[1]);
	ck_assert(statement_is_of(&srv, m->relay_response->pk, &b));
	hws_rdv_free(m);
	for (int i = 0; i < 2; i++) {
		hws_rdv_free(push[i]);
		close(fd[i]);
	}
	device_done(&a);
	device_done(&b);
}
END_TEST

START_TEST(w19_no_console_on_the_protocol_ports)
{
	static const char *const lines[] = { "h", "rs 6.6.6.6", "aur Y", "ib" };

	for (size_t i = 0; i < 4; i++) {
		int fd = tcp_open(1, srv.nat);
		uint8_t c;

		tcp_send_raw(fd, hws_bytes_str(lines[i]));
		shutdown(fd, SHUT_WR);
		ck_assert_int_le(recv(fd, &c, 1, 0), 0); /* not a byte */
		close(fd);
	}
}
END_TEST

START_TEST(w26_forced_relay_reveals_no_local_address)
{
	struct device d;
	message *push;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(1, srv.port); /* same network, but relay wanted */
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_int_eq(push->punch_hole->nat_type, RDV__NAT_TYPE__SYMMETRIC);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(w30_a_dead_relay_is_not_handed_out)
{
	char list[100], alive[40], dead[40];
	const char *extra[] = { "--relay-servers", list, "--relay-check", "connect", NULL };
	int up = own_port(true, alive, sizeof(alive)), down = own_port(false, dead, sizeof(dead));
	struct device d;

	snprintf(list, sizeof(list), "%s,%s", dead, alive);
	start_again(extra);
	if (!strstr(srv.proc.log, "relay.down"))
		test_proc_must_expect(&srv.proc, "relay.down", 10000);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	for (int i = 0; i < 4; i++) {
		int fd = viewer_punch(&srv, 9, d.id);
		message *push = device_pushed(&d, M(PUNCH_HOLE));

		ck_assert_str_eq(push->punch_hole->relay_server, alive);
		hws_rdv_free(push);
		close(fd);
	}
	device_done(&d);
	close(up);
	close(down);
}
END_TEST

START_TEST(w32_encryption_is_offered_to_those_who_wait)
{
	uint8_t buf[300];
	message *m = NULL;
	int fd = tcp_open(9, srv.port);
	ssize_t n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, M(KEY_EXCHANGE));
	ck_assert_uint_eq(m->key_exchange->n_keys, 1);
	hws_rdv_free(m);
	close(fd);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/weakness_viewers", 60, setup, teardown,
			TESTS(w05_only_the_wanted_id_is_vouched_for,
					w06_no_relay_without_a_request_that_was_let_through,
					w06_w07_relay_secure_token_and_permissions_are_the_servers,
					w08_strangers_learn_nothing_from_the_online_query,
					w08_without_the_key_all_ids_look_alike,
					w13_huge_frames_are_refused_before_they_come,
					w13_links_of_one_address_are_capped,
					w17_forwarded_addresses_of_strangers_are_ignored,
					w17_a_trusted_proxy_is_believed,
					w13_links_of_one_forwarded_address_are_capped,
					w18_viewers_behind_one_address_get_their_own_answers,
					w19_no_console_on_the_protocol_ports,
					w26_forced_relay_reveals_no_local_address,
					w30_a_dead_relay_is_not_handed_out,
					w32_encryption_is_offered_to_those_who_wait));
}
