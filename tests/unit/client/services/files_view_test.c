/* Requests about the files of a host, as they are sent to deployed hosts and to ours, and what
 * becomes of their answers, late ones, lies and silence. */
#include "client/services/files/view_parts.h"
#include "shared/base/clock.h"
#include "tests/unit/client/services/files_stage.h"
#include "tests/unit/client/services/files_view_suites.h"
#include <string.h>

static struct stage s;

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void up(void)
{
	stage_up(&s, "Linux", "1.4.2", false);
}

static void down(void)
{
	stage_down(&s);
}

static void first(void)
{
	stage_dir(&s, 0, 0, "/home/alice", NAMES("hello"));
	ck_assert_str_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->path, "/home/alice");
}

/* The next action is this one, about this path. */
static Ses__Message *action(Ses__FileAction__UnionCase which)
{
	Ses__Message *m = stage_sent(&s);

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->file_action->union_case, which);
	return m;
}

static void listed(const char *path, bool hidden, int32_t request)
{
	Ses__Message *m = action(SES__FILE_ACTION__UNION_READ_DIR);

	ck_assert_str_eq(m->file_action->read_dir->path, path);
	ck_assert_int_eq(m->file_action->read_dir->include_hidden, hidden);
	ck_assert_int_eq(m->file_action->read_dir->request, request);
	hws_ses_free(m);
}

static void ended(uint32_t id, int err)
{
	const struct staged_event *e = stage_next(&s, HWS_FILES_VIEW_DONE);

	ck_assert_uint_eq(e->id, id);
	ck_assert_int_eq(e->err, err);
	ck_assert_int_eq(e->text[0] != 0, err < 0);
}

/* --- lists ------------------------------------------------------------------------------------ */

START_TEST(a_list_waits_for_the_one_that_comes_unasked)
{
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_LIST, "/srv", NULL);

	stage_quiet(&s);
	first();
	listed("/srv", true, 0);
	stage_dir(&s, 0, 0, "/srv", NAMES("a", "b"));
	ck_assert_uint_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->count, 2);
	ended(id, HWS_OK);
}
END_TEST

START_TEST(or_it_goes_when_that_does_not_come)
{
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_LIST, "", NULL);

	stage_tick(&s, 1 * HWS_US_PER_S);
	stage_quiet(&s);
	stage_tick(&s, 2 * HWS_US_PER_S);
	listed("", true, 0);
	stage_dir(&s, 0, 0, "/root", NAMES("a"));
	ck_assert_str_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->path, "/root");
	ended(id, HWS_OK);
}
END_TEST

START_TEST(lists_go_one_after_the_other)
{
	first();
	uint32_t one = stage_ask(&s, HWS_FILES_VIEW_LIST, "/1", NULL);
	uint32_t two = stage_ask(&s, HWS_FILES_VIEW_LIST, "/2", NULL);

	listed("/1", true, 0);
	stage_quiet(&s);
	stage_dir(&s, 0, 0, "/1", NAMES("a"));
	stage_next(&s, HWS_FILES_VIEW_LISTING);
	ended(one, HWS_OK);
	listed("/2", true, 0);
	stage_dir(&s, 0, 0, "/2", NAMES("b"));
	stage_next(&s, HWS_FILES_VIEW_LISTING);
	ended(two, HWS_OK);
}
END_TEST

START_TEST(silence_is_an_error_and_what_comes_too_late_is_nobodys)
{
	first();
	uint32_t one = stage_ask(&s, HWS_FILES_VIEW_LIST, "/slow", NULL);
	uint32_t two = stage_ask(&s, HWS_FILES_VIEW_LIST, "/quick", NULL);

	listed("/slow", true, 0);
	stage_tick(&s, FV_BASE_LIST_US + 1);
	ended(one, HWS_ERR_TIMEOUT);
	listed("/quick", true, 0);
	stage_dir(&s, 0, 0, "/slow/", NAMES("a"));
	ck_assert_uint_eq(s.seen, s.events);
	stage_dir(&s, 0, 0, "/quick", NAMES("b"));
	ck_assert_str_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->names[0], "b");
	ended(two, HWS_OK);
}
END_TEST

START_TEST(what_is_no_name_is_left_out)
{
	first();
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_LIST, "/x", NULL);
	const struct staged_event *e;

	stage_dir(&s, 0, 0, "/x", NAMES("..", "a/b", "", ".", "good", "/etc", "ba\\d"));
	e = stage_next(&s, HWS_FILES_VIEW_LISTING);
	ck_assert_uint_eq(e->count, 2);
	ck_assert_str_eq(e->names[0], "good");
	ck_assert_str_eq(e->names[1], "ba\\d");
	ended(id, HWS_OK);
}
END_TEST

START_TEST(an_entry_is_looked_for_in_its_folder)
{
	first();
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_STAT, "/srv/.b", NULL);
	const struct staged_event *e;

	listed("/srv", true, 0);
	stage_dir(&s, 0, 0, "/srv", NAMES("a", ".b", "c"));
	e = stage_next(&s, HWS_FILES_VIEW_LISTING);
	ck_assert_uint_eq(e->count, 1);
	ck_assert_str_eq(e->names[0], ".b");
	ended(id, HWS_OK);
	id = stage_ask(&s, HWS_FILES_VIEW_STAT, "/none", NULL);
	listed("/", true, 0);
	stage_dir(&s, 0, 0, "/", NAMES("a"));
	ended(id, HWS_ERR_NOTFOUND);
	/* a root is in no folder */
	id = stage_ask(&s, HWS_FILES_VIEW_STAT, "/", NULL);
	listed("/", true, 0);
	stage_dir(&s, 0, 0, "/", NAMES("a"));
	ck_assert_uint_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->count, 1);
	ended(id, HWS_OK);
}
END_TEST

START_TEST(a_loss_ends_what_was_asked)
{
	first();
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_LIST, "/x", NULL);
	struct hws_files_request q = { .kind = HWS_FILES_VIEW_LIST, .id = 77, .path = "/" };

	stage_lose(&s);
	ended(id, HWS_ERR_RESET);
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_ERR_DENIED);
	stage_again(&s, "Linux", "1.4.2");
	first();
	id = stage_ask(&s, HWS_FILES_VIEW_LIST, "/y", NULL);
	listed("/y", true, 0);
	stage_dir(&s, 0, 0, "/y", NAMES("a"));
	stage_next(&s, HWS_FILES_VIEW_LISTING);
	ended(id, HWS_OK);
}
END_TEST

START_TEST(requests_that_cannot_be_are_refused)
{
	char path[HWS_FILE_PATH_MAX + 2];
	struct hws_files_request q = { .kind = HWS_FILES_VIEW_LIST, .path = path };

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	q.id = 5;
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_ERR_INVAL);
	path[3] = 0;
	q.id = 0;
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_ERR_INVAL);
	q.id = FV_INNER_ID;
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_ERR_INVAL);
	q.id = 5;
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_OK);
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_ERR_EXISTS);
	for (q.id = 6; q.id < 5 + HWS_FILES_VIEW_MAX; q.id++)
		ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_OK);
	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_ERR_FULL);
	ck_assert_int_eq(hws_files_view_cancel(s.fv, 5, false), HWS_OK);
	ended(5, HWS_ERR_CANCELED);
	ck_assert_int_eq(hws_files_view_cancel(s.fv, 5, false), HWS_ERR_NOTFOUND);
}
END_TEST

/* --- changes ---------------------------------------------------------------------------------- */

START_TEST(folders_and_names_are_changed)
{
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_MAKE, "/a/b", NULL);
	Ses__Message *m = action(SES__FILE_ACTION__UNION_CREATE);

	ck_assert_str_eq(m->file_action->create->path, "/a/b");
	stage_done_answer(&s, m->file_action->create->id, 0);
	hws_ses_free(m);
	ended(id, HWS_OK);
	id = stage_ask(&s, HWS_FILES_VIEW_RENAME, "/a/b", "c");
	m = action(SES__FILE_ACTION__UNION_RENAME);
	ck_assert_str_eq(m->file_action->rename->new_name, "c");
	stage_error(&s, (int32_t)id, 0, "Permission denied (os error 13)");
	hws_ses_free(m);
	ended(id, HWS_ERR_PERM);
	id = stage_ask(&s, HWS_FILES_VIEW_REMOVE_FILE, "/a/c", NULL);
	m = action(SES__FILE_ACTION__UNION_REMOVE_FILE);
	stage_error(&s, (int32_t)id, 0, "No such file or directory (os error 2)");
	hws_ses_free(m);
	ended(id, HWS_ERR_NOTFOUND);
	/* nobody answers for ever */
	id = stage_ask(&s, HWS_FILES_VIEW_REMOVE_DIR, "/a", NULL);
	hws_ses_free(action(SES__FILE_ACTION__UNION_REMOVE_DIR));
	stage_tick(&s, FV_ANSWER_US + 1);
	ended(id, HWS_ERR_TIMEOUT);
	stage_done_answer(&s, (int32_t)id, 0);
	ck_assert_uint_eq(s.seen, s.events);
}
END_TEST

START_TEST(a_tree_is_removed_file_by_file)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
		"d/10", "d/11", "d/12", "d/13", "d/14", "d/15", "d/16", "d/17", NULL };
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_REMOVE_TREE, "/t", NULL);
	Ses__Message *m = action(SES__FILE_ACTION__UNION_ALL_FILES);
	const struct staged_event *e;
	int32_t next = 0;

	ck_assert(m->file_action->all_files->include_hidden);
	hws_ses_free(m);
	stage_dir(&s, (int32_t)id, 0, "/t", names);
	/* so many at once, and for each answer another */
	while ((m = stage_sent(&s)) &&
			m->file_action->union_case == SES__FILE_ACTION__UNION_REMOVE_FILE) {
		ck_assert_int_eq(m->file_action->remove_file->file_num, next);
		if (next == 17)
			ck_assert_str_eq(m->file_action->remove_file->path, "/t/d/17");
		hws_ses_free(m);
		if (next == 3)
			stage_error(&s, (int32_t)id, next, "Permission denied (os error 13)");
		else
			stage_done_answer(&s, (int32_t)id, next);
		next++;
	}
	ck_assert_int_eq(next, 18);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->file_action->union_case, SES__FILE_ACTION__UNION_REMOVE_DIR);
	ck_assert(m->file_action->remove_dir->recursive);
	ck_assert(!m->file_action->remove_dir->contents);
	hws_ses_free(m);
	e = stage_next(&s, HWS_FILES_VIEW_FILE);
	ck_assert_int_eq(e->err, HWS_ERR_PERM);
	ck_assert_str_eq(e->name, "3");
	/* such a host says that all went well */
	stage_done_answer(&s, (int32_t)id, 0);
	ended(id, HWS_ERR_PERM);
}
END_TEST

START_TEST(no_more_than_some_removals_are_under_way)
{
	char names[40][8];
	const char *list[41] = { 0 };
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_REMOVE_TREE, "/t", NULL);
	unsigned n = 0;
	Ses__Message *m;

	for (unsigned i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		list[i] = names[i];
	}
	hws_ses_free(stage_sent(&s));
	stage_dir(&s, (int32_t)id, 0, "/t", list);
	while ((m = stage_sent(&s))) {
		hws_ses_free(m);
		n++;
	}
	ck_assert_uint_eq(n, FV_WINDOW);
	/* an answer that was not asked for changes nothing */
	stage_done_answer(&s, (int32_t)id, 39);
	stage_done_answer(&s, (int32_t)id, -5);
	stage_quiet(&s);
}
END_TEST

START_TEST(a_walk_takes_files_and_empty_folders)
{
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_WALK, "/t", NULL);
	Ses__FileResponse a = SES__FILE_RESPONSE__INIT;
	Ses__ReadEmptyDirsResponse d = SES__READ_EMPTY_DIRS_RESPONSE__INIT;
	Ses__FileDirectory f[4], *list[4];
	static const char *const paths[] = { "/t/e", "/t", "/else", "/t/../x" };
	const struct staged_event *e;

	hws_ses_free(action(SES__FILE_ACTION__UNION_ALL_FILES));
	stage_dir(&s, (int32_t)id, 0, "/t", NAMES("a", "d/b", "../c", "/etc/passwd", "d//e"));
	hws_ses_free(action(SES__FILE_ACTION__UNION_READ_EMPTY_DIRS));
	for (int i = 0; i < 4; i++) {
		f[i] = (Ses__FileDirectory)SES__FILE_DIRECTORY__INIT;
		f[i].path = (char *)paths[i];
		list[i] = &f[i];
	}
	d.path = (char *)"/t";
	d.n_empty_dirs = 4;
	d.empty_dirs = list;
	a.union_case = SES__FILE_RESPONSE__UNION_EMPTY_DIRS;
	a.empty_dirs = &d;
	stage_feed(&s, &a);
	e = stage_next(&s, HWS_FILES_VIEW_LISTING);
	ck_assert_uint_eq(e->count, 4);
	ck_assert_str_eq(e->names[0], "a");
	ck_assert_str_eq(e->names[1], "d/b");
	ck_assert_str_eq(e->names[2], "e");
	ck_assert_str_eq(e->names[3], "");
	ended(id, HWS_OK);
	/* without an answer about the folders it ends, too */
	id = stage_ask(&s, HWS_FILES_VIEW_WALK, "/t", NULL);
	stage_dir(&s, (int32_t)id, 0, "/t", NAMES("a"));
	stage_turn(&s);
	stage_tick(&s, FV_BASE_LIST_US + 1);
	ck_assert_uint_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->count, 1);
	ended(id, HWS_OK);
	id = stage_ask(&s, HWS_FILES_VIEW_WALK, "/none", NULL);
	stage_error(&s, (int32_t)id, -1, "Not exists");
	ended(id, HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(windows_has_paths_of_its_own)
{
	stage_down(&s);
	stage_up(&s, "Windows", "1.4.2", false);
	stage_dir(&s, 0, 0, "C:\\Users\\a", NAMES("x"));
	stage_next(&s, HWS_FILES_VIEW_LISTING);
	uint32_t id = stage_ask(&s, HWS_FILES_VIEW_STAT, "C:\\Users\\A.TXT", NULL);

	listed("C:\\Users", true, 0);
	stage_dir(&s, 0, 0, "C:\\Users", NAMES("a.txt", "b.txt"));
	ck_assert_str_eq(stage_next(&s, HWS_FILES_VIEW_LISTING)->names[0], "a.txt");
	ended(id, HWS_OK);
	id = stage_ask(&s, HWS_FILES_VIEW_STAT, "C:\\pagefile", NULL);
	listed("C:\\", true, 0);
	stage_dir(&s, 0, 0, "C:\\", NAMES("pagefile"));
	stage_next(&s, HWS_FILES_VIEW_LISTING);
	ended(id, HWS_OK);
	id = stage_ask(&s, HWS_FILES_VIEW_REMOVE_TREE, "C:\\t", NULL);
	hws_ses_free(action(SES__FILE_ACTION__UNION_ALL_FILES));
	stage_dir(&s, (int32_t)id, 0, "C:\\t", NAMES("d\\e\\f"));
	Ses__Message *m = action(SES__FILE_ACTION__UNION_REMOVE_FILE);
	ck_assert_str_eq(m->file_action->remove_file->path, "C:\\t\\d\\e\\f");
	hws_ses_free(m);
}
END_TEST

/* --- hosts of ours ---------------------------------------------------------------------------- */

START_TEST(our_hosts_are_asked_by_number)
{
	const struct staged_event *e;
	Ses__FileResponse a = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferError x = SES__FILE_TRANSFER_ERROR__INIT;
	Ses__Message *m;

	stage_down(&s);
	stage_up(&s, NULL, NULL, true);
	ck_assert(hws_files_view_extended(s.fv));
	uint32_t one = stage_ask(&s, HWS_FILES_VIEW_LIST, "/1", NULL);
	uint32_t two = stage_ask(&s, HWS_FILES_VIEW_LIST, "/2", NULL);
	listed("/1", true, (int32_t)one);
	listed("/2", true, (int32_t)two);
	stage_dir(&s, 0, (int32_t)two, "/2", NAMES("b"));
	e = stage_next(&s, HWS_FILES_VIEW_LISTING);
	ck_assert_uint_eq(e->id, two);
	ended(two, HWS_OK);
	x.request = (int32_t)one;
	x.code = HWS_ERR_PERM;
	x.error = (char *)"\"/1\" may not be read";
	a.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	a.error = &x;
	stage_feed(&s, &a);
	ended(one, HWS_ERR_PERM);
	one = stage_ask(&s, HWS_FILES_VIEW_REMOVE_TREE, "/t", NULL);
	m = action(SES__FILE_ACTION__UNION_REMOVE_DIR);
	ck_assert(m->file_action->remove_dir->recursive && m->file_action->remove_dir->contents);
	hws_ses_free(m);
	stage_done_answer(&s, (int32_t)one, 0);
	ended(one, HWS_OK);
}
END_TEST

Suite *files_view_suite(void)
{
	Suite *suite = suite_create("services/files/view");
	TCase *t = test_case(suite, "requests", 20,
			TESTS(a_list_waits_for_the_one_that_comes_unasked,
					or_it_goes_when_that_does_not_come,
					lists_go_one_after_the_other,
					silence_is_an_error_and_what_comes_too_late_is_nobodys,
					what_is_no_name_is_left_out,
					an_entry_is_looked_for_in_its_folder,
					a_loss_ends_what_was_asked,
					requests_that_cannot_be_are_refused,
					folders_and_names_are_changed,
					a_tree_is_removed_file_by_file,
					no_more_than_some_removals_are_under_way,
					a_walk_takes_files_and_empty_folders,
					windows_has_paths_of_its_own,
					our_hosts_are_asked_by_number));

	tcase_add_checked_fixture(t, up, down);
	return suite;
}
