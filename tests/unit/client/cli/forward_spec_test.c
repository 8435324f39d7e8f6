/* What stands behind -L, -D, -R and -U: as ssh has it, and mistakes told apart. */
#include "client/cli/forward_spec.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <string.h>

static const struct {
	enum hawser_forward_kind kind;
	const char *text;
	const char *address;
	uint16_t port;
	const char *host;
	uint16_t target_port;
	const char *wrong; /* part of the sentence; NULL: it is right */
} cases[] = {
	{ HAWSER_FORWARD_LOCAL, "8080:localhost:80", "", 8080, "localhost", 80, NULL },
	{ HAWSER_FORWARD_LOCAL, "0:10.0.0.5:22", "", 0, "10.0.0.5", 22, NULL },
	{ HAWSER_FORWARD_LOCAL, "127.0.0.2:8080:db.example:5432", "127.0.0.2", 8080, "db.example",
			5432, NULL },
	{ HAWSER_FORWARD_LOCAL, "[::1]:8080:[2001:db8::1]:80", "::1", 8080, "2001:db8::1", 80,
			NULL },
	{ HAWSER_FORWARD_REMOTE, "*:8080:localhost:80", "*", 8080, "localhost", 80, NULL },
	{ HAWSER_FORWARD_DYNAMIC, "1080", "", 1080, "", 0, NULL },
	{ HAWSER_FORWARD_DYNAMIC, "[::1]:1080", "::1", 1080, "", 0, NULL },
	{ HAWSER_FORWARD_UDP, "53:8.8.8.8:53", "", 53, "8.8.8.8", 53, NULL },
	{ HAWSER_FORWARD_LOCAL, "", "", 0, "", 0, "has to be" },
	{ HAWSER_FORWARD_LOCAL, "8080", "", 0, "", 0, "has to be" },
	{ HAWSER_FORWARD_LOCAL, "8080:80", "", 0, "", 0, "has to be" },
	{ HAWSER_FORWARD_LOCAL, "1:2:3:4:5", "", 0, "", 0, "has to be" },
	{ HAWSER_FORWARD_LOCAL, "8080:2001:db8::1:80", "", 0, "", 0, "brackets" },
	{ HAWSER_FORWARD_LOCAL, "[::1:8080:a:80", "", 0, "", 0, "has to be" },
	{ HAWSER_FORWARD_LOCAL, "[::1]8080:a:80", "", 0, "", 0, "has to be" },
	{ HAWSER_FORWARD_LOCAL, "65536:a:80", "", 0, "", 0, "port to listen" },
	{ HAWSER_FORWARD_LOCAL, "x:a:80", "", 0, "", 0, "port to listen" },
	{ HAWSER_FORWARD_LOCAL, "-1:a:80", "", 0, "", 0, "port to listen" },
	{ HAWSER_FORWARD_LOCAL, "8080:a:0", "", 0, "", 0, "port to connect" },
	{ HAWSER_FORWARD_LOCAL, "8080:a:http", "", 0, "", 0, "port to connect" },
	{ HAWSER_FORWARD_LOCAL, "8080::80", "", 0, "", 0, "host to connect" },
	{ HAWSER_FORWARD_LOCAL, ":8080:a:80", "", 0, "", 0, "address to listen" },
	{ HAWSER_FORWARD_LOCAL, "8080:a b:80", "", 0, "", 0, "blanks" },
	{ HAWSER_FORWARD_LOCAL, "8080:a\x1b[2J:80", "", 0, "", 0, "blanks" },
	{ HAWSER_FORWARD_DYNAMIC, "1080:a:80", "", 0, "", 0, "has to be" },
};

START_TEST(each_text_has_its_meaning)
{
	struct forward_spec s;
	const char *wrong = forward_spec_parse(cases[_i].kind, cases[_i].text, &s);

	if (cases[_i].wrong) {
		ck_assert_msg(wrong && strstr(wrong, cases[_i].wrong), "\"%s\": %s", cases[_i].text,
				wrong ? wrong : "taken");
		return;
	}
	ck_assert_msg(!wrong, "\"%s\": %s", cases[_i].text, wrong);
	ck_assert_str_eq(s.address, cases[_i].address);
	ck_assert_uint_eq(s.port, cases[_i].port);
	ck_assert_str_eq(s.host, cases[_i].host);
	ck_assert_uint_eq(s.target_port, cases[_i].target_port);
	ck_assert_int_eq((int)s.kind, (int)cases[_i].kind);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	char text[600];
	struct forward_spec s;

	snprintf(text, sizeof(text), "1:%0500d:2", 7);
	ck_assert_ptr_nonnull(forward_spec_parse(HAWSER_FORWARD_LOCAL, text, &s));
	snprintf(text, sizeof(text), "%070d:1:a:2", 7);
	ck_assert_ptr_nonnull(forward_spec_parse(HAWSER_FORWARD_LOCAL, text, &s));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/forward_spec");
	TCase *tc = test_case(s, "all", 10, TESTS(what_is_too_long_is_refused));

	tcase_add_loop_test(tc, each_text_has_its_meaning, 0, (int)HWS_COUNT(cases));
	return test_suite_run(s);
}
