/* The real hawser-host on displays of all kinds: what it cannot show is refused with the reason,
 * what comes back is served again. */
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_host host;
static struct test_viewer viewer;
static struct test_xvfb x;
static struct test_proc compositor, xwayland;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	memset(&x, 0, sizeof(x));
}

static void teardown(void)
{
	viewer_close(&viewer);
	host_stop(&host);
	test_xvfb_stop(&x);
}

static void start(const char *display, const char *news)
{
	const char *const extra[] = { "--display", display, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, news, 15000);
}

static const char *enter(void)
{
	return viewer_enter(&viewer, host.port, host_password(&host));
}

START_TEST(a_host_name_that_is_no_text_stops_no_login)
{
	Ses__Message *m;

	/* of this test alone: no other process sees it */
	ck_assert_int_eq(unshare(CLONE_NEWUTS), 0);
	ck_assert_int_eq(sethostname("b\xfcro\x80", 5), 0);
	test_xvfb_start(&x, 320, 240);
	start(x.display, "desktop.ready");
	viewer_connect(&viewer, host.port);
	viewer_hash(&viewer);
	viewer_login(&viewer, host_password(&host));
	m = viewer_until(&viewer, SES__MESSAGE__UNION_LOGIN_RESPONSE);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->login_response->union_case, SES__LOGIN_RESPONSE__UNION_PEER_INFO);
	ck_assert_str_eq(m->login_response->peer_info->hostname, "b\\xfcro\\x80");
	hws_ses_free(m);
}
END_TEST

/* The first value of a variable in the agent's environment; NULL: it has none. */
static const char *agent_variable(const char *name)
{
	static char env[65536];
	char path[64], line[64] = "", *second;
	size_t len, n = strlen(name);
	uint32_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)host.proc.pid,
			(int)host.proc.pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	/* the second child: the launcher was there before */
	second = line + strcspn(line, " ");
	second += strspn(second, " ");
	second[strcspn(second, " \n")] = 0;
	ck_assert_int_eq(hws_parse_u32(second, &pid), HWS_OK);
	snprintf(path, sizeof(path), "/proc/%u/environ", pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	len = fread(env, 1, sizeof(env) - 1, f);
	env[len] = 0;
	fclose(f);
	ck_assert_uint_gt(len, 0);
	for (char *e = env; e < env + len; e += strlen(e) + 1)
		if (strncmp(e, name, n) == 0 && e[n] == '=')
			return e + n + 1;
	return NULL;
}

START_TEST(the_desktop_user_gets_no_files_of_root)
{
	char dir[256], file[300];
	const char *extra[] = { "--display", NULL, "--desktop-user", "nobody", NULL };
	int fd;

	if (geteuid() != 0)
		return; /* nobody else can become another account */
	test_xvfb_start(&x, 320, 240);
	extra[1] = x.display;
	snprintf(file, sizeof(file), "%s/cookies", test_dir(dir, sizeof(dir)));
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	if (_i) { /* but what that account may read was meant for it */
		ck_assert_int_eq(chmod(dir, 0755), 0);
		ck_assert_int_eq(chmod(file, 0644), 0);
	}
	setenv("XAUTHORITY", file, 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus", 1);
	setenv("LOGNAME", "root", 1);
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 15000);
	ck_assert_ptr_null(agent_variable("DBUS_SESSION_BUS_ADDRESS"));
	ck_assert_ptr_null(agent_variable("XDG_RUNTIME_DIR"));
	ck_assert_str_eq(agent_variable("USER"), "nobody");
	ck_assert_str_eq(agent_variable("LOGNAME"), "nobody");
	if (_i)
		ck_assert_str_eq(agent_variable("XAUTHORITY"), file);
	else
		ck_assert_ptr_null(agent_variable("XAUTHORITY"));
	ck_assert_str_eq(agent_variable("DISPLAY"), x.display);
}
END_TEST

/* The real Xwayland on a compositor that shows nothing. */
static void start_xwayland(char *display, size_t size)
{
	const char *const shell[] = { COMPOSITOR_PROGRAM, NULL };
	const char *const server[] = { "/usr/bin/Xwayland", "-rootless", "-shm", "-noreset", "-ac",
		"-displayfd", "1", NULL };
	static char dir[256], run[300], socket[100];
	const char *env[] = { run, socket, NULL };
	const char *at;

	snprintf(run, sizeof(run), "XDG_RUNTIME_DIR=%s", test_dir(dir, sizeof(dir)));
	snprintf(socket, sizeof(socket), "HAWSER_TEST=1");
	test_proc_start(&compositor, shell, env);
	at = test_proc_must_expect(&compositor, "socket ", 15000);
	snprintf(socket, sizeof(socket), "WAYLAND_DISPLAY=%.*s", (int)strcspn(at + 7, "\n"),
			at + 7);
	test_proc_start(&xwayland, server, env);
	for (;;) { /* the keyboard compiler may complain before the number */
		const char *end = test_proc_must_expect(&xwayland, "\n", 20000), *from = end;

		while (from > xwayland.log && from[-1] != '\n')
			from--;
		if (from < end && strspn(from, "0123456789") == (size_t)(end - from)) {
			snprintf(display, size, ":%.*s", (int)(end - from), from);
			return;
		}
	}
}

START_TEST(a_wayland_desktop_is_refused_with_the_way_out)
{
	char display[16];

	start_xwayland(display, sizeof(display));
	start(display, "desktop.down");
	const char *text = enter();
	ck_assert_msg(strstr(text, "Wayland") && strstr(text, "X11"), "%s", text);
	/* It will not become another desktop while the viewer waits: no words that make it try
	 * again. */
	ck_assert_ptr_null(strstr(text, "at the moment"));
	ck_assert_ptr_null(strstr(host.proc.log, "desktop.ready"));
	test_proc_stop(&xwayland);
	test_proc_stop(&compositor);
}
END_TEST

START_TEST(a_palette_of_colours_is_refused_with_the_reason)
{
	test_xvfb_start_depth(&x, 320, 240, 8);
	start(x.display, "desktop.down");
	const char *text = enter();
	ck_assert_msg(strstr(text, "8 bits") && strstr(text, "24"), "%s", text);
}
END_TEST

START_TEST(a_screen_too_wide_for_encoders_is_refused_with_the_reason)
{
	test_xvfb_start(&x, 16385, 64);
	start(x.display, "desktop.");
	const char *text = enter();
	ck_assert_msg(strstr(text, "16385") && strstr(text, "16384"), "%s", text);
	ck_assert_ptr_null(strstr(host.proc.log, "video.capture_failed"));
}
END_TEST

START_TEST(without_a_display_viewers_read_what_is_missing)
{
	start(":987", "desktop.down");
	const char *text = enter();
	ck_assert_msg(strstr(text, "no usable display at the moment"), "%s", text);
	ck_assert_msg(strstr(text, ":987"), "%s", text);
	char *status = NULL;
	const char *argv[] = { HOST_PROGRAM, "status", "--state-dir", host.dir, NULL };
	ck_assert_int_eq(test_run(argv, NULL, &status), 0);
	ck_assert_msg(strstr(status, "\":987\""), "%s", status); /* without escapes of the log */
	free(status);
}
END_TEST

START_TEST(a_display_that_comes_back_is_served_and_the_reason_until_then_is_transient)
{
	test_xvfb_start_own(&x, 320, 240);
	start(x.display, "desktop.ready");
	ck_assert_str_eq(enter(), "");
	test_xvfb_kill(&x);
	const char *end = viewer_end(&viewer);
	ck_assert_msg(strstr(end, "interrupted"), "%s", end);
	const char *text = enter();
	ck_assert_msg(strncmp(text, "The host has no usable display at the moment", 44) == 0, "%s",
			text);
	/* No word in it that makes deployed viewers give up. */
	static const char *const final[] = { "offline", "not exist", "handshake", "failed",
		"resolve", "mismatch", "manually", "restricted", "incoming only", "not allowed" };
	for (size_t i = 0; i < HWS_COUNT(final); i++)
		ck_assert_msg(!strcasestr(text, final[i]), "%s", text);
	test_xvfb_again(&x, 400, 300);
	test_proc_must_expect(&host.proc, "desktop.ready", 30000);
	ck_assert_str_eq(enter(), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/x11");
	TCase *t = test_case(s, "x11", 90,
			TESTS(a_host_name_that_is_no_text_stops_no_login,
					a_wayland_desktop_is_refused_with_the_way_out,
					a_palette_of_colours_is_refused_with_the_reason,
					a_screen_too_wide_for_encoders_is_refused_with_the_reason,
					without_a_display_viewers_read_what_is_missing));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_desktop_user_gets_no_files_of_root, 0, 2);
	tcase_add_test(t,
			a_display_that_comes_back_is_served_and_the_reason_until_then_is_transient);
	return test_suite_run(s);
}
