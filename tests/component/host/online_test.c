/* hawser-host behind a real rendezvous server (and relay, where it is built): reached by ID, keyed,
 * logged in. */
#include "client/host/gate_reply.h"
#include "client/reach/reach.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/password.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/secure.h"
#include "tests/component/reach/certificate.h"
#include "tests/component/reach/fake.h"
#include "tests/support/handshake.h"
#include "tests/support/pake_login.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct test_proc server, relay, host;
static char server_dir[256], host_dir[256], server_text[32], relay_text[32], key[64], id[64],
		password[32];
static uint16_t server_port, relay_port;
static uint8_t server_pk[HWS_PK_LEN];
static struct hws_loop *loop;
static struct hws_work *work;
static struct hws_conn *conn;
static struct hws_reach *way;
static struct hws_secure secure;
static struct pake_login proofs;
static bool reached, failed, keyed, welcome, closed;
static char path[16], error_text[400];
static struct forwarder *proxy;

#define UNTIL(cond, ms)                                                                            \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + (ms)*HWS_US_PER_MS;                             \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s (%s)", #cond,            \
					error_text);                                               \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static void first_line(const char *const argv[], char *buf, size_t size)
{
	char *out = NULL;

	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s %s: %s", argv[0], argv[1], out);
	out[strcspn(out, "\r\n")] = 0;
	ck_assert_int_eq(hws_str_copy(buf, size, out), HWS_OK);
	free(out);
}

static void start_server_with(const char *const extra[])
{
	char port[8], control[300];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", port, "--state-dir", server_dir, "--control", control,
		"--store", "memory", "--relay-servers", relay_text, NULL, NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, NULL };
	const char *key_argv[] = { argv[0], "key", "--state-dir", server_dir, NULL };

	for (size_t i = 0, n = 13; extra && extra[i]; i++)
		argv[n + i] = extra[i];
	snprintf(port, sizeof(port), "%u", server_port);
	snprintf(control, sizeof(control), "%s/c.sock", server_dir);
	test_proc_start(&server, argv, NULL);
	test_proc_must_expect(&server, "listening", 20000);
	first_line(key_argv, key, sizeof(key));
	ck_assert_int_eq(hws_key_parse(key, server_pk), HWS_OK);
}

static void start_server(void)
{
	start_server_with(NULL);
}

/* What stands between host and server may be of this loop. */
static void host_must_say(const char *text)
{
	uint64_t end_ms = test_now_ms() + 20000;

	while (!test_proc_expect(&host, text, 20)) {
		ck_assert_msg(test_now_ms() < end_ms, "never said %s:\n%s", text, host.log);
		hws_loop_once(loop, 20000);
	}
}

static void start_host_with(const char *with_key, const char *option)
{
	const char *argv[] = { HOST_PROGRAM, "run", "--state-dir", host_dir, "--server",
		server_text, "--key", with_key, "--relay", relay_text, option, NULL };
	const char *id_argv[] = { HOST_PROGRAM, "id", "--state-dir", host_dir, NULL };
	const char *password_argv[] = { HOST_PROGRAM, "password", "--state-dir", host_dir, NULL };

	test_proc_start(&host, argv, NULL);
	host_must_say("server.registered");
	first_line(id_argv, id, sizeof(id));
	first_line(password_argv, password, sizeof(password));
}

static void start_host(const char *with_key)
{
	start_host_with(with_key, NULL);
}

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(server_dir, sizeof(server_dir));
	test_dir(host_dir, sizeof(host_dir));
	server_port = test_free_ports(8);
	relay_port = server_port + 4;
	server_port++; /* the NAT test port is the one below, the WebSocket port two above */
	snprintf(server_text, sizeof(server_text), "127.0.0.1:%u", server_port);
	snprintf(relay_text, sizeof(relay_text), "127.0.0.1:%u", relay_port);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 16, &work), HWS_OK);
	reached = failed = keyed = welcome = closed = false;
}

static void teardown(void)
{
	hws_conn_close(conn, HWS_OK);
	hws_reach_free(way);
	way = NULL;
	forwarder_stop(proxy);
	proxy = NULL;
	hws_work_free(work);
	hws_loop_free(loop);
	test_proc_stop(&host);
	test_proc_stop(&server);
	test_proc_stop(&relay);
}

static void send_login(const Ses__Hash *hash)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;

	ck_assert_uint_gt(hash->n_pake, 0);
	pake_login(hash->pake, hash->n_pake, password, hash->salt, hws_secure_binding(&secure),
			hws_secure_host_pk(&secure), &proofs, &lr);
	lr.username = id;
	lr.my_id = (char *)"987654321";
	lr.version = (char *)"1.4.9";
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	ck_assert_int_eq(hws_gate_send(conn, &m), HWS_OK);
}

static void step_secure(void)
{
	ck_assert_int_eq(handshake_step(&secure, conn, NULL), HWS_OK);
	keyed = hws_secure_state(&secure) == HWS_SECURE_DONE;
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	Ses__Message *m = NULL;

	if (!keyed) {
		ck_assert_int_eq(hws_secure_frame(&secure, payload), HWS_OK);
		step_secure();
		return;
	}
	ck_assert_int_eq(hws_ses_unpack(payload, &m), HWS_OK);
	if (m->union_case == SES__MESSAGE__UNION_HASH)
		send_login(m->hash);
	else if (m->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE)
		welcome = m->login_response->union_case == SES__LOGIN_RESPONSE__UNION_PEER_INFO &&
				pake_confirmed(&proofs, m->login_response);
	hws_ses_free(m);
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	conn = NULL;
	closed = true;
}

static void on_reached(int r, const struct hws_reached *how, void *arg HWS_UNUSED)
{
	struct hws_conn_conf cc = { .frame_max = HWS_SES_FRAME_MAX,
		.send_max = 1u << 20,
		.send_high = 1u << 19,
		.on_frame = on_frame,
		.on_close = on_close };
	struct hws_secure_client_conf sc = {
		.id = id, .statement = how->statement, .server_pk = server_pk, .plain_ok = 0
	};

	if (r < 0) {
		failed = true;
		snprintf(error_text, sizeof(error_text), "%s", how->error.text);
		return;
	}
	ck_assert_int_eq(hws_str_copy(path, sizeof(path), how->path), HWS_OK);
	ck_assert_int_eq(hws_secure_client_init(&secure, &sc), HWS_OK);
	ck_assert_int_eq(hws_conn_new(loop, how->stream, &cc, how->leftover, &conn), HWS_OK);
	step_secure();
	hws_reach_take(way);
	reached = true;
}

static void try_once(bool force_relay)
{
	struct hws_reach_conf rc = { .id = id,
		.server = server_text,
		.key = key,
		.version = "1.4.9",
		.force_relay = force_relay };
	struct hws_error err = { 0 };

	failed = false;
	hws_reach_free(way);
	ck_assert_msg(hws_reach_start(loop, work, &rc, on_reached, &way, &err) == HWS_OK, "%s",
			err.text);
	UNTIL(reached || failed, 20000);
}

static void enter(void)
{
	ck_assert_msg(reached, "%s", error_text);
	UNTIL(welcome || closed, 10000);
	ck_assert(welcome);
	ck_assert(keyed);
}

static void go(bool force_relay)
{
	try_once(force_relay);
	enter();
}

static void on_time(void *arg)
{
	*(bool *)arg = true;
}

/* Both sides speak of the way in the same word. */
static void host_says_the_same_way(void)
{
	const char *argv[] = { HOST_PROGRAM, "status", "--json", "--state-dir", host_dir, NULL };
	char want[48], *out = NULL;

	snprintf(want, sizeof(want), "\"via\": \"%s\"", path);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, want) != NULL, "no %s in %s", want, out);
	free(out);
}

START_TEST(a_registered_host_is_reached_by_id_and_keyed)
{
	start_server();
	start_host(key);
	go(false);
	ck_assert_str_ne(path, "relay");
	host_says_the_same_way();
	test_proc_must_expect(&host, "end-to-end encrypted", 10000);
}
END_TEST

/* Registered all the same, as UDP needs no key: said at once, and to the viewer that would wait at
 * the relay. */
START_TEST(a_host_with_a_wrong_key_says_so)
{
	struct hws_identity other;
	char wrong[HWS_KEY_TEXT];
	const char *status_argv[] = { HOST_PROGRAM, "status", "--state-dir", host_dir, NULL };
	const char *doctor_argv[] = { HOST_PROGRAM, "doctor", "--state-dir", host_dir, NULL };
	char *out = NULL;

	start_server();
	hws_identity_generate(true, &other);
	start_host(hws_key_text(other.pk, wrong));
	test_proc_must_expect(&host, "server.wrong_key", 20000);
	ck_assert_int_eq(test_run(status_argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "registered by udp"), "%s", out);
	ck_assert_msg(strstr(out, "\nwarning:   'key' is not this server's"), "%s", out);
	free(out);
	out = NULL;
	/* which server it is about, and where the right one is had */
	ck_assert_int_ge(test_run(doctor_argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, ": 'key' is not this server's") &&
					strstr(out, "'hawser-rendezvous key' prints"),
			"%s", out);
	free(out);
	try_once(true);
	ck_assert(failed);
	ck_assert_msg(strstr(error_text, "the host has a wrong server key"), "%s", error_text);
	/* the right one says nothing */
	test_proc_stop(&host);
	start_host_with(key, "--log-level=debug");
	test_proc_must_expect(&host, "server.key_right", 20000);
	out = NULL;
	ck_assert_int_eq(test_run(status_argv, NULL, &out), 0);
	ck_assert_ptr_null(strstr(out, "warning"));
	free(out);
}
END_TEST

START_TEST(a_restart_of_the_server_is_survived)
{
	start_server();
	start_host(key);
	test_proc_stop(&server);
	start_server();
	/* one interval of 15 s, and what an answer that was missed adds */
	for (int i = 0; i < 50 && !reached; i++) {
		struct hws_timer pause = { 0 };
		bool over = false;

		try_once(false);
		hws_timer_start(loop, &pause, 500 * HWS_US_PER_MS, on_time, &over);
		UNTIL(over, 5000);
	}
	enter();
}
END_TEST

START_TEST(a_restart_of_the_host_keeps_its_id)
{
	char before[64];

	start_server();
	start_host(key);
	ck_assert_int_eq(hws_str_copy(before, sizeof(before), id), HWS_OK);
	test_proc_stop(&host);
	start_host(key);
	ck_assert_str_eq(id, before);
	go(false);
}
END_TEST

static void start_relay(void)
{
	char port[8], control[300];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--bind", "127.0.0.1",
		"--port", port, "--key", key, "--control", control, NULL };

	snprintf(port, sizeof(port), "%u", relay_port);
	snprintf(control, sizeof(control), "%s/relay.sock", server_dir);
	test_proc_start(&relay, argv, NULL);
	test_proc_must_expect(&relay, "listening", 20000);
}

START_TEST(a_relay_carries_it_too)
{
	start_server();
	start_relay();
	start_host(key);
	go(true);
	ck_assert_str_eq(path, "relay");
	host_says_the_same_way();
}
END_TEST

static void must_be_registered_by(const char *by)
{
	const char *argv[] = { HOST_PROGRAM, "status", "--state-dir", host_dir, NULL };
	char want[40], *out = NULL;

	snprintf(want, sizeof(want), "registered by %s\n", by);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, want) != NULL, "%s", out);
	free(out);
}

static void is_served_at_the_relay(void)
{
	go(false); /* there is no other way to such a host */
	ck_assert_str_eq(path, "relay");
	host_says_the_same_way();
	host_must_say("end-to-end encrypted");
	hws_conn_close(conn, HWS_OK);
	host_must_say("connection.closed");
}

/* The gate speaks TLS, confined as it is: all that it believes was read before. */
START_TEST(a_host_inside_tls_is_reached)
{
	char cert[320], key_file[320], port[8], behind[32], plain[32];
	const char *extra[] = { "--tls-cert", cert, "--tls-key", key_file, "--tls-port", port,
		"--tls-relay", behind, NULL };

	certificate_make(server_dir, "IP:127.0.0.1", cert, key_file);
	snprintf(port, sizeof(port), "%u", server_port + 6);
	snprintf(behind, sizeof(behind), "127.0.0.1:%u", relay_port + 2);
	start_server_with(extra);
	start_relay();
	ck_assert_int_eq(setenv("SSL_CERT_FILE", cert, 1), 0);
	ck_assert_int_eq(hws_str_copy(plain, sizeof(plain), server_text), HWS_OK);
	snprintf(server_text, sizeof(server_text), "wss://127.0.0.1:%u/ws/id", server_port + 6);
	/* who else runs gates has no way into the folders of a test */
	start_host_with(key, "--gate-user=root");
	must_be_registered_by("wss");
	ck_assert_int_eq(hws_str_copy(server_text, sizeof(server_text), plain), HWS_OK);
	is_served_at_the_relay();
}
END_TEST

START_TEST(a_host_behind_a_proxy_is_reached)
{
	char option[64];

	start_server();
	start_relay();
	proxy = forwarder_start_proxy(loop, work);
	snprintf(option, sizeof(option), "--proxy-url=http://127.0.0.1:%u", forwarder_port(proxy));
	start_host_with(key, option);
	is_served_at_the_relay();
}
END_TEST

/* The relay's leg is a WebSocket, which the gate unwraps. */
START_TEST(a_host_that_has_only_websockets_is_reached)
{
	start_server();
	start_relay();
	start_host_with(key, "--allow-websocket");
	must_be_registered_by("ws");
	is_served_at_the_relay();
}
END_TEST

START_TEST(a_host_without_udp_is_reached)
{
	start_server();
	start_host_with(key, "--disable-udp");
	must_be_registered_by("tcp");
	go(false);
	ck_assert_str_ne(path, "relay");
}
END_TEST

int main(void)
{
	return test_main("host/online", 90, setup, teardown,
			TESTS(a_registered_host_is_reached_by_id_and_keyed,
					a_host_with_a_wrong_key_says_so,
					a_restart_of_the_server_is_survived,
					a_restart_of_the_host_keeps_its_id, a_relay_carries_it_too,
					a_host_that_has_only_websockets_is_reached,
					a_host_inside_tls_is_reached,
					a_host_behind_a_proxy_is_reached,
					a_host_without_udp_is_reached));
}
