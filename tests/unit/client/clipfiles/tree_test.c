/* What somebody has copied: the walk, what is left out of it, and reading only what was listed. */
#include "client/services/clipfiles/tree.h"
#include "tests/support/suite.h"
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[PATH_MAX];
static struct hws_clip_tree *t;
static struct hws_error err;

static const char *at(const char *name)
{
	static char buf[4][PATH_MAX + 300];
	static unsigned turn;

	char *p = buf[turn++ % 4];
	snprintf(p, sizeof(buf[0]), "%s/%s", dir, name);
	return p;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void make_folder(const char *name)
{
	ck_assert_int_eq(mkdir(at(name), 0755), 0);
}

static void make_link(const char *to, const char *name)
{
	ck_assert_int_eq(symlink(to, at(name)), 0);
}

static void set_up(void)
{
	char template[] = "/tmp/clip_tree_XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(template));
	snprintf(dir, sizeof(dir), "%s", template);
	make_folder("src");
	write_file("src/a", "hello");
	make_folder("src/sub");
	write_file("src/sub/.hidden", "secret");
	make_folder("src/empty");
	write_file("outside", "not copied");
	t = NULL;
	err = (struct hws_error){ 0 };
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
	(void)st;
	(void)what;
	(void)ftw;
	return remove(path);
}

static void tear_down(void)
{
	hws_clip_tree_unref(t);
	ck_assert_int_eq(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int walk(const char *name)
{
	const char *path = at(name);

	return hws_clip_tree_new(&path, 1, NULL, &t, &err);
}

static uint32_t find(const char *path)
{
	return hws_clip_list_find(hws_clip_tree_list(t), path, strlen(path));
}

static void reads(const char *path, const char *want)
{
	char buf[100];
	size_t n;

	ck_assert_uint_ne(find(path), HWS_CLIP_NO_PARENT);
	ck_assert_int_eq(hws_clip_tree_read(t, find(path), 0, buf, sizeof(buf), &n), HWS_OK);
	ck_assert_uint_eq(n, strlen(want));
	ck_assert_mem_eq(buf, want, n);
}

START_TEST(a_tree_is_listed_folder_first)
{
	static const char *const want[] = { "src", "src/a", "src/empty", "src/sub",
		"src/sub/.hidden" };

	ck_assert_int_eq(walk("src"), HWS_OK);
	ck_assert_uint_eq(hws_clip_list_count(hws_clip_tree_list(t)), 5);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_str_eq(hws_clip_list_at(hws_clip_tree_list(t), i)->path, want[i]);
	ck_assert_uint_eq(hws_clip_tree_left_out(t), 0);
	reads("src/a", "hello");
	reads("src/sub/.hidden", "secret");
	ck_assert_str_eq(hws_clip_tree_path(t, 1), at("src/a"));
}
END_TEST

START_TEST(ranges_end_with_the_file)
{
	char buf[10];
	size_t n;

	ck_assert_int_eq(walk("src/a"), HWS_OK);
	ck_assert_int_eq(hws_clip_tree_read(t, 0, 3, buf, 10, &n), HWS_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(hws_clip_tree_read(t, 0, 5, buf, 10, &n), HWS_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(hws_clip_tree_read(t, 0, 6, buf, 10, &n), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_clip_tree_read(t, 0, UINT64_MAX, buf, 10, &n), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_clip_tree_read(t, 1, 0, buf, 10, &n), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_clip_tree_read(t, UINT32_MAX, 0, buf, 10, &n), HWS_ERR_RANGE);
}
END_TEST

START_TEST(folders_are_not_read)
{
	char buf[10];
	size_t n;

	ck_assert_int_eq(walk("src"), HWS_OK);
	ck_assert_int_eq(hws_clip_tree_read(t, 0, 0, buf, 10, &n), HWS_ERR_RANGE);
}
END_TEST

START_TEST(links_lead_nowhere_else)
{
	make_link("../outside", "src/out");
	make_link("/etc/passwd", "src/sub/etc");
	make_link("a", "src/in");
	make_link("sub", "src/twin");
	make_link("../..", "src/sub/up");
	make_link(".", "src/self");
	make_link("nothing", "src/dangling");
	ck_assert_int_eq(walk("src"), HWS_OK);
	reads("src/in", "hello");
	reads("src/twin/.hidden", "secret");
	ck_assert_uint_eq(find("src/out"), HWS_CLIP_NO_PARENT);
	ck_assert_uint_eq(find("src/sub/etc"), HWS_CLIP_NO_PARENT);
	ck_assert_uint_eq(find("src/sub/up"), HWS_CLIP_NO_PARENT);
	ck_assert_uint_eq(find("src/self"), HWS_CLIP_NO_PARENT);
	ck_assert_uint_eq(find("src/dangling"), HWS_CLIP_NO_PARENT);
	/* the links below src/sub are met again below src/twin */
	ck_assert_uint_eq(hws_clip_tree_left_out(t), 7);
}
END_TEST

START_TEST(a_link_that_was_chosen_itself_is_followed)
{
	make_link("src", "chosen");
	ck_assert_int_eq(walk("chosen"), HWS_OK);
	reads("chosen/a", "hello");
}
END_TEST

START_TEST(links_go_from_one_copied_thing_to_another)
{
	const char *paths[2];

	make_folder("other");
	make_link("../src/a", "other/link");
	paths[0] = at("other");
	paths[1] = at("src");
	ck_assert_int_eq(hws_clip_tree_new(paths, 2, NULL, &t, &err), HWS_OK);
	reads("other/link", "hello");
}
END_TEST

START_TEST(only_files_and_folders_are_listed)
{
	ck_assert_int_eq(mkfifo(at("src/pipe"), 0600), 0);
	ck_assert_int_eq(walk("src"), HWS_OK);
	ck_assert_uint_eq(find("src/pipe"), HWS_CLIP_NO_PARENT);
	ck_assert_uint_eq(hws_clip_tree_left_out(t), 1);
}
END_TEST

START_TEST(what_took_its_place_is_not_read)
{
	char buf[10];
	size_t n;

	ck_assert_int_eq(walk("src"), HWS_OK);
	uint32_t a = find("src/a"), hidden = find("src/sub/.hidden");

	write_file("src/new", "other");
	ck_assert_int_eq(rename(at("src/new"), at("src/a")), 0);
	ck_assert_int_eq(hws_clip_tree_read(t, a, 0, buf, 10, &n), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(unlink(at("src/a")), 0);
	make_link("../outside", "src/a");
	ck_assert_int_eq(hws_clip_tree_read(t, a, 0, buf, 10, &n), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(unlink(at("src/a")), 0);
	ck_assert_int_eq(mkfifo(at("src/a"), 0600), 0);
	ck_assert_int_eq(hws_clip_tree_read(t, a, 0, buf, 10, &n), HWS_ERR_NOTFOUND);
	/* a folder on the way that became a link */
	make_folder("trap");
	write_file("trap/.hidden", "trap");
	ck_assert_int_eq(rename(at("src/sub"), at("src/moved")), 0);
	make_link("../trap", "src/sub");
	ck_assert_int_eq(hws_clip_tree_read(t, hidden, 0, buf, 10, &n), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_growing_file_is_read_as_it_is)
{
	ck_assert_int_eq(walk("src"), HWS_OK);
	FILE *f = fopen(at("src/a"), "a");
	fputs(" world", f);
	fclose(f);
	reads("src/a", "hello world");
}
END_TEST

START_TEST(nothing_is_an_error)
{
	const char *relative = "src";

	ck_assert_int_eq(walk("missing"), HWS_ERR_NOTFOUND);
	ck_assert(err.text[0]);
	ck_assert_int_eq(hws_clip_tree_new(&relative, 1, NULL, &t, &err), HWS_ERR_NOTFOUND);
	relative = "/";
	ck_assert_int_eq(hws_clip_tree_new(&relative, 1, NULL, &t, &err), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_clip_tree_new(NULL, 0, NULL, &t, &err), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_walk_can_be_ended)
{
	const char *path = at("src");
	bool cancel = true;

	ck_assert_int_eq(hws_clip_tree_new(&path, 1, &cancel, &t, &err), HWS_ERR_CANCELED);
}
END_TEST

START_TEST(too_much_is_refused)
{
	char name[40];

	for (unsigned i = 0; i <= HWS_CLIP_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "src/sub/%u", i);
		int fd = open(at(name), O_CREAT | O_WRONLY, 0644);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
	ck_assert_int_eq(walk("src"), HWS_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(err.text, "16384"));
}
END_TEST

/* Each link doubles what is below it: without a bound nobody would see the end. */
START_TEST(links_do_not_multiply_without_end)
{
	char from[40], to[40];

	for (unsigned i = 0; i < 30; i++) {
		snprintf(from, sizeof(from), "src/%02u", i);
		make_folder(from);
		snprintf(from, sizeof(from), "src/%02u/l", i);
		snprintf(to, sizeof(to), "../%02u", i + 1);
		make_link(to, from);
		snprintf(from, sizeof(from), "src/%02u/m", i);
		make_link(to, from);
	}
	make_folder("src/30");
	ck_assert_int_eq(walk("src"), HWS_ERR_FULL);
}
END_TEST

int main(void)
{
	return test_main("clip_tree", 60, set_up, tear_down,
			TESTS(a_tree_is_listed_folder_first, ranges_end_with_the_file,
					folders_are_not_read, links_lead_nowhere_else,
					a_link_that_was_chosen_itself_is_followed,
					links_go_from_one_copied_thing_to_another,
					only_files_and_folders_are_listed,
					what_took_its_place_is_not_read,
					a_growing_file_is_read_as_it_is, nothing_is_an_error,
					a_walk_can_be_ended, too_much_is_refused,
					links_do_not_multiply_without_end));
}
