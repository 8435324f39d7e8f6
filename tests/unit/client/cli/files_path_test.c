/* Paths of hosts of both kinds. */
#include "client/cli/files/path.h"
#include "shared/base/err.h"
#include "tests/unit/client/cli/files_suites.h"

static void leads(const char *cwd, const char *arg, bool windows, const char *want)
{
	char buf[64];

	ck_assert_int_eq(files_path_resolve(buf, sizeof(buf), cwd, arg, windows), HWS_OK);
	ck_assert_str_eq(buf, want);
}

START_TEST(unix_paths_are_resolved)
{
	leads("/home/a", "b", false, "/home/a/b");
	leads("/home/a", "/x//y/", false, "/x/y");
	leads("/home/a", "..", false, "/home");
	leads("/home/a", "../../..", false, "/");
	leads("/home/a", "./b/./c/..", false, "/home/a/b");
	leads("/home/a", "", false, "/home/a");
	leads("/", "b", false, "/b");
	leads("", "", false, "");
	leads("", "b/c", false, "b/c");
	leads("", "b/..", false, "");
	leads("/a", "b\\c", false, "/a/b\\c");
}
END_TEST

START_TEST(windows_paths_are_resolved)
{
	leads("C:\\Users\\a", "b", true, "C:\\Users\\a\\b");
	leads("C:\\Users\\a", "b/c", true, "C:\\Users\\a\\b\\c");
	leads("C:\\Users\\a", "D:/x", true, "D:\\x");
	leads("C:\\Users\\a", "D:", true, "D:\\");
	leads("C:\\Users\\a", "\\x", true, "C:\\x");
	leads("C:\\Users\\a", "..\\..\\..", true, "C:\\");
	leads("\\\\srv\\share\\a", "..\\..\\..", true, "\\\\srv\\share\\");
	leads("C:\\Users", "/", true, "/");
	leads("/", "C:", true, "C:\\");
}
END_TEST

START_TEST(paths_that_cannot_be_are_refused)
{
	char buf[8];

	ck_assert_int_eq(files_path_resolve(buf, sizeof(buf), "", "..", false), HWS_ERR_INVAL);
	ck_assert_int_eq(files_path_resolve(buf, sizeof(buf), "", "a/../..", false), HWS_ERR_INVAL);
	ck_assert_int_eq(files_path_resolve(buf, sizeof(buf), "/abc", "defg", false),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(files_path_join(buf, sizeof(buf), "/abc", "defg", false), HWS_ERR_TOOBIG);
	ck_assert(!files_path_is_name("", false) && !files_path_is_name("..", false));
	ck_assert(!files_path_is_name("a/b", false) && !files_path_is_name("a\\b", true));
	ck_assert(files_path_is_name("a\\b", false) && files_path_is_name("...", false));
}
END_TEST

START_TEST(paths_are_taken_apart)
{
	char buf[32];

	ck_assert_str_eq(files_path_base("/a/b", false), "b");
	ck_assert_str_eq(files_path_base("/", false), "");
	ck_assert_str_eq(files_path_base("b", false), "b");
	ck_assert_str_eq(files_path_base("C:\\a\\b", true), "b");
	ck_assert_str_eq(files_path_base("C:\\", true), "");
	ck_assert_int_eq(files_path_parent(buf, sizeof(buf), "/a/b", false), HWS_OK);
	ck_assert_str_eq(buf, "/a");
	ck_assert_int_eq(files_path_parent(buf, sizeof(buf), "/a", false), HWS_OK);
	ck_assert_str_eq(buf, "/");
	ck_assert_int_eq(files_path_parent(buf, sizeof(buf), "a", false), HWS_OK);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(files_path_parent(buf, sizeof(buf), "C:\\a", true), HWS_OK);
	ck_assert_str_eq(buf, "C:\\");
	ck_assert_int_eq(files_path_join(buf, sizeof(buf), "C:\\", "a", true), HWS_OK);
	ck_assert_str_eq(buf, "C:\\a");
	ck_assert_int_eq(files_path_join(buf, sizeof(buf), "", "a", false), HWS_OK);
	ck_assert_str_eq(buf, "a");
}
END_TEST

Suite *files_path_suite(void)
{
	Suite *s = suite_create("cli/files/path");

	test_case(s, "path", 10,
			TESTS(unix_paths_are_resolved, windows_paths_are_resolved,
					paths_that_cannot_be_are_refused, paths_are_taken_apart));
	return s;
}
