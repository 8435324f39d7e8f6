/* What an operator sees and orders: pairs, figures, kicks, blocks, settings. By the control socket
 * and by hawser-admin, as an operator has them. */
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(pairs_and_usage_show_who_uses_what)
{
	struct leg quiet[2], busy[2];
	static char block[MIB];
	json_t *ans, *p;
	int status;

	START("--threads", "3");
	pair_open(&relay, busy, false, false);
	pair_open(&relay, quiet, true, false);
	for (int i = 0; i < 2; i++) {
		/* what fits into the buffers */
		leg_raw(&busy[0], block, 100000);
		ck_assert(leg_take(&busy[1], block, 100000, LIMIT_MS));
	}
	ans = admin(&status, "usage", NULL, NULL);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(ans, "total")), 2);
	p = json_array_get(json_object_get(ans, "pairs"), 0);
	ck_assert_int_ge(json_integer_value(json_object_get(p, "bytes_a")) +
					json_integer_value(json_object_get(p, "bytes_b")),
			200000);
	ck_assert_str_eq(json_string_value(json_object_get(p, "a_kind")), "tcp");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(p, "a")), "127.0.0."));
	json_decref(ans);
	ans = admin(&status, "usage", "1", NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(ans, "pairs")), 1);
	json_decref(ans);
	ans = admin(&status, "pairs", NULL, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(ans, "pairs")), 2);
	json_decref(ans);
	ans = admin(&status, "stats", NULL, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(ans, "pairs")), 2);
	json_decref(ans);
	pair_close(busy);
	pair_close(quiet);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_pair_is_kicked)
{
	struct leg l[2];
	char id[32];
	int status;

	start(NULL);
	pair_open(&relay, l, false, true);
	only_pair(id);
	admin_ok("kick", id, NULL);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	ck_assert(leg_ends(&l[1], LIMIT_MS));
	relay_await_exactly(&relay, "closed", "kick", 1);
	json_decref(admin(&status, "kick", id, NULL));
	ck_assert_int_eq(status, 1);
	json_decref(admin(&status, "kick", "nonsense", NULL));
	ck_assert_int_eq(status, 1);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(orders_for_another_server_are_refused)
{
	static const char *const verbs[] = { "drain", "stats", "config" };
	char dir[300], none[320], env[400], *out = NULL;
	const char *const envs[] = { env, NULL };
	const char *const plain[] = { test_bin("admin/hawser-admin"), "relay", "stats", NULL };

	start(NULL);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const char *argv[] = { test_bin("admin/hawser-admin"), "--socket", relay.control,
			verbs[i], NULL };

		ck_assert_int_eq(test_run(argv, NULL, &out), 1);
		ck_assert_msg(strstr(out, "this is hawser-relay") != NULL, "%s", out);
		free(out);
		out = NULL;
	}
	admin_ok("stats", NULL, NULL);
	/* it is found where the relay's settings say, and no folder is made where it is not */
	snprintf(env, sizeof(env), "HAWSER_RELAY_CONTROL=%s", relay.control);
	ck_assert_int_eq(test_run(plain, envs, &out), 0);
	free(out);
	out = NULL;
	test_dir(dir, sizeof(dir));
	snprintf(none, sizeof(none), "%s/none", dir);
	snprintf(env, sizeof(env), "HAWSER_RELAY_RUNTIME_DIR=%s", none);
	ck_assert_int_eq(test_run(plain, envs, &out), 3);
	ck_assert_msg(strstr(out, "--socket") && strstr(out, none), "%s", out);
	free(out);
	ck_assert_int_ne(access(none, F_OK), 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(admin_blocks_and_unblocks)
{
	struct leg l[2];
	int status;

	start(NULL);
	pair_open(&relay, l, false, false);
	admin_ok("block", "127.0.0.0/8", NULL);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	pair_close(l);
	admin_ok("unblock", "127.0.0.0/8", NULL);
	json_decref(admin(&status, "unblock", "127.0.0.0/8", NULL));
	ck_assert_int_eq(status, 1);
	pair_open(&relay, l, false, false);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

static void config_is(const char *name, const char *want)
{
	json_t *ans = relay_ask(&relay, "config", NULL, NULL, NULL, NULL);
	const char *v = json_string_value(json_object_get(json_object_get(ans, "config"), name));

	ck_assert_msg(v && strcmp(v, want) == 0, "%s is %s, not %s", name, v ? v : "(none)", want);
	json_decref(ans);
}

START_TEST(names_of_the_deployed_relay_are_understood)
{
	char port[40], relay_port[8];
	uint16_t free_port = test_free_ports(2);
	const char *env[] = { port, "SINGLE_BANDWIDTH=16", "TOTAL-BANDWIDTH=100", "limit_speed=2",
		"DOWNGRADE_THRESHOLD=0.5", "DOWNGRADE_START_CHECK=60",
		"KEY=a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U=", NULL };
	const char *args[] = { "--ws-port", "0", "-k", "_", NULL };
	struct leg l;

	memset(&relay, 0, sizeof(relay));
	snprintf(port, sizeof(port), "PORT=%u", free_port);
	snprintf(relay_port, sizeof(relay_port), "%u", free_port + 1);
	args[2] = NULL;
	relay_start_with(&relay, args, env);
	ck_assert_uint_eq(relay.port, free_port + 1); /* PORT is the rendezvous server's */
	config_is("limit-pair", "2M");
	config_is("limit-total", "12800K");
	config_is("limit-slow", "256K");
	config_is("downgrade-percent", "50");
	config_is("downgrade-after", "1m");
	relay_stop(&relay);
	/* without --open the key of the environment is in force */
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "-p", relay_port, "--ws-port",
		"0", "--runtime-dir", relay.dir, NULL };

	test_proc_start(&relay.proc, argv, env);
	relay_started(&relay);
	ck_assert_uint_eq(relay.port, free_port + 1); /* a flag is taken as it is */
	leg_open(&l, &relay, false, 1);
	leg_request(&l, new_uuid(), "wrong");
	ck_assert(leg_ends(&l, LIMIT_MS));
	leg_close(&l);
	relay_await_exactly(&relay, "refused", "key", 1);
	relay_stop(&relay);
}
END_TEST

START_TEST(settings_that_cannot_work_are_explained)
{
	static const struct {
		const char *arg[3], *say;
	} t[] = {
		{ { "--port", "0", NULL }, "--open" },
		{ { "--open", "--port", "65534" }, "--ws-port" },
		{ { "--open", "--tls-cert", "x.pem" }, "--tls-key" },
		{ { "--open", "--announced", "required" }, "--announcers" },
		{ { "--open", "--block", "10.0.0.0/99" }, "10.0.0.0/99" },
		{ { "--open", "--nonsense", NULL }, "nonsense" },
		{ { "frob", NULL, NULL }, "frob" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char dir[300], *out = NULL;
		const char *argv[] = { test_bin("server-relay/hawser-relay"), "--runtime-dir",
			test_dir(dir, sizeof(dir)), t[i].arg[0], t[i].arg[1], t[i].arg[2], NULL };

		ck_assert_int_ne(test_run(argv, NULL, &out), 0);
		ck_assert_msg(strstr(out, t[i].say), "%zu: %s", i, out);
		free(out);
	}
}
END_TEST

START_TEST(metrics_tell_what_happens)
{
	static char page[200000], block[200000];
	struct leg l[2], bad;

	START("--threads", "2");
	pair_open(&relay, l, false, false);
	for (int i = 0; i < 10; i++) {
		leg_raw(&l[0], block, sizeof(block));
		ck_assert(leg_take(&l[1], block, sizeof(block), LIMIT_MS));
	}
	leg_open(&bad, &relay, false, 1);
	leg_raw(&bad, "\0", 1);
	ck_assert(leg_ends(&bad, LIMIT_MS));
	leg_close(&bad);
	relay_await(&relay, "refused", "junk", 1);
	scrape(page, sizeof(page));
	ck_assert_int_eq((int)metric(page, "hawser_relay_pairs"), 1);
	ck_assert_int_eq((int)metric(page, "hawser_relay_pairs_total"), 1);
	ck_assert(metric(page, "hawser_relay_bytes_total") >= 2000000);
	ck_assert_int_eq((int)metric(page, "hawser_relay_refused_total{reason=\"junk\"}"), 1);
	ck_assert(metric(page, "hawser_relay_shard_cpu_seconds_total{shard=\"0\"}") +
					metric(page,
							"hawser_relay_shard_cpu_seconds_total{shard"
							"=\"1\"}") >
			0);
	ck_assert(metric(page, "hawser_relay_connections_max") > 100);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

int main(void)
{
	return test_main("relay/control", 90, NULL, cleanup,
			TESTS(pairs_and_usage_show_who_uses_what, a_pair_is_kicked,
					orders_for_another_server_are_refused,
					admin_blocks_and_unblocks,
					names_of_the_deployed_relay_are_understood,
					settings_that_cannot_work_are_explained,
					metrics_tell_what_happens));
}
