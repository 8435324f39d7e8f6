/* Settings from the environment: secrets that stand in a file, and the names that other programs'
 * images have, which count in a container only. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"

struct config {
	char *name, *secret;
	bool open;
	int level;
};

static const struct hws_option table[] = {
	{ "", "name", 0, HWS_OPT_STR, offsetof(struct config, name), "nobody", .aliases = "NICK" },
	{ "", "the-secret", 0, HWS_OPT_STR, offsetof(struct config, secret), "",
			.flags = HWS_OPT_SECRET },
	{ "", "open", 0, HWS_OPT_BOOL, offsetof(struct config, open), "no" },
	{ "", "log-level", 0, HWS_OPT_ENUM, offsetof(struct config, level), "info",
			.choices = "error|warn|info|debug|trace" },
};

/* An address goes where nothing is shown. */
static int nick(const char *value, char *buf HWS_UNUSED, size_t size HWS_UNUSED,
		const char **option, const char **ret)
{
	if (hws_str_starts(value, "bad"))
		return HWS_ERR_INVAL;
	if (hws_str_starts(value, "hidden"))
		*option = "the-secret";
	*ret = value;
	return HWS_OK;
}

static char usual[64];
static struct hws_env_name others[] = {
	{ .name = "OLD_CLOSED", .option = "open", hws_options_invert, .takes = "0 or 1" },
	{ .name = "OLD_KEY", .option = "the-secret", .file = usual },
	{ .name = "NICK", .option = "name", nick, .takes = "a good name" },
	{ .name = "RUST_LOG", .option = "log-level", hws_options_rust_log, .takes = "a level" },
	{ .name = "OLD_THING", .text = "there is none" },
};
static const struct hws_options options = { .program = "prog",
	.env_prefix = "TEST_ENV_",
	.table = table,
	.count = HWS_COUNT(table),
	.others = others,
	.others_count = HWS_COUNT(others) };

static const char *const names[] = { "TEST_ENV_NAME", "TEST_ENV_NAME_FILE", "TEST_ENV_THE_SECRET",
	"TEST_ENV_THE_SECRET_FILE", "TEST_ENV_OPEN", "TEST_ENV_LOG_LEVEL", "OLD_CLOSED", "OLD_KEY",
	"OLD_KEY_FILE", "NICK", "RUST_LOG", "OLD_THING", "HAWSER_CONTAINER" };

static struct config c;
static struct hws_error err;
static char dir[] = "/tmp/hws-env-XXXXXX", path[64];

static void set_up(void)
{
	for (size_t i = 0; i < HWS_COUNT(names); i++)
		unsetenv(names[i]);
	memset(&err, 0, sizeof(err));
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/secret", dir), HWS_OK);
	ck_assert_int_eq(hws_fmt(usual, sizeof(usual), "%s/usual", dir), HWS_OK);
	ck_assert_int_eq(hws_options_init(&options, &c), HWS_OK);
}

static void tear_down(void)
{
	hws_options_done(&options, &c);
	unlink(path);
	unlink(usual);
	rmdir(dir);
}

static void put(const char *file, const void *content, size_t len)
{
	FILE *f = fopen(file, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(content, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static int read_env(void)
{
	return hws_options_env(&options, &c, &err);
}

static const struct {
	const char *content, *value;
} files[] = {
	{ "geheim", "geheim" },
	{ "geheim\n", "geheim" },
	{ "geheim\r\n", "geheim" },
	{ " with blanks \n", " with blanks " },
};

START_TEST(a_secret_comes_from_a_file_without_its_newline)
{
	put(path, files[_i].content, strlen(files[_i].content));
	setenv("TEST_ENV_THE_SECRET_FILE", path, 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.secret, files[_i].value);
}
END_TEST

START_TEST(a_file_that_holds_no_value_is_named_in_the_error)
{
	char *large = hws_alloc(20000);

	setenv("TEST_ENV_THE_SECRET_FILE", path, 1);
	ck_assert_int_eq(read_env(), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "TEST_ENV_THE_SECRET_FILE: "));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	for (size_t n = 0; n <= 2; n++) { /* what makes the value has failed */
		put(path, &"\r\n"[2 - n], n);
		ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
		ck_assert_ptr_nonnull(strstr(err.text, path));
		ck_assert_ptr_nonnull(strstr(err.text, "is empty"));
	}
	put(path, "two\nlines", 9);
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_null(strstr(err.text, "lines\n"));
	put(path, "a\0b", 3);
	ck_assert_int_eq(read_env(), HWS_ERR_CORRUPT);
	ck_assert_ptr_nonnull(large);
	memset(large, 'x', 20000);
	put(path, large, 20000);
	ck_assert_int_eq(read_env(), HWS_ERR_TOOBIG);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	put(path, large, 16384); /* as much as there may be */
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_uint_eq(strlen(c.secret), 16384);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody writes: nothing waits */
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
	setenv("TEST_ENV_THE_SECRET_FILE", dir, 1);
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	hws_free(large);
}
END_TEST

START_TEST(a_value_and_a_file_at_once_are_refused)
{
	put(path, "x", 1);
	setenv("TEST_ENV_THE_SECRET_FILE", path, 1);
	setenv("TEST_ENV_THE_SECRET", "y", 1);
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(
			err.text, "TEST_ENV_THE_SECRET and TEST_ENV_THE_SECRET_FILE are both set"));
	setenv("TEST_ENV_THE_SECRET_FILE", "", 1); /* set to nothing: not set */
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.secret, "y");
	setenv("TEST_ENV_THE_SECRET", "", 1);
	setenv("TEST_ENV_THE_SECRET_FILE", path, 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.secret, "x");
}
END_TEST

START_TEST(what_is_no_secret_has_no_file)
{
	put(path, "somebody", 8);
	setenv("TEST_ENV_NAME_FILE", path, 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.name, "nobody");
}
END_TEST

START_TEST(names_of_others_count_in_a_container_only)
{
	setenv("OLD_CLOSED", "0", 1);
	setenv("OLD_KEY", "k", 1);
	setenv("RUST_LOG", "warn", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert(!c.open);
	setenv("HAWSER_CONTAINER", "0", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert(!c.open);
	setenv("HAWSER_CONTAINER", "1", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert(c.open);
	ck_assert_str_eq(c.secret, "k");
	ck_assert_int_eq(c.level, 1);
}
END_TEST

START_TEST(our_names_go_over_those_of_others)
{
	setenv("HAWSER_CONTAINER", "1", 1);
	setenv("OLD_CLOSED", "0", 1);
	setenv("TEST_ENV_OPEN", "no", 1);
	setenv("NICK", "theirs", 1);
	setenv("TEST_ENV_NAME", "ours", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert(!c.open);
	ck_assert_str_eq(c.name, "ours");
}
END_TEST

/* Also where theirs would go elsewhere. */
START_TEST(our_name_goes_over_one_that_is_converted)
{
	setenv("HAWSER_CONTAINER", "1", 1);
	setenv("NICK", "hidden name", 1);
	setenv("TEST_ENV_NAME", "ours", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.name, "ours");
	ck_assert_str_eq(c.secret, "");
	setenv("NICK", "bad", 1); /* nobody reads it */
	ck_assert_int_eq(read_env(), HWS_OK);
}
END_TEST

/* Templates of containers name everything. */
START_TEST(what_is_set_to_nothing_is_not_set)
{
	setenv("TEST_ENV_NAME", "", 1);
	setenv("TEST_ENV_THE_SECRET", "", 1);
	setenv("TEST_ENV_OPEN", "", 1);
	setenv("TEST_ENV_LOG_LEVEL", "", 1);
	setenv("NICK", "", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.name, "nobody");
	ck_assert_int_eq(c.level, 2);
	setenv("HAWSER_CONTAINER", "1", 1);
	setenv("NICK", "theirs", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.name, "theirs");
}
END_TEST

START_TEST(an_alias_is_converted_in_a_container)
{
	setenv("NICK", "hidden name", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.name, "hidden name");
	ck_assert_int_eq(hws_options_set(&options, &c, "name", "nobody", &err), HWS_OK);
	setenv("HAWSER_CONTAINER", "1", 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.name, "nobody");
	ck_assert_str_eq(c.secret, "hidden name");
	setenv("NICK", "bad", 1);
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	ck_assert_str_eq(err.text, "NICK takes a good name");
	setenv("NICK", "", 1); /* set to nothing */
	ck_assert_int_eq(read_env(), HWS_OK);
}
END_TEST

START_TEST(others_have_files_too_and_a_usual_place)
{
	setenv("HAWSER_CONTAINER", "1", 1);
	put(usual, "", 0);
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	put(usual, "from the usual place\n", 21);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.secret, "from the usual place");
	put(path, "named\n", 6);
	setenv("OLD_KEY_FILE", path, 1);
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.secret, "named");
	setenv("OLD_KEY", "said", 1);
	ck_assert_int_eq(read_env(), HWS_ERR_INVAL);
	unsetenv("OLD_KEY_FILE");
	ck_assert_int_eq(read_env(), HWS_OK);
	ck_assert_str_eq(c.secret, "said");
}
END_TEST

static const struct {
	const char *filter;
	int r, level;
} filters[] = {
	{ "error", HWS_OK, 0 },
	{ "WARN", HWS_OK, 1 },
	{ "hbbs=trace,debug", HWS_OK, 3 },
	{ "debug,hbbs=trace", HWS_OK, 3 },
	{ "hbbs=trace", HWS_OK, 2 },
	{ ",", HWS_ERR_INVAL, 2 },
	{ "off", HWS_OK, 0 },
	{ "loud", HWS_ERR_INVAL, 2 },
	{ "a-word-that-is-much-longer-than-any-level-could-ever-be-in-this-program", HWS_OK, 2 },
};

START_TEST(a_filter_of_rust_becomes_a_level)
{
	setenv("HAWSER_CONTAINER", "1", 1);
	setenv("RUST_LOG", filters[_i].filter, 1);
	ck_assert_int_eq(read_env(), filters[_i].r);
	ck_assert_int_eq(c.level, filters[_i].level);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conf/env");
	TCase *t = tcase_create("env");
	SRunner *run = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_secret_comes_from_a_file_without_its_newline, 0, HWS_COUNT(files));
	tcase_add_test(t, a_file_that_holds_no_value_is_named_in_the_error);
	tcase_add_test(t, a_value_and_a_file_at_once_are_refused);
	tcase_add_test(t, what_is_no_secret_has_no_file);
	tcase_add_test(t, names_of_others_count_in_a_container_only);
	tcase_add_test(t, our_names_go_over_those_of_others);
	tcase_add_test(t, our_name_goes_over_one_that_is_converted);
	tcase_add_test(t, what_is_set_to_nothing_is_not_set);
	tcase_add_test(t, an_alias_is_converted_in_a_container);
	tcase_add_test(t, others_have_files_too_and_a_usual_place);
	tcase_add_loop_test(t, a_filter_of_rust_becomes_a_level, 0, HWS_COUNT(filters));
	suite_add_tcase(s, t);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
