/* Logging in to hawser-api at a real provider: as deployed clients do it, and the console. */
#include "tests/component/api/client.h"
#include "tests/component/identity/provider.h"
#include "tests/support/postgres.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC "https://rd.example.net"
#define OTHER "https://rd2.example.net"
#define DEVICE                                                                                     \
	"'id':'987654321','uuid':'dmlld2VyLXV1aWQ=','deviceInfo':{'os':'linux','type':'client','name':'<b>box'}"
#define QUERY "/api/oidc/auth-query?code=%s&id=987654321&uuid=dmlld2VyLXV1aWQ%%3D"

static struct provider op;
static struct api api;

static void start(void)
{
	provider_start(&op, PUBLIC "/api/oidc/callback");
	provider_person(&op, "bob", "bob@example.net", true, "helpdesk");
	provider_person(&op, "eve", "eve@example.net", false, NULL);
}

static void stop(void)
{
	provider_stop(&op);
}

static void set_up(void)
{
	const char *more[] = { "--public-url", PUBLIC, "--oidc-urls", OTHER, "--oidc-ca", op.cert,
		NULL };

	api = (struct api){ .port = 0 };
	api_start(&api, NULL, more);
}

static void tear_down(void)
{
	api_stop(&api);
}

/* Adds the provider; `more` are further members, with a comma before. */
static const char *add_provider(const char *more)
{
	return api_text(api_must(&api, 201, API_LOCAL, "POST", "/api/v1/identity/oidc",
					"{'name':'corp','title':'Corp ID','issuer':'%s','client_id':'%s',"
					"'client_secret':'%s','auto_create':true%s}",
					op.issuer, PROVIDER_CLIENT, PROVIDER_SECRET, more),
			"guid");
}

static const json_t *begin(void)
{
	return api_must(&api, 200, API_NOBODY, "POST", "/api/oidc/auth",
			"{'op':'corp'," DEVICE "}");
}

static const struct api_reply *poll(const char *code)
{
	char path[300];

	(void)snprintf(path, sizeof(path), QUERY, code);
	return api_send(&api, API_NOBODY, "GET", path, NULL);
}

static void polls(const char *code, const char *error)
{
	const struct api_reply *r = poll(code);

	ck_assert_int_eq(r->status, 200);
	ck_assert_str_eq(api_text(r->json, "error"), error);
}

/* The person's browser, from the provider's address to the answer of ours. */
static const struct api_reply *come_back(const char *name, const char *url, struct api_as as)
{
	char *back = provider_visit(&op, name, url);
	const struct api_reply *r;

	ck_assert_msg(strncmp(back, PUBLIC "/api/oidc/callback?", strlen(PUBLIC) + 19) == 0, "%s",
			back);
	r = api_send(&api, as, "GET", back + strlen(PUBLIC), NULL);
	free(back);
	return r;
}

static const struct api_reply *answer(const struct api_reply *page, const char *what)
{
	const char *at = strstr(page->body, "name=\"consent\" value=\"");
	char body[200];

	ck_assert_msg(at, "%s", page->body);
	at += strlen("name=\"consent\" value=\"");
	(void)snprintf(body, sizeof(body), "consent=%.64s&answer=%s", at, what);
	return api_send(&api, API_NOBODY, "POST", "/api/oidc/consent", body);
}

static json_t *user(const char *name)
{
	json_t *list = api_at(
			api_must(&api, 200, API_LOCAL, "GET", "/api/v1/users?limit=200", NULL),
			"items");
	size_t i;
	json_t *u;

	json_array_foreach (list, i, u) {
		if (strcmp(api_text(u, "name"), name) == 0)
			return u;
	}
	return NULL;
}

static const char *user_path(const char *guid)
{
	static char path[100];

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", guid);
	return path;
}

START_TEST(a_client_logs_in_once_its_person_has_agreed)
{
	const struct api_reply *r;
	const json_t *j;
	const char *code, *url;
	char other[200];
	struct api_as as = { .local = false };

	add_provider(",'group_map':{'helpdesk':'role:operator'}");
	r = api_send(&api, API_NOBODY, "GET", "/api/login-options", NULL);
	ck_assert_str_eq(r->body, "[\"common-oidc/[{\\\"name\\\":\\\"corp\\\"}]\",\"oidc/corp\"]");
	j = begin();
	code = api_text(j, "code");
	url = api_text(j, "url");
	ck_assert_ptr_nonnull(strstr(url, "code_challenge_method=S256"));
	ck_assert_ptr_nonnull(strstr(url,
			"response_type=code&scope=openid%20profile%20email&"
			"redirect_uri=https%3A%2F%2Frd.example.net%2Fapi%2Foidc%2F"
			"callback"));
	polls(code, "No authed oidc is found");
	r = come_back("bob", url, API_NOBODY);
	if (r->status != 200)
		ck_abort_msg("%s: %.500s", r->body,
				test_proc_must_expect(&api.proc, "oidc.failed", 1000));
	/* what it shows is nobody's HTML, it may run nothing, and nobody may frame it */
	ck_assert_ptr_nonnull(strstr(r->body, "&lt;b&gt;box"));
	ck_assert_ptr_null(strstr(r->body, "<b>box"));
	ck_assert_ptr_nonnull(strstr(r->body, "127.0.0.1"));
	ck_assert_ptr_nonnull(strstr(r->body, "<strong>bob</strong>"));
	ck_assert_ptr_null(strstr(r->body, "<script"));
	ck_assert_ptr_nonnull(strstr(r->head,
			"default-src 'none'; style-src 'self'; form-action "
			"'self'; base-uri 'none'; frame-ancestors 'none'"));
	/* so that the browser says whose form it sends: with the edge's own word it would not */
	ck_assert(strstr(r->head, "Referrer-Policy: same-origin") >
			strstr(r->head, "Referrer-Policy: no-referrer"));
	polls(code, "No authed oidc is found");
	/* another site's form */
	ck_assert_int_eq(
			api_send(&api, (struct api_as){ .head = "Origin: https://evil.example\r\n" },
					"POST", "/api/oidc/consent", "consent=x&answer=yes")
					->status,
			403);
	polls(code, "No authed oidc is found");
	ck_assert_ptr_nonnull(strstr(answer(r, "yes")->body, "The device is let in"));
	/* another client with the right code gets what one with a wrong code gets */
	(void)snprintf(other, sizeof(other),
			"/api/oidc/auth-query?code=%s&id=987654321&uuid=b3RoZXI=", code);
	ck_assert_str_eq(api_send(&api, API_NOBODY, "GET", other, NULL)->body,
			poll("0000000000000000000000000000000000000000000000000000000000000000")
					->body);
	r = poll(code);
	ck_assert_int_eq(r->status, 200);
	ck_assert_ptr_null(api_at(r->json, "error"));
	ck_assert_str_eq(api_text(r->json, "type"), "access_token");
	ck_assert_str_eq(api_text(r->json, "tfa_type"), "");
	ck_assert_str_eq(api_text(r->json, "secret"), "");
	ck_assert_uint_eq(strlen(api_text(r->json, "access_token")), 64);
	ck_assert_str_eq(api_text(r->json, "user.name"), "bob");
	ck_assert_str_eq(api_text(r->json, "user.email"), "bob@example.net");
	ck_assert_str_eq(api_text(r->json, "user.third_auth_type"), "corp");
	ck_assert_int_eq(api_int(r->json, "user.status"), 1);
	ck_assert(json_is_object(api_at(r->json, "user.info")));
	polls(code, "Expired");
	as.head = "";
	(void)snprintf(as.bearer, sizeof(as.bearer), "%s", api_text(r->json, "access_token"));
	ck_assert_str_eq(
			api_text(api_must(&api, 200, as, "POST", "/api/currentUser", "{}"), "name"),
			"bob");
	ck_assert_str_eq(api_text(user("bob"), "source"), "oidc");
	ck_assert_str_eq(api_text(user("bob"), "role"), "operator");
}
END_TEST

START_TEST(who_refuses_or_was_never_asked_lets_nobody_in)
{
	const struct api_reply *r;
	const char *code, *url, *state;
	char path[300];
	const json_t *j;

	add_provider("");
	j = begin();
	code = api_text(j, "code");
	url = api_text(j, "url");
	r = come_back("bob", url, API_NOBODY);
	ck_assert_ptr_nonnull(strstr(answer(r, "no")->body, "Refused"));
	ck_assert_ptr_nonnull(strstr(answer(r, "yes")->body, "not logged in")); /* too late */
	polls(code, "The login was refused in the browser");
	polls(code, "Expired");
	/* a state serves once; a code that the provider did not give does not do */
	j = begin();
	code = api_text(j, "code");
	state = strstr(api_text(j, "url"), "state=") + 6;
	(void)snprintf(path, sizeof(path), "/api/oidc/callback?code=forged&state=%.64s", state);
	r = api_send(&api, API_NOBODY, "GET", path, NULL);
	ck_assert_ptr_nonnull(strstr(r->body, "You are not logged in"));
	ck_assert_int_eq(api_send(&api, API_NOBODY, "GET", path, NULL)->status, 403);
	ck_assert_ptr_nonnull(strstr(api_text(poll(code)->json, "error"), "failed"));
	/* the provider says no */
	j = begin();
	code = api_text(j, "code");
	state = strstr(api_text(j, "url"), "state=") + 6;
	(void)snprintf(path, sizeof(path),
			"/api/oidc/callback?error=access_denied%%3Cscript%%3E&state=%.64s", state);
	r = api_send(&api, API_NOBODY, "GET", path, NULL);
	ck_assert_ptr_null(strstr(r->body, "<script>"));
	ck_assert_ptr_nonnull(strstr(api_text(poll(code)->json, "error"), "access_denied"));
	/* another provider's answer */
	j = begin();
	state = strstr(api_text(j, "url"), "state=") + 6;
	(void)snprintf(path, sizeof(path),
			"/api/oidc/callback?code=x&iss=https%%3A%%2F%%2Fevil.example&state=%.64s",
			state);
	ck_assert_int_eq(api_send(&api, API_NOBODY, "GET", path, NULL)->status, 403);
}
END_TEST

START_TEST(the_policy_of_a_provider_holds)
{
	const char *guid = add_provider(",'domains':['example.net']");
	const json_t *j = begin();
	const char *code = api_text(j, "code");
	const struct api_reply *r;
	const char *group, *gone;
	char path[100];

	/* an address that the provider did not prove */
	ck_assert_int_eq(come_back("eve", api_text(j, "url"), API_NOBODY)->status, 403);
	ck_assert_ptr_nonnull(strstr(api_text(poll(code)->json, "error"), "domain"));
	ck_assert_ptr_null(user("eve"));
	/* nobody new, but one that an administrator has made is their own */
	(void)snprintf(path, sizeof(path), "/api/v1/identity/oidc/%s", guid);
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'auto_create':false}");
	j = begin();
	ck_assert_int_eq(come_back("bob", api_text(j, "url"), API_NOBODY)->status, 403);
	ck_assert_ptr_nonnull(
			strstr(api_text(poll(api_text(j, "code"))->json, "error"), "no account"));
	/* one who is invited */
	group = api_text(api_at(api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups", NULL),
					 "items.0"),
			"guid");
	(void)api_must(&api, 201, API_LOCAL, "POST", "/api/v1/users",
			"{'name':'robert','role':'user','status':'invited','email':'"
			"bob@example.net','group_guid':'%s'}",
			group);
	j = begin();
	ck_assert_ptr_nonnull(strstr(come_back("bob", api_text(j, "url"), API_NOBODY)->body,
			"<strong>robert</strong>"));
	ck_assert_str_eq(api_text(user("robert"), "source"), "oidc");
	ck_assert_str_eq(api_text(user("robert"), "status"), "active");
	gone = api_text(user("robert"), "guid");
	(void)api_must(&api, 204, API_LOCAL, "DELETE", user_path(gone), NULL);
	/* a name, and an address, of another's account; a secret that needs to be encoded */
	(void)api_user(&api, "bob", "admin", NULL);
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path,
			"{'auto_create':true,'client_id':'" PROVIDER_CLIENT_2
			"','client_secret':'" PROVIDER_SECRET_2 "'}");
	j = begin();
	r = come_back("bob", api_text(j, "url"), API_NOBODY);
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert_ptr_nonnull(strstr(r->body, "<strong>bob@corp</strong>"));
	ck_assert_str_eq(api_text(user("bob@corp"), "role"), "user");
}
END_TEST

START_TEST(the_console_logs_in_in_the_browser_that_began)
{
	const struct api_reply *r, *started;
	const char *url, *at;
	char cookie[200], session[65];
	struct api_as as = { .head = cookie };

	add_provider("");
	started = api_call(&api, API_NOBODY, "POST", "/api/v1/login/oidc", "{'provider':'corp'}");
	ck_assert_msg(started->status == 200, "%s", started->body);
	url = api_text(started->json, "url");
	/* another's browser */
	r = come_back("bob", url, API_NOBODY);
	ck_assert_int_eq(r->status, 403);
	ck_assert_ptr_null(strstr(r->head, "hawser_session"));
	started = api_call(&api, API_NOBODY, "POST", "/api/v1/login/oidc", "{'provider':'corp'}");
	url = api_text(started->json, "url");
	at = strstr(started->head, "hawser_oidc=");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "HttpOnly; SameSite=Lax"));
	(void)snprintf(cookie, sizeof(cookie), "Cookie: hawser_oidc=%.64s\r\n",
			at + strlen("hawser_oidc="));
	r = come_back("bob", url, as);
	ck_assert_msg(r->status == 303, "%s", r->body);
	ck_assert_ptr_nonnull(strstr(r->head, "Location: ../../\r\n"));
	at = strstr(r->head, "hawser_session=");
	ck_assert_ptr_nonnull(at);
	(void)snprintf(session, sizeof(session), "%.64s", at + strlen("hawser_session="));
	as = (struct api_as){ .head = "" };
	(void)snprintf(as.cookie, sizeof(as.cookie), "%s", session);
	ck_assert_str_eq(api_text(api_must(&api, 200, as, "GET", "/api/v1/session", NULL),
					 "account.name"),
			"bob");
	/* known, but no administrator */
	(void)api_must(&api, 403, as, "GET", "/api/v1/users", NULL);
	(void)api_must(&api, 401, API_NOBODY, "GET", "/api/v1/users", NULL);
	ck_assert_int_eq(api_call(&api, API_NOBODY, "POST", "/api/v1/login/oidc",
					 "{'provider':'none'}")
					 ->status,
			404);
}
END_TEST

START_TEST(a_client_comes_back_only_by_addresses_of_the_operators)
{
	const json_t *j;

	add_provider("");
	j = api_must(&api, 200, API_NOBODY, "POST", "/api/oidc/auth",
			"{'op':'corp','apiDomain':'https://evil.example'," DEVICE "}");
	ck_assert_ptr_nonnull(strstr(api_text(j, "url"), "https%3A%2F%2Frd.example.net%2F"));
	j = api_must(&api, 200, API_NOBODY, "POST", "/api/oidc/auth",
			"{'op':'corp','apiDomain':'" OTHER "/'," DEVICE "}");
	ck_assert_ptr_nonnull(strstr(api_text(j, "url"), "https%3A%2F%2Frd2.example.net%2Fapi"));
	j = api_must(&api, 200, API_NOBODY, "POST", "/api/oidc/auth", "{'op':'nobody'," DEVICE "}");
	ck_assert_str_eq(api_text(j, "error"), "Unknown provider");
	j = api_must(&api, 200, API_NOBODY, "POST", "/api/oidc/auth", "{}");
	ck_assert_str_eq(api_text(j, "error"), "Unknown provider");
}
END_TEST

START_TEST(an_operator_changes_providers)
{
	const char *guid = add_provider(",'icon':'<svg/>'");
	char path[100], try_it[110];
	json_t *j;

	(void)snprintf(path, sizeof(path), "/api/v1/identity/oidc/%s", guid);
	j = api_must(&api, 200, API_LOCAL, "GET", path, NULL);
	ck_assert(json_is_true(api_at(j, "has_secret")));
	ck_assert_ptr_null(api_at(j, "client_secret"));
	ck_assert_str_eq(api_text(api_at(api_must(&api, 200, API_NOBODY, "GET",
							 "/api/v1/login/providers", NULL),
						  "items.0"),
					 "title"),
			"Corp ID");
	(void)snprintf(try_it, sizeof(try_it), "%s/test", path);
	j = api_must(&api, 200, API_LOCAL, "POST", try_it, NULL);
	ck_assert_msg(json_is_true(api_at(j, "ok")), "%s", api_text(j, "text"));
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'issuer':'%s/'}", op.issuer);
	j = api_must(&api, 200, API_LOCAL, "POST", try_it, NULL);
	ck_assert(json_is_false(api_at(j, "ok")));
	ck_assert_ptr_nonnull(strstr(api_text(j, "text"), op.issuer)); /* what to give instead */
	(void)api_must(&api, 409, API_LOCAL, "POST", "/api/v1/identity/oidc",
			"{'name':'corp','issuer':'https://x.example','client_id':'a'}");
	(void)api_must(&api, 400, API_LOCAL, "PATCH", path, "{'group_map':{'a':'role:owner'}}");
	(void)api_must(&api, 400, API_LOCAL, "PATCH", path, "{'domains':['a,b']}");
	(void)api_must(&api, 400, API_LOCAL, "PATCH", path, "{'issuer':'https://u@x.example'}");
	j = api_must(&api, 200, API_LOCAL, "PATCH", path, "{'enabled':false}");
	ck_assert(json_is_false(api_at(j, "enabled")));
	ck_assert_str_eq(api_send(&api, API_NOBODY, "GET", "/api/login-options", NULL)->body, "[]");
	(void)api_must(&api, 409, API_LOCAL, "PATCH", path, "{'enabled':true,'updated_at':1}");
	(void)api_must(&api, 204, API_LOCAL, "DELETE", path, NULL);
	(void)api_must(&api, 404, API_LOCAL, "GET", path, NULL);
}
END_TEST

START_TEST(the_first_owner_is_made_by_a_link_that_serves_once)
{
	const char *url = api_text(
			api_must(&api, 200, API_LOCAL, "POST", "/api/v1/setup/link", NULL), "url");
	const char *token = strstr(url, "token=");
	const struct api_reply *r;
	json_t *j;

	(void)test_proc_must_expect(&api.proc, "setup.link", TEST_PATIENCE_MS);
	ck_assert_msg(strncmp(url, PUBLIC "/#/setup?token=", strlen(PUBLIC) + 15) == 0, "%s", url);
	ck_assert_ptr_nonnull(token);
	token += strlen("token=");
	(void)api_must(&api, 403, API_NOBODY, "POST", "/api/v1/setup",
			"{'token':'%064d','name':'root','password':'a long password'}", 0);
	r = api_call(&api, API_NOBODY, "POST", "/api/v1/setup",
			"{'token':'%s','name':'root','password':'a long password'}", token);
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert_str_eq(api_text(r->json, "account.role"), "owner");
	ck_assert_ptr_nonnull(strstr(r->head, "hawser_session="));
	ck_assert_ptr_nonnull(strstr(r->head, "HttpOnly; SameSite=Strict"));
	(void)api_must(&api, 403, API_NOBODY, "POST", "/api/v1/setup",
			"{'token':'%s','name':'root2','password':'a long password'}", token);
	j = api_must(&api, 409, API_LOCAL, "POST", "/api/v1/setup/link", NULL);
	ck_assert_str_eq(api_text(j, "error.code"), "exists");
}
END_TEST

/* Clients ask for them before every login, and take no answer for a broken server. */
START_TEST(ways_to_log_in_are_told_while_the_database_is_away)
{
	struct test_pg pg = { .sync = false };
	const struct api_reply *r;
	uint64_t end;

	test_pg_start(&pg);
	api = (struct api){ .port = 0 };
	api_start(&api, pg.url, NULL);
	(void)api_must(&api, 201, API_LOCAL, "POST", "/api/v1/identity/oidc",
			"{'name':'corp','issuer':'https://id.example.org','client_id':'rd'}");
	r = api_send(&api, API_NOBODY, "GET", "/api/login-options", NULL);
	ck_assert_ptr_nonnull(strstr(r->body, "\"oidc/corp\""));
	test_pg_stop(&pg);
	/* beyond what is remembered without a look */
	for (end = test_now_ms() + 1500; test_now_ms() < end;) {
		r = api_send(&api, API_NOBODY, "GET", "/api/login-options", NULL);
		ck_assert_int_eq(r->status, 200);
		ck_assert_ptr_nonnull(strstr(r->body, "\"oidc/corp\""));
	}
	r = api_send(&api, API_NOBODY, "GET", "/api/oidc/auth-query?code=x&id=1&uuid=dQ%3D%3D",
			NULL);
	ck_assert_int_eq(r->status, 200);
	ck_assert_str_eq(api_text(r->json, "error"), "No authed oidc is found");
	api_stop(&api);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("component/identity/oidc");
	TCase *c = test_case(s, "glewlwyd", 60,
			TESTS(a_client_logs_in_once_its_person_has_agreed,
					who_refuses_or_was_never_asked_lets_nobody_in,
					the_policy_of_a_provider_holds,
					the_console_logs_in_in_the_browser_that_began,
					a_client_comes_back_only_by_addresses_of_the_operators,
					an_operator_changes_providers,
					the_first_owner_is_made_by_a_link_that_serves_once));

	tcase_add_unchecked_fixture(c, start, stop);
	tcase_add_checked_fixture(c, set_up, tear_down);
	test_case(s, "postgres", 60, TESTS(ways_to_log_in_are_told_while_the_database_is_away));
	return test_suite_run(s);
}
