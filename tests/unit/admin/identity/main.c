/* The parts of identity that need no network in one program. */
#include "tests/support/suite.h"
#include "tests/unit/admin/identity/suites.h"

int main(void)
{
	Suite *s = suite_create("admin/identity");

	add_rules_tests(s);
	add_token_tests(s);
	return test_suite_run(s);
}
