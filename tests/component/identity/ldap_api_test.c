/* Clients and the console log in to hawser-api with passwords of a real directory. */
#include "tests/component/api/client.h"
#include "tests/component/identity/directory.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

#define BASE "ou=people,dc=example,dc=org"
#define LOGIN                                                                                      \
	"{'username':'%s','password':'%s','id':'1','uuid':'dQ==','type':'account','deviceInfo':{'os':'linux','type':'client','name':'box'}}"

static struct directory d;
static struct api api;

static const char people[] =
		"dn: " BASE "\nobjectClass: organizationalUnit\nou: people\n\n"
		"dn: cn=reader,dc=example,dc=org\nobjectClass: applicationProcess\n"
		"objectClass: simpleSecurityObject\ncn: reader\nuserPassword: readersecret\n\n"
		"dn: uid=ann," BASE "\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann\nsn: E\n"
		"userPassword: ann password\n\n"
		"dn: uid=carl," BASE "\nobjectClass: inetOrgPerson\nuid: carl\ncn: Carl\nsn: E\n"
		"userPassword: carl password\n\n"
		"dn: uid=lars@example.org," BASE "\nobjectClass: inetOrgPerson\n"
		"uid: lars@example.org\ncn: Lars\nsn: E\nuserPassword: lars password\n";

static void set_up(void)
{
	const char *more[] = { "--ldap-ca", d.cert, NULL };

	directory_start(&d, people);
	more[1] = d.cert;
	api = (struct api){ .port = 0 };
	api_start(&api, NULL, more);
}

static void tear_down(void)
{
	api_stop(&api);
	directory_stop(&d);
}

static json_t *set(int status, const char *members)
{
	return api_must(&api, status, API_LOCAL, "PATCH", "/api/v1/identity/ldap", "%s", members);
}

static void use_directory(void)
{
	char text[600];

	(void)snprintf(text, sizeof(text),
			"{'enabled':true,'url':'%s','bind_dn':'cn=reader,dc=example,dc=org',"
			"'password':'readersecret','base':'" BASE "','auto_create':true,"
			"'group_map':{'ops':'role:operator'}}",
			d.tls_url);
	(void)set(200, text);
}

START_TEST(an_operator_sets_the_directory_and_tries_it)
{
	json_t *j = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/identity/ldap", NULL);

	ck_assert(json_is_false(api_at(j, "enabled")));
	ck_assert_str_eq(api_text(j, "filter"), "(objectClass=person)");
	(void)api_must(&api, 400, API_LOCAL, "POST", "/api/v1/identity/ldap/test", NULL);
	(void)set(400, "{'enabled':true}");
	(void)set(400, "{'url':'ldap://a.example ldap://b.example'}");
	(void)set(400, "{'url':'ldap://a.example/ou=x?uid?sub?(a=b)'}");
	(void)set(400, "{'url':'ldaps://a.example','starttls':true}");
	(void)set(400, "{'filter':'objectClass=person'}");
	(void)set(400, "{'name_attribute':'uid)(a'}");
	(void)set(400, "{'group_map':{'x':'role:owner'}}");
	use_directory();
	j = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/identity/ldap", NULL);
	ck_assert(json_is_true(api_at(j, "has_password")));
	ck_assert_ptr_null(api_at(j, "password"));
	j = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/identity/ldap/test", NULL);
	ck_assert_msg(json_is_true(api_at(j, "ok")), "%s", api_text(j, "text"));
	(void)set(200, "{'password':'wrong'}");
	j = api_must(&api, 200, API_LOCAL, "POST", "/api/v1/identity/ldap/test", NULL);
	ck_assert(json_is_false(api_at(j, "ok")));
	ck_assert_ptr_null(strstr(api_text(j, "text"), "wrong"));
	(void)set(200, "{'password':''}");
	j = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/identity/ldap", NULL);
	ck_assert(json_is_false(api_at(j, "has_password")));
}
END_TEST

START_TEST(who_repoints_the_directory_learns_no_password)
{
	struct api_as admin;
	char text[200];
	json_t *j;

	use_directory();
	(void)api_user(&api, "adam", "admin", NULL);
	admin = api_console(&api, "adam", API_PASSWORD);
	(void)api_must(&api, 200, admin, "GET", "/api/v1/identity/ldap", NULL);
	(void)api_must(&api, 403, admin, "PATCH", "/api/v1/identity/ldap",
			"{'url':'ldaps://127.0.0.1:1'}");
	(void)api_must(&api, 403, admin, "POST", "/api/v1/identity/ldap/test", NULL);
	j = set(200, "{'auto_create':false}");
	ck_assert(json_is_true(api_at(j, "has_password")));
	(void)snprintf(text, sizeof(text), "{'url':'%s'}", d.url);
	j = set(200, text);
	ck_assert(json_is_false(api_at(j, "has_password")));
	j = set(200, "{'password':'readersecret'}");
	ck_assert(json_is_true(api_at(j, "has_password")));
	j = set(200, "{'starttls':true}");
	ck_assert(json_is_false(api_at(j, "has_password")));
	j = set(200, "{'starttls':false,'password':'readersecret'}");
	ck_assert(json_is_true(api_at(j, "has_password")));
}
END_TEST

START_TEST(the_directory_says_not_who_runs_the_server)
{
	static const char invite[] =
			"{'name':'%s','role':'%s','status':'invited','group_guid':'%s'}";
	const struct api_reply *r;
	const char *group;

	use_directory();
	group = api_text(api_at(api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups", NULL),
					 "items.0"),
			"guid");
	(void)api_must(&api, 201, API_LOCAL, "POST", "/api/v1/users", invite, "ann", "user", group);
	(void)api_must(&api, 201, API_LOCAL, "POST", "/api/v1/users", invite, "carl", "owner",
			group);
	(void)api_console(&api, "ann", "ann password");
	r = api_call(&api, API_NOBODY, "POST", "/api/v1/login", "{'name':'carl','password':'%s'}",
			"carl password");
	ck_assert_int_eq(r->status, 403);
	ck_assert_ptr_nonnull(strstr(r->body, "not tied to a provider"));
}
END_TEST

/* What an address here is may be a name there. */
START_TEST(an_address_here_keeps_nobody_of_the_directory_out)
{
	struct api_as as;
	char path[100];

	use_directory();
	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", api_user(&api, "eve", "user", NULL));
	as = api_console(&api, "eve", API_PASSWORD);
	(void)api_must(&api, 403, as, "PATCH", "/api/v1/me", "{'email':'lars@example.org'}");
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'email':'lars@example.org'}");
	as = api_console(&api, "lars@example.org", "lars password");
	ck_assert_str_eq(api_text(api_must(&api, 200, as, "GET", "/api/v1/session", NULL),
					 "account.name"),
			"lars@example.org");
	as = api_console(&api, "eve", API_PASSWORD);
	ck_assert_str_eq(api_text(api_must(&api, 200, as, "GET", "/api/v1/session", NULL),
					 "account.name"),
			"eve");
	ck_assert_int_eq(api_call(&api, API_NOBODY, "POST", "/api/login", LOGIN, "lars@example.org",
					 "nobodys password")
					 ->status,
			401);
}
END_TEST

START_TEST(people_of_the_directory_log_in)
{
	const struct api_reply *wrong, *unknown;
	struct api_as as = { .local = false };
	json_t *j;

	use_directory();
	j = api_must(&api, 200, API_NOBODY, "POST", "/api/login", LOGIN, "ann", "ann password");
	ck_assert_str_eq(api_text(j, "type"), "access_token");
	ck_assert_str_eq(api_text(j, "user.name"), "ann");
	(void)snprintf(as.bearer, sizeof(as.bearer), "%s", api_text(j, "access_token"));
	(void)api_must(&api, 200, as, "POST", "/api/currentUser", "{}");
	as = api_console(&api, "carl", "carl password");
	ck_assert_str_eq(api_text(api_must(&api, 200, as, "GET", "/api/v1/session", NULL),
					 "account.source"),
			"ldap");
	wrong = api_call(&api, API_NOBODY, "POST", "/api/login", LOGIN, "ann", "carl password");
	unknown = api_call(&api, API_NOBODY, "POST", "/api/login", LOGIN, "dora", "carl password");
	ck_assert_int_eq(wrong->status, 401);
	ck_assert_int_eq(unknown->status, 401);
	ck_assert_str_eq(wrong->body, unknown->body);
	ck_assert_int_eq(api_call(&api, API_NOBODY, "POST", "/api/login", LOGIN, "ann", "")->status,
			401);
	/* nothing of a password is in the log */
	(void)test_proc_expect(&api.proc, "never said", 200);
	ck_assert_ptr_null(strstr(api.proc.log, "ann password"));
	ck_assert_ptr_null(strstr(api.proc.log, "readersecret"));
}
END_TEST

START_TEST(an_account_of_ours_needs_no_directory)
{
	use_directory();
	(void)api_user(&api, "ann", "admin", API_PASSWORD);
	directory_freeze(&d, true);
	(void)api_console(&api, "ann", API_PASSWORD);
	/* nor does the directory's password open it */
	directory_freeze(&d, false);
	ck_assert_int_eq(api_call(&api, API_NOBODY, "POST", "/api/login", LOGIN, "ann",
					 "ann password")
					 ->status,
			401);
}
END_TEST

int main(void)
{
	return test_main("component/identity/ldap_api", 60, set_up, tear_down,
			TESTS(an_operator_sets_the_directory_and_tries_it,
					who_repoints_the_directory_learns_no_password,
					the_directory_says_not_who_runs_the_server,
					an_address_here_keeps_nobody_of_the_directory_out,
					people_of_the_directory_log_in,
					an_account_of_ours_needs_no_directory));
}
