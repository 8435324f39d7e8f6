/* Getting in, and back in after the network, the desktop or the host failed for a while: real processes,
 * libhawser as the viewer, one-time passwords. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>

#define SHOW_MS 30000

static struct test_stack stack;
static struct test_viewer viewer;

/* Asked at once, answered at once: neither waits for what the host says about the login without a password that
 * came first. */
START_TEST(an_answer_given_inside_the_question_lets_in)
{
	struct test_viewer_conf conf;

	test_stack_start(&stack, 0);
	for (int i = 0; i < 8; i++) {
		test_stack_ask_host(&stack, "password", stack.password, sizeof(stack.password));
		conf = (struct test_viewer_conf){ .target = stack.target,
			.answer = stack.password };
		test_viewer_open(&viewer, &conf);
		test_viewer_must_show(&viewer, SHOW_MS);
		test_viewer_close(&viewer);
	}
	test_stack_stop(&stack);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/return");
	TCase *tc = tcase_create("return");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, an_answer_given_inside_the_question_lets_in);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
