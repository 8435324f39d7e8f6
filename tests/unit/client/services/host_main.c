/* The suites of the services at the host in one program: each stands in a file of its own, they
 * share the desk. */
#include "host_desk.h"

int main(void)
{
	SRunner *sr = srunner_create(host_video_suite());

	srunner_add_suite(sr, host_set_suite());
	srunner_add_suite(sr, host_input_suite());
	srunner_add_suite(sr, host_shared_suite());
	srunner_add_suite(sr, host_displays_suite());
	srunner_add_suite(sr, quality_suite());
	srunner_add_suite(sr, show_suite());
	srunner_add_suite(sr, video_head_suite());
	srunner_add_suite(sr, patch_host_suite());
	srunner_add_suite(sr, flow_suite());
	srunner_add_suite(sr, pipeline_suite());
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
