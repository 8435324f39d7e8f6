/* A database file that is not ours, newer, or open to others is refused with a sentence; one that
 * is opened again keeps what it has. */
#include "admin/sql/sql.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[40], path[60];

static void set_up(void)
{
	ck_assert_int_eq(hws_str_copy(dir, sizeof(dir), "/tmp/hawser-open-XXXXXX"), HWS_OK);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/api.db", dir), HWS_OK);
}

static void tear_down(void)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy" };
	char name[80];

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		ck_assert_int_eq(hws_fmt(name, sizeof(name), "%s%s", path, ends[i]), HWS_OK);
		unlink(name);
	}
	rmdir(dir);
}

static int open_it(struct sql_db **ret, struct hws_error *err)
{
	return sql_open(&(struct sql_place){ .path = path, .connections = 2 }, ret, err);
}

static void with_sqlite(const char *text)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void refused(int code, const char *word)
{
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;

	ck_assert_int_eq(open_it(&db, &err), code);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
	ck_assert_ptr_null(db);
}

START_TEST(what_is_opened_again_is_as_it_was)
{
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;
	struct sql_conn *c = NULL;
	char copy[80];
	struct stat st;
	int64_t n = 0;

	ck_assert_msg(open_it(&db, &err) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(sql_run(c, "UPDATE counter SET value = 7", SQL_NONE), HWS_OK);
	sql_give(c);
	ck_assert_int_eq(hws_fmt(copy, sizeof(copy), "%s.copy", path), HWS_OK);
	ck_assert_msg(sql_backup(db, copy, &err) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(sql_backup(db, copy, &err), HWS_ERR_EXISTS);
	sql_close(db);
	ck_assert_msg(open_it(&db, &err) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(sql_number(c, "SELECT value FROM counter WHERE name = 'change'", SQL_NONE,
					 &n),
			HWS_OK);
	ck_assert_int_eq(n, 7);
	sql_give(c);
	sql_close(db);
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone)
{
	with_sqlite("CREATE TABLE other (x)");
	refused(HWS_ERR_CORRUPT, "another program");
}
END_TEST

START_TEST(what_is_newer_is_refused)
{
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;

	ck_assert_int_eq(open_it(&db, &err), HWS_OK);
	sql_close(db);
	with_sqlite("PRAGMA user_version = 9999; UPDATE version SET program = '7.8.9'");
	refused(HWS_ERR_UNSUPPORTED, "hawser 7.8.9, which is newer");
}
END_TEST

/* With a chain of pages that ends too early, near the end of the file. */
static void make_damaged(unsigned megabytes)
{
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;
	struct stat st;
	char sql[200];
	FILE *f;

	unlink(path);
	ck_assert_int_eq(open_it(&db, &err), HWS_OK);
	sql_close(db);
	ck_assert_int_eq(
			hws_fmt(sql, sizeof(sql),
					"CREATE TABLE filler AS WITH RECURSIVE t(n) AS (SELECT 1 UNION "
					"ALL SELECT n + 1 FROM t WHERE n < %u) SELECT zeroblob(1000000) "
					"FROM t; PRAGMA wal_checkpoint(TRUNCATE)",
					megabytes),
			HWS_OK);
	with_sqlite(sql);
	f = fopen(path, "r+");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fstat(fileno(f), &st), 0);
	ck_assert_int_eq(fseek(f, st.st_size / 4096 / 2 * 4096, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite("\0\0\0", 1, 4, f), 4);
	ck_assert_int_eq(fclose(f), 0);
}

/* A start must not take as long as it takes to read years of an audit. */
START_TEST(only_what_is_small_is_read_whole_at_the_start)
{
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;

	make_damaged(4);
	refused(HWS_ERR_CORRUPT, "is damaged");
	make_damaged(40);
	ck_assert_msg(open_it(&db, &err) == HWS_OK, "%s", err.text);
	sql_close(db);
}
END_TEST

START_TEST(what_others_can_write_is_refused)
{
	struct hws_error err = { 0 };
	struct sql_db *db = NULL;

	ck_assert_int_eq(open_it(&db, &err), HWS_OK);
	sql_close(db);
	ck_assert_int_eq(chmod(path, 0666), 0);
	refused(HWS_ERR_PERM, "api.db");
}
END_TEST

int main(void)
{
	return test_main("admin/sql/opening", 30, set_up, tear_down,
			TESTS(what_is_opened_again_is_as_it_was, what_is_not_ours_is_left_alone,
					what_is_newer_is_refused,
					only_what_is_small_is_read_whole_at_the_start,
					what_others_can_write_is_refused));
}
