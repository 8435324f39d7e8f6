/* Runs the suites of `hawser files`, with doubles of what its command line needs of the program. */
#include "client/cli/session_front.h"
#include "tests/unit/client/cli/files_suites.h"

int cli_fail(int status, const char *fmt HWS_UNUSED, ...)
{
	return status;
}

int session_front_parse(const struct hws_options *options HWS_UNUSED, void *cfg HWS_UNUSED,
		struct session_front_options *front HWS_UNUSED, int argc HWS_UNUSED,
		char **argv HWS_UNUSED, bool keep_rest HWS_UNUSED,
		struct session_front_words *ret HWS_UNUSED)
{
	return CLI_USAGE;
}

int main(void)
{
	SRunner *runner = srunner_create(files_words_suite());
	int failed;

	srunner_add_suite(runner, files_path_suite());
	srunner_add_suite(runner, files_show_suite());
	srunner_add_suite(runner, files_sync_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
