/* The person at the host sees who is connected: the real hawser-host on a session bus of the test's
 * own. */
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
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
	host_password(&host);
}

static void enter(struct test_viewer *v)
{
	ck_assert_str_eq(viewer_enter(v, host.port, host.password), "");
}

START_TEST(a_viewer_is_shown_as_long_as_it_is_there)
{
	const char *line;

	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(NULL);
	enter(&one);
	/* stays until it goes */
	line = test_proc_must_expect(
			&bus.desktop, "shown id=1 timeout=0 transient=0 app=hawser-host", 20000);
	ck_assert_ptr_nonnull(strstr(line, "is connected to this computer]"));
	ck_assert_ptr_nonnull(strstr(line, "may use keyboard and pointer"));
	ck_assert_ptr_nonnull(strstr(line, "From 127.0.0.1"));
	ck_assert_ptr_nonnull(strstr(line, "directly, not encrypted."));
	two.session_id = 9;
	host_password(&host);
	enter(&two);
	test_proc_must_expect(&bus.desktop, "shown id=2 timeout=0", 20000);
	viewer_close(&one);
	line = test_proc_must_expect(&bus.desktop, "shown id=1 timeout=-1", 20000);
	ck_assert_ptr_nonnull(strstr(line, "has disconnected]"));
	/* and with the host its last one goes */
	host_stop(&host);
	test_proc_must_expect(&bus.desktop, "id=2", 20000);
}
END_TEST

/* Files, terminals and tunnels are served by others, who have no desktop. */
START_TEST(viewers_of_files_are_shown_too)
{
	Ses__LoginRequest wish = SES__LOGIN_REQUEST__INIT;
	Ses__FileTransfer files = SES__FILE_TRANSFER__INIT;
	const char *line;

	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(geteuid() == 0 ? "--service-user=root" : NULL);
	wish.union_case = SES__LOGIN_REQUEST__UNION_FILE_TRANSFER;
	wish.file_transfer = &files;
	one.wish = &wish;
	enter(&one);
	line = test_proc_must_expect(&bus.desktop, "shown id=1 timeout=0", 20000);
	ck_assert_ptr_nonnull(strstr(line, "is connected to this computer]"));
	ck_assert_ptr_nonnull(strstr(line, "Works with files of this computer. From 127.0.0.1"));
	viewer_close(&one);
	line = test_proc_must_expect(&bus.desktop, "shown id=1 timeout=-1", 20000);
	ck_assert_ptr_nonnull(strstr(line, "has disconnected]"));
}
END_TEST

/* What shows it is the desktop's agent, which does not serve it. */
START_TEST(viewers_of_files_are_shown_by_an_agent_that_starts_anew)
{
	Ses__LoginRequest wish = SES__LOGIN_REQUEST__INIT;
	Ses__FileTransfer files = SES__FILE_TRANSFER__INIT;
	json_t *status;

	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host(geteuid() == 0 ? "--service-user=root" : NULL);
	wish.union_case = SES__LOGIN_REQUEST__UNION_FILE_TRANSFER;
	wish.file_transfer = &files;
	one.wish = &wish;
	enter(&one);
	test_proc_must_expect(&bus.desktop, "is connected to this computer]", 20000);
	status = host_status(&host);
	json_int_t pid = json_integer_value(
			json_object_get(json_object_get(status, "desktop"), "pid"));
	json_decref(status);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill((pid_t)pid, SIGKILL), 0);
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
	test_proc_must_expect(&bus.desktop, "is connected to this computer]", 20000);
	viewer_close(&one);
	test_proc_must_expect(&bus.desktop, "has disconnected]", 20000);
}
END_TEST

START_TEST(a_desktop_that_answers_late_shows_the_last_state)
{
	bus_start(&bus);
	bus_start_desktop(&bus, "slow");
	start_host(NULL);
	enter(&one);
	viewer_close(&one);
	test_proc_must_expect(&bus.desktop, "shown id=1 timeout=0", 20000);
	ck_assert_ptr_nonnull(
			strstr(test_proc_must_expect(&bus.desktop, "shown id=1 timeout=-1", 20000),
					"has disconnected]"));
}
END_TEST

START_TEST(who_does_not_want_it_is_left_alone)
{
	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	start_host("--no-notify");
	enter(&one);
	viewer_close(&one);
	/* the end of the session is in the log after all that could have been shown */
	test_proc_must_expect(&host.proc, "agent.viewer_closed", 20000);
	ck_assert_ptr_null(strstr(bus.desktop.log, "shown"));
}
END_TEST

/* No bus; nobody who shows anything; a socket that takes connections and never says a word. */
/* The end of a session makes a new password: it must have come before one is asked for. */
static bool so_many_ended(void *arg)
{
	json_t *status = host_status(&host);
	bool ended = json_integer_value(json_object_get(status, "opened")) == *(const int *)arg;

	json_decref(status);
	return ended;
}

START_TEST(nothing_waits_for_a_desktop_that_does_not_answer)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *line;
	int fd = -1;

	if (_i == 1)
		bus_start(&bus);
	if (_i == 2) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		snprintf(sa.sun_path, sizeof(sa.sun_path), "%.80s/bus", bus.dir);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
		ck_assert_int_eq(listen(fd, 1), 0);
	}
	start_host(NULL);
	for (int i = 0; i < 5; i++) {
		Ses__Message *m;

		one.session_id = (uint64_t)i + 1;
		ck_assert(test_until(so_many_ended, &i, TEST_PATIENCE_MS));
		host_password(&host);
		enter(&one);
		m = viewer_until(&one, SES__MESSAGE__UNION_VIDEO_FRAME);
		ck_assert_ptr_nonnull(m);
		hws_ses_free(m);
		viewer_close(&one);
	}
	if (fd >= 0)
		close(fd);
	if (_i == 2)
		return; /* what never says a word may yet speak */
	/* said, but not for each of them */
	test_proc_must_expect(&host.proc, "notify.none", 20000);
	test_proc_must_expect(&host.proc, "agent.viewer_closed conn=5", 20000);
	line = strstr(host.proc.log, "notify.none");
	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_null(strstr(line + 1, "notify.none"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/notify");
	TCase *t = test_case(s, "notify", 120,
			TESTS(a_viewer_is_shown_as_long_as_it_is_there,
					viewers_of_files_are_shown_too,
					viewers_of_files_are_shown_by_an_agent_that_starts_anew,
					a_desktop_that_answers_late_shows_the_last_state,
					who_does_not_want_it_is_left_alone));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, nothing_waits_for_a_desktop_that_does_not_answer, 0, 3);
	return test_suite_run(s);
}
