/* What operators' published scripts ask of an API server, as they ask it: lists by patterns, one
 * change or many, each area with a token of its own, and nothing with the session of a client. */
#include "admin/data/audit.h"
#include "admin/data/books.h"
#include "admin/data/conn_log.h"
#include "admin/data/control_roles.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/reports.h"
#include "admin/data/rules.h"
#include "admin/data/strategies.h"
#include "shared/base/str.h"
#include "tests/component/api/desk.h"
#include "tests/support/suite.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct api api;
static struct desk desk;
static char boss[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], sales[DAT_GUID_TEXT];
static struct api_as all;

static void set_up(void)
{
	memset(&api, 0, sizeof(api));
	api_start(&api, NULL, NULL);
	desk_open(&desk, &api);
	desk_ok(dat_group_add(desk.c, DAT_USER_GROUP, "Sales", "", desk_now(), sales));
	desk_account(&desk, "boss", DAT_ROLE_OWNER, "", boss);
	desk_account(&desk, "bob", DAT_ROLE_USER, sales, bob);
	all = desk_token(&desk, boss,
			"device:rw user:rw group:rw strategy:rw book:rw audit:r rule:rw");
}

static void tear_down(void)
{
	desk_close(&desk);
	api_stop(&api);
}

__attribute__((format(printf, 1, 2))) static const char *at(const char *format, ...)
{
	static char path[64][300];
	static unsigned next;
	char *p = path[next++ % 64];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(p, sizeof(path[0]), format, ap);
	va_end(ap);
	return p;
}

static int64_t total(const char *path)
{
	json_t *o = api_must(&api, 200, all, "GET", path, NULL);

	/* scripts take a key of that name for a failure */
	ck_assert_ptr_null(json_object_get(o, "error"));
	return api_int(o, "total");
}

static struct dat_account account(const char *guid)
{
	struct dat_account a;

	desk_ok(dat_account_get(desk.c, guid, &a));
	return a;
}

/* --- people ----------------------------------------------------------------------------------- */

START_TEST(users_from_their_making_to_their_end)
{
	char guid[DAT_GUID_TEXT];
	json_t *o;

	o = api_must(&api, 200, all, "POST", "/api/users",
			"{'name':'cid','password':'correct horse','group_name':'sales','email':"
			"'c@example.net','note':'n'}");
	(void)snprintf(guid, sizeof(guid), "%s", api_text(o, "guid"));
	ck_assert_str_eq(account(guid).group_name, "Sales");
	ck_assert_int_eq(account(guid).role, DAT_ROLE_USER);
	ck_assert(account(guid).has_password);
	/* patterns as scripts write them */
	ck_assert_int_eq(total("/api/users?current=1&pageSize=100&name=%25b%25"), 2);
	ck_assert_int_eq(total("/api/users?name=BOB"), 1);
	ck_assert_int_eq(total("/api/users?name=b_b"), 1);
	ck_assert_int_eq(total("/api/users?group_name=%25SALE%25&name=%25c%25"), 1);
	ck_assert_int_eq(total("/api/users?group_name=-"), 0);
	ck_assert_int_eq(total("/api/users?name=%5C"), 0);
	o = api_must(&api, 200, all, "GET", "/api/users?name=cid", NULL);
	ck_assert_str_eq(api_text(o, "data.0.group_name"), "Sales");
	ck_assert_str_eq(api_text(o, "data.0.email"), "c@example.net");
	ck_assert_int_eq(api_int(o, "data.0.status"), 1);
	api_must(&api, 200, all, "POST", at("/api/users/%s/disable", guid), NULL);
	ck_assert_int_eq(account(guid).status, DAT_DISABLED);
	api_must(&api, 200, all, "POST", at("/api/users/%s/enable", guid), NULL);
	api_must(&api, 200, all, "PUT", "/api/users/tfa/totp/enforce",
			"{'user_guids':['%s','%s'],'enforce':true,'url':'https://x'}", guid, bob);
	ck_assert(account(bob).tfa_enforced);
	api_must(&api, 200, all, "PUT", "/api/users/tfa/totp/enforce",
			"{'user_guids':['%s'],'enforce':false}", bob);
	ck_assert(!account(bob).tfa_enforced && account(guid).tfa_enforced);
	api_must(&api, 200, all, "PUT", "/api/users/disable_login_verification",
			"{'user_guids':['%s'],'type':'email'}", bob);
	api_must(&api, 200, all, "PUT", "/api/users/disable_login_verification",
			"{'user_guids':['%s'],'type':'2fa'}", bob);
	api_must(&api, 400, all, "PUT", "/api/users/disable_login_verification",
			"{'user_guids':['%s'],'type':'other'}", bob);
	api_must(&api, 200, all, "DELETE", at("/api/users/%s", guid), NULL);
	api_must(&api, 404, all, "DELETE", at("/api/users/%s", guid), NULL);
	api_must(&api, 409, all, "POST", "/api/users",
			"{'name':'BOB','password':'correct horse','group_name':'Sales'}");
	api_must(&api, 404, all, "POST", "/api/users",
			"{'name':'dan','password':'correct horse','group_name':'None'}");
	api_must(&api, 400, all, "POST", "/api/users", "{'name':'dan','password':'short'}");
	/* without a mail server nobody is invited, and nobody made */
	api_must(&api, 400, all, "POST", "/api/users/invite",
			"{'name':'eve','email':'e@example.net','group_name':'Sales'}");
	ck_assert_int_eq(total("/api/users?name=eve"), 0);
}
END_TEST

START_TEST(sessions_end_and_owners_stay)
{
	struct api_as client = desk_client(&desk, bob), admin;
	char adm[DAT_GUID_TEXT];

	api_must(&api, 200, client, "POST", "/api/ab/personal", NULL);
	api_must(&api, 200, all, "POST", "/api/users/force-logout", "{'user_guids':['%s']}", bob);
	api_must(&api, 401, client, "POST", "/api/ab/personal", NULL);
	/* an administrator does nothing to owners, nobody to themselves */
	desk_account(&desk, "adm", DAT_ROLE_ADMIN, "", adm);
	admin = desk_token(&desk, adm, "user:rw");
	api_must(&api, 403, admin, "POST", at("/api/users/%s/disable", boss), NULL);
	api_must(&api, 403, admin, "DELETE", at("/api/users/%s", boss), NULL);
	api_must(&api, 403, admin, "PUT", "/api/users/tfa/totp/enforce",
			"{'user_guids':['%s','%s'],'enforce':true}", bob, boss);
	/* all or nothing */
	ck_assert(!account(bob).tfa_enforced);
	api_must(&api, 403, all, "DELETE", at("/api/users/%s", boss), NULL);
	api_must(&api, 200, admin, "POST", at("/api/users/%s/disable", bob), NULL);
}
END_TEST

/* --- groups ----------------------------------------------------------------------------------- */

START_TEST(groups_and_who_may_come_in)
{
	char ops[DAT_GUID_TEXT], tills[DAT_GUID_TEXT], till[DAT_GUID_TEXT];
	struct dat_access a;
	json_t *o;

	o = api_must(&api, 200, all, "POST", "/api/user-groups",
			"{'name':'ops','note':'n','allowed_incomings':[{'type':0,'name':'Sales'},"
			"{'type':2,'name':'bob'},{'type':2,'name':'BOB'}]}");
	(void)snprintf(ops, sizeof(ops), "%s", api_text(o, "guid"));
	o = api_must(&api, 200, all, "POST", "/api/device-groups", "{'name':'Tills'}");
	(void)snprintf(tills, sizeof(tills), "%s", api_text(o, "guid"));
	api_must(&api, 200, all, "PATCH", at("/api/user-groups/%s", ops),
			"{'name':'ops2','allowed_outgoings':[{'type':1,'name':'tills'}]}");
	o = api_must(&api, 200, all, "GET", "/api/user-groups?name=ops2", NULL);
	ck_assert_uint_eq(json_array_size(api_at(o, "data.0.allowed_incomings")), 2);
	ck_assert_str_eq(api_text(o, "data.0.allowed_outgoings.0.name"), "Tills");
	ck_assert_int_eq(api_int(o, "data.0.allowed_outgoings.0.type"), 1);
	o = api_must(&api, 200, all, "GET", "/api/device-groups?name=Tills", NULL);
	ck_assert_str_eq(api_text(o, "data.0.allowed_incomings.0.name"), "ops2");
	/* which is what the rules say */
	desk_device(&desk, "123456789", "", till);
	api_must(&api, 403, desk_token(&desk, boss, "group:rw device:rw"), "POST",
			at("/api/device-groups/%s", tills), "['123456789']");
	api_must(&api, 200, all, "POST", at("/api/device-groups/%s", tills), "['123456789']");
	api_must(&api, 200, all, "POST", at("/api/user-groups/%s", ops), "['%s']", bob);
	desk_ok(dat_access_check(desk.c, bob, "123456789", false, false, desk_now(), &a));
	ck_assert(a.allowed);
	api_must(&api, 200, all, "PATCH", at("/api/user-groups/%s", ops),
			"{'allowed_outgoings':[]}");
	desk_ok(dat_access_check(desk.c, bob, "123456789", false, false, desk_now(), &a));
	ck_assert(!a.allowed);
	/* what is not there changes nothing at all */
	api_must(&api, 404, all, "PATCH", at("/api/user-groups/%s", ops),
			"{'name':'other','allowed_incomings':[{'type':0,'name':'None'}]}");
	ck_assert_int_eq(total("/api/user-groups?name=ops2"), 1);
	api_must(&api, 400, all, "PATCH", at("/api/user-groups/%s", ops),
			"{'allowed_incomings':[{'type':1,'name':'Tills'}]}");
	api_must(&api, 404, all, "POST", at("/api/device-groups/%s", tills), "['no such']");
	api_must(&api, 200, all, "DELETE", at("/api/device-groups/%s/devices", tills),
			"['123456789']");
	api_must(&api, 409, all, "DELETE", at("/api/user-groups/%s", ops), NULL);
	api_must(&api, 200, all, "DELETE", at("/api/device-groups/%s", tills), NULL);
}
END_TEST

/* A rule with hours of its own is on the list, and stays as it is while it is. */
START_TEST(a_list_leaves_rules_as_they_are)
{
	struct dat_rule rule = {
		.subj_kind = DAT_END_USER_GROUP, .obj_kind = DAT_END_DEVICE_GROUP, .enabled = true
	};
	char tills[DAT_GUID_TEXT], guid[DAT_GUID_TEXT];

	desk_ok(dat_group_add(desk.c, DAT_DEVICE_GROUP, "Tills", "", desk_now(), tills));
	rule.when = DAT_ALWAYS;
	rule.when.minute_to = 60;
	memcpy(rule.subj_guid, sales, DAT_GUID_TEXT);
	memcpy(rule.obj_guid, tills, DAT_GUID_TEXT);
	desk_ok(dat_rule_add(desk.c, &rule, desk_now(), guid));
	api_must(&api, 200, all, "PATCH", at("/api/device-groups/%s", tills),
			"{'allowed_incomings':[{'type':0,'name':'Sales'},{'type':2,'name':'bob'}]}");
	desk_ok(dat_rule_get(desk.c, guid, &rule));
	ck_assert_uint_eq(rule.when.minute_to, 60);
	api_must(&api, 200, all, "PATCH", at("/api/device-groups/%s", tills),
			"{'allowed_incomings':[{'type':2,'name':'bob'}]}");
	ck_assert_int_eq(dat_rule_get(desk.c, guid, &rule), HWS_ERR_NOTFOUND);
}
END_TEST

/* --- devices and strategies ------------------------------------------------------------------- */

START_TEST(devices_are_found_and_assigned)
{
	const struct dat_sysinfo info = { .hostname = "Plant7-HMI", .username = "op1", .os = "x" };
	char guid[DAT_GUID_TEXT], other[DAT_GUID_TEXT], book[DAT_GUID_TEXT];
	struct dat_device d;
	struct dat_entry e;
	json_t *o;

	desk_device(&desk, "123456789", "", guid);
	desk_device(&desk, "222222222", bob, other);
	desk_ok(dat_device_sysinfo(desk.c, "123456789", "u", &info, desk_now()));
	ck_assert_int_eq(total("/api/devices?current=1&pageSize=100"), 2);
	ck_assert_int_eq(total("/api/devices?id=1234%25"), 1);
	ck_assert_int_eq(total("/api/devices?device_name=%25plant7%25"), 1);
	ck_assert_int_eq(total("/api/devices?device_username=OP1"), 1);
	ck_assert_int_eq(total("/api/devices?user_name=bob"), 1);
	ck_assert_int_eq(total("/api/devices?user_name=-"), 1);
	ck_assert_int_eq(total("/api/devices?group_name=sales"), 1);
	ck_assert_int_eq(total("/api/devices?device_group_name=-"), 2);
	o = api_must(&api, 200, all, "GET", "/api/devices?id=123456789", NULL);
	ck_assert_int_eq(strlen(api_text(o, "data.0.last_online")), 19);
	ck_assert_str_eq(api_text(o, "data.0.device_name"), "Plant7-HMI");
	desk_ok(dat_book_add(desk.c, boss, "Plant", "", desk_now(), book));
	api_must(&api, 403, desk_token(&desk, boss, "device:rw"), "POST",
			at("/api/devices/%s/assign", guid), "{'type':'user_name','value':'bob'}");
	api_must(&api, 200, all, "POST", at("/api/devices/%s/assign", guid),
			"{'type':'user_name','value':'bob'}");
	api_must(&api, 200, all, "POST", at("/api/devices/%s/assign", guid),
			"{'type':'note','value':'line 2'}");
	api_must(&api, 200, all, "POST", at("/api/devices/%s/assign", guid),
			"{'type':'ab','value':'plant,hmi,Panel,,n, with comma'}");
	desk_ok(dat_device_get(desk.c, guid, &d));
	ck_assert_str_eq(d.owner_name, "bob");
	ck_assert_str_eq(d.note, "line 2");
	desk_ok(dat_entry_find(desk.c, book, "123456789", &e));
	ck_assert_str_eq(e.alias, "Panel");
	ck_assert_str_eq(e.note, "n, with comma");
	api_must(&api, 200, all, "POST", at("/api/devices/%s/assign", guid),
			"{'type':'user_name','value':'-'}");
	api_must(&api, 404, all, "POST", at("/api/devices/%s/assign", guid),
			"{'type':'strategy_name','value':'none'}");
	api_must(&api, 400, all, "POST", at("/api/devices/%s/assign", guid),
			"{'type':'other','value':'x'}");
	api_must(&api, 200, all, "POST", at("/api/devices/%s/disable", guid), NULL);
	desk_ok(dat_device_get(desk.c, guid, &d));
	ck_assert_int_eq(d.status, DAT_DEVICE_OFF);
	api_must(&api, 200, all, "POST", at("/api/devices/%s/enable", guid), NULL);
	api_must(&api, 200, all, "DELETE", at("/api/devices/%s", guid), NULL);
	api_must(&api, 404, all, "DELETE", at("/api/devices/%s", guid), NULL);
}
END_TEST

START_TEST(strategies_are_switched_and_assigned)
{
	char guid[DAT_GUID_TEXT], device[DAT_GUID_TEXT], now_has[DAT_GUID_TEXT];
	struct dat_strategy s;
	json_t *o;

	desk_ok(dat_strategy_add(desk.c, "base", "", desk_now(), guid));
	desk_device(&desk, "123456789", "", device);
	o = api_must(&api, 200, all, "GET", "/api/strategies", NULL);
	ck_assert(json_is_array(o)); /* no page here */
	ck_assert_str_eq(api_text(o, "0.name"), "base");
	api_must(&api, 200, all, "PUT", at("/api/strategies/%s/status", guid), " false\n");
	desk_ok(dat_strategy_get(desk.c, guid, &s));
	ck_assert(!s.enabled);
	api_must(&api, 200, all, "PUT", at("/api/strategies/%s/status", guid), "true");
	api_must(&api, 400, all, "PUT", at("/api/strategies/%s/status", guid), "maybe");
	api_must(&api, 400, all, "PUT", at("/api/strategies/%s/status", guid), NULL);
	api_must(&api, 200, all, "POST", "/api/strategies/assign",
			"{'strategy':'%s','peers':['%s'],'users':['%s'],'groups':[]}", guid, device,
			bob);
	desk_ok(dat_target_strategy(desk.c, DAT_TARGET_DEVICE, device, now_has));
	ck_assert_str_eq(now_has, guid);
	api_must(&api, 200, all, "POST", "/api/strategies/assign", "{'peers':['%s']}", device);
	desk_ok(dat_target_strategy(desk.c, DAT_TARGET_DEVICE, device, now_has));
	ck_assert_str_eq(now_has, "");
	desk_ok(dat_target_strategy(desk.c, DAT_TARGET_USER, bob, now_has));
	ck_assert_str_eq(now_has, guid);
	api_must(&api, 404, all, "POST", "/api/strategies/assign",
			"{'strategy':'%s','peers':['%s','none']}", guid, device);
	desk_ok(dat_target_strategy(desk.c, DAT_TARGET_DEVICE, device, now_has));
	ck_assert_str_eq(now_has, "");
	o = api_must(&api, 200, all, "GET", at("/api/strategies/%s", guid), NULL);
	ck_assert(json_is_object(api_at(o, "config_options")));
}
END_TEST

/* --- books ------------------------------------------------------------------------------------ */

START_TEST(shared_books_and_their_rules)
{
	char book[DAT_GUID_TEXT], rule[DAT_GUID_TEXT];
	enum dat_book_right right;
	json_t *o;

	o = api_must(&api, 200, all, "POST", "/api/ab/shared/add",
			"{'name':'Plant','note':'n','info':{'password':'pw'}}");
	(void)snprintf(book, sizeof(book), "%s", api_text(o, "guid"));
	api_must(&api, 409, all, "POST", "/api/ab/shared/add", "{'name':'PLANT'}");
	api_must(&api, 200, all, "PUT", "/api/ab/shared/update/profile",
			"{'guid':'%s','name':'Plant 7','owner':'bob','info':{'password':'p2'}}",
			book);
	o = api_must(&api, 200, all, "GET", "/api/ab/shared/profiles?current=1&pageSize=100", NULL);
	ck_assert_str_eq(api_text(o, "data.0.owner"), "bob");
	ck_assert_str_eq(api_text(o, "data.0.info.password"), "p2");
	o = api_must(&api, 200, all, "POST", "/api/ab/rule", "{'guid':'%s','rule':1}", book);
	(void)snprintf(rule, sizeof(rule), "%s", api_text(o, "guid"));
	api_must(&api, 200, all, "POST", "/api/ab/rule", "{'guid':'%s','rule':2,'group':'sales'}",
			book);
	o = api_must(&api, 200, all, "GET", at("/api/ab/rules?ab=%s&current=1&pageSize=100", book),
			NULL);
	ck_assert_int_eq(api_int(o, "total"), 2);
	ck_assert_ptr_null(api_at(o, "data.0.group"));
	ck_assert_str_eq(api_text(o, "data.1.group"), "Sales");
	api_must(&api, 200, all, "PATCH", "/api/ab/rule", "{'guid':'%s','rule':3}", rule);
	desk_ok(dat_book_right(desk.c, book, boss, &right));
	ck_assert_int_eq(right, DAT_BOOK_FULL);
	api_must(&api, 400, all, "PATCH", "/api/ab/rule", "{'guid':'%s','rule':4}", rule);
	api_must(&api, 404, all, "POST", "/api/ab/rule", "{'guid':'%s','rule':1,'user':'none'}",
			book);
	api_must(&api, 200, all, "DELETE", "/api/ab/rules", "['%s']", rule);
	api_must(&api, 200, all, "DELETE", "/api/ab/shared", "['%s']", book);
	ck_assert_int_eq(total("/api/ab/shared/profiles"), 0);
	/* of a personal book nobody but its owner disposes, and they do not either */
	desk_ok(dat_book_personal(desk.c, bob, desk_now(), book));
	api_must(&api, 404, all, "DELETE", "/api/ab/shared", "['%s']", book);
	api_must(&api, 404, all, "POST", "/api/ab/rule", "{'guid':'%s','rule':1}", book);
}
END_TEST

/* --- audits ----------------------------------------------------------------------------------- */

START_TEST(audits_by_kind_and_time)
{
	struct dat_conn conn = { .device_id = "123456789",
		.device_uuid = "u",
		.conn_id = 3,
		.session_id = "17446744073709551615",
		.peer_id = "987654321",
		.peer_name = "PC",
		.type = 1 };
	char device[DAT_GUID_TEXT], guid[DAT_GUID_TEXT];
	json_t *o;

	desk_device(&desk, "123456789", "", device);
	desk_ok(dat_conn_authorised(desk.c, &conn, desk_now(), guid));
	conn.conn_id = 4;
	memcpy(conn.session_id, "0", 2);
	desk_ok(dat_conn_new(desk.c, &conn, desk_now(), guid));
	desk_ok(dat_alarm_add(desk.c,
			&(struct dat_alarm_report){ .typ = 6,
					.device_id = "123456789",
					.account_guid = "",
					.peer_id = "",
					.ip = "192.0.2.1",
					.info = "{}" },
			desk_now(), guid));
	o = api_must(&api, 200, all, "GET", "/api/audits/conn?current=1&pageSize=10&conn_type=1",
			NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	ck_assert_str_eq(api_text(o, "data.0.session_id"), "17446744073709551615");
	ck_assert_int_gt(api_int(o, "data.0.created_at"), 1500000000);
	ck_assert_int_lt(api_int(o, "data.0.created_at"), 5000000000);
	/* nobody was let in: no type */
	o = api_must(&api, 200, all, "GET", "/api/audits/conn", NULL);
	ck_assert_int_eq(api_int(o, "total"), 2);
	ck_assert(!api_at(o, "data.0.conn_type") != !api_at(o, "data.1.conn_type"));
	ck_assert_int_eq(total("/api/audits/conn?remote=98765%25"), 1);
	ck_assert_int_eq(total("/api/audits/conn?created_at=2020-01-01%2000:00:00.000"), 2);
	ck_assert_int_eq(total("/api/audits/conn?created_at=2120-01-01%2000:00:00.000"), 0);
	api_must(&api, 400, all, "GET", "/api/audits/conn?created_at=yesterday", NULL);
	api_must(&api, 400, all, "GET", "/api/audits/conn?conn_type=9", NULL);
	ck_assert_int_eq(total("/api/audits/file"), 0);
	ck_assert_int_eq(total("/api/audits/alarm?device=123456789"), 1);
	ck_assert_int_eq(total("/api/audits/alarm?device=9"), 0);
	api_must(&api, 200, all, "POST", at("/api/users/%s/disable", bob), NULL);
	o = api_must(&api, 200, all, "GET", "/api/audits/console?operator=boss", NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	ck_assert_int_eq(api_int(o, "data.0.typ"), 1);
	ck_assert_int_eq(api_int(o, "data.0.iop"), 7);
}
END_TEST

/* --- who -------------------------------------------------------------------------------------- */

static const struct {
	const char *method, *path, *area;
	bool writes;
} calls[] = {
	{ "GET", "/api/users", "user", false },
	{ "POST", "/api/users", "user", true },
	{ "POST", "/api/users/invite", "user", true },
	{ "POST", "/api/users/x/disable", "user", true },
	{ "POST", "/api/users/x/enable", "user", true },
	{ "DELETE", "/api/users/x", "user", true },
	{ "PUT", "/api/users/tfa/totp/enforce", "user", true },
	{ "PUT", "/api/users/disable_login_verification", "user", true },
	{ "POST", "/api/users/force-logout", "user", true },
	{ "GET", "/api/devices", "device", false },
	{ "POST", "/api/devices/x/disable", "device", true },
	{ "POST", "/api/devices/x/enable", "device", true },
	{ "DELETE", "/api/devices/x", "device", true },
	{ "POST", "/api/devices/x/assign", "device", true },
	{ "GET", "/api/user-groups", "group", false },
	{ "POST", "/api/user-groups", "group", true },
	{ "PATCH", "/api/user-groups/x", "group", true },
	{ "DELETE", "/api/user-groups/x", "group", true },
	{ "POST", "/api/user-groups/x", "group", true },
	{ "GET", "/api/device-groups", "group", false },
	{ "POST", "/api/device-groups", "group", true },
	{ "DELETE", "/api/device-groups/x/devices", "group", true },
	{ "GET", "/api/strategies", "strategy", false },
	{ "GET", "/api/strategies/x", "strategy", false },
	{ "PUT", "/api/strategies/x/status", "strategy", true },
	{ "POST", "/api/strategies/assign", "strategy", true },
	{ "POST", "/api/ab/shared/add", "book", true },
	{ "PUT", "/api/ab/shared/update/profile", "book", true },
	{ "DELETE", "/api/ab/shared", "book", true },
	{ "GET", "/api/ab/rules", "book", false },
	{ "POST", "/api/ab/rule", "book", true },
	{ "PATCH", "/api/ab/rule", "book", true },
	{ "DELETE", "/api/ab/rules", "book", true },
	{ "GET", "/api/audits/conn", "audit", false },
	{ "GET", "/api/audits/file", "audit", false },
	{ "GET", "/api/audits/alarm", "audit", false },
	{ "GET", "/api/audits/console", "audit", false },
};

static int status_of(struct api_as as, size_t i)
{
	bool get = strcmp(calls[i].method, "GET") == 0;

	return api_call(&api, as, calls[i].method, calls[i].path, get ? NULL : "%s", "{}")->status;
}

/* Each area by its own token: nothing by that of another, nothing written by one that reads. */
START_TEST(areas_of_tokens)
{
	static const char *const areas[] = { "user", "device", "group", "strategy", "book",
		"audit" };
	struct api_as read[HWS_COUNT(areas)], write[HWS_COUNT(areas)];

	for (size_t a = 0; a < HWS_COUNT(areas); a++) {
		read[a] = desk_token(&desk, boss, at("%s:r", areas[a]));
		write[a] = desk_token(&desk, boss, at("%s:rw", areas[a]));
	}
	for (size_t i = 0; i < HWS_COUNT(calls); i++) {
		for (size_t a = 0; a < HWS_COUNT(areas); a++) {
			bool own = strcmp(areas[a], calls[i].area) == 0;

			ck_assert_msg((status_of(write[a], i) == 403) == !own, "%s %s with %s:rw",
					calls[i].method, calls[i].path, areas[a]);
			ck_assert_msg((status_of(read[a], i) == 403) == (!own || calls[i].writes),
					"%s %s with %s:r", calls[i].method, calls[i].path,
					areas[a]);
		}
		ck_assert_int_eq(status_of(API_NOBODY, i), 401);
	}
}
END_TEST

/* What is administered is out of reach for a client's session, of whatever account, and for the
 * tokens of those who administer nothing. */
START_TEST(sessions_of_clients_and_tokens_of_users)
{
	struct api_as client = desk_client(&desk, boss);
	struct api_as user = desk_token(
			&desk, bob, "device:rw user:rw group:rw strategy:rw book:rw audit:r");

	for (size_t i = 0; i < HWS_COUNT(calls); i++) {
		bool tab = strcmp(calls[i].path, "/api/users") == 0 && !calls[i].writes;
		bool book = strcmp(calls[i].area, "book") == 0;

		ck_assert_msg(status_of(client, i) == (tab ? 200 : 403), "%s %s by a client",
				calls[i].method, calls[i].path);
		if (!book) /* everybody may have books */
			ck_assert_msg(status_of(user, i) == 403, "%s %s by a user", calls[i].method,
					calls[i].path);
	}
	/* and a client is shown the group tab where a token has the accounts */
	ck_assert_int_eq(api_int(api_must(&api, 200, client, "GET", "/api/users?accessible=", NULL),
					 "total"),
			1);
	ck_assert_int_eq(total("/api/users"), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api/scripts");
	TCase *c = test_case(s, "scripts", 60,
			TESTS(users_from_their_making_to_their_end, sessions_end_and_owners_stay,
					groups_and_who_may_come_in, a_list_leaves_rules_as_they_are,
					devices_are_found_and_assigned,
					strategies_are_switched_and_assigned,
					shared_books_and_their_rules, audits_by_kind_and_time,
					areas_of_tokens, sessions_of_clients_and_tokens_of_users));

	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
