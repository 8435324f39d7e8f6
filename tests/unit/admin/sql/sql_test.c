/* The layer over both engines: what is written with it must mean the same on each. */
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUT "INSERT INTO setting (skey, sval, updated_at) VALUES ($1, $2, $3)"
#define GET "SELECT updated_at FROM setting WHERE skey = $1"

static int put(struct sql_conn *c, const char *key, const char *value, int64_t at)
{
	return sql_run(c, PUT, SQL_P(SQL_T(key), SQL_T(value), SQL_I(at)));
}

struct got {
	char text[100];
	int64_t number;
	bool null;
	size_t rows;
};

static int take(const struct sql_row *row, void *arg)
{
	struct got *g = arg;

	g->rows++;
	g->null = sql_null(row, 0);
	g->number = sql_int(row, 1);
	return sql_copy(row, 0, g->text, sizeof(g->text));
}

START_TEST(what_is_written_is_read_back)
{
	const char *text = "a'; DROP TABLE setting; -- \xc3\xa4\xe2\x82\xac \\ % _";
	struct got g = { 0 };

	ck_ok(put(test_conn, text, text, INT64_MIN));
	ck_ok(sql_one(test_conn, "SELECT sval, updated_at FROM setting WHERE skey = $1",
			SQL_P(SQL_T(text)), take, &g));
	ck_assert_str_eq(g.text, text);
	ck_assert_int_eq(g.number, INT64_MIN);
	ck_assert(!g.null);
}
END_TEST

START_TEST(null_is_kept_apart_from_nothing)
{
	struct got g = { 0 };

	ck_ok(sql_one(test_conn, "SELECT $1, $2", SQL_P(SQL_T(NULL), SQL_NO_I), take, &g));
	ck_assert(g.null);
	ck_assert_str_eq(g.text, "");
	ck_ok(sql_one(test_conn, "SELECT $1, $2", SQL_P(SQL_T(""), SQL_I(7)), take, &g));
	ck_assert(!g.null);
	ck_assert_int_eq(g.number, 7);
}
END_TEST

START_TEST(breaking_a_rule_of_the_tables_says_which_kind)
{
	int64_t n = 0;

	ck_ok(put(test_conn, "k", "v", 1));
	ck_assert_int_eq(put(test_conn, "k", "v", 1), HWS_ERR_EXISTS);
	ck_assert_int_eq(put(test_conn, "x", NULL, 1), HWS_ERR_INVAL);
	ck_assert_int_eq(
			sql_run(test_conn,
					"INSERT INTO device_tag (device_guid, tag) VALUES ($1, $2)",
					SQL_P(SQL_T("none"), SQL_T("t"))),
			HWS_ERR_INVAL);
	ck_assert_int_eq(sql_number(test_conn, GET, SQL_P(SQL_T("none")), &n), HWS_ERR_NOTFOUND);
	ck_ok(sql_number(test_conn, GET, SQL_P(SQL_T("k")), &n));
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(what_is_rolled_back_never_was)
{
	int64_t n = 0;

	ck_ok(sql_begin(test_conn));
	ck_ok(put(test_conn, "k", "v", 1));
	ck_assert(sql_in_transaction(test_conn));
	ck_assert_int_eq(sql_end(test_conn, HWS_ERR_DENIED), HWS_ERR_DENIED);
	ck_assert_int_eq(sql_number(test_conn, GET, SQL_P(SQL_T("k")), &n), HWS_ERR_NOTFOUND);
	ck_ok(sql_begin(test_conn));
	ck_ok(put(test_conn, "k", "v", 1));
	ck_ok(sql_end(test_conn, HWS_OK));
	ck_ok(sql_number(test_conn, GET, SQL_P(SQL_T("k")), &n));
}
END_TEST

START_TEST(a_connection_given_back_in_the_middle_keeps_nothing)
{
	struct sql_conn *c = test_conn_take();
	int64_t n = 0;

	ck_ok(sql_begin(c));
	ck_ok(put(c, "k", "v", 1));
	sql_give(c);
	ck_assert_int_eq(sql_number(test_conn, GET, SQL_P(SQL_T("k")), &n), HWS_ERR_NOTFOUND);
	ck_ok(put(test_conn, "k", "v", 1)); /* and nothing is locked */
}
END_TEST

START_TEST(rows_that_changed_are_counted)
{
	int64_t n = 0;

	for (int i = 0; i < 5; i++) {
		char key[8];

		ck_ok(hws_fmt(key, sizeof(key), "k%d", i));
		ck_ok(put(test_conn, key, "v", i));
	}
	ck_ok(sql_change(test_conn, "UPDATE setting SET sval = 'w' WHERE updated_at >= $1",
			SQL_P(SQL_I(2)), &n));
	ck_assert_int_eq(n, 3);
	ck_ok(sql_change(test_conn, "DELETE FROM setting WHERE skey = $1", SQL_P(SQL_T("none")),
			&n));
	ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(portable_words_mean_the_same)
{
	struct got g = { 0 };
	int64_t n = 0;

	ck_ok(put(test_conn, "k", "v", 1));
	ck_ok(sql_run(test_conn,
			PUT " ON CONFLICT (skey) DO UPDATE SET sval = excluded.sval, "
			    "updated_at = setting.updated_at + 1",
			SQL_P(SQL_T("k"), SQL_T("new"), SQL_I(9))));
	ck_ok(sql_one(test_conn,
			"UPDATE setting SET updated_at = updated_at + 1 WHERE skey = $1 "
			"RETURNING sval, updated_at",
			SQL_P(SQL_T("k")), take, &g));
	ck_assert_str_eq(g.text, "new");
	ck_assert_int_eq(g.number, 3);
	ck_ok(sql_number(test_conn, "SELECT CAST(sum(updated_at) AS BIGINT) FROM setting", SQL_NONE,
			&n));
	ck_assert_int_eq(n, 3);
}
END_TEST

START_TEST(a_pattern_finds_only_what_was_typed)
{
	char like[40];
	int64_t n = 0;

	ck_ok(put(test_conn, "100%", "v", 1));
	ck_ok(put(test_conn, "100 per cent", "v", 2));
	ck_ok(sql_like("00%", like, sizeof(like)));
	ck_assert_str_eq(like, "%00\\%%");
	ck_ok(sql_number(test_conn, "SELECT updated_at FROM setting WHERE skey LIKE $1 ESCAPE '\\'",
			SQL_P(SQL_T(like)), &n));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(sql_like("too long", like, 6), HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(more_texts_than_the_cache_holds)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++) {
			char text[60];
			int64_t n = -1;

			ck_ok(hws_fmt(text, sizeof(text), "SELECT %d + $1", i));
			ck_ok(sql_number(test_conn, text, SQL_P(SQL_I(1)), &n));
			ck_assert_int_eq(n, i + 1);
		}
	}
}
END_TEST

static void *add_many(void *arg)
{
	struct sql_conn *c = test_conn_take();

	(void)arg;
	for (int i = 0; i < 50; i++) {
		int64_t n;

		ck_ok(sql_begin(c));
		ck_ok(sql_number(c,
				"UPDATE counter SET value = value + 1 WHERE name = 'change' "
				"RETURNING value",
				SQL_NONE, &n));
		ck_ok(sql_end(c, HWS_OK));
	}
	sql_give(c);
	return NULL;
}

START_TEST(writers_wait_for_each_other)
{
	pthread_t t[3];
	int64_t n = 0;

	for (size_t i = 0; i < HWS_COUNT(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, add_many, NULL), 0);
	for (size_t i = 0; i < HWS_COUNT(t); i++)
		pthread_join(t[i], NULL);
	ck_ok(sql_number(test_conn, "SELECT value FROM counter WHERE name = 'change'", SQL_NONE,
			&n));
	ck_assert_int_eq(n, 150);
}
END_TEST

static int refuse_second(const struct sql_row *row, void *arg)
{
	(void)row;
	return ++*(int *)arg == 2 ? HWS_ERR_CANCELED : HWS_OK;
}

START_TEST(a_reader_that_has_enough_ends_the_query)
{
	int rows = 0;
	int64_t n;

	ck_ok(put(test_conn, "a", "v", 1));
	ck_ok(put(test_conn, "b", "v", 1));
	ck_ok(put(test_conn, "c", "v", 1));
	ck_assert_int_eq(sql_query(test_conn, "SELECT skey FROM setting", SQL_NONE, refuse_second,
					 &rows),
			HWS_ERR_CANCELED);
	ck_assert_int_eq(rows, 2);
	ck_assert_int_eq(sql_number(test_conn, "SELECT updated_at FROM setting", SQL_NONE, &n),
			HWS_ERR_TOOBIG); /* more than the one there can be */
	ck_ok(sql_number(test_conn, "SELECT count(*) FROM setting", SQL_NONE, &n));
	ck_assert_int_eq(n, 3);
}
END_TEST

/* Of a database elsewhere the sentence says what copies it. */
/* One that is away stays so for those who look. */
START_TEST(want_of_memory_says_nothing_about_the_database)
{
	struct sql_stats *st = (struct sql_stats *)(uintptr_t)sql_stats(test_db);

	for (uint64_t up = 0; up <= 1; up++) {
		st->up = up;
		hws_mem_fail_at(1);
		ck_assert_int_eq(put(test_conn, up ? "a" : "b", "x", 1), HWS_ERR_NOMEM);
		hws_mem_fail_at(0);
		ck_assert_uint_eq(st->up, up);
	}
	ck_ok(put(test_conn, "c", "x", 1));
	ck_assert_uint_eq(st->up, 1);
}
END_TEST

START_TEST(a_copy_is_made_or_told_how_to_make)
{
	struct hws_error err = { 0 };
	char folder[] = "/tmp/hawser-copy-XXXXXX", path[60];
	int r;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_ok(hws_fmt(path, sizeof(path), "%s/copy", folder));
	r = sql_backup(test_db, path, &err);
	if (strcmp(sql_engine_name(test_db), "sqlite") == 0) {
		ck_ok(r);
		ck_assert_int_eq(unlink(path), 0);
	} else {
		ck_assert_int_eq(r, HWS_ERR_UNSUPPORTED);
		ck_assert_ptr_nonnull(strstr(err.text, "pg_dump --schema=hawser_api"));
		ck_assert_int_ne(access(path, F_OK), 0);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/sql",
			TESTS(what_is_written_is_read_back, null_is_kept_apart_from_nothing,
					breaking_a_rule_of_the_tables_says_which_kind,
					what_is_rolled_back_never_was,
					a_connection_given_back_in_the_middle_keeps_nothing,
					rows_that_changed_are_counted, portable_words_mean_the_same,
					a_pattern_finds_only_what_was_typed,
					more_texts_than_the_cache_holds,
					writers_wait_for_each_other,
					a_reader_that_has_enough_ends_the_query,
					want_of_memory_says_nothing_about_the_database,
					a_copy_is_made_or_told_how_to_make));
}
