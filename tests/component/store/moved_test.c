/* A database file that is deleted or replaced under a running server, and one that another program
 * has locked: the server says so, nothing that is registered is lost, and what the operator put
 * there is kept. */
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_MS TEST_PATIENCE_MS

static struct server srv;
static char path[400];
static const char *const on_sqlite[] = { "--store", "sqlite",
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	"--sandbox", /* what a sanitizer is built into needs more calls */
#endif
	NULL };

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&srv, 0, sizeof(srv));
	test_dir(srv.dir, sizeof(srv.dir));
	snprintf(path, sizeof(path), "%s/rendezvous.sqlite3", srv.dir);
	server_start(&srv, on_sqlite);
}

static void tear_down(void)
{
	if (srv.proc.pid > 0 && !srv.proc.ended)
		test_proc_stop(&srv.proc);
}

static long count(const char *id)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	long n = -1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
			sqlite3_prepare_v2(db,
					"SELECT count(*) FROM peer WHERE id = ?1 AND length(pk) "
					"= 32 AND "
					"length(uuid) > 0",
					-1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC);
		if (sqlite3_step(st) == SQLITE_ROW)
			n = sqlite3_column_int(st, 0);
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static bool is_kept(void *id)
{
	return count(id) == 1;
}

static void must_be_kept(const char *id)
{
	ck_assert_msg(test_until(is_kept, (void *)(uintptr_t)id, LONG_MS), "%s is not in %s:\n%s",
			id, path, srv.proc.log);
}

static void come(struct device *d, const char *id)
{
	device_init(d, &srv, 1, id);
	device_online(d);
}

static void must_be_known(const char *id)
{
	json_t *o = server_ask(&srv, "peer", "id", id);

	ck_assert_ptr_nonnull(json_object_get(o, "created"));
	json_decref(o);
}

START_TEST(a_deleted_database_is_written_again)
{
	json_t *rules;
	struct device a, b;
	char rescue[420];
	struct stat st;

	come(&a, "100000001");
	must_be_kept(a.id);
	json_decref(server_ask(&srv, "block", "net", "192.0.2.0/24"));
	ck_assert_int_eq(unlink(path), 0);
	come(&b, "100000002");
	test_proc_must_expect(&srv.proc, "store.file_moved", LONG_MS);
	must_be_kept(a.id);
	must_be_kept(b.id);
	test_proc_must_expect(&srv.proc, "store.file_renewed", LONG_MS);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* and nothing of it is left beside it */
	snprintf(rescue, sizeof(rescue), "%s.rescue", path);
	ck_assert_int_ne(access(rescue, F_OK), 0);
	server_stop(&srv);
	server_start(&srv, on_sqlite);
	must_be_known(a.id);
	must_be_known(b.id);
	rules = server_ask(&srv, "rules", NULL, NULL);
	ck_assert_str_eq(json_string_value(json_object_get(
					 json_array_get(json_object_get(rules, "entries"), 0),
					 "key")),
			"192.0.2.0/24");
	json_decref(rules);
	server_stop(&srv);
	device_done(&a);
	device_done(&b);
}
END_TEST

static void add_device(const char *file, const char *id)
{
	char text[300];
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	snprintf(text, sizeof(text),
			"PRAGMA journal_mode = DELETE; DELETE FROM peer; INSERT INTO peer (id, "
			"uuid, pk, ip, "
			"created_s, seen_s) VALUES ('%s', x'01', randomblob(32), '', 5, 5)",
			id);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A backup put in its place while the server runs, beside the journal of the old one. */
START_TEST(a_replaced_database_keeps_its_own_and_gets_what_is_known)
{
	struct device a, b;
	char backup[420];
	json_t *o;

	come(&a, "100000001");
	must_be_kept(a.id);
	snprintf(backup, sizeof(backup), "%s/backup.sqlite3", srv.dir);
	json_decref(server_ask(&srv, "backup", "path", backup));
	ck_assert_int_eq(access(backup, F_OK), 0);
	add_device(backup, "100000009");
	ck_assert_int_eq(rename(backup, path), 0);
	test_proc_must_expect(&srv.proc, "store.file_moved", LONG_MS);
	come(&b, "100000002");
	must_be_kept(a.id);
	must_be_kept(b.id);
	must_be_kept("100000009");
	server_stop(&srv);
	server_start(&srv, on_sqlite);
	must_be_known(a.id);
	must_be_known(b.id);
	must_be_known("100000009");
	o = server_ask(&srv, "stats", NULL, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "peers")), 3);
	json_decref(o);
	server_stop(&srv);
	device_done(&a);
	device_done(&b);
}
END_TEST

/* A file that is not ours is never written to: said, and waited for. */
START_TEST(a_foreign_file_in_its_place_is_left_alone)
{
	static const char text[] =
			"this is somebody's diary, not a database, and longer than a header";
	struct device a, b;
	char read_back[100] = "";
	int fd;

	come(&a, "100000001");
	must_be_kept(a.id);
	ck_assert_int_eq(unlink(path), 0);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	ck_assert_int_eq(write(fd, text, sizeof(text)), (ssize_t)sizeof(text));
	close(fd);
	test_proc_must_expect(&srv.proc, "store.file_moved", LONG_MS);
	test_proc_must_expect(&srv.proc, "no SQLite database", LONG_MS);
	come(&b, "100000002"); /* served from memory */
	ck_assert(device_keep_alive(&a));
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, read_back, sizeof(read_back)), (ssize_t)sizeof(text));
	close(fd);
	ck_assert_str_eq(read_back, text);
	ck_assert_int_eq(unlink(path), 0);
	must_be_kept(a.id);
	must_be_kept(b.id);
	server_stop(&srv);
	device_done(&a);
	device_done(&b);
}
END_TEST

static unsigned lines(const char *with)
{
	unsigned n = 0;

	for (const char *p = srv.proc.log; p && (p = strstr(p, with)); p++)
		n++;
	return n;
}

static bool failed_three_times(void *arg HWS_UNUSED)
{
	json_t *o = server_ask(&srv, "stats", NULL, NULL);
	json_int_t n = json_integer_value(json_object_get(json_object_get(o, "store"), "failures"));

	json_decref(o);
	return n >= 3;
}

START_TEST(a_database_that_another_program_locks_is_said_once)
{
	struct device a;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	come(&a, "100000001");
	ck_assert(test_until(failed_three_times, NULL, 120000));
	ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	must_be_kept(a.id);
	test_proc_must_expect(&srv.proc, "store.recovered", LONG_MS);
	ck_assert_uint_eq(lines("is locked by another program"), 1);
	server_stop(&srv);
	device_done(&a);
}
END_TEST

int main(void)
{
	return test_main("rendezvous/moved", 240, set_up, tear_down,
			TESTS(a_deleted_database_is_written_again,
					a_replaced_database_keeps_its_own_and_gets_what_is_known,
					a_foreign_file_in_its_place_is_left_alone,
					a_database_that_another_program_locks_is_said_once));
}
