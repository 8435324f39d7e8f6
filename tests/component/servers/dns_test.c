/* Servers that are named: SRV records, names with addresses of both families, names that lead
 * elsewhere after a while, names that are not known yet. */
#include "tests/component/servers/name_server.h"
#include "tests/component/servers/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ready;

static void setup(void)
{
	stage_setup();
	ready = name_server_start();
}

static void teardown(void)
{
	name_server_stop();
	stage_teardown();
}

static void must_connect(const char *server, const char *key)
{
	stage_must_connect(NULL, (const char *const[]){ "--server", server, "--key", key, NULL },
			"encrypted=yes");
}

START_TEST(the_targets_of_a_name_are_tried_in_order_and_the_best_is_gone_back_to)
{
	char zone[600], at[60];

	if (!ready)
		return;
	snprintf(zone, sizeof(zone),
			"_hawser-rendezvous._tcp.id.test SRV 10 0 %u a.test\n"
			"_hawser-rendezvous._tcp.id.test SRV 20 0 %u b.test\n"
			"a.test A 127.0.0.1\nb.test A 127.0.0.1\n",
			stage_server[0].port, stage_server[1].port);
	name_server_zone(zone);
	stage_make_key(0);
	stage_same_key(0, 1);
	stage_start(1);
	stage_start_host((const char *const[]){ "--server", "id.test", "--key", stage_server[0].key,
			"--resolve-every", "1s", NULL });
	stage_host_until("id.test", "registered");
	snprintf(at, sizeof(at), "at=b.test:%u", stage_server[1].port);
	if (!strstr(stage_host.log, at)) /* said a moment later on a busy machine */
		test_proc_must_expect(&stage_host, at, TEST_PATIENCE_MS);
	must_connect("id.test", stage_server[0].key);
	/* the better one is there again */
	stage_start(0);
	test_proc_must_expect(&stage_host, "server.moved", 20000);
	stage_stop(1);
	must_connect("id.test", stage_server[0].key);
}
END_TEST

START_TEST(a_name_that_says_there_is_no_server_is_believed)
{
	char *out = NULL;

	if (!ready)
		return;
	name_server_zone("_hawser-rendezvous._tcp.id.test SRV 0 0 0 .\nid.test A 127.0.0.1\n");
	stage_start(0);
	stage_start_host((const char *const[]){ "--server", "id.test", NULL });
	stage_host_until("id.test", "offline");
	ck_assert_ptr_nonnull(strstr(stage_host_says("id.test", "text"), "no such server"));
	ck_assert_int_ne(stage_connect(NULL, (const char *const[]){ "--server", "id.test", NULL },
					 &out),
			0);
	ck_assert_msg(strstr(out, "no such server"), "%s", out);
	free(out);
}
END_TEST

/* By one family nothing answers. */
START_TEST(both_families_are_tried_side_by_side)
{
	char name[40];

	if (!ready)
		return;
	name_server_zone("two.test AAAA ::1\ntwo.test A 127.0.0.1\n");
	stage_start(0);
	snprintf(name, sizeof(name), "two.test:%u", stage_server[0].port);
	stage_start_host((const char *const[]){
			"--server", name, "--key", stage_server[0].key, NULL });
	stage_host_until(name, "registered");
	ck_assert_str_eq(stage_host_says(name, "by"), "udp");
	must_connect(name, stage_server[0].key);
}
END_TEST

START_TEST(a_server_that_moves_is_followed_and_sessions_go_on)
{
	struct test_proc viewer;
	char name[40];

	if (!ready)
		return;
	name_server_zone("id.test A 127.0.0.1\n");
	stage_start(0);
	stage_same_key(0, 1);
	stage_server[1].ip = "127.0.0.2";
	stage_server[1].port = stage_server[0].port;
	snprintf(name, sizeof(name), "id.test:%u", stage_server[0].port);
	stage_start_host((const char *const[]){ "--server", name, "--key", stage_server[0].key,
			"--resolve-every", "1s", NULL });
	stage_host_until(name, "registered");
	stage_stay(&viewer,
			(const char *const[]){
					"--server", name, "--key", stage_server[0].key, NULL });
	test_proc_must_expect(&viewer, "encrypted=yes", 20000);
	stage_start(1);
	name_server_zone("id.test A 127.0.0.2\n");
	test_proc_must_expect(&stage_host, "server.moved", 20000);
	stage_stop(0);
	must_connect(name, stage_server[0].key);
	/* figures that come now are of a session that stands */
	while (test_proc_expect(&viewer, "encrypted=yes", 1))
		;
	test_proc_must_expect(&viewer, "encrypted=yes", 20000);
	ck_assert(!viewer.ended);
	test_proc_stop(&viewer);
}
END_TEST

START_TEST(a_name_that_is_not_known_yet_is_waited_for)
{
	char name[40];

	if (!ready)
		return;
	stage_start(0);
	snprintf(name, sizeof(name), "later.test:%u", stage_server[0].port);
	stage_start_host((const char *const[]){
			"--server", name, "--key", stage_server[0].key, NULL });
	stage_host_until(name, "offline");
	ck_assert_ptr_nonnull(strstr(stage_host_says(name, "text"), "cannot be resolved"));
	name_server_zone("later.test A 127.0.0.1\n");
	stage_host_until(name, "registered");
}
END_TEST

int main(void)
{
	return test_main("servers/dns", 200, setup, teardown,
			TESTS(the_targets_of_a_name_are_tried_in_order_and_the_best_is_gone_back_to,
					a_name_that_says_there_is_no_server_is_believed,
					both_families_are_tried_side_by_side,
					a_server_that_moves_is_followed_and_sessions_go_on,
					a_name_that_is_not_known_yet_is_waited_for));
}
