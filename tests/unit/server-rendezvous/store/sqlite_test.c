/* The SQLite store: the contract of all stores, then files that are damaged, foreign, locked,
 * newer, full, and a process that is killed. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "tests/support/proc.h"
#include "tests/unit/server-rendezvous/store/contract.h"

static char folder[64], path[100];
static struct hws_loop *loop;
static struct hws_error err;

static struct rdv_store *open_sqlite(struct hws_loop *l, bool fresh)
{
	struct rdv_store *s;
	int r;

	if (fresh) {
		test_dir(folder, sizeof(folder));
		ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/a.sqlite3", folder), HWS_OK);
	}
	r = rdv_store_sqlite_open(l, path, &s, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
	return s;
}

const struct contract_store contract_store = { .open = open_sqlite, .keeps = true };

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	test_dir(folder, sizeof(folder));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/a.sqlite3", folder), HWS_OK);
}

static void tear_down(void)
{
	hws_loop_free(loop);
}

static void put_file(const char *at, const void *bytes, size_t n)
{
	int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static size_t get_file(const char *at, char *buf, size_t size)
{
	int fd = open(at, O_RDONLY);
	ssize_t n = read(fd, buf, size);

	close(fd);
	ck_assert_int_ge(n, 0);
	return (size_t)n;
}

static void sql(const char *at, const char *text)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(at, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Opening must fail with `code`, say `says` and the file's name, and leave the file as it was. */
static void must_refuse(int code, const char *says)
{
	static char before[1 << 20], after[1 << 20];
	size_t n = get_file(path, before, sizeof(before));
	struct rdv_store *s;

	ck_assert_int_eq(rdv_store_sqlite_open(loop, path, &s, &err), code);
	ck_assert_msg(strstr(err.text, says) && strstr(err.text, path), "%s", err.text);
	ck_assert_uint_eq(get_file(path, after, sizeof(after)), n);
	ck_assert_mem_eq(before, after, n);
}

START_TEST(files_that_are_not_ours_are_refused_and_left_alone)
{
	static const char text[] = "this is some text that is no database at all, but longer than "
				   "the header of one, so that it is looked at for real";

	put_file(path, text, strlen(text));
	must_refuse(HWS_ERR_CORRUPT, "no SQLite database");
	unlink(path);
	sql(path, "CREATE TABLE x (y)");
	must_refuse(HWS_ERR_CORRUPT, "another program");
	unlink(path);
	sql(path,
			"CREATE TABLE peer (guid blob primary key not null, id varchar(100) not "
			"null) "
			"without rowid");
	must_refuse(HWS_ERR_CORRUPT, "import-hbbs");
	must_refuse(HWS_ERR_CORRUPT, "hawser-rendezvous take-over "); /* all that its image has */
	unlink(path);
	rdv_store_free(open_sqlite(loop, false));
	sql(path, "PRAGMA user_version = 99");
	must_refuse(HWS_ERR_UNSUPPORTED, "newer");
}
END_TEST

/* Who can write it says which keys devices have. */
START_TEST(a_file_that_others_can_write_is_refused)
{
	struct rdv_store *s;

	rdv_store_free(open_sqlite(loop, false));
	ck_assert_int_eq(chmod(path, 0666), 0);
	must_refuse(HWS_ERR_PERM, "chmod 600");
	ck_assert_int_eq(chmod(path, 0620), 0);
	must_refuse(HWS_ERR_PERM, "chmod 600");
	ck_assert_int_eq(chmod(path, 0644), 0);
	rdv_store_free(open_sqlite(loop, false));
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0); /* does not wait for a writer either */
	ck_assert_int_eq(rdv_store_sqlite_open(loop, path, &s, &err), HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(err.text, "regular file"));
	unlink(path);
}
END_TEST

/* A backup that somebody else has kept, say. */
START_TEST(nothing_that_a_file_brings_along_runs)
{
	struct rdv_write w = contract_put("new", "U");
	struct rdv_store *s;
	char beside[120];
	int r;

	rdv_store_free(open_sqlite(loop, false));
	sql(path,
			"CREATE TRIGGER t AFTER INSERT ON peer BEGIN UPDATE peer SET pk = x'00'; "
			"INSERT INTO peer SELECT 'more', uuid, pk, ip, 1, 1, 0 FROM peer; END");
	s = open_sqlite(loop, false);
	ck_assert_int_eq(contract_write(s, &w, 1), HWS_OK);
	ck_assert_uint_eq(contract_load(s, &r), 1);
	rdv_store_free(s);

	/* without an end */
	sql(path,
			"DROP TRIGGER t; ALTER TABLE peer RENAME TO was; CREATE VIEW peer AS WITH "
			"RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, x "
			"AS uuid, x AS pk, x AS ip, x AS created_s, x AS seen_s, x AS proves FROM n");
	ck_assert_int_eq(rdv_store_sqlite_open_reader(loop, path, &s, &err), HWS_OK);
	contract_load(s, &r);
	ck_assert_int_lt(r, 0);
	rdv_store_free(s);

	ck_assert_int_eq(hws_fmt(beside, sizeof(beside), "%s-journal", path), HWS_OK);
	ck_assert_int_eq(mkfifo(beside, 0600), 0);
	ck_assert_int_lt(rdv_store_sqlite_open_reader(loop, path, &s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "regular file"));
}
END_TEST

START_TEST(a_damaged_file_is_refused_and_left_alone)
{
	static struct rdv_write w[2000];
	struct rdv_store *s = open_sqlite(loop, false);
	static char junk[4096];
	int fd;

	for (size_t i = 0; i < HWS_COUNT(w); i++) {
		w[i] = contract_put("x", "U");
		ck_assert_int_eq(hws_fmt(w[i].row.id, sizeof(w[i].row.id), "%zu", i), HWS_OK);
	}
	ck_assert_int_eq(contract_write(s, w, HWS_COUNT(w)), HWS_OK);
	rdv_store_free(s);
	memset(junk, 0x5a, sizeof(junk));
	fd = open(path, O_WRONLY);
	for (int page = 4; page < 12; page++)
		ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), page * 4096), 4096);
	close(fd);
	must_refuse(HWS_ERR_CORRUPT, "damaged");
}
END_TEST

START_TEST(damage_that_appears_while_running_is_reported_not_fatal)
{
	static struct rdv_write w[2000];
	struct rdv_store *s = open_sqlite(loop, false);
	struct rdv_store_stats st;
	static char junk[4096];
	int fd, r;

	for (size_t i = 0; i < HWS_COUNT(w); i++) {
		w[i] = contract_put("x", "U");
		ck_assert_int_eq(hws_fmt(w[i].row.id, sizeof(w[i].row.id), "%zu", i), HWS_OK);
	}
	ck_assert_int_eq(contract_write(s, w, HWS_COUNT(w)), HWS_OK);
	rdv_store_free(s);
	s = open_sqlite(loop, false); /* whole now, and nothing of it in memory yet */
	memset(junk, 0x5a, sizeof(junk));
	fd = open(path, O_WRONLY);
	for (int page = 2; page < 30; page++)
		ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), page * 4096), 4096);
	contract_load(s, &r);
	ck_assert_int_eq(r, HWS_ERR_STORE);
	s->ops->stats(s, &st);
	ck_assert(!st.healthy);
	ck_assert_uint_eq(st.failures, 1);
	rdv_store_free(s);
	close(fd); /* only now: it drops the locks of this process */
}
END_TEST

START_TEST(a_second_server_on_the_same_file_is_told)
{
	struct rdv_store *s = open_sqlite(loop, false), *second;

	ck_assert_int_eq(rdv_store_sqlite_open(loop, path, &second, &err), HWS_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "in use"));
	rdv_store_free(s);
	rdv_store_free(open_sqlite(loop, false)); /* and free again afterwards */
}
END_TEST

START_TEST(a_lock_of_another_program_fails_the_write_and_passes)
{
	struct rdv_store *s = open_sqlite(loop, false);
	struct rdv_write w = contract_put("1", "A");
	int to_child[2], from_child[2];
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(to_child), 0);
	ck_assert_int_eq(pipe(from_child), 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db;

		if (sqlite3_open(path, &db) ||
				sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL))
			_exit(1);
		if (write(from_child[1], "x", 1) != 1 || read(to_child[0], &c, 1) != 1)
			_exit(2);
		sqlite3_close(db);
		_exit(0);
	}
	ck_assert_int_eq(read(from_child[0], &c, 1), 1);
	ck_assert_int_eq(contract_write(s, &w, 1), HWS_ERR_STORE);
	ck_assert_int_eq(contract_get(s, "1", NULL), HWS_ERR_NOTFOUND); /* readers go on */
	ck_assert_int_eq(write(to_child[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(contract_write(s, &w, 1), HWS_OK);
	rdv_store_free(s);
}
END_TEST

START_TEST(the_file_and_its_backup_are_private_and_the_backup_is_whole)
{
	struct rdv_store *s = open_sqlite(loop, false), *copy;
	static struct rdv_write w[3000];
	char to[120];
	struct stat st;
	int r;

	ck_assert_int_eq(hws_fmt(to, sizeof(to), "%s/copy'; DROP TABLE peer;--", folder), HWS_OK);
	for (size_t i = 0; i < HWS_COUNT(w); i++) {
		w[i] = contract_put("x", "U");
		ck_assert_int_eq(hws_fmt(w[i].row.id, sizeof(w[i].row.id), "%zu", i), HWS_OK);
	}
	ck_assert_int_eq(contract_write(s, w, HWS_COUNT(w)), HWS_OK);
	ck_assert_int_eq(contract_backup(s, to), HWS_OK);
	ck_assert_int_eq(stat(to, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(contract_backup(s, to), HWS_ERR_EXISTS); /* never over another file */
	ck_assert_int_eq(rdv_store_sqlite_open(loop, to, &copy, &err), HWS_OK);
	ck_assert_uint_eq(contract_load(copy, &r), HWS_COUNT(w));
	rdv_store_free(copy);
	rdv_store_free(s);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_named)
{
	struct rdv_store *s;
	char bad[120];

	ck_assert_int_eq(hws_fmt(bad, sizeof(bad), "%s/none/a.sqlite3", folder), HWS_OK);
	ck_assert_int_eq(rdv_store_sqlite_open(loop, bad, &s, &err), HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(err.text, bad));
}
END_TEST

/* A disk of half a megabyte of its own needs the right to mount. */
START_TEST(a_full_disk_fails_the_write_loses_nothing_and_recovers)
{
	static struct rdv_write w[4000];
	struct rdv_store *s;
	char filler[120];
	int r = HWS_OK, fd;
	size_t written = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("tmpfs", folder, "tmpfs", 0, "size=1m") < 0)
		return;
	s = open_sqlite(loop, false);
	ck_assert_int_eq(hws_fmt(filler, sizeof(filler), "%s/filler", folder), HWS_OK);
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(posix_fallocate(fd, 0, 300 << 10), 0);
	close(fd);
	for (size_t i = 0; i < HWS_COUNT(w); i++) {
		w[i] = contract_put("x", "some-machine-id-of-usual-length-36ch");
		ck_assert_int_eq(hws_fmt(w[i].row.id, sizeof(w[i].row.id), "%09zu", i), HWS_OK);
	}
	while (written < HWS_COUNT(w) && r == HWS_OK) {
		r = contract_write(s, w + written, 100);
		if (r == HWS_OK)
			written += 100;
	}
	ck_assert_int_eq(r, HWS_ERR_DISK);
	ck_assert_uint_gt(written, 0);
	ck_assert_uint_eq(contract_load(s, &r), written); /* what was acknowledged is there */
	ck_assert_int_eq(r, HWS_OK);
	unlink(filler);
	ck_assert_int_eq(contract_write(s, w + written, 100), HWS_OK);
	ck_assert_uint_eq(contract_load(s, &r), written + 100);
	rdv_store_free(s);
	ck_assert_int_eq(umount(folder), 0);
}
END_TEST

/* The child writes and tells what was acknowledged until it is killed. */
static void write_until_killed(int fd)
{
	struct rdv_store *s;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	s = open_sqlite(loop, false);
	for (uint32_t i = 0;; i++) {
		struct rdv_write w = contract_put("x", "U");

		if (hws_fmt(w.row.id, sizeof(w.row.id), "%u", i) < 0 ||
				contract_write(s, &w, 1) < 0 ||
				write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

START_TEST(nothing_acknowledged_is_lost_when_the_process_is_killed)
{
	struct rdv_store *s;
	uint32_t last = 0;
	char id[20];
	int fds[2], r;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(fds[1]);
	close(fds[1]);
	while (last < 50)
		ck_assert_int_eq(read(fds[0], &last, sizeof(last)), sizeof(last));
	kill(pid, SIGKILL);
	while (read(fds[0], &last, sizeof(last)) == sizeof(last))
		;
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	s = open_sqlite(loop, false);
	ck_assert_uint_ge(contract_load(s, &r), last + 1);
	for (uint32_t i = 0; i <= last; i++) {
		ck_assert_int_eq(hws_fmt(id, sizeof(id), "%u", i), HWS_OK);
		ck_assert_int_eq(contract_get(s, id, NULL), HWS_OK);
	}
	rdv_store_free(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/store/sqlite");
	TCase *t = tcase_create("files");
	SRunner *r;
	int failed;

	contract_add(s);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_file_that_others_can_write_is_refused);
	tcase_add_test(t, files_that_are_not_ours_are_refused_and_left_alone);
	tcase_add_test(t, nothing_that_a_file_brings_along_runs);
	tcase_add_test(t, a_damaged_file_is_refused_and_left_alone);
	tcase_add_test(t, damage_that_appears_while_running_is_reported_not_fatal);
	tcase_add_test(t, a_second_server_on_the_same_file_is_told);
	tcase_add_test(t, a_lock_of_another_program_fails_the_write_and_passes);
	tcase_add_test(t, the_file_and_its_backup_are_private_and_the_backup_is_whole);
	tcase_add_test(t, a_folder_that_cannot_be_written_is_named);
	tcase_add_test(t, a_full_disk_fails_the_write_loses_nothing_and_recovers);
	tcase_add_test(t, nothing_acknowledged_is_lost_when_the_process_is_killed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
