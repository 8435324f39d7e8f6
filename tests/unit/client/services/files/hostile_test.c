/* What the other end, the disk and other programs can do to a transfer: names that lead out, links
 * that appear, blocks that lie, disks that are full, files that change. Each ends that file or that
 * job with a sentence; the session lives, and nothing outside, and no source, is touched. */
#include "client/services/files/listing.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/compress.h"
#include "tests/support/suite.h"
#include "tests/unit/client/services/files/pair.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *bad_name;

/* A host, or a viewer, that puts another name into its list. */
static bool rename_first(int to HWS_UNUSED, Ses__Message *m)
{
	Ses__FileEntry *e = NULL;

	if (m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE &&
			m->file_response->union_case == SES__FILE_RESPONSE__UNION_DIR)
		e = m->file_response->dir->entries[0];
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION &&
			m->file_action->union_case == SES__FILE_ACTION__UNION_RECEIVE)
		e = m->file_action->receive->files[0];
	if (e)
		e->name = (char *)(uintptr_t)bad_name;
	return true;
}

START_TEST(names_that_lead_out_end_the_job)
{
	static const char *const names[] = { "../x", "a/../../x", "/etc/x", "a//b", "C:\\x", "C:/x",
		".", "a/./b", "a/", "" };
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;

	pair_open(_i & 1);
	pair_write(from, "s/one", 10, 2);
	pair_write(from, "s/two", 10, 2);
	pair.filter = rename_first;
	for (int i = 0; i < (int)HWS_COUNT(names); i++) {
		bad_name = names[i];
		ck_assert_int_eq(up ? pair_upload(i + 1, "s", "t", HWS_FILES_ASKS, false)
				    : pair_download(i + 1, "s", "t", HWS_FILES_ASKS, false),
				HWS_OK);
		const struct pair_event *e = pair_run(i + 1);
		ck_assert_msg(e->type == HWS_FILES_FAILED, "%s is taken", bad_name);
		ck_assert_uint_gt(strlen(e->text), 5);
	}
	pair_settle();
	ck_assert_uint_eq(hws_files_jobs(pair.end[VIEWER].files), 0);
	ck_assert_uint_eq(hws_files_jobs(pair.end[HOST].files), 0);
	ck_assert(!pair_exists(!from, "x"));
}
END_TEST

/* Who says that much could not be read names what it likes, as often as it likes. */
static bool add_unread(int to HWS_UNUSED, Ses__Message *m)
{
	static Ses__FileUnread u[3 * HWS_UNREAD_MAX];
	static Ses__FileUnread *list[HWS_COUNT(u)];
	Ses__FileDirectory *d;

	if (m->union_case != SES__MESSAGE__UNION_FILE_RESPONSE ||
			m->file_response->union_case != SES__FILE_RESPONSE__UNION_DIR)
		return true;
	for (size_t i = 0; i < HWS_COUNT(u); i++) {
		list[i] = &u[i];
		ses__file_unread__init(&u[i]);
		u[i].name = (char *)(i % 2 ? "../../x" : "a/b");
		u[i].code = i % 3 ? 77 : -7000;
	}
	d = m->file_response->dir;
	d->cut = UINT32_MAX;
	d->unread = list;
	d->n_unread = HWS_COUNT(u);
	return true;
}

START_TEST(what_is_said_to_be_unread_is_bounded)
{
	const struct pair_event *e;

	pair_open(true);
	pair_write(HOST, "s/one", 10, 2);
	pair.filter = add_unread;
	ck_assert_int_eq(pair_download(1, "s", "t", HWS_FILES_ASKS, false), HWS_OK);
	e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, HWS_FILES_LIST_MAX);
	ck_assert_uint_eq(pair_count(VIEWER, HWS_FILES_UNREAD), HWS_UNREAD_MAX / 2 + 1);
	for (size_t i = 0; i < pair.end[VIEWER].events; i++) {
		e = &pair.end[VIEWER].event[i];
		ck_assert(e->type != HWS_FILES_UNREAD || !strstr(e->name, ".."));
	}
	pair_settle();
	ck_assert(pair_exists(VIEWER, "t/one"));
}
END_TEST

START_TEST(links_below_the_target_are_not_followed)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;
	char path[1024], outside[1024];

	pair_open(_i & 1);
	pair_write(from, "s/dir/one", 10, 2);
	pair_write(from, "s/two", 10, 3);
	pair_path(from, "victim", outside);
	ck_assert_int_eq(mkdir(outside, 0755), 0);
	pair_write(!from, "t/other", 1, 2);
	pair_path(!from, "t/dir", path);
	ck_assert_int_eq(symlink(outside, path), 0);
	ck_assert_int_eq(up ? pair_upload(1, "s", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "s", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert(!pair_exists(from, "victim/one"));
	ck_assert(!pair_exists(from, "victim/one.download"));
	/* between hawser ends the others come all the same */
	if (_i & 1) {
		ck_assert_int_eq(e->type, HWS_FILES_DONE);
		ck_assert_uint_eq(e->failed, 1);
		ck_assert(pair_exists(!from, "t/two"));
	}
}
END_TEST

START_TEST(what_is_outside_of_the_roots_is_denied)
{
	struct hws_files_job q = { .id = 1, .policy = HWS_FILES_ASKS };
	char path[1024], link[1024];

	pair_open(_i & 1);
	pair_path(VIEWER, "got", path);
	q.local = path;
	q.remote = "/etc/hostname";
	ck_assert_int_eq(hws_files_download(pair.end[VIEWER].files, &q), HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_FAILED);
	ck_assert_ptr_nonnull(strstr(e->text, "permit"));
	/* a link that leads there is no way either */
	pair_path(HOST, "link", link);
	ck_assert_int_eq(symlink("/etc", link), 0);
	pair_path(HOST, "link/hostname", link);
	q.id = 2;
	q.remote = link;
	ck_assert_int_eq(hws_files_download(pair.end[VIEWER].files, &q), HWS_OK);
	e = pair_run(2);
	ck_assert_int_eq(e->type, HWS_FILES_FAILED);
	ck_assert_ptr_nonnull(strstr(e->text, "outside"));
}
END_TEST

/* --- a race --- */

static atomic_bool stop;
static char swap_link[1024], swap_at[1024], swap_away[1024];

static void *swap(void *arg HWS_UNUSED)
{
	while (!stop) {
		rename(swap_at, swap_away);
		rename(swap_link, swap_at);
		rename(swap_at, swap_link);
		rename(swap_away, swap_at);
	}
	return NULL;
}

/* Somebody exchanges a folder of the target for a link while files are written through it. */
START_TEST(a_link_that_comes_and_goes_leads_nowhere)
{
	bool up = _i & 1;
	int from = up ? VIEWER : HOST;
	char name[64], victim[1024];
	pthread_t t;

	pair_open(true);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "s/dir/%d", i);
		pair_write(from, name, 100, 2);
	}
	pair_path(from, "victim", victim);
	ck_assert_int_eq(mkdir(victim, 0755), 0);
	pair_write(!from, "t/dir/there", 1, 2);
	pair_path(!from, "t/dir", swap_at);
	pair_path(!from, "t/away", swap_away);
	pair_path(!from, "t/link", swap_link);
	ck_assert_int_eq(symlink(victim, swap_link), 0);
	stop = false;
	ck_assert_int_eq(pthread_create(&t, NULL, swap, NULL), 0);
	for (int round = 1; round <= 5; round++) {
		ck_assert_int_eq(up ? pair_upload(round, "s", "t", HWS_FILES_OVERWRITES, false)
				    : pair_download(round, "s", "t", HWS_FILES_OVERWRITES, false),
				HWS_OK);
		pair_run(round);
	}
	stop = true;
	pthread_join(t, NULL);
	struct hws_listing l = { 0 };
	int fd = open(victim, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(hws_listing_read(&l, fd, true), HWS_OK);
	ck_assert_uint_eq(l.count, 0);
	close(fd);
	hws_listing_done(&l);
}
END_TEST

/* --- blocks that lie --- */

enum lie { WRONG_HASH, WRONG_OFFSET, TWICE_AS_LONG, WRONG_FILE_HASH, NO_HASH, BOMB, LIES };
static enum lie lie;
static unsigned blocks;
static struct hws_buf bomb;

static bool spoil(int to HWS_UNUSED, Ses__Message *m)
{
	static uint8_t hash[16];
	Ses__FileTransferBlock *b;

	if (m->union_case != SES__MESSAGE__UNION_FILE_RESPONSE ||
			m->file_response->union_case != SES__FILE_RESPONSE__UNION_BLOCK)
		return true;
	b = m->file_response->block;
	if (blocks++ != 2)
		return true;
	switch (lie) {
	case WRONG_HASH:
		b->hash = (ProtobufCBinaryData){ sizeof(hash), hash };
		break;
	case WRONG_OFFSET:
		b->offset += 1 << 20;
		break;
	case TWICE_AS_LONG:
		b->file_size *= 2;
		b->hole = b->last ? 0 : 1 << 20;
		break;
	case WRONG_FILE_HASH:
		b->last = true;
		b->file_size = b->offset + b->data.len;
		b->file_hash = (ProtobufCBinaryData){ sizeof(hash), hash };
		break;
	case NO_HASH:
		b->hash = (ProtobufCBinaryData){ 0, NULL };
		break;
	case BOMB:
	case LIES:
		b->compressed = true;
		b->data = (ProtobufCBinaryData){ hws_buf_len(&bomb), bomb.data };
		break;
	}
	return true;
}

START_TEST(blocks_that_lie_end_their_file)
{
	bool up = _i % 2;
	int from = up ? VIEWER : HOST;
	uint8_t *zeros = hws_alloc(32 << 20);

	hws_buf_init(&bomb, 64 << 20);
	ck_assert_int_eq(hws_compress(hws_bytes(zeros, 32 << 20), 3, &bomb), HWS_OK);
	hws_free(zeros);
	lie = (enum lie)(_i / 2);
	blocks = 0;
	pair_open(true);
	pair_write(from, "s/a", 4 << 20, 4);
	pair_write(from, "s/b", 1000, 6);
	pair.filter = spoil;
	ck_assert_int_eq(up ? pair_upload(1, "s", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "s", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, 1);
	pair_settle();
	ck_assert(!pair_exists(!from, "t/a"));
	ck_assert(!pair_exists(!from, "t/a.download"));
	ck_assert_uint_eq(pair_size(!from, "t/b"), 1000);
	ck_assert_uint_eq(pair_size(from, "s/a"), 4 << 20);
	hws_buf_done(&bomb);
}
END_TEST

/* A packed block of a deployed peer that is none, or far too long. */
START_TEST(packed_blocks_that_lie_end_the_file_of_old)
{
	hws_buf_init(&bomb, 64 << 20);
	if (_i) {
		uint8_t *zeros = hws_alloc(32 << 20);
		ck_assert_int_eq(hws_compress(hws_bytes(zeros, 32 << 20), 3, &bomb), HWS_OK);
		hws_free(zeros);
	} else {
		hws_buf_put(&bomb, "no frame", 8);
	}
	lie = BOMB;
	blocks = 0;
	pair_open(false);
	pair_write(VIEWER, "a", 4 << 20, 4);
	pair.filter = spoil;
	ck_assert_int_eq(pair_upload(1, "a", "a", HWS_FILES_ASKS, false), HWS_OK);
	ck_assert_int_eq(pair_run(1)->type, HWS_FILES_FAILED);
	pair_settle();
	ck_assert(!pair_exists(HOST, "a"));
	ck_assert(!pair_exists(HOST, "a.download"));
	ck_assert_uint_eq(hws_files_jobs(pair.end[HOST].files), 0);
	hws_buf_done(&bomb);
}
END_TEST

/* --- the disk --- */

START_TEST(a_full_disk_ends_the_file_and_keeps_the_part)
{
	struct rlimit old, small = { 3 << 20, RLIM_INFINITY };
	bool up = _i & 1;
	int from = up ? VIEWER : HOST;

	signal(SIGXFSZ, SIG_IGN);
	pair_open(true);
	pair_write(from, "s/a", 8 << 20, 4);
	pair_write(from, "s/b", 1000, 6);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(up ? pair_upload(1, "s", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "s", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, 1);
	ck_assert(!pair_exists(!from, "t/a"));
	ck_assert_uint_eq(pair_size(!from, "t/b"), 1000);
	pair_settle();
}
END_TEST

START_TEST(what_cannot_fit_does_not_begin)
{
	struct stat st;
	char path[1024];

	pair_open(true);
	pair_path(VIEWER, "huge", path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	/* sparse here; but the list says otherwise below */
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 42), 0);
	fstat(fd, &st);
	close(fd);
	pair.filter = NULL;
	ck_assert_int_eq(pair_upload(1, "huge", "huge", HWS_FILES_ASKS, false), HWS_OK);
	/* with its holes known it takes no room, so it may begin */
	for (int i = 0; i < 200 && !pair_find(HOST, HWS_FILES_STARTED, 1); i++)
		pair_settle();
	ck_assert_ptr_nonnull(pair_find(HOST, HWS_FILES_STARTED, 1));
	/* holes are quick: it may have arrived */
	int r = hws_files_cancel(pair.end[VIEWER].files, 1);
	ck_assert(r == HWS_OK || pair_find(VIEWER, HWS_FILES_DONE, 1));
	pair_settle();
}
END_TEST

static bool claim_space(int to HWS_UNUSED, Ses__Message *m)
{
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION &&
			m->file_action->union_case == SES__FILE_ACTION__UNION_RECEIVE)
		m->file_action->receive->files[0]->size = (uint64_t)1 << 50;
	if (m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE &&
			m->file_response->union_case == SES__FILE_RESPONSE__UNION_DIR)
		m->file_response->dir->entries[0]->size = (uint64_t)1 << 50;
	return true;
}

START_TEST(no_space_is_said_before_the_start)
{
	bool up = _i & 2;
	int from = up ? VIEWER : HOST;

	pair_open(_i & 1);
	pair_write(from, "f/g", 10, 2);
	pair_write(!from, "is/here", 10, 2);
	pair.filter = claim_space;
	ck_assert_int_eq(up ? pair_upload(1, "f", "is/new/f", HWS_FILES_ASKS, false)
			    : pair_download(1, "f", "is/new/f", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_FAILED);
	ck_assert_msg(strstr(e->text, "not enough space"), "%s", e->text);
	pair_settle();
	ck_assert_uint_eq(hws_files_jobs(pair.end[HOST].files), 0);
	/* and nothing was made for it */
	ck_assert(!pair_exists(!from, "is/new") && pair_exists(!from, "is/here"));
}
END_TEST

START_TEST(holes_arrive_as_holes_beyond_4_gib)
{
	bool up = _i & 1;
	int from = up ? VIEWER : HOST;
	const uint64_t size = ((uint64_t)5 << 30) + 12345;
	char path[1024], data[] = "here is something";
	struct stat st;

	pair_open(true);
	pair_path(from, "sparse", path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(pwrite(fd, data, sizeof(data), ((off_t)9 << 29) + 777), sizeof(data));
	close(fd);
	ck_assert_int_eq(up ? pair_upload(1, "sparse", "sparse", HWS_FILES_ASKS, false)
			    : pair_download(1, "sparse", "sparse", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_msg(e->type == HWS_FILES_DONE, "%s", e->text);
	pair_settle();
	ck_assert_uint_eq(pair_size(!from, "sparse"), size);
	pair_path(!from, "sparse", path);
	fd = open(path, O_RDONLY);
	memset(data, 0, sizeof(data));
	ck_assert_int_eq(pread(fd, data, sizeof(data), ((off_t)9 << 29) + 777), sizeof(data));
	ck_assert_str_eq(data, "here is something");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_lt(st.st_blocks * 512, 64 << 20);
	close(fd);
	ck_assert_uint_lt(pair.bytes, 4 << 20);
}
END_TEST

/* --- sources that change --- */

static char source[1024];
static bool changed;

static bool change_source(int to HWS_UNUSED, Ses__Message *m)
{
	if (changed || m->union_case != SES__MESSAGE__UNION_FILE_RESPONSE ||
			m->file_response->union_case != SES__FILE_RESPONSE__UNION_BLOCK)
		return true;
	changed = true;
	int fd = open(source, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "changed", 7, 11 << 20), 7);
	close(fd);
	return true;
}

START_TEST(a_file_that_changes_meanwhile_is_no_mixture)
{
	bool up = _i & 1;
	int from = up ? VIEWER : HOST;

	pair_open(true);
	pair.line = 1 << 20;
	pair_write(from, "s/a", 24 << 20, 4);
	pair_write(from, "s/b", 1000, 6);
	pair_path(from, "s/a", source);
	changed = false;
	pair.filter = change_source;
	ck_assert_int_eq(up ? pair_upload(1, "s", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "s", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, 1);
	pair_settle();
	ck_assert(!pair_exists(!from, "t/a"));
	ck_assert(pair_exists(!from, "t/b"));
	const struct pair_event *failed = pair_find(VIEWER, HWS_FILES_FILE_FAILED, 1);
	ck_assert_ptr_nonnull(strstr(failed->text, "changed"));
}
END_TEST

static bool remove_source(int to HWS_UNUSED, Ses__Message *m)
{
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION &&
			(m->file_action->union_case == SES__FILE_ACTION__UNION_SEND_CONFIRM) &&
			!changed) {
		changed = true;
		unlink(source);
		mkfifo(source, 0600);
	}
	return true;
}

/* Gone, and a pipe in its place, between list and reading: nobody waits for who writes to it. */
START_TEST(a_file_that_cannot_be_read_is_one_error)
{
	bool up = _i & 1;
	int from = up ? VIEWER : HOST;

	pair_open(true);
	pair_write(from, "s/a", 1000, 4);
	pair_write(from, "s/b", 1000, 6);
	pair_path(from, "s/a", source);
	changed = false;
	pair.filter = remove_source;
	ck_assert_int_eq(up ? pair_upload(1, "s", "t", HWS_FILES_ASKS, false)
			    : pair_download(1, "s", "t", HWS_FILES_ASKS, false),
			HWS_OK);
	const struct pair_event *e = pair_run(1);
	ck_assert_int_eq(e->type, HWS_FILES_DONE);
	ck_assert_uint_eq(e->failed, 1);
	pair_settle();
	ck_assert(!pair_exists(!from, "t/a"));
	ck_assert(pair_exists(!from, "t/b"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files/hostile");
	TCase *t = test_case(s, "hostile", 60, TESTS_NONE);

	tcase_add_checked_fixture(t, pair_setup, pair_teardown);
	tcase_add_loop_test(t, names_that_lead_out_end_the_job, 0, 4);
	tcase_add_test(t, what_is_said_to_be_unread_is_bounded);
	tcase_add_loop_test(t, links_below_the_target_are_not_followed, 0, 4);
	tcase_add_loop_test(t, what_is_outside_of_the_roots_is_denied, 0, 2);
	tcase_add_loop_test(t, a_link_that_comes_and_goes_leads_nowhere, 0, 2);
	tcase_add_loop_test(t, blocks_that_lie_end_their_file, 0, 2 * LIES);
	tcase_add_loop_test(t, packed_blocks_that_lie_end_the_file_of_old, 0, 2);
	tcase_add_loop_test(t, a_full_disk_ends_the_file_and_keeps_the_part, 0, 2);
	tcase_add_test(t, what_cannot_fit_does_not_begin);
	tcase_add_loop_test(t, no_space_is_said_before_the_start, 0, 4);
	tcase_add_loop_test(t, holes_arrive_as_holes_beyond_4_gib, 0, 2);
	tcase_add_loop_test(t, a_file_that_changes_meanwhile_is_no_mixture, 0, 2);
	tcase_add_loop_test(t, a_file_that_cannot_be_read_is_one_error, 0, 2);
	return test_suite_run(s);
}
