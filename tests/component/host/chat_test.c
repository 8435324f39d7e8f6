/* Chat between a viewer and the person at the desktop, by the real hawser-host on a session bus of
 * the test's own. */
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/session_bus.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY "Nobody reads messages at this host"

static struct test_bus bus;
static struct test_host host;
static struct test_viewer one, two;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	bus_init(&bus);
	host.bus = bus.address;
}

static void teardown(void)
{
	viewer_close(&one);
	viewer_close(&two);
	host_stop(&host);
	bus_stop(&bus);
}

static void start_host(const char *option)
{
	const char *extra[] = { "--backend", "headless:160x120@5", option, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
}

/* Waits until the agent has it, too. */
static void enter(struct test_viewer *v, uint64_t session_id)
{
	v->session_id = session_id;
	ck_assert_str_eq(viewer_enter(v, host.port, host_password(&host)), "");
	test_proc_must_expect(&host.proc, "agent.viewer_open", 20000);
}

static void writes(struct test_viewer *v, const char *text)
{
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	chat.text = (char *)(uintptr_t)text;
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	viewer_send(v, &m);
}

static void is_told(struct test_viewer *v, const char *text)
{
	Ses__Message *m = viewer_until(v, SES__MESSAGE__UNION_MESSAGE_BOX);

	ck_assert_ptr_nonnull(m);
	ck_assert_msg(strstr(m->message_box->text, text), "told: %s", m->message_box->text);
	hws_ses_free(m);
}

/* `hawser-host chat`: its status, and what it printed. */
static int answer(const char *conn, const char *text, char **ret_out)
{
	const char *argv[7] = { HOST_PROGRAM, "chat", "--state-dir", host.dir };
	int n = 4;

	if (conn)
		argv[n++] = conn;
	argv[n++] = text;
	return test_run(argv, NULL, ret_out);
}

static void answers(const char *conn, const char *text)
{
	char *out = NULL;
	int status = answer(conn, text, &out);

	ck_assert_msg(status == 0 && !*out, "status %d: %s", status, out);
	free(out);
}

static void cannot_answer(const char *conn, const char *text, int want, const char *why)
{
	char *out = NULL;
	int status = answer(conn, text, &out);

	ck_assert_msg(status == want && strstr(out, why), "status %d: %s", status, out);
	free(out);
}

START_TEST(what_a_viewer_writes_is_shown_and_answered)
{
	const char *line;

	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(NULL);
	enter(&one, 7);
	test_proc_must_expect(&bus.desktop, "is connected to this computer]", 20000);
	writes(&one, "may I <b>restart</b>?");
	line = test_proc_must_expect(&bus.desktop, "shown id=", 20000);
	/* until it is closed, in no list of past ones, and no markup */
	ck_assert_ptr_nonnull(strstr(line, "timeout=0 transient=1 app=hawser-host"));
	ck_assert_ptr_nonnull(strstr(line, "[Message from "));
	ck_assert_ptr_nonnull(strstr(line, "restart"));
	ck_assert_ptr_null(strstr(line, "<b>"));
	answers(NULL, "yes, but save \"x\" first");
	ck_assert_str_eq(viewer_chat_answer(&one), "yes, but save \"x\" first");
	/* recorded nowhere */
	ck_assert_ptr_null(strstr(host.proc.log, "restart</b>"));
	ck_assert_ptr_null(strstr(host.proc.log, "save"));
}
END_TEST

/* The real viewer, too. */
START_TEST(two_people_write_to_each_other_by_command)
{
	char target[32], password[64], config[260];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--no-retry", "--after", "60", "--chat", "may I\nrestart it?", NULL };
	const char *env[] = { password, config, NULL };
	struct test_proc viewer;

	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(NULL);
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", bus.dir);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&bus.desktop, "[Message from ", 20000);
	test_proc_must_expect(&bus.desktop, "restart it?]", 20000);
	answers(NULL, "please \"do\"\nhawser: all is well");
	test_proc_must_expect(&viewer, "the person at the host writes: please \"do\"\n", 20000);
	/* no line of it may pass for one of the program's own */
	test_proc_must_expect(
			&viewer, "the person at the host writes: hawser: all is well\n", 20000);
	test_proc_signal(&viewer, SIGTERM);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	test_proc_stop(&viewer);
}
END_TEST

START_TEST(an_answer_goes_to_whom_it_is_for)
{
	char first[24] = "", second[24] = "";
	json_t *status, *list;

	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(NULL);
	enter(&one, 7);
	enter(&two, 8);
	status = host_status(&host);
	list = json_object_get(status, "sessions");
	ck_assert_uint_eq(json_array_size(list), 2);
	for (size_t i = 0; i < 2; i++) {
		json_int_t conn = json_integer_value(
				json_object_get(json_array_get(list, i), "conn"));

		snprintf(conn == 1 ? first : second, sizeof(first), "%lld", (long long)conn);
	}
	json_decref(status);
	ck_assert_str_eq(first, "1");
	answers(second, "to the second");
	answers(first, "to the first");
	answers(NULL, "to both");
	ck_assert_str_eq(viewer_chat_answer(&one), "to the first");
	ck_assert_str_eq(viewer_chat_answer(&one), "to both");
	ck_assert_str_eq(viewer_chat_answer(&two), "to the second");
	ck_assert_str_eq(viewer_chat_answer(&two), "to both");
}
END_TEST

START_TEST(an_answer_that_reaches_nobody_says_so)
{
	char big[2002];

	start_host(NULL);
	cannot_answer(NULL, "hello", 1, "nobody who could read it");
	enter(&one, 7);
	cannot_answer("99", "hello", 1, "nobody who could read it");
	cannot_answer(NULL, " ", 1, "nothing to read");
	cannot_answer("one", "hello", 2, "chat [CONN] TEXT");
	cannot_answer(NULL, "\xff", 2, "UTF-8");
	memset(big, 'x', sizeof(big));
	big[2001] = 0;
	cannot_answer(NULL, big, 2, "2000 bytes");
	big[2000] = 0;
	answers(NULL, big);
}
END_TEST

/* Who wrote must not believe that it was read: notifications are switched off; there is no bus;
 * nobody on it shows any. */
START_TEST(what_nobody_can_see_is_refused)
{
	if (_i == 2)
		bus_start(&bus);
	start_host(_i == 0 ? "--no-notify" : NULL);
	ck_assert_str_eq(viewer_enter(&one, host.port, host_password(&host)), "");
	if (_i == 2) /* that it is not shown is known when the bus has said so */
		test_proc_must_expect(&host.proc, "notify.none", 20000);
	writes(&one, "hello?");
	is_told(&one, NOBODY);
	answers(NULL, "the other way round it works");
	ck_assert_str_eq(viewer_chat_answer(&one), "the other way round it works");
}
END_TEST

START_TEST(a_viewer_that_floods_is_told_to_stop)
{
	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(NULL);
	enter(&one, 7);
	for (int i = 0; i < 40; i++)
		writes(&one, "again");
	is_told(&one, "left out");
	test_proc_must_expect(&bus.desktop, "[again]", 20000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/chat");
	TCase *t = test_case(s, "chat", 120,
			TESTS(what_a_viewer_writes_is_shown_and_answered,
					two_people_write_to_each_other_by_command,
					an_answer_goes_to_whom_it_is_for,
					an_answer_that_reaches_nobody_says_so,
					a_viewer_that_floods_is_told_to_stop));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_nobody_can_see_is_refused, 0, 3);
	return test_suite_run(s);
}
