/* Displays end to end: the real host on a real X server with several outputs, and the command line
 * as viewer: sizes, displays that come and go, all of them at once, following, and that everything
 * is as before when a viewer has left, or the host was killed. */
#include "shared/base/num.h"
#include "tests/e2e/similarity.h"
#include "tests/e2e/stack.h"
#include "tests/support/suite.h"
#include "tests/support/xorg.h"
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_stack stack;
static struct test_proc viewer;
static char password[64];
static const char *envp[20];

static bool start(void)
{
	size_t n = 0;

	memset(&viewer, 0, sizeof(viewer));
	if (!test_stack_start(&stack, STACK_OUTPUTS))
		return false;
	while (stack.envp[n]) {
		envp[n] = stack.envp[n];
		n++;
	}
	envp[n++] = password;
	envp[n] = NULL;
	return true;
}

static void finish(void)
{
	test_proc_stop(&viewer);
	test_stack_stop(&stack);
}

/* A one-time password is of no use once a session has ended. */
static void new_password(void)
{
	test_stack_ask_host(&stack, "password", stack.password, sizeof(stack.password));
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", stack.password);
}

/* `hawser connect HOST --headless ARG...`, left running. */
static void connect_with(const char *const args[])
{
	const char *argv[20] = { test_bin("client/cli/hawser"), "connect", stack.target,
		"--headless" };

	for (size_t i = 0; args[i] && i < 14; i++)
		argv[4 + i] = args[i];
	new_password();
	test_proc_start(&viewer, argv, envp);
}

static int run_with(const char *const args[], const char *text)
{
	connect_with(args);
	if (text)
		test_proc_must_expect(&viewer, text, 60000);
	int status = test_proc_wait(&viewer, TEST_PATIENCE_MS);
	if (status != 0)
		fprintf(stderr, "%s\n", viewer.log);
	test_proc_stop(&viewer);
	return status;
}

/* What the X server itself says, by another program than ours. */
struct wish {
	const char *text;
	bool there;
};

static bool is_listed(void *arg)
{
	const struct wish *w = arg;
	char *out = test_xrandr_read(&stack.screen, "--listmonitors");
	bool there = strstr(out, w->text) != NULL;

	free(out);
	return there == w->there;
}

static void until_listed(const char *text, bool there)
{
	struct wish w = { text, there };

	if (!test_until(is_listed, &w, TEST_PATIENCE_MS)) {
		char *out = test_xrandr_read(&stack.screen, "--listmonitors");
		ck_abort_msg("\"%s\" is %sthere:\n%s", text, there ? "not " : "", out);
	}
}

static void second_output(void)
{
	test_xrandr(&stack.screen,
			(const char *const[]){ "--addmode", "DUMMY1", "1024x768", NULL });
	test_xrandr(&stack.screen,
			(const char *const[]){ "--output", "DUMMY1", "--mode", "1024x768",
					"--right-of", "DUMMY0", NULL });
	until_listed("DUMMY1 1024/", true);
}

static void png_size(const char *name, unsigned width, unsigned height)
{
	char path[300];
	unsigned w, h;

	snprintf(path, sizeof(path), "%s/%s", stack.dir, name);
	free(test_png_luma(path, &w, &h));
	ck_assert_uint_eq(w, width);
	ck_assert_uint_eq(h, height);
}

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", stack.dir, name);
	return path;
}

START_TEST(a_size_is_set_and_goes_back_with_the_viewer)
{
	if (!start())
		return;
	/* alone it ends when it has printed them */
	ck_assert_int_eq(run_with((const char *const[]){ "--displays", NULL }, "size=1280x800"), 0);
	ck_assert_int_eq(run_with((const char *const[]){ "--displays", "--resolution", "1024x768",
						  "--screenshot", file("a.png"), NULL },
					 "size=1024x768 original=1280x800"),
			0);
	png_size("a.png", 1024, 768);
	until_listed("DUMMY0 1280/", true);
	/* one that the driver does not have */
	ck_assert_int_eq(run_with((const char *const[]){ "--resolution", "1111x777", "--screenshot",
						  file("b.png"), NULL },
					 NULL),
			0);
	png_size("b.png", 1111, 777);
	until_listed("DUMMY0 1280/", true);
	/* one that cannot be: the host says why */
	ck_assert_int_ne(run_with((const char *const[]){ "--resolution", "16000x16000",
						  "--screenshot", file("c.png"), NULL },
					 "The display keeps its size: "),
			0);
	until_listed("DUMMY0 1280/", true);
	finish();
}
END_TEST

static pid_t pid_of(const char *text)
{
	uint32_t pid = 0;

	return hws_parse_u32(text, &pid) == 0 ? (pid_t)pid : 0;
}

static pid_t find_process(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (proc && (e = readdir(proc))) {
		char path[300], text[8192] = "", want[40];
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		if (strspn(e->d_name, "0123456789") != strlen(e->d_name))
			continue;
		/* of this test: its display is its own */
		FILE *f = fopen(path, "re");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
		if (f)
			fclose(f);
		snprintf(want, sizeof(want), "DISPLAY=%s", stack.screen.display);
		bool ours = false;
		for (char *at = text; at < text + n; at += strlen(at) + 1)
			ours = ours || strcmp(at, want) == 0;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = ours ? fopen(path, "re") : NULL;
		if (f && fgets(text, sizeof(text), f) && strncmp(text, name, strlen(name)) == 0)
			found = pid_of(e->d_name);
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* The agent is hostd's child that has the desktop's environment: it started the keeper. */
static pid_t find_agent(void)
{
	char path[64], line[256] = "", cmd[4096];
	pid_t agent = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)stack.host.pid,
			(int)stack.host.pid);
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	for (char *at = line; *at; at += strspn(at, " \n")) {
		size_t len = strcspn(at, " \n");
		char number[16];
		snprintf(number, sizeof(number), "%.*s", (int)len, at);
		at += len;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", number);
		FILE *c = fopen(path, "re");
		size_t n = c ? fread(cmd, 1, sizeof(cmd) - 1, c) : 0;
		if (c)
			fclose(c);
		for (size_t i = 0; i < n; i++)
			if (!cmd[i])
				cmd[i] = ' ';
		cmd[n] = 0;
		if (strstr(cmd, "agent"))
			agent = pid_of(number);
	}
	fclose(f);
	ck_assert_int_gt(agent, 1);
	return agent;
}

START_TEST(a_size_goes_back_when_the_agent_is_killed)
{
	if (!start())
		return;
	connect_with((const char *const[]){ "--resolution", "800x600", "--no-retry", "--displays",
			"--after", "600", NULL });
	test_proc_must_expect(&viewer, "size=800x600", 60000);
	until_listed("DUMMY0 800/", true);
	pid_t keeper = find_process("hawser-screens");
	ck_assert_int_gt(keeper, 1);
	if (_i == 0) {
		kill(find_agent(), SIGKILL);
	} else { /* everything of it at once: the next agent finds what was left */
		pid_t agent = find_agent();
		kill(keeper, SIGKILL);
		kill(agent, SIGKILL);
	}
	until_listed("DUMMY0 1280/", true);
	test_proc_stop(&viewer);
	/* and it is served on */
	ck_assert_int_eq(run_with((const char *const[]){ "--resolution", "800x600", "--screenshot",
						  file("a.png"), NULL },
					 NULL),
			0);
	png_size("a.png", 800, 600);
	finish();
}
END_TEST

static bool look_for_pointer(void *arg)
{
	const char *where[] = { "/usr/bin/xdotool", "getmouselocation", NULL };
	char *out = NULL;
	bool there = test_run(where, stack.envp, &out) == 0 && strstr(out, arg);

	free(out);
	return there;
}

static bool pointer_is_at(const char *place)
{
	return test_until(look_for_pointer, (char *)(uintptr_t)place, TEST_PATIENCE_MS);
}

START_TEST(displays_come_and_go_under_a_viewer)
{
	if (!start())
		return;
	connect_with((const char *const[]){ "--displays", "--stats", "--after", "600", NULL });
	test_proc_must_expect(&viewer, "display n=1 place=0,0 size=1280x800", 60000);
	second_output();
	test_proc_must_expect(&viewer, "display n=2 place=1280,0 size=1024x768", 60000);
	test_proc_stop(&viewer);
	/* who watches the one that goes is shown another */
	connect_with((const char *const[]){
			"--displays", "--display", "2", "--stats", "--after", "600", NULL });
	test_proc_must_expect(&viewer, "size=1024x768 original=1024x768 current=yes", 60000);
	test_proc_must_expect(&viewer, "stats ", 60000);
	test_xrandr(&stack.screen, (const char *const[]){ "--output", "DUMMY1", "--off", NULL });
	test_proc_must_expect(&viewer, "showing display 1 of 1", 60000);
	test_proc_must_expect(&viewer, "stats ", 60000); /* and lives on */
	test_proc_stop(&viewer);
	/* a click goes to the right place of the second display */
	second_output();
	ck_assert_int_eq(run_with((const char *const[]){ "--display", "2", "--click", "300,400",
						  NULL },
					 NULL),
			0);
	ck_assert(pointer_is_at("x:1580 y:400 "));
	finish();
}
END_TEST

START_TEST(all_displays_are_seen_at_once)
{
	if (!start())
		return;
	second_output();
	ck_assert_int_eq(run_with((const char *const[]){ "--display", "all", "--screenshot",
						  file("all.png"), NULL },
					 NULL),
			0);
	png_size("all-1.png", 1280, 800);
	png_size("all-2.png", 1024, 768);
	/* a display that comes is among them */
	connect_with((const char *const[]){ "--display", "all", "--screenshot", file("more.png"),
			"--after", "600", "--displays", NULL });
	test_proc_must_expect(&viewer, "display n=2", 60000);
	test_xrandr(&stack.screen, (const char *const[]){ "--addmode", "DUMMY2", "800x600", NULL });
	test_xrandr(&stack.screen,
			(const char *const[]){ "--output", "DUMMY2", "--mode", "800x600",
					"--right-of", "DUMMY1", NULL });
	test_proc_must_expect(&viewer, "display n=3", 60000);
	/* saved when it is interrupted, as soon as it has come */
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	do {
		ck_assert(test_now_ms() < end);
		test_proc_stop(&viewer);
		if (access(file("more-3.png"), R_OK) == 0)
			break;
		connect_with((const char *const[]){ "--display", "all", "--screenshot",
				file("more.png"), "--after", "0", NULL });
		test_proc_wait(&viewer, TEST_PATIENCE_MS);
	} while (true);
	png_size("more-3.png", 800, 600);
	finish();
}
END_TEST

/* The desktop program on a screen of its own; true: its picture was saved. */
static bool window_saves(const char *desk, const char *name, unsigned seconds)
{
	char env[40], count[16];
	const char *more[24],
			*argv[] = { test_bin("client/gtk/hawser-desktop"), "connect", stack.target,
				"--accept-insecure", "--display", "all", "--seconds", count,
				"--screenshot", file(name), NULL };
	size_t n = 0;

	new_password();
	for (; envp[n]; n++)
		more[n] = strncmp(envp[n], "DISPLAY=", 8) == 0 ? env : envp[n];
	more[n++] = "ASAN_OPTIONS=detect_leaks=0"; /* what GTK keeps to its end */
	more[n] = NULL;
	snprintf(env, sizeof(env), "DISPLAY=%s", desk);
	snprintf(count, sizeof(count), "%u", seconds);
	return test_run(argv, more, NULL) == 0;
}

START_TEST(the_window_shows_all_displays_as_they_lie)
{
	struct test_xvfb desk;
	unsigned seconds = 4;

	if (!start())
		return;
	second_output();
	test_xvfb_start(&desk, 1200, 800);
	/* on a busy machine a picture takes longer */
	while (!window_saves(desk.display, "window.png", seconds)) {
		ck_assert_uint_lt(seconds, 64);
		seconds *= 2;
	}
	png_size("window.png", 2304, 800);
	test_xvfb_stop(&desk);
	finish();
}
END_TEST

START_TEST(the_viewer_follows_the_pointer)
{
	if (!start())
		return;
	second_output();
	const char *move[] = { "/usr/bin/xdotool", "mousemove", "100", "100", NULL };
	ck_assert_int_eq(test_run(move, stack.envp, NULL), 0);
	connect_with((const char *const[]){
			"--displays", "--follow", "pointer", "--after", "600", NULL });
	test_proc_must_expect(&viewer, "display n=1", 60000);
	move[2] = "1700";
	ck_assert_int_eq(test_run(move, stack.envp, NULL), 0);
	test_proc_must_expect(&viewer, "showing display 2 of 2", 60000);
	move[2] = "200";
	ck_assert_int_eq(test_run(move, stack.envp, NULL), 0);
	test_proc_must_expect(&viewer, "showing display 1 of 2", 60000);
	test_proc_stop(&viewer);
	/* the window with the keyboard: there is no window manager, so it is given to one */
	connect_with((const char *const[]){
			"--displays", "--follow", "window", "--after", "600", NULL });
	test_proc_must_expect(&viewer, "display n=1", 60000);
	struct test_proc term;
	test_proc_start(&term,
			(const char *const[]){
					"/usr/bin/xterm", "-geometry", "40x10+1500+100", NULL },
			stack.envp);
	/* one that is not shown yet cannot have it */
	const char *focus[] = { "/usr/bin/xdotool", "search", "--sync", "--onlyvisible", "--class",
		"xterm", "windowfocus", NULL };
	for (int again = 20; test_run(focus, stack.envp, NULL) != 0; again--)
		ck_assert_int_gt(again, 0);
	test_proc_must_expect(&viewer, "showing display 2 of 2", 60000);
	test_proc_stop(&term);
	finish();
}
END_TEST

static bool is_in_audit(void *arg)
{
	static const char *const events[] = { "privacy.on", "privacy.off", "input.block",
		"input.unblock", "display.plug" };
	const char *audit[] = { test_bin("client/host/hawser-host"), "audit", "--state-dir",
		file("host"), NULL };
	char *out = NULL;
	bool all = test_run(audit, stack.envp, &out) == 0;

	(void)arg;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		all = all && strstr(out, events[i]);
	free(out);
	return all;
}

START_TEST(a_display_without_a_monitor_and_dark_ones)
{
	if (!start())
		return;
	connect_with((const char *const[]){ "--virtual-display", "--display", "2", "--privacy",
			"--block-input", "--click", "5,6", "--screenshot", file("v.png"),
			"--displays", "--after", "600", NULL });
	test_proc_must_expect(&viewer, "size=1920x1080", 60000);
	until_listed("DUMMY1 1920/", true);
	/* nobody else may see what that one does not want to be seen */
	struct test_proc other;
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", stack.target, "--headless",
		"--no-retry", "--screenshot", file("other.png"), NULL };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	bool refused = false;
	while (!refused) { /* until darkness has come */
		ck_assert(test_now_ms() < end);
		new_password();
		test_proc_start(&other, argv, envp);
		test_proc_wait(&other, TEST_PATIENCE_MS);
		refused = strstr(other.log, "privacy mode") != NULL;
		test_proc_stop(&other);
	}
	/* there is a picture of it when it has been clicked in */
	ck_assert(pointer_is_at("x:1285 y:6 "));
	test_proc_signal(&viewer, SIGTERM);
	int status = test_proc_wait(&viewer, TEST_PATIENCE_MS);
	ck_assert_msg(status == 0, "%d: %s", status, viewer.log);
	test_proc_stop(&viewer);
	png_size("v.png", 1920, 1080);
	until_listed("DUMMY1", false);
	/* what became of it stands in the audit log */
	ck_assert(test_until(is_in_audit, NULL, TEST_PATIENCE_MS));
	finish();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/displays");
	TCase *kill_case = tcase_create("kill");

	test_case(s, "displays", 200,
			TESTS(a_size_is_set_and_goes_back_with_the_viewer,
					displays_come_and_go_under_a_viewer,
					all_displays_are_seen_at_once,
					the_window_shows_all_displays_as_they_lie,
					the_viewer_follows_the_pointer,
					a_display_without_a_monitor_and_dark_ones));
	tcase_set_timeout(kill_case, 200);
	tcase_add_loop_test(kill_case, a_size_goes_back_when_the_agent_is_killed, 0, 2);
	suite_add_tcase(s, kill_case);
	return test_suite_run(s);
}
