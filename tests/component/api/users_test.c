/* Accounts and groups by the server's own API, as an operator's script and the console use them. */
#include "shared/base/macros.h"
#include "tests/component/api/client.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <string.h>

static struct api api;

static void set_up(void)
{
	memset(&api, 0, sizeof(api));
	api_start(&api, NULL, NULL);
}

static void tear_down(void)
{
	api_stop(&api);
}

START_TEST(groups_are_made_changed_and_removed)
{
	json_t *g = api_must(&api, 201, API_LOCAL, "POST", "/api/v1/groups",
			"{'name':'Sales','note':'field','intra_access':true}");
	char path[80];

	ck_assert(json_is_true(api_at(g, "intra_access")));
	ck_assert_int_eq(api_int(g, "members"), 0);
	(void)snprintf(path, sizeof(path), "/api/v1/groups/%s", api_text(g, "guid"));
	(void)api_must(&api, 409, API_LOCAL, "POST", "/api/v1/groups", "{'name':'sALES'}");
	(void)api_must(&api, 409, API_LOCAL, "PATCH", path, "{'note':'x','updated_at':1}");
	g = api_must(&api, 200, API_LOCAL, "PATCH", path,
			"{'name':'Sellers','intra_access':false}");
	ck_assert_str_eq(api_text(g, "note"), "field");
	ck_assert(json_is_false(api_at(g, "intra_access")));
	g = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups?sort=-name", NULL);
	ck_assert_int_eq(api_int(g, "total"), 2);
	ck_assert_str_eq(api_text(g, "items.0.name"), "Sellers");
	ck_assert_str_eq(api_text(g, "items.1.name"), "Default");
	(void)api_must(&api, 400, API_LOCAL, "GET", "/api/v1/groups?sort=note", NULL);
	(void)api_must(&api, 204, API_LOCAL, "DELETE", path, NULL);
	(void)api_must(&api, 404, API_LOCAL, "GET", path, NULL);
	g = api_must(&api, 201, API_LOCAL, "POST", "/api/v1/device-groups", "{'name':'Tills'}");
	ck_assert_ptr_null(api_at(g, "intra_access"));
	ck_assert_int_eq(api_int(g, "devices"), 0);
}
END_TEST

START_TEST(a_group_with_users_stays)
{
	json_t *groups;
	char path[80];

	(void)api_user(&api, "ann", "owner", NULL);
	groups = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups", NULL);
	ck_assert_int_eq(api_int(groups, "items.0.members"), 1);
	(void)snprintf(path, sizeof(path), "/api/v1/groups/%s", api_text(groups, "items.0.guid"));
	ck_assert_str_eq(api_text(api_must(&api, 409, API_LOCAL, "DELETE", path, NULL),
					 "error.code"),
			"in_use");
}
END_TEST

/* "/api/v1/users/GUID" and what follows; a few at a time. */
static const char *at(const char *guid, const char *rest)
{
	static char path[4][160];
	static unsigned turn;
	char *buf = path[turn++ % 4];

	(void)snprintf(buf, sizeof(path[0]), "/api/v1/users/%s%s", guid, rest);
	return buf;
}

/* The newest event of the audit says what was changed from what to what. */
static void must_be_told(const char *key, const char *before, const char *after)
{
	char want[200];
	const struct api_reply *r = api_call(
			&api, API_LOCAL, "GET", "/api/v1/audit?kind=console&limit=1", NULL);

	ck_assert_int_eq(r->status, 200);
	(void)snprintf(want, sizeof(want), "\"%s\":{\"before\":\"%s\",\"after\":\"%s\"}", key,
			before, after);
	ck_assert_msg(strstr(r->body, want) != NULL, "%s", r->body);
}

static const char *default_group(void)
{
	return api_text(api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups?q=Default", NULL),
			"items.0.guid");
}

START_TEST(nobody_raises_themselves_or_touches_an_owner)
{
	const char *owner = api_user(&api, "olga", "owner", NULL);
	const char *admin = api_user(&api, "adam", "admin", NULL);
	const char *user = api_user(&api, "uma", "user", NULL);
	struct api_as adam = api_console(&api, "adam", NULL);
	const char *group = default_group();

	(void)api_must(&api, 403, adam, "POST", "/api/v1/users",
			"{'name':'eve','role':'owner','group_guid':'%s'}", group);
	(void)api_must(&api, 403, adam, "PATCH", at(user, ""), "{'role':'owner'}");
	(void)api_must(&api, 403, adam, "PATCH", at(admin, ""), "{'role':'owner'}");
	(void)api_must(&api, 403, adam, "PATCH", at(admin, ""), "{'status':'disabled'}");
	(void)api_must(&api, 403, adam, "PATCH", at(admin, ""), "{'password':'%s'}", API_PASSWORD);
	(void)api_must(&api, 403, adam, "PATCH", at(owner, ""), "{'note':'x'}");
	(void)api_must(&api, 403, adam, "DELETE", at(owner, ""), NULL);
	(void)api_must(&api, 403, adam, "DELETE", at(admin, ""), NULL);
	(void)api_must(&api, 403, adam, "POST", at(owner, "/password"), "{'password':'%s'}",
			API_PASSWORD);
	(void)api_must(&api, 403, adam, "DELETE", at(owner, "/totp"), NULL);
	(void)api_must(&api, 403, adam, "POST", at(owner, "/logout"), NULL);
	/* nor by way of many */
	json_t *many = api_must(&api, 200, adam, "POST", "/api/v1/users/bulk",
			"{'action':'delete','guids':['%s','%s','%s'],'dry_run':true}", owner, admin,
			user);

	ck_assert_int_eq(api_int(many, "count"), 1);
	ck_assert_uint_eq(json_array_size(api_at(many, "refused")), 2);
	(void)api_must(&api, 200, API_LOCAL, "GET", at(user, ""), NULL);
	/* what an admin may */
	(void)api_must(&api, 200, adam, "PATCH", at(admin, ""), "{'note':'me'}");
	(void)api_must(&api, 200, adam, "PATCH", at(user, ""), "{'role':'operator'}");
	must_be_told("role", "user", "operator");
	/* and the last owner stays, whoever asks */
	(void)api_must(&api, 403, API_LOCAL, "DELETE", at(owner, ""), NULL);
	(void)api_must(&api, 403, API_LOCAL, "PATCH", at(owner, ""), "{'status':'disabled'}");
	(void)api_must(&api, 403, API_LOCAL, "PATCH", at(owner, ""), "{'role':'admin'}");
}
END_TEST

START_TEST(a_user_is_made_changed_and_found)
{
	const char *group = default_group(), *guid;
	json_t *u = api_must(&api, 201, API_LOCAL, "POST", "/api/v1/users",
			"{'name':'Zoë','role':'user','group_guid':'%s','email':'zoe@example.org',"
			"'max_sessions':3,'note':'<b>'}",
			group);

	guid = api_text(u, "guid");
	ck_assert_str_eq(api_text(u, "status"), "active");
	ck_assert_str_eq(api_text(u, "group.name"), "Default");
	ck_assert_int_eq(api_int(u, "max_sessions"), 3);
	ck_assert(json_is_null(api_at(u, "control_role")));
	(void)api_must(&api, 409, API_LOCAL, "POST", "/api/v1/users",
			"{'name':'ZOË','role':'user','group_guid':'%s'}", group);
	(void)api_must(&api, 400, API_LOCAL, "POST", "/api/v1/users",
			"{'name':'x','role':'user','group_guid':'11111111-1111-4111-8111-111111111111'}");
	(void)api_must(&api, 409, API_LOCAL, "PATCH", at(guid, ""), "{'note':'y','updated_at':5}");
	u = api_must(&api, 200, API_LOCAL, "PATCH", at(guid, ""),
			"{'display_name':'Z','totp_required':true,'role':'auditor'}");
	ck_assert(json_is_true(api_at(u, "totp_required")));
	ck_assert_str_eq(api_text(u, "note"), "<b>");
	u = api_must(&api, 200, API_LOCAL, "GET",
			"/api/v1/users?q=zoe%40&role=auditor&status=active", NULL);
	ck_assert_int_eq(api_int(u, "total"), 1);
	u = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/users?status=disabled", NULL);
	ck_assert_int_eq(api_int(u, "total"), 0);
	(void)api_must(&api, 204, API_LOCAL, "DELETE", at(guid, ""), NULL);
	(void)api_must(&api, 404, API_LOCAL, "GET", at(guid, ""), NULL);
	/* all of it is in the audit */
	u = api_must(&api, 200, API_LOCAL, "GET",
			"/api/v1/users?limit=1&cursor=o0&sort=-last_login_at", NULL);
	ck_assert_int_eq(api_int(u, "total"), 0);
}
END_TEST

static struct api_as csv(void)
{
	return (struct api_as){ .local = true, .head = "Content-Type: text/csv\r\n" };
}

START_TEST(a_table_goes_out_and_comes_in)
{
	static const char table[] = "name,display_name,email,role,group\r\n"
				    "ann,\"Ann \"\"A\"\"\",ann@example.org,user,Default\r\n"
				    "\"'=1+1\",,,,\r\n"
				    "bob,,ann@example.org,user,\r\n"
				    "cat,,,boss,\r\n"
				    "dan,,,user,Nowhere\r\n"
				    "eve,,,owner,\r\n"
				    "ANN,Ann B,,,\r\n";
	struct api_as adam;
	const struct api_reply *r;
	json_t *a;

	(void)api_user(&api, "adam", "admin", NULL);
	adam = api_console(&api, "adam", NULL);
	adam.head = "Content-Type: text/csv\r\n";
	r = api_send(&api, adam, "POST", "/api/v1/users/import", table);
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert(json_is_true(api_at(r->json, "dry_run")));
	ck_assert_int_eq(api_int(r->json, "created"), 2);
	/* one name, two lines: the second changes nothing that the first has made */
	ck_assert_int_eq(api_int(r->json, "updated"), 0);
	ck_assert_uint_eq(json_array_size(api_at(r->json, "errors")), 5);
	ck_assert_int_eq(api_int(r->json, "errors.0.line"), 4);
	ck_assert_str_eq(api_text(r->json, "errors.4.text"),
			"The name of line 8 stands in line 2 already.");
	a = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/users", NULL);
	ck_assert_int_eq(api_int(a, "total"), 1);
	r = api_send(&api, adam, "POST", "/api/v1/users/import?dry_run=false", table);
	ck_assert_int_eq(api_int(r->json, "created"), 2);
	a = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/users?q=ann", NULL);
	ck_assert_str_eq(api_text(a, "items.0.display_name"), "Ann \"A\"");
	ck_assert_str_eq(api_text(a, "items.0.status"), "invited");
	ck_assert_str_eq(api_text(a, "items.0.email"), "ann@example.org");
	/* no formula gets out, and what went out comes in again and changes nothing */
	r = api_call(&api, API_LOCAL, "GET", "/api/v1/users/export", NULL);
	ck_assert_int_eq(r->status, 200);
	ck_assert_ptr_nonnull(strstr(r->head, "text/csv"));
	ck_assert_ptr_nonnull(strstr(r->body, "\r\n\"'=1+1\","));
	r = api_send(&api, csv(), "POST", "/api/v1/users/import?dry_run=false", r->body);
	ck_assert_int_eq(api_int(r->json, "created") + api_int(r->json, "updated"), 0);
	ck_assert_uint_eq(json_array_size(api_at(r->json, "errors")), 0);
	(void)api_must(&api, 400, csv(), "POST", "/api/v1/users/import", "name,colour\r\nx,y\r\n");
	(void)api_must(&api, 400, csv(), "POST", "/api/v1/users/import", "name\r\n\"x\r\n");
}
END_TEST

START_TEST(many_are_changed_at_once)
{
	const char *group = api_text(api_must(&api, 201, API_LOCAL, "POST", "/api/v1/groups",
						     "{'name':'Sales'}"),
			"guid");
	json_t *a;

	(void)api_user(&api, "olga", "owner", NULL);
	for (int i = 0; i < 5; i++) {
		(void)api_must(&api, 201, API_LOCAL, "POST", "/api/v1/users",
				"{'name':'u%d','role':'user','group_guid':'%s'}", i,
				default_group());
	}
	a = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/users/bulk",
			"{'action':'group','filter':{'role':'user'},'group_guid':'%s'}", group);
	ck_assert(json_is_true(api_at(a, "dry_run")));
	ck_assert_int_eq(api_int(a, "count"), 5);
	a = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups?q=Sales", NULL);
	ck_assert_int_eq(api_int(a, "items.0.members"), 0);
	a = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/users/bulk",
			"{'action':'group','filter':{'q':'u'},'group_guid':'%s','dry_run':false}",
			group);
	ck_assert_int_eq(api_int(a, "count"), 5);
	a = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/users/bulk",
			"{'action':'disable','filter':{'group':'%s'},'dry_run':false}", group);
	ck_assert_int_eq(api_int(a, "count"), 5);
	/* those that are so already are not counted, and the last owner stays */
	a = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/users/bulk",
			"{'action':'disable','filter':{'q':''},'dry_run':false}");
	ck_assert_int_eq(api_int(a, "count"), 0);
	ck_assert_uint_eq(json_array_size(api_at(a, "refused")), 1);
	/* a filter of devices would find all */
	(void)api_must(&api, 400, API_LOCAL, "POST", "/api/v1/users/bulk",
			"{'action':'delete','filter':{'online':true},'dry_run':false}");
	a = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/users/bulk",
			"{'action':'delete','filter':{'status':'disabled'},'dry_run':false}");
	ck_assert_int_eq(api_int(a, "count"), 5);
}
END_TEST

START_TEST(who_is_invited_chooses_a_password)
{
	struct api_as adam;
	const char *owner = api_user(&api, "olga", "owner", NULL), *guid, *url, *token;
	json_t *u;

	(void)api_user(&api, "adam", "admin", NULL);
	adam = api_console(&api, "adam", NULL);
	u = api_must(&api, 201, adam, "POST", "/api/v1/users",
			"{'name':'ivy','role':'user','status':'invited','group_guid':'%s'}",
			default_group());
	guid = api_text(u, "guid");
	(void)api_must(&api, 401, API_NOBODY, "POST", "/api/v1/login",
			"{'name':'ivy','password':'anything at all'}");
	(void)api_must(&api, 403, adam, "POST", at(owner, "/link"), "{}");
	(void)api_must(&api, 400, adam, "POST", at(guid, "/link"), "{'mail':true}");
	url = api_text(api_must(&api, 200, adam, "POST", at(guid, "/link"), "{}"), "url");
	token = strstr(url, "/#/password?token=");
	ck_assert_ptr_nonnull(token);
	token += strlen("/#/password?token=");
	/* a newer one ends it */
	url = api_text(api_must(&api, 200, adam, "POST", at(guid, "/link"), "{}"), "url");
	(void)api_must(&api, 403, API_NOBODY, "POST", "/api/v1/login/password",
			"{'token':'%s','password':'chosen by ivy'}", token);
	token = strstr(url, "token=") + strlen("token=");
	(void)api_must(&api, 400, API_NOBODY, "POST", "/api/v1/login/password",
			"{'token':'%s','password':'short'}", token);
	(void)api_must(&api, 204, API_NOBODY, "POST", "/api/v1/login/password",
			"{'token':'%s','password':'chosen by ivy'}", token);
	(void)api_must(&api, 403, API_NOBODY, "POST", "/api/v1/login/password",
			"{'token':'%s','password':'chosen by eve'}", token);
	(void)api_console(&api, "ivy", "chosen by ivy");
	u = api_must(&api, 200, API_LOCAL, "GET", at(guid, ""), NULL);
	ck_assert_str_eq(api_text(u, "status"), "active");
	/* another password makes a link that is out there void, and so does a disabled account */
	url = api_text(api_must(&api, 200, adam, "POST", at(guid, "/link"), "{}"), "url");
	token = strstr(url, "token=") + strlen("token=");
	(void)api_must(&api, 204, adam, "POST", at(guid, "/password"), "{'password':'%s'}",
			API_PASSWORD);
	(void)api_must(&api, 403, API_NOBODY, "POST", "/api/v1/login/password",
			"{'token':'%s','password':'chosen by eve'}", token);
	url = api_text(api_must(&api, 200, adam, "POST", at(guid, "/link"), "{}"), "url");
	token = strstr(url, "token=") + strlen("token=");
	(void)api_must(&api, 200, adam, "PATCH", at(guid, ""), "{'status':'disabled'}");
	(void)api_must(&api, 403, API_NOBODY, "POST", "/api/v1/login/password",
			"{'token':'%s','password':'chosen by eve'}", token);
}
END_TEST

START_TEST(nobody_gives_themselves_an_address)
{
	static const char *const roles[] = { "user", "read-only", "auditor", "operator" };
	struct api_as as;
	json_t *j;

	(void)api_user(&api, "boss", "admin", NULL);
	as = api_console(&api, "boss", API_PASSWORD);
	(void)api_must(&api, 200, as, "PATCH", "/api/v1/me", "{'email':'boss@example.org'}");
	for (size_t i = 0; i < HWS_COUNT(roles); i++) {
		const char *guid = api_user(&api, roles[i], roles[i], NULL);
		char path[100];

		as = api_console(&api, roles[i], API_PASSWORD);
		/* theirs or not, taken or not: the same answer */
		j = api_must(&api, 403, as, "PATCH", "/api/v1/me", "{'email':'boss@example.org'}");
		ck_assert_str_eq(api_text(j, "error.field"), "email");
		(void)api_must(&api, 403, as, "PATCH", "/api/v1/me",
				"{'display_name':'x','email':'free@example.org'}");
		(void)snprintf(path, sizeof(path), "/api/v1/users/%s", guid);
		(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'email':'%s@example.org'}",
				roles[i]);
		j = api_must(&api, 200, as, "PATCH", "/api/v1/me",
				"{'display_name':'Mx','email':'%s@example.org'}", roles[i]);
		ck_assert_str_eq(api_text(j, "display_name"), "Mx");
	}
}
END_TEST

START_TEST(a_token_may_no_more_than_its_person)
{
	struct api_as oscar, ann, script = API_NOBODY;
	json_t *t;
	char path[100];

	(void)api_user(&api, "oscar", "operator", NULL);
	(void)api_user(&api, "ann", "admin", NULL);
	oscar = api_console(&api, "oscar", NULL);
	ann = api_console(&api, "ann", NULL);
	(void)api_must(&api, 403, oscar, "POST", "/api/v1/tokens",
			"{'name':'t','scopes':{'setting':'rw'},'expires_at':0}");
	(void)api_must(&api, 400, oscar, "POST", "/api/v1/tokens",
			"{'name':'t','scopes':{'group':'r'},'expires_at':5}");
	t = api_must(&api, 201, oscar, "POST", "/api/v1/tokens",
			"{'name':'t','scopes':{'group':'r','user':'rw'},'expires_at':0}");
	(void)snprintf(script.bearer, sizeof(script.bearer), "%s", api_text(t, "secret"));
	(void)snprintf(path, sizeof(path), "/api/v1/tokens/%s", api_text(t, "token.guid"));
	ck_assert_int_eq(strncmp(script.bearer, api_text(t, "token.prefix"), 8), 0);
	(void)api_must(&api, 200, script, "GET", "/api/v1/groups", NULL);
	/* the scope is there, the role is not */
	(void)api_must(&api, 403, script, "POST", "/api/v1/users",
			"{'name':'x','role':'user','group_guid':'%s'}", default_group());
	(void)api_must(&api, 403, script, "GET", "/api/v1/settings", NULL);
	(void)api_must(&api, 403, script, "GET", "/api/v1/tokens", NULL);
	(void)api_must(&api, 403, script, "GET", "/api/v1/me", NULL);
	(void)api_must(&api, 403, oscar, "PATCH", path, "{'scopes':{'audit':'r'}}");
	t = api_must(&api, 200, oscar, "PATCH", path, "{'name':'renamed','enabled':false}");
	ck_assert_str_eq(api_text(t, "name"), "renamed");
	(void)api_must(&api, 401, script, "GET", "/api/v1/groups", NULL);
	(void)api_must(&api, 200, ann, "PATCH", path, "{'enabled':true}");
	(void)api_must(&api, 200, script, "GET", "/api/v1/groups", NULL);
	ck_assert_int_eq(api_int(api_must(&api, 200, ann, "GET", "/api/v1/tokens?sort=-name", NULL),
					 "total"),
			1);
	(void)api_must(&api, 204, ann, "DELETE", path, NULL);
	(void)api_must(&api, 401, script, "GET", "/api/v1/groups", NULL);
	/* another's token is none of an operator's */
	t = api_must(&api, 201, ann, "POST", "/api/v1/tokens",
			"{'name':'a','scopes':{'setting':'rw'},'expires_at':0}");
	(void)snprintf(path, sizeof(path), "/api/v1/tokens/%s", api_text(t, "token.guid"));
	(void)api_must(&api, 403, oscar, "DELETE", path, NULL);
	ck_assert_int_eq(
			api_int(api_must(&api, 200, oscar, "GET", "/api/v1/tokens", NULL), "total"),
			0);
}
END_TEST

static bool web_may_read(void *arg)
{
	struct api_as web = { .head = "Origin: https://a.example\r\n" };

	(void)arg;
	return strstr(api_call(&api, web, "GET", "/api/login-options", NULL)->head,
			       "Access-Control-Allow-Origin: https://a.example\r\n") != NULL;
}

START_TEST(settings_are_kept)
{
	json_t *s = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/settings", NULL);

	ck_assert_int_eq(api_int(s, "session_hours"), 12);
	ck_assert(json_is_null(api_at(s, "default_group")));
	s = api_must(&api, 200, API_LOCAL, "PATCH", "/api/v1/settings",
			"{'audit_days':0,'default_group_guid':'%s',"
			"'allowed_origins':['https://a.example','http://b.example:8080']}",
			default_group());
	ck_assert_str_eq(api_text(s, "default_group.name"), "Default");
	ck_assert_str_eq(api_text(s, "allowed_origins.1"), "http://b.example:8080");
	ck_assert(test_until(web_may_read, NULL, TEST_PATIENCE_MS));
	(void)api_must(&api, 409, API_LOCAL, "PATCH", "/api/v1/settings",
			"{'audit_days':1,'updated_at':7}");
	(void)api_must(&api, 400, API_LOCAL, "PATCH", "/api/v1/settings",
			"{'allowed_origins':['https://a.example/path']}");
	(void)api_must(&api, 400, API_LOCAL, "PATCH", "/api/v1/settings", "{'lockout_tries':1}");
	s = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/settings", NULL);
	ck_assert_int_eq(api_int(s, "audit_days"), 0);
	ck_assert_uint_eq(json_array_size(api_at(s, "allowed_origins")), 2);
}
END_TEST

int main(void)
{
	return test_main("api_users", 60, set_up, tear_down,
			TESTS(groups_are_made_changed_and_removed, a_group_with_users_stays,
					nobody_raises_themselves_or_touches_an_owner,
					a_user_is_made_changed_and_found,
					a_table_goes_out_and_comes_in, many_are_changed_at_once,
					who_is_invited_chooses_a_password,
					nobody_gives_themselves_an_address,
					a_token_may_no_more_than_its_person, settings_are_kept));
}
