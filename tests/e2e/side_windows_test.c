/* Windows of single displays, and what is behind the button "More", on a real host with several
 * outputs: worked by keys and clicks on its screen, looked at by pixels, as a screen reader does,
 * and by what is in files. */
#include "shared/base/num.h"
#include "tests/e2e/eyes.h"
#include "tests/e2e/similarity.h"
#include "tests/support/suite.h"
#include "tests/support/xorg.h"
#include <check.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST "^[^D].*@" /* the title of the window that is not of one display */

static struct test_stack stack;
static struct test_desk desk;
static struct test_proc second; /* a terminal on the second display */

static void teardown(void)
{
	test_desk_stop(&desk);
	test_proc_stop(&second);
	test_stack_stop(&stack);
}

static void second_output(void)
{
	test_xrandr(&stack.screen,
			(const char *const[]){ "--addmode", "DUMMY1", "1024x768", NULL });
	test_xrandr(&stack.screen,
			(const char *const[]){ "--output", "DUMMY1", "--mode", "1024x768",
					"--right-of", "DUMMY0", NULL });
}

static void second_output_off(void)
{
	test_xrandr(&stack.screen, (const char *const[]){ "--output", "DUMMY1", "--off", NULL });
}

static const char *file(const char *name)
{
	static char path[2][300];
	static unsigned turn;
	char *p = path[turn++ % 2];

	snprintf(p, sizeof(path[0]), "%s/%s", stack.dir, name);
	return p;
}

/* Writes each line typed into it to `second`. */
static void terminal_on_second(void)
{
	char script[1600];
	const char *argv[] = { "/usr/bin/xterm", "-geometry", "60x30+1400+100", "-bg", "#7a1f3d",
		"-e", "/bin/sh", "-c", script, NULL };

	snprintf(script, sizeof(script),
			"echo > '%s/there'; while IFS= read -r line; do echo \"$line\" > '%s/s.new'; "
			"mv '%s/s.new' '%s/second'; done",
			stack.dir, stack.dir, stack.dir, stack.dir);
	test_proc_start(&second, argv, stack.envp);
}

static bool is_there(void *arg)
{
	return access(arg, R_OK) == 0;
}

static void must_come(const char *path)
{
	ck_assert_msg(test_until(is_there, (char *)(uintptr_t)path, TEST_PATIENCE_MS),
			"%s does not come", path);
}

static void connect_with(const char *const args[])
{
	const char *argv[12] = { "connect", stack.target, "--accept-insecure" };
	static char password[80];
	size_t n = 0;

	for (size_t i = 0; args[i] && i < 8; i++)
		argv[3 + i] = args[i];
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", stack.password);
	while (desk.env[n])
		n++;
	desk.env[n] = password;
	desk.env[n + 1] = NULL;
	test_desk_run(&desk, argv);
}

/* False: this machine has no X server with outputs. */
static bool start(const char *const args[])
{
	memset(&second, 0, sizeof(second));
	memset(&desk, 0, sizeof(desk));
	if (!test_stack_start(&stack, STACK_OUTPUTS))
		return false;
	second_output();
	terminal_on_second();
	must_come(file("there"));
	test_desk_start(&desk, &stack, DESK_MANAGER | DESK_EYES);
	test_eyes_open(&desk);
	connect_with(args);
	test_proc_must_expect(&stack.host, "session.open", DESK_SHOW_MS);
	return true;
}

static bool has_no_window(void *arg)
{
	return TEST_DESK_DO(&desk, "search", "--onlyvisible", "--name", arg) != 0;
}

static void must_go(const char *title)
{
	ck_assert_msg(test_until(has_no_window, (char *)(uintptr_t)title, DESK_SHOW_MS),
			"the window \"%s\" stays", title);
}

/* The picture of the terminal on the second display, in a window as large as the screen. */
static bool sees_second(void *arg)
{
	uint8_t p[3];

	(void)arg;
	test_desk_pixel(&desk, 500, 400, p);
	return abs(p[0] - 0x7a) < 14 && abs(p[1] - 0x1f) < 14 && abs(p[2] - 0x3d) < 14;
}

static void must_see_second(void)
{
	ck_assert_msg(test_until(sees_second, NULL, DESK_SHOW_MS), "another picture is there");
}

/* The close button of a window as large as the screen; once more where that is not yet so. */
static void close_by_click(const char *title)
{
	uint64_t end = test_now_ms() + DESK_SHOW_MS;

	do {
		ck_assert_msg(test_now_ms() < end, "\"%s\" cannot be closed", title);
		test_desk_window(&desk, title);
		ck_assert_int_eq(TEST_DESK_DO(&desk, "search", "--onlyvisible", "--name", title,
						 "windowactivate", "--sync"),
				0);
		usleep(300000);
		ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "1374", "26", "click", "1"), 0);
		for (unsigned i = 0; i < 20 && !has_no_window((char *)(uintptr_t)title); i++)
			usleep(100000);
	} while (!has_no_window((char *)(uintptr_t)title));
}

/* From the picture to the buttons; a window that has just come may not have the keyboard yet. */
static void go_to_bar(const char *title)
{
	uint64_t end = test_now_ms() + DESK_SHOW_MS;

	test_desk_window(&desk, title);
	do {
		ck_assert_msg(test_now_ms() < end, "the keyboard stays in the picture");
		ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "ctrl+alt+b"), 0);
		usleep(100000);
	} while (!test_eyes_focused("Full screen"));
}

/* By the keyboard alone. */
static void open_menu(const char *button, const char *item)
{
	go_to_bar(FIRST);
	test_eyes_tab_to(&desk, button);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
	ck_assert_msg(test_eyes_wait(NULL, item), "no \"%s\" behind \"%s\"", item, button);
}

static void press(const char *item)
{
	test_eyes_tab_to(&desk, item);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
}

static bool has_ended(void *arg)
{
	(void)arg;
	return test_proc_wait(&desk.program, 1) >= 0;
}

static bool has_come(void *arg)
{
	char text[200];

	test_read_file(file("second"), text, sizeof(text));
	return strstr(text, arg) != NULL;
}

/* Until it arrives whole: the window may not have laid itself out, or not have the keyboard yet. */
static void click_and_type(char *text)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	do {
		ck_assert_msg(test_now_ms() < end, "'%s' did not come", text);
		ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "500", "400", "click", "1"), 0);
		test_desk_type(&desk, text);
	} while (!test_until(has_come, text, 3000));
}

START_TEST(a_display_has_a_window_of_its_own)
{
	char text[] = "over here";

	if (!start((const char *const[]){ "--display", "1", NULL }))
		return;
	ck_assert(test_eyes_wait(NULL, "Remote desktop"));
	open_menu("Displays and privacy", "Display 2 in a window of its own");
	ck_assert(!test_eyes_pressed("Display 2 in a window of its own"));
	press("Display 2 in a window of its own");
	test_desk_window(&desk, "Display 2");
	must_see_second();
	/* keys and pointer go to that display */
	click_and_type(text);
	/* the first window goes, the session does not */
	close_by_click(FIRST);
	test_desk_window(&desk, "Display 2");
	must_see_second();
	ck_assert_ptr_null(strstr(stack.host.log, "session.close"));
	/* and comes back with all its buttons */
	ck_assert(test_eyes_see("push button", "All buttons"));
	go_to_bar("Display 2");
	press("All buttons");
	test_desk_window(&desk, FIRST);
	close_by_click("Display 2");
	ck_assert(!has_ended(NULL));
}
END_TEST

START_TEST(the_last_window_ends_the_session)
{
	if (!start((const char *const[]){ "--display", "windows", NULL }))
		return;
	test_desk_window(&desk, "Display 2");
	must_see_second();
	/* a display that goes takes its window along, and comes back with it */
	second_output_off();
	must_go("Display 2");
	ck_assert(!has_ended(NULL));
	second_output();
	test_desk_window(&desk, "Display 2");
	must_see_second();
	/* one that was closed by hand stays closed */
	close_by_click("Display 2");
	second_output_off();
	ck_assert(test_eyes_wait(NULL, "Remote desktop"));
	second_output();
	open_menu("Displays and privacy", "All displays in windows");
	ck_assert(!test_eyes_pressed("Display 2 in a window of its own"));
	press("All displays in windows");
	test_desk_window(&desk, "Display 2");
	close_by_click(FIRST);
	ck_assert(!has_ended(NULL));
	close_by_click("Display 2");
	ck_assert_msg(test_until(has_ended, NULL, DESK_SHOW_MS), "it goes on without a window");
	ck_assert_int_eq(test_proc_wait(&desk.program, 1), 0);
}
END_TEST

/* --- More ------------------------------------------------------------------------------------- */

static char saved[400];

static bool find_saved(void *arg)
{
	char pattern[400];
	glob_t g;
	size_t n = *(const size_t *)arg;
	bool found;

	snprintf(pattern, sizeof(pattern), "%s/hawser-*.png", getenv("HOME"));
	found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc == n;
	if (found)
		snprintf(saved, sizeof(saved), "%s", g.gl_pathv[n - 1]);
	globfree(&g);
	return found;
}

/* There are `n` of them now, and the newest is the host's picture. */
static void must_be_saved(size_t n, double alike)
{
	const char *look[] = { "/usr/bin/import", "-silent", "-window", "root", "-crop",
		"1280x800+0+0", "+repage", file("host.png"), NULL };
	unsigned w = 0, h = 0, host_w = 0, host_h = 0;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	uint8_t *a = NULL, *b;

	ck_assert_msg(test_until(find_saved, &n, TEST_PATIENCE_MS), "%zu were not saved", n);
	do { /* it is made empty, and filled at once */
		ck_assert_msg(test_now_ms() < end, "%s stays empty", saved);
		usleep(100000);
		struct stat st;
		if (stat(saved, &st) == 0 && st.st_size > 0)
			a = test_png_luma(saved, &w, &h);
	} while (!a);
	ck_assert_int_eq(test_run(look, stack.envp, NULL), 0);
	b = test_png_luma(file("host.png"), &host_w, &host_h);
	ck_assert_msg(w == host_w && h == host_h, "%ux%u, not %ux%u", w, h, host_w, host_h);
	ck_assert(test_luma_similarity(a, b, w, h) >= alike);
	free(a);
	free(b);
}

static bool is_copied(void *arg)
{
	char head[9] = "";
	char script[300];
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	(void)arg;
	snprintf(script, sizeof(script),
			"timeout 10 xclip -selection clipboard -o -t image/png > '%s'",
			file("copied.png"));
	if (test_run(argv, desk.env, NULL) != 0)
		return false;
	FILE *f = fopen(file("copied.png"), "rb");
	size_t n = f ? fread(head, 1, 8, f) : 0;
	if (f)
		fclose(f);
	return n == 8 && memcmp(head, "\x89PNG", 4) == 0;
}

static void must_be_copied(void)
{
	unsigned w, h;

	ck_assert_msg(test_until(is_copied, NULL, TEST_PATIENCE_MS), "nothing was copied");
	free(test_png_luma(file("copied.png"), &w, &h));
	ck_assert_uint_eq(w, 1280);
	ck_assert_uint_eq(h, 800);
}

static void more(const char *item)
{
	uint64_t end = test_now_ms() + DESK_SHOW_MS;

	do { /* the last one may still be closing */
		ck_assert_msg(test_now_ms() < end, "\"More\" does not open");
		test_desk_window(&desk, FIRST);
		if (!test_eyes_see(NULL, item))
			ck_assert_int_eq(
					TEST_DESK_DO(&desk, "mousemove", "950", "26", "click", "1"),
					0);
		usleep(300000);
	} while (!test_eyes_see(NULL, item));
	press(item);
}

START_TEST(pictures_are_saved_and_copied)
{
	if (!start((const char *const[]){ "--display", "1", NULL }))
		return;
	ck_assert(test_eyes_wait(NULL, "Remote desktop"));
	more("Save this picture");
	must_be_saved(1, 0.95);
	more("Save the host's own picture");
	must_be_saved(2, 0.999);
	more("Copy this picture");
	must_be_copied();
	ck_assert(test_eyes_wait(NULL, "Copied: the picture can be pasted here"));
	more("Copy the host's own picture");
	ck_assert(test_eyes_wait(NULL, "Copied: the host's picture can be pasted here"));
	must_be_copied();
}
END_TEST

static void permit(const char *what)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "permit", "--state-dir",
		file("host"), "1", what, NULL };

	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
}

START_TEST(what_cannot_be_is_grey_and_says_why)
{
	if (!start((const char *const[]){ "--display", "1", NULL }))
		return;
	ck_assert(test_eyes_wait(NULL, "Remote desktop"));
	ck_assert(test_eyes_usable("Ctrl+Alt+Del"));
	ck_assert(test_eyes_usable("Record"));
	permit("keyboard=off");
	ck_assert(test_eyes_wait(NULL, "The host does not permit: keyboard and mouse"));
	ck_assert(!test_eyes_usable("Ctrl+Alt+Del"));
	ck_assert(test_eyes_describes("Ctrl+Alt+Del", "The host does not permit it"));
	permit("recording=off");
	ck_assert(test_eyes_wait(NULL, "The host does not permit: recording"));
	ck_assert(!test_eyes_usable("Record"));
	permit("restart=off");
	permit("keyboard=on");
	ck_assert(test_eyes_wait(NULL, "The host permits: keyboard and mouse"));
	ck_assert(test_eyes_usable("Ctrl+Alt+Del"));
	open_menu("More", "Restart the host…");
	ck_assert(!test_eyes_usable("Restart the host…"));
	ck_assert(test_eyes_describes("Restart the host…", "The host does not permit it"));
	/* what one only looks on with */
	press("Only look on");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Escape"), 0);
	ck_assert(!test_eyes_usable("Ctrl+Alt+Del"));
	ck_assert(test_eyes_describes("Ctrl+Alt+Del", "Not while you only look on"));
}
END_TEST

/* Asked before, and refused where there is no such thing: nothing is restarted here. */
START_TEST(what_cannot_be_taken_back_is_asked_for)
{
	if (!start((const char *const[]){ "--display", "1", NULL }))
		return;
	ck_assert(test_eyes_wait(NULL, "Remote desktop"));
	more("Change sides…");
	ck_assert(test_eyes_wait("push button", "Change sides"));
	ck_assert(test_eyes_focused("Cancel"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
	/* the list is there again when it is opened again */
	more("Change sides…");
	ck_assert(test_eyes_wait("push button", "Change sides"));
	press("Change sides");
	ck_assert(test_eyes_wait(NULL,
			"Sides not changed: sides are changed with hosts that were reached by "
			"their ID only"));
	more("Restart the host…");
	ck_assert(test_eyes_wait("push button", "Restart it"));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Escape"), 0);
	ck_assert_ptr_null(strstr(stack.host.log, "what=machine.restart"));
}
END_TEST

#define ADD(suite, test)                                                                           \
	do {                                                                                       \
		TCase *tc = test_case(suite, #test, 300, TESTS(test));                             \
		tcase_add_checked_fixture(tc, NULL, teardown);                                     \
	} while (0)

int main(void)
{
	Suite *s = suite_create("e2e/side-windows");

	ADD(s, a_display_has_a_window_of_its_own);
	ADD(s, the_last_window_ends_the_session);
	ADD(s, pictures_are_saved_and_copied);
	ADD(s, what_cannot_be_is_grey_and_says_why);
	ADD(s, what_cannot_be_taken_back_is_asked_for);
	return test_suite_run(s);
}
