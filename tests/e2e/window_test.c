/* The windows of the desktop program: which keys they leave to the host, what they say and to whom,
 * how they end. Driven by X events; looked at by pixels and as a screen reader does. */
#include "tests/e2e/eyes.h"
#include "tests/e2e/similarity.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_stack stack;
static struct test_desk desk;

static void set_password(void)
{
	char line[700];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line),
			"echo a-fixed-password | '%s' password --set-from-stdin --state-dir "
			"'%s/host'",
			test_bin("client/host/hawser-host"), stack.dir);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
	/* in the desk's environment, as for scripts */
	for (unsigned n = 0;; n++) {
		if (desk.env[n])
			continue;
		desk.env[n] = "HAWSER_PASSWORD=a-fixed-password";
		desk.env[n + 1] = NULL;
		return;
	}
}

/* A direct session to a host with a terminal and xev, let in and seen. */
static void start_session(unsigned desk_flags)
{
	test_stack_start(&stack, STACK_TERMINAL | STACK_XEV);
	test_desk_start(&desk, &stack, desk_flags);
	if (desk_flags & DESK_EYES)
		test_eyes_open(&desk);
	set_password();
	test_desk_run(&desk, (const char *const[]){ "connect", stack.target, NULL });
	test_desk_window(&desk, stack.target);
	test_proc_must_expect(&stack.host, "session.open", DESK_SHOW_MS);
	for (unsigned i = 0; i < 3 && !test_desk_sees_terminal(&desk); i++)
		sleep(1);
	ck_assert(test_desk_sees_terminal(&desk));
}

static void stop_all(void)
{
	test_desk_stop(&desk);
	test_stack_stop(&stack);
}

/* --- keys ------------------------------------------------------------------------------------- */

static const struct {
	const char *key, *sym; /* as xdotool names the combination, as xev the last key of it */
} keys[] = {
	{ "F10", "F10" },
	{ "shift+F10", "F10" },
	{ "Menu", "Menu" },
	{ "Tab", "Tab" },
	{ "shift+Tab", "ISO_Left_Tab" },
	{ "ctrl+Tab", "Tab" },
	{ "Escape", "Escape" },
	{ "F6", "F6" },
	{ "F1", "F1" },
	{ "F11", "F11" },
	{ "alt+f", "f" },
	{ "alt+b", "b" },
	{ "alt+space", "space" },
	{ "ctrl+q", "q" },
	{ "ctrl+w", "w" },
	{ "ctrl+Page_Up", "Prior" },
	{ "ctrl+shift+i", "I" },
	{ "ctrl+shift+d", "D" },
	{ "Return", "Return" },
	{ "space", "space" },
	{ "Left", "Left" },
	{ "Down", "Down" },
	{ "Home", "Home" },
	{ "alt+F4", "F4" },
	{ "F10", "F10" },
};

/* Waits until xev at the host tells of this key. */
static void must_press(const char *key, const char *sym)
{
	char want[60];

	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", key), 0);
	snprintf(want, sizeof(want), ", %s), same_screen", sym);
	ck_assert_msg(test_proc_expect(&stack.xev, want, DESK_SHOW_MS) != NULL,
			"%s did not come to the host", key);
	ck_assert_ptr_nonnull(test_proc_expect(&stack.xev, "KeyRelease", DESK_SHOW_MS));
}

static void point_at_xev(void)
{
	/* the window is as large as the screen, the picture a little smaller than it */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "920", "300", "click", "1"), 0);
	test_proc_must_expect(&stack.xev, "ButtonRelease", DESK_SHOW_MS);
}

START_TEST(every_key_goes_to_the_host)
{
	start_session(0);
	point_at_xev();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		must_press(keys[i].key, keys[i].sym);
	/* and the window is as it was */
	ck_assert(test_desk_sees_terminal(&desk));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+b"), 0);
	ck_assert_int_eq(
			TEST_DESK_DO(&desk, "key", "--delay", "200", "Right", "Left", "Escape"), 0);
	must_press("z", "z");
}
END_TEST

/* What a button, or a list that was opened, took of the focus goes back to the picture. */
START_TEST(the_keyboard_comes_back_after_the_tools)
{
	start_session(DESK_EYES | DESK_MANAGER);
	point_at_xev();
	ck_assert(test_eyes_wait(NULL, "Grab the keyboard"));
	ck_assert(!test_eyes_pressed("Grab the keyboard"));
	ck_assert(!test_eyes_pressed("Actual size"));
	/* "Actual size" is the second button, the list of qualities behind the fifth */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "66", "25", "click", "1"), 0);
	must_press("k", "k");
	ck_assert(test_eyes_pressed("Actual size"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "345", "25", "click", "1"), 0);
	ck_assert(test_eyes_wait(NULL, "Best picture"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Escape"), 0);
	point_at_xev();
	must_press("l", "l");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+g"), 0);
	must_press("m", "m");
	ck_assert(test_eyes_pressed("Grab the keyboard"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+g"), 0);
	must_press("n", "n");
	ck_assert(!test_eyes_pressed("Grab the keyboard"));
}
END_TEST

/* --- messages --- */

/* On this desktop nobody can be shown what a viewer writes: the window says so, in words. */
START_TEST(people_write_to_each_other)
{
	char dir[300];
	const char *argv[] = { test_bin("client/host/hawser-host"), "chat", "--state-dir", dir,
		"may I help?", NULL };

	start_session(DESK_EYES | DESK_MANAGER);
	snprintf(dir, sizeof(dir), "%s/host", stack.dir);
	point_at_xev();
	ck_assert(!test_eyes_see(NULL, "Close the messages"));
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
	ck_assert(test_eyes_wait(NULL, "Close the messages"));
	must_press("y", "y"); /* the keyboard is still the host's */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+m"), 0); /* closes it */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+m"), 0); /* and is written into */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "type", "--delay", "30", "yes please"), 0);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Return"), 0);
	ck_assert(test_eyes_wait(NULL, "(not delivered: nobody reads messages there)"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Escape"), 0); /* back to the picture */
	/* which is smaller by the line of the notice, once the window has laid itself out: until
	 * then the pointer lies elsewhere on the host */
	bool came = false;
	for (int again = 0; !came && again < 40; again++) {
		ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", again % 2 ? "881" : "880", "240"),
				0);
		ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "z"), 0);
		came = test_proc_expect(&stack.xev, ", z), same_screen", 2000) != NULL;
	}
	ck_assert(came);
}
END_TEST

/* --- pages ------------------------------------------------------------------------------------ */

static bool has_ended(void *arg)
{
	(void)arg;
	return test_proc_wait(&desk.program, 1) >= 0;
}

static void start_without_host(void)
{
	char target[32];

	test_stack_start(&stack, STACK_NO_HOST);
	test_desk_start(&desk, &stack, DESK_EYES);
	test_eyes_open(&desk);
	snprintf(target, sizeof(target), "127.0.0.1:%u", test_free_port());
	test_desk_run(&desk, (const char *const[]){ "connect", target, NULL });
	test_desk_window(&desk, target);
}

START_TEST(a_connection_that_failed_says_so_and_obeys_the_keyboard)
{
	start_without_host();
	ck_assert(test_eyes_wait("label", "Cannot connect"));
	ck_assert(!test_eyes_see(NULL, "The session has ended"));
	ck_assert(test_eyes_see("push button", "Connect again"));
	/* Enter tries again, and comes back to the same page */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Return"), 0);
	ck_assert(test_eyes_wait("label", "Cannot connect"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Escape"), 0);
	ck_assert_msg(test_until(has_ended, NULL, DESK_SHOW_MS), "Escape does not close it");
}
END_TEST

START_TEST(a_session_that_ended_says_so_and_nothing_old)
{
	char *all, dir[300];
	const char *kick[] = { test_bin("client/host/hawser-host"), "kick", "--state-dir", dir, "1",
		NULL };
	unsigned unnamed;

	start_session(DESK_EYES);
	snprintf(dir, sizeof(dir), "%s/host", stack.dir);
	for (unsigned i = 0; i < 100; i++) { /* the line of figures comes every second */
		all = test_eyes_all(&unnamed);
		bool told = strstr(all, "frames/s") != NULL;
		free(all);
		if (told)
			break;
		usleep(100000);
	}
	/* by the person there: a host that only stops is waited for */
	ck_assert_int_eq(test_run(kick, stack.envp, NULL), 0);
	ck_assert(test_eyes_wait("label", "The session has ended"));
	all = test_eyes_all(&unnamed);
	ck_assert_msg(!strstr(all, "ENCRYPTED") && !strstr(all, "frames/s"), "%s", all);
	free(all);
	/* what is tried again is a connection, no session */
	test_proc_stop(&stack.host);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Return"), 0);
	ck_assert(test_eyes_wait("label", "Cannot connect"));
}
END_TEST

static void all_must_be_named(const char *where)
{
	unsigned unnamed;
	char *all = test_eyes_all(&unnamed);

	ck_assert_msg(strlen(all) > 100, "nothing is seen of the %s: %s", where, all);
	ck_assert_msg(unnamed == 0, "%u controls without a name in the %s:\n%s", unnamed, where,
			all);
	free(all);
}

/* Names as in the list; what stands in them for the server is for programs. */
START_TEST(a_recent_computer_is_there_once_and_without_keys)
{
	static const char script[] =
			"d=$XDG_CONFIG_HOME/hawser; mkdir -p -m 700 $d; umask 077; "
			"echo 'server = id.example.com' > $d/hawser.conf; "
			"echo '{\"peers\":[{\"target\":\"112677908@other.example?key=abcdefgh\","
			"\"last_time\":3},"
			"{\"target\":\"112677908\",\"last_time\":2},"
			"{\"target\":\"112677908@id.example.com?key=abcdefgh\","
			"\"last_time\":1}]}' > "
			"$d/peers.json";
	unsigned unnamed;
	char *all;

	test_stack_start(&stack, STACK_NO_HOST);
	test_desk_start(&desk, &stack, DESK_EYES);
	test_eyes_open(&desk);
	ck_assert_int_eq(test_run((const char *const[]){ "/bin/sh", "-c", script, NULL }, desk.env,
					 NULL),
			0);
	test_desk_run(&desk, (const char *const[]){ NULL });
	ck_assert(test_eyes_wait(NULL, "112677908"));
	ck_assert(test_eyes_wait(NULL, "112677908@other.example"));
	all = test_eyes_all(&unnamed);
	ck_assert_msg(!strstr(all, "id.example.com?") && !strstr(all, "112677908@id") &&
					!strstr(all, "key="),
			"%s", all);
	free(all);
}
END_TEST

START_TEST(every_control_has_a_name)
{
	start_session(DESK_EYES);
	ck_assert(test_eyes_wait(NULL, "Remote desktop"));
	all_must_be_named("session");
	ck_assert(test_eyes_see("push button", "Ctrl+Alt+Del"));
	ck_assert(test_eyes_see("push button", "Disconnect"));
	test_proc_stop(&desk.program);
	test_desk_run(&desk, (const char *const[]){ NULL });
	ck_assert(test_eyes_wait("push button", "Connect"));
	all_must_be_named("main window");
	test_proc_stop(&desk.program);
	for (unsigned n = 0; desk.env[n]; n++)
		if (strncmp(desk.env[n], "HAWSER_PASSWORD", 15) == 0)
			desk.env[n] = NULL;
	test_desk_run(&desk, (const char *const[]){ "connect", stack.target, NULL });
	ck_assert(test_eyes_wait("push button", "Log in"));
	all_must_be_named("password page");
}
END_TEST

/* --- at the host ---------------------------------------------------------------------------- */

static struct test_proc viewer;

static bool is_denied(void *arg)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "permit", "--state-dir", arg,
		"1", NULL };
	char *out = NULL;
	bool off = test_run(argv, stack.envp, &out) == 0 && strstr(out, "keyboard=off");

	free(out);
	return off;
}

static bool viewer_ended(void *arg)
{
	(void)arg;
	return test_proc_wait(&viewer, 1) >= 0;
}

static bool shows_nobody(void *arg)
{
	(void)arg;
	return !test_eyes_see(NULL, "Connected to this computer");
}

static bool rings(void *arg)
{
	(void)arg;
	return test_eyes_see(NULL, "Rings: wants to talk to you");
}

static bool does_not_ring(void *arg)
{
	return !rings(arg);
}

/* No notification is shown here: the caller knows, and the window is where the person learns it. */
static void decline_the_call(void)
{
	test_proc_must_expect(&viewer, "No notification can be shown", DESK_SHOW_MS);
	ck_assert_msg(test_until(rings, NULL, DESK_SHOW_MS), "nothing says that it rings");
	ck_assert(test_eyes_see(NULL, "Answer"));
	test_eyes_tab_to(&desk, "Decline");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
	test_proc_must_expect(&viewer, "the host declined the call", DESK_SHOW_MS);
	ck_assert_msg(test_until(does_not_ring, NULL, DESK_SHOW_MS), "it rings for ever");
}

/* The window of the host's own person shows who is there, takes what they may, and ends it. */
START_TEST(who_is_connected_is_shown_and_can_be_sent_away)
{
	static char host_dir[340], dir[300];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", NULL, "--headless",
		"--no-retry", "--stats", "--call", NULL };
	const char *env[16];
	size_t n = 0;

	memset(&viewer, 0, sizeof(viewer));
	test_stack_start(&stack, 0);
	test_desk_start(&desk, &stack, DESK_EYES);
	test_eyes_open(&desk);
	set_password();
	for (; stack.envp[n] && n < 14; n++)
		env[n] = stack.envp[n];
	env[n++] = "HAWSER_PASSWORD=a-fixed-password";
	env[n] = NULL;
	argv[2] = stack.target;
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&stack.host, "session.open", DESK_SHOW_MS);
	snprintf(dir, sizeof(dir), "%s/host", stack.dir);
	snprintf(host_dir, sizeof(host_dir), "HAWSER_HOST_STATE_DIR=%s", dir);
	for (n = 0; desk.env[n];)
		n++;
	desk.env[n++] = host_dir;
	desk.env[n] = NULL;
	test_desk_run(&desk, (const char *const[]){ NULL });
	test_desk_window(&desk, "Hawser");
	ck_assert(test_eyes_wait(NULL, "Connected to this computer"));
	decline_the_call();
	ck_assert(test_eyes_pressed("Keyboard and mouse"));
	test_eyes_tab_to(&desk, "Keyboard and mouse");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
	ck_assert_msg(test_until(is_denied, dir, DESK_SHOW_MS), "it is still permitted");
	ck_assert(test_eyes_pressed("Recording"));
	test_eyes_tab_to(&desk, "End it");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
	ck_assert_msg(test_until(viewer_ended, NULL, DESK_SHOW_MS), "the viewer stays");
	ck_assert_msg(test_until(shows_nobody, NULL, DESK_SHOW_MS), "who has gone is shown");
	test_proc_stop(&viewer);
}
END_TEST

/* --- full screen ------------------------------------------------------------------------------ */

static bool is_white(int x, int y)
{
	uint8_t p[3];

	test_desk_pixel(&desk, x, y, p);
	return p[0] > 200 && p[1] > 200 && p[2] > 200;
}

static bool fills_screen(void *arg)
{
	(void)arg;
	return !is_white(0, 450) && !is_white(1399, 450) && !is_white(700, 899) && !is_white(2, 2);
}

static bool has_bar(void *arg)
{
	(void)arg;
	return is_white(700, 4);
}

static bool has_no_bar(void *arg)
{
	return !has_bar(arg);
}

START_TEST(full_screen_has_no_frame_and_its_bar_comes_at_the_edge)
{
	start_session(DESK_MANAGER);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "700", "500"), 0);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+Return"), 0);
	ck_assert_msg(test_until(fills_screen, NULL, DESK_SHOW_MS), "a frame is left");
	for (unsigned i = 0; i < 3; i++) {
		/* as fast as a pointer can be: one step */
		ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "700", "0"), 0);
		ck_assert_msg(test_until(has_bar, NULL, DESK_SHOW_MS), "no bar, try %u", i);
		ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "700", "500"), 0);
		ck_assert_msg(test_until(has_no_bar, NULL, DESK_SHOW_MS), "the bar stays");
	}
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+b"), 0);
	ck_assert_msg(test_until(has_bar, NULL, DESK_SHOW_MS), "no bar by the keyboard");
}
END_TEST

/* --- the picture as a file -------------------------------------------------------------------- */

START_TEST(a_screenshot_is_the_picture_as_it_came)
{
	char path[300], host[300];
	const char *look[] = { "/usr/bin/import", "-silent", "-window", "root", host, NULL };
	unsigned w, h, host_w, host_h;
	struct stat st;
	uint8_t *a, *b;

	test_stack_start(&stack, STACK_TERMINAL);
	test_desk_start(&desk, &stack, 0);
	set_password();
	snprintf(path, sizeof(path), "%s/shot.png", stack.dir);
	snprintf(host, sizeof(host), "%s/host.png", stack.dir);
	test_desk_run(&desk,
			(const char *const[]){ "connect", stack.target, "--seconds", "8",
					"--screenshot", path, NULL });
	ck_assert_int_eq(test_proc_wait(&desk.program, 60000), 0);
	ck_assert_int_eq(test_run(look, stack.envp, NULL), 0);
	a = test_png_luma(path, &w, &h);
	b = test_png_luma(host, &host_w, &host_h);
	ck_assert_msg(w == host_w && h == host_h, "%ux%u, not %ux%u", w, h, host_w, host_h);
	ck_assert(test_luma_similarity(a, b, w, h) > 0.95);
	free(a);
	free(b);
	test_proc_stop(&desk.program);
	/* a device stays one, and a full one is no success */
	test_desk_run(&desk,
			(const char *const[]){ "connect", stack.target, "--seconds", "6",
					"--screenshot", "/dev/full", NULL });
	ck_assert_int_eq(test_proc_wait(&desk.program, 60000), 1);
	ck_assert_ptr_nonnull(strstr(desk.program.log, "/dev/full: No space left"));
	ck_assert_int_eq(lstat("/dev/full", &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

static const struct {
	const char *args[6], *text;
} mistakes[] = {
	{ { "connect", NULL }, "which host?" },
	{ { "connect", "", NULL }, "which host?" },
	{ { "connect", "x", "--screenshot", "", NULL }, "--screenshot is empty" },
	{ { "connect", "x", "--server", "", NULL }, "--server is empty" },
	{ { "connect", "x", "--screenshot", "a.png", NULL }, "needs --seconds" },
	{ { "connect", "x", "--seconds", "0", NULL }, "from 1" },
	{ { "connect", "x", "--password-file", "/dev/null", NULL }, "not a regular file" },
	{ { "connect", "x", "--password-file", "/nonexistent", NULL }, "/nonexistent" },
};

START_TEST(mistakes_in_the_command_line_end_at_once)
{
	const char *argv[8] = { test_bin("client/gtk/hawser-desktop") };
	char *out = NULL;

	for (unsigned i = 0; mistakes[_i].args[i]; i++)
		argv[i + 1] = mistakes[_i].args[i];
	ck_assert_int_eq(test_run(argv, NULL, &out), 2);
	ck_assert_msg(strstr(out, mistakes[_i].text) != NULL, "%s", out);
	free(out);
}
END_TEST

/* Each in a case of its own name: CK_RUN_CASE runs it alone. */
#define ADD(suite, test, count)                                                                    \
	do {                                                                                       \
		TCase *tc = tcase_create(#test);                                                   \
		tcase_set_timeout(tc, 240);                                                        \
		tcase_add_checked_fixture(tc, NULL, stop_all);                                     \
		tcase_add_loop_test(tc, test, 0, (int)(count));                                    \
		suite_add_tcase(suite, tc);                                                        \
	} while (0)

static void add_sessions(Suite *suite)
{
	ADD(suite, every_key_goes_to_the_host, 1);
	ADD(suite, the_keyboard_comes_back_after_the_tools, 1);
	ADD(suite, people_write_to_each_other, 1);
	ADD(suite, a_connection_that_failed_says_so_and_obeys_the_keyboard, 1);
	ADD(suite, a_session_that_ended_says_so_and_nothing_old, 1);
	ADD(suite, a_recent_computer_is_there_once_and_without_keys, 1);
}

int main(void)
{
	Suite *suite = suite_create("e2e/window");
	SRunner *runner;
	int failed;

	add_sessions(suite);
	ADD(suite, every_control_has_a_name, 1);
	ADD(suite, who_is_connected_is_shown_and_can_be_sent_away, 1);
	ADD(suite, full_screen_has_no_frame_and_its_bar_comes_at_the_edge, 1);
	ADD(suite, a_screenshot_is_the_picture_as_it_came, 1);
	ADD(suite, mistakes_in_the_command_line_end_at_once,
			sizeof(mistakes) / sizeof(mistakes[0]));
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
