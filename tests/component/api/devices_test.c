/* What deployed hosts send: signs of life and strategies, what they are, connections, enrolment, a
 * change of sides. On the real program; what an operator would have set is put into its database
 * beside it, as another node would. */
#include "admin/data/beats.h"
#include "admin/data/books.h"
#include "admin/data/conn_log.h"
#include "admin/data/enrol.h"
#include "admin/data/groups.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/identity.h"
#include "tests/component/api/device_ground.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ID "123456789"
#define UUID "dXVpZC1hbm4="
#define SESSION "17446744073709551615"
#define BEAT "/api/heartbeat"
#define WHO "'id':'" ID "','uuid':'" UUID "'"
#define CONN "/api/audit/conn"

static struct ground g;

static void set_up(void)
{
	ground_start(&g, NULL);
}

static void tear_down(void)
{
	ground_stop(&g);
}

static const struct api_reply *post(const char *path, const char *body)
{
	return api_call(&g.api, API_NOBODY, "POST", path, "%s", body);
}

static void must_be(const struct api_reply *r, int status, const char *body)
{
	ck_assert_msg(r->status == status && strcmp(r->body, body) == 0, "%d %s, not %d %s",
			r->status, r->body, status, body);
}

static void must_be_blank(const struct api_reply *r)
{
	must_be(r, 200, "");
	ck_assert_ptr_nonnull(strstr(r->head, "Content-Length: 0\r\n"));
}

/* --- signs of life ---------------------------------------------------------------------------- */

static int64_t set_options(const char *guid, const char *const *pairs)
{
	struct dat_option o[4] = { 0 };
	struct dat_strategy s;
	size_t n = 0;

	for (; pairs[2 * n]; n++) {
		ck_ok(hws_str_copy(o[n].key, sizeof(o[n].key), pairs[2 * n]));
		ck_ok(hws_str_copy(o[n].value, sizeof(o[n].value), pairs[2 * n + 1]));
	}
	ck_ok(dat_strategy_set_options(g.c, guid, o, n, ground_now()));
	ck_ok(dat_strategy_get(g.c, guid, &s));
	return s.modified_at;
}

/* All values are texts, and no key needs an escape: clients drop what is otherwise. */
static void must_be_texts(const json_t *reply)
{
	json_t *options = api_at(reply, "strategy.config_options"), *value;
	const char *key;

	ck_assert(json_is_object(options));
	json_object_foreach (options, key, value) {
		ck_assert(json_is_string(value));
		ck_assert_ptr_null(strpbrk(key, "\\\""));
	}
}

static json_t *beat_until_number(int64_t has, int64_t want)
{
	int64_t end = ground_now() + 60000;

	while (ground_now() < end) {
		const struct api_reply *r = api_call(&g.api, API_NOBODY, "POST", BEAT,
				"{" WHO ",'ver':1004090,'modified_at':%lld}", (long long)has);

		ck_assert_int_eq(r->status, 200);
		if (api_at(r->json, "modified_at") && api_int(r->json, "modified_at") == want) {
			must_be_texts(r->json);
			return r->json;
		}
		(void)usleep(100000);
	}
	ck_abort_msg("no strategy within a minute");
}

START_TEST(a_strategy_comes_with_a_heartbeat_and_is_taken_back)
{
	static const char *const first[] = { "enable-file-transfer", "Y", "enable-tunnel", "N",
		NULL };
	static const char *const second[] = { "enable-file-transfer", "N", "verification-method",
		"use-permanent-password", "strange\"key", "x", NULL };
	const char *guid = ground_device(&g, ID, UUID);
	char dev[DAT_GUID_TEXT], base[DAT_GUID_TEXT], beat[200];
	int64_t one, two;
	json_t *reply;

	ck_ok(hws_str_copy(dev, sizeof(dev), guid));
	must_be(post(BEAT, "{" WHO ",'ver':1004090,'modified_at':0}"), 200, "{}");
	must_be(post(BEAT, "{" WHO ",'ver':1004090,'modified_at':0}"), 200, "{}");
	ck_ok(dat_strategy_add(g.c, "base", "", ground_now(), base));
	one = set_options(base, first);
	ck_ok(dat_strategy_assign(g.c, base, DAT_TARGET_DEVICE, dev, ground_now()));
	reply = beat_until_number(0, one);
	ck_assert_str_eq(api_text(reply, "strategy.config_options.enable-tunnel"), "N");
	(void)snprintf(beat, sizeof(beat), "{" WHO ",'modified_at':%lld}", (long long)one);
	must_be(post(BEAT, beat), 200, "{}");
	two = set_options(base, second);
	reply = beat_until_number(one, two);
	ck_assert_str_eq(api_text(reply, "strategy.config_options.enable-file-transfer"), "N");
	ck_assert_str_eq(api_text(reply, "strategy.config_options.enable-tunnel"), "");
	ck_assert_uint_eq(json_object_size(api_at(reply, "strategy.config_options")), 3);
	(void)snprintf(beat, sizeof(beat), "{" WHO ",'modified_at':%lld}", (long long)two);
	must_be(post(BEAT, beat), 200, "{}");
	must_be(post(BEAT, beat), 200, "{}");
	/* it comes from another server */
	reply = beat_until_number(1756000000, two);
	must_be(post(BEAT, beat), 200, "{}");
	ck_ok(dat_strategy_assign(g.c, "", DAT_TARGET_DEVICE, dev, ground_now()));
	reply = beat_until_number(two, 0);
	ck_assert_str_eq(api_text(reply, "strategy.config_options.enable-file-transfer"), "");
	ck_assert_str_eq(api_text(reply, "strategy.config_options.verification-method"), "");
	(void)beat_until_number(two, 0);
	must_be(post(BEAT, "{" WHO ",'modified_at':0}"), 200, "{}");
}
END_TEST

START_TEST(a_connection_is_closed_by_a_heartbeat)
{
	char dev[DAT_GUID_TEXT];

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, UUID)));
	must_be(post(BEAT, "{" WHO ",'conns':[3,7],'modified_at':0}"), 200, "{}");
	ck_ok(dat_end_ask(g.c, dev, 7, "ann", ground_now()));
	ground_until(&g, BEAT, "{" WHO ",'conns':[3,7],'modified_at':0}", "{\"disconnect\":[7]}");
	must_be(post(BEAT, "{" WHO ",'conns':[3],'modified_at':0}"), 200, "{}");
	/* a device that is disabled has none */
	ck_ok(dat_device_set_status(g.c, dev, DAT_DEVICE_OFF, ground_now()));
	ground_until(&g, BEAT, "{" WHO ",'conns':[3],'modified_at':0}", "{\"disconnect\":[3]}");
}
END_TEST

START_TEST(nobody_speaks_for_another_device)
{
	struct dat_device d;
	char dev[DAT_GUID_TEXT];

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, UUID)));
	must_be(post(BEAT, "{'id':'" ID "','uuid':'b3RoZXI=','conns':[1],'modified_at':0}"), 200,
			"{}");
	must_be(post(BEAT, "{'id':'" ID "','modified_at':0}"), 200, "{}");
	must_be(post(BEAT, "{'id':'no','uuid':'no','modified_at':0}"), 200, "{}");
	must_be_blank(post(CONN,
			"{'id':'" ID "','uuid':'b3RoZXI=','conn_id':1,'session_id':0,"
			"'action':'new','nonce':'n'}"));
	ck_assert_int_eq(post(BEAT, "{'uuid':'x'}")->status, 400);
	ck_assert_int_eq(post(BEAT, "{'id':{},'uuid':'x'}")->status, 400);
	ck_assert_int_eq(post(BEAT, "[]")->status, 400);
	ck_assert_int_eq(post(BEAT, "{")->status, 400);
	/* what was refused has changed nothing */
	(void)test_proc_stop(&g.api.proc);
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_int_eq(d.last_online, 0);
	{
		int64_t n = -1;

		ck_ok(sql_number(g.c, "SELECT count(*) FROM audit_conn", SQL_NONE, &n));
		ck_assert_int_eq(n, 0);
	}
}
END_TEST

START_TEST(what_was_heard_is_written_before_the_end)
{
	struct dat_device d;
	char dev[DAT_GUID_TEXT];

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, UUID)));
	must_be(post(BEAT, "{" WHO ",'conns':[3],'modified_at':0}"), 200, "{}");
	(void)test_proc_stop(&g.api.proc);
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_int_gt(d.last_online, 0);
	ck_assert_str_eq(d.last_ip, "127.0.0.1");
}
END_TEST

START_TEST(an_operator_sees_how_they_are_answered)
{
	static const char *const more[] = { "--metrics", "--metrics-port", "0", NULL };
	const char *page;

	ground_stop(&g);
	ground_start(&g, more);
	(void)ground_device(&g, ID, UUID);
	for (int i = 0; i < 3; i++)
		must_be(post(BEAT, "{" WHO ",'modified_at':0}"), 200, "{}");
	must_be(post(BEAT, "{'id':'1','uuid':'2'}"), 200, "{}");
	g.api.port = test_line_number(strstr(g.api.proc.log, "listening"), "metrics=");
	page = api_send(&g.api, API_NOBODY, "GET", "/metrics", NULL)->body;
	ck_assert_ptr_nonnull(strstr(page, "hawser_api_heartbeats_total{from=\"memory\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(page, "hawser_api_heartbeats_total{from=\"database\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(page, "hawser_api_reports_foreign_total 1\n"));
	ck_assert_ptr_nonnull(strstr(page, "hawser_api_devices_remembered 1\n"));
}
END_TEST

/* --- what they are ---------------------------------------------------------------------------- */

#define INFO                                                                                       \
	"'cpu':'Intel(R) Core(TM) i5-8350U, 1.66GHz, 8/4 cores','memory':'15.55GB','os':'debian "  \
	"/ Linux 12 Debian GNU/Linux','hostname':'plant7-hmi','username':'op1','version':'1.4.9'"

START_TEST(a_device_says_what_it_is)
{
	char dev[DAT_GUID_TEXT], preset[DAT_PRESET_TEXT];
	const struct api_reply *r;
	struct dat_device d;

	ck_ok(dat_device_register(g.c, ID, UUID, false, ground_now(), dev));
	/* it is asked to */
	must_be(post(BEAT, "{" WHO ",'modified_at':0}"), 200, "{\"sysinfo\":true}");
	r = post("/api/sysinfo",
			"{" INFO "," WHO ",'preset-device-group-name':'Plant 7','preset-user-name':"
			"'ann','preset-address-book-name':'Plant 7','preset-address-book-tag':"
			"'hmi'}");
	must_be(r, 200, "SYSINFO_UPDATED");
	ck_assert_ptr_nonnull(strstr(r->head, "Content-Type: text/plain; charset=utf-8\r\n"));
	must_be(post(BEAT, "{" WHO ",'modified_at':0}"), 200, "{}");
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.name, "plant7-hmi");
	ck_assert_str_eq(d.version, "1.4.9");
	/* what its installer would like waits for somebody to look at it */
	ck_assert_str_eq(d.group_name, "");
	ck_assert_str_eq(d.owner_name, "");
	ck_ok(dat_preset_get(g.c, dev, preset, sizeof(preset)));
	ck_assert_ptr_nonnull(strstr(preset, "\"group\":\"Plant 7\""));
	{
		char path[100];

		(void)snprintf(path, sizeof(path), "/api/v1/devices/%s", dev);
		ck_assert_str_eq(api_text(api_must(&g.api, 200, API_LOCAL, "GET", path, NULL),
						 "proposed.user"),
				"ann");
	}
	/* hostile texts are cut and cleaned, never refused */
	must_be(post("/api/sysinfo", "{" WHO ",'hostname':'a\\u0007b','os':17,'cpu':{}}"), 200,
			"SYSINFO_UPDATED");
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.name, "a b");
	/* somebody who registers at this moment may ask again at once */
	must_be(post("/api/sysinfo", "{" INFO ",'id':'987','uuid':'x'}"), 200, "ID_NOT_FOUND");
	ck_assert_int_eq(post("/api/sysinfo_ver", "{}")->status, 200);
}
END_TEST

/* --- connections ------------------------------------------------------------------------------ */

#define NEW                                                                                        \
	"{" WHO ",'conn_id':3,'session_id':0,'ip':'203.0.113.9','action':'new','conn_audit_ref':"  \
	"'ar_77','nonce':'0b0e6d8e-8f6c-4a36-9a53-0c7b2a5b7a01'}"
#define AUTHORISED                                                                                 \
	"{" WHO ",'conn_id':3,'session_id':" SESSION ",'peer':['987654321','ANN-PC'],'type':0,"    \
	"'primary_auth':3,'two_factor':1,'nonce':'0b0e6d8e-8f6c-4a36-9a53-0c7b2a5b7a02'}"
#define CLOSE                                                                                      \
	"{" WHO ",'conn_id':3,'session_id':" SESSION ",'action':'close','nonce':"                  \
	"'0b0e6d8e-8f6c-4a36-9a53-0c7b2a5b7a03'}"
#define ACTIVE "/api/audit/conn/active?id=" ID "&session_id=" SESSION "&conn_type=0"

static int count_conn(const char *where)
{
	int64_t n = -1;

	ck_ok(sql_number(g.c, "SELECT count(*) FROM audit_conn WHERE session_id = $1",
			SQL_P(SQL_T(where)), &n));
	return (int)n;
}

START_TEST(a_connection_is_recorded_once)
{
	struct api_as ann = ground_client(&g, "ann", "987654321");
	struct api_as bob = ground_client(&g, "bob", "555");
	struct dat_account account;
	struct dat_conn l;
	char guid[DAT_GUID_TEXT], note[200];
	const struct api_reply *r;

	(void)ground_device(&g, ID, UUID);
	ck_ok(dat_account_find(g.c, "ann", &account));
	ck_ok(sql_run(g.c,
			"INSERT INTO audit_ref (ref, account_guid, session_guid, device_id, "
			"expires_at) VALUES ('ar_77', $1, 's', '" ID "', $2)",
			SQL_P(SQL_T(account.guid), SQL_I(ground_now() + 600000))));
	must_be_blank(post(CONN, NEW));
	must_be(api_call(&g.api, ann, "GET", ACTIVE, NULL), 200, "\"\"");
	must_be_blank(post(CONN, AUTHORISED));
	must_be_blank(post(CONN, AUTHORISED)); /* it saw no answer */
	ck_assert_int_eq(count_conn(SESSION), 1);
	r = api_call(&g.api, ann, "GET", ACTIVE, NULL);
	ck_assert_int_eq(r->status, 200);
	ck_assert(json_is_string(r->json) && strlen(json_string_value(r->json)) == 36);
	ck_ok(hws_str_copy(guid, sizeof(guid), json_string_value(r->json)));
	must_be(api_call(&g.api, bob, "GET", ACTIVE, NULL), 200, "\"\"");
	ck_assert_int_eq(api_call(&g.api, API_NOBODY, "GET", ACTIVE, NULL)->status, 401);
	(void)snprintf(note, sizeof(note), "{'guid':'%s','note':'replaced cable'}", guid);
	must_be_blank(api_call(&g.api, ann, "PUT", "/api/audit", "%s", note));
	must_be(api_call(&g.api, bob, "PUT", "/api/audit", "%s", note), 403,
			"{\"error\":\"Permission denied\"}");
	must_be_blank(post(CONN, CLOSE));
	must_be_blank(post(CONN, CLOSE));
	ck_ok(dat_conn_get(g.c, guid, &l));
	ck_assert_str_eq(l.session_id, SESSION);
	ck_assert_str_eq(l.account_name, "ann");
	ck_assert_str_eq(l.peer_name, "ANN-PC");
	ck_assert_str_eq(l.ip, "203.0.113.9");
	ck_assert_str_eq(l.note, "replaced cable");
	ck_assert_int_gt(l.end_at, 0);
	must_be(api_call(&g.api, ann, "GET", ACTIVE, NULL), 200, "\"\"");
}
END_TEST

START_TEST(a_device_reports_no_more_than_it_may)
{
	static const char say[] = "{'id':'%s','uuid':'" UUID "','typ':0,'info':'{}','pad':'%s'}";
	static char pad[30000];
	int stored = 0;

	(void)ground_device(&g, "223456789", UUID);
	(void)ground_device(&g, ID, UUID);
	memset(pad, 'x', sizeof(pad) - 1);
	/* what somebody else sends in its name takes nothing off it */
	for (int i = 0; i < 200; i++)
		must_be_blank(post(
				"/api/audit/alarm", "{'id':'" ID "','uuid':'b3RoZXI=','typ':0}"));
	while (stored < 700 &&
			api_call(&g.api, API_NOBODY, "POST", "/api/audit/alarm", say, ID, pad)
							->status == 200)
		stored++;
	ck_assert_int_ge(stored, 3000 / (5 + 29));
	ck_assert_int_lt(stored, 700);
	must_be_blank(api_call(
			&g.api, API_NOBODY, "POST", "/api/audit/alarm", say, "223456789", ""));
}
END_TEST

START_TEST(a_viewers_note_needs_the_number_of_its_session)
{
	(void)ground_device(&g, ID, UUID);
	must_be_blank(post(CONN, NEW));
	must_be_blank(post(CONN, AUTHORISED));
	must_be_blank(post(CONN, "{'id':'" ID "','session_id':1,'note':'guess'}"));
	must_be_blank(post(CONN,
			"{'id':'" ID "','session_id':" SESSION ",'note':'line 1\\u000aline "
			"2'}"));
	ck_assert_int_eq(count_conn(SESSION), 1);
	{
		int64_t n = 0;

		ck_ok(sql_number(g.c, "SELECT count(*) FROM audit_conn WHERE note <> ''", SQL_NONE,
				&n));
		ck_assert_int_eq(n, 1);
	}
}
END_TEST

START_TEST(files_and_alarms_reach_the_chain)
{
	int64_t n = 0;

	(void)ground_device(&g, ID, UUID);
	must_be_blank(post("/api/audit/file",
			"{" WHO ",'conn_id':3,'peer_id':'987654321','type':0,'path':'/srv/x',"
			"'is_file':true,'info':'{\\\"ip\\\":\\\"203.0.113.9\\\",\\\"name\\\":\\\"ANN\\\","
			"\\\"num\\\":1,\\\"files\\\":[[\\\"a.txt\\\",17]]}','nonce':'f1'}"));
	must_be_blank(post("/api/audit/file",
			"{" WHO ",'conn_id':3,'peer_id':'','type':1,'path':'','is_file':false,"
			"'info':'no json','nonce':'f2'}"));
	must_be_blank(post("/api/audit/alarm",
			"{" WHO ",'typ':1,'info':'{\\\"id\\\":\\\"66\\\",\\\"ip\\\":\\\"203.0.113.9"
			"\\\"}','nonce':'a1'}"));
	must_be_blank(post("/api/audit/alarm", "{" WHO ",'typ':9999,'info':[],'nonce':'a2'}"));
	ck_ok(sql_number(g.c, "SELECT count(*) FROM audit_file", SQL_NONE, &n));
	ck_assert_int_eq(n, 2);
	ck_ok(sql_number(g.c,
			"SELECT count(*) FROM audit_event WHERE kind IN ('file.sent', "
			"'file.received', 'alarm.thirty_attempts', 'alarm.other') AND target_name = "
			"'" ID "'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 4);
	ck_ok(sql_number(g.c, "SELECT count(*) FROM audit_alarm WHERE typ = 9999", SQL_NONE, &n));
	ck_assert_int_eq(n, 1);
	/* of guessing passwords the operator hears */
	ck_ok(sql_number(g.c, "SELECT count(*) FROM alarm_said", SQL_NONE, &n));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(post(CONN, "{" WHO ",'action':'new'}")->status, 400);
	ck_assert_int_eq(post(CONN, "{" WHO ",'conn_id':1,'action':'other'}")->status, 400);
}
END_TEST

START_TEST(what_could_not_be_stored_is_taken_again)
{

	(void)ground_device(&g, ID, UUID);
	/* the table is away, as a database that fails */
	ck_ok(sql_run(g.c, "ALTER TABLE audit_conn RENAME TO away", SQL_NONE));
	must_be(post(CONN, NEW), 200, "{\"error\":\"storage\"}");
	ck_ok(sql_run(g.c, "ALTER TABLE away RENAME TO audit_conn", SQL_NONE));
	must_be_blank(post(CONN, NEW));
	ck_assert_int_eq(count_conn("0"), 1);
}
END_TEST

/* --- enrolment -------------------------------------------------------------------------------- */

START_TEST(a_token_puts_a_device_to_its_place)
{
	struct api_as t1 = ground_ruler(&g, "root"), reader = ground_token(&g, "root", false);
	struct api_as devices_only = ground_token(&g, "root", true);
	char base[DAT_GUID_TEXT], group[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], book[DAT_GUID_TEXT];
	char dev[DAT_GUID_TEXT];
	struct dat_strategy_due due;
	struct dat_device d;

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, UUID)));
	ck_ok(dat_account_add(g.c,
			&(struct dat_account_new){ .name = "bob", .status = DAT_ENABLED },
			ground_now(), bob));
	ck_ok(dat_group_add(g.c, DAT_DEVICE_GROUP, "Plant 7", "", ground_now(), group));
	ck_ok(dat_book_add(g.c, bob, "Plant 7", "", ground_now(), book));
#define PLACE                                                                                      \
	"{" WHO ",'user_name':'bob','device_group_name':'Plant 7','strategy_name':'base',"         \
	"'address_book_name':'Plant 7','address_book_tag':'hmi','address_book_alias':'HMI 2',"     \
	"'note':'moved'}"
	must_be(api_call(&g.api, t1, "POST", "/api/devices/cli", PLACE), 400,
			"{\"error\":\"Strategy not found: base\"}");
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.owner_name, "");
	ck_ok(dat_strategy_add(g.c, "base", "", ground_now(), base));
	/* whoever owns a device reaches it: that takes the right to write rules */
	ck_assert_int_eq(api_call(&g.api, devices_only, "POST", "/api/devices/cli", PLACE)->status,
			403);
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.owner_name, "");
	ck_assert_str_eq(d.group_name, "");
	must_be_blank(api_call(&g.api, devices_only, "POST", "/api/devices/cli",
			"{" WHO ",'device_group_name':'Plant 7','note':'came'}"));
	must_be_blank(api_call(&g.api, t1, "POST", "/api/devices/cli", PLACE));
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.owner_name, "bob");
	ck_assert_str_eq(d.group_name, "Plant 7");
	ck_assert_str_eq(d.note, "moved");
	ck_ok(dat_strategy_due(g.c, dev, 0, NULL, NULL, &due));
	ck_assert_str_eq(due.guid, base);
	{
		int64_t n = 0;

		ck_ok(sql_number(g.c, "SELECT count(*) FROM ab_entry WHERE alias = 'HMI 2'",
				SQL_NONE, &n));
		ck_assert_int_eq(n, 1);
	}
	must_be_blank(api_call(&g.api, t1, "POST", "/api/devices/cli",
			"{" WHO ",'user_name':'-','strategy_name':''}"));
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.owner_name, "");
	ck_assert_str_eq(d.group_name, "Plant 7");
	ck_assert_int_eq(api_call(&g.api, reader, "POST", "/api/devices/cli", PLACE)->status, 403);
	ck_assert_int_eq(post("/api/devices/cli", PLACE)->status, 401);
	ck_assert_int_eq(api_call(&g.api, t1, "POST", "/api/devices/cli",
					 "{'id':'404','uuid':'x','note':'n'}")
					 ->status,
			400);
}
END_TEST

#define DEPLOY "/api/devices/deploy"

START_TEST(a_device_is_deployed)
{
	struct api_as t1 = ground_token(&g, "root", true);
	struct dat_device d;

#define TRIPLE                                                                                     \
	"{'id':'555000111','uuid':'bmV3LXV1aWQ=','pk':"                                            \
	"'A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg='}"
	must_be(api_call(&g.api, t1, "POST", DEPLOY, TRIPLE), 200, "{\"result\":\"OK\"}");
	must_be(api_call(&g.api, t1, "POST", DEPLOY, TRIPLE), 200, "{\"result\":\"OK\"}");
	must_be(api_call(&g.api, t1, "POST", DEPLOY,
				"{'id':'555000111','uuid':'b3RoZXI=','pk':"
				"'A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg='}"),
			200, "{\"result\":\"ID_TAKEN\"}");
	must_be(api_call(&g.api, t1, "POST", DEPLOY,
				"{'id':'555000112','uuid':'b3RoZXI=','pk':'A6EH'}"),
			200, "{\"result\":\"INVALID_INPUT\"}");
	ck_ok(dat_device_find(g.c, "555000111", &d));
	ck_assert_int_eq(d.status, DAT_DEVICE_ON);
	ck_assert_int_eq(post(DEPLOY, TRIPLE)->status, 401);
}
END_TEST

/* A grant as a host makes it. */
static void sign_grant(const struct hws_identity *id, long long at, char *body, size_t size)
{
	static const char verifier[] = "Km1fj4MQO8h6pTaAT6gKu26kX4B6axReEGEKB/a5t2o=";
	uint8_t sig[64];
	char text[200], sig_text[100];
	int n = snprintf(text, sizeof(text), "switch-grant%c" ID "%c%s%c%lld", 0, 0, verifier, 0,
			at);

	hws_identity_sign(id, hws_bytes(text, (size_t)n), sig);
	ck_ok(hws_base64_encode(hws_bytes(sig, sizeof(sig)), sig_text, sizeof(sig_text)));
	(void)snprintf(body, size,
			"{'id':'" ID "','switch_code_verifier':'%s','timestamp':'%lld','signature':"
			"'%s'}",
			verifier, at, sig_text);
}

START_TEST(a_host_that_changes_sides_proves_itself)
{
	char dev[DAT_GUID_TEXT], key[HWS_KEY_TEXT], body[400];
	long long now = (long long)(ground_now() / 1000);
	struct hws_identity id;
	const struct api_reply *r;
	int64_t n = 0;

	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, UUID)));
	hws_identity_generate(false, &id);
	sign_grant(&id, now, body, sizeof(body));
	must_be(post("/api/switch-grant", body), 200, "{\"accepted\":false}");
	ck_ok(dat_device_set_key(g.c, dev, hws_key_text(id.pk, key), ground_now()));
	must_be(post("/api/switch-grant", body), 200, "{\"accepted\":true}");
	ck_ok(sql_number(g.c, "SELECT count(*) FROM switch_grant WHERE device_id = '" ID "'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 1);
	sign_grant(&id, now - 10000, body, sizeof(body));
	r = post("/api/switch-grant", body);
	ck_assert_int_eq(r->status, 200);
	ck_assert(json_is_false(api_at(r->json, "accepted")));
	ck_assert_int_ge(api_int(r->json, "server_time"), now);
	body[strlen(body) - 10] ^= 1;
	must_be(post("/api/switch-grant", body), 200, "{\"accepted\":false}");
	must_be(post("/api/switch-grant", "{}"), 200, "{\"accepted\":false}");
}
END_TEST

int main(void)
{
	return test_main("api_devices", 120, set_up, tear_down,
			TESTS(a_strategy_comes_with_a_heartbeat_and_is_taken_back,
					a_connection_is_closed_by_a_heartbeat,
					nobody_speaks_for_another_device,
					what_was_heard_is_written_before_the_end,
					an_operator_sees_how_they_are_answered,
					a_device_says_what_it_is, a_connection_is_recorded_once,
					a_viewers_note_needs_the_number_of_its_session,
					a_device_reports_no_more_than_it_may,
					files_and_alarms_reach_the_chain,
					what_could_not_be_stored_is_taken_again,
					a_token_puts_a_device_to_its_place, a_device_is_deployed,
					a_host_that_changes_sides_proves_itself));
}
