/* The suites of the edge in one program: its parsers and shapes, without sockets. */
#include "tests/support/suite.h"
#include "tests/unit/admin/http/suites.h"

int main(void)
{
	Suite *s = suite_create("http");

	suite_add_tcase(s, head_case());
	suite_add_tcase(s, body_case());
	suite_add_tcase(s, json_case());
	suite_add_tcase(s, route_case());
	suite_add_tcase(s, reply_case());
	return test_suite_run(s);
}
