/* Runs the suites of hawser-admin's parts that need no server. */
#include "tests/support/suite.h"
#include "tests/unit/admin/cli/suites.h"

int main(void)
{
	Suite *s = suite_create("admin/cli");

	admin_cli_texts(s);
	admin_cli_rows(s);
	admin_cli_table(s);
	return test_suite_run(s);
}
