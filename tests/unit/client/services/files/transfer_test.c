/* Whole transfers between two engines, in the manner of deployed peers and in that of hawser:
 * every byte, name and time arrives; what is there already is asked about; a cut leaves a part
 * that the next job goes on with. */
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include "tests/unit/client/services/files/pair.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Loops over both manners. */
static bool extended(int i)
{
	return i % 2 != 0;
}

static void make_tree(int end, const char *top)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 131071, 131072, 131073, 262144, 1048575,
		1048576, 1048577, 3000000 };
	char name[128];

	for (unsigned i = 0; i < HWS_COUNT(sizes); i++) {
		snprintf(name, sizeof(name), "%s/%s%u", top, i % 3 ? "" : "deep/er/", i);
		pair_write(end, name, sizes[i], i);
	}
	snprintf(name, sizeof(name), "%s/.hidden", top);
	pair_write(end, name, 10, 3);
	snprintf(name, sizeof(name), "%s/na\xffme \xc3\xa9\xee\xbe\x80", top);
	pair_write(end, name, 1000, 4);
	snprintf(name, sizeof(name), "%s/back\\slash", top);
	pair_write(end, name, 1000, 5);
}

static void ends_well(int32_t id)
{
	const struct pair_event *e = pair_run(id);

	ck_assert_ptr_nonnull(e);
	ck_assert_msg(e->type == HWS_FILES_DONE, "%s", e->text);
	ck_assert_uint_eq(e->failed, 0);
}

START_TEST(a_folder_comes_down)
{
	pair_open(extended(_i));
	make_tree(HOST, "src");
	ck_assert_int_eq(pair_download(7, "src", "dst", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(7);
	pair_same("dst", "src");
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_FILE_DONE), 15);
	pair_settle();
	ck_assert_uint_eq(hws_files_jobs(pair.end[VIEWER].files), 0);
	ck_assert_uint_eq(hws_files_jobs(pair.end[HOST].files), 0);
	ck_assert_ptr_nonnull(pair_find(HOST, HWS_FILES_DONE, 7));
}
END_TEST

START_TEST(a_folder_goes_up)
{
	pair_open(extended(_i));
	make_tree(VIEWER, "src");
	ck_assert_int_eq(pair_upload(8, "src", "new/dst", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(8);
	pair_settle();
	pair_same("src", "new/dst");
	ck_assert_uint_eq(hws_files_jobs(pair.end[VIEWER].files), 0);
	ck_assert_uint_eq(hws_files_jobs(pair.end[HOST].files), 0);
	ck_assert_uint_eq(pair_count(HOST, HWS_FILES_FILE_DONE), 15);
}
END_TEST

START_TEST(one_file_goes_under_the_name_that_was_said)
{
	pair_open(extended(_i));
	pair_write(HOST, "a", 200000, 2);
	pair_write(VIEWER, "b", 300000, 3);
	ck_assert_int_eq(pair_download(1, "a", "x/y", HWS_FILES_ASKS, false), HWS_OK);
	ck_assert_int_eq(pair_upload(2, "b", "v/w", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(1);
	ends_well(2);
	pair_same_file("x/y", "a");
	pair_same_file("b", "v/w");
}
END_TEST

START_TEST(without_digests_as_with_peers_of_old)
{
	pair.old_peer = true;
	pair_open(false);
	make_tree(HOST, "src");
	make_tree(VIEWER, "up");
	ck_assert_int_eq(pair_download(7, "src", "dst", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(7);
	pair_same("dst", "src");
	ck_assert_int_eq(pair_upload(8, "up", "dst", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(8);
	pair_same("up", "dst");
}
END_TEST

START_TEST(an_empty_folder_is_a_job_that_ends)
{
	char path[1024];

	pair_open(extended(_i));
	pair_path(HOST, "none", path);
	mkdir(path, 0755);
	pair_path(VIEWER, "none", path);
	mkdir(path, 0755);
	ck_assert_int_eq(pair_download(1, "none", "got", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(1);
	ck_assert(pair_exists(VIEWER, "got"));
	ck_assert_int_eq(pair_upload(2, "none", "put", HWS_FILES_ASKS, false), HWS_OK);
	ends_well(2);
	ck_assert(pair_exists(HOST, "put"));
}
END_TEST

/* --- what is there already --- */

static int start(bool up, int32_t id, enum hws_files_policy policy)
{
	return up ? pair_upload(id, "f", "f", policy, false)
		  : pair_download(id, "f", "f", policy, false);
}

START_TEST(what_is_there_is_asked_about)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST, to = !from;

	pair_open(extended(_i));
	pair_write(from, "f/one", 5000, 2);
	pair_write(from, "f/two", 6000, 3);
	pair_write(to, "f/one", 7000, 4);
	pair.answer = HWS_FILES_SKIP;
	ck_assert_int_eq(start(up, 1, HWS_FILES_ASKS), HWS_OK);
	ends_well(1);
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_ASK), 1);
	ck_assert_uint_eq(pair_find(VIEWER, HWS_FILES_DONE, 1)->skipped, 1);
	ck_assert_uint_eq(pair_size(to, "f/one"), 7000);
	ck_assert_uint_eq(pair_size(to, "f/two"), 6000);
	pair.answer = HWS_FILES_OVERWRITE;
	ck_assert_int_eq(start(up, 2, HWS_FILES_ASKS), HWS_OK);
	ends_well(2);
	pair_settle();
	pair_same("f", "f");
}
END_TEST

START_TEST(policies_answer_without_asking)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST, to = !from;

	pair_open(extended(_i));
	pair_write(from, "f/one", 5000, 2);
	pair_write(from, "f/two", 6000, 3);
	pair_write(to, "f/one", 7000, 4);
	ck_assert_int_eq(start(up, 1, HWS_FILES_SKIPS), HWS_OK);
	ends_well(1);
	ck_assert_uint_eq(pair_size(to, "f/one"), 7000);
	ck_assert_int_eq(start(up, 2, HWS_FILES_UPDATES), HWS_OK);
	ends_well(2);
	ck_assert_uint_eq(pair_find(VIEWER, HWS_FILES_DONE, 2)->skipped, 1); /* f/two is the same */
	pair_settle();
	pair_same("f", "f");
	ck_assert_int_eq(start(up, 3, HWS_FILES_OVERWRITES), HWS_OK);
	ends_well(3);
	ck_assert_uint_eq(pair_find(VIEWER, HWS_FILES_DONE, 3)->skipped, 0);
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_ASK), 0);
}
END_TEST

/* --- cuts --- */

static const char *const cut_names[] = { "t/a", "t/big", "t/c" };

START_TEST(a_cut_transfer_goes_on_where_it_was)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;
	size_t whole = 9000000;
	/* places all over the transfer, others in each of the cases */
	size_t at = (size_t)(_i / 4 + 1) * 1234567 + (size_t)_i * 1000;

	pair_open(extended(_i));
	pair_write(from, cut_names[0], 100000, 2);
	pair_write(from, cut_names[1], whole, 4);
	pair_write(from, cut_names[2], 70000, 6);
	pair.cut_after = at;
	ck_assert_int_eq(up ? pair_upload(1, "t", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "t", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_msg(!e, "the link was cut at %zu before the end", at);
	pair_close();
	ck_assert(!pair_exists(!from, cut_names[1])); /* never half a file under its name */
	size_t before = pair_exists(!from, "t/big.download") ? pair_size(!from, "t/big.download")
							     : 0;
	pair.cut_after = pair.bytes = 0;
	pair_open(extended(_i));
	pair_forget_events();
	/* what is complete is left out, or comes again where deployed peers are the same */
	ck_assert_int_eq(up ? pair_upload(2, "t", "t", HWS_FILES_UPDATES, true)
			    : pair_download(2, "t", "t", HWS_FILES_UPDATES, true),
			HWS_OK);
	ends_well(2);
	pair_settle();
	pair_same("t", "t");
	if (before > 2 << 20)
		ck_assert_uint_lt(pair.bytes, whole + 300000 - before + (1 << 20));
}
END_TEST

/* The part is another one's: between hawser ends that is found out, and the file comes whole. */
START_TEST(a_part_with_other_content_is_found_out)
{
	bool up = _i & 1;
	int from = up ? VIEWER : HOST;
	char path[1024];

	pair_open(true);
	pair_write(from, "big", 6 << 20, 4);
	pair.cut_after = 4 << 20;
	ck_assert_int_eq(up ? pair_upload(1, "big", "big", HWS_FILES_ASKS, false)
			    : pair_download(1, "big", "big", HWS_FILES_ASKS, false),
			HWS_OK);
	ck_assert_ptr_null(pair_run(1));
	pair_close();
	ck_assert_uint_ge(pair_size(!from, "big.download"), 1 << 20);
	pair_path(!from, "big.download", path);
	int fd = open(path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "damaged", 7, 500000), 7);
	close(fd);
	pair.cut_after = 0;
	pair_open(true);
	ck_assert_int_eq(up ? pair_upload(2, "big", "big", HWS_FILES_ASKS, true)
			    : pair_download(2, "big", "big", HWS_FILES_ASKS, true),
			HWS_OK);
	ends_well(2);
	pair_settle();
	pair_same_file("big", "big");
}
END_TEST

START_TEST(cancel_leaves_nothing_behind)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;

	pair_open(extended(_i));
	pair.line = 1 << 20;
	pair_write(from, "big", 8 << 20, 4);
	pair.cut_after = 3 << 20;
	ck_assert_int_eq(up ? pair_upload(1, "big", "big", HWS_FILES_ASKS, false)
			    : pair_download(1, "big", "big", HWS_FILES_ASKS, false),
			HWS_OK);
	ck_assert_ptr_null(pair_run(1));
	pair.cut = false;
	pair.cut_after = 0;
	ck_assert_int_eq(hws_files_cancel(pair.end[VIEWER].files, 1), HWS_OK);
	ck_assert_int_eq(pair_find(VIEWER, HWS_FILES_FAILED, 1)->err, HWS_ERR_CANCELED);
	pair_settle();
	ck_assert_uint_eq(hws_files_jobs(pair.end[HOST].files), 0);
	ck_assert(!pair_exists(!from, "big"));
	ck_assert(!pair_exists(!from, "big.download"));
	ck_assert(!pair_exists(!from, "big.digest"));
	ck_assert(pair_exists(from, "big"));
}
END_TEST

START_TEST(a_paused_job_waits_and_goes_on)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;

	pair_open(extended(_i));
	pair.line = 1 << 20;
	pair_write(from, "t/big", 40 << 20, 4);
	pair_write(from, "t/small", 100, 4);
	ck_assert_int_eq(up ? pair_upload(1, "t", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "t", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	ck_assert_int_eq(hws_files_pause(pair.end[VIEWER].files, 1, true), HWS_OK);
	pair_settle();
	ck_assert_ptr_null(pair_find(VIEWER, HWS_FILES_DONE, 1));
	ck_assert_int_eq(hws_files_pause(pair.end[VIEWER].files, 1, false), HWS_OK);
	ends_well(1);
	pair_settle();
	pair_same("t", "t");
}
END_TEST

START_TEST(many_jobs_share_the_line)
{
	char name[64];

	pair_open(extended(_i));
	for (int i = 1; i <= 12; i++) {
		snprintf(name, sizeof(name), "d%d/f", i);
		pair_write(i % 2 ? HOST : VIEWER, name, 1500000, (unsigned)i);
		snprintf(name, sizeof(name), "d%d", i);
		ck_assert_int_eq(i % 2 ? pair_download(i, name, name, HWS_FILES_ASKS, false)
				       : pair_upload(i, name, name, HWS_FILES_ASKS, false),
				HWS_OK);
	}
	ck_assert_int_eq(pair_download(3, "d1", "d1", HWS_FILES_ASKS, false), HWS_ERR_EXISTS);
	for (int i = 1; i <= 12; i++)
		ends_well(i);
	pair_settle();
	for (int i = 1; i <= 12; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		pair_same(name, name);
	}
}
END_TEST

/* Confirmations run ahead of the blocks: while the worker looks at later files, it writes those
 * before. */
START_TEST(many_small_files_flow)
{
	bool up = _i & 2;
	char name[64];

	pair_open(extended(_i));
	pair.line = 1 << 20;
	for (unsigned i = 0; i < 700; i++) {
		snprintf(name, sizeof(name), "s/%u/%u", i % 10, i);
		pair_write(up ? VIEWER : HOST, name, i % 5 ? 2000 : i, 2 * i);
	}
	ck_assert_int_eq(up ? pair_upload(1, "s", "s", HWS_FILES_ASKS, false)
			    : pair_download(1, "s", "s", HWS_FILES_ASKS, false),
			HWS_OK);
	ends_well(1);
	pair_settle();
	pair_same("s", "s");
}
END_TEST

/* What the host cannot keep is no file that is done, though all of it was sent. */
START_TEST(a_file_that_cannot_be_kept_has_failed)
{
	const struct pair_event *e;

	pair_open(true);
	pair_write(VIEWER, "t/small", 100, 1);
	pair_write(VIEWER, "t/other", 100, 2);
	/* in the way of its part */
	pair_write(HOST, "t/small.download/x", 10, 3);
	ck_assert_int_eq(pair_upload(1, "t", "t", HWS_FILES_ASKS, false), HWS_OK);
	e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, 1);
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_FILE_DONE), 1);
	ck_assert_str_eq(pair_find(VIEWER, HWS_FILES_FILE_DONE, 1)->name, "other");
	ck_assert_str_eq(pair_find(VIEWER, HWS_FILES_FILE_FAILED, 1)->name, "small");
	pair_same_file("t/other", "t/other");
}
END_TEST

/* A tree with something in it that nobody reads: it is too deep. */
static void make_unreadable(int end, const char *top)
{
	char name[512];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s/", top);

	for (unsigned i = 0; i < 130; i++, n += 2)
		memcpy(name + n, "d/", 3);
	snprintf(name + n, sizeof(name) - n, "f");
	pair_write(end, name, 10, 1);
	snprintf(name, sizeof(name), "%s/good", top);
	pair_write(end, name, 20, 2);
}

/* It is in no list, so it is named and counted by itself; a deployed host cannot say so. */
START_TEST(what_cannot_be_read_has_failed)
{
	bool up = _i & 2, told = extended(_i) || up;
	const struct pair_event *e, *unread;

	pair_open(extended(_i));
	make_unreadable(up ? VIEWER : HOST, "t");
	ck_assert_int_eq(up ? pair_upload(1, "t", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "t", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, told);
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_UNREAD), told);
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_FILE_DONE), 1);
	unread = pair_find(up ? VIEWER : HOST, HWS_FILES_UNREAD, 1);
	ck_assert_ptr_nonnull(unread);
	ck_assert_ptr_eq(strstr(unread->name, "d/d/d/"), unread->name);
	ck_assert_int_eq(unread->err, HWS_ERR_TOOBIG);
	if (told)
		ck_assert_str_eq(pair_find(VIEWER, HWS_FILES_UNREAD, 1)->name, unread->name);
	pair_settle();
	pair_same_file("t/good", "t/good");
}
END_TEST

/* Who comes second to the same name is refused, and does the first one no harm. */
START_TEST(two_jobs_do_not_write_one_file)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;
	char path[1024];
	struct stat st;

	pair_open(extended(_i));
	pair.line = 1 << 20;
	pair_write(from, "a", 20 << 20, 1);
	pair_write(from, "b", 20 << 20, 2);
	for (int i = 1; i <= 2; i++) {
		const char *name = i == 1 ? "a" : "b";
		ck_assert_int_eq(up ? pair_upload(i, name, "c", HWS_FILES_OVERWRITES, false)
				    : pair_download(i, name, "c", HWS_FILES_OVERWRITES, false),
				HWS_OK);
	}
	const struct pair_event *first = pair_run(1), *second = pair_run(2);
	bool failed[] = { first->type == HWS_FILES_FAILED || first->failed,
		second->type == HWS_FILES_FAILED || second->failed };
	ck_assert(!failed[0] || !failed[1]);
	pair_settle();
	/* one may have ended before the other began: the later one stays, as its time tells */
	pair_path(!from, "c", path);
	ck_assert_int_eq(stat(path, &st), 0);
	const char *stays = failed[0] ? "b" : failed[1] ? "a" : st.st_mtim.tv_sec % 2 ? "a" : "b";
	if (up)
		pair_same_file(stays, "c");
	else
		pair_same_file("c", stays);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files/transfer");
	TCase *t = test_case(s, "transfer", 60, TESTS_NONE);

	tcase_add_checked_fixture(t, pair_setup, pair_teardown);
	tcase_add_loop_test(t, a_folder_comes_down, 0, 2);
	tcase_add_loop_test(t, a_folder_goes_up, 0, 2);
	tcase_add_loop_test(t, one_file_goes_under_the_name_that_was_said, 0, 2);
	tcase_add_test(t, without_digests_as_with_peers_of_old);
	tcase_add_loop_test(t, an_empty_folder_is_a_job_that_ends, 0, 2);
	tcase_add_loop_test(t, what_is_there_is_asked_about, 0, 4);
	tcase_add_loop_test(t, policies_answer_without_asking, 0, 4);
	tcase_add_loop_test(t, a_cut_transfer_goes_on_where_it_was, 0, 24);
	tcase_add_loop_test(t, a_part_with_other_content_is_found_out, 0, 2);
	tcase_add_loop_test(t, cancel_leaves_nothing_behind, 0, 4);
	tcase_add_loop_test(t, a_paused_job_waits_and_goes_on, 0, 4);
	tcase_add_loop_test(t, many_jobs_share_the_line, 0, 2);
	tcase_add_loop_test(t, two_jobs_do_not_write_one_file, 0, 4);
	tcase_add_test(t, a_file_that_cannot_be_kept_has_failed);
	tcase_add_loop_test(t, what_cannot_be_read_has_failed, 0, 4);
	t = test_case(s, "small", 60, TESTS_NONE);
	tcase_add_checked_fixture(t, pair_setup, pair_teardown);
	tcase_add_loop_test(t, many_small_files_flow, 0, 4);
	return test_suite_run(s);
}
