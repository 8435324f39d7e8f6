/* Words for shells: which ones are found in tables and in the texts beside them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/macros.h"
#include "shared/conf/complete.h"

struct settings {
	bool quick, kept;
	char *file, *folder, *secret;
	int level;
};
#define AT(f) offsetof(struct settings, f)

static const struct hws_option table[] = {
	{ "", "quick", 'q', HWS_OPT_BOOL, AT(quick), "no", 0, 0, NULL, 0, NULL, "Be quick.", NULL },
	{ "", "kept", 0, HWS_OPT_BOOL, AT(kept), "yes", 0, 0, NULL, 0, NULL, "It's kept.", NULL },
	{ "", "file", 0, HWS_OPT_PATH, AT(file), "", 0, 0, NULL, 0, NULL, "A file.", NULL },
	{ "", "folder", 0, HWS_OPT_STR, AT(folder), "", 0, 0, NULL, 0, "DIR|none", "A.", NULL },
	{ "", "word", 0, HWS_OPT_STR, AT(secret), "", 0, 0, NULL, HWS_OPT_SECRET, NULL, "S.",
			NULL },
	{ "", "inner", 0, HWS_OPT_STR, AT(folder), "", 0, 0, NULL, HWS_OPT_HIDDEN, NULL, "H.",
			NULL },
	{ "", "level", 'l', HWS_OPT_ENUM, AT(level), "low", 0, 0, "low|high", 0, "LEVEL", "L.",
			NULL },
};

static const struct hws_options options = { .program = "tool x",
	.usage = "tool go HOST [OPTION ...]\ntool go HOST ls|rm PATH\ntool go HOST sync up\n"
		 "tool go HOST sync down | jobs [N] | ",
	.table = table,
	.count = HWS_COUNT(table) };

static const struct hws_verb verbs[] = {
	{ .name = "go", .args = "ID|HOST[:PORT] [-- COMMAND]", .help = "go there" },
	{ .name = "say",
			.args = "[WHO] yes|no|$(ls) [--since TIME|DATE] [NAME=on|off]",
			.help = "s" },
	{ .name = "ask",
			.args = "show | get NAME | [",
			.help = "a",
			.more = "  --at HOST[:P], --in D\n"
				"  --alone\n"
				"prose --not this\n"
				"  --`ls` X  bad\n  --" },
	{ .name = "inner", .args = "--hidden" },
};
static const struct hws_complete_part parts[] = { { "go", &options } };
static const struct hws_complete tool = {
	.program = "my-tool",
	.verbs = verbs,
	.verbs_count = HWS_COUNT(verbs),
	.parts = parts,
	.parts_count = HWS_COUNT(parts),
	.knows_hosts = true,
};

static char text[100000];

static int make(const struct hws_complete *c, const char *shell)
{
	struct hws_buf out;
	int r;

	hws_buf_init(&out, sizeof(text));
	r = hws_complete_make(c, shell, &out);
	snprintf(text, sizeof(text), "%.*s", (int)hws_buf_len(&out),
			hws_buf_len(&out) ? (const char *)hws_buf_bytes(&out).ptr : "");
	hws_buf_done(&out);
	return r;
}

static const char *const lines[] = {
	"_my_tool_verbs=' go say ask '\n",
	"\tgo) echo ' --quick -q --kept --no-kept --file --folder --level -l --help' ;;\n",
	"\tsay) echo ' --since --help' ;;\n",
	"\task) echo ' --at --in --alone --help' ;;\n",
	"\t'go --file') echo 'file' ;;\n",
	"\t'go --folder') echo 'dir none' ;;\n",
	"\t'go --level'|'go -l') echo 'any low high' ;;\n",
	"\t'say --since') echo 'any' ;;\n",
	"\t'ask --at') echo 'any' ;;\n\t'ask --in') echo 'any' ;;\n\t*)",
	"\t'go 0 '*) echo \"words $(_my_tool_hosts)\" ;;\n",
	"\t'go 1 '*) echo 'words ls rm sync jobs' ;;\n",
	"\t'say 0 '*) echo \"words yes no\" ;;\n",
	"\t'ask 1 get'|'ask 1 set')",
	"\t'ask 0 '*) echo \"words show get\" ;;\n",
};

START_TEST(words_are_those_of_the_tables)
{
	ck_assert_int_eq(make(&tool, _i % 2 ? "bash" : "zsh"), HWS_OK);
	ck_assert_msg(strstr(text, lines[_i / 2]), "no %s in\n%s", lines[_i / 2], text);
	ck_assert_ptr_null(strstr(text, "ls)"));
	ck_assert_ptr_null(strstr(text, "`"));
	ck_assert_ptr_null(strstr(text, "inner"));
}
END_TEST

START_TEST(fish_has_the_help_and_quotes_it)
{
	ck_assert_int_eq(make(&tool, "fish"), HWS_OK);
	ck_assert_ptr_nonnull(strstr(text, "-l kept -d 'It\\'s kept.'\n"));
	ck_assert_ptr_nonnull(strstr(text, "-l level -s l -x -a 'low high ' -d 'L.'\n"));
	ck_assert_ptr_null(strstr(text, "inner"));
	ck_assert_ptr_null(strstr(text, "-l word"));
}
END_TEST

START_TEST(what_cannot_be_made_is_an_error)
{
	static struct hws_option many[500];
	static char names[HWS_COUNT(many)][8];
	const struct hws_options all = { .program = "m", .table = many, .count = HWS_COUNT(many) };
	const struct hws_complete c = { .program = "m", .options = &all };
	struct hws_buf small;

	ck_assert_int_eq(make(&tool, "ksh"), HWS_ERR_NOTFOUND);
	for (size_t i = 0; i < HWS_COUNT(many); i++) {
		snprintf(names[i], sizeof(names[i]), "o%zu", i);
		many[i] = table[0];
		many[i].name = names[i];
	}
	ck_assert_int_eq(make(&c, "bash"), HWS_ERR_RANGE);
	ck_assert_int_eq(make(&c, "zsh"), HWS_ERR_RANGE);
	ck_assert_int_eq(make(&c, "fish"), HWS_ERR_RANGE);
	hws_buf_init(&small, 100);
	ck_assert_int_lt(hws_complete_make(&tool, "bash", &small), 0);
	hws_buf_done(&small);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conf/complete");
	TCase *t = tcase_create("complete");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, words_are_those_of_the_tables, 0, 2 * (int)HWS_COUNT(lines));
	tcase_add_test(t, fish_has_the_help_and_quotes_it);
	tcase_add_test(t, what_cannot_be_made_is_an_error);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
