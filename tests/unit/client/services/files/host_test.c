/* The files service of the host, as its agent uses it: each action of the protocol, byte for byte
 * where the spec has an example, and what becomes of those that the owner forbids. */
#include "client/services/host_service.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"
#include "tests/support/suite.h"
#include "tests/support/vector.h"
#include "tests/unit/client/services/files/pair.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hws_host_set *set;
static struct hws_host_viewer viewer;
static struct hws_service_conf conf;
static struct hws_work *work;
static char top[512];
static const char *roots[1];
static Ses__Message *got[4096];
static size_t count, audits;
static char last_audit[1024];
static int last_result;

static int take(struct hws_host_viewer *v HWS_UNUSED, const struct hws_session_row *row,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct hws_buf b;

	ck_assert_ptr_nonnull(row);
	hws_buf_init(&b, HWS_SES_FRAME_MAX);
	hws_buf_put(&b, head.ptr, head.len);
	if (rest.len)
		hws_buf_put(&b, rest.ptr, rest.len);
	ck_assert_uint_lt(count, HWS_COUNT(got));
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&b), &got[count++]), HWS_OK);
	hws_buf_done(&b);
	return HWS_OK;
}

static bool never(const struct hws_host_viewer *v HWS_UNUSED, enum hws_send_class cls HWS_UNUSED)
{
	return false;
}

static void opened(struct hws_host_viewer *v, const char *error, int fd)
{
	ck_assert_ptr_null(error);
	ck_assert_int_eq(fd, -1);
	hws_host_set_join(set, v, NULL);
}

static void on_audit(const struct hws_audit_event *e, void *arg HWS_UNUSED)
{
	snprintf(last_audit, sizeof(last_audit), "%s %.*s", e->what, (int)e->path.len,
			(const char *)e->path.ptr);
	last_result = e->result;
	audits++;
}

static void forget(void)
{
	while (count)
		hws_ses_free(got[--count]);
}

static void join(enum hws_secure_level level, const char *dir)
{
	Ses__LoginRequest login = SES__LOGIN_REQUEST__INIT;
	Ses__FileTransfer ft = SES__FILE_TRANSFER__INIT;

	viewer = (struct hws_host_viewer){
		.kind = HWS_KIND_FILE,
		.permissions = ~0u,
		.version = hws_version_number("1.4.9"),
		.platform = "Linux",
		.who = "Tester",
		.level = level,
		.send_parts = take,
		.congested = never,
		.opened = opened,
	};
	ft.dir = (char *)(uintptr_t)dir;
	login.union_case = SES__LOGIN_REQUEST__UNION_FILE_TRANSFER;
	login.file_transfer = &ft;
	hws_host_set_open(set, &viewer, &login);
}

static void make_set(void)
{
	/* gone when the service has been made, as in the agent */
	struct hws_host_env env = {
		.loop = pair.loop, .work = work, .conf = &conf, .on_audit = on_audit
	};

	ck_assert_int_eq(hws_host_set_new(hws_host_files_registry, &env, &set), HWS_OK);
	memset(&env, 0, sizeof(env));
}

static void setup(void)
{
	pair_setup();
	snprintf(top, sizeof(top), "%s", pair.end[HOST].dir);
	roots[0] = top;
	conf = (struct hws_service_conf){ .files_root = roots, .files_root_count = 1 };
	ck_assert_int_eq(hws_work_new(2, 64, &work), HWS_OK);
	make_set();
	audits = 0;
}

static void teardown(void)
{
	hws_host_set_free(set);
	forget();
	hws_work_free(work);
	pair_teardown();
}

/* Turns until so many answers are there. */
static void wait_for(size_t n)
{
	for (unsigned i = 0; count < n && i < 100000; i++)
		hws_loop_once(pair.loop, 1000);
	ck_assert_uint_ge(count, n);
}

static void act(Ses__FileAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = a;
	ck_assert(hws_host_set_message(set, &viewer, &m));
}

static const Ses__FileResponse *answer(Ses__FileResponse__UnionCase what)
{
	const Ses__FileResponse *r;

	wait_for(1);
	r = got[count - 1]->file_response;
	ck_assert_int_eq(got[count - 1]->union_case, SES__MESSAGE__UNION_FILE_RESPONSE);
	ck_assert_msg(r->union_case == what, "%d instead of %d: %s", (int)r->union_case, (int)what,
			r->union_case == SES__FILE_RESPONSE__UNION_ERROR ? r->error->error : "");
	return r;
}

START_TEST(the_first_listing_comes_without_asking)
{
	char path[1024];

	pair_write(HOST, "one", 10, 2);
	pair_write(HOST, ".hidden", 10, 2);
	pair_write(HOST, "sub/two", 10, 2);
	join(HWS_LEVEL_V1, "");
	const Ses__FileDirectory *d = answer(SES__FILE_RESPONSE__UNION_DIR)->dir;
	ck_assert_int_eq(d->id, 0);
	ck_assert_str_eq(d->path, top);
	ck_assert_uint_eq(d->n_entries, 2);
	hws_host_set_leave(set, &viewer);
	forget();
	pair_path(HOST, "sub", path);
	join(HWS_LEVEL_V1, path);
	d = answer(SES__FILE_RESPONSE__UNION_DIR)->dir;
	ck_assert_str_eq(d->path, path);
	ck_assert_uint_eq(d->n_entries, 1);
	ck_assert_str_eq(d->entries[0]->name, "two");
	ck_assert_uint_eq(d->entries[0]->modified_time, 1600000002);
	hws_host_set_leave(set, &viewer);
	forget();
	join(HWS_LEVEL_V1, "/no/such/folder");
	ck_assert_str_eq(answer(SES__FILE_RESPONSE__UNION_DIR)->dir->path, top);
}
END_TEST

/* The examples of the protocol are taken; what they name is not there. */
START_TEST(vectors_of_actions_are_answered)
{
	static const struct {
		const char *name, *says; /* NULL: nothing */
	} rows[] = {
		{ "fa_send_download", "not permit" },
		{ "fa_send_resume", "not permit" },
		{ "fa_receive_upload", "not permit" },
		{ "fa_receive_single_file", "not permit" },
		{ "fa_all_files", "not permit" },
		{ "fa_remove_file", "not permit" },
		{ "fa_remove_dir", "not permit" },
		{ "fa_rename", "not permit" },
		{ "fa_read_dir", NULL },
		{ "fa_send_confirm_start", NULL },
		{ "fa_send_confirm_skip", NULL },
		{ "fa_send_confirm_resume", NULL },
		{ "fa_cancel", NULL },
	};
	uint8_t buf[4096];

	join(HWS_LEVEL_V1, "");
	wait_for(1);
	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		Ses__Message *m;
		size_t n = test_vector("services.json", rows[i].name, buf, sizeof(buf), NULL, NULL);

		forget();
		ck_assert_int_eq(hws_ses_unpack(hws_bytes(buf, n), &m), HWS_OK);
		ck_assert(hws_host_set_message(set, &viewer, m));
		hws_ses_free(m);
		if (rows[i].says) {
			const Ses__FileTransferError *e =
					answer(SES__FILE_RESPONSE__UNION_ERROR)->error;
			ck_assert_msg(strstr(e->error, rows[i].says), "%s: %s", rows[i].name,
					e->error);
		}
		for (unsigned k = 0; k < 20; k++)
			hws_loop_once(pair.loop, 1000);
		ck_assert_uint_eq(count, rows[i].says ? 1 : 0);
	}
	forget();
	Ses__Message *m;
	size_t n = test_vector("services.json", "fa_read_dir_home", buf, sizeof(buf), NULL, NULL);
	ck_assert_int_eq(hws_ses_unpack(hws_bytes(buf, n), &m), HWS_OK);
	ck_assert(hws_host_set_message(set, &viewer, m));
	hws_ses_free(m);
	ck_assert_str_eq(answer(SES__FILE_RESPONSE__UNION_DIR)->dir->path, top);
}
END_TEST

START_TEST(folders_are_made_renamed_and_removed)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileDirCreate make = SES__FILE_DIR_CREATE__INIT;
	Ses__FileRename name = SES__FILE_RENAME__INIT;
	Ses__FileRemoveFile file = SES__FILE_REMOVE_FILE__INIT;
	Ses__FileRemoveDir dir = SES__FILE_REMOVE_DIR__INIT;
	char path[1024];

	join(HWS_LEVEL_V1, "");
	wait_for(1);
	forget();
	pair_path(HOST, "a/b/c", path);
	make.id = 5;
	make.path = path;
	a.union_case = SES__FILE_ACTION__UNION_CREATE;
	a.create = &make;
	act(&a);
	ck_assert_int_eq(answer(SES__FILE_RESPONSE__UNION_DONE)->done->id, 5);
	ck_assert(pair_exists(HOST, "a/b/c"));
	ck_assert_ptr_eq(strstr(last_audit, "file.made"), last_audit);

	forget();
	pair_path(HOST, "a/b", path);
	name.id = 6;
	name.path = path;
	name.new_name = (char *)"d";
	a.union_case = SES__FILE_ACTION__UNION_RENAME;
	a.rename = &name;
	act(&a);
	ck_assert_int_eq(answer(SES__FILE_RESPONSE__UNION_DONE)->done->id, 6);
	ck_assert(pair_exists(HOST, "a/d/c"));

	pair_write(HOST, "a/d/file", 5, 2);
	forget();
	pair_path(HOST, "a/d/file", path);
	file.id = 7;
	file.file_num = 3;
	file.path = path;
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_FILE;
	a.remove_file = &file;
	act(&a);
	ck_assert_int_eq(answer(SES__FILE_RESPONSE__UNION_DONE)->done->file_num, 3);
	ck_assert(!pair_exists(HOST, "a/d/file"));
	ck_assert_uint_eq(audits, 3);

	/* as deployed hosts: only what is empty goes */
	pair_write(HOST, "a/keep", 5, 2);
	forget();
	pair_path(HOST, "a", path);
	dir.id = 8;
	dir.path = path;
	dir.recursive = true;
	dir.contents = true; /* which is hawser's */
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_DIR;
	a.remove_dir = &dir;
	act(&a);
	answer(SES__FILE_RESPONSE__UNION_DONE);
	ck_assert(pair_exists(HOST, "a/keep"));
	ck_assert(!pair_exists(HOST, "a/d"));
	hws_host_set_leave(set, &viewer);
	forget();
	join(HWS_LEVEL_V2, "");
	wait_for(1);
	forget();
	act(&a);
	answer(SES__FILE_RESPONSE__UNION_DONE);
	ck_assert(!pair_exists(HOST, "a"));
}
END_TEST

START_TEST(what_is_below_a_link_stays)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileRemoveDir dir = SES__FILE_REMOVE_DIR__INIT;
	char path[1024], outside[1024];

	join(HWS_LEVEL_V2, "");
	wait_for(1);
	forget();
	pair_write(VIEWER, "precious/file", 5, 2);
	pair_write(HOST, "tree/file", 5, 2);
	pair_path(VIEWER, "precious", outside);
	pair_path(HOST, "tree/link", path);
	ck_assert_int_eq(symlink(outside, path), 0);
	pair_path(HOST, "tree", path);
	dir.id = 8;
	dir.path = path;
	dir.recursive = dir.contents = true;
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_DIR;
	a.remove_dir = &dir;
	act(&a);
	answer(SES__FILE_RESPONSE__UNION_DONE);
	ck_assert(!pair_exists(HOST, "tree"));
	ck_assert(pair_exists(VIEWER, "precious/file"));
	/* and what is permitted as a whole cannot be removed itself */
	forget();
	dir.path = top;
	act(&a);
	answer(SES__FILE_RESPONSE__UNION_ERROR);
	ck_assert_int_lt(last_result, 0);
	ck_assert_int_eq(access(top, F_OK), 0);
}
END_TEST

/* Towards hawser each request has an answer. */
START_TEST(listings_that_fail_are_answered)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadDir q = SES__READ_DIR__INIT;
	Ses__ReadEmptyDirs e = SES__READ_EMPTY_DIRS__INIT;

	join(HWS_LEVEL_V2, "");
	wait_for(1);
	forget();
	q.path = (char *)"/etc";
	q.request = 12;
	a.union_case = SES__FILE_ACTION__UNION_READ_DIR;
	a.read_dir = &q;
	act(&a);
	const Ses__FileTransferError *err = answer(SES__FILE_RESPONSE__UNION_ERROR)->error;
	ck_assert_int_eq(err->request, 12);
	ck_assert_int_eq(err->code, HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(err->error, "/etc"));
	forget();
	e.path = (char *)"nothing";
	e.request = 13;
	a.union_case = SES__FILE_ACTION__UNION_READ_EMPTY_DIRS;
	a.read_empty_dirs = &e;
	act(&a);
	err = answer(SES__FILE_RESPONSE__UNION_ERROR)->error;
	ck_assert_int_eq(err->request, 13);
	ck_assert_int_eq(err->code, HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(empty_folders_are_told)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadEmptyDirs e = SES__READ_EMPTY_DIRS__INIT;
	char path[1024], want[1024];

	pair_write(HOST, "t/full/file", 5, 2);
	pair_path(HOST, "t/empty", path);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	join(HWS_LEVEL_V1, "");
	wait_for(1);
	forget();
	pair_path(HOST, "t", path);
	e.path = path;
	a.union_case = SES__FILE_ACTION__UNION_READ_EMPTY_DIRS;
	a.read_empty_dirs = &e;
	act(&a);
	const Ses__ReadEmptyDirsResponse *r =
			answer(SES__FILE_RESPONSE__UNION_EMPTY_DIRS)->empty_dirs;
	ck_assert_str_eq(r->path, path);
	ck_assert_uint_eq(r->n_empty_dirs, 1);
	pair_path(HOST, "t/empty", want);
	ck_assert_str_eq(r->empty_dirs[0]->path, want);
}
END_TEST

static void must_be_refused(Ses__FileAction *a, const char *text)
{
	forget();
	act(a);
	const Ses__FileTransferError *e = answer(SES__FILE_RESPONSE__UNION_ERROR)->error;
	ck_assert_msg(strstr(e->error, text), "%s", e->error);
}

/* A letter box: what is in it is listed for nobody. */
START_TEST(who_may_only_write_sees_nothing)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadDir q = SES__READ_DIR__INIT;
	Ses__ReadAllFiles all = SES__READ_ALL_FILES__INIT;

	pair_write(HOST, "f", 5, 2);
	conf.files_access = HWS_FILES_WRITE_ONLY;
	hws_host_set_configure(set);
	join(HWS_LEVEL_V2, "");
	const Ses__FileDirectory *d = answer(SES__FILE_RESPONSE__UNION_DIR)->dir;
	ck_assert_str_eq(d->path, top);
	ck_assert_uint_eq(d->n_entries, 0);
	q.path = (char *)"";
	q.request = 12;
	a.union_case = SES__FILE_ACTION__UNION_READ_DIR;
	a.read_dir = &q;
	must_be_refused(&a, "not permit to read");
	all.path = (char *)"f";
	all.id = 13;
	a.union_case = SES__FILE_ACTION__UNION_ALL_FILES;
	a.all_files = &all;
	must_be_refused(&a, "not permit to read");
}
END_TEST

/* The host's own folder is spared, and a list says that it is not all. */
START_TEST(what_is_the_hosts_own_is_left_out_and_told)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__ReadAllFiles all = SES__READ_ALL_FILES__INIT;
	Ses__FileRemoveFile file = SES__FILE_REMOVE_FILE__INIT;
	char own[1024], key[1024];

	pair_write(HOST, "own/key", 5, 2);
	pair_write(HOST, "f", 5, 2);
	pair_path(HOST, "own", own);
	pair_path(HOST, "own/key", key);
	hws_host_set_free(set);
	conf.files_shut[0] = own;
	make_set();
	join(HWS_LEVEL_V2, "");
	ck_assert(!answer(SES__FILE_RESPONSE__UNION_DIR)->dir->cut);
	forget();
	all.path = top;
	all.id = 13;
	a.union_case = SES__FILE_ACTION__UNION_ALL_FILES;
	a.all_files = &all;
	act(&a);
	const Ses__FileDirectory *d = answer(SES__FILE_RESPONSE__UNION_DIR)->dir;
	ck_assert(d->cut);
	ck_assert_uint_eq(d->n_entries, 1);
	ck_assert_str_eq(d->entries[0]->name, "f");
	file.id = 14;
	file.path = key;
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_FILE;
	a.remove_file = &file;
	must_be_refused(&a, "leads outside");
	ck_assert(pair_exists(HOST, "own/key"));
	/* who looks where he may not is written down */
	all.path = own;
	a.union_case = SES__FILE_ACTION__UNION_ALL_FILES;
	a.all_files = &all;
	must_be_refused(&a, "leads outside");
	ck_assert_ptr_eq(strstr(last_audit, "file.listed "), last_audit);
	ck_assert_int_eq(last_result, HWS_ERR_DENIED);
}
END_TEST

START_TEST(the_owner_says_which_way)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileTransferSendRequest send = SES__FILE_TRANSFER_SEND_REQUEST__INIT;
	Ses__FileTransferReceiveRequest receive = SES__FILE_TRANSFER_RECEIVE_REQUEST__INIT;
	Ses__FileRemoveFile file = SES__FILE_REMOVE_FILE__INIT;

	pair_write(HOST, "f", 5, 2);
	join(HWS_LEVEL_V1, "");
	wait_for(1);
	conf.files_access = HWS_FILES_WRITE_ONLY;
	hws_host_set_configure(set);
	send.id = receive.id = file.id = 3;
	send.path = receive.path = file.path = (char *)"f";
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &send;
	must_be_refused(&a, "one-way-file-transfer-tip");
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_FILE;
	a.remove_file = &file;
	must_be_refused(&a, "one-way-file-transfer-tip");
	ck_assert_ptr_eq(strstr(last_audit, "file.removed f"), last_audit);
	ck_assert_int_eq(last_result, HWS_ERR_DENIED);
	conf.files_access = HWS_FILES_READ_ONLY;
	hws_host_set_configure(set);
	must_be_refused(&a, "only lets files be read");
	a.union_case = SES__FILE_ACTION__UNION_RECEIVE;
	a.receive = &receive;
	must_be_refused(&a, "only lets files be read");
	ck_assert(pair_exists(HOST, "f"));
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &send;
	forget();
	act(&a);
	wait_for(2);
	ck_assert_int_eq(got[0]->file_response->union_case, SES__FILE_RESPONSE__UNION_DIR);
}
END_TEST

/* Two removals, of which the second waits for the first: it has not begun when `_i` happens. */
START_TEST(what_waits_is_denied_when_the_permission_goes)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileRemoveDir rm = SES__FILE_REMOVE_DIR__INIT;

	pair_write(HOST, "a/f", 5, 2);
	pair_write(HOST, "b/f", 5, 2);
	join(HWS_LEVEL_V2, "");
	wait_for(1);
	forget();
	rm.recursive = rm.contents = true;
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_DIR;
	a.remove_dir = &rm;
	for (int i = 0; i < 2; i++) {
		rm.id = 3 + i;
		rm.path = (char *)(i ? "b" : "a");
		act(&a);
	}
	audits = 0;
	if (_i == 0) {
		viewer.permissions = 0;
		hws_host_set_update(set, &viewer);
	} else if (_i == 1) {
		conf.files_access = HWS_FILES_READ_ONLY;
		hws_host_set_configure(set);
	} else {
		hws_host_set_leave(set, &viewer);
	}
	for (unsigned i = 0; audits < (_i == 2 ? 1 : 2) && i < 100000; i++)
		hws_loop_once(pair.loop, 1000);
	ck_assert(pair_exists(HOST, "b/f"));
	/* the first may have been done; that is written down, though who wanted it has gone */
	ck_assert_uint_eq(audits, _i == 2 ? 1 : 2);
	ck_assert_ptr_eq(strstr(last_audit, "file.removed "), last_audit);
	if (_i == 2)
		return;
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(last_result, HWS_ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(got[1]->file_response->error->error,
			_i ? "only lets files be read" : "No permission"));
}
END_TEST

START_TEST(a_flood_of_requests_is_bounded)
{
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileRemoveFile file = SES__FILE_REMOVE_FILE__INIT;
	size_t full = 0;

	join(HWS_LEVEL_V1, "");
	wait_for(1);
	forget();
	file.id = 3;
	file.path = (char *)"none";
	a.union_case = SES__FILE_ACTION__UNION_REMOVE_FILE;
	a.remove_file = &file;
	for (unsigned i = 0; i < 1000; i++)
		act(&a);
	wait_for(1000);
	for (size_t i = 0; i < count; i++)
		full += strstr(got[i]->file_response->error->error, "too many requests") != NULL;
	ck_assert_uint_ge(full, 700);
	/* and it can go while they are under way */
	for (unsigned i = 0; i < 100; i++)
		act(&a);
	hws_host_set_leave(set, &viewer);
	for (unsigned k = 0; k < 20; k++)
		hws_loop_once(pair.loop, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files/host");
	TCase *t = test_case(s, "host", 60,
			TESTS(the_first_listing_comes_without_asking,
					vectors_of_actions_are_answered,
					folders_are_made_renamed_and_removed,
					what_is_below_a_link_stays, listings_that_fail_are_answered,
					empty_folders_are_told, who_may_only_write_sees_nothing,
					what_is_the_hosts_own_is_left_out_and_told,
					the_owner_says_which_way, a_flood_of_requests_is_bounded));

	tcase_add_loop_test(t, what_waits_is_denied_when_the_permission_goes, 0, 3);
	tcase_add_checked_fixture(t, setup, teardown);
	return test_suite_run(s);
}
