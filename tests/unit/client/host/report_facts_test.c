/* The number of a version as deployed hosts make it, and facts of this machine. */
#include "client/host/report_facts.h"
#include "tests/support/suite.h"
#include <string.h>
#include <unistd.h>

START_TEST(versions_are_numbers)
{
	static const struct {
		const char *text;
		unsigned number;
	} rows[] = { { "1.4.9", 1004090 }, { "1.5.0", 1005000 }, { "1.1.10", 1001100 },
		{ "0.1.0", 1000 }, { "2", 2000000 }, { "1.2.3-2", 1002030 }, { "", 0 },
		{ "x.1", 0 }, { "1..2", 0 }, { "1.1000.0", 0 }, { "99999999999999999999", 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(hws_report_version(rows[i].text) == rows[i].number, "%s is %u",
				rows[i].text, hws_report_version(rows[i].text));
}
END_TEST

START_TEST(this_machine_has_facts)
{
	struct hws_report_facts f;
	char name[256] = "";

	hws_report_facts(&f);
	ck_assert_int_eq(gethostname(name, sizeof(name) - 1), 0);
	ck_assert_str_eq(f.hostname, name);
	ck_assert_ptr_eq(strstr(f.os, "linux / "), f.os);
	ck_assert_ptr_nonnull(strstr(f.cpu, " cores"));
	ck_assert_ptr_nonnull(strstr(f.memory, "GB"));
	ck_assert_ptr_null(strpbrk(f.os, "\"\n"));
}
END_TEST

int main(void)
{
	return test_main("host/report_facts", 20, NULL, NULL,
			TESTS(versions_are_numbers, this_machine_has_facts));
}
