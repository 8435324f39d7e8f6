/* The suites of the relay in one program: its tables and state machines, without sockets. */
#include "shared/base/log.h"
#include "shared/crypto/crypto.h"
#include "tests/unit/server-relay/suites.h"

int main(void)
{
	Suite *s = suite_create("relay");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	hws_log_set_level(HWS_LOG_ERROR);
	suite_add_tcase(s, tables_case());
	suite_add_tcase(s, parsers_case());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
