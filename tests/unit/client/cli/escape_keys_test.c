/* The escape character of `hawser terminal`. */
#include "client/cli/escape_keys.h"
#include "tests/support/suite.h"
#include <string.h>

/* What goes to the host, with what is for this program as <words>. */
static void typed(int escape, const char *keys, const char *want)
{
	static const char *const words[] = { "", "<leave>", "<suspend>", "<help>" };
	struct escape_keys k;
	char got[200] = "";
	size_t at = 0;

	escape_keys_begin(&k, escape);
	for (; *keys; keys++) {
		uint8_t out[2];
		size_t n;
		enum escape_action a = escape_keys_feed(&k, (uint8_t)*keys, out, &n);

		memcpy(got + at, out, n);
		at += n;
		memcpy(got + at, words[a], strlen(words[a]));
		at += strlen(words[a]);
	}
	got[at] = 0;
	ck_assert_str_eq(got, want);
}

START_TEST(the_character_counts_where_a_line_begins)
{
	typed('~', "~.", "<leave>");
	typed('~', "ls\r~.", "ls\r<leave>");
	typed('~', "ls\n~?~\x1ax", "ls\n<help><suspend>x");
	typed('~', "cd ~.", "cd ~.");
	typed('~', "a~~.", "a~~.");
}
END_TEST

START_TEST(everything_else_goes_to_the_host)
{
	typed('~', "~~.", "~.");
	typed('~', "~/bin\r", "~/bin\r");
	typed('~', "~x~.", "~x~.");
	typed('~', "~\r~.", "~\r<leave>");
	typed('~', "\x03\x1b[A\x1a", "\x03\x1b[A\x1a");
	typed(-1, "~.\r~.", "~.\r~.");
	typed(0x1d, "\x1d.~.", "<leave>~.");
}
END_TEST

START_TEST(characters_are_named)
{
	int c = 0;

	ck_assert(escape_keys_parse("~", &c) && c == '~');
	ck_assert(escape_keys_parse("^]", &c) && c == 0x1d);
	ck_assert(escape_keys_parse("none", &c) && c == -1);
	ck_assert(escape_keys_parse("^", &c) && c == '^');
	ck_assert(!escape_keys_parse("", &c));
	ck_assert(!escape_keys_parse("ab", &c));
	ck_assert(!escape_keys_parse("^M", &c));
	ck_assert(!escape_keys_parse("^Z", &c));
	ck_assert(!escape_keys_parse(".", &c));
	ck_assert(!escape_keys_parse("\x80", &c));
}
END_TEST

int main(void)
{
	return test_main("cli/escape_keys", 20, NULL, NULL,
			TESTS(the_character_counts_where_a_line_begins,
					everything_else_goes_to_the_host, characters_are_named));
}
