/* The audit in the own API: events by what a person knows of them, pages that stand while more
 * come, an export without a bound, and a chain that shows what was changed in the database. */
#include "admin/data/audit.h"
#include "shared/base/str.h"
#include "tests/component/api/desk.h"
#include "tests/support/suite.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct api api;
static struct desk desk;
static struct dat_keys *keys;

static void set_up(void)
{
	struct hws_error err = { 0 };
	char path[400];

	memset(&api, 0, sizeof(api));
	api_start(&api, NULL, NULL);
	desk_open(&desk, &api);
	(void)snprintf(path, sizeof(path), "%s/state/api.keys", api.dir);
	desk_ok(dat_keys_open(path, &keys, &err));
}

static void tear_down(void)
{
	dat_keys_free(keys);
	desk_close(&desk);
	api_stop(&api);
}

static void event(const char *kind, const char *actor, const char *device, const char *info)
{
	desk_ok(dat_audit_add(desk.c, keys,
			&(struct dat_event){ .kind = kind,
					.actor_name = actor,
					.via = "device",
					.target_kind = "device",
					.target_name = device,
					.ip = "192.0.2.17",
					.info = info },
			desk_now()));
}

static json_t *find(const char *query)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "/api/v1/audit%s", query);
	return json_object_get(api_must(&api, 200, API_LOCAL, "GET", path, NULL), "items");
}

static size_t found(const char *query)
{
	return json_array_size(find(query));
}

START_TEST(events_are_found_by_what_they_are)
{
	json_t *o;

	event("connection.new", "ben", "184726553",
			"{\"peer_id\":\"771203945\",\"session\":\"17446744073709551615\"}");
	event("connection.close", "ben", "184726553", "{}");
	event("file.sent", "", "184726553", "{\"path\":\"C:\\\\geheim.txt\"}");
	event("alarm.brute_force", "", "902115734", "{\"text\":\"30 tries\"}");
	event("login.failed", "<i>root</i>", "", "no json");
	event("device.disable", "anna", "902115734", "{}");
	event("logins.other", "anna", "x", "{}");
	ck_assert_uint_eq(found(""), 7);
	ck_assert_uint_eq(found("?kind=connection"), 2);
	ck_assert_uint_eq(found("?kind=file"), 1);
	ck_assert_uint_eq(found("?kind=alarm"), 1);
	ck_assert_uint_eq(found("?kind=login"), 1);
	ck_assert_uint_eq(found("?kind=console"), 2);
	ck_assert_uint_eq(found("?actor=BEN"), 2);
	ck_assert_uint_eq(found("?device=902115734"), 2);
	ck_assert_uint_eq(found("?device=90211573"), 0);
	ck_assert_uint_eq(found("?address=192.0.2.17"), 7);
	ck_assert_uint_eq(found("?address=192.0.2.1"), 0);
	ck_assert_uint_eq(found("?q=geheim"), 1);
	ck_assert_uint_eq(found("?q=%25"), 0);
	ck_assert_uint_eq(found("?q=%27%20OR%201%3D1"), 0);
	ck_assert_uint_eq(found("?to=1"), 0);
	ck_assert_uint_eq(found("?from=1&kind=connection&actor=b&device=184726553"), 2);
	o = find("?device=184726553&kind=connection");
	ck_assert_str_eq(api_text(o, "1.action"), "new");
	ck_assert_str_eq(api_text(o, "1.peer_id"), "771203945");
	ck_assert_str_eq(api_text(o, "1.detail.session"), "17446744073709551615");
	ck_assert_str_eq(api_text(find("?kind=alarm"), "0.text"), "30 tries");
	ck_assert_str_eq(api_text(find("?kind=login"), "0.actor"), "<i>root</i>");
	ck_assert_str_eq(api_text(find("?kind=console"), "1.action"), "device.disable");
	ck_assert_str_eq(api_text(find("?kind=console"), "1.text"), "Device disable: 902115734");
	api_must(&api, 400, API_LOCAL, "GET", "/api/v1/audit?kind=other", NULL);
	api_must(&api, 400, API_LOCAL, "GET", "/api/v1/audit?cursor=o3", NULL);
}
END_TEST

START_TEST(pages_stand_while_more_comes)
{
	char path[200] = "/api/v1/audit?limit=10";
	int64_t last = INT64_MAX;
	const char *next;
	int n = 0;

	for (int i = 0; i < 35; i++)
		event("device.note", "anna", "x", "{}");
	do {
		json_t *o = api_must(&api, 200, API_LOCAL, "GET", path, NULL), *e;
		size_t i;

		event("device.note", "later", "x", "{}");
		json_array_foreach (json_object_get(o, "items"), i, e) {
			ck_assert_int_lt(api_int(e, "seq"), last);
			last = api_int(e, "seq");
			n++;
		}
		next = json_string_value(json_object_get(o, "next"));
		if (next)
			(void)snprintf(path, sizeof(path), "/api/v1/audit?limit=10&cursor=%s",
					next);
	} while (next);
	ck_assert_int_eq(n, 35);
}
END_TEST

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

START_TEST(all_of_it_is_exported)
{
	const struct api_reply *r;

	desk_ok(sql_begin(desk.c));
	for (int i = 0; i < 1700; i++)
		event("device.note", i % 2 ? "anna" : "=cmd|' /C calc'!A0", "x",
				"{\"text\":\"a, \\\"b\\\"\\nc\"}");
	desk_ok(sql_end(desk.c, HWS_OK));
	r = api_send(&api, API_LOCAL, "GET", "/api/v1/audit/export?format=jsonl", NULL);
	ck_assert_int_eq(r->status, 200);
	ck_assert_ptr_nonnull(strstr(r->head, "application/x-ndjson"));
	/* and that it was exported */
	ck_assert_uint_eq(lines_of(r->body), 1701);
	ck_assert_ptr_nonnull(strstr(r->body, "\"action\":\"audit.export\""));
	r = api_send(&api, API_LOCAL, "GET", "/api/v1/audit/export?format=csv&actor=cmd", NULL);
	ck_assert_ptr_nonnull(strstr(r->head, "attachment; filename=\"audit.csv\""));
	ck_assert_int_eq(strncmp(r->body, "seq,at,kind,", 12), 0);
	/* no sheet takes it for a formula */
	ck_assert_ptr_nonnull(strstr(r->body, "'=cmd|"));
	ck_assert_ptr_null(strstr(r->body, ",=cmd|"));
	ck_assert_ptr_null(strstr(r->body, ",\"=cmd|"));
	ck_assert_uint_eq(lines_of(r->body), 2 * 850 + 1);
	api_must(&api, 400, API_LOCAL, "GET", "/api/v1/audit/export?format=xml", NULL);
}
END_TEST

START_TEST(a_changed_row_is_seen)
{
	json_t *o;

	for (int i = 0; i < 20; i++)
		event("device.note", "anna", "x", "{}");
	o = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/audit/verify", NULL);
	ck_assert(json_is_true(api_at(o, "ok")));
	ck_assert_int_eq(api_int(o, "checked"), 20);
	ck_assert(json_is_null(api_at(o, "first_bad")));
	desk_ok(sql_run(desk.c, "UPDATE audit_event SET actor_name = 'ben' WHERE seq = 7",
			SQL_NONE));
	o = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/audit/verify", NULL);
	ck_assert(!json_is_true(api_at(o, "ok")));
	ck_assert_int_eq(api_int(o, "first_bad"), 7);
	desk_ok(sql_run(desk.c, "DELETE FROM audit_event WHERE seq = 7", SQL_NONE));
	ck_assert_int_eq(api_int(api_must(&api, 200, API_LOCAL, "POST", "/api/v1/audit/verify",
						 NULL),
					 "first_bad"),
			7);
}
END_TEST

static bool marked(void *arg)
{
	const char *seq = arg; /* "17 " */
	char path[400], line[100] = "";
	FILE *f;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/state/audit.mark", api.dir);
	f = fopen(path, "r");
	ok = f && fgets(line, sizeof(line), f) && strncmp(line, seq, strlen(seq)) == 0;
	if (f)
		(void)fclose(f);
	return ok;
}

/* The database as it was, the record of the ends and all: the chain alone is whole. */
START_TEST(an_audit_that_was_put_back_is_seen)
{
	struct stat st;
	char path[400];
	char seq[] = "15 ";
	json_t *o;

	for (int i = 0; i < 15; i++) {
		if (i == 10)
			desk_ok(sql_run(desk.c, "CREATE TABLE kept AS SELECT * FROM audit_head",
					SQL_NONE));
		event("device.note", "anna", "x", "{}");
	}
	ck_assert(test_until(marked, seq, TEST_PATIENCE_MS));
	(void)snprintf(path, sizeof(path), "%s/state/audit.mark", api.dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	desk_ok(sql_run(desk.c, "DELETE FROM audit_event WHERE seq > 10", SQL_NONE));
	desk_ok(sql_run(desk.c, "DELETE FROM audit_head", SQL_NONE));
	desk_ok(sql_run(desk.c, "INSERT INTO audit_head SELECT * FROM kept", SQL_NONE));
	o = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/audit/verify", NULL);
	ck_assert(json_is_false(api_at(o, "ok")));
	ck_assert_int_eq(api_int(o, "first_bad"), 11);
	ck_assert_ptr_nonnull(strstr(api_text(o, "text"), "put back"));
	(void)test_proc_must_expect(&api.proc, "audit.put_back", TEST_PATIENCE_MS);
	/* nor is it forgotten, whatever follows */
	event("device.note", "anna", "x", "{}");
	ck_assert_int_eq(test_proc_stop(&api.proc), 0); /* which looks at it a last time */
	ck_assert(marked(seq));
}
END_TEST

START_TEST(who_may_read_it)
{
	char eve[DAT_GUID_TEXT], ann[DAT_GUID_TEXT];

	desk_account(&desk, "eve", DAT_ROLE_AUDITOR, "", eve);
	desk_account(&desk, "ann", DAT_ROLE_OPERATOR, "", ann);
	api_must(&api, 200, desk_token(&desk, eve, "audit:r"), "GET", "/api/v1/audit", NULL);
	api_must(&api, 403, desk_token(&desk, eve, "book:rw"), "GET", "/api/v1/audit", NULL);
	api_must(&api, 403, desk_token(&desk, ann, "audit:rw"), "GET", "/api/v1/audit", NULL);
	api_must(&api, 403, desk_token(&desk, ann, "audit:rw"), "GET", "/api/v1/audit/export",
			NULL);
	api_must(&api, 401, API_NOBODY, "GET", "/api/v1/audit/export", NULL);
	api_must(&api, 401, desk_client(&desk, eve), "GET", "/api/v1/audit", NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api/audit");
	TCase *c = test_case(s, "audit", 60,
			TESTS(events_are_found_by_what_they_are, pages_stand_while_more_comes,
					all_of_it_is_exported, a_changed_row_is_seen,
					an_audit_that_was_put_back_is_seen, who_may_read_it));

	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
