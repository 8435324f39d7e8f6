/* A viewer that knows several rendezvous servers. */
#include "tests/component/servers/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void start_host_at(unsigned server)
{
	stage_start_host((const char *const[]){ "--server", stage_server[server].text, "--key",
			stage_server[server].key, NULL });
	stage_host_until(stage_server[server].text, "registered");
}

START_TEST(an_id_is_found_where_it_is_known)
{
	for (unsigned i = 0; i < 3; i++)
		stage_start(i);
	start_host_at(2);
	stage_must_connect(NULL, (const char *const[]){ "--server", stage_list(3), NULL },
			"encrypted=yes");
}
END_TEST

START_TEST(servers_away_silent_or_of_another_key_are_passed)
{
	struct test_proc *silent = &stage_server[0].proc;
	char list[600];

	stage_start(0);
	stage_start(1);
	stage_start(2);
	start_host_at(2);
	/* the first takes connections and says nothing; the second is asked with a wrong key */
	test_proc_signal(silent, SIGSTOP);
	snprintf(list, sizeof(list), "%s?key=%s,%s?key=%s,127.0.0.1:1,%s?key=%s",
			stage_server[0].text, stage_server[0].key, stage_server[1].text,
			stage_server[0].key, stage_server[2].text, stage_server[2].key);
	stage_must_connect(NULL, (const char *const[]){ "--server", list, NULL }, "encrypted=yes");
	test_proc_signal(silent, SIGCONT);
}
END_TEST

/* What is said when none knows it names each of them. */
START_TEST(all_are_named_when_none_has_it)
{
	char list[600], *out = NULL;

	stage_start(0);
	stage_start(1);
	start_host_at(0);
	snprintf(list, sizeof(list), "%s?key=%s,127.0.0.1:1", stage_server[1].text,
			stage_server[1].key);
	ck_assert_int_ne(stage_connect(NULL, (const char *const[]){ "--server", list, NULL }, &out),
			0);
	ck_assert_msg(strstr(out, stage_server[1].text) && strstr(out, "127.0.0.1:1"), "%s", out);
	free(out);
}
END_TEST

static void must_say(const char *const options[], const char *want)
{
	char *out = NULL;

	ck_assert_int_ne(stage_connect(NULL, options, &out), 0);
	ck_assert_msg(strstr(out, want) && !strstr(out, "answered_ms=0"), "no %s in:\n%s", want,
			out);
	free(out);
}

/* Also of a host that was met, and did not let the viewer in or was not let in by it; and of none.
 */
START_TEST(each_attempt_ends_with_a_record)
{
	char server[200], other[200], wrong[300];
	FILE *f;

	stage_start(0);
	stage_start(1);
	start_host_at(0);
	snprintf(server, sizeof(server), "%s?key=%s", stage_server[0].text, stage_server[0].key);
	snprintf(other, sizeof(other), "%s?key=%s", stage_server[1].text, stage_server[1].key);
	stage_must_connect(
			NULL, (const char *const[]){ "--server", server, NULL }, "encrypted=yes");
	must_say((const char *const[]){ "--server", other, NULL },
			"why path=none reason=unknown-id answered_ms=");
	snprintf(wrong, sizeof(wrong), "%s/wrong", stage_host_dir);
	f = fopen(wrong, "we");
	ck_assert_ptr_nonnull(f);
	fputs("not-the-password\n", f);
	fclose(f);
	ck_assert_int_eq(chmod(wrong, 0600), 0);
	must_say((const char *const[]){ "--server", server, "--password-file", wrong, NULL },
			" reason=direct ");
	must_say((const char *const[]){ "--server", server, "--accept-key", stage_server[1].key,
				 NULL },
			"why path=none reason=key-refused");
	must_say((const char *const[]){ "--server", "127.0.0.1:1", NULL },
			"why path=none reason=server-unreachable ended_ms=");
}
END_TEST

static char *peers_of(const char *dir)
{
	char path[300], *text = calloc(1, 20000);
	FILE *f;

	snprintf(path, sizeof(path), "%s/peers.json", dir);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, 19999, f), 0);
	fclose(f);
	return text;
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

/* By whichever server it was found, the host is remembered once; and what was remembered holds by
 * all of them. */
START_TEST(a_host_has_one_pin_in_a_list_of_servers)
{
	char dir[256], config[300], forget[120], *peers, *out = NULL;
	const char *options[] = { "--server", NULL, NULL };

	test_dir(dir, sizeof(dir));
	snprintf(config, sizeof(config), "%s/viewer.conf", dir);
	stage_start(0);
	stage_start(1);
	stage_start_host((const char *const[]){ "--server", stage_list(2), NULL });
	stage_host_until(stage_server[0].text, "registered");
	stage_host_until(stage_server[1].text, "registered");
	options[1] = stage_list(2);
	stage_must_connect(config, options, "encrypted=yes");
	peers = peers_of(dir);
	ck_assert_uint_eq(count_of(peers, "host_key"), 1);
	ck_assert_msg(strstr(peers, stage_server[0].text), "%s", peers);
	free(peers);

	stage_stop(0);
	stage_must_connect(config, options, "encrypted=yes");
	peers = peers_of(dir);
	ck_assert_uint_eq(count_of(peers, "host_key"), 1);
	ck_assert_msg(strstr(peers, stage_server[1].text), "%s", peers);
	free(peers);

	/* another machine with this ID at the first server, which is known to have none of it */
	stage_start(0);
	test_proc_stop(&stage_host);
	test_dir(stage_host_dir, sizeof(stage_host_dir));
	stage_take_id(stage_id);
	start_host_at(0);
	ck_assert_int_ne(stage_connect(config, options, &out), 0);
	ck_assert_msg(strstr(out, "key has changed"), "%s", out);
	snprintf(forget, sizeof(forget), "peers forget %s@%s", stage_id, stage_server[1].text);
	ck_assert_msg(strstr(out, forget), "%s: %s", forget, out);
	free(out);
	peers = peers_of(dir);
	ck_assert_uint_eq(count_of(peers, "host_key"), 1);
	ck_assert_msg(strstr(peers, stage_server[1].text), "%s", peers);
	free(peers);
}
END_TEST

int main(void)
{
	return test_main("servers/viewer", 200, stage_setup, stage_teardown,
			TESTS(an_id_is_found_where_it_is_known,
					servers_away_silent_or_of_another_key_are_passed,
					all_are_named_when_none_has_it,
					each_attempt_ends_with_a_record,
					a_host_has_one_pin_in_a_list_of_servers));
}
