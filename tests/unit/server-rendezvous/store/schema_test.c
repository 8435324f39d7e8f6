/* The numbered steps of the databases: from nothing and from each earlier version with data in it,
 * a newer version, and what is interrupted; in SQLite and in PostgreSQL. What was released is one
 * list of steps; that lists of several work is shown on steps of the test's own. */
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/postgres/schema.h"
#include "server-rendezvous/store/sqlite/migrate.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/support/postgres.h"
#include <check.h>

#define WAIT_US (60 * HWS_US_PER_S)
/* Tables of what only a database has that several nodes share. */
#define SHARED_ONLY "'version', 'node', 'location'"

static struct test_pg pg;
static struct hws_loop *loop;
static struct hws_error err;
static char folder[64], path[100];

/* --- the two engines -------------------------------------------------------------------------- */

static sqlite3 *open_file(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void sqlite_sql(const char *sql)
{
	sqlite3 *db = open_file();

	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void postgres_sql(const char *sql)
{
	char text[2000];

	ck_assert_int_eq(hws_fmt(text, sizeof(text), "SET search_path TO hawser; %s", sql), HWS_OK);
	test_pg_sql(&pg, text);
}

static const char *sqlite_ask(const char *sql)
{
	static char text[4000];
	sqlite3 *db = open_file();
	sqlite3_stmt *st;
	const char *s;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK, "%s",
			sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	s = (const char *)sqlite3_column_text(st, 0);
	ck_assert_int_eq(hws_str_copy(text, sizeof(text), s ? s : ""), HWS_OK);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return text;
}

static const char *postgres_ask(const char *sql)
{
	return test_pg_sql(&pg, sql);
}

static int sqlite_migrate(const struct rdv_schema *schema)
{
	sqlite3 *db = open_file();
	struct rdv_sqlite_kind kind = { rdv_sqlite_kind.mark, schema };
	int r = rdv_sqlite_bring_up(db, path, &kind, &err);

	sqlite3_close(db);
	return r;
}

static int postgres_migrate(const struct rdv_schema *schema)
{
	static const uint64_t never;
	struct pg_connection l = { .conninfo = pg.url, .answer_us = WAIT_US, .end_us = &never };
	int r = pg_connection_ready(&l, &err);

	if (r == HWS_OK)
		r = pg_schema_migrate(&l, schema, &err);
	pg_connection_drop(&l);
	return r;
}

static int sqlite_open(struct rdv_store **ret)
{
	return rdv_store_sqlite_open(loop, path, ret, &err);
}

static int postgres_open(struct rdv_store **ret)
{
	return rdv_store_postgres_open(loop, pg.url, 4, ret, &err);
}

static void sqlite_clear(void)
{
	test_dir(folder, sizeof(folder));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/a.sqlite3", folder), HWS_OK);
}

static void postgres_clear(void)
{
	test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser CASCADE");
}

/* In the engines' words: table, column, type, and whether it may be empty or is of the key. */
#define SQLITE_COLUMNS                                                                             \
	"SELECT group_concat(line, '; ') FROM (SELECT m.name || '.' || p.name || ' ' || "          \
	"p.type || iif(p.\"notnull\", ' NOT NULL', '') || iif(p.pk, ' KEY', '') AS line "          \
	"FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' "                \
	"AND m.name <> 'version' ORDER BY m.name, p.cid)"
#define POSTGRES_COLUMNS                                                                           \
	"SELECT string_agg(c.table_name || '.' || c.column_name || ' ' || CASE data_type "         \
	"WHEN 'bytea' THEN 'BLOB' WHEN 'bigint' THEN 'INTEGER' WHEN 'text' THEN 'TEXT' "           \
	"ELSE data_type END || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END || "        \
	"CASE WHEN k.column_name IS NULL THEN '' ELSE ' KEY' END, '; ' "                           \
	"ORDER BY c.table_name COLLATE \"C\", c.ordinal_position) "                                \
	"FROM information_schema.columns c LEFT JOIN (SELECT u.table_name, u.column_name "         \
	"FROM information_schema.table_constraints t JOIN "                                        \
	"information_schema.key_column_usage u USING (constraint_schema, constraint_name) "        \
	"WHERE t.constraint_type = 'PRIMARY KEY' AND t.constraint_schema = 'hawser') k "           \
	"ON k.table_name = c.table_name AND k.column_name = c.column_name "                        \
	"WHERE c.table_schema = 'hawser' AND c.table_name NOT IN (" SHARED_ONLY ")"

static const struct engine {
	const struct rdv_schema *released;
	const char *version, *columns;
	void (*clear)(void);
	void (*sql)(const char *sql);
	const char *(*ask)(const char *sql);
	int (*migrate)(const struct rdv_schema *schema);
	int (*open)(struct rdv_store **ret);
	/* What breaks a step off in the middle. */
	const char *cut;
} engines[] = {
	{ &rdv_schema_sqlite, "PRAGMA user_version", SQLITE_COLUMNS, sqlite_clear, sqlite_sql,
			sqlite_ask, sqlite_migrate, sqlite_open, "SELECT no_such_function();" },
	{ &rdv_schema_postgres, "SELECT step::text FROM hawser.version", POSTGRES_COLUMNS,
			postgres_clear, postgres_sql, postgres_ask, postgres_migrate, postgres_open,
			"SELECT pg_terminate_backend(pg_backend_pid());" },
};

static void version_is(const struct engine *e, size_t version)
{
	char text[20];

	ck_assert_int_eq(hws_fmt(text, sizeof(text), "%zu", version), HWS_OK);
	ck_assert_str_eq(e->ask(e->version), text);
}

/* --- what was released ------------------------------------------------------------------------ */

struct answer {
	bool ended;
	int r;
	struct rdv_peer_row row;
	struct rdv_entry entry;
	size_t n;
};

static void on_row(int r, const struct rdv_peer_row *row, void *arg)
{
	struct answer *a = arg;

	if (row)
		a->row = *row;
	a->r = r;
	a->ended = true;
}

static void on_entries(int r, const struct rdv_entry *e, size_t n, void *arg)
{
	struct answer *a = arg;

	a->n = n;
	if (n)
		a->entry = e[0];
	a->r = r;
	a->ended = true;
}

static void turn(const struct answer *a)
{
	uint64_t end = hws_clock_us() + WAIT_US;

	while (!a->ended && hws_clock_us() < end)
		ck_assert_int_eq(hws_loop_once(loop, 100000), HWS_OK);
	ck_assert(a->ended);
	ck_assert_int_eq(a->r, HWS_OK);
}

/* What a server of this version would have written. Versions that change these tables get an arm of
 * their own here. */
static void put_data(const struct engine *e, size_t version)
{
	const char *bytes = e == &engines[0] ? "x'" : "'\\x";
	char sql[400];

	if (version < 1)
		return;
	ck_assert_int_eq(hws_fmt(sql, sizeof(sql),
					 "INSERT INTO peer (id, uuid, pk, ip, created_s, seen_s) "
					 "VALUES ('123456789', %s6d31', NULL, '192.0.2.7', "
					 "1600000000, 1700000000);"
					 "INSERT INTO entry (kind, key, value) VALUES "
					 "('block-ip', '192.0.2.0/24', 'note')",
					 bytes),
			HWS_OK);
	e->sql(sql);
	if (version >= 2)
		e->sql("UPDATE peer SET proves = 1");
}

static void must_have_data(struct rdv_store *s, size_t version)
{
	struct answer device = { 0 }, entry = { 0 };

	ck_assert_int_eq(s->devices->get(s, "123456789", on_row, &device), HWS_OK);
	turn(&device);
	ck_assert_uint_eq(device.row.uuid_len, 2);
	ck_assert_mem_eq(device.row.uuid, "m1", 2);
	ck_assert(!device.row.has_pk);
	ck_assert_str_eq(device.row.ip, "192.0.2.7");
	ck_assert_uint_eq(device.row.created_s, 1600000000);
	ck_assert_uint_eq(device.row.seen_s, 1700000000);
	ck_assert_int_eq(device.row.proves, version >= 2);
	ck_assert_int_eq(s->entries->load(s, on_entries, &entry), HWS_OK);
	turn(&entry);
	ck_assert_uint_eq(entry.n, 1);
	ck_assert_str_eq(entry.entry.kind, "block-ip");
	ck_assert_str_eq(entry.entry.key, "192.0.2.0/24");
	ck_assert_str_eq(entry.entry.value, "note");
}

START_TEST(each_earlier_version_is_brought_up_with_what_is_in_it)
{
	const struct engine *e = &engines[_i];
	char fresh[4000];
	struct rdv_store *s;

	e->clear();
	ck_assert_msg(e->open(&s) == HWS_OK, "%s", err.text);
	rdv_store_free(s);
	version_is(e, e->released->count);
	ck_assert_int_eq(hws_str_copy(fresh, sizeof(fresh), e->ask(e->columns)), HWS_OK);
	ck_assert_ptr_nonnull(strstr(fresh, "peer.id"));
	for (size_t from = 0; from <= e->released->count; from++) {
		struct rdv_schema old = { e->released->step, from };

		e->clear();
		ck_assert_msg(e->migrate(&old) == HWS_OK, "%s", err.text);
		put_data(e, from);
		ck_assert_msg(e->open(&s) == HWS_OK, "%s", err.text);
		if (from)
			must_have_data(s, from);
		rdv_store_free(s);
		version_is(e, e->released->count);
		ck_assert_str_eq(e->ask(e->columns), fresh);
	}
}
END_TEST

START_TEST(both_databases_have_the_same_tables_and_columns)
{
	char sqlite[4000];
	struct rdv_store *s;

	for (size_t i = 0; i < HWS_COUNT(engines); i++) {
		engines[i].clear();
		ck_assert_msg(engines[i].open(&s) == HWS_OK, "%s", err.text);
		rdv_store_free(s);
	}
	ck_assert_int_eq(hws_str_copy(sqlite, sizeof(sqlite), sqlite_ask(SQLITE_COLUMNS)), HWS_OK);
	ck_assert_str_eq(postgres_ask(POSTGRES_COLUMNS), sqlite);
	/* a step belongs to both, so that a number means the same everywhere */
	ck_assert_uint_eq(rdv_schema_sqlite.count, rdv_schema_postgres.count);
	for (size_t i = 0; i < rdv_schema_sqlite.count; i++)
		ck_assert_str_eq(rdv_schema_sqlite.step[i].name, rdv_schema_postgres.step[i].name);
}
END_TEST

/* --- several steps ---------------------------------------------------------------------------- */

static const struct rdv_schema_step good[] = {
	{ "001_a", "CREATE TABLE a (x bigint NOT NULL); INSERT INTO a VALUES (7);" },
	{ "002_b", "CREATE TABLE b (y bigint NOT NULL); INSERT INTO b SELECT x + 1 FROM a;" },
	{ "003_c", "ALTER TABLE a ADD COLUMN z bigint; UPDATE a SET z = x * 2;" },
};

static const char *sum(const struct engine *e)
{
	return e == &engines[0] ? e->ask("SELECT x + z + (SELECT y FROM b) FROM a")
				: e->ask("SELECT (x + z + (SELECT y FROM hawser.b))::text "
					 "FROM hawser.a");
}

START_TEST(steps_run_once_and_in_order_from_wherever_it_is)
{
	const struct engine *e = &engines[_i];

	for (size_t from = 0; from <= HWS_COUNT(good); from++) {
		struct rdv_schema part = { good, from }, whole = { good, HWS_COUNT(good) };

		e->clear();
		ck_assert_msg(e->migrate(&part) == HWS_OK, "%s", err.text);
		version_is(e, from);
		ck_assert_msg(e->migrate(&whole) == HWS_OK, "%s", err.text);
		ck_assert_msg(e->migrate(&whole) == HWS_OK, "%s", err.text);
		version_is(e, HWS_COUNT(good));
		ck_assert_str_eq(sum(e), "29"); /* 7 + 14 + 8: nothing was done twice */
	}
}
END_TEST

START_TEST(a_newer_version_is_refused_and_left_alone)
{
	const struct engine *e = &engines[_i];
	struct rdv_schema whole = { good, HWS_COUNT(good) }, old = { good, 1 };
	char before[4000];

	e->clear();
	ck_assert_msg(e->migrate(&whole) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(hws_str_copy(before, sizeof(before), e->ask(e->columns)), HWS_OK);
	ck_assert_int_eq(e->migrate(&old), HWS_ERR_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "newer") && strstr(err.text, "update"), "%s", err.text);
	version_is(e, HWS_COUNT(good));
	ck_assert_str_eq(e->ask(e->columns), before);
	/* it says who has written it */
	e->sql("UPDATE version SET program = '7.8.9'");
	ck_assert_int_eq(e->migrate(&old), HWS_ERR_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "7.8.9"), "%s", err.text);
}
END_TEST

static void name_copy(size_t version, char buf[160])
{
	ck_assert_int_eq(hws_fmt(buf, 160, "%s.before-v%zu", path, version), HWS_OK);
}

static bool copy_is_there(size_t version)
{
	char name[160];

	name_copy(version, name);
	return access(name, F_OK) == 0;
}

/* How a copy is used: the server is stopped, and it takes the place of the file. */
static void go_back(size_t version)
{
	char name[160];

	name_copy(version, name);
	ck_assert_int_eq(rename(name, path), 0);
}

START_TEST(what_was_there_before_lies_beside_it)
{
	struct rdv_schema first = { good, 1 }, whole = { good, HWS_COUNT(good) };
	char name[160];
	struct stat st;

	sqlite_clear();
	ck_assert_msg(sqlite_migrate(&first) == HWS_OK, "%s", err.text);
	ck_assert(!copy_is_there(0)); /* there was nothing */
	sqlite_sql("PRAGMA journal_mode = WAL; UPDATE a SET x = 70");
	ck_assert_msg(sqlite_migrate(&whole) == HWS_OK, "%s", err.text);
	ck_assert(copy_is_there(1));
	name_copy(1, name);
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(sqlite_migrate(&first), HWS_ERR_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, name), "%s", err.text); /* where to go back to */
	go_back(1);
	ck_assert_str_eq(sqlite_ask("SELECT x FROM a"), "70");
	ck_assert_msg(sqlite_migrate(&first) == HWS_OK, "%s", err.text);
	sqlite_sql("UPDATE a SET x = 71");
	ck_assert_msg(sqlite_migrate(&whole) == HWS_OK, "%s", err.text);
	go_back(1); /* what was written meanwhile is in the copy, too */
	ck_assert_str_eq(sqlite_ask("SELECT x FROM a"), "71");
}
END_TEST

START_TEST(without_room_for_a_copy_nothing_is_changed)
{
	struct rdv_schema first = { good, 1 }, whole = { good, HWS_COUNT(good) };
	char name[180];

	sqlite_clear();
	ck_assert_msg(sqlite_migrate(&first) == HWS_OK, "%s", err.text);
	/* a folder has the name: as hard to write over as a full disk */
	name_copy(1, name);
	ck_assert_int_eq(mkdir(name, 0700), 0);
	ck_assert_int_lt(sqlite_migrate(&whole), 0);
	ck_assert_msg(strstr(err.text, name), "%s", err.text);
	version_is(&engines[0], 1);
	ck_assert_int_eq(rmdir(name), 0);
	ck_assert_msg(sqlite_migrate(&whole) == HWS_OK, "%s", err.text);
}
END_TEST

START_TEST(of_many_copies_the_newest_stay)
{
	static struct rdv_schema_step many[RDV_SQLITE_COPIES + 4];
	static const char *const ends[] = { "vacation", "", "v", "vv1", "1", "v77", "78" };
	enum { OTHERS = 4 }; /* of these are no copies */
	char made[HWS_COUNT(ends)][180];

	sqlite_clear();
	for (size_t i = 0; i < HWS_COUNT(many); i++) {
		struct rdv_schema next = { many, i + 1 };

		many[i] = (struct rdv_schema_step){ "NNN_n",
			i ? "INSERT INTO n VALUES (1)" : "CREATE TABLE n (x bigint)" };
		ck_assert_msg(sqlite_migrate(&next) == HWS_OK, "%s", err.text);
		for (size_t k = 0; i == 0 && k < HWS_COUNT(ends); k++) {
			ck_assert_int_eq(hws_fmt(made[k], sizeof(made[k]), "%s.before-%s", path,
							 ends[k]),
					HWS_OK);
			fclose(fopen(made[k], "w"));
		}
		usleep(20000); /* the clock of the file system goes in steps */
	}
	for (size_t i = 1; i < HWS_COUNT(many); i++)
		ck_assert_int_eq(copy_is_there(i), i >= HWS_COUNT(many) - RDV_SQLITE_COPIES);
	for (size_t k = 0; k < HWS_COUNT(ends); k++) {
		ck_assert_msg((access(made[k], F_OK) == 0) == (k < OTHERS), "%s", made[k]);
		unlink(made[k]);
	}
}
END_TEST

/* The second step breaks off when half of it is done; then the program is mended and tries
 * again. */
START_TEST(a_step_that_breaks_off_loses_nothing_and_is_done_again)
{
	const struct engine *e = &engines[_i];
	struct rdv_schema first = { good, 1 }, whole = { good, HWS_COUNT(good) };
	struct rdv_schema_step broken[HWS_COUNT(good)];
	struct rdv_schema bad = { broken, HWS_COUNT(good) };
	char sql[400], before[4000];

	memcpy(broken, good, sizeof(good));
	ck_assert_int_eq(hws_fmt(sql, sizeof(sql),
					 "CREATE TABLE b (y bigint NOT NULL); UPDATE a SET x = 0; "
					 "%s INSERT INTO b VALUES (1);",
					 e->cut),
			HWS_OK);
	broken[1].sql = sql;
	e->clear();
	ck_assert_msg(e->migrate(&first) == HWS_OK, "%s", err.text);
	ck_assert_int_eq(hws_str_copy(before, sizeof(before), e->ask(e->columns)), HWS_OK);
	ck_assert_int_lt(e->migrate(&bad), 0);
	version_is(e, 1);
	ck_assert_str_eq(e->ask(e->columns), before);
	ck_assert_msg(e->migrate(&whole) == HWS_OK, "%s", err.text);
	version_is(e, HWS_COUNT(good));
	ck_assert_str_eq(sum(e), "29");
}
END_TEST

static void die(sqlite3_context *ctx, int n, sqlite3_value **values)
{
	(void)ctx;
	(void)n;
	(void)values;
	raise(SIGKILL);
}

/* The whole process ends in the middle of a step, as when the power fails. */
START_TEST(a_process_that_is_killed_in_a_step_loses_nothing)
{
	struct rdv_schema_step deadly[HWS_COUNT(good)];
	struct rdv_schema first = { good, 1 }, bad = { deadly, HWS_COUNT(good) };
	struct rdv_schema whole = { good, HWS_COUNT(good) };
	int status;
	pid_t pid;

	memcpy(deadly, good, sizeof(good));
	deadly[2].sql = "ALTER TABLE a ADD COLUMN z bigint; UPDATE a SET z = 1; SELECT die();";
	sqlite_clear();
	ck_assert_msg(sqlite_migrate(&first) == HWS_OK, "%s", err.text);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct rdv_sqlite_kind kind = { rdv_sqlite_kind.mark, &bad };
		sqlite3 *db = open_file();

		sqlite3_create_function(db, "die", 0, SQLITE_UTF8, NULL, die, NULL, NULL);
		if (rdv_sqlite_migrate(db, path, &kind, &err) < 0)
			_exit(1);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	version_is(&engines[0], 1); /* all or nothing */
	ck_assert_msg(sqlite_migrate(&whole) == HWS_OK, "%s", err.text);
	ck_assert_str_eq(sum(&engines[0]), "29");
}
END_TEST

static void start(void)
{
	memset(&pg, 0, sizeof(pg));
	test_pg_start(&pg);
}

static void stop(void)
{
	test_pg_stop(&pg);
}

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
}

static void tear_down(void)
{
	hws_loop_free(loop);
}

int main(void)
{
	const int n = HWS_COUNT(engines);
	Suite *s = suite_create("rendezvous/store/schema");
	TCase *t = tcase_create("steps");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, start, stop);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, each_earlier_version_is_brought_up_with_what_is_in_it, 0, n);
	tcase_add_test(t, both_databases_have_the_same_tables_and_columns);
	tcase_add_loop_test(t, steps_run_once_and_in_order_from_wherever_it_is, 0, n);
	tcase_add_loop_test(t, a_newer_version_is_refused_and_left_alone, 0, n);
	tcase_add_loop_test(t, a_step_that_breaks_off_loses_nothing_and_is_done_again, 0, n);
	tcase_add_test(t, a_process_that_is_killed_in_a_step_loses_nothing);
	tcase_add_test(t, what_was_there_before_lies_beside_it);
	tcase_add_test(t, without_room_for_a_copy_nothing_is_changed);
	tcase_add_test(t, of_many_copies_the_newest_stay);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
