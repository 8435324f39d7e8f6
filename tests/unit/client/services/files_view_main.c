/* Runs the suites about files at the viewer's end. */
#include "shared/crypto/crypto.h"
#include "tests/unit/client/services/files_view_suites.h"

int main(void)
{
	SRunner *runner;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	runner = srunner_create(files_view_suite());
	srunner_add_suite(runner, files_jobs_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
