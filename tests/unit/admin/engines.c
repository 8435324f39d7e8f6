/* tests/unit/admin/engines: one PostgreSQL serves all tests of a program. */
#include "tests/unit/admin/engines.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"

#include <stdlib.h>
#include <unistd.h>

#ifdef TEST_WITH_POSTGRES
#include "tests/support/postgres.h"
static struct test_pg pg;
#endif

struct sql_db *test_db;
struct sql_conn *test_conn;

static char dir[40];

static void open_at(const struct sql_place *place)
{
	struct hws_error err = { 0 };
	int r = sql_open(place, &test_db, &err);

	ck_assert_msg(r == HWS_OK, "%s", err.text);
	ck_ok(sql_take(test_db, &test_conn));
}

struct sql_conn *test_conn_take(void)
{
	struct sql_conn *c = NULL;

	ck_ok(sql_take(test_db, &c));
	return c;
}

static void file_path(char *buf, size_t size)
{
	ck_ok(hws_fmt(buf, size, "%s/api.db", dir));
}

static void set_up_file(void)
{
	char path[80];

	ck_ok(hws_crypto_init());
	ck_ok(hws_str_copy(dir, sizeof(dir), "/tmp/hawser-sql-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	file_path(path, sizeof(path));
	open_at(&(struct sql_place){ .path = path, .connections = 4 });
}

static void tear_down(void)
{
	sql_give(test_conn);
	sql_close(test_db);
}

static void tear_down_file(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[80], name[100];

	tear_down();
	file_path(path, sizeof(path));
	for (size_t i = 0; i < HWS_COUNT(ends); i++) {
		ck_ok(hws_fmt(name, sizeof(name), "%s%s", path, ends[i]));
		unlink(name);
	}
	rmdir(dir);
}

#ifdef TEST_WITH_POSTGRES
static void start(void)
{
	test_pg_start(&pg);
}

static void stop(void)
{
	test_pg_stop(&pg);
}

static void set_up_server(void)
{
	ck_ok(hws_crypto_init());
	test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser_api CASCADE");
	open_at(&(struct sql_place){ .conninfo = pg.url, .connections = 4 });
}
#endif

int test_engines_main(const char *name, const TTest *const tests[])
{
	Suite *s = suite_create(name);
	TCase *c = test_case(s, "sqlite", 30, tests);

	tcase_add_checked_fixture(c, set_up_file, tear_down_file);
#ifdef TEST_WITH_POSTGRES
	c = test_case(s, "postgres", 60, tests);
	tcase_add_unchecked_fixture(c, start, stop);
	tcase_add_checked_fixture(c, set_up_server, tear_down);
#endif
	return test_suite_run(s);
}
