/* Jobs at the viewer's end: their order, what is asked about files that are there, the folders at
 * their end, and what a lost link leaves to be done. */
#include "client/services/files/view_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "tests/support/places.h"
#include "tests/unit/client/services/files_stage.h"
#include "tests/unit/client/services/files_view_suites.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stage s;
static char place[200];

static void up(void)
{
	snprintf(place, sizeof(place), "%s/files-XXXXXX", test_places_home());
	ck_assert_ptr_nonnull(mkdtemp(place));
	stage_up(&s, "Linux", "1.4.2", false);
}

static void down(void)
{
	stage_down(&s);
}

static void ask(uint32_t id, enum hws_files_view_kind kind, enum hws_files_view_policy policy)
{
	const struct hws_files_request q = { .kind = kind,
		.id = id,
		.path = "/there/t",
		.to = place,
		.hidden = true,
		.policy = policy };

	ck_assert_int_eq(hws_files_view_ask(s.fv, &q), HWS_OK);
	stage_turn(&s);
}

static const struct staged_event *ended(uint32_t id, int err)
{
	const struct staged_event *e = stage_next(&s, HWS_FILES_VIEW_DONE);

	ck_assert_uint_eq(e->id, id);
	ck_assert_int_eq(e->err, err);
	return e;
}

/* A question of the double's about a file that is there. */
static void question(uint32_t file, bool identical, uint64_t there, uint64_t partial)
{
	const struct hws_files_event e = { .type = HWS_FILES_ASK,
		.id = s.job.id,
		.file = file,
		.name = "a",
		.size = 10,
		.modified = 1000,
		.there_modified = there,
		.identical = identical,
		.partial = partial };

	s.conf->event(&e, s.conf->arg);
	stage_turn(&s);
}

START_TEST(jobs_go_one_after_the_other)
{
	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	ask(2, HWS_FILES_VIEW_PUT, HWS_FILES_VIEW_ASKS);
	ck_assert_uint_eq(s.begun, 1);
	ck_assert_int_eq(s.job.id, 1);
	ck_assert_str_eq(s.remote, "/there/t");
	ck_assert_str_eq(s.local, place);
	/* one that is paused lets others pass */
	ck_assert_int_eq(hws_files_view_pause(s.fv, 1, true), HWS_OK);
	ck_assert(stage_next(&s, HWS_FILES_VIEW_PROGRESS)->job.paused);
	stage_turn(&s);
	ck_assert_uint_eq(s.begun, 2);
	ck_assert(s.upload && s.job.id == 2);
	stage_tell(&s, HWS_FILES_FILE_DONE, 0, ""); /* a file */
	stage_tell(&s, HWS_FILES_DONE, 0, "");
	ended(2, HWS_OK);
}
END_TEST

START_TEST(what_became_of_each_file_is_told)
{
	const struct staged_event *e;

	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	stage_tell(&s, HWS_FILES_STARTED, 0, "");
	e = stage_next(&s, HWS_FILES_VIEW_STARTED);
	ck_assert_uint_eq(e->job.files, 4);
	ck_assert_uint_eq(e->job.bytes_total, 40);
	stage_tell(&s, HWS_FILES_FILE_DONE, 0, "a");
	stage_tell(&s, HWS_FILES_FILE_SKIPPED, 1, "b");
	ck_assert(stage_next(&s, HWS_FILES_VIEW_FILE)->skipped);
	stage_tell(&s, HWS_FILES_FILE_FAILED, 2, "c");
	e = stage_next(&s, HWS_FILES_VIEW_FILE);
	ck_assert_int_eq(e->err, HWS_ERR_PERM);
	ck_assert_str_eq(e->name, "c");
	stage_tell(&s, HWS_FILES_FILE_DONE, 3, "d");
	stage_tell(&s, HWS_FILES_DONE, 0, "");
	/* the folders are asked for; this host says nothing about them */
	stage_tick(&s, FV_BASE_LIST_US + 1);
	e = ended(1, HWS_ERR_PERM);
	ck_assert_uint_eq(e->job.done, 2);
	ck_assert_uint_eq(e->job.skipped, 1);
	ck_assert_uint_eq(e->job.failed, 1);
	ck_assert_ptr_nonnull(strstr(e->text, "1 of 4"));
}
END_TEST

START_TEST(folders_that_are_empty_there_are_made_here)
{
	Ses__FileResponse a = SES__FILE_RESPONSE__INIT;
	Ses__ReadEmptyDirsResponse d = SES__READ_EMPTY_DIRS_RESPONSE__INIT;
	Ses__FileDirectory f[3], *list[3];
	static const char *const paths[] = { "/there/t/x/y", "/there/t/../../evil", "/there/t/z" };
	char path[300];
	struct stat st;

	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	stage_tell(&s, HWS_FILES_FILE_DONE, 0, "a");
	stage_tell(&s, HWS_FILES_DONE, 0, "");
	for (int i = 0; i < 3; i++) {
		f[i] = (Ses__FileDirectory)SES__FILE_DIRECTORY__INIT;
		f[i].path = (char *)paths[i];
		list[i] = &f[i];
	}
	d.path = (char *)"/there/t";
	d.n_empty_dirs = 3;
	d.empty_dirs = list;
	a.union_case = SES__FILE_RESPONSE__UNION_EMPTY_DIRS;
	a.empty_dirs = &d;
	stage_feed(&s, &a);
	stage_wait(&s, 1);
	ended(1, HWS_OK);
	snprintf(path, sizeof(path), "%s/x/y", place);
	ck_assert(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	snprintf(path, sizeof(path), "%s/z", place);
	ck_assert(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	snprintf(path, sizeof(path), "%s/../../evil", place);
	ck_assert_int_lt(stat(path, &st), 0);
}
END_TEST

START_TEST(folders_that_are_empty_here_are_made_there)
{
	char path[300];
	const struct staged_event *e;
	Ses__Message *m;
	int32_t id[2];

	snprintf(path, sizeof(path), "%s/e", place);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/f", place);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ask(1, HWS_FILES_VIEW_PUT, HWS_FILES_VIEW_ASKS);
	stage_tell(&s, HWS_FILES_FILE_DONE, 0, "a");
	stage_tell(&s, HWS_FILES_DONE, 0, "");
	while (s.read == s.r.sent_count)
		hws_loop_once(s.loop, 20 * HWS_US_PER_MS);
	for (int i = 0; i < 2; i++) {
		m = stage_sent(&s);
		ck_assert_ptr_nonnull(m);
		ck_assert_int_eq(m->file_action->union_case, SES__FILE_ACTION__UNION_CREATE);
		ck_assert_ptr_nonnull(strstr(m->file_action->create->path, "/there/t/"));
		id[i] = m->file_action->create->id;
		hws_ses_free(m);
	}
	ck_assert_int_ne(id[0], id[1]);
	stage_done_answer(&s, id[0], 0);
	ck_assert_uint_eq(s.events, 0);
	stage_error(&s, id[1], 0, "Permission denied (os error 13)");
	e = ended(1, HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(e->text, "was not made"));
}
END_TEST

START_TEST(a_job_goes_on_behind_what_was_done)
{
	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_OVERWRITES);
	ck_assert_int_eq(s.job.policy, HWS_FILES_OVERWRITES);
	ck_assert(!s.job.resume);
	stage_tell(&s, HWS_FILES_STARTED, 0, "");
	stage_next(&s, HWS_FILES_VIEW_STARTED);
	stage_tell(&s, HWS_FILES_FILE_DONE, 0, "a");
	stage_tell(&s, HWS_FILES_FILE_DONE, 1, "b");
	stage_tell(&s, HWS_FILES_FILE_DONE, 3, "d");
	stage_lose(&s);
	ck_assert_uint_eq(s.seen, s.events);
	stage_again(&s, "Linux", "1.4.2");
	ck_assert_uint_eq(s.begun, 2);
	ck_assert_uint_eq(s.job.first, 2);
	ck_assert(s.job.resume);
	/* what came before is not sent again, and not counted twice */
	ck_assert_int_eq(s.job.policy, HWS_FILES_UPDATES);
	stage_tell(&s, HWS_FILES_STARTED, 0, "");
	stage_next(&s, HWS_FILES_VIEW_STARTED);
	stage_tell(&s, HWS_FILES_FILE_DONE, 2, "c");
	stage_tell(&s, HWS_FILES_FILE_SKIPPED, 3, "d");
	stage_tell(&s, HWS_FILES_DONE, 0, "");
	stage_tick(&s, FV_BASE_LIST_US + 1);
	ck_assert_uint_eq(ended(1, HWS_OK)->job.done, 4);
}
END_TEST

START_TEST(numbers_of_another_list_mean_nothing)
{
	struct hws_files_event e;

	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_SKIPS);
	stage_tell(&s, HWS_FILES_STARTED, 0, "");
	stage_next(&s, HWS_FILES_VIEW_STARTED);
	stage_tell(&s, HWS_FILES_FILE_DONE, 0, "a");
	stage_lose(&s);
	stage_again(&s, "Linux", "1.4.2");
	ck_assert_uint_eq(s.job.first, 1);
	e = (struct hws_files_event){ .type = HWS_FILES_STARTED, .id = 1, .files = 5, .bytes = 40 };
	s.conf->event(&e, s.conf->arg);
	stage_turn(&s);
	ck_assert_uint_eq(s.canceled, 1);
	ck_assert_uint_eq(s.begun, 3);
	ck_assert_uint_eq(s.job.first, 0);
}
END_TEST

START_TEST(questions_are_asked_and_answered)
{
	const struct staged_event *e;

	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	question(0, true, 1000, 0);
	e = stage_next(&s, HWS_FILES_VIEW_CONFLICT);
	ck_assert(e->identical);
	ck_assert_uint_eq(s.decisions, 0);
	ck_assert_int_eq(hws_files_view_decide(s.fv, 1, 0, HWS_FILES_SKIP, false), HWS_OK);
	ck_assert_int_eq(s.decided[0].answer, HWS_FILES_SKIP);
	ck_assert_int_eq(
			hws_files_view_decide(s.fv, 9, 0, HWS_FILES_SKIP, false), HWS_ERR_NOTFOUND);
	/* on the next link the same answer holds, and a part is gone on with */
	question(1, false, 900, 0);
	stage_next(&s, HWS_FILES_VIEW_CONFLICT);
	stage_lose(&s);
	stage_again(&s, "Linux", "1.4.2");
	question(0, false, 900, 0);
	ck_assert_int_eq(s.decided[1].answer, HWS_FILES_SKIP);
	question(1, false, 900, 4);
	ck_assert_int_eq(s.decided[2].answer, HWS_FILES_RESUME);
	question(2, true, 1000, 0);
	ck_assert_int_eq(s.decided[3].answer, HWS_FILES_SKIP);
	question(3, false, 900, 0);
	stage_next(&s, HWS_FILES_VIEW_CONFLICT);
}
END_TEST

START_TEST(what_is_newer_is_told_from_what_is_older)
{
	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_NEWER);
	ck_assert_int_eq(s.job.policy, HWS_FILES_ASKS);
	question(0, false, 999, 0);
	question(1, false, 1000, 0);
	question(2, false, 1001, 0);
	ck_assert_uint_eq(s.decisions, 3);
	ck_assert_int_eq(s.decided[0].answer, HWS_FILES_OVERWRITE);
	ck_assert_int_eq(s.decided[1].answer, HWS_FILES_SKIP);
	ck_assert_int_eq(s.decided[2].answer, HWS_FILES_SKIP);
}
END_TEST

START_TEST(a_job_that_is_canceled_is_over)
{
	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	ask(2, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	ck_assert_int_eq(hws_files_view_cancel(s.fv, 1, true), HWS_OK);
	ended(1, HWS_ERR_CANCELED);
	ck_assert_uint_eq(s.canceled, 1);
	stage_turn(&s);
	ck_assert_uint_eq(s.begun, 2);
	ck_assert_int_eq(s.job.id, 2);
	/* before its turn, too */
	ask(3, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	ck_assert_int_eq(hws_files_view_cancel(s.fv, 3, false), HWS_OK);
	ended(3, HWS_ERR_CANCELED);
	ck_assert_uint_eq(s.canceled, 1);
}
END_TEST

START_TEST(a_job_that_fails_as_a_whole_says_why)
{
	const struct hws_files_event e = {
		.type = HWS_FILES_FAILED, .id = 1, .err = HWS_ERR_DISK, .text = "the disk is full"
	};

	ask(1, HWS_FILES_VIEW_GET, HWS_FILES_VIEW_ASKS);
	s.conf->event(&e, s.conf->arg);
	ck_assert_str_eq(ended(1, HWS_ERR_DISK)->text, "the disk is full");
	s.conf->event(&e, s.conf->arg); /* of what is over */
	ck_assert_uint_eq(s.seen, s.events);
}
END_TEST

Suite *files_jobs_suite(void)
{
	Suite *suite = suite_create("services/files/jobs");
	TCase *t = test_case(suite, "jobs", 20,
			TESTS(jobs_go_one_after_the_other, what_became_of_each_file_is_told,
					folders_that_are_empty_there_are_made_here,
					folders_that_are_empty_here_are_made_there,
					a_job_goes_on_behind_what_was_done,
					numbers_of_another_list_mean_nothing,
					questions_are_asked_and_answered,
					what_is_newer_is_told_from_what_is_older,
					a_job_that_is_canceled_is_over,
					a_job_that_fails_as_a_whole_says_why));

	tcase_add_checked_fixture(t, up, down);
	return suite;
}
