/* A host whose server proved itself, and others with that server's address: what they push, answer
 * and replay must do nothing, also after a restart of the host. And a server of the test's own that
 * has the key, so that what is refused is refused for its proof alone. */
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/attack/spoofer.h"
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static struct test_proc server;
static struct spoofer spoofer;
static struct test_host host;
static char server_dir[256], server_text[32], key[64];
static uint16_t port;
static const char *option;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&spoofer, 0, sizeof(spoofer));
	memset(&server, 0, sizeof(server));
	option = NULL;
	test_dir(server_dir, sizeof(server_dir));
	port = (uint16_t)(test_free_ports(4) + 1); /* the NAT test port is the one below */
	snprintf(server_text, sizeof(server_text), "127.0.0.1:%u", port);
}

static void teardown(void)
{
	host_stop(&host);
	spoofer_stop(&spoofer);
	test_proc_stop(&server);
}

static void start_server(void)
{
	char port_text[8], control[300], *out = NULL;
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", port_text, "--state-dir", server_dir, "--control", control,
		"--store", "memory", NULL };
	const char *key_argv[] = { argv[0], "key", "--state-dir", server_dir, NULL };

	snprintf(port_text, sizeof(port_text), "%u", port);
	snprintf(control, sizeof(control), "%s/c.sock", server_dir);
	test_proc_start(&server, argv, NULL);
	test_proc_must_expect(&server, "listening", 20000);
	ck_assert_int_eq(test_run(key_argv, NULL, &out), 0);
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void start_host(void)
{
	const char *extra[] = { "--server", server_text, "--key", key, option, NULL };

	host_start(&host, extra);
}

static void must_say(const char *text)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (!test_proc_expect(&host.proc, text, 10)) {
		ck_assert_msg(test_now_ms() < end, "never said %s:\n%s", text, host.proc.log);
		if (spoofer.port)
			spoofer_serve(&spoofer, 20);
	}
}

static json_t *server_status(void)
{
	json_t *all = host_status(&host), *part = json_incref(json_object_get(all, "server"));

	json_decref(all);
	ck_assert_ptr_nonnull(part);
	return part;
}

/* The server is away, and another has its address. */
static void take_over(void)
{
	test_proc_signal(&server, SIGKILL);
	test_proc_stop(&server);
	spoofer_start(&spoofer, port);
	spoofer_wait_for_host(&spoofer, TEST_PATIENCE_MS);
}

static void settle(void)
{
	start_server();
	start_host();
	must_say("server.proven");
}

START_TEST(who_has_the_address_of_a_server_that_proves_itself_pushes_nothing)
{
	json_t *s;

	settle();
	take_over();
	for (int i = 0; i < 5; i++)
		spoofer_push_relay(&spoofer, i % 2 ? "127.0.0.1:40000" : "192.0.2.5:40000", "");
	must_say("server.unproven_dropped");
	spoofer_serve(&spoofer, 1000);
	ck_assert_uint_eq(spoofer.relay_came, 0);
	ck_assert_ptr_null(strstr(host.proc.log, "connection.accepted"));
	s = server_status();
	ck_assert(json_is_true(json_object_get(s, "proven")));
	ck_assert_int_ge(json_integer_value(json_object_get(s, "dropped")), 1);
	json_decref(s);
}
END_TEST

START_TEST(nor_does_it_register_the_host_or_take_its_id)
{
	const char *out;
	char id[32];

	settle();
	host_ask(&host, "id", NULL, &out);
	snprintf(id, sizeof(id), "%s", out);
	host_stop(&host);
	memset(&host.proc, 0, sizeof(host.proc));
	test_proc_stop(&server);
	spoofer_start(&spoofer, port);
	start_host();
	must_say("server.refused"); /* it remembers that this server proves itself */
	spoofer.verdict = RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH;
	spoofer_serve(&spoofer, 4000);
	ck_assert_uint_ge(spoofer.registered, 2);
	ck_assert_ptr_null(strstr(host.proc.log, "server.registered"));
	ck_assert_ptr_null(strstr(host.proc.log, "id.changed"));
	host_ask(&host, "id", NULL, &out);
	ck_assert_str_eq(out, id);
	/* the right one comes back */
	spoofer_stop(&spoofer);
	start_server();
	must_say("server.registered");
}
END_TEST

static void wait_for_relay(unsigned count)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (spoofer.relay_came < count) {
		ck_assert_msg(test_now_ms() < end, "%u came", spoofer.relay_came);
		spoofer_serve(&spoofer, 20);
	}
}

START_TEST(a_server_that_never_proved_itself_is_obeyed)
{
	snprintf(key, sizeof(key), "%s", "K5c1iPcBQZTNkbnRzSbGsBOd3mNAQnbPVPvqYLYFp1k=");
	spoofer_start(&spoofer, port);
	start_host();
	must_say("server.registered");
	spoofer_push_relay(&spoofer, "127.0.0.1:40000", "");
	wait_for_relay(1);
}
END_TEST

START_TEST(unless_the_operator_wants_proof)
{
	option = "--require-server-proof=yes";
	snprintf(key, sizeof(key), "%s", "K5c1iPcBQZTNkbnRzSbGsBOd3mNAQnbPVPvqYLYFp1k=");
	spoofer_start(&spoofer, port);
	start_host();
	must_say("server.refused");
	spoofer_push_relay(&spoofer, "127.0.0.1:40000", "");
	must_say("server.unproven_dropped");
	ck_assert_uint_eq(spoofer.relay_came, 0);
}
END_TEST

START_TEST(recorded_pushes_are_obeyed_once_and_not_after_a_restart)
{
	struct hws_identity own;
	struct hws_buf first, second, old;
	unsigned came;

	hws_identity_generate(true, &own);
	hws_key_text(own.pk, key);
	spoofer_start(&spoofer, port);
	spoofer.identity = &own;
	spoofer.seq = 1000;
	start_host();
	must_say("server.proven");
	must_say("server.registered");
	spoofer_proven_relay(&spoofer, "127.0.0.1:40000", 999, &old);
	spoofer_proven_relay(&spoofer, "127.0.0.1:40001", 2000, &first);
	spoofer_proven_relay(&spoofer, "127.0.0.1:40002", 2001, &second);
	spoofer_send_bytes(&spoofer, hws_buf_bytes(&second));
	wait_for_relay(1);
	spoofer_send_bytes(&spoofer, hws_buf_bytes(&first)); /* overtaken on the way */
	wait_for_relay(2);
	for (int i = 0; i < 4; i++) {
		spoofer_serve(&spoofer, 200); /* longer than duplicates are looked for */
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&first));
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&second));
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&old));
	}
	spoofer_serve(&spoofer, 500);
	ck_assert_uint_eq(spoofer.relay_came, 2);
	host_stop(&host);
	memset(&host.proc, 0, sizeof(host.proc));
	spoofer.seq = 5000;
	start_host();
	must_say("server.registered");
	for (int i = 0; i < 4; i++) {
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&first));
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&second));
		spoofer_serve(&spoofer, 200);
	}
	ck_assert_uint_eq(spoofer.relay_came, 2);
	/* a server that was started again counts from one: the host asks, and follows */
	spoofer.epoch++;
	spoofer.seq = 0;
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS; spoofer.relay_came < 3;) {
		ck_assert_msg(test_now_ms() < end, "it never follows:\n%s", host.proc.log);
		spoofer_serve(&spoofer, 500);
		hws_buf_done(&first);
		spoofer_proven_relay(&spoofer, "127.0.0.1:40003", ++spoofer.seq, &first);
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&first));
	}
	spoofer_serve(&spoofer, 1000);
	came = spoofer.relay_came;
	for (int i = 0; i < 4; i++) {
		spoofer_send_bytes(&spoofer, hws_buf_bytes(&second)); /* of the former epoch */
		spoofer_serve(&spoofer, 200);
	}
	ck_assert_uint_eq(spoofer.relay_came, came);
	hws_buf_done(&first);
	hws_buf_done(&second);
	hws_buf_done(&old);
}
END_TEST

int main(void)
{
	return test_main("proof_attack", 300, setup, teardown,
			TESTS(who_has_the_address_of_a_server_that_proves_itself_pushes_nothing,
					nor_does_it_register_the_host_or_take_its_id,
					a_server_that_never_proved_itself_is_obeyed,
					unless_the_operator_wants_proof,
					recorded_pushes_are_obeyed_once_and_not_after_a_restart));
}
