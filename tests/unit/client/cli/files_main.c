/* Runs the suites of `hawser files`. */
#include "tests/unit/client/cli/files_suites.h"

int main(void)
{
	SRunner *runner = srunner_create(files_words_suite());
	int failed;

	srunner_add_suite(runner, files_path_suite());
	srunner_add_suite(runner, files_show_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
