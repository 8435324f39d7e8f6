/* What a session may touch: nothing but what is beneath its roots, however a path gets there, with
 * openat2 and without. */
#include "client/services/files/change.h"
#include "client/services/files/names.h"
#include "client/services/files/roots.h"
#include "client/services/files/writer.h"
#include "proto/session.pb-c.h"
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

/* The host's own folders, in whatever way somebody comes to them. */
START_TEST(what_is_shut_is_reached_by_no_way)
{
	struct stat st;
	int dir, sub;

	variant(_i);
	mkdir(at(inside, "own"), 0700);
	mkdir(at(inside, "own/deep"), 0700);
	touch(at(inside, "own/key"));
	touch(at(inside, "own/deep/key"));
	mkdir(at(inside, "owner"), 0700);
	touch(at(inside, "owner/file"));
	ck_assert_int_eq(symlink("own", at(inside, "link")), 0);
	ck_assert_int_eq(hws_roots_shut(roots, at(inside, "own")), HWS_OK);
	ck_assert_int_eq(hws_roots_shut(roots, at(inside, "nothing")), HWS_OK);
	ck_assert_int_eq(open_file(at(inside, "owner/file")), HWS_OK);
	for (int renamed = 0; renamed < 2; renamed++) {
		const char *const own = renamed ? "moved" : "own";
		char name[64];

		ck_assert_int_lt(hws_roots_open_folder(
						 roots, at(inside, own), HWS_ROOT_READ, &dir, &err),
				0);
		snprintf(name, sizeof(name), "%s/key", own);
		ck_assert_int_lt(open_file(at(inside, name)), 0);
		snprintf(name, sizeof(name), "%s/deep/key", own);
		ck_assert_int_lt(open_file(at(inside, name)), 0);
		snprintf(name, sizeof(name), "%s/new", own);
		ck_assert_int_lt(hws_change_make(roots, at(inside, name), &err), 0);
		snprintf(name, sizeof(name), "%s/key", own);
		ck_assert_int_lt(hws_change_remove_file(roots, at(inside, name), &err), 0);
		/* as names of a job */
		ck_assert_int_eq(hws_roots_open_folder(roots, inside, HWS_ROOT_BOTH, &dir, &err),
				HWS_OK);
		ck_assert_int_lt(hws_below_file(roots, dir, name, &sub, &st), 0);
		ck_assert_int_lt(hws_below_folder(roots, dir, own, false, &sub), 0);
		snprintf(name, sizeof(name), "%s/deep/new", own);
		ck_assert_int_lt(hws_below_folder(roots, dir, name, true, &sub), 0);
		close(dir);
		/* neither away nor elsewhere */
		ck_assert_int_lt(hws_change_rename(roots, at(inside, own), "away", &err), 0);
		ck_assert_int_lt(hws_change_remove_folder(roots, at(inside, own), HWS_REMOVE_TREE,
						 NULL, &err),
				0);
		snprintf(name, sizeof(name), "%s/deep/key", own);
		ck_assert_int_eq(access(at(inside, name), F_OK), 0);
		rename(at(inside, "own"), at(inside, "moved")); /* by somebody else */
	}
	ck_assert_int_lt(
			hws_roots_open_folder(roots, at(inside, "link"), HWS_ROOT_READ, &dir, &err),
			0);
}
END_TEST

START_TEST(a_removal_stops_when_it_is_told_to)
{
	hws_stop stop = "no more";

	variant(_i);
	mkdir(at(inside, "tree"), 0700);
	mkdir(at(inside, "tree/own"), 0700);
	touch(at(inside, "tree/own/key"));
	ck_assert_int_eq(hws_change_remove_folder(
					 roots, at(inside, "tree"), HWS_REMOVE_TREE, &stop, &err),
			HWS_ERR_CANCELED);
	ck_assert_int_eq(access(at(inside, "tree/own/key"), F_OK), 0);
	/* nor is it done by saying so */
	ck_assert_int_eq(hws_change_remove_folder(roots, at(inside, "tree"), HWS_REMOVE_EMPTY_TREE,
					 &stop, &err),
			HWS_ERR_CANCELED);
	atomic_store(&stop, NULL);
	ck_assert_int_eq(hws_change_remove_folder(
					 roots, at(inside, "tree"), HWS_REMOVE_TREE, &stop, &err),
			HWS_OK);
	ck_assert_int_lt(access(at(inside, "tree"), F_OK), 0);
}
END_TEST

/* Nor can the way to them be moved, and something else be put in its place: folders above them, and
 * links that lead there. */
START_TEST(the_way_to_what_is_shut_stays)
{
	variant(_i);
	mkdir(at(inside, "real"), 0700);
	mkdir(at(inside, "real/sub"), 0700);
	mkdir(at(inside, "real/sub/own"), 0700);
	touch(at(inside, "real/sub/own/key"));
	mkdir(at(inside, "real/other"), 0700);
	mkdir(at(inside, "top"), 0700);
	ck_assert_int_eq(symlink("../real", at(inside, "top/link")), 0);
	ck_assert_int_eq(symlink("real", at(inside, "another")), 0);
	ck_assert_int_eq(hws_roots_shut(roots, at(inside, "top/link/sub/own")), HWS_OK);
	static const char *const ways[] = { "real", "real/sub", "real/sub/own", "top", "top/link",
		"another/sub" };
	for (size_t i = 0; i < HWS_COUNT(ways); i++) {
		err.code = 0;
		ck_assert_msg(hws_change_rename(roots, at(inside, ways[i]), "away", &err) < 0, "%s",
				ways[i]);
	}
	ck_assert_int_lt(hws_change_remove_file(roots, at(inside, "top/link"), &err), 0);
	ck_assert_int_lt(hws_change_remove_folder(
					 roots, at(inside, "top"), HWS_REMOVE_TREE, NULL, &err),
			0);
	ck_assert_int_eq(access(at(inside, "top/link/sub/own/key"), F_OK), 0);
	/* what only lies beside it may go */
	ck_assert_int_eq(hws_change_rename(roots, at(inside, "real/other"), "moved", &err), HWS_OK);
	ck_assert_int_eq(hws_change_rename(roots, at(inside, "another"), "third", &err), HWS_OK);
	ck_assert_int_eq(hws_change_remove_file(roots, at(inside, "third"), &err), HWS_OK);
}
END_TEST

/* What is removed with all that is in it spares them, wherever they are in it. */
START_TEST(trees_are_removed_around_what_is_shut)
{
	variant(_i);
	mkdir(at(inside, "tree"), 0700);
	mkdir(at(inside, "tree/own"), 0700);
	touch(at(inside, "tree/own/key"));
	touch(at(inside, "tree/file"));
	ck_assert_int_eq(hws_roots_shut(roots, at(inside, "tree/own")), HWS_OK);
	ck_assert_int_lt(hws_change_remove_folder(
					 roots, at(inside, "tree"), HWS_REMOVE_TREE, NULL, &err),
			0);
	ck_assert_int_eq(access(at(inside, "tree/own/key"), F_OK), 0);
	ck_assert_int_lt(access(at(inside, "tree/file"), F_OK), 0);
}
END_TEST

/* Where nothing may be read, what is there is not replaced, and nothing is told of it. */
START_TEST(a_letter_box_takes_new_files_only)
{
	const struct hws_writer_conf c = { .roots = roots, .path = at(inside, "dir/file") };
	struct hws_listing list = { 0 };
	struct stat st = { .st_size = 3, .st_mode = S_IFREG | 0600 };
	struct hws_write b = { .data = hws_bytes_str("new"), .last = true };
	struct hws_writer_find f;
	struct hws_writer *w;
	bool done;

	ck_assert_int_eq(hws_listing_add(&list, "", SES__FILE_TYPE__File, &st), HWS_OK);
	ck_assert_int_eq(hws_writer_new(&c, &list, &w), HWS_OK);
	hws_roots_limit(roots, HWS_ROOT_WRITE);
	ck_assert_int_eq(hws_writer_open(w, 0, &err), HWS_OK);
	ck_assert_int_eq(hws_writer_find(w, 0, true, &f, &err), HWS_ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.text, "new files only"));
	err = (struct hws_error){ 0 };
	ck_assert_int_eq(hws_writer_write(w, &b, &done, &err), HWS_ERR_EXISTS);
	ck_assert_int_eq(stat(at(inside, "dir/file"), &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_int_lt(access(at(inside, "dir/file.download"), F_OK), 0);
	hws_writer_free(w);
}
END_TEST

static void put_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static bool has_text(const char *path, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	if (f) {
		got[fread(got, 1, sizeof(got) - 1, f)] = 0;
		fclose(f);
	}
	return strcmp(got, text) == 0;
}

/* NAME.download and NAME.digest may be files of their own. */
START_TEST(files_that_are_called_like_parts_stay)
{
	const struct hws_writer_conf c = { .roots = roots, .path = at(inside, "dir/new") };
	struct hws_listing list = { 0 };
	struct stat st = { .st_size = 6, .st_mode = S_IFREG | 0600 };
	struct hws_write one = { .data = hws_bytes_str("new") };
	struct hws_write two = { .data = hws_bytes_str("er!"), .last = true };
	struct hws_writer *w;
	bool done;

	put_text(at(inside, "dir/new.download"), "mine");
	if (_i)
		put_text(at(inside, "dir/new.digest"), "mine, too");
	ck_assert_int_eq(hws_listing_add(&list, "", SES__FILE_TYPE__File, &st), HWS_OK);
	ck_assert_int_eq(hws_writer_new(&c, &list, &w), HWS_OK);
	ck_assert_int_eq(hws_writer_open(w, 0, &err), HWS_OK);
	ck_assert_int_eq(hws_writer_write(w, &one, &done, &err), HWS_OK);
	ck_assert_int_eq(hws_writer_write(w, &two, &done, &err), HWS_OK);
	ck_assert(done);
	hws_writer_free(w);
	ck_assert(has_text(at(inside, "dir/new"), "newer!"));
	ck_assert(has_text(at(inside, "dir/new.download"), "mine"));
	ck_assert_int_eq(access(at(inside, "dir/new.digest"), F_OK), _i ? 0 : -1);
	if (_i)
		ck_assert(has_text(at(inside, "dir/new.digest"), "mine, too"));
}
END_TEST

START_TEST(names_that_are_taken_stay)
{
	touch(at(inside, "other"));
	ck_assert_int_eq(
			hws_change_rename(roots, at(inside, "other"), "dir", &err), HWS_ERR_EXISTS);
	ck_assert_int_eq(hws_change_rename(roots, at(inside, "other"), "new", &err), HWS_OK);
	ck_assert_int_eq(access(at(inside, "new"), F_OK), 0);
	ck_assert_int_lt(hws_change_remove_folder(roots, inside, HWS_REMOVE_TREE, NULL, &err), 0);
	ck_assert_int_eq(access(at(inside, "new"), F_OK), 0);
	ck_assert_int_lt(hws_change_remove_folder(
					 roots, at(inside, "dir"), HWS_REMOVE_EMPTY, NULL, &err),
			0);
	ck_assert_int_eq(hws_change_remove_folder(
					 roots, at(inside, "dir"), HWS_REMOVE_TREE, NULL, &err),
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
	tcase_add_loop_test(t, what_is_shut_is_reached_by_no_way, 0, 2);
	tcase_add_loop_test(t, trees_are_removed_around_what_is_shut, 0, 2);
	tcase_add_loop_test(t, the_way_to_what_is_shut_stays, 0, 2);
	tcase_add_loop_test(t, a_removal_stops_when_it_is_told_to, 0, 2);
	tcase_add_test(t, a_letter_box_takes_new_files_only);
	tcase_add_loop_test(t, files_that_are_called_like_parts_stay, 0, 2);
	tcase_add_test(t, names_that_are_taken_stay);
	return test_suite_run(s);
}
