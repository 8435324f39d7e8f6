/* hawser-admin db with real files and a real PostgreSQL: take-over from a database as hbbs makes
 * it, damaged ones, backup beside a running server, restore. */
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "tests/support/postgres.h"
#include "tests/support/suite.h"
#include <check.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HBBS_SCHEMA                                                                                \
	"CREATE TABLE IF NOT EXISTS peer (guid blob PRIMARY KEY NOT NULL, id varchar(100) NOT "    \
	"NULL, uuid blob NOT NULL, pk blob NOT NULL, created_at datetime NOT NULL DEFAULT "        \
	"(current_timestamp), user blob, status tinyint, note varchar(300), info text NOT NULL) "  \
	"WITHOUT ROWID; CREATE UNIQUE INDEX IF NOT EXISTS index_peer_id ON peer (id); "            \
	"CREATE INDEX IF NOT EXISTS index_peer_user ON peer (user); "                              \
	"CREATE INDEX IF NOT EXISTS index_peer_created_at ON peer (created_at); "                  \
	"CREATE INDEX IF NOT EXISTS index_peer_status ON peer (status);"
/* so many devices with ids 100000001, 100000002, ... */
#define FILL                                                                                       \
	"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "           \
	"INSERT INTO peer (guid, id, uuid, pk, info) SELECT randomblob(16), "                      \
	"CAST(100000000 + i AS TEXT), CAST('uuid-' || i AS BLOB), randomblob(32), "                \
	"'{\"ip\":\"::ffff:192.0.2.' || (i %% 250) || '\"}' FROM n"
#define DEVICES 2500

static struct test_pg pg;
static char old_dir[200], new_dir[200], hbbs[260], store[300];
static char *out;

static void in_dir(char *buf, size_t size, const char *dir, const char *name)
{
	snprintf(buf, size, "%s/%s", dir, name);
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;
	char *err = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &err) == SQLITE_OK, "%s", err);
	sqlite3_close(db);
}

static long long number(const char *path, const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	long long n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void make_hbbs(int devices)
{
	char text[1000];

	snprintf(text, sizeof(text), "PRAGMA journal_mode = WAL; " HBBS_SCHEMA FILL, devices);
	sql(hbbs, text);
}

static void make_key(struct hws_identity *ret)
{
	struct hws_error err;
	char path[260];

	in_dir(path, sizeof(path), old_dir, "id_ed25519");
	hws_identity_generate(true, ret);
	ck_assert_int_eq(hws_identity_save(path, ret, &err), HWS_OK);
	ck_assert_int_eq(chmod(path, 0644), 0); /* as hbbs leaves it */
}

/* Runs hawser-admin db with these words; `env` may be NULL. Output into `out`. */
static int admin(const char *const words[], const char *env)
{
	const char *argv[16] = { test_bin("admin/hawser-admin"), "--json", "db" };
	const char *envs[] = { env, NULL };
	size_t n = 3;

	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	argv[n++] = "--state-dir";
	argv[n++] = new_dir;
	argv[n] = NULL;
	free(out);
	return test_run(argv, env ? envs : NULL, &out);
}
#define ADMIN(...) admin((const char *const[]){ __VA_ARGS__, NULL }, NULL)

static void must_say(const char *text)
{
	ck_assert_msg(strstr(out, text) != NULL, "no \"%s\" in: %s", text, out);
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(old_dir, sizeof(old_dir));
	test_dir(new_dir, sizeof(new_dir));
	in_dir(hbbs, sizeof(hbbs), old_dir, "db_v2.sqlite3");
	in_dir(store, sizeof(store), new_dir, "rendezvous.sqlite3");
	out = NULL;
}

static void tear_down(void)
{
	free(out);
}

START_TEST(a_database_and_key_of_hbbs_are_taken_over_whole)
{
	struct hws_identity key, taken;
	struct hws_error err;
	char path[260], text[HWS_KEY_TEXT];
	struct stat st;

	make_hbbs(DEVICES);
	make_key(&key);
	sql(hbbs, "UPDATE peer SET created_at = '2021-02-03 04:05:06' WHERE id = '100000007'");
	ck_assert_msg(ADMIN("import-hbbs", hbbs) == 0, "%s", out);
	must_say("\"imported\": 2500");
	must_say("taken over");
	must_say(hws_key_text(key.pk, text));
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer"), DEVICES);
	ck_assert_int_eq(number(store,
					 "SELECT count(*) FROM peer WHERE id = '100000007' AND "
					 "created_s = 1612325106 AND ip = '192.0.2.7' AND "
					 "uuid = CAST('uuid-7' AS BLOB) AND length(pk) = 32"),
			1);
	in_dir(path, sizeof(path), new_dir, "id_ed25519");
	ck_assert_int_eq(hws_identity_load(path, &taken, &err), HWS_OK);
	ck_assert_mem_eq(taken.sk_secret, key.sk_secret, HWS_SK_LEN);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	/* a device that has been heard since keeps what is newer */
	sql(store, "UPDATE peer SET pk = zeroblob(32), seen_s = 4000000000 WHERE id = '100000001'");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs), 0);
	must_say("\"imported\": 0");
	must_say("\"there_already\": 2500");
	must_say("the same already");
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer WHERE pk = zeroblob(32)"), 1);
	ck_assert_int_eq(ADMIN("status"), 0);
	must_say("\"peers\": 2500");
}
END_TEST

START_TEST(keys_arrive_unchanged)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	char text[400];

	make_hbbs(DEVICES);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 0);
	ck_assert_int_eq(sqlite3_open(store, &db), SQLITE_OK);
	snprintf(text, sizeof(text), "ATTACH '%s' AS old", hbbs);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db,
					 "SELECT count(*) FROM main.peer m JOIN old.peer o ON "
					 "m.id = o.id AND m.uuid = o.uuid AND m.pk = o.pk",
					 -1, &st, NULL),
			SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(st, 0), DEVICES);
	sqlite3_finalize(st);
	sqlite3_close(db);
}
END_TEST

START_TEST(what_cannot_be_taken_is_named_and_the_rest_is_taken)
{
	make_hbbs(10);
	sql(hbbs,
			"INSERT INTO peer (guid, id, uuid, pk, info) VALUES "
			"(randomblob(16), hex(zeroblob(40)), 'u', randomblob(32), '{}'), "
			"(randomblob(16), CAST(x'ff31' AS TEXT), 'u', randomblob(32), 'no json'), "
			"(randomblob(16), 'long-uuid', zeroblob(129), randomblob(32), "
			"'{\"ip\":7}'), "
			"(randomblob(16), 'odd-key', 'u', zeroblob(3), '{\"ip\":\"%s\"}')");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("\"imported\": 11");
	must_say("\"not_taken\": 3");
	must_say("device long-uuid was not taken: its machine id is longer than 128 bytes");
	must_say("\\xff1 was not taken: its id is no text");
	ck_assert_int_eq(number(store,
					 "SELECT count(*) FROM peer WHERE id = 'odd-key' AND pk IS "
					 "NULL AND ip = ''"),
			1);
	/* an id that another device has taken meanwhile stays that device's */
	sql(store, "UPDATE peer SET uuid = CAST('other' AS BLOB) WHERE id = '100000003'");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("device 100000003 was not taken: another device has this id already");
	ck_assert_int_eq(number(store,
					 "SELECT count(*) FROM peer WHERE uuid = CAST('other' AS "
					 "BLOB)"),
			1);
}
END_TEST

START_TEST(notes_become_names_and_rows_with_faults_are_told)
{
	char names[300];

	make_hbbs(10);
	sql(hbbs,
			"UPDATE peer SET note = 'the till at the door' WHERE id = '100000001';"
			"UPDATE peer SET note = CAST(x'ff00' AS TEXT) WHERE id = '100000002';"
			"UPDATE peer SET note = replace(hex(zeroblob(300)), '0', 'n') WHERE id "
			"= '100000003';"
			"UPDATE peer SET info = '{\"ip' WHERE id = '100000004';"
			"UPDATE peer SET created_at = 'yesterday' WHERE id = '100000005';"
			"UPDATE peer SET pk = zeroblob(31) WHERE id = '100000006';"
			"UPDATE peer SET uuid = x'' WHERE id = '100000007'");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("\"imported\": 9");
	must_say("\"not_taken\": 1");
	must_say("\"taken_in_part\": 5");
	must_say("\"names\": 2");
	must_say("device 100000002 was taken, but its note is no text");
	must_say("device 100000003 was taken, but its note was cut");
	must_say("device 100000004 was taken, but its info is no JSON");
	must_say("device 100000005 was taken, but the date of its first registration is none");
	must_say("device 100000006 was taken, but its key has not 32 bytes");
	must_say("device 100000007 was not taken: it has no machine id");
	snprintf(names, sizeof(names),
			"SELECT count(*) FROM entry WHERE kind = 'name' AND "
			"key = '100000001' AND value = 'the till at the door'");
	ck_assert_int_eq(number(store, names), 1);
	ck_assert_int_eq(number(store, "SELECT length(value) FROM entry WHERE key = '100000003'"),
			511);
	/* what the operator called it since stays */
	sql(store, "UPDATE entry SET value = 'till 1' WHERE key = '100000001'");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("\"names\": 0");
	ck_assert_int_eq(number(store, "SELECT count(*) FROM entry WHERE value = 'till 1'"), 1);
}
END_TEST

static void damage(const char *path, off_t at, size_t n)
{
	static char junk[65536];
	int fd = open(path, O_WRONLY);

	memset(junk, 0x5a, sizeof(junk));
	ck_assert_int_eq(pwrite(fd, junk, n, at), (ssize_t)n);
	close(fd);
}

START_TEST(damaged_and_foreign_files_are_refused_and_nothing_is_taken)
{
	char text[300];
	struct stat st;

	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("there is no file");
	make_hbbs(DEVICES);
	ck_assert_int_eq(stat(hbbs, &st), 0);
	damage(hbbs, 8192, 40000);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("is damaged");
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer"), 0);
	unlink(hbbs);
	make_hbbs(DEVICES);
	ck_assert_int_eq(truncate(hbbs, st.st_size / 2), 0);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("is damaged");
	ck_assert_int_eq(truncate(hbbs, 0), 0);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("is no database of hbbs");
	damage(hbbs, 0, 5000);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("is no SQLite database");
	ck_assert_int_eq(ADMIN("import-hbbs", store, "--no-key"), 1);
	must_say("is a database of hawser already");
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer"), 0);
	/* the server, given the file of hbbs, says how to take it over */
	unlink(hbbs);
	make_hbbs(3);
	snprintf(text, sizeof(text), "sqlite:%s", hbbs);
	ck_assert_int_eq(ADMIN("status", "--store", text), 1);
	must_say("import-hbbs");
}
END_TEST

START_TEST(a_doubtful_key_stops_the_take_over)
{
	struct hws_identity key, other;
	struct hws_error err;
	char path[260], pub[260];

	make_hbbs(5);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs), 1);
	must_say("there is no key file");
	ck_assert_int_ne(access(store, F_OK), 0);
	make_key(&key);
	in_dir(path, sizeof(path), old_dir, "id_ed25519");
	in_dir(pub, sizeof(pub), old_dir, "id_ed25519.pub");
	damage(pub, 0, 44);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs), 1);
	must_say("does not belong to");
	unlink(pub);
	damage(path, 20, 3);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs), 1);
	must_say("is damaged");
	unlink(path);
	make_key(&key);
	in_dir(pub, sizeof(pub), new_dir, "id_ed25519");
	hws_identity_generate(true, &other);
	ck_assert_int_eq(hws_identity_save(pub, &other, &err), HWS_OK);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs), 1);
	must_say("another key than hbbs");
	ck_assert_int_ne(access(store, F_OK), 0); /* nothing was written at all */
	unlink(pub);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--key-file", path), 0);
}
END_TEST

static void start_server(struct test_proc *p)
{
	static const char *const fixed[] = { "--bind", "127.0.0.1", "--port", "0", "--state-dir" };
	const char *argv[10] = { test_bin("server-rendezvous/hawser-rendezvous") };
	size_t n = 1;

	for (size_t i = 0; i < HWS_COUNT(fixed); i++)
		argv[n++] = fixed[i];
	argv[n++] = new_dir;
	argv[n] = NULL;
	test_proc_start(p, argv, NULL);
	test_proc_must_expect(p, "listening", 20000);
}

START_TEST(backup_works_beside_a_running_server_and_restore_waits)
{
	struct test_proc p;
	char file[260];
	struct stat st;

	make_hbbs(DEVICES);
	in_dir(file, sizeof(file), old_dir, "backup.sqlite3");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 0);
	sql(store,
			"INSERT INTO entry VALUES ('block', '192.0.2.9', 'x'); "
			"UPDATE peer SET proves = 1 WHERE id < '100001000'");
	start_server(&p);
	ck_assert_msg(ADMIN("backup", file) == 0, "%s", out);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(ADMIN("status"), 0);
	must_say("\"peers\": 2500");
	ck_assert_int_eq(ADMIN("backup", file), 1);
	must_say("there already");
	ck_assert_int_eq(ADMIN("restore", file, "--force"), 1);
	must_say("in use by another hawser-rendezvous");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 1);
	must_say("in use by another hawser-rendezvous");
	test_proc_stop(&p);
	sql(store,
			"DELETE FROM peer WHERE id < '100001000'; DELETE FROM entry; "
			"UPDATE peer SET pk = NULL; "
			"INSERT INTO peer VALUES ('new', x'01', NULL, '', 5, 5, 1)");
	ck_assert_int_eq(ADMIN("restore", file), 1);
	must_say("not empty");
	ck_assert_msg(ADMIN("restore", file, "--force") == 0, "%s", out);
	must_say("\"restored\": 2500");
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer WHERE length(pk) = 32"), DEVICES);
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer WHERE id = 'new'"), 1);
	ck_assert_int_eq(
			number(store, "SELECT count(*) FROM peer WHERE proves = 1 AND id <> 'new'"),
			number(store, "SELECT count(*) FROM peer WHERE id < '100001000'"));
	ck_assert_int_eq(number(store, "SELECT count(*) FROM entry"), 1);
	damage(file, 12288, 30000);
	ck_assert_int_eq(ADMIN("restore", file, "--force"), 1);
	must_say("is damaged");
	ck_assert_int_eq(ADMIN("restore", hbbs, "--force"), 1);
	must_say("import-hbbs");
}
END_TEST

/* What the server's settings name is worked on, not what lies in the state folder. */
START_TEST(the_database_is_that_of_the_servers_settings)
{
	static const char *const status[] = { "status", NULL };
	static const char *const plain[] = { "status", "--store", "sqlite", NULL };
	static const char *const broken[] = { "status", "--config", "/nowhere/rendezvous.conf",
		NULL };
	char conf[260], env[300], other[260], text[400], file[260];
	const char *const backup[] = { "backup", file, NULL };
	FILE *f;

	make_hbbs(3);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 0); /* the stale one */
	in_dir(conf, sizeof(conf), old_dir, "rendezvous.conf");
	in_dir(other, sizeof(other), old_dir, "real.sqlite3");
	in_dir(file, sizeof(file), old_dir, "backup.sqlite3");
	snprintf(env, sizeof(env), "HAWSER_RENDEZVOUS_CONFIG=%s", conf);
	f = fopen(conf, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "[store]\nstore = sqlite:%s\n", other);
	fclose(f);
	ck_assert_int_eq(admin(status, env), 1);
	snprintf(text, sizeof(text), "there is no file %s", other);
	must_say(text);
	ck_assert_int_eq(admin(backup, env), 1);
	ck_assert_int_ne(access(file, F_OK), 0);
	/* --store goes before the file, and before a secret in it */
	ck_assert_msg(admin(plain, env) == 0, "%s", out);
	must_say("\"peers\": 3");
	f = fopen(conf, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "[store]\nstore-secret = postgresql://u:hunter2@127.0.0.1:1/x\n");
	fclose(f);
	ck_assert_int_eq(admin(status, env), 1);
	must_say("cannot");
	ck_assert_ptr_null(strstr(out, "hunter2"));
	ck_assert_msg(admin(plain, env) == 0, "%s", out);
	must_say(store);
	ck_assert_int_eq(admin(broken, NULL), 1);
	must_say("/nowhere/rendezvous.conf");
}
END_TEST

START_TEST(errors_name_the_file_they_are_about)
{
	make_hbbs(3);
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key"), 0);
	ck_assert_int_eq(ADMIN("backup", "/nonexistent/x"), 1);
	must_say("hawser-admin: /nonexistent/x: ");
	ck_assert_ptr_null(strstr(out, "rendezvous.conf"));
	ck_assert_int_eq(ADMIN("backup", ""), 2);
	must_say("which file");
	ck_assert_int_eq(ADMIN("restore", "/nonexistent/x"), 1);
	must_say("/nonexistent/x");
	/* the key is missing too, but that is not what is wrong */
	ck_assert_int_eq(ADMIN("import-hbbs", "/nonexistent/x"), 1);
	must_say("there is no file /nonexistent/x");
	ck_assert_ptr_null(strstr(out, "key"));
}
END_TEST

static void set_up_postgres(void)
{
	set_up();
	memset(&pg, 0, sizeof(pg));
	test_pg_start(&pg);
}

static void tear_down_postgres(void)
{
	tear_down();
	test_pg_stop(&pg);
}

START_TEST(postgres_takes_over_backs_up_and_restores_too)
{
	char file[260];

	make_hbbs(12000);
	in_dir(file, sizeof(file), old_dir, "backup.sqlite3");
	ck_assert_msg(ADMIN("import-hbbs", hbbs, "--no-key", "--store", pg.url) == 0, "%s", out);
	must_say("\"imported\": 12000");
	ck_assert_str_eq(test_pg_sql(&pg,
					 "SELECT count(*) FROM hawser.peer WHERE length(pk) = 32 "
					 "AND ip LIKE '192.0.2.%'"),
			"12000");
	ck_assert_int_eq(ADMIN("import-hbbs", hbbs, "--no-key", "--store", pg.url), 0);
	must_say("\"there_already\": 12000");
	test_pg_sql(&pg, "INSERT INTO hawser.entry VALUES ('block', 'x', 'y')");
	ck_assert_msg(ADMIN("backup", file, "--store", pg.url) == 0, "%s", out);
	ck_assert_int_eq(number(file, "SELECT count(*) FROM peer WHERE length(pk) = 32"), 12000);
	ck_assert_int_eq(ADMIN("backup", file, "--store", pg.url), 1);
	must_say("there already");
	test_pg_sql(&pg, "DROP SCHEMA hawser CASCADE");
	ck_assert_msg(ADMIN("restore", file, "--store", pg.url) == 0, "%s", out);
	ck_assert_str_eq(test_pg_sql(&pg, "SELECT count(*) FROM hawser.peer"), "12000");
	ck_assert_str_eq(test_pg_sql(&pg, "SELECT value FROM hawser.entry"), "y");
	/* and from one engine to the other */
	ck_assert_msg(ADMIN("restore", file) == 0, "%s", out);
	ck_assert_int_eq(number(store, "SELECT count(*) FROM peer"), 12000);
	ck_assert_int_eq(ADMIN("status", "--store", pg.url), 0);
	must_say("\"store\": \"postgres\"");
	must_say("\"peers\": 12000");
}
END_TEST

START_TEST(a_password_is_not_taken_from_the_command_line_nor_shown)
{
	static const char *const status[] = { "status", NULL };
	char url[300], env[400];

	snprintf(url, sizeof(url), "postgresql://postgres:hunter2@127.0.0.1:%u/hawser", pg.port);
	ck_assert_int_eq(ADMIN("status", "--store", url), 1);
	must_say("must not hold a password");
	ck_assert_ptr_null(strstr(out, "hunter2"));
	snprintf(env, sizeof(env), "HAWSER_RENDEZVOUS_STORE_SECRET=%s", url);
	ck_assert_msg(admin(status, env) == 0, "%s", out);
	ck_assert_ptr_null(strstr(out, "hunter2"));
	/* the wrong address, and still nothing is told */
	snprintf(env, sizeof(env), "HAWSER_RENDEZVOUS_STORE_SECRET=%.200s_none", url);
	ck_assert_int_eq(admin(status, env), 1);
	must_say("does not exist");
	ck_assert_ptr_null(strstr(out, "hunter2"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("admin/db");
	TCase *t = tcase_create("sqlite"), *p = tcase_create("postgres");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_database_and_key_of_hbbs_are_taken_over_whole);
	tcase_add_test(t, keys_arrive_unchanged);
	tcase_add_test(t, errors_name_the_file_they_are_about);
	tcase_add_test(t, the_database_is_that_of_the_servers_settings);
	tcase_add_test(t, notes_become_names_and_rows_with_faults_are_told);
	tcase_add_test(t, what_cannot_be_taken_is_named_and_the_rest_is_taken);
	tcase_add_test(t, damaged_and_foreign_files_are_refused_and_nothing_is_taken);
	tcase_add_test(t, a_doubtful_key_stops_the_take_over);
	tcase_add_test(t, backup_works_beside_a_running_server_and_restore_waits);
	suite_add_tcase(s, t);
	tcase_set_timeout(p, 60);
	tcase_add_checked_fixture(p, set_up_postgres, tear_down_postgres);
	tcase_add_test(p, postgres_takes_over_backs_up_and_restores_too);
	tcase_add_test(p, a_password_is_not_taken_from_the_command_line_nor_shown);
	suite_add_tcase(s, p);
	return test_suite_run(s);
}
