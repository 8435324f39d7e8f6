/* The known weaknesses of deployed servers, one negative test each, named after its number in the
 * protocol notes: what devices and those who pretend to be one can do to each other, to the table
 * and to the database. */
#include "shared/crypto/crypto.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/component/rendezvous/weakness.h"
#include "tests/support/suite.h"
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x

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
	device_online(&d); /* the second packet */
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

/* Those that nobody heard again make room: the table keeps its bound and serves who comes. */
START_TEST(w12_a_full_table_serves_new_devices)
{
	static const char *const extra[] = { "--max-peers", "64", NULL };
	struct device d;
	json_t *ans;

	start_again(extra);
	for (int i = 0; i < 400; i++) {
		char id[20];

		snprintf(id, sizeof(id), "filler-%d", i);
		device_init(&d, &srv, 1, id);
		ck_assert_int_eq(device_register(&d), R(OK));
		device_done(&d);
	}
	ans = server_ask(&srv, "stats", NULL, NULL);
	ck_assert_int_le(json_integer_value(json_object_get(ans, "peers")), 128);
	ck_assert_int_ge(json_integer_value(json_object_get(ans, "peers")), 64);
	json_decref(ans);
	device_init(&d, &srv, 1, "filler-0");
	device_online(&d); /* one that made room is still known to the store */
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

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/weakness_devices", 60, setup, teardown,
			TESTS(w01_another_port_does_not_take_over_a_living_device,
					w02_one_datagram_makes_no_row,
					w03_another_key_is_not_signed_while_the_device_lives,
					w04_answers_count_only_with_the_cookie,
					w04_a_local_address_counts_only_from_the_device,
					w08_taken_ids_are_not_found_by_registering,
					w09_unknown_ids_cost_no_database_work,
					w10_a_slow_database_holds_nobody_up,
					w16_what_cannot_be_kept_is_not_confirmed,
					w11_an_unreachable_device_disturbs_nobody,
					w14_known_devices_register_again_without_limit,
					w12_a_full_table_serves_new_devices,
					w27_answers_are_never_larger_than_registrations,
					w28_a_second_instance_is_refused,
					w31_a_public_key_as_secret_is_refused));
}
