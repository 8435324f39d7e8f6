/* The chain of audit events shows what was done to it; settings and their secrets. Both engines. */
#include "admin/data/audit.h"
#include "admin/data/key_mark.h"
#include "admin/data/settings.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll

static struct dat_keys *new_keys(void)
{
	char dir[] = "/tmp/hawser-keys-XXXXXX", path[60];
	struct hws_error err = { 0 };
	struct dat_keys *k = NULL;
	int r;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", dir));
	r = dat_keys_open(path, &k, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
	unlink(path);
	rmdir(dir);
	return k;
}

static void add(const struct dat_keys *keys, const char *kind, const char *actor, int64_t at)
{
	ck_ok(dat_audit_add(test_conn, keys,
			&(struct dat_event){ .kind = kind,
					.actor_guid = actor,
					.target_name = "caf\xc3\xa9",
					.info = "{\"a\":1}" },
			at));
}

static struct dat_audit_verdict verdict(const struct dat_keys *keys)
{
	struct dat_audit_verdict v = { 0 };

	ck_ok(dat_audit_verify(test_conn, keys, NULL, &v));
	return v;
}

static void harm(const char *text)
{
	ck_ok(sql_run(test_conn, text, SQL_NONE));
}

START_TEST(what_is_done_to_the_chain_shows)
{
	static const struct {
		const char *harm;
		int64_t bad;
	} c[] = {
		{ "DELETE FROM audit_event WHERE seq = 4", 4 },
		{ "DELETE FROM audit_event WHERE seq = 1", 1 },
		{ "DELETE FROM audit_event WHERE seq = 10", 10 },
		{ "UPDATE audit_event SET actor_guid = 'b' WHERE seq = 5", 5 },
		{ "UPDATE audit_event SET at = at + 1 WHERE seq = 6", 6 },
		{ "UPDATE audit_event SET info = '{}' WHERE seq = 10", 10 },
		{ "UPDATE audit_event SET kind = 'a.', target_kind = 'b' WHERE seq = 2", 2 },
		{ "UPDATE audit_head SET seq = 9, mac = (SELECT mac FROM audit_event WHERE seq = "
		  "9)",
				0 },
		{ "UPDATE audit_head SET first_seq = 2, first_mac = (SELECT mac FROM audit_event "
		  "WHERE seq = 2)",
				0 },
		{ "DELETE FROM audit_head", 0 },
	};
	struct dat_keys *keys = new_keys(), *other = new_keys();
	struct dat_audit_verdict v;

	ck_assert(verdict(keys).whole);
	for (size_t i = 0; i < HWS_COUNT(c); i++) {
		harm("DELETE FROM audit_event");
		harm("DELETE FROM audit_head");
		for (int k = 0; k < 10; k++)
			add(keys, "a.b", "a", NOW + k);
		v = verdict(keys);
		ck_assert(v.whole);
		ck_assert_int_eq(v.checked, 10);
		ck_assert(!verdict(other).whole);
		harm(c[i].harm);
		v = verdict(keys);
		ck_assert_msg(!v.whole, "%s", c[i].harm);
		ck_assert_msg(v.bad_seq == c[i].bad, "%s: %lld", c[i].harm, (long long)v.bad_seq);
	}
	dat_keys_free(keys);
	dat_keys_free(other);
}
END_TEST

/* What the chain says for itself, and what it says of an event that was seen. */
static void check_seen(const struct dat_keys *keys, const struct dat_audit_mark *seen, int64_t bad)
{
	struct dat_audit_verdict v = { 0 };
	struct dat_audit_mark now;
	bool stands = false;

	ck_assert(verdict(keys).whole);
	ck_ok(dat_audit_verify(test_conn, keys, seen, &v));
	ck_assert(v.whole == !bad);
	ck_assert_int_eq(v.bad_seq, bad);
	ck_ok(dat_audit_reached(test_conn, keys, seen, &now, &stands));
	ck_assert(stands == !bad);
}

START_TEST(a_chain_that_was_put_back_is_not_what_was_seen)
{
	struct dat_keys *keys = new_keys();
	struct dat_audit_mark seen = { 0 }, now;
	bool stands;
	int64_t n;

	check_seen(keys, &seen, 0);
	for (int k = 0; k < 10; k++) {
		if (k == 6)
			harm("CREATE TEMPORARY TABLE kept AS SELECT * FROM audit_head");
		add(keys, "a", "a", NOW + k);
	}
	ck_ok(dat_audit_reached(test_conn, keys, &seen, &seen, &stands));
	ck_assert(stands);
	ck_assert_int_eq(seen.seq, 10);
	check_seen(keys, &seen, 0);
	add(keys, "a", "a", NOW + 10);
	check_seen(keys, &seen, 0);
	/* trimmed up to it, and beyond */
	ck_ok(dat_audit_trim(test_conn, keys, NOW + 10, 100, &n));
	ck_assert_int_eq(n, 10);
	check_seen(keys, &seen, 0);
	ck_ok(dat_audit_trim(test_conn, keys, NOW + 20, 100, &n));
	check_seen(keys, &seen, 0);
	/* put back as it was after six, and so that it grew again over what was seen */
	harm("DELETE FROM audit_event");
	harm("DELETE FROM audit_head");
	for (int k = 0; k < 10; k++)
		add(keys, "a", "a", NOW + k);
	check_seen(keys, &seen, 0);
	harm("DROP TABLE kept");
	harm("CREATE TEMPORARY TABLE kept AS SELECT * FROM audit_head");
	add(keys, "a", "evil", NOW + 11);
	ck_ok(dat_audit_reached(test_conn, keys, &seen, &seen, &stands));
	ck_assert_int_eq(seen.seq, 11);
	harm("DELETE FROM audit_event WHERE seq > 10");
	harm("DELETE FROM audit_head");
	harm("INSERT INTO audit_head SELECT * FROM kept");
	check_seen(keys, &seen, 11);
	add(keys, "a", "good", NOW + 11);
	add(keys, "a", "good", NOW + 12);
	check_seen(keys, &seen, 11);
	harm("DELETE FROM audit_event");
	harm("DELETE FROM audit_head");
	check_seen(keys, &seen, 1);
	/* ends that were forged are not marked */
	add(keys, "a", "a", NOW);
	harm("UPDATE audit_head SET seq = 7");
	ck_ok(dat_audit_reached(test_conn, keys, NULL, &now, &stands));
	ck_assert(!stands);
	harm("DROP TABLE kept");
	dat_keys_free(keys);
}
END_TEST

START_TEST(what_retention_takes_leaves_a_whole_chain)
{
	struct dat_keys *keys = new_keys();
	struct dat_audit_verdict v;
	int64_t n = 0;

	for (int k = 0; k < 10; k++)
		add(keys, "a", "a", NOW + k);
	ck_ok(dat_audit_trim(test_conn, keys, NOW + 6, 4, &n));
	ck_assert_int_eq(n, 4);
	ck_ok(dat_audit_trim(test_conn, keys, NOW + 6, 100, &n));
	ck_assert_int_eq(n, 2);
	ck_ok(dat_audit_trim(test_conn, keys, NOW + 6, 100, &n));
	ck_assert_int_eq(n, 0);
	add(keys, "a", "a", NOW + 20);
	v = verdict(keys);
	ck_assert(v.whole);
	ck_assert_int_eq(v.checked, 5);
	dat_keys_free(keys);
}
END_TEST

static int count(const struct dat_event *e, void *arg)
{
	int64_t *got = arg;

	got[0]++;
	got[1] = e->seq;
	return HWS_OK;
}

START_TEST(events_are_found_by_what_they_say)
{
	struct dat_keys *keys = new_keys();
	struct dat_audit_filter f = { "", "", "", 0, 0, 0, 100 };
	int64_t got[2] = { 0 };

	add(keys, "login.ok", "a", NOW);
	add(keys, "login.failed", "b", NOW + 1);
	add(keys, "loginx", "a", NOW + 2);
	f.kind = "login";
	ck_ok(dat_audit_list(test_conn, &f, count, got));
	ck_assert_int_eq(got[0], 2);
	ck_assert_int_eq(got[1], 1);
	f = (struct dat_audit_filter){ "", "a", "", NOW + 1, 0, 0, 100 };
	got[0] = 0;
	ck_ok(dat_audit_list(test_conn, &f, count, got));
	ck_assert_int_eq(got[0], 1);
	ck_assert_int_eq(got[1], 3);
	f = (struct dat_audit_filter){ "", "", "", 0, 0, 3, 1 };
	got[0] = 0;
	ck_ok(dat_audit_list(test_conn, &f, count, got));
	ck_assert_int_eq(got[0], 1);
	ck_assert_int_eq(got[1], 2);
	dat_keys_free(keys);
}
END_TEST

START_TEST(hostile_texts_are_told_all_the_same)
{
	struct dat_keys *keys = new_keys();
	char big[DAT_AUDIT_INFO_TEXT + 100];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ck_ok(dat_audit_add(test_conn, keys,
			&(struct dat_event){ .kind = "\xff\xfe",
					.actor_name = big,
					.target_name = "'; DROP TABLE audit_event; --",
					.info = big },
			NOW));
	ck_assert(verdict(keys).whole);
	dat_keys_free(keys);
}
END_TEST

static void *add_many(void *arg)
{
	struct sql_conn *c = test_conn_take();

	for (int i = 0; i < 30; i++)
		ck_ok(dat_audit_add(c, arg, &(struct dat_event){ .kind = "t" }, NOW));
	sql_give(c);
	return NULL;
}

START_TEST(writers_stand_in_one_line)
{
	struct dat_keys *keys = new_keys();
	struct dat_audit_verdict v;
	pthread_t t[3];

	add(keys, "first", "a", NOW);
	for (size_t i = 0; i < HWS_COUNT(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, add_many, keys), 0);
	for (size_t i = 0; i < HWS_COUNT(t); i++)
		pthread_join(t[i], NULL);
	v = verdict(keys);
	ck_assert(v.whole);
	ck_assert_int_eq(v.checked, 91);
	dat_keys_free(keys);
}
END_TEST

static int look(const char *key, const char *value, int64_t at, void *arg)
{
	(void)at;
	if (hws_str_equal(key, "secret"))
		ck_assert_ptr_null(value);
	else
		ck_assert_str_eq(value, "two");
	++*(int *)arg;
	return HWS_OK;
}

START_TEST(a_secret_setting_is_sealed)
{
	struct dat_keys *keys = new_keys();
	char buf[40];
	int64_t n = 0;
	int rows = 0;

	ck_ok(dat_setting_put(test_conn, keys, "plain", "one", false, "ann", NOW));
	ck_ok(dat_setting_put(test_conn, keys, "plain", "two", false, "ann", NOW));
	ck_ok(dat_setting_put(test_conn, keys, "secret", "hidden", true, "ann", NOW));
	ck_ok(dat_setting_get(test_conn, keys, "plain", buf, sizeof(buf)));
	ck_assert_str_eq(buf, "two");
	ck_ok(dat_setting_get(test_conn, keys, "secret", buf, sizeof(buf)));
	ck_assert_str_eq(buf, "hidden");
	ck_ok(sql_number(test_conn, "SELECT count(*) FROM setting WHERE sval LIKE '%hidden%'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_setting_list(test_conn, look, &rows));
	ck_assert_int_eq(rows, 2);
	ck_ok(dat_setting_remove(test_conn, "plain"));
	ck_assert_int_eq(dat_setting_get(test_conn, keys, "plain", buf, sizeof(buf)),
			HWS_ERR_NOTFOUND);
	dat_keys_free(keys);
}
END_TEST

START_TEST(other_keys_are_not_taken_for_those_of_the_database)
{
	struct dat_keys *keys = new_keys(), *other = new_keys();

	/* nothing was written yet: any keys may become those of the database */
	ck_ok(dat_key_mark_none(test_conn));
	ck_ok(dat_key_mark_check(test_conn, keys, NOW));
	ck_ok(dat_key_mark_check(test_conn, keys, NOW));
	ck_assert_int_eq(dat_key_mark_none(test_conn), HWS_ERR_CRYPTO);
	ck_assert_int_eq(dat_key_mark_check(test_conn, other, NOW), HWS_ERR_CRYPTO);
	/* a database from before there was a mark: the chain tells */
	ck_ok(dat_setting_remove(test_conn, "keys.mark"));
	add(keys, "login", "ann", NOW);
	ck_assert_int_eq(dat_key_mark_none(test_conn), HWS_ERR_CRYPTO);
	ck_assert_int_eq(dat_key_mark_check(test_conn, other, NOW), HWS_ERR_CRYPTO);
	ck_ok(dat_key_mark_check(test_conn, keys, NOW));
	ck_assert_int_eq(dat_key_mark_check(test_conn, other, NOW), HWS_ERR_CRYPTO);
	dat_keys_free(other);
	dat_keys_free(keys);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/audit",
			TESTS(what_is_done_to_the_chain_shows,
					a_chain_that_was_put_back_is_not_what_was_seen,
					what_retention_takes_leaves_a_whole_chain,
					events_are_found_by_what_they_say,
					hostile_texts_are_told_all_the_same,
					writers_stand_in_one_line, a_secret_setting_is_sealed,
					other_keys_are_not_taken_for_those_of_the_database));
}
