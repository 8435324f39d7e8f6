/* The desktop program as a person uses it: a password typed into its page, a picture, keys that
 * arrive at the host, and the session that comes back by itself when the host does. Driven by X
 * events on a screen of its own. */
#include "tests/e2e/desk.h"
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

#define SHOW_MS DESK_SHOW_MS

static struct test_stack stack;
static struct test_desk desk;

static void start_desktop(void)
{
	test_desk_start(&desk, &stack, 0);
	if (*stack.key)
		test_desk_run(&desk,
				(const char *const[]){ "connect", stack.target, "--server",
						stack.server, "--key", stack.key, NULL });
	else
		test_desk_run(&desk, (const char *const[]){ "connect", stack.target, NULL });
}

static bool sees_terminal(void *arg)
{
	(void)arg;
	return test_desk_sees_terminal(&desk);
}

/* Beside the picture is the dark ground of the window. */
static bool has_margin(void *arg)
{
	uint8_t p[3];

	(void)arg;
	test_desk_pixel(&desk, 40, 300, p);
	return p[2] < 0x28;
}

static bool sees_progress(void *arg)
{
	return !sees_terminal(arg);
}

static bool was_typed(void *arg)
{
	char text[200];

	test_read_file(stack.typed, text, sizeof(text));
	return strcmp(text, arg) == 0;
}

static bool says_wrong(void *arg)
{
	(void)arg;
	return test_proc_expect(&stack.host, "result=wrong", 50) != NULL;
}

/* The page appears a little later than the connection: what is typed before goes nowhere. */
static void answer_password_page(const char *password, bool (*done)(void *arg))
{
	for (unsigned i = 0; i < 5; i++) {
		test_desk_type(&desk, password);
		if (test_until(done, NULL, 6000))
			return;
	}
	ck_abort_msg("'%s' has no effect:\n%s\n%s", password, stack.host.log,
			desk.program.log ? desk.program.log : "");
}

static void set_permanent_password(const char *password)
{
	char line[700];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line),
			"echo '%s' | '%s' password --set-from-stdin --state-dir '%s/host'",
			password, test_bin("client/host/hawser-host"), stack.dir);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
}

static void stop_all(void)
{
	test_desk_stop(&desk);
	test_stack_stop(&stack);
}

/* Looked at with the eyes of a host on the viewer's desktop: the text, and the mark that it is not
 * to be sent on. */
static bool clipboard_has(void *arg)
{
	const char *text[] = { "/usr/bin/xclip", "-selection", "clipboard", "-o", NULL };
	const char *targets[] = { "/usr/bin/xclip", "-selection", "clipboard", "-o", "-t",
		"TARGETS", NULL };
	char *out = NULL;
	bool ok = test_run(text, desk.env, &out) == 0 && strcmp(out, arg) == 0;

	free(out);
	out = NULL;
	ok = ok && test_run(targets, desk.env, &out) == 0 &&
			strstr(out, "dyn.com.rustdesk.owner") != NULL;
	free(out);
	return ok;
}

static void copy_on_host(const char *text)
{
	char line[200];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	/* a session of its own: else it may be stopped with the shell, before it offers anything */
	snprintf(line, sizeof(line),
			"printf '%s' | setsid xclip -selection clipboard -i >/dev/null 2>&1", text);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
}

START_TEST(a_person_logs_in_types_and_stays_when_the_host_restarts)
{
	static char text[] = "typed by a person\n", copied[] = "copied on the host";

	test_stack_start(&stack, STACK_SERVERS | STACK_TERMINAL);
	set_permanent_password("long and secret");
	start_desktop();
	test_desk_window(&desk, stack.target);
	test_proc_must_expect(&stack.host, "connection.accepted", SHOW_MS);
	ck_assert(!sees_terminal(NULL));
	answer_password_page("not the password", says_wrong);
	ck_assert(!sees_terminal(NULL));
	answer_password_page("long and secret", sees_terminal);
	copy_on_host(copied);
	ck_assert(test_until(clipboard_has, copied, SHOW_MS));
	test_proc_signal(&stack.host, SIGKILL);
	test_proc_stop(&stack.host);
	ck_assert_msg(test_until(sees_progress, NULL, SHOW_MS), "a dead picture stays");
	test_stack_start_host(&stack);
	ck_assert_msg(test_until(sees_terminal, NULL, SHOW_MS), "no picture again: %s",
			desk.program.log);
	test_proc_must_expect(&stack.host, "session.open", SHOW_MS);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "300", "300"), 0);
	test_desk_type(&desk, "typed by a person");
	ck_assert(test_until(was_typed, text, SHOW_MS));
}
END_TEST

/* Catches every click on the host's screen, before any program there. */
static xcb_connection_t *catch_clicks(void)
{
	xcb_connection_t *c = xcb_connect(stack.screen.display, NULL);
	const xcb_screen_t *s = xcb_setup_roots_iterator(xcb_get_setup(c)).data;
	xcb_window_t window = xcb_generate_id(c);
	uint32_t values[] = { 1, XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE };

	ck_assert_int_eq(xcb_connection_has_error(c), 0);
	xcb_create_window(c, 0, window, s->root, 0, 0, s->width_in_pixels, s->height_in_pixels, 0,
			XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT,
			XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
	xcb_map_window(c, window);
	free(xcb_get_input_focus_reply(c, xcb_get_input_focus(c), NULL));
	return c;
}

/* Of the next press or release. */
static void must_be_at(xcb_connection_t *c, uint8_t type, uint8_t button, bool at_edge)
{
	uint64_t end = test_now_ms() + SHOW_MS;
	xcb_generic_event_t *e = NULL;
	const xcb_button_press_event_t *b;

	while (!e && test_now_ms() < end) {
		struct pollfd p = { xcb_get_file_descriptor(c), POLLIN, 0 };
		e = xcb_poll_for_event(c);
		if (!e)
			(void)!poll(&p, 1, 100);
	}
	ck_assert_ptr_nonnull(e);
	b = (const xcb_button_press_event_t *)e;
	ck_assert_uint_eq(e->response_type & 0x7f, type);
	ck_assert_uint_eq(b->detail, button);
	ck_assert_msg((b->root_x == 0) == at_edge, "at %d,%d", b->root_x, b->root_y);
	free(e);
}

static void pointer(const char *x, const char *action, const char *button)
{
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", x, "300", action, button), 0);
}

START_TEST(clicks_beside_the_picture_stay_here)
{
	xcb_connection_t *c;

	test_stack_start(&stack, STACK_TERMINAL);
	set_permanent_password("long and secret");
	start_desktop();
	test_desk_window(&desk, stack.target);
	answer_password_page("long and secret", sees_terminal);
	c = catch_clicks();
	/* so wide that the picture has a margin at both sides, of some 300 pixels */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "search", "--onlyvisible", "--name", stack.target,
					 "windowsize", "1400", "480"),
			0);
	ck_assert(test_until(has_margin, NULL, SHOW_MS));
	pointer("5", "click", "1");
	pointer("5", "click", "4"); /* the wheel */
	pointer("1395", "click", "3");
	/* The first that arrives is the one on the picture. */
	pointer("700", "click", "2");
	must_be_at(c, XCB_BUTTON_PRESS, 2, false);
	must_be_at(c, XCB_BUTTON_RELEASE, 2, false);
	/* What was pressed on it is released wherever the pointer is by then. */
	pointer("700", "mousedown", "1");
	must_be_at(c, XCB_BUTTON_PRESS, 1, false);
	pointer("5", "mouseup", "1");
	must_be_at(c, XCB_BUTTON_RELEASE, 1, true);
	xcb_disconnect(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/desktop");
	TCase *tc = tcase_create("desktop");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, NULL, stop_all);
	tcase_add_test(tc, a_person_logs_in_types_and_stays_when_the_host_restarts);
	tcase_add_test(tc, clicks_beside_the_picture_stay_here);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
