/* The known weaknesses of deployed servers, one negative test each, named after its number in the protocol notes
 * (section 7). Not here: 15 (offline after a restart: restart_test), 20 (a console command: there is none, see w19), 21
 * to 23 (the relay's: tests/component/relay), 24 (the wire's), 25 (the host's: client/reach), 29 (a self test that ended
 * the process: there is none). */
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "tests/component/rendezvous/actors.h"
#include <arpa/inet.h>
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define PAIR "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"

static struct server srv;

static void setup(void)
{
	static const char *const extra[] = { "--relay-servers", "relay.example.com",
		"--max-links-per-address", "40", "--idle", "2s", NULL };

	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

static void teardown(void)
{
	server_stop(&srv);
}

static void start_again(const char *const extra[])
{
	server_stop(&srv);
	server_start(&srv, extra);
}

static struct hws_bytes view(ProtobufCBinaryData b)
{
	return hws_bytes(b.data, b.len);
}

START_TEST(w01_another_port_does_not_take_over_a_living_device)
{
	struct device d, thief;
	message *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	device_init(&thief, &srv, 1, "123456789"); /* same address, another port */
	ck_assert(!device_keep_alive(&thief));
	fd = viewer_punch(&srv, 9, d.id);
	m = device_pushed(&d, M(PUNCH_HOLE)); /* still to the old port */
	hws_rdv_free(m);
	ck_assert_ptr_null(udp_recv(thief.udp, SILENCE_MS));
	/* the real device behind a new mapping proves itself and is served there */
	ck_assert_int_eq(device_register(&thief), R(OK));
	ck_assert(device_keep_alive(&thief));
	close(fd);
	device_done(&d);
	device_done(&thief);
}
END_TEST

static bool one_row(void *arg)
{
	json_t *ans = server_ask(&srv, "stats", NULL, NULL);
	json_int_t n = json_integer_value(
			json_object_get(json_object_get(ans, "store"), "written"));

	(void)arg;
	json_decref(ans);
	return n == 1;
}

START_TEST(w02_one_datagram_makes_no_row)
{
	struct device d;
	json_t *ans;

	device_init(&d, &srv, 1, "123456789");
	device_send_pk(&d);
	hws_rdv_free(device_pushed(&d, M(REGISTER_PEER_RESPONSE)));
	ans = server_ask(&srv, "stats", NULL, NULL);
	ck_assert_int_eq(json_integer_value(
					 json_object_get(json_object_get(ans, "store"), "written")),
			0);
	ck_assert_int_eq(
			json_integer_value(json_object_get(json_object_get(ans, "store"), "queue")),
			0);
	json_decref(ans);
	/* nor can it be called */
	int fd = viewer_punch(&srv, 9, d.id);
	message *m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->punch_hole_response->socket_addr.len, 0);
	hws_rdv_free(m);
	close(fd);
	ck_assert(device_keep_alive(&d)); /* the second packet */
	ck_assert(test_until(one_row, NULL, WAIT_MS));
	device_done(&d);
}
END_TEST

START_TEST(w03_another_key_is_not_signed_while_the_device_lives)
{
	struct device d, thief;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	device_init(&thief, &srv, 1, "123456789");
	thief.pk[0] ^= 1;
	ck_assert_int_eq(device_register(&thief), R(TOO_FREQUENT));
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	device_answer_sent(&d, 1, view(push->punch_hole->socket_addr), d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	/* a copy of a running machine gets another id in the end */
	ck_assert_int_eq(device_register(&thief), R(TOO_FREQUENT));
	ck_assert_int_eq(device_register(&thief), R(TOO_FREQUENT));
	ck_assert_int_eq(device_register(&thief), R(UUID_MISMATCH));
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
	device_done(&thief);
}
END_TEST

START_TEST(w04_answers_count_only_with_the_cookie)
{
	struct sockaddr_storage ss;
	uint8_t forged[HWS_ADDR_WIRE_MAX];
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(view(push->punch_hole->socket_addr), &ss, NULL);
	/* the right address of the viewer and the right id, but not our bytes */
	device_answer_sent(&d, 1, hws_bytes(forged, hws_addr_encode(&ss, 12345, forged)), d.id);
	device_answer_relay(
			&d, 1, hws_bytes(forged, hws_addr_encode(&ss, 12345, forged)), d.id, PAIR);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	/* and the right ones still get through */
	device_answer_sent(&d, 1, view(push->punch_hole->socket_addr), d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(statement_is_of(&srv, m->punch_hole_response->pk, &d));
	ck_assert_int_ge(server_counter(&srv, "unasked_answers"), 2);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(w04_a_local_address_counts_only_from_the_device)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct device d;
	message *push, *m;
	int fd, reply;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 1, d.id);
	push = device_pushed(&d, M(FETCH_LOCAL_ADDR));
	p.socket_addr = push->fetch_local_addr->socket_addr;
	p.local_addr = push->fetch_local_addr->socket_addr;
	p.id = d.id;
	out.union_case = M(LOCAL_ADDR);
	out.local_addr = &p;
	reply = tcp_open(66, srv.port);
	tcp_send(reply, &out);
	ck_assert(tcp_closed(reply, WAIT_MS));
	close(reply);
	ck_assert_ptr_null(tcp_recv(fd, SILENCE_MS));
	reply = tcp_open(1, srv.port);
	tcp_send(reply, &out);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(reply);
	close(fd);
	device_done(&d);
}
END_TEST

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
	message out = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, srv.port);

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

START_TEST(w06_w07_relay_secure_and_token_are_the_servers)
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

START_TEST(w08_taken_ids_are_not_found_by_registering)
{
	static const char *const extra[] = { "--register-rate", "1", "--register-burst", "5",
		"--udp-threads", "1", NULL };
	struct device d, probe;

	start_again(extra);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	device_init(&probe, &srv, 66, "123456789");
	probe.uuid[0] ^= 1;
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(device_register(&probe), R(UUID_MISMATCH));
	ck_assert_int_eq(device_register(&probe), R(TOO_FREQUENT));
	device_done(&probe);
	device_init(&probe, &srv, 66, "nobody-home"); /* a free one looks the same now */
	ck_assert_int_eq(device_register(&probe), R(TOO_FREQUENT));
	device_done(&probe);
	device_done(&d);
}
END_TEST

START_TEST(w09_unknown_ids_cost_no_database_work)
{
	json_t *ans = server_ask(&srv, "stats", NULL, NULL);
	json_int_t before = json_integer_value(
			json_object_get(json_object_get(ans, "store"), "operations"));

	json_decref(ans);
	for (int i = 0; i < 10; i++) {
		int fd = viewer_punch(&srv, 9, "nobody-home");

		hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
		close(fd);
	}
	ans = server_ask(&srv, "stats", NULL, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(
					 json_object_get(ans, "store"), "operations")),
			before);
	json_decref(ans);
}
END_TEST

/* Another program writes to the database and does not end. */
static sqlite3 *hold_database(void)
{
	sqlite3 *db = NULL;
	char path[400];

	snprintf(path, sizeof(path), "%s/rendezvous.sqlite3", srv.dir);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

START_TEST(w10_a_slow_database_holds_nobody_up)
{
	static const char *const extra[] = { "--store", "sqlite", NULL };
	struct device d, other;
	sqlite3 *db;
	message *m;

	start_again(extra);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	db = hold_database();
	device_init(&other, &srv, 2, "223456789");
	device_send_pk(&other); /* now a write waits ... */
	device_send_pk(&other);
	for (int i = 0; i < 20;
			i++) { /* ... and everything else goes on while the database is held */
		int fd;

		ck_assert(device_keep_alive(&d));
		fd = viewer_punch(&srv, 9, d.id);
		m = device_pushed(&d, M(PUNCH_HOLE));
		hws_rdv_free(m);
		close(fd);
	}
	sqlite3_close(db);
	device_done(&d);
	device_done(&other);
}
END_TEST

START_TEST(w16_what_cannot_be_kept_is_not_confirmed)
{
	static const char *const extra[] = { "--store", "sqlite", "--store-queue", "1", NULL };
	struct device d[4];
	int refused = 0;
	sqlite3 *db;

	start_again(extra);
	db = hold_database();
	for (int i = 0; i < 4; i++) {
		char id[20];

		snprintf(id, sizeof(id), "12345678%d", i);
		device_init(&d[i], &srv, 1, id);
		refused += device_register(&d[i]) == R(SERVER_ERROR);
	}
	ck_assert_int_ge(refused, 2);
	sqlite3_close(db);
	for (int i = 0; i < 4; i++) {
		/* it tries again, as deployed hosts do, and is let in when there is room */
		for (int n = 0; n < 50 && device_register(&d[i]) != R(OK); n++)
			ck_assert_ptr_null(udp_recv(d[i].udp, 100));
		ck_assert(device_keep_alive(&d[i]));
		device_done(&d[i]);
	}
}
END_TEST

START_TEST(w11_an_unreachable_device_disturbs_nobody)
{
	struct device gone, d;
	message *m;
	int fd;

	device_init(&gone, &srv, 1, "123456789");
	device_online(&gone);
	device_done(&gone); /* pushes now meet a closed port */
	for (int i = 0; i < 5; i++) {
		fd = viewer_punch(&srv, 9, "123456789");
		ck_assert_ptr_null(tcp_recv(fd, 20));
		close(fd);
	}
	device_init(&d, &srv, 1, "223456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	m = device_pushed(&d, M(PUNCH_HOLE));
	hws_rdv_free(m);
	close(fd);
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

START_TEST(w14_known_devices_register_again_without_limit)
{
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(device_register(&d), R(OK));
	device_done(&d);
}
END_TEST

START_TEST(w12_a_full_table_refuses_new_devices_only)
{
	static const char *const extra[] = { "--max-peers", "64", NULL };
	struct device d;
	int refused = 0;

	start_again(extra);
	for (int i = 0; i < 400; i++) {
		char id[20];
		Rdv__RegisterPkResponse__Result r;

		snprintf(id, sizeof(id), "filler-%d", i);
		device_init(&d, &srv, 1, id);
		r = device_register(&d);
		if (r == R(SERVER_ERROR))
			refused++;
		else
			ck_assert_int_eq(r, R(OK));
		if (i == 0)
			ck_assert_int_eq(r, R(OK));
		device_done(&d);
	}
	ck_assert_int_gt(refused, 200);
	device_init(&d, &srv, 1, "filler-0");
	ck_assert_int_eq(device_register(&d), R(OK)); /* who is in stays in */
	device_done(&d);
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

START_TEST(w27_answers_are_never_larger_than_registrations)
{
	static const uint8_t small[] = { 0x32, 0x03, 0x0a, 0x01,
		'a' }; /* the smallest RegisterPeer */
	uint8_t buf[100];
	int fd = udp_open(1);
	ssize_t n;

	udp_send_raw(fd, srv.port, hws_bytes(small, sizeof(small)));
	n = recv(fd, buf, sizeof(buf), 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_le(n, (int)sizeof(small));
	close(fd);
}
END_TEST

START_TEST(w28_a_second_instance_is_refused)
{
	char port[10], dir[300], *out = NULL;
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", dir,
		"--store", "memory", "--port", port, NULL };

	test_dir(dir, sizeof(dir));
	snprintf(port, sizeof(port), "%u", srv.port);
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "in use") || strstr(out, "port"), "%s", out);
	free(out);
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

START_TEST(w31_a_public_key_as_secret_is_refused)
{
	char dir[300], *out = NULL;
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", dir,
		"--store", "memory", "--port", "0", "-k", srv.key, NULL };

	test_dir(dir, sizeof(dir));
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "public key") != NULL, "%s", out);
	free(out);
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
	const TTest *const tests[] = { w01_another_port_does_not_take_over_a_living_device,
		w02_one_datagram_makes_no_row, w03_another_key_is_not_signed_while_the_device_lives,
		w04_answers_count_only_with_the_cookie,
		w04_a_local_address_counts_only_from_the_device,
		w05_only_the_wanted_id_is_vouched_for,
		w06_no_relay_without_a_request_that_was_let_through,
		w06_w07_relay_secure_and_token_are_the_servers,
		w08_strangers_learn_nothing_from_the_online_query,
		w08_without_the_key_all_ids_look_alike, w08_taken_ids_are_not_found_by_registering,
		w09_unknown_ids_cost_no_database_work, w10_a_slow_database_holds_nobody_up,
		w11_an_unreachable_device_disturbs_nobody, w16_what_cannot_be_kept_is_not_confirmed,
		w12_a_full_table_refuses_new_devices_only,
		w13_huge_frames_are_refused_before_they_come, w13_links_of_one_address_are_capped,
		w14_known_devices_register_again_without_limit,
		w17_forwarded_addresses_of_strangers_are_ignored, w17_a_trusted_proxy_is_believed,
		w18_viewers_behind_one_address_get_their_own_answers,
		w19_no_console_on_the_protocol_ports, w26_forced_relay_reveals_no_local_address,
		w27_answers_are_never_larger_than_registrations, w28_a_second_instance_is_refused,
		w30_a_dead_relay_is_not_handed_out, w31_a_public_key_as_secret_is_refused,
		w32_encryption_is_offered_to_those_who_wait };
	Suite *s = suite_create("rendezvous/weakness");
	TCase *t = tcase_create("weakness");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
