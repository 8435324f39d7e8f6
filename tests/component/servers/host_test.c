/* A host at several rendezvous servers at once. */
#include "tests/component/servers/stage.h"
#include "tests/support/network.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A viewer that knows this server only. */
static void must_be_found_at(unsigned server)
{
	const char *options[] = { "--server", stage_server[server].text, "--key",
		stage_server[server].key, NULL };

	stage_must_connect(NULL, options, "encrypted=yes");
}

START_TEST(viewers_of_each_server_find_it)
{
	for (unsigned i = 0; i < 3; i++)
		stage_start(i);
	stage_start_host((const char *const[]){ "--server", stage_list(3), NULL });
	for (unsigned i = 0; i < 3; i++)
		stage_host_until(stage_server[i].text, "registered");
	for (unsigned i = 0; i < 3; i++)
		must_be_found_at(i);
}
END_TEST

START_TEST(a_server_that_goes_and_comes_back_hurts_no_other)
{
	stage_start(0);
	stage_make_key(1);
	stage_start_host((const char *const[]){ "--server", stage_list(2), NULL });
	stage_host_until(stage_server[0].text, "registered");
	ck_assert_str_ne(stage_host_says(stage_server[1].text, "state"), "registered");
	must_be_found_at(0);
	stage_start(1);
	stage_host_until(stage_server[1].text, "registered");
	stage_stop(0);
	must_be_found_at(1);
	ck_assert_str_eq(stage_host_says(stage_server[1].text, "state"), "registered");
	stage_start(0);
	stage_host_until(stage_server[0].text, "registered");
	must_be_found_at(0);
}
END_TEST

START_TEST(a_wrong_key_is_the_matter_of_its_server)
{
	char list[300];

	stage_start(0);
	stage_start(1);
	/* each other's: the first is plainly wrong, and nothing of the second may hide that */
	snprintf(list, sizeof(list), "%s,%s", stage_server[0].text, stage_server[1].text);
	stage_start_host((const char *const[]){
			"--server", list, "--key", stage_server[1].key, NULL });
	stage_host_until(stage_server[0].text, "registered");
	stage_host_until(stage_server[1].text, "registered");
	test_proc_must_expect(&stage_host, "server.wrong_key", 20000);
	ck_assert_ptr_nonnull(strstr(stage_host_says(stage_server[0].text, "warning"), "'key'"));
	ck_assert_str_eq(stage_host_says(stage_server[1].text, "warning"), "");
	must_be_found_at(1);
}
END_TEST

START_TEST(an_id_that_is_taken_at_one_server_stays_at_the_others)
{
	struct test_proc first;
	char id[32];

	/* another computer has this ID, at the second server alone */
	stage_start(0);
	stage_start(1);
	stage_start_host((const char *const[]){
			"--server", stage_server[1].text, "--key", stage_server[1].key, NULL });
	stage_host_until(stage_server[1].text, "registered");
	snprintf(id, sizeof(id), "%s", stage_id);
	first = stage_host;
	memset(&stage_host, 0, sizeof(stage_host));
	test_dir(stage_host_dir, sizeof(stage_host_dir));
	stage_take_id(id);
	stage_start_host((const char *const[]){ "--server", stage_list(2), NULL });
	ck_assert_str_eq(stage_id, id);
	stage_host_until(stage_server[0].text, "registered");
	stage_host_until(stage_server[1].text, "refused");
	ck_assert_ptr_nonnull(
			strstr(stage_host_says(stage_server[1].text, "text"), "another computer"));
	must_be_found_at(0);
	ck_assert_ptr_null(strstr(stage_host.log, "id.changed"));
	test_proc_stop(&first);
}
END_TEST

START_TEST(an_id_that_is_taken_everywhere_is_drawn_anew)
{
	struct test_proc first;
	char id[32];

	stage_start(0);
	stage_start(1);
	stage_start_host((const char *const[]){ "--server", stage_list(2), NULL });
	stage_host_until(stage_server[0].text, "registered");
	stage_host_until(stage_server[1].text, "registered");
	snprintf(id, sizeof(id), "%s", stage_id);
	first = stage_host;
	memset(&stage_host, 0, sizeof(stage_host));
	test_dir(stage_host_dir, sizeof(stage_host_dir));
	stage_take_id(id);
	stage_start_host((const char *const[]){ "--server", stage_list(2), NULL });
	stage_host_until(stage_server[0].text, "registered");
	stage_host_until(stage_server[1].text, "registered");
	ck_assert_ptr_nonnull(strstr(stage_host.log, "id.changed"));
	test_proc_stop(&first);
}
END_TEST

static int ip(const char *what)
{
	char command[200];
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin; ip %s", what);
	return test_run(argv, NULL, NULL);
}

/* Another address of this machine: the server is told at once where this host is. */
START_TEST(a_change_of_network_is_told_to_all_servers)
{
	if (!test_network_is_own() || ip("link add served type veth peer name other") != 0 ||
			ip("link set served up") != 0 || ip("link set other up") != 0) {
		test_skip("no interface can be added here");
		return;
	}
	stage_start(0);
	stage_start(1);
	stage_start_host((const char *const[]){ "--server", stage_list(2), NULL });
	stage_host_until(stage_server[0].text, "registered");
	stage_host_until(stage_server[1].text, "registered");
	while (test_proc_expect(&stage_host, "server.registered", 1))
		;
	ck_assert_int_eq(ip("addr add 10.88.0.1/24 dev served"), 0);
	test_proc_must_expect(&stage_host, "network.changed", 20000);
	test_proc_must_expect(&stage_host, "server.registered", 20000);
	test_proc_must_expect(&stage_host, "server.registered", 20000);
	must_be_found_at(1);
	(void)ip("link del served");
}
END_TEST

int main(void)
{
	return test_main("servers/host", 200, stage_setup, stage_teardown,
			TESTS(viewers_of_each_server_find_it,
					a_server_that_goes_and_comes_back_hurts_no_other,
					a_wrong_key_is_the_matter_of_its_server,
					an_id_that_is_taken_at_one_server_stays_at_the_others,
					an_id_that_is_taken_everywhere_is_drawn_anew,
					a_change_of_network_is_told_to_all_servers));
}
