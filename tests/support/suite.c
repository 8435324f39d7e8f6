/* tests/support/suite: a skip happens in a child of the runner, and Check has no word for it:
 * memory that both see counts them. */
#include "tests/support/suite.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static unsigned *skipped;

static __attribute__((constructor)) void share_count(void)
{
	skipped = mmap(NULL, sizeof(*skipped), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (skipped == MAP_FAILED)
		abort();
}

void test_skip(const char *format, ...)
{
	va_list ap;

	__atomic_add_fetch(skipped, 1, __ATOMIC_RELAXED);
	fputs("SKIPPED: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

TCase *test_case(Suite *s, const char *name, double timeout_s, const TTest *const tests[])
{
	TCase *t = tcase_create(name);

	suite_add_tcase(s, t);
	tcase_set_timeout(t, timeout_s);
	for (size_t i = 0; tests[i]; i++)
		tcase_add_test(t, tests[i]);
	return t;
}

int test_suite_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	if (failed)
		return 1;
	return __atomic_load_n(skipped, __ATOMIC_RELAXED) ? TEST_SKIPPED : 0;
}

int test_main(const char *name, double timeout_s, SFun set_up, SFun tear_down,
		const TTest *const tests[])
{
	Suite *s = suite_create(name);
	TCase *t = test_case(s, "all", timeout_s, tests);

	if (set_up || tear_down)
		tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
