/* A person whose keyboard has another layout than the host: keys are pressed in the window by their
 * place, and what a terminal at the host reads is looked at. */
#include "tests/e2e/desk.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_stack stack;
static struct test_desk desk;

static void set_layout(const char *const env[], const char *layout)
{
	const char *argv[] = { "/usr/bin/setxkbmap", "-layout", layout, NULL };

	ck_assert_int_eq(test_run(argv, env, NULL), 0);
}

static void set_password(void)
{
	char line[700];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };
	unsigned n = 0;

	snprintf(line, sizeof(line),
			"echo a-fixed-password | '%s' password --set-from-stdin --state-dir "
			"'%s/host'",
			test_bin("client/host/hawser-host"), stack.dir);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
	while (desk.env[n])
		n++;
	desk.env[n] = "HAWSER_PASSWORD=a-fixed-password";
	desk.env[n + 1] = "LC_ALL=C.UTF-8";
	desk.env[n + 2] = NULL;
}

static void start(const char *host, const char *viewer, const char *keyboard)
{
	test_stack_start(&stack, STACK_TERMINAL);
	test_desk_start(&desk, &stack, 0);
	set_password();
	set_layout(stack.envp, host);
	set_layout(desk.env, viewer);
	test_desk_run(&desk,
			(const char *const[]){
					"connect", stack.target, "--keyboard", keyboard, NULL });
	test_desk_window(&desk, stack.target);
	test_proc_must_expect(&stack.host, "session.open", DESK_SHOW_MS);
	for (unsigned i = 0; i < 30 && !test_desk_sees_terminal(&desk); i++)
		sleep(1);
	ck_assert(test_desk_sees_terminal(&desk));
	ck_assert_int_eq(TEST_DESK_DO(&desk, "mousemove", "300", "300", "click", "1"), 0);
}

static bool line_came(void *arg)
{
	char *text = arg;

	test_read_file(stack.typed, text, 300);
	return text[0] != 0;
}

static const struct {
	const char *host, *viewer, *keyboard;
	const char *codes; /* X keycodes; s24 with Shift, g24 with AltGr */
	const char *line;
} table[] = {
	/* a z q é, dead circumflex and e, diaeresis and I, AltGr+0, capital A */
	{ "us", "fr", "auto", "24 25 38 11 34 26 s34 s31 g19 s24", "azqéêÏ@A\n" },
	{ "us", "fr", "map", "24 25 38 11 34 26", "qwa2[e\n" },
	/* z y ö ß, dead acute and a, dead grave and space */
	{ "us", "de", "auto", "29 52 47 20 21 38 s21 65", "zyößá`\n" },
	/* alike: by position, which is the same */
	{ "de", "de", "auto", "29 52 47 20", "zyöß\n" },
	{ "fr", "us", "auto", "24 25 38 11", "qwa2\n" },
};

START_TEST(keys_arrive_as_the_layouts_say)
{
	char typed[300] = "", codes[100], *rest = codes, *one;

	start(table[_i].host, table[_i].viewer, table[_i].keyboard);
	snprintf(codes, sizeof(codes), "%s", table[_i].codes);
	while ((one = strsep(&rest, " ")) != NULL) {
		/* left Shift and AltGr as keys of their own */
		const char *held = *one == 's' ? "50" : *one == 'g' ? "108" : NULL;
		if (held)
			ck_assert_int_eq(TEST_DESK_DO(&desk, "keydown", held, "key", one + 1,
							 "keyup", held),
					0);
		else
			ck_assert_int_eq(TEST_DESK_DO(&desk, "key", one), 0);
	}
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "36"), 0);
	ck_assert_msg(test_until(line_came, typed, DESK_SHOW_MS), "no line came to the host");
	ck_assert_str_eq(typed, table[_i].line);
}
END_TEST

/* First the person at the host takes another layout, then the one at the viewer. */
START_TEST(a_layout_that_changes_at_the_host_is_followed)
{
	char typed[300] = "";

	start("us", "us", "auto");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "24"), 0);
	sleep(1); /* it is read with the old layout */
	set_layout(stack.envp, "fr");
	test_proc_must_expect(&stack.host, "input.layout_changed", DESK_SHOW_MS);
	sleep(1); /* on its way to the viewer */
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "24"), 0);
	set_layout(desk.env, "de");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "29", "key", "20", "key", "36"), 0);
	ck_assert_msg(test_until(line_came, typed, DESK_SHOW_MS), "no line came to the host");
	ck_assert_str_eq(typed, "qqzß\n");
}
END_TEST

static void stop_all(void)
{
	test_desk_stop(&desk);
	test_stack_stop(&stack);
}

int main(void)
{
	Suite *s = suite_create("e2e-keys");
	TCase *tc = tcase_create("layouts");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 180);
	tcase_add_checked_fixture(tc, NULL, stop_all);
	tcase_add_loop_test(tc, keys_arrive_as_the_layouts_say, 0,
			(int)(sizeof(table) / sizeof(table[0])));
	tcase_add_test(tc, a_layout_that_changes_at_the_host_is_followed);
	suite_add_tcase(s, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
