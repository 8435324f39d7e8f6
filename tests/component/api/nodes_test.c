/* Two processes of the API server on one PostgreSQL are one server: what a device says to one the
 * other knows; what is set at one the other tells. */
#include "shared/base/str.h"
#include "tests/component/api/device_ground.h"
#include "tests/support/postgres.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHO "'id':'123456789','uuid':'dXVpZA=='"

static struct test_pg pg;
static struct api a, b;
static struct ground g; /* `api` is the one that is asked */

static void set_up(void)
{
	struct hws_error err = { 0 };
	char keys[300];
	const char *more[] = { "--secrets-file", keys, NULL };

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&g, 0, sizeof(g));
	test_pg_start(&pg);
	test_dir(a.dir, sizeof(a.dir));
	(void)snprintf(keys, sizeof(keys), "%s/keys", a.dir);
	api_start(&a, pg.url, more);
	api_start(&b, pg.url, more);
	ck_assert_msg(sql_open(&(struct sql_place){ .conninfo = pg.url, .connections = 2 }, &g.db,
				      &err) == HWS_OK,
			"%s", err.text);
	ck_ok(sql_take(g.db, &g.c));
}

static void tear_down(void)
{
	sql_give(g.c);
	sql_close(g.db);
	api_stop(&a);
	api_stop(&b);
	test_pg_stop(&pg);
}

static const char *beat(struct api *to, const char *rest)
{
	const struct api_reply *r =
			api_call(to, API_NOBODY, "POST", "/api/heartbeat", "{" WHO ",%s}", rest);

	ck_assert_int_eq(r->status, 200);
	return r->body;
}

/* Each of both, as a load balancer sends them. */
static void until_both(const char *rest, const char *want)
{
	int64_t end = ground_now() + 60000;
	bool one, other;

	do {
		one = strstr(beat(&a, rest), want) != NULL;
		other = strstr(beat(&b, rest), want) != NULL;
		if (one && other)
			return;
		(void)usleep(200000);
	} while (ground_now() < end);
	ck_abort_msg("%d %d: never both of them %s", one, other, want);
}

static int64_t number(const char *text)
{
	int64_t n = -1;

	ck_ok(sql_number(g.c, text, SQL_NONE, &n));
	return n;
}

START_TEST(what_one_is_told_the_other_does)
{
	char dev[DAT_GUID_TEXT], path[100];
	json_t *live;

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, "123456789", "dXVpZA==")));
	ck_assert_str_eq(beat(&a, "'conns':[7],'modified_at':0"), "{}");
	ck_assert_str_eq(beat(&b, "'conns':[7],'modified_at':0"), "{}");
	/* a report to one, the same again to the other */
	for (int i = 0; i < 2; i++)
		(void)api_must(i ? &b : &a, 200, API_NOBODY, "POST", "/api/audit/conn",
				"{" WHO ",'conn_id':7,'session_id':5,'peer':['1','x'],'type':0,"
				"'nonce':'n'}");
	ck_assert_int_eq(number("SELECT count(*) FROM audit_conn"), 1);
	live = api_must(&b, 200, API_LOCAL, "GET", "/api/v1/live-sessions", NULL);
	(void)snprintf(path, sizeof(path), "/api/v1/live-sessions/%s/end",
			api_text(live, "items.0.guid"));
	(void)api_must(&b, 202, API_LOCAL, "POST", path, NULL);
	until_both("'conns':[7],'modified_at':0", "\"disconnect\":[7]");
	until_both("'conns':[],'modified_at':0", "{}");
	/* disabled at one */
	(void)snprintf(path, sizeof(path), "/api/v1/devices/%s/disable", dev);
	(void)api_must(&a, 200, API_LOCAL, "POST", path, NULL);
	until_both("'conns':[9],'modified_at':0", "\"disconnect\":[9]");
}
END_TEST

START_TEST(both_write_and_the_latest_counts)
{
	struct dat_device d;
	char dev[DAT_GUID_TEXT];

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, "123456789", "dXVpZA==")));
	(void)beat(&a, "'conns':[1],'modified_at':0");
	(void)beat(&b, "'conns':[1,2],'modified_at':0");
	/* in the wrong order */
	(void)test_proc_stop(&b.proc);
	(void)test_proc_stop(&a.proc);
	ck_assert_int_eq(number("SELECT count(*) FROM device_conn"), 2);
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_int_gt(d.last_online, 0);
	/* nobody holds what only one does at a time */
	ck_assert_int_eq(number("SELECT count(*) FROM lease WHERE name = 'tidy'"), 0);
}
END_TEST

START_TEST(a_node_with_other_keys_does_not_start)
{
	char state[300], run[300], made[340];
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--state-dir", state,
		"--runtime-dir", run, "--bind", "127.0.0.1", "--port", "0", "--store", pg.url,
		NULL };
	struct test_proc p = { 0 };
	FILE *f;

	/* its secrets-file was forgotten: it makes no keys of its own beside those there are */
	(void)snprintf(state, sizeof(state), "%s/third", a.dir);
	(void)snprintf(run, sizeof(run), "%s/third-run", a.dir);
	(void)snprintf(made, sizeof(made), "%s/api.keys", state);
	test_proc_start(&p, argv, NULL);
	(void)test_proc_must_expect(&p, "other keys", TEST_PATIENCE_MS);
	ck_assert_int_ne(test_proc_wait(&p, TEST_PATIENCE_MS), 0);
	(void)test_proc_stop(&p);
	ck_assert_int_ne(access(made, F_OK), 0);
	/* or is another server's */
	f = fopen(made, "w");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, "%064d\n", 7);
	(void)fclose(f);
	ck_assert_int_eq(chmod(made, 0600), 0);
	memset(&p, 0, sizeof(p));
	test_proc_start(&p, argv, NULL);
	(void)test_proc_must_expect(&p, "other keys", TEST_PATIENCE_MS);
	ck_assert_int_ne(test_proc_wait(&p, TEST_PATIENCE_MS), 0);
	(void)test_proc_stop(&p);
}
END_TEST

START_TEST(a_database_that_cannot_be_written_is_no_health)
{
	int64_t end = ground_now() + 60000;

	(void)api_must(&a, 200, API_NOBODY, "GET", "/api/v1/health", NULL);
	ck_ok(sql_run(g.c,
			"CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
			"RAISE ''full'' USING ERRCODE = ''53100''; END'",
			SQL_NONE));
	ck_ok(sql_run(g.c,
			"CREATE TRIGGER full1 BEFORE INSERT OR UPDATE ON setting EXECUTE FUNCTION "
			"disk_full()",
			SQL_NONE));
	/* of the other node nobody has asked yet */
	(void)api_must(&b, 503, API_NOBODY, "GET", "/api/v1/health", NULL);
	ck_ok(sql_run(g.c, "DROP FUNCTION disk_full() CASCADE", SQL_NONE));
	while (api_call(&b, API_NOBODY, "GET", "/api/v1/health", NULL)->status != 200) {
		ck_assert_int_lt(ground_now(), end);
		(void)usleep(500000);
	}
}
END_TEST

int main(void)
{
	return test_main("api_nodes", 120, set_up, tear_down,
			TESTS(what_one_is_told_the_other_does, both_write_and_the_latest_counts,
					a_node_with_other_keys_does_not_start,
					a_database_that_cannot_be_written_is_no_health));
}
