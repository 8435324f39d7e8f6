/* Devices, sessions, figures and relays in the server's own API. */
#include "admin/data/beats.h"
#include "admin/data/conn_log.h"
#include "admin/data/groups.h"
#include "admin/data/rules.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/component/api/device_ground.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ID "123456789"
#define UUID "dXVpZC1hbm4="

static struct ground g;
static char dev[DAT_GUID_TEXT];

static void set_up(void)
{
	ground_start(&g, NULL);
	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, UUID)));
}

static void tear_down(void)
{
	ground_stop(&g);
}

static json_t *must(int status, const char *method, const char *path, const char *body)
{
	return api_must(&g.api, status, API_LOCAL, method, path, body ? "%s" : NULL, body);
}

/* A path with %s for the device. */
static const char *at(const char *path)
{
	static char text[200];
	const char *hole = strstr(path, "%s");

	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - path), path, dev, hole + 2);
	return text;
}

/* Of a list. */
static int64_t total(const char *path)
{
	json_t *o = must(200, "GET", path, NULL);

	ck_assert_uint_eq(json_array_size(api_at(o, "items")),
			(size_t)HWS_MIN(api_int(o, "total"), 200));
	return api_int(o, "total");
}

START_TEST(a_device_is_shown_changed_and_removed)
{
	char ann[DAT_GUID_TEXT], group[DAT_GUID_TEXT], body[300];
	json_t *d = must(200, "GET", at("/api/v1/devices/%s"), NULL);

	ck_assert_str_eq(api_text(d, "id"), ID);
	ck_assert_str_eq(api_text(d, "name"), "");
	ck_assert_str_eq(api_text(d, "hostname"), "plant7-hmi");
	ck_assert_str_eq(api_text(d, "status"), "active");
	ck_assert(json_is_false(api_at(d, "online")));
	ck_ok(dat_account_add(g.c,
			&(struct dat_account_new){ .name = "ann", .status = DAT_ENABLED },
			ground_now(), ann));
	ck_ok(dat_group_add(g.c, DAT_DEVICE_GROUP, "Tills", "", ground_now(), group));
	(void)snprintf(body, sizeof(body),
			"{'name':'Till <1>','owner_guid':'%s','group_guid':'%s','tags':['shop',"
			"'berlin'],'note':'a\\nb'}",
			ann, group);
	d = must(200, "PATCH", at("/api/v1/devices/%s"), body);
	ck_assert_str_eq(api_text(d, "name"), "Till <1>");
	ck_assert_str_eq(api_text(d, "owner.name"), "ann");
	ck_assert_str_eq(api_text(d, "group.name"), "Tills");
	ck_assert_str_eq(api_text(d, "tags.0"), "berlin");
	ck_assert_str_eq(api_text(d, "tags.1"), "shop");
	/* against what somebody else has changed */
	(void)must(409, "PATCH", at("/api/v1/devices/%s"), "{'note':'x','updated_at':1}");
	(void)must(400, "PATCH", at("/api/v1/devices/%s"),
			"{'owner_guid':'00000000-0000-4000-8000-000000000000'}");
	d = must(200, "PATCH", at("/api/v1/devices/%s"), "{'owner_guid':null,'tags':[],'name':''}");
	ck_assert(json_is_null(api_at(d, "owner")));
	ck_assert_uint_eq(json_array_size(api_at(d, "tags")), 0);
	ck_assert_str_eq(api_text(d, "group.name"), "Tills");
	/* without its group it is not everybody's, until somebody says so */
	ck_assert(json_is_false(api_at(d, "closed")));
	(void)snprintf(body, sizeof(body), "/api/v1/device-groups/%s", group);
	(void)must(204, "DELETE", body, NULL);
	d = must(200, "PATCH", at("/api/v1/devices/%s"), "{'note':'c','group_guid':null}");
	ck_assert(json_is_true(api_at(d, "closed")));
	d = must(200, "PATCH", at("/api/v1/devices/%s"), "{'closed':false}");
	ck_assert(json_is_false(api_at(d, "closed")));
	(void)must(204, "DELETE", at("/api/v1/devices/%s"), NULL);
	(void)must(404, "GET", at("/api/v1/devices/%s"), NULL);
	(void)must(404, "DELETE", at("/api/v1/devices/%s"), NULL);
}
END_TEST

/* A device as one who may change devices, but no rules, would have it. */
static void place(struct api_as as, int want, const char *key, const char *guid)
{
	json_t *o;

	(void)api_must(&g.api, want, as, "PATCH", at("/api/v1/devices/%s"),
			*guid ? "{'%s':'%s'}" : "{'%s':null}", key, guid);
	o = api_must(&g.api, 200, as, "POST", "/api/v1/devices/bulk",
			*guid ? "{'action':'%.5s','guids':['%s'],'%s':'%s'}"
			      : "{'action':'%.5s','guids':['%s'],'%s':null}",
			key, dev, key, guid);
	if (want == 403) {
		ck_assert_int_eq(api_int(o, "count"), 0);
		ck_assert_str_eq(api_text(o, "refused.0.code"), "forbidden");
	}
}

START_TEST(to_give_a_device_away_takes_the_right_to_write_rules)
{
	struct api_as devices = ground_token(&g, "root", true), rules = ground_ruler(&g, "root");
	char ann[DAT_GUID_TEXT], tills[DAT_GUID_TEXT], plain[DAT_GUID_TEXT], guid[DAT_GUID_TEXT];
	struct dat_rule rule = {
		.subj_kind = DAT_END_USER, .obj_kind = DAT_END_DEVICE_GROUP, .when = DAT_ALWAYS
	};
	struct dat_device d;
	int64_t n = 0;

	ck_ok(dat_account_add(g.c,
			&(struct dat_account_new){ .name = "ann", .status = DAT_ENABLED },
			ground_now(), ann));
	ck_ok(dat_group_add(g.c, DAT_DEVICE_GROUP, "Tills", "", ground_now(), tills));
	ck_ok(dat_group_add(g.c, DAT_DEVICE_GROUP, "Plain", "", ground_now(), plain));
	memcpy(rule.subj_guid, ann, sizeof(rule.subj_guid));
	memcpy(rule.obj_guid, tills, sizeof(rule.obj_guid));
	ck_ok(dat_rule_add(g.c, &rule, ground_now(), guid));
	place(devices, 403, "owner_guid", ann);
	place(devices, 403, "group_guid", tills);
	place(devices, 200, "group_guid", plain); /* which no rule names */
	place(devices, 403, "group_guid", "");    /* of nobody and no group: everybody's */
	ck_ok(dat_device_get(g.c, dev, &d));
	ck_assert_str_eq(d.group_name, "Plain");
	place(rules, 200, "owner_guid", ann);
	place(rules, 200, "group_guid", tills);
	place(devices, 403, "owner_guid", "");
	place(devices, 403, "group_guid", plain);
	(void)api_must(&g.api, 200, devices, "PATCH", at("/api/v1/devices/%s"),
			"{'owner_guid':'%s','note':'as it was'}", ann);
	ck_ok(sql_number(g.c,
			"SELECT count(*) FROM audit_event WHERE kind = 'device.place' AND info LIKE "
			"'%\"owner\":{\"from\":\"\",\"to\":\"ann\"}%'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 1);
	(void)api_must(&g.api, 200, rules, "POST", "/api/v1/devices/bulk",
			"{'action':'owner','guids':['%s'],'owner_guid':null,'dry_run':false}", dev);
	ck_ok(sql_number(g.c,
			"SELECT count(*) FROM audit_event WHERE kind = 'device.place' AND info LIKE "
			"'%\"from\":\"ann\",\"to\":\"\"%'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(devices_are_searched_and_filtered)
{
	char guid[DAT_GUID_TEXT];
	json_t *o;

	for (int i = 0; i < 60; i++) {
		char id[20], name[40];

		(void)snprintf(id, sizeof(id), "20%07d", i);
		(void)snprintf(name, sizeof(name), "B\xc3\xbcro %d", i);
		ck_ok(dat_device_register(g.c, id, "u", i == 7, ground_now(), guid));
		ck_ok(dat_device_change(g.c, guid, &(struct dat_device_change){ .name = name },
				ground_now()));
		ck_ok(dat_device_sysinfo(g.c, id, "u",
				&(struct dat_sysinfo){ .os = i % 2 ? "Windows 11" : "Debian" },
				ground_now()));
		if (i < 3)
			ck_ok(dat_device_tag(g.c, guid, "red", true));
	}
	ck_assert_int_eq(total("/api/v1/devices?limit=200"), 61);
	ck_assert_int_eq(total("/api/v1/devices?limit=200&q=b%C3%9CRO"), 60);
	ck_assert_int_eq(total("/api/v1/devices?q=200000012"), 1);
	ck_assert_int_eq(total("/api/v1/devices?q=%25"), 0);
	ck_assert_int_eq(total("/api/v1/devices?status=pending"), 1);
	ck_assert_int_eq(total("/api/v1/devices?tag=red"), 3);
	ck_assert_int_eq(total("/api/v1/devices?os=WINDOWS&limit=200"), 30);
	ck_assert_int_eq(total("/api/v1/devices?online=true"), 0);
	ck_assert_int_eq(total("/api/v1/devices?unseen_days=1&tag=red"), 3);
	ck_assert_int_eq(total("/api/v1/tags"), 1);
	ck_assert_int_eq(total("/api/v1/tags?q=xx"), 0);
	/* page by page each once */
	o = must(200, "GET", "/api/v1/devices?limit=40&sort=-id", NULL);
	ck_assert_str_eq(api_text(o, "items.0.id"), "200000059");
	{
		char next[100];

		(void)snprintf(next, sizeof(next), "/api/v1/devices?limit=40&sort=-id&cursor=%s",
				api_text(o, "next"));
		o = must(200, "GET", next, NULL);
	}
	ck_assert_uint_eq(json_array_size(api_at(o, "items")), 21);
	ck_assert_str_eq(api_text(o, "items.20.id"), ID);
	ck_assert(json_is_null(api_at(o, "next")));
	(void)must(400, "GET", "/api/v1/devices?sort=uuid", NULL);
}
END_TEST

START_TEST(a_report_makes_it_be_online)
{
	(void)api_must(&g.api, 200, API_NOBODY, "POST", "/api/heartbeat",
			"{'id':'" ID "','uuid':'" UUID "','modified_at':0}");
	ck_assert(json_is_true(api_at(must(200, "GET", at("/api/v1/devices/%s"), NULL), "online")));
	ck_assert_int_eq(api_int(must(200, "GET", "/api/v1/figures", NULL), "online"), 1);
}
END_TEST

static const char *status_of(json_t *d)
{
	return api_text(d, "status");
}

START_TEST(a_device_waits_is_let_in_and_disabled)
{
	ck_ok(dat_device_set_status(g.c, dev, DAT_DEVICE_PENDING, ground_now()));
	(void)must(409, "POST", at("/api/v1/devices/%s/enable"), NULL);
	ck_assert_str_eq(status_of(must(200, "POST", at("/api/v1/devices/%s/approve"), NULL)),
			"active");
	ck_assert_str_eq(status_of(must(200, "POST", at("/api/v1/devices/%s/disable"), NULL)),
			"disabled");
	(void)must(409, "POST", at("/api/v1/devices/%s/approve"), NULL);
	ck_assert_str_eq(status_of(must(200, "POST", at("/api/v1/devices/%s/enable"), NULL)),
			"active");
	{
		int64_t n = 0;

		ck_ok(sql_number(g.c,
				"SELECT count(*) FROM audit_event WHERE kind IN ('device.approve', "
				"'device.disable', 'device.enable') AND target_name = '" ID "'",
				SQL_NONE, &n));
		ck_assert_int_eq(n, 3);
	}
}
END_TEST

static int64_t orders_of(const char *cmd)
{
	int64_t n = 0;

	ck_ok(sql_number(g.c, "SELECT count(*) FROM order_due WHERE target = '" ID "' AND cmd = $1",
			SQL_P(SQL_T(cmd)), &n));
	return n;
}

/* Nobody has let it in: to be enabled must do that, too, since there is nothing left to approve. */
START_TEST(enabling_lets_in_what_waited_before)
{
	ck_ok(dat_device_set_key(g.c, dev,
			"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXA=", ground_now()));
	ck_ok(dat_device_set_status(g.c, dev, DAT_DEVICE_PENDING, ground_now()));
	(void)must(200, "POST", at("/api/v1/devices/%s/disable"), NULL);
	ck_assert_int_eq(orders_of("enrol"), 0);
	(void)must(200, "POST", at("/api/v1/devices/%s/enable"), NULL);
	ck_assert_int_eq(orders_of("unblock"), 1);
	ck_assert_int_eq(orders_of("enrol"), 1);
	ck_assert(json_is_true(
			api_at(must(200, "GET", at("/api/v1/devices/%s"), NULL), "order_due")));
}
END_TEST

static void open_connection(int conn_id)
{
	(void)api_must(&g.api, 200, API_NOBODY, "POST", "/api/audit/conn",
			"{'id':'" ID "','uuid':'" UUID "','conn_id':%d,'session_id':9134,'peer':"
			"['987654321','ANN-PC'],'type':1,'ip':'192.168.3.4'}",
			conn_id);
}

START_TEST(a_session_is_shown_and_ended)
{
	char path[100];
	json_t *o;

	open_connection(3);
	open_connection(4);
	o = must(200, "GET", at("/api/v1/live-sessions?device=%s"), NULL);
	ck_assert_int_eq(api_int(o, "total"), 2);
	ck_assert_str_eq(api_text(o, "items.0.device.id"), ID);
	ck_assert_str_eq(api_text(o, "items.0.viewer_name"), "ANN-PC");
	ck_assert_str_eq(api_text(o, "items.0.kind"), "file_transfer");
	ck_assert_int_eq(total("/api/v1/live-sessions?user=00000000-0000-4000-8000-000000000000"),
			0);
	ck_assert_int_eq(total("/api/v1/live-sessions?device=00000000-0000-4000-8000-"
			       "000000000000"),
			0);
	ck_assert_int_eq(api_int(must(200, "GET", "/api/v1/figures", NULL), "sessions"), 2);
	ck_assert_int_eq(api_int(must(200, "GET", at("/api/v1/devices/%s"), NULL), "sessions"), 2);
	(void)snprintf(path, sizeof(path), "/api/v1/live-sessions/%s/end",
			api_text(o, "items.1.guid"));
	(void)must(202, "POST", path, NULL);
	ground_until(&g, "/api/heartbeat",
			"{'id':'" ID "','uuid':'" UUID "','conns':[3,4],'modified_at':0}",
			"{\"disconnect\":[3]}");
	(void)api_must(&g.api, 200, API_NOBODY, "POST", "/api/audit/conn",
			"{'id':'" ID "','uuid':'" UUID "','conn_id':3,'session_id':9134,'action':"
			"'close'}");
	(void)must(404, "POST", path, NULL);
	ck_assert_int_eq(total("/api/v1/live-sessions"), 1);
	/* and all of a device */
	(void)must(200, "POST", at("/api/v1/devices/%s/kick"), NULL);
	ground_until(&g, "/api/heartbeat",
			"{'id':'" ID "','uuid':'" UUID "','conns':[4],'modified_at':0}",
			"{\"disconnect\":[4]}");
}
END_TEST

static void add_devices(int n)
{
	char guid[DAT_GUID_TEXT], id[20];

	for (int i = 0; i < n; i++) {
		(void)snprintf(id, sizeof(id), "30%07d", i);
		ck_ok(dat_device_register(g.c, id, "u", i % 2 == 0, ground_now(), guid));
	}
}

START_TEST(many_are_changed_at_once)
{
	int64_t events = 0;
	json_t *o;

	add_devices(10);
	/* nothing unless it is said */
	o = must(200, "POST", "/api/v1/devices/bulk",
			"{'action':'approve','filter':{'status':'pending'}}");
	ck_assert(json_is_true(api_at(o, "dry_run")));
	ck_assert_int_eq(api_int(o, "count"), 5);
	ck_assert_uint_eq(json_array_size(api_at(o, "changes")), 5);
	ck_assert_int_eq(total("/api/v1/devices?status=pending"), 5);
	o = must(200, "POST", "/api/v1/devices/bulk",
			"{'action':'approve','filter':{'status':'pending'},'dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 5);
	ck_assert_int_eq(total("/api/v1/devices?status=pending"), 0);
	o = must(200, "POST", "/api/v1/devices/bulk",
			"{'action':'tag_add','filter':{'q':'300000'},'tag':'new','dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 10);
	o = must(200, "POST", "/api/v1/devices/bulk",
			"{'action':'tag_add','filter':{'q':'300000'},'tag':'new','dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 0);
	ck_assert_int_eq(total("/api/v1/devices?tag=new"), 10);
	/* each by itself, with what was done */
	ck_ok(sql_number(g.c,
			"SELECT count(DISTINCT target_guid) FROM audit_event e JOIN device d ON "
			"d.guid = target_guid AND d.id = target_name WHERE e.kind = "
			"'device.change' AND e.info LIKE '%tag_add%\"new\"%'",
			SQL_NONE, &events));
	ck_assert_int_eq(events, 10);
	ck_ok(dat_device_set_status(g.c, dev, DAT_DEVICE_OFF, ground_now()));
	o = api_must(&g.api, 200, API_LOCAL, "POST", "/api/v1/devices/bulk",
			"{'action':'approve','guids':['%s'],'dry_run':false}", dev);
	ck_assert_int_eq(api_int(o, "count"), 0);
	ck_assert_str_eq(api_text(o, "refused.0.guid"), dev);
	(void)must(400, "POST", "/api/v1/devices/bulk",
			"{'action':'owner','filter':{'q':'3'},'dry_run':false}");
	(void)must(400, "POST", "/api/v1/devices/bulk",
			"{'action':'group','filter':{'q':'3'},'group_guid':"
			"'00000000-0000-4000-8000-000000000000'}");
	o = must(200, "POST", "/api/v1/devices/bulk",
			"{'action':'delete','filter':{'tag':'new'},'dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 10);
	ck_assert_int_eq(total("/api/v1/devices"), 1);
}
END_TEST

START_TEST(an_export_has_them_all_and_no_formula)
{
	const struct api_reply *r;
	size_t lines = 0;

	add_devices(450);
	ck_ok(dat_device_change(g.c, dev,
			&(struct dat_device_change){ .name = "=cmd|'x'!A1", .note = "a,\"b\"" },
			ground_now()));
	r = api_send(&g.api, API_LOCAL, "GET", "/api/v1/devices/export", NULL);
	ck_assert_int_eq(r->status, 200);
	ck_assert_ptr_nonnull(strstr(r->head, "Content-Type: text/csv"));
	for (const char *s = r->body; (s = strstr(s, "\r\n3")) != NULL; s++)
		lines++;
	ck_assert_uint_ge(lines, 450);
	ck_assert_ptr_nonnull(strstr(r->body, "\"'=cmd|'x'!A1\""));
	ck_assert_ptr_nonnull(strstr(r->body, "\"a,\"\"b\"\"\""));
	r = api_send(&g.api, API_LOCAL, "GET", "/api/v1/devices/export?q=" ID, NULL);
	ck_assert_ptr_null(strstr(r->body, "\r\n3"));
}
END_TEST

START_TEST(a_user_sees_only_what_is_theirs)
{
	struct api_as ann = ground_token(&g, "root", false);
	struct dat_rule rule = { .subj_kind = DAT_END_USER,
		.obj_kind = DAT_END_DEVICE,
		.enabled = true,
		.when = DAT_ALWAYS };
	char rule_guid[DAT_GUID_TEXT];
	struct dat_account a;
	const char *boss;
	json_t *o;

	ck_ok(dat_account_find(g.c, "root", &a));
	/* another owner stays, so that this one may be a user */
	boss = api_user(&g.api, "boss", "owner", NULL);
	ck_ok(dat_device_change(
			g.c, dev, &(struct dat_device_change){ .owner_guid = boss }, ground_now()));
	ck_ok(dat_account_set_role(g.c, a.guid, DAT_ROLE_USER, ground_now()));
	o = api_must(&g.api, 200, ann, "GET", "/api/v1/devices", NULL);
	ck_assert_int_eq(api_int(o, "total"), 0);
	(void)api_must(&g.api, 404, ann, "GET", at("/api/v1/devices/%s"), NULL);
	/* what a rule lets them reach */
	ck_ok(hws_str_copy(rule.subj_guid, sizeof(rule.subj_guid), a.guid));
	ck_ok(hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), dev));
	ck_ok(dat_rule_add(g.c, &rule, ground_now(), rule_guid));
	(void)api_must(&g.api, 200, ann, "GET", at("/api/v1/devices/%s"), NULL);
	o = api_must(&g.api, 200, ann, "GET", "/api/v1/devices?q=plant7", NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	ck_ok(dat_rule_remove(g.c, rule_guid));
	(void)api_must(&g.api, 404, ann, "GET", at("/api/v1/devices/%s"), NULL);
	ck_ok(dat_device_change(g.c, dev, &(struct dat_device_change){ .owner_guid = a.guid },
			ground_now()));
	o = api_must(&g.api, 200, ann, "GET", "/api/v1/devices", NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	(void)api_must(&g.api, 200, ann, "GET", at("/api/v1/devices/%s"), NULL);
	(void)api_must(&g.api, 403, ann, "PATCH", at("/api/v1/devices/%s"), "{'note':'x'}");
}
END_TEST

START_TEST(names_and_nothing_else)
{
	json_t *o;

	(void)api_user(&g.api, "ann", "user", NULL);
	o = must(200, "GET", "/api/v1/directory?kind=user&q=AN", NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	ck_assert_str_eq(api_text(o, "items.0.name"), "ann");
	ck_assert_uint_eq(json_object_size(api_at(o, "items.0")), 2);
	o = must(200, "GET", "/api/v1/directory?kind=group", NULL);
	ck_assert_str_eq(api_text(o, "items.0.name"), "Default");
}
END_TEST

START_TEST(relays_are_listed)
{
	json_t *y = must(201, "POST", "/api/v1/relays",
			"{'name':'relay-1','address':'relay-1.example.org'}");
	char path[100];

	ck_assert_str_eq(api_text(y, "address"), "relay-1.example.org:21117");
	ck_assert_str_eq(api_text(y, "state"), "on");
	ck_assert(json_is_false(api_at(y, "alive")));
	ck_assert_str_ne(api_text(y, "problem"), "");
	(void)snprintf(path, sizeof(path), "/api/v1/relays/%s", api_text(y, "guid"));
	(void)must(409, "POST", "/api/v1/relays", "{'name':'RELAY-1','address':'x.example'}");
	(void)must(400, "POST", "/api/v1/relays", "{'name':'r','address':'a b'}");
	(void)must(400, "POST", "/api/v1/relays", "{'name':'r','address':'a:70000'}");
	y = must(200, "PATCH", path, "{'address':'[2001:db8::1]:3000','state':'drain','weight':7}");
	ck_assert_str_eq(api_text(y, "address"), "[2001:db8::1]:3000");
	ck_assert_int_eq(api_int(y, "weight"), 7);
	ck_assert_int_eq(total("/api/v1/relays?q=lay"), 1);
	(void)must(204, "DELETE", path, NULL);
	(void)must(404, "GET", path, NULL);
}
END_TEST

START_TEST(figures_over_time_are_there)
{
	json_t *o = must(200, "GET", "/api/v1/figures/series?metric=online&span=day", NULL);

	ck_assert_uint_eq(json_array_size(api_at(o, "values")), 1440);
	ck_assert_int_eq(api_int(o, "step_s"), 60);
	o = must(200, "GET", "/api/v1/figures/series?metric=sessions&span=hour", NULL);
	ck_assert_uint_eq(json_array_size(api_at(o, "values")), 60);
	/* without other servers on this machine nobody can say why */
	(void)must(503, "GET", at("/api/v1/devices/%s/why"), NULL);
}
END_TEST

int main(void)
{
	return test_main("api_devices_v1", 120, set_up, tear_down,
			TESTS(a_device_is_shown_changed_and_removed,
					to_give_a_device_away_takes_the_right_to_write_rules,
					devices_are_searched_and_filtered,
					a_report_makes_it_be_online,
					a_device_waits_is_let_in_and_disabled,
					enabling_lets_in_what_waited_before,
					a_session_is_shown_and_ended, many_are_changed_at_once,
					an_export_has_them_all_and_no_formula,
					a_user_sees_only_what_is_theirs, names_and_nothing_else,
					relays_are_listed, figures_over_time_are_there));
}
