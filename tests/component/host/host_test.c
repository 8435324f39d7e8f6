/* hawser-host as real processes: a scripted viewer over loopback, a scripted agent behind the
 * gates. */
#include "client/core/retry.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_host host;
static struct test_viewer one, two;

static void ready(struct test_host *h)
{
	test_proc_must_expect(&h->proc, "desktop.ready", 10000);
	host_password(h);
}

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
}

static void teardown(void)
{
	viewer_close(&one);
	viewer_close(&two);
	host_stop(&host);
}

static void send_mouse(struct test_viewer *v)
{
	viewer_send_frame(v, "\x52\x02\x10\x02", 4);
}

START_TEST(the_right_password_opens_a_session_that_carries_both_ways)
{
	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	send_mouse(&one);
	ck_assert_str_eq(viewer_chat_answer(&one), "mouse");
	viewer_send_frame(&one, "\x9a\x01\x02\x50\x01", 5);
	hws_ses_free(viewer_until(&one, SES__MESSAGE__UNION_VIDEO_FRAME));
	viewer_close(&one);
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
}
END_TEST

START_TEST(what_the_owner_denies_is_denied_from_the_start)
{
	static const int denied[] = { SES__PERMISSION_INFO__PERMISSION__Audio,
		SES__PERMISSION_INFO__PERMISSION__Restart };

	const char *extra[] = { "--no-enable-remote-restart", "--no-enable-audio", NULL };

	host_start(&host, extra);
	ready(&host);
	viewer_connect(&one, host.port);
	viewer_hash(&one);
	viewer_login(&one, host.password);
	for (size_t i = 0; i < HWS_COUNT(denied); i++) {
		Ses__Message *m = viewer_next(&one);
		ck_assert_ptr_nonnull(m);
		ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_MISC);
		ck_assert_int_eq(m->misc->union_case, SES__MISC__UNION_PERMISSION_INFO);
		ck_assert_int_eq(m->misc->permission_info->permission, denied[i]);
		ck_assert(!m->misc->permission_info->enabled);
		hws_ses_free(m);
	}
	ck_assert_str_eq(viewer_answer(&one), "");
}
END_TEST

/* The owner takes a right away while a session runs: the viewer is told, and what it sends then
 * arrives nowhere. */
START_TEST(a_right_that_is_taken_away_is_gone_from_running_sessions)
{
	char conf[300];
	const char *extra[] = { "--config", conf, NULL };
	Ses__Message *m;

	test_dir(host.dir, sizeof(host.dir));
	snprintf(conf, sizeof(conf), "%s/host.conf", host.dir);
	test_write_file("", "%s", conf);
	host_start(&host, extra);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	test_write_file("[permissions]\nenable-keyboard = no\n", "%s", conf);
	test_proc_signal(&host.proc, SIGHUP);
	test_proc_must_expect(&host.proc, "settings.reloaded", TEST_PATIENCE_MS);
	do {
		m = viewer_until(&one, SES__MESSAGE__UNION_MISC);
		ck_assert_msg(m != NULL, "%s", host.proc.log);
		if (m->misc->union_case == SES__MISC__UNION_PERMISSION_INFO &&
				m->misc->permission_info->permission ==
						SES__PERMISSION_INFO__PERMISSION__Keyboard)
			break;
		hws_ses_free(m);
	} while (true);
	ck_assert(!m->misc->permission_info->enabled);
	hws_ses_free(m);
	send_mouse(&one);
	test_proc_must_expect(&host.proc, "why=permission", TEST_PATIENCE_MS);
	/* and once more nothing has changed: nobody is told */
	test_proc_signal(&host.proc, SIGHUP);
	test_proc_must_expect(&host.proc, "settings.reloaded", TEST_PATIENCE_MS);
}
END_TEST

START_TEST(wrong_passwords_are_counted_and_the_connection_stays)
{
	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, "wrong"), "Wrong Password");
	for (int i = 0; i < 6; i++) {
		viewer_login(&one, "wrong again");
		ck_assert_str_eq(viewer_answer(&one), "Wrong Password");
	}
	viewer_login(&one, host.password);
	ck_assert_str_eq(viewer_answer(&one), "Please try 1 minute later");
	ck_assert_str_eq(viewer_enter(&two, host.port, host.password), "Please try 1 minute later");
}
END_TEST

/* A viewer asks without a password first, and its user (or a program) may answer before that is
 * judged. */
START_TEST(a_login_that_comes_while_one_is_judged_has_its_turn)
{
	host_start(&host, NULL);
	ready(&host);
	viewer_connect(&one, host.port);
	viewer_hash(&one);
	viewer_login(&one, _i ? "wrong" : NULL);
	viewer_login(&one, host.password);
	if (_i)
		ck_assert_str_eq(viewer_answer(&one), "Wrong Password");
	ck_assert_str_eq(viewer_answer(&one), "");
	/* Once let in, further ones mean nothing. */
	viewer_login(&one, "wrong");
	send_mouse(&one);
	ck_assert_str_eq(viewer_chat_answer(&one), "mouse");
}
END_TEST

START_TEST(a_login_that_waited_means_nothing_once_one_was_granted)
{
	host_start(&host, NULL);
	ready(&host);
	viewer_connect(&one, host.port);
	viewer_hash(&one);
	viewer_login(&one, host.password);
	viewer_login(&one, "wrong");
	ck_assert_str_eq(viewer_answer(&one), "");
	send_mouse(&one);
	ck_assert_str_eq(viewer_chat_answer(&one), "mouse");
}
END_TEST

START_TEST(the_temporary_password_changes_after_a_session)
{
	char used[32];

	host_start(&host, NULL);
	ready(&host);
	ck_assert_int_eq(hws_str_copy(used, sizeof(used), host.password), HWS_OK);
	ck_assert_str_eq(viewer_enter(&one, host.port, used), "");
	viewer_send_frame(&one, "\x9a\x01\x02\x4a\x00", 5); /* goodbye */
	ck_assert_str_eq(viewer_end(&one), "");
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
	ck_assert_str_ne(host_password(&host), used);
	ck_assert_str_eq(viewer_enter(&two, host.port, used), "Wrong Password");
	viewer_login(&two, host.password);
	ck_assert_str_eq(viewer_answer(&two), "");
}
END_TEST

START_TEST(a_lost_session_may_come_back_with_its_password)
{
	char used[32];

	host_start(&host, NULL);
	ready(&host);
	ck_assert_int_eq(hws_str_copy(used, sizeof(used), host.password), HWS_OK);
	ck_assert_str_eq(viewer_enter(&one, host.port, used), "");
	viewer_close(&one); /* without a goodbye */
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
	ck_assert_str_eq(viewer_enter(&one, host.port, used), "");
	two.session_id = 4712; /* another one does not */
	ck_assert_str_eq(viewer_enter(&two, host.port, used), "Wrong Password");
}
END_TEST

START_TEST(two_viewers_are_served_at_once)
{
	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	two.session_id = 9;
	ck_assert_str_eq(viewer_enter(&two, host.port, host.password), "");
	send_mouse(&one);
	viewer_send_frame(&two, "\x7a\x02\x08\x01", 4);
	ck_assert_str_eq(viewer_chat_answer(&one), "mouse");
	ck_assert_str_eq(viewer_chat_answer(&two), "key");
}
END_TEST

START_TEST(the_status_tells_what_is_switched_off)
{
	static const char *const extra[] = { "--verification-method", "use-permanent-password",
		"--no-sandbox", NULL };
	const char *argv[] = { HOST_PROGRAM, "status", "--state-dir", host.dir, NULL };
	char *out = NULL;

	host_start(&host, extra);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	ck_assert_ptr_nonnull(strstr(out, "not set: no password opens this host\n"));
	ck_assert_ptr_nonnull(strstr(out, "\nsandbox:   switched off"));
	ck_assert_ptr_null(strstr(out, "\nmissing:"));
	free(out);
}
END_TEST

/* Who, since when, how. */
START_TEST(the_status_names_who_is_connected)
{
	const char *argv[] = { HOST_PROGRAM, "status", "--state-dir", host.dir, NULL };
	char *out = NULL;
	const char *line;
	json_t *status, *session;

	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	host_until(&host, 1, "open");
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	line = strstr(out, "\nconnected: 1 ");
	ck_assert_msg(line, "%s", out);
	ck_assert_ptr_nonnull(strstr(line, "987654321"));
	ck_assert_ptr_nonnull(strstr(line, " at 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(line, " since 20"));
	ck_assert_ptr_nonnull(strstr(line, "controls, remote, direct, not encrypted\n"));
	free(out);
	status = host_status(&host);
	session = json_array_get(json_object_get(status, "sessions"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(session, "state")), "open");
	ck_assert(json_is_true(json_object_get(session, "controls")));
	json_decref(status);
	viewer_close(&one);
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	ck_assert_ptr_null(strstr(out, "\nconnected:"));
	free(out);
}
END_TEST

START_TEST(a_viewer_that_does_not_read_harms_nobody)
{
	const char *out;

	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	viewer_command(&one, "flood");
	two.session_id = 9;
	ck_assert_str_eq(viewer_enter(&two, host.port, host.password), "");
	send_mouse(&two);
	ck_assert_str_eq(viewer_chat_answer(&two), "mouse");
	ck_assert_int_eq(host_ask(&host, "status", "--json", &out), 0);
	/* and it is still fed when it reads again */
	for (int i = 0; i < 20; i++) {
		Ses__Message *m = viewer_until(&one, SES__MESSAGE__UNION_VIDEO_FRAME);

		ck_assert_ptr_nonnull(m);
		hws_ses_free(m);
	}
}
END_TEST

START_TEST(an_agent_that_crashes_is_replaced_and_the_session_told)
{
	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	viewer_command(&one, "crash");
	ck_assert_str_eq(viewer_end(&one), "The desktop session on the host was interrupted");
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	two.session_id = 9;
	ck_assert_str_eq(viewer_enter(&two, host.port, host_password(&host)), "");
}
END_TEST

/* As one that is stopped by a signal, or turns in a circle; one that works answers in between. */
START_TEST(an_agent_that_hangs_is_replaced_and_the_session_told)
{
	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	viewer_command(&one, "hang");
	test_proc_must_expect(&host.proc, "desktop.down", 60000);
	ck_assert_str_eq(viewer_end(&one), "The desktop session on the host was interrupted");
	test_proc_must_expect(&host.proc, "desktop.ready", 60000);
	two.session_id = 9;
	ck_assert_str_eq(viewer_enter(&two, host.port, host_password(&host)), "");
}
END_TEST

START_TEST(the_host_says_goodbye_and_is_the_same_after_a_restart)
{
	char id[64];
	const char *out;
	const char *set[] = { "/bin/sh", "-c", NULL, NULL };
	char line[1024], *told = NULL;

	host_start(&host, NULL);
	ready(&host);
	ck_assert_int_eq(host_ask(&host, "id", NULL, &out), 0);
	ck_assert_int_eq(hws_str_copy(id, sizeof(id), out), HWS_OK);
	/* by its socket alone, from where nothing is known of its folder */
	snprintf(line, sizeof(line),
			"XDG_STATE_HOME=/nonexistent STATE_DIRECTORY=/nonexistent "
			"%s id --control-socket %s/control.sock",
			HOST_PROGRAM, host.dir);
	set[2] = line;
	ck_assert_int_eq(test_run(set, NULL, &told), 0);
	told[strcspn(told, "\n")] = 0;
	ck_assert_str_eq(told, id);
	free(told);
	snprintf(line, sizeof(line),
			"printf 'permanent secret\\n' | %s password --state-dir %s "
			"--set-from-stdin",
			HOST_PROGRAM, host.dir);
	set[2] = line;
	ck_assert_int_eq(test_run(set, NULL, NULL), 0);
	ck_assert_str_eq(viewer_enter(&one, host.port, "permanent secret"), "");
	test_proc_signal(&host.proc, SIGTERM);
	const char *end = viewer_end(&one);
	ck_assert_msg(strstr(end, "restarted") && hws_retry_text_allows(end), "%s", end);
	ck_assert_int_eq(test_proc_wait(&host.proc, 10000), 0);
	host_stop(&host);
	host_start(&host, NULL);
	ready(&host);
	ck_assert_int_eq(host_ask(&host, "id", NULL, &out), 0);
	ck_assert_str_eq(out, id);
	ck_assert_str_eq(viewer_enter(&two, host.port, "permanent secret"), "");
}
END_TEST

START_TEST(a_kick_ends_the_session)
{
	const char *out;

	host_start(&host, NULL);
	ready(&host);
	ck_assert_str_eq(viewer_enter(&one, host.port, host.password), "");
	ck_assert_int_eq(host_ask(&host, "kick", "all", &out), 0);
	ck_assert_str_eq(viewer_end(&one), "Closed manually by the peer");
}
END_TEST

/* A second session that was cut off on purpose would let the same person in again, by the old
 * password. */
START_TEST(who_was_kicked_has_no_other_session_to_come_back_with)
{
	char used[sizeof(host.password)];
	const char *out;

	host_start(&host, NULL);
	ready(&host);
	ck_assert_int_eq(hws_str_copy(used, sizeof(used), host.password), 0);
	one.session_id = 71;
	two.session_id = 72;
	ck_assert_str_eq(viewer_enter(&one, host.port, used), "");
	ck_assert_str_eq(viewer_enter(&two, host.port, used), "");
	viewer_close(&two);
	for (unsigned i = 0; i < 1000 && strcmp(host_password(&host), used) == 0; i++)
		usleep(20000); /* until the host knows: then the password is another one */
	ck_assert_str_ne(host.password, used);
	if (_i == 0) {
		ck_assert_int_eq(host_ask(&host, "kick", "all", &out), 0);
		ck_assert_str_eq(viewer_end(&one), "Closed manually by the peer");
		ck_assert_str_eq(viewer_enter(&two, host.port, used), "Wrong Password");
	} else {
		ck_assert_str_eq(viewer_enter(&two, host.port, used), "");
	}
}
END_TEST

/* Bytes of a file below /proc, NUL replaced. */
static size_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		n = 0;
	buf[n] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	return (size_t)n;
}

/* Command lines and environments of all processes below the host. */
static unsigned search_processes(pid_t parent, const char *secret)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	char path[300], buf[65536], key[64];
	unsigned children = 0;

	ck_assert_ptr_nonnull(d);
	snprintf(key, sizeof(key), "PPid:\t%d\n", (int)parent);
	while ((e = readdir(d))) {
		uint32_t pid;

		if (hws_parse_u32(e->d_name, &pid) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/status", pid);
		slurp(path, buf, sizeof(buf));
		if (pid != (uint32_t)parent && !strstr(buf, key))
			continue;
		children += pid != (uint32_t)parent;
		snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
		slurp(path, buf, sizeof(buf));
		ck_assert_msg(!strstr(buf, secret), "a secret stands in a command line");
		snprintf(path, sizeof(path), "/proc/%u/environ", pid);
		slurp(path, buf, sizeof(buf));
		ck_assert_msg(!strstr(buf, secret), "a secret stands in an environment");
	}
	closedir(d);
	return children;
}

START_TEST(secrets_stand_in_no_command_line_environment_or_log)
{
	static const char *const extra[] = { "--log-level", "debug", NULL };
	char secret[32];

	host_start(&host, extra);
	ready(&host);
	ck_assert_int_eq(hws_str_copy(secret, sizeof(secret), host.password), HWS_OK);
	ck_assert_str_eq(viewer_enter(&one, host.port, "wrong-guess-42"), "Wrong Password");
	viewer_login(&one, secret);
	ck_assert_str_eq(viewer_answer(&one), "");
	/* a gate, the agent and the launcher */
	ck_assert_uint_eq(search_processes(host.proc.pid, secret), 3);
	viewer_close(&one);
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
	ck_assert_ptr_null(strstr(host.proc.log, secret));
	ck_assert_ptr_null(strstr(host.proc.log, "wrong-guess-42"));
}
END_TEST

START_TEST(the_gate_has_only_its_own_descriptors_and_a_filter)
{
	static const char *const extra[] = { NULL };
	char path[300], buf[8192];
	DIR *d;
	const struct dirent *e;
	pid_t gate = 0;
	unsigned fds = 0;

	host_start(&host, extra);
	ready(&host);
	viewer_connect(&one, host.port);
	viewer_hash(&one);
	test_proc_must_expect(&host.proc, "connection.accepted", 10000);
	if (strstr(host.proc.log, "gate.no_sandbox")) /* built with a sanitizer */
		return;
	d = opendir("/proc");
	while ((e = readdir(d))) {
		uint32_t pid;

		if (hws_parse_u32(e->d_name, &pid) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
		slurp(path, buf, sizeof(buf));
		if (!strstr(buf, "hawser-host gate"))
			continue;
		snprintf(path, sizeof(path), "/proc/%u/status", pid);
		slurp(path, buf, sizeof(buf));
		snprintf(path, sizeof(path), "PPid:\t%d\n", (int)host.proc.pid);
		if (!strstr(buf, path))
			continue;
		gate = (pid_t)pid;
		ck_assert_ptr_nonnull(strstr(buf, "NoNewPrivs:\t1"));
		ck_assert_ptr_nonnull(strstr(buf, "Seccomp:\t2"));
		if (geteuid() == 0) /* root gives itself up before it meets the network */
			ck_assert_ptr_null(strstr(buf, "Uid:\t0"));
	}
	closedir(d);
	ck_assert_int_gt(gate, 0);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)gate);
	d = opendir(path);
	if (!d) /* not dumpable: only root may look */
		return;
	while ((e = readdir(d)))
		fds += e->d_name[0] != '.';
	closedir(d);
	ck_assert_uint_le(fds, 10); /* std 3, link, socket, and the 5 of a loop */
}
END_TEST

static Suite *host_suite(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("host");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_right_password_opens_a_session_that_carries_both_ways);
	tcase_add_test(t, what_the_owner_denies_is_denied_from_the_start);
	tcase_add_test(t, a_right_that_is_taken_away_is_gone_from_running_sessions);
	tcase_add_test(t, wrong_passwords_are_counted_and_the_connection_stays);
	tcase_add_loop_test(t, a_login_that_comes_while_one_is_judged_has_its_turn, 0, 2);
	tcase_add_test(t, a_login_that_waited_means_nothing_once_one_was_granted);
	tcase_add_test(t, the_temporary_password_changes_after_a_session);
	tcase_add_test(t, a_lost_session_may_come_back_with_its_password);
	tcase_add_test(t, two_viewers_are_served_at_once);
	tcase_add_test(t, the_status_names_who_is_connected);
	tcase_add_test(t, the_status_tells_what_is_switched_off);
	tcase_add_test(t, a_viewer_that_does_not_read_harms_nobody);
	tcase_add_test(t, an_agent_that_crashes_is_replaced_and_the_session_told);
	tcase_add_test(t, an_agent_that_hangs_is_replaced_and_the_session_told);
	tcase_add_test(t, the_host_says_goodbye_and_is_the_same_after_a_restart);
	tcase_add_test(t, a_kick_ends_the_session);
	tcase_add_loop_test(t, who_was_kicked_has_no_other_session_to_come_back_with, 0, 2);
	tcase_add_test(t, secrets_stand_in_no_command_line_environment_or_log);
	tcase_add_test(t, the_gate_has_only_its_own_descriptors_and_a_filter);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(host_suite());
	int failed;

	srunner_add_suite(r, host_errors_suite());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
