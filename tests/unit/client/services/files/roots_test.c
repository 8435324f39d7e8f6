/* What a session may touch: nothing but what is beneath its roots, however a path gets there, with
 * openat2 and without. */
#include "client/services/files/change.h"
#include "client/services/files/names.h"
#include "client/services/files/roots.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char top[256], inside[300], outside[300];
static struct hws_roots *roots;
static struct hws_error err;

static const char *at(const char *dir, const char *name)
{
	static char buf[4][600];
	static unsigned next;
	char *p = buf[next++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void setup(void)
{
	snprintf(top, sizeof(top), "%s/rootsXXXXXX", getenv("TMPDIR"));
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(inside, sizeof(inside), "%s/in", top);
	snprintf(outside, sizeof(outside), "%s/out", top);
	mkdir(inside, 0700);
	mkdir(outside, 0700);
	mkdir(at(inside, "dir"), 0700);
	touch(at(inside, "dir/file"));
	touch(at(outside, "secret"));
	ck_assert_int_eq(symlink(outside, at(inside, "away")), 0);
	ck_assert_int_eq(symlink("../out", at(inside, "up")), 0);
	ck_assert_int_eq(symlink("dir", at(inside, "near")), 0);
	ck_assert_int_eq(symlink("/proc/self/root", at(inside, "magic")), 0);
	ck_assert_int_eq(mkfifo(at(inside, "pipe"), 0600), 0);
	ck_assert_int_eq(hws_roots_new(inside, &roots), HWS_OK);
	ck_assert_int_eq(hws_roots_add(roots, inside, HWS_ROOT_BOTH, &err), HWS_OK);
	err = (struct hws_error){ 0 };
}

static void teardown(void)
{
	hws_roots_free(roots);
	roots = NULL;
}

static void variant(int i)
{
	if (i)
		hws_roots_without_openat2(roots);
}

static int open_file(const char *path)
{
	struct stat st;
	int fd, r;

	err = (struct hws_error){ 0 };
	r = hws_roots_open_file(roots, path, &fd, &st, &err);
	if (r == HWS_OK)
		close(fd);
	else
		ck_assert_uint_gt(strlen(err.text), 0);
	return r;
}

START_TEST(what_is_inside_is_found)
{
	int fd;

	variant(_i);
	ck_assert_int_eq(open_file(at(inside, "dir/file")), HWS_OK);
	ck_assert_int_eq(open_file(at(inside, "dir")), HWS_ERR_INVAL);
	ck_assert_int_eq(open_file(at(inside, "none")), HWS_ERR_NOTFOUND);
	if (!_i) /* links inside need openat2 */
		ck_assert_int_eq(open_file(at(inside, "near/file")), HWS_OK);
	ck_assert_int_eq(hws_roots_open_folder(roots, inside, HWS_ROOT_READ, &fd, &err), HWS_OK);
	close(fd);
}
END_TEST

START_TEST(what_is_outside_is_not)
{
	variant(_i);
	ck_assert_int_eq(open_file(at(outside, "secret")), HWS_ERR_DENIED);
	ck_assert_int_eq(open_file(at(inside, "away/secret")), HWS_ERR_DENIED);
	ck_assert_int_eq(open_file(at(inside, "up/secret")), HWS_ERR_DENIED);
	ck_assert_int_eq(open_file(at(inside, "magic/etc/hostname")), HWS_ERR_DENIED);
	ck_assert_int_eq(open_file("/etc/hostname"), HWS_ERR_DENIED);
	/* a name that only begins like the root */
	ck_assert_int_eq(open_file(at(top, "inner")), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_roots_make_folder(roots, at(outside, "new"), NULL, &err),
			HWS_ERR_DENIED);
	ck_assert_int_lt(hws_roots_make_folder(roots, at(inside, "away/new"), NULL, &err), 0);
	ck_assert_int_ne(access(at(outside, "new"), F_OK), 0);
	ck_assert_int_lt(hws_change_remove_file(roots, at(inside, "away/secret"), &err), 0);
	ck_assert_int_lt(hws_change_rename(roots, at(inside, "dir/file"), "../../out/x", &err), 0);
	ck_assert_int_eq(access(at(outside, "secret"), F_OK), 0);
}
END_TEST

START_TEST(pipes_and_devices_are_not_opened)
{
	variant(_i);
	ck_assert_int_eq(open_file(at(inside, "pipe")), HWS_ERR_UNSUPPORTED);
	int fd, dir = open(inside, O_RDONLY | O_DIRECTORY);
	struct stat st;
	ck_assert_int_eq(hws_below_file(roots, dir, "pipe", &fd, &st), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_below_file(roots, dir, "near/file", &fd, &st), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_below_folder(roots, dir, "away", true, &fd), HWS_ERR_DENIED);
	close(dir);
	hws_roots_free(roots);
	ck_assert_int_eq(hws_roots_new(NULL, &roots), HWS_OK);
	ck_assert_int_eq(hws_roots_add(roots, "/dev", HWS_ROOT_BOTH, &err), HWS_OK);
	variant(_i);
	ck_assert_int_eq(open_file("/dev/null"), HWS_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(accesses_are_kept_apart)
{
	int fd;

	hws_roots_free(roots);
	ck_assert_int_eq(hws_roots_new(inside, &roots), HWS_OK);
	ck_assert_int_eq(hws_roots_add(roots, at(inside, "dir"), HWS_ROOT_READ, &err), HWS_OK);
	ck_assert_int_eq(hws_roots_add(roots, outside, HWS_ROOT_WRITE, &err), HWS_OK);
	variant(_i);
	ck_assert_int_eq(open_file(at(inside, "dir/file")), HWS_OK);
	ck_assert_int_eq(open_file(at(outside, "secret")), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_roots_make_folder(roots, at(inside, "dir/x"), NULL, &err),
			HWS_ERR_DENIED);
	ck_assert_int_eq(hws_roots_make_folder(roots, at(outside, "x/y"), &fd, &err), HWS_OK);
	close(fd);
	ck_assert_int_eq(access(at(outside, "x/y"), F_OK), 0);
	hws_roots_limit(roots, HWS_ROOT_READ);
	ck_assert_int_eq(
			hws_roots_make_folder(roots, at(outside, "z"), NULL, &err), HWS_ERR_DENIED);
	ck_assert_int_eq(open_file(at(inside, "dir/file")), HWS_OK);
}
END_TEST

START_TEST(paths_are_absolute_and_plain)
{
	char buf[HWS_FILE_PATH_MAX + 1];

	ck_assert_int_eq(hws_roots_absolute(roots, "", buf, &err), HWS_OK);
	ck_assert_str_eq(buf, inside);
	ck_assert_int_eq(hws_roots_absolute(roots, "~/x//./y/", buf, &err), HWS_OK);
	ck_assert_str_eq(buf, at(inside, "x/y"));
	ck_assert_int_eq(hws_roots_absolute(roots, "x", buf, &err), HWS_OK);
	ck_assert_str_eq(buf, at(inside, "x"));
	ck_assert_int_eq(hws_roots_absolute(roots, "/", buf, &err), HWS_OK);
	ck_assert_str_eq(buf, "/");
	ck_assert_int_eq(hws_roots_absolute(roots, "/a/../b", buf, &err), HWS_ERR_INVAL);
}
END_TEST

START_TEST(settings_name_roots)
{
	char list[700];

	hws_roots_free(roots);
	ck_assert_int_eq(hws_roots_new(inside, &roots), HWS_OK);
	snprintf(list, sizeof(list), "ro:%s, wo:%s", inside, outside);
	ck_assert_int_eq(hws_roots_add_list(roots, list, &err), HWS_OK);
	ck_assert_int_eq(open_file(at(inside, "dir/file")), HWS_OK);
	ck_assert_int_eq(open_file(at(outside, "secret")), HWS_ERR_DENIED);
	ck_assert_int_eq(hws_roots_add_list(roots, "/no/such/folder", &err), HWS_ERR_NOTFOUND);
	hws_roots_free(roots);
	ck_assert_int_eq(hws_roots_new(inside, &roots), HWS_OK);
	ck_assert_int_eq(hws_roots_add_list(roots, "", &err), HWS_OK);
	ck_assert_str_eq(hws_roots_first(roots), inside);
}
END_TEST

START_TEST(names_that_are_taken_stay)
{
	touch(at(inside, "other"));
	ck_assert_int_eq(
			hws_change_rename(roots, at(inside, "other"), "dir", &err), HWS_ERR_EXISTS);
	ck_assert_int_eq(hws_change_rename(roots, at(inside, "other"), "new", &err), HWS_OK);
	ck_assert_int_eq(access(at(inside, "new"), F_OK), 0);
	ck_assert_int_lt(hws_change_remove_folder(roots, inside, HWS_REMOVE_TREE, &err), 0);
	ck_assert_int_eq(access(at(inside, "new"), F_OK), 0);
	ck_assert_int_lt(hws_change_remove_folder(roots, at(inside, "dir"), HWS_REMOVE_EMPTY, &err),
			0);
	ck_assert_int_eq(hws_change_remove_folder(roots, at(inside, "dir"), HWS_REMOVE_TREE, &err),
			HWS_OK);
	/* the link itself, not what it shows */
	ck_assert_int_eq(hws_change_remove_file(roots, at(inside, "away"), &err), HWS_OK);
	ck_assert_int_eq(access(at(outside, "secret"), F_OK), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files/roots");
	TCase *t = test_case(s, "roots", 30, TESTS_NONE);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_inside_is_found, 0, 2);
	tcase_add_loop_test(t, what_is_outside_is_not, 0, 2);
	tcase_add_loop_test(t, pipes_and_devices_are_not_opened, 0, 2);
	tcase_add_loop_test(t, accesses_are_kept_apart, 0, 2);
	tcase_add_test(t, paths_are_absolute_and_plain);
	tcase_add_test(t, settings_name_roots);
	tcase_add_test(t, names_that_are_taken_stay);
	return test_suite_run(s);
}
