/* host/audit_log: each event is a line that a program can read, whatever names and numbers are in
 * it, and a flood is counted instead of filling the disk. */
#include "client/host/audit_budget.h"
#include "client/host/audit_log.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256], path[300];
static struct hws_loop *loop;
static struct hws_audit_log *audit;

static void setup(void)
{
	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/" HWS_AUDIT_FILE, dir);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_audit_log_new(loop, dir, &audit), HWS_OK);
}

static void finish(void)
{
	hws_audit_log_free(audit);
	audit = NULL;
}

static void teardown(void)
{
	finish();
	hws_loop_free(loop);
}

/* All lines, as an array. */
static json_t *lines(void)
{
	json_t *list = json_array();
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "re");

	ck_assert_ptr_nonnull(f);
	while (getline(&line, &size, f) > 0) {
		json_t *o = json_loads(line, 0, NULL);

		ck_assert_msg(json_is_object(o), "no JSON: %s", line);
		json_array_append_new(list, o);
	}
	fclose(f);
	free(line);
	return list;
}

static const char *text(json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

START_TEST(an_event_is_one_line)
{
	static const uint8_t name[] = "a\n\"\x1b[2J\xff\0b";
	struct hws_audit_entry e = { .event = "file.written",
		.agent = "files",
		.account = "anna",
		.conn = 7,
		.peer = "192.0.2.1:5",
		.id = "987",
		.name = "A \"B\"",
		.path = hws_bytes(name, sizeof(name) - 1),
		.bytes = 1ull << 40,
		.has_result = true,
		.result = HWS_ERR_DENIED };
	json_t *list, *o;

	hws_audit_log_add(audit, &e);
	hws_audit_log_add(audit, &(struct hws_audit_entry){ .event = "session.open" });
	finish();
	list = lines();
	ck_assert_uint_eq(json_array_size(list), 2);
	o = json_array_get(list, 0);
	ck_assert_str_eq(text(o, "event"), "file.written");
	ck_assert_str_eq(text(o, "path"), "a\\x0a\\x22\\x1b[2J\\xff\\x00b");
	ck_assert_str_eq(text(o, "name"), "A \\x22B\\x22");
	ck_assert_str_eq(text(o, "result"), hws_err_text(HWS_ERR_DENIED));
	ck_assert(json_integer_value(json_object_get(o, "bytes")) == 1ll << 40);
	ck_assert_uint_eq(strlen(text(o, "time")), 27);
	/* what is empty is left out */
	ck_assert_uint_eq(json_object_size(json_array_get(list, 1)), 2);
	json_decref(list);
}
END_TEST

START_TEST(an_event_is_written_without_being_asked)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	struct stat st;

	hws_audit_log_add(audit, &(struct hws_audit_entry){ .event = "session.open" });
	while (stat(path, &st) < 0 || !st.st_size) {
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(loop, 10000);
	}
}
END_TEST

/* What an agent in foreign hands could say as a token. */
START_TEST(a_token_stays_one)
{
	json_t *list;

	hws_audit_log_add(audit,
			&(struct hws_audit_entry){
					.event = "a b\n\"\xff{}........................" });
	finish();
	list = lines();
	ck_assert_str_eq(text(json_array_get(list, 0), "event"), "a_b_____.......................");
	json_decref(list);
}
END_TEST

START_TEST(a_flood_is_counted)
{
	uint64_t single = 0, counted = 0, bytes = 0;
	json_t *list, *o;
	size_t i;

	for (unsigned n = 0; n < 30000; n++)
		hws_audit_log_add(audit,
				&(struct hws_audit_entry){
						.event = "file.read", .conn = 3, .bytes = 2 });
	hws_audit_log_lost(audit, 17);
	finish();
	list = lines();
	json_array_foreach (list, i, o) {
		uint64_t count = (uint64_t)json_integer_value(json_object_get(o, "count"));

		if (!strcmp(text(o, "event"), "audit.lost")) {
			ck_assert_uint_eq(count, 17);
			continue;
		}
		ck_assert_int_eq(json_integer_value(json_object_get(o, "conn")), 3);
		single += !count;
		counted += count;
		bytes += (uint64_t)json_integer_value(json_object_get(o, "bytes"));
	}
	ck_assert_uint_eq(single + counted, 30000);
	ck_assert_uint_eq(bytes, 60000);
	ck_assert_uint_ge(counted, 5000);
	json_decref(list);
}
END_TEST

static unsigned written_one_by_one(json_t *list, const char *event, int session)
{
	unsigned n = 0;
	size_t i;
	json_t *o;

	json_array_foreach (list, i, o)
		n += !strcmp(text(o, "event"), event) && !json_object_get(o, "count") &&
				json_integer_value(json_object_get(o, "conn")) == session;
	return n;
}

/* One session's flood takes nobody else's lines, nor those of its own that matter most. */
START_TEST(a_session_has_a_budget_of_its_own)
{
	struct hws_audit_entry e = { .event = "file.read", .conn = 3, .session = 3 };
	json_t *list;

	for (unsigned n = 0; n < 25000; n++)
		hws_audit_log_add(audit, &e);
	e.event = "file.removed";
	hws_audit_log_add(audit, &e);
	e.event = "session.closed";
	e.always = true;
	hws_audit_log_add(audit, &e);
	e = (struct hws_audit_entry){ .event = "file.read", .conn = 4, .session = 4 };
	hws_audit_log_add(audit, &e);
	finish();
	list = lines();
	ck_assert_uint_lt(written_one_by_one(list, "file.read", 3), 24000);
	ck_assert_uint_eq(written_one_by_one(list, "file.removed", 3), 1);
	ck_assert_uint_eq(written_one_by_one(list, "session.closed", 3), 1);
	ck_assert_uint_eq(written_one_by_one(list, "file.read", 4), 1);
	json_decref(list);
}
END_TEST

/* More sessions than have a place; strangers do not get a new budget by that. */
START_TEST(the_table_of_budgets_is_bounded)
{
	struct hws_audit_budget b;

	hws_audit_budget_init(&b, 1, 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert(hws_audit_budget_take(&b, 0, "x", 1));
	for (uint64_t s = 1; s < 3 * HWS_AUDIT_SESSIONS; s++)
		for (unsigned i = 0; i <= 10; i++)
			ck_assert_int_eq(hws_audit_budget_take(&b, s, "x", s), i < 10);
	ck_assert(!hws_audit_budget_take(&b, 0, "x", 1));
	ck_assert(hws_audit_budget_take(&b, 0, "file.removed", 1));
	ck_assert_uint_eq(b.shares, HWS_AUDIT_SESSIONS);
}
END_TEST

START_TEST(many_kinds_of_a_flood_are_counted_too)
{
	uint64_t all = 0, lost = 0;
	json_t *list, *o;
	size_t i;

	for (unsigned n = 0; n < 21000; n++)
		hws_audit_log_add(audit,
				&(struct hws_audit_entry){ .event = "file.read", .conn = n });
	finish();
	list = lines();
	json_array_foreach (list, i, o) {
		uint64_t count = (uint64_t)json_integer_value(json_object_get(o, "count"));

		if (!strcmp(text(o, "event"), "audit.lost"))
			lost += count;
		else
			all += count ? count : 1;
	}
	ck_assert_uint_eq(all + lost, 21000);
	ck_assert_uint_ge(lost, 1);
	json_decref(list);
}
END_TEST

int main(void)
{
	return test_main("host/audit_log", 60, setup, teardown,
			TESTS(an_event_is_one_line, an_event_is_written_without_being_asked,
					a_token_stays_one, a_flood_is_counted,
					a_session_has_a_budget_of_its_own,
					the_table_of_budgets_is_bounded,
					many_kinds_of_a_flood_are_counted_too));
}
