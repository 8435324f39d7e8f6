/* client/reach against the real rendezvous server (and relay, where it is built) on loopback. */
#include "client/reach/answer.h"
#include "client/reach/reach.h"
#include "client/reach/registrar.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "tests/support/proc.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_ID "123456789"

struct scene {
	struct hws_loop *loop;
	struct hws_work *work;
	struct test_proc server, relay;
	char dir[256], key[64], server_text[32], relay_text[32];
	uint16_t port, relay_port;
	struct hws_registrar *registrar;
	struct hws_answer *answer;
	enum hws_registrar_state state;
	bool registered;
	struct hws_stream *host_end, *viewer_end;
	struct hws_answered how;
	bool done, relayed;
	int result;
	char path[16], text[400];
	size_t statement_len;
};

static struct scene s;

static void start_server(bool force_relay)
{
	char port[8], control[300];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", port, "--state-dir", s.dir, "--control", control, "--store",
		"memory", "--relay-servers", s.relay_text,
		force_relay ? "--always-use-relay" : NULL, NULL };
	const char *key_argv[] = { argv[0], "key", "--state-dir", s.dir, NULL };
	char *out = NULL;

	snprintf(port, sizeof(port), "%u", s.port);
	snprintf(control, sizeof(control), "%s/c.sock", s.dir);
	test_proc_start(&s.server, argv, NULL);
	test_proc_must_expect(&s.server, "listening", 20000);
	ck_assert_int_eq(test_run(key_argv, NULL, &out), 0);
	snprintf(s.key, sizeof(s.key), "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void on_state(enum hws_registrar_state state, const char *text, void *arg)
{
	(void)text;
	(void)arg;
	s.state = state;
	s.registered |= state == HWS_REGISTRAR_REGISTERED;
}

static void on_push(const Rdv__RendezvousMessage *m, void *arg)
{
	(void)arg;
	ck_assert_int_eq(hws_answer_push(s.answer, HOST_ID, m), 0);
}

static void on_new_id(char *buf, size_t size, void *arg)
{
	(void)buf;
	(void)size;
	(void)arg;
	ck_abort_msg("the server wants another id");
}

static void on_host_stream(struct hws_stream *stream, const struct hws_answered *how, void *arg)
{
	(void)arg;
	s.host_end = stream;
	s.how = *how;
}

static void on_failure(const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	char text[HWS_ADDR_TEXT];

	(void)arg;
	fprintf(stderr, "answer to %s failed: %s: %s\n", hws_addr_text(viewer, text, sizeof(text)),
			what, hws_err_text(why));
}

static bool run_until(bool (*done)(void), unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (!done()) {
		if (test_now_ms() > end)
			return false;
		hws_loop_once(s.loop, 20000);
	}
	return true;
}

static bool is_registered(void)
{
	return s.registered;
}

static bool is_done(void)
{
	return s.done;
}

static bool both_connected(void)
{
	return s.host_end && s.viewer_end;
}

static void start_host(void)
{
	static uint8_t pk[32];
	const char *uuid = "6b0c1f52-0000-4000-8000-000000000001";
	struct hws_registrar_conf rc = { .host = "127.0.0.1",
		.port = s.port,
		.id = HOST_ID,
		.uuid = hws_bytes_str(uuid),
		.pk = hws_bytes(pk, 32),
		.interval_us = 500000,
		.on_state = on_state,
		.on_push = on_push,
		.on_new_id = on_new_id };
	struct hws_answer_conf ac = { .host = "127.0.0.1",
		.port = s.port,
		.key = s.key,
		.relay = "",
		.version = "1.4.9",
		.on_stream = on_host_stream,
		.on_failure = on_failure };

	hws_rand_bytes(pk, sizeof(pk));
	ck_assert_int_eq(hws_answer_new(s.loop, s.work, &ac, &s.answer), 0);
	ck_assert_int_eq(hws_registrar_new(s.loop, s.work, &rc, &s.registrar), 0);
	ck_assert(run_until(is_registered, 10000));
}

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	(void)arg;
	s.done = true;
	s.result = r;
	s.viewer_end = how->stream;
	s.relayed = how->relayed;
	s.statement_len = how->statement.len;
	snprintf(s.path, sizeof(s.path), "%s", how->path ? how->path : "");
	snprintf(s.text, sizeof(s.text), "%s", how->error.text);
}

static void reach(const char *id, const char *key, bool force_relay)
{
	struct hws_reach_conf conf = { .id = id,
		.server = s.server_text,
		.key = key,
		.version = "1.4.9",
		.force_relay = force_relay };
	struct hws_reach *r;
	struct hws_error err;

	s.done = false;
	ck_assert_msg(hws_reach_start(s.loop, s.work, &conf, on_reached, &r, &err) == 0, "%s",
			err.text);
	ck_assert(run_until(is_done, 40000));
}

static void set_up(void)
{
	memset(&s, 0, sizeof(s));
	ck_assert_int_eq(hws_crypto_init(), 0);
	ck_assert_int_eq(hws_loop_new(&s.loop), 0);
	ck_assert_int_eq(hws_work_new(1, 16, &s.work), 0);
	test_dir(s.dir, sizeof(s.dir));
	s.port = (uint16_t)(test_free_ports(4) + 1);
	s.relay_port = test_free_ports(3);
	snprintf(s.server_text, sizeof(s.server_text), "127.0.0.1:%u", s.port);
	snprintf(s.relay_text, sizeof(s.relay_text), "127.0.0.1:%u", s.relay_port);
}

static void tear_down(void)
{
	hws_stream_close(s.host_end);
	hws_stream_close(s.viewer_end);
	hws_registrar_free(s.registrar);
	hws_answer_free(s.answer);
	for (int i = 0; i < 3; i++)
		hws_loop_once(s.loop, 1000);
	hws_work_free(s.work);
	hws_loop_free(s.loop);
	test_proc_stop(&s.server);
	test_proc_stop(&s.relay);
}

static void pass_bytes(void)
{
	char buf[16];
	ssize_t n = HWS_ERR_AGAIN;
	uint64_t end = test_now_ms() + 5000;

	ck_assert(run_until(both_connected, 5000));
	ck_assert_int_eq(hws_stream_write(s.host_end, hws_bytes("host speaks", 11)), 11);
	while (n == HWS_ERR_AGAIN && test_now_ms() < end) {
		hws_loop_once(s.loop, 5000);
		n = hws_stream_read(s.viewer_end, buf, sizeof(buf));
	}
	ck_assert_int_eq(n, 11);
	ck_assert_mem_eq(buf, "host speaks", 11);
}

START_TEST(viewer_and_host_meet_directly)
{
	start_server(false);
	start_host();
	reach(HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(!s.relayed);
	ck_assert(s.how.secure || !s.host_end);
	ck_assert_uint_gt(s.statement_len, 64);
	pass_bytes();
	ck_assert(s.how.secure);
}
END_TEST

START_TEST(an_unknown_id_is_explained)
{
	start_server(false);
	reach("987654321", s.key, false);
	ck_assert_int_eq(s.result, HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(s.text, "does not know this ID"));
}
END_TEST

START_TEST(a_wrong_key_is_explained)
{
	start_server(false);
	start_host();
	reach(HOST_ID, "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", false);
	ck_assert_int_eq(s.result, HWS_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(s.text, "hawser-rendezvous key"));
}
END_TEST

START_TEST(a_server_that_is_not_there_is_explained)
{
	reach(HOST_ID, "", false);
	ck_assert_int_eq(s.result, HWS_ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(s.text, "cannot reach the rendezvous server"));
}
END_TEST

static bool is_connecting(void)
{
	return s.state == HWS_REGISTRAR_CONNECTING || s.state == HWS_REGISTRAR_OFFLINE;
}

START_TEST(a_restarted_server_has_the_host_again)
{
	start_server(false);
	start_host();
	test_proc_signal(&s.server, SIGKILL);
	test_proc_stop(&s.server);
	ck_assert(run_until(is_connecting, 20000));
	start_server(false);
	s.registered = false;
	ck_assert(run_until(is_registered, 20000));
	reach(HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client/reach");
	TCase *tc = tcase_create("reach");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 90);
	tcase_add_test(tc, viewer_and_host_meet_directly);
	tcase_add_test(tc, an_unknown_id_is_explained);
	tcase_add_test(tc, a_wrong_key_is_explained);
	tcase_add_test(tc, a_server_that_is_not_there_is_explained);
	tcase_add_test(tc, a_restarted_server_has_the_host_again);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
