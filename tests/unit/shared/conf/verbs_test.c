/* Sub-commands: which one runs, and what is said when none does. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/base/str.h"
#include "shared/conf/verbs.h"

static int on_verb(int argc, char **argv, void *ctx)
{
	*(int *)ctx = argc;
	return hws_str_equal(argv[0], "connect") ? 7 : 8;
}

static const struct hws_verb table[] = {
	{ "connect", "ID", "Opens a session.", 1, 1, on_verb },
	{ "files", "ID [PATH ...]", "Copies files.", 1, -1, on_verb },
	{ "secret-agent", "", NULL, 0, 0, on_verb },
};

static char said[4096];

/* Runs with standard error going to `said`. */
static int run(int argc, const char *const *words, int *seen)
{
	char copies[4][32], *argv[5] = { 0 };
	FILE *file = tmpfile();
	int r, saved = dup(2);
	size_t n;

	for (int i = 0; i < argc; i++) {
		ck_assert_int_eq(hws_str_copy(copies[i], sizeof(copies[i]), words[i]), HWS_OK);
		argv[i] = copies[i];
	}
	ck_assert_ptr_nonnull(file);
	dup2(fileno(file), 2);
	*seen = -1;
	r = hws_verbs_run(table, HWS_COUNT(table), "hawser", argc, argv, seen);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	rewind(file);
	n = fread(said, 1, sizeof(said) - 1, file);
	said[n] = 0;
	fclose(file);
	return r;
}

static const struct {
	const char *words[4];
	int argc, status, seen;
	const char *says; /* NULL = nothing */
} cases[] = {
	{ { "connect", "1" }, 2, 7, 2, NULL },
	{ { "files", "1", "a", "b" }, 4, 8, 4, NULL },
	{ { "secret-agent" }, 1, 8, 1, NULL },
	{ { "connect" }, 1, 2, -1, "usage: hawser connect ID\n" },
	{ { "connect", "1", "2" }, 3, 2, -1, "usage: hawser connect ID\n" },
	{ { "conect", "1" }, 2, 2, -1, "did you mean 'connect'?" },
	{ { "\033[31m" }, 1, 2, -1, "'\\x1b[31m'" },
	{ { "secret-agemt" }, 1, 2, -1, "unknown command 'secret-agemt'\n" },
	{ { NULL }, 0, 2, -1, "files ID [PATH ...]" },
};

START_TEST(verbs_run_or_explain)
{
	int seen;

	ck_assert_int_eq(run(cases[_i].argc, cases[_i].words, &seen), cases[_i].status);
	ck_assert_int_eq(seen, cases[_i].seen);
	if (cases[_i].says)
		ck_assert_msg(strstr(said, cases[_i].says) != NULL, "%s", said);
	else
		ck_assert_str_eq(said, "");
	ck_assert_ptr_null(strstr(said, "  secret-agent")); /* not listed */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conf/verbs");
	TCase *t = tcase_create("verbs");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, verbs_run_or_explain, 0, HWS_COUNT(cases));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
