/* Address books, access rules, control roles and strategies in the own API, by the real server:
 * each from its making to its end, what is refused, who may, and what stands in the audit. */
#include "admin/data/audit.h"
#include "admin/data/books.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "shared/base/str.h"
#include "tests/component/api/desk.h"
#include "tests/support/suite.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct api api;
static struct desk desk;
static char ann[DAT_GUID_TEXT], group[DAT_GUID_TEXT], till[DAT_GUID_TEXT];

static void set_up(void)
{
	memset(&api, 0, sizeof(api));
	api_start(&api, NULL, NULL);
	desk_open(&desk, &api);
	desk_ok(dat_group_add(desk.c, DAT_DEVICE_GROUP, "Tills", "", desk_now(), group));
	desk_account(&desk, "ann", DAT_ROLE_USER, "", ann);
	desk_device(&desk, "184726553", "", till);
	desk_ok(dat_device_change(desk.c, till, &(struct dat_device_change){ .group_guid = group },
			desk_now()));
}

static void tear_down(void)
{
	desk_close(&desk);
	api_stop(&api);
}

/* Of "/api/v1" and what follows. */
__attribute__((format(printf, 1, 2))) static const char *v1(const char *format, ...)
{
	static char path[64][300];
	static unsigned next;
	char *p = path[next++ % 64];
	va_list ap;

	(void)snprintf(p, sizeof(path[0]), "/api/v1");
	va_start(ap, format);
	(void)vsnprintf(p + 7, sizeof(path[0]) - 7, format, ap);
	va_end(ap);
	return p;
}

static const char *code_of(const json_t *o)
{
	return api_text(o, "error.code");
}

static const char *add_rule(const char *name, const char *hours)
{
	return api_text(api_must(&api, 201, API_LOCAL, "POST", v1("/rules"),
					"{'name':'%s','subject_kind':'user','subject_guid':'%s',"
					"'object_kind':'device_group','object_guid':'%s','hours':%s}",
					name, ann, group, hours),
			"guid");
}

static bool allowed_at(int64_t at)
{
	json_t *o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/test"),
			"{'user_guid':'%s','device_id':'184726553','at':%lld}", ann, (long long)at);

	return json_is_true(json_object_get(o, "allowed"));
}

#define MONDAY_NOON 1790593200000LL /* 28 September 2026, 11:00 UTC, 13:00 in Berlin */
#define MONDAY_EVENING (MONDAY_NOON + 7 * 3600 * 1000LL)

START_TEST(a_rule_and_its_hours)
{
	const char *guid = add_rule("Helpdesk to tills",
			"{'days':[0,1,2,3,4],'from':'07:00','to':'19:00','zone':'Europe/Berlin'}");
	json_t *o = api_must(&api, 200, API_LOCAL, "GET", v1("/rules/%s", guid), NULL);

	ck_assert_str_eq(api_text(o, "subject.name"), "ann");
	ck_assert_str_eq(api_text(o, "object.name"), "Tills");
	ck_assert_str_eq(api_text(o, "hours.zone"), "Europe/Berlin");
	ck_assert_str_eq(api_text(o, "hours.to"), "19:00");
	ck_assert(json_is_null(api_at(o, "control_role_guid")));
	ck_assert(allowed_at(MONDAY_NOON));
	ck_assert(!allowed_at(MONDAY_EVENING));
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/test"),
			"{'user_guid':'%s','device_id':'184726553','at':%lld}", ann,
			(long long)MONDAY_NOON);
	ck_assert_str_eq(api_text(o, "text"),
			"Allowed by the rule 'Helpdesk to tills'. What may be done there is left to the "
			"device's own settings.");
	ck_assert_str_eq(api_text(o, "rule.guid"), guid);
	/* at any time, but until a day; then not at all */
	o = api_must(&api, 200, API_LOCAL, "PATCH", v1("/rules/%s", guid),
			"{'hours':null,'expires_at':%lld}", (long long)MONDAY_EVENING + 1);
	ck_assert(json_is_null(api_at(o, "hours")));
	ck_assert(allowed_at(MONDAY_EVENING));
	ck_assert(!allowed_at(MONDAY_EVENING + 1));
	api_must(&api, 200, API_LOCAL, "PATCH", v1("/rules/%s", guid), "{'enabled':false}");
	ck_assert(!allowed_at(MONDAY_NOON));
	/* changed meanwhile by somebody else */
	o = api_must(&api, 409, API_LOCAL, "PATCH", v1("/rules/%s", guid),
			"{'note':'x','updated_at':1}");
	ck_assert_str_eq(code_of(o), "changed");
	api_must(&api, 204, API_LOCAL, "DELETE", v1("/rules/%s", guid), NULL);
	api_must(&api, 404, API_LOCAL, "GET", v1("/rules/%s", guid), NULL);
	api_must(&api, 404, API_LOCAL, "DELETE", v1("/rules/%s", guid), NULL);
}
END_TEST

static const struct {
	const char *hours;
	int status;
} hours[] = {
	{ "{'days':[0],'from':'22:00','to':'06:00','zone':'UTC'}", 201 },
	{ "{'days':[0],'from':'00:00','to':'24:00','zone':'+05:30'}", 201 },
	{ "{'days':[],'from':'08:00','to':'09:00','zone':'UTC'}", 201 },
	{ "{'days':[0],'from':'08:00','to':'24:01','zone':'UTC'}", 400 },
	{ "{'days':[0],'from':'8:00','to':'09:00','zone':'UTC'}", 400 },
	{ "{'days':[7],'from':'08:00','to':'09:00','zone':'UTC'}", 400 },
	{ "{'days':[0],'from':'08:00','to':'09:00','zone':'Mars/Olympus'}", 400 },
	{ "{'days':[0],'from':'08:00','to':'09:00','zone':'../../etc/passwd'}", 400 },
	{ "{'days':[0],'from':'08:00','to':'09:00','zone':'+99:00'}", 400 },
};

START_TEST(hours_that_there_are)
{
	json_t *o;

	for (size_t i = 0; i < HWS_COUNT(hours); i++)
		api_must(&api, hours[i].status, API_LOCAL, "POST", v1("/rules"),
				"{'name':'r','subject_kind':'user','subject_guid':'%s',"
				"'object_kind':'device','object_guid':'%s','hours':%s}",
				ann, till, hours[i].hours);
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/rules?sort=created_at"), NULL);
	ck_assert_int_eq(api_int(o, "total"), 3);
	ck_assert_str_eq(api_text(o, "items.1.hours.zone"), "+05:30");
	ck_assert_str_eq(api_text(o, "items.1.hours.to"), "24:00");
	ck_assert_str_eq(api_text(o, "items.0.hours.from"), "22:00");
	/* what it names must be there */
	o = api_must(&api, 400, API_LOCAL, "POST", v1("/rules"),
			"{'name':'r','subject_kind':'group','subject_guid':'%s','object_kind':'device',"
			"'object_guid':'%s'}",
			ann, till);
	ck_assert_str_eq(code_of(o), "bad_field");
}
END_TEST

START_TEST(rules_among_many)
{
	char name[40];
	json_t *o;

	for (int i = 0; i < 25; i++) {
		(void)snprintf(name, sizeof(name), "Rule %02d%s", i, i % 5 ? "" : " NIGHT");
		(void)add_rule(name, "null");
	}
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/rules?limit=10&sort=-name"), NULL);
	ck_assert_str_eq(api_text(o, "items.0.name"), "Rule 24");
	o = api_must(&api, 200, API_LOCAL, "GET",
			v1("/rules?limit=10&sort=-name&cursor=%s", api_text(o, "next")), NULL);
	ck_assert_str_eq(api_text(o, "items.0.name"), "Rule 14");
	ck_assert_int_eq(api_int(api_must(&api, 200, API_LOCAL, "GET", v1("/rules?q=night"), NULL),
					 "total"),
			5);
	ck_assert_int_eq(api_int(api_must(&api, 200, API_LOCAL, "GET", v1("/rules?subject=%s", ann),
						 NULL),
					 "total"),
			25);
	/* first what would be, then it */
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/bulk"),
			"{'action':'disable','filter':{'q':'night'}}");
	ck_assert(json_is_true(api_at(o, "dry_run")));
	ck_assert_int_eq(api_int(o, "count"), 5);
	ck_assert_int_eq(api_int(api_must(&api, 200, API_LOCAL, "GET", v1("/rules?enabled=false"),
						 NULL),
					 "total"),
			0);
	api_must(&api, 200, API_LOCAL, "POST", v1("/rules/bulk"),
			"{'action':'disable','filter':{'q':'night'},'dry_run':false}");
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/bulk"),
			"{'action':'delete','filter':{'enabled':false},'dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 5);
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/bulk"),
			"{'action':'delete','guids':['%s'],'dry_run':false}", ann);
	ck_assert_str_eq(api_text(o, "refused.0.code"), "not_found");
	ck_assert_int_eq(
			api_int(api_must(&api, 200, API_LOCAL, "GET", v1("/rules"), NULL), "total"),
			20);
}
END_TEST

START_TEST(what_may_be_done_in_a_session)
{
	json_t *o = api_must(&api, 201, API_LOCAL, "POST", v1("/control-roles"),
			"{'name':'Look','permissions':{'keyboard':'deny','file':'allow','audio':'leave'}}");
	char role[DAT_GUID_TEXT];
	const char *rule;

	(void)snprintf(role, sizeof(role), "%s", api_text(o, "guid"));
	ck_assert_uint_eq(json_object_size(api_at(o, "permissions")), 2);
	rule = add_rule("r", "null");
	api_must(&api, 200, API_LOCAL, "PATCH", v1("/rules/%s", rule), "{'control_role_guid':'%s'}",
			role);
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/test"),
			"{'user_guid':'%s','device_id':'184726553'}", ann);
	ck_assert_str_eq(api_text(o, "permissions.keyboard"), "deny");
	ck_assert_str_eq(api_text(o, "permissions.file"), "allow");
	ck_assert(strstr(
			api_text(o, "text"), "The control role says: deny keyboard, allow file; "));
	/* who is not logged in, said in both ways: the server asks them to log in */
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/test"), "{'device_id':'184726553'}");
	ck_assert(json_is_false(api_at(o, "allowed")));
	ck_assert(json_is_null(api_at(o, "rule")));
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/rules/test"),
			"{'user_guid':null,'device_id':'184726553'}");
	ck_assert(json_is_false(api_at(o, "allowed")));
	ck_assert_str_ne(api_text(o, "text"), "");
	/* no answer about what is not there */
	o = api_must(&api, 404, API_LOCAL, "POST", v1("/rules/test"),
			"{'user_guid':'%s','device_id':'999999999'}", ann);
	ck_assert_str_eq(code_of(o), "not_found");
	/* less must not become more unseen */
	o = api_must(&api, 409, API_LOCAL, "DELETE", v1("/control-roles/%s", role), NULL);
	ck_assert_str_eq(code_of(o), "in_use");
	api_must(&api, 200, API_LOCAL, "PATCH", v1("/rules/%s", rule),
			"{'control_role_guid':null}");
	api_must(&api, 204, API_LOCAL, "DELETE", v1("/control-roles/%s", role), NULL);
	/* two are always there */
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/control-roles"), NULL);
	ck_assert_int_eq(api_int(o, "total"), 2);
	ck_assert_str_eq(api_text(o, "items.1.builtin"), "not_logged_in");
	api_must(&api, 403, API_LOCAL, "DELETE",
			v1("/control-roles/%s", api_text(o, "items.0.guid")), NULL);
	o = api_must(&api, 200, API_LOCAL, "PATCH",
			v1("/control-roles/%s", api_text(o, "items.0.guid")),
			"{'permissions':{'terminal':'deny'}}");
	ck_assert_str_eq(api_text(o, "permissions.terminal"), "deny");
	api_must(&api, 409, API_LOCAL, "POST", v1("/control-roles"),
			"{'name':'DEFAULT','permissions':{}}");
}
END_TEST

START_TEST(a_strategy_and_whom_it_is_for)
{
	json_t *o = api_must(&api, 201, API_LOCAL, "POST", v1("/strategies"),
			"{'name':'Tills','enforce':true,'options':{'enable-file-transfer':'N',"
			"'approve-mode':'password'}}");
	char guid[DAT_GUID_TEXT];
	int64_t revision = api_int(o, "revision");

	(void)snprintf(guid, sizeof(guid), "%s", api_text(o, "guid"));
	ck_assert_int_eq(api_int(o, "devices"), 0);
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/strategies/%s/targets", guid),
			"{'add':[{'kind':'device_group','guid':'%s'}]}", group);
	ck_assert_int_eq(api_int(o, "count"), 1);
	ck_assert_int_eq(api_int(api_must(&api, 200, API_LOCAL, "GET",
						 v1("/strategies/%s/targets", guid), NULL),
					 "total"),
			0);
	o = api_must(&api, 404, API_LOCAL, "GET", v1("/devices/%s/strategy", till), NULL);
	ck_assert_str_eq(api_text(o, "error.text"), "No strategy holds for this device.");
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/strategies/%s/targets", guid),
			"{'add':[{'kind':'device_group','guid':'%s'},{'kind':'user','guid':'%s'}],"
			"'dry_run':false}",
			group, group);
	ck_assert_str_eq(api_text(o, "refused.0.code"), "not_found");
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/strategies/%s/targets", guid), NULL);
	ck_assert_str_eq(api_text(o, "items.0.name"), "Tills");
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/devices/%s/strategy", till), NULL);
	ck_assert_str_eq(api_text(o, "guid"), guid);
	ck_assert_int_eq(api_int(o, "devices"), 1);
	o = api_must(&api, 200, API_LOCAL, "PATCH", v1("/strategies/%s", guid),
			"{'options':{'direct-access-port':'21118'}}");
	ck_assert_int_gt(api_int(o, "revision"), revision);
	ck_assert_uint_eq(json_object_size(api_at(o, "options")), 1);
	api_must(&api, 200, API_LOCAL, "POST", v1("/strategies/%s/targets", guid),
			"{'remove':[{'kind':'device_group','guid':'%s'}],'dry_run':false}", group);
	api_must(&api, 404, API_LOCAL, "GET", v1("/devices/%s/strategy", till), NULL);
	api_must(&api, 204, API_LOCAL, "DELETE", v1("/strategies/%s", guid), NULL);
}
END_TEST

static const struct {
	const char *option, *value;
	int status;
} options[] = {
	{ "enable-clipboard", "N", 201 },
	{ "enable-clipboard", "", 201 },
	{ "enable-clipboard", "no", 400 },
	{ "direct-access-port", "65536", 400 },
	{ "verification-method", "use-both-passwords", 201 },
	{ "whitelist", "192.0.2.0/24,198.51.100.7", 201 },
	/* a host would take them, and be lost */
	{ "custom-rendezvous-server", "evil.example", 400 },
	{ "api-server", "http://evil.example", 400 },
	{ "relay-server", "evil.example", 400 },
	{ "key", "AAAA", 400 },
	{ "proxy-url", "socks5://evil.example", 400 },
	{ "proxy-username", "x", 400 },
	{ "proxy-password", "x", 400 },
	{ "ice-servers", "stun:evil.example", 400 },
	{ "allow-insecure-tls-fallback", "Y", 400 },
	{ "preset-address-book-password", "x", 400 },
	{ "no-such-option", "Y", 400 },
};

START_TEST(settings_that_may_be_pushed)
{
	static const struct {
		const char *option, *said;
	} wrong[] = { { "enable-audio", "is Y or N, or empty" },
		{ "direct-access-port", "is a number up to 65535, or empty" },
		{ "temporary-password-length", "is 6, 8 or 10, or empty" } };
	json_t *o, *one;
	size_t i;

	for (i = 0; i < HWS_COUNT(options); i++)
		api_must(&api, options[i].status, API_LOCAL, "POST", v1("/strategies"),
				"{'name':'s%zu','options':{'%s':'%s'}}", i, options[i].option,
				options[i].value);
	/* what is refused leaves nothing behind */
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/strategies"), NULL);
	ck_assert_int_eq(api_int(o, "total"), 4);
	/* always texts: a host drops all for one number */
	json_array_foreach (api_at(o, "items"), i, one) {
		const char *key;
		json_t *v;

		json_object_foreach (json_object_get(one, "options"), key, v)
			ck_assert(json_is_string(v));
	}
	api_must(&api, 400, API_LOCAL, "POST", v1("/strategies"),
			"{'name':'n','options':{'direct-access-port':21118}}");
	for (i = 0; i < HWS_COUNT(wrong); i++) {
		o = api_must(&api, 400, API_LOCAL, "POST", v1("/strategies"),
				"{'name':'n','options':{'%s':'maybe'}}", wrong[i].option);
		ck_assert_msg(strstr(api_text(o, "error.text"), wrong[i].said) != NULL, "%s",
				api_text(o, "error.text"));
	}
	ck_assert_int_eq(api_int(api_must(&api, 200, API_LOCAL, "GET",
						 v1("/strategies/options?limit=200"), NULL),
					 "total"),
			48);
}
END_TEST

/* --- books ------------------------------------------------------------------------------------ */

START_TEST(a_book_is_shared_and_filled)
{
	json_t *o = api_must(&api, 201, API_LOCAL, "POST", v1("/books"),
			"{'name':'Field service','owner_guid':'%s'}", ann);
	char book[DAT_GUID_TEXT], share[DAT_GUID_TEXT], entry[DAT_GUID_TEXT];
	const struct api_reply *r;

	ck_assert_str_eq(api_text(o, "owner.name"), "ann");
	ck_assert_str_eq(api_text(o, "right"), "full");
	(void)snprintf(book, sizeof(book), "%s", api_text(o, "guid"));
	o = api_must(&api, 201, API_LOCAL, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'everyone','right':'read'}");
	ck_assert(json_is_null(api_at(o, "subject")));
	(void)snprintf(share, sizeof(share), "%s", api_text(o, "guid"));
	api_must(&api, 409, API_LOCAL, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'everyone','subject_guid':null,'right':'full'}");
	api_must(&api, 400, API_LOCAL, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'user','right':'full'}");
	api_must(&api, 400, API_LOCAL, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'group','subject_guid':'%s','right':'full'}", ann);
	o = api_must(&api, 200, API_LOCAL, "PATCH", v1("/books/%s/shares/%s", book, share),
			"{'right':'write'}");
	ck_assert_str_eq(api_text(o, "right"), "write");
	r = api_call(&api, API_LOCAL, "GET", "/api/v1/audit?kind=console&limit=2", NULL);
	ck_assert_msg(strstr(r->body, "\"right\":\"read\"") != NULL &&
					strstr(r->body, "\"right\":\"write\",\"before\":\"read\"") !=
							NULL,
			"%s", r->body);
	o = api_must(&api, 201, API_LOCAL, "POST", v1("/books/%s/entries", book),
			"{'id':'184726553','alias':'Till 14','tags':['shop','shop2'],'password':'geheim'}");
	ck_assert(json_is_true(api_at(o, "has_password")));
	ck_assert_ptr_null(api_at(o, "password"));
	(void)snprintf(entry, sizeof(entry), "%s", api_text(o, "guid"));
	api_must(&api, 409, API_LOCAL, "POST", v1("/books/%s/entries", book), "{'id':'184726553'}");
	o = api_must(&api, 200, API_LOCAL, "PATCH", v1("/books/%s/entries/%s", book, entry),
			"{'id':'222222222','force_relay':true}");
	ck_assert_str_eq(api_text(o, "id"), "222222222");
	ck_assert_str_eq(api_text(o, "alias"), "Till 14");
	o = api_must(&api, 200, API_LOCAL, "GET",
			v1("/books/%s/entries?tag=shop&q=TILL&sort=-alias", book), NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	o = api_must(&api, 200, API_LOCAL, "PUT", v1("/books/%s/tags/shop", book),
			"{'color':'#2a6fb0','rename':'store'}");
	ck_assert_str_eq(api_text(o, "color"), "#2a6fb0");
	ck_assert_int_eq(api_int(o, "entries"), 1);
	api_must(&api, 204, API_LOCAL, "DELETE", v1("/books/%s/tags/shop2", book), NULL);
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/books/%s/tags", book), NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	api_must(&api, 204, API_LOCAL, "DELETE", v1("/books/%s/shares/%s", book, share), NULL);
	api_must(&api, 204, API_LOCAL, "DELETE", v1("/books/%s", book), NULL);
	api_must(&api, 404, API_LOCAL, "GET", v1("/books/%s", book), NULL);
	api_must(&api, 409, API_LOCAL, "POST", v1("/books"),
			"{'name':'my address book','owner_guid':'%s'}", ann);
}
END_TEST

START_TEST(the_bin_of_a_book)
{
	char book[DAT_GUID_TEXT];
	json_t *o;

	(void)snprintf(book, sizeof(book), "%s",
			api_text(api_must(&api, 201, API_LOCAL, "POST", v1("/books"),
						 "{'name':'B','owner_guid':'%s'}", ann),
					"guid"));
	for (int i = 0; i < 5; i++)
		api_must(&api, 201, API_LOCAL, "POST", v1("/books/%s/entries", book),
				"{'id':'10000%d'}", i);
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/books/%s/entries/bulk", book),
			"{'action':'tag_add','tag':'x','filter':{'q':'1000'},'dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 5);
	api_must(&api, 400, API_LOCAL, "POST", v1("/books/%s/entries/bulk", book),
			"{'action':'tag_add','filter':{'q':'1000'}}");
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/books/%s/entries/bulk", book),
			"{'action':'delete','filter':{'tag':'x'},'dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 5);
	api_must(&api, 201, API_LOCAL, "POST", v1("/books/%s/entries", book), "{'id':'100000'}");
	o = api_must(&api, 200, API_LOCAL, "POST", v1("/books/%s/entries/bulk", book),
			"{'action':'restore','filter':{'deleted':true},'dry_run':false}");
	ck_assert_int_eq(api_int(o, "count"), 4);
	ck_assert_uint_eq(json_array_size(api_at(o, "refused")), 1);
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/books/%s/entries?deleted=true", book), NULL);
	ck_assert_int_eq(api_int(o, "total"), 1);
	/* from the bin it goes for good */
	api_must(&api, 204, API_LOCAL, "DELETE",
			v1("/books/%s/entries/%s", book, api_text(o, "items.0.guid")), NULL);
	o = api_must(&api, 200, API_LOCAL, "GET", v1("/books/%s/entries?deleted=true", book), NULL);
	ck_assert_int_eq(api_int(o, "total"), 0);
}
END_TEST

START_TEST(who_may_do_what_with_a_book)
{
	char bob[DAT_GUID_TEXT], book[DAT_GUID_TEXT];
	struct api_as by_ann, by_bob;

	desk_account(&desk, "bob", DAT_ROLE_USER, "", bob);
	by_ann = desk_token(&desk, ann, "book:rw");
	by_bob = desk_token(&desk, bob, "book:rw");
	desk_ok(dat_book_add(desk.c, ann, "Ann's", "", desk_now(), book));
	api_must(&api, 200, by_ann, "GET", v1("/books/%s", book), NULL);
	api_must(&api, 404, by_bob, "GET", v1("/books/%s", book), NULL);
	api_must(&api, 404, by_bob, "DELETE", v1("/books/%s", book), NULL);
	desk_ok(dat_book_rule(desk.c, book, "user", bob, DAT_BOOK_READ, desk_now()));
	ck_assert_str_eq(api_text(api_must(&api, 200, by_bob, "GET", v1("/books/%s", book), NULL),
					 "right"),
			"read");
	api_must(&api, 403, by_bob, "POST", v1("/books/%s/entries", book), "{'id':'100000'}");
	desk_ok(dat_book_rule(desk.c, book, "user", bob, DAT_BOOK_WRITE, desk_now()));
	api_must(&api, 201, by_bob, "POST", v1("/books/%s/entries", book), "{'id':'100000'}");
	api_must(&api, 403, by_bob, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'everyone','right':'read'}");
	desk_ok(dat_book_rule(desk.c, book, "user", bob, DAT_BOOK_FULL, desk_now()));
	api_must(&api, 201, by_bob, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'everyone','right':'read'}");
	/* but it stays its owner's */
	api_must(&api, 403, by_bob, "DELETE", v1("/books/%s", book), NULL);
	api_must(&api, 403, by_bob, "PATCH", v1("/books/%s", book), "{'owner_guid':'%s'}", bob);
	api_must(&api, 403, by_bob, "POST", v1("/books"), "{'name':'x','owner_guid':'%s'}", ann);
	/* a token that may only read; one for something else */
	api_must(&api, 403, desk_token(&desk, ann, "book:r"), "DELETE", v1("/books/%s", book),
			NULL);
	api_must(&api, 403, desk_token(&desk, ann, "user:rw"), "GET", v1("/books"), NULL);
	/* the personal book is nobody else's, nor can it be given away */
	api_must(&api, 200, by_ann, "GET", v1("/books"), NULL);
	desk_ok(dat_book_personal(desk.c, ann, desk_now(), book));
	api_must(&api, 404, API_LOCAL, "GET", v1("/books/%s", book), NULL);
	api_must(&api, 403, by_ann, "DELETE", v1("/books/%s", book), NULL);
	api_must(&api, 403, by_ann, "POST", v1("/books/%s/shares", book),
			"{'subject_kind':'everyone','right':'read'}");
	/* users see no rules of the server */
	api_must(&api, 403, desk_token(&desk, ann, "rule:rw"), "GET", v1("/rules"), NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api/rules");
	TCase *c = test_case(s, "policy", 60,
			TESTS(a_rule_and_its_hours, hours_that_there_are, rules_among_many,
					what_may_be_done_in_a_session,
					a_strategy_and_whom_it_is_for, settings_that_may_be_pushed,
					a_book_is_shared_and_filled, the_bin_of_a_book,
					who_may_do_what_with_a_book));

	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
