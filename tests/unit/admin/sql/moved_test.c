/* A database file that is deleted or replaced while it is open: nothing more is asked, what it held
 * is saved beside it, and the file that was put there stays as it is. */
#include "admin/sql/sql.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[40], path[60], away[80];
static struct sql_db *db;

static void open_it(void)
{
	struct hws_error err = { 0 };

	db = NULL;
	ck_assert_msg(sql_open(&(struct sql_place){ .path = path, .connections = 3 }, &db, &err) ==
					HWS_OK,
			"%s", err.text);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_str_copy(dir, sizeof(dir), "/tmp/hawser-moved-XXXXXX"), HWS_OK);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/api.db", dir), HWS_OK);
	ck_assert_int_eq(hws_fmt(away, sizeof(away), "%s.away", path), HWS_OK);
	open_it();
}

static size_t count(const char *pattern, char first[120])
{
	char all[80];
	glob_t found = { 0 };
	size_t n;

	ck_assert_int_eq(hws_fmt(all, sizeof(all), "%s/%s", dir, pattern), HWS_OK);
	n = glob(all, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
	if (n)
		ck_assert_int_eq(hws_str_copy(first, 120, found.gl_pathv[0]), HWS_OK);
	globfree(&found);
	return n;
}

static void tear_down(void)
{
	char name[120];

	while (count("*", name))
		ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void set(int64_t value)
{
	struct sql_conn *c = NULL;

	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(sql_run(c, "UPDATE counter SET value = $1 WHERE name = 'change'",
					 (struct sql_value[]){ sql_int_value(value) }, 1),
			HWS_OK);
	sql_give(c);
}

static int64_t get(void)
{
	struct sql_conn *c = NULL;
	int64_t n = 0;

	ck_assert_int_eq(sql_take(db, &c), HWS_OK);
	ck_assert_int_eq(sql_number(c, "SELECT value FROM counter WHERE name = 'change'", SQL_NONE,
					 &n),
			HWS_OK);
	sql_give(c);
	return n;
}

/* Two at a time, so that there is one more connection than the one that saves. */
static void set_by_two(int64_t value)
{
	struct sql_conn *other = NULL;

	ck_assert_int_eq(sql_take(db, &other), HWS_OK);
	set(value);
	sql_give(other);
}

static void refused(void)
{
	struct sql_conn *c = NULL;

	ck_assert_int_eq(sql_take(db, &c), HWS_ERR_STORE);
	ck_assert_uint_eq(sql_stats(db)->up, 0);
}

static void go_on_with_what_was_saved(int64_t value)
{
	char name[120];
	struct stat st;

	ck_assert_uint_eq(count("api.db.saved-*", name), 1);
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(rename(name, path), 0);
	open_it();
	ck_assert_int_eq(get(), value);
	sql_close(db);
}

START_TEST(what_a_deleted_one_held_is_saved)
{
	char name[120];

	set_by_two(7);
	ck_assert_int_eq(unlink(path), 0);
	refused();
	refused();
	ck_assert_uint_eq(count("api.db-wal", name), 0);
	sql_close(db);
	/* nothing makes an empty one, which anybody could set up */
	ck_assert_int_eq(access(path, F_OK), -1);
	go_on_with_what_was_saved(7);
}
END_TEST

START_TEST(what_is_put_in_its_place_stays_as_it_is)
{
	char name[120];

	set(3);
	sql_close(db);
	ck_assert_int_eq(rename(path, away), 0);
	open_it();
	set_by_two(8);
	ck_assert_int_eq(rename(away, path), 0);
	refused();
	refused();
	sql_close(db);
	ck_assert_uint_eq(count("api.db-wal", name), 0);
	open_it();
	ck_assert_int_eq(get(), 3);
	sql_close(db);
	go_on_with_what_was_saved(8);
}
END_TEST

START_TEST(at_the_end_it_is_saved_too)
{
	set_by_two(9);
	ck_assert_int_eq(unlink(path), 0);
	sql_close(db);
	go_on_with_what_was_saved(9);
}
END_TEST

START_TEST(one_that_is_back_before_anybody_looks_is_the_same)
{
	char name[120];

	set_by_two(4);
	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(rename(away, path), 0);
	set_by_two(5);
	sql_close(db);
	ck_assert_uint_eq(count("api.db.saved-*", name), 0);
	open_it();
	ck_assert_int_eq(get(), 5);
	sql_close(db);
}
END_TEST

int main(void)
{
	return test_main("admin/sql/moved", 30, set_up, tear_down,
			TESTS(what_a_deleted_one_held_is_saved,
					what_is_put_in_its_place_stays_as_it_is,
					at_the_end_it_is_saved_too,
					one_that_is_back_before_anybody_looks_is_the_same));
}
