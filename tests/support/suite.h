/* tests/support/suite: what main() of a test program does. */
#pragma once
#include <check.h>

/* What main() returns for a test that could not be made here: ctest shows and counts it as skipped
 * (cmake/hws.cmake). */
#define TEST_SKIPPED 77

#define TESTS(...) ((const TTest *const[]){ __VA_ARGS__, NULL })
#define TESTS_NONE ((const TTest *const[]){ NULL }) /* loops only */

/* A suite of one case: `tests` (TESTS(...)) with `timeout_s` for each, set_up and tear_down (may be
 * NULL) around each. Runs it and returns main()'s status as test_suite_run does. */
int test_main(const char *name, double timeout_s, SFun set_up, SFun tear_down,
		const TTest *const tests[]);
/* For a suite of several cases: one of them, to which fixtures and loops can be added. */
TCase *test_case(Suite *s, const char *name, double timeout_s, const TTest *const tests[]);
/* Runs the suite and frees it. 0; 1 when a test failed; TEST_SKIPPED when none did, but one called
 * test_skip. */
int test_suite_run(Suite *s);

/* In a test that returns without having tested, since the machine lacks something: says what. */
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
