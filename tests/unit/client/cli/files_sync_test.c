/* What two trees differ in, what is removed in place of many files, and the options of a command's
 * own line. */
#include "client/cli/files/sync.h"
#include "shared/base/buf.h"
#include "tests/unit/client/cli/files_suites.h"
#include <stdio.h>
#include <string.h>

static struct files_entry entries[2][8];
static struct files_list lists[2];

/* "name:bytes:modified" each; without numbers a folder. */
static void fill(int i, const char *const texts[])
{
	lists[i] = (struct files_list){ .entry = entries[i] };
	for (size_t n = 0; texts[n]; n++) {
		static char names[2][8][32];
		char *colon;
		struct files_entry *e = &entries[i][lists[i].count++];
		strncpy(names[i][n], texts[n], sizeof(names[i][n]) - 1);
		colon = strchr(names[i][n], ':');
		*e = (struct files_entry){ .name = names[i][n], .kind = HAWSER_FILE_DIR };
		if (!colon)
			continue;
		*colon = 0;
		e->kind = HAWSER_FILE_REGULAR;
		e->bytes = (uint64_t)(colon[1] - '0');
		e->modified = (uint64_t)(colon[3] - '0');
	}
}

static void note(enum files_sync_what what, const struct files_entry *e, void *arg)
{
	hws_buf_fmt(arg, "%c%s ", "+~=-"[what], e -> name);
}

static void differs(const char *const from[], const char *const to[], const char *want)
{
	struct hws_buf got;

	hws_buf_init(&got, 500);
	fill(0, from);
	fill(1, to);
	files_sync_compare(&lists[0], &lists[1], note, &got);
	hws_buf_put_u8(&got, 0);
	ck_assert_str_eq((const char *)hws_buf_bytes(&got).ptr, want);
	hws_buf_done(&got);
}

#define L(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

START_TEST(trees_are_compared_by_name_size_and_time)
{
	differs(L(), L(), "");
	differs(L("a:1:1", "b:1:1"), L("a:1:1", "b:1:1"), "=a =b ");
	differs(L("a:1:1", "b:1:1", "c:1:1"), L("a:2:1", "b:1:2", "d:1:1"), "~a ~b +c -d ");
	differs(L("e", "f:1:1"), L("e", "f"), "=e ~f ");
	differs(L("a:1:1"), L(), "+a ");
	differs(L(), L("x/y:1:1"), "-x/y ");
}
END_TEST

static void root_is(const char *name, const char *want)
{
	char buf[64];

	files_sync_extra_root(&lists[0], name, buf, sizeof(buf));
	ck_assert_str_eq(buf, want);
}

START_TEST(a_folder_is_removed_in_place_of_its_files)
{
	fill(0, L("a/b/c:1:1", "d", "e:1:1"));
	root_is("x/y/z", "x");
	root_is("a/x/y", "a/x");
	root_is("a/b/x", "a/b/x");
	root_is("a/bb/x", "a/bb");
	root_is("d/x", "d/x"); /* the folder itself stays */
	root_is("z", "z");
}
END_TEST

static const char *takes(const char *line, struct files_flags *f, char *rest, size_t size)
{
	struct files_words w;
	const char *wrong;
	static char kept[64];

	memset(f, 0, sizeof(*f));
	ck_assert_int_eq(files_words_split(line, &w), 0);
	wrong = files_flags_take(f, &w);
	kept[0] = rest[0] = 0;
	if (wrong)
		strncpy(kept, wrong, sizeof(kept) - 1);
	for (size_t i = 0; i < w.count && !wrong; i++) {
		size_t n = strlen(rest);
		snprintf(rest + n, size - n, "%s|", w.word[i].text);
	}
	files_words_done(&w);
	return wrong ? kept : NULL;
}

START_TEST(a_line_has_options_of_its_own)
{
	struct files_flags f;
	char rest[100];

	ck_assert_ptr_null(takes("get -r a --resume b", &f, rest, sizeof(rest)));
	ck_assert(f.recursive && f.resume && !f.overwrite);
	ck_assert_str_eq(rest, "get|a|b|");
	ck_assert_ptr_null(takes("ls -la", &f, rest, sizeof(rest)));
	ck_assert(f.longer && f.all);
	ck_assert_ptr_null(takes("rm -f -- -r - ", &f, rest, sizeof(rest)));
	ck_assert(f.force && !f.recursive);
	ck_assert_str_eq(rest, "rm|-r|-|");
	ck_assert_str_eq(takes("ls -lx", &f, rest, sizeof(rest)), "-lx");
	ck_assert_str_eq(takes("ls --server", &f, rest, sizeof(rest)), "--server");
	ck_assert_str_eq(takes("ls --compatible", &f, rest, sizeof(rest)), "--compatible");
	f = (struct files_flags){ .skip = true, .update = true };
	ck_assert_ptr_nonnull(files_flags_contradict(&f));
	f = (struct files_flags){ .skip = true };
	ck_assert_ptr_null(files_flags_contradict(&f));
}
END_TEST

Suite *files_sync_suite(void)
{
	Suite *s = suite_create("cli/files/sync");

	test_case(s, "sync", 10,
			TESTS(trees_are_compared_by_name_size_and_time,
					a_folder_is_removed_in_place_of_its_files,
					a_line_has_options_of_its_own));
	return s;
}
