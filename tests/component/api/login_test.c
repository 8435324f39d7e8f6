/* How deployed clients log in, byte for byte where they look at bytes: the examples of the wire's
 * description, and everything that must be refused. */
#include "tests/component/api/client.h"
#include "tests/component/api/totp.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE                                                                                     \
	"'id':'987654321','uuid':'dmlld2VyLXV1aWQ=','autoLogin':true,"                             \
	"'deviceInfo':{'os':'windows','type':'client','name':'ANN-PC'}"

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

/* Brakes hold after three: each guess takes its time. */
static void few_tries(void)
{
	(void)api_must(&api, 200, API_LOCAL, "PATCH", "/api/v1/settings", "{'lockout_tries':3}");
}

static const struct api_reply *step_1(const char *name, const char *password)
{
	return api_call(&api, API_NOBODY, "POST", "/api/login",
			"{'username':'%s','password':'%s','type':'account'," DEVICE "}", name,
			password);
}

static const struct api_reply *step_2(const char *name, const char *secret, const char *code)
{
	return api_call(&api, API_NOBODY, "POST", "/api/login",
			"{'username':'%s','type':'email_code','verificationCode':'%s','tfaCode':"
			"'%s','secret':'%s'," DEVICE "}",
			name, code, code, secret);
}

static void check_error(const struct api_reply *r, int status, const char *body)
{
	ck_assert_msg(r->status == status, "%d: %s", r->status, r->body);
	ck_assert_str_eq(r->body, body);
	ck_assert_ptr_nonnull(strstr(r->head, "Content-Type: application/json; charset=utf-8"));
}

START_TEST(a_password_is_enough_for_bob)
{
	const struct api_reply *r;
	struct api_as as = API_NOBODY;

	(void)api_user(&api, "bob", "user", NULL);
	r = step_1("bob", API_PASSWORD);
	ck_assert_int_eq(r->status, 200);
	ck_assert_str_eq(api_text(r->json, "type"), "access_token");
	ck_assert_ptr_null(api_at(r->json, "error"));
	ck_assert_str_eq(api_text(r->json, "user.name"), "bob");
	ck_assert_int_eq(api_int(r->json, "user.status"), 1);
	ck_assert(json_is_false(api_at(r->json, "user.is_admin")));
	ck_assert(json_is_object(api_at(r->json, "user.info.other")));
	ck_assert(json_is_array(api_at(r->json, "user.info.login_device_whitelist")));
	ck_assert(json_is_false(api_at(r->json, "user.info.email_verification")));
	ck_assert(json_is_false(api_at(r->json, "user.info.email_alarm_notification")));
	(void)snprintf(as.bearer, sizeof(as.bearer), "%s", api_text(r->json, "access_token"));
	/* who am I: the same object, not wrapped */
	ck_assert(json_equal(api_must(&api, 200, as, "POST", "/api/currentUser",
					     "{'id':'987654321','uuid':'dmlld2VyLXV1aWQ='}"),
			api_at(r->json, "user")));
	/* such a session opens nothing of the console */
	(void)api_must(&api, 401, as, "GET", "/api/v1/session", NULL);
	r = api_call(&api, as, "POST", "/api/logout", "{'id':'987654321','uuid':'x'}");
	ck_assert_int_eq(r->status, 200);
	ck_assert_str_eq(r->body, "");
	ck_assert_ptr_nonnull(strstr(r->head, "Content-Length: 0"));
	check_error(api_call(&api, as, "POST", "/api/logout", "{}"), 401,
			"{\"error\":\"Invalid token\"}");
	check_error(api_call(&api, as, "POST", "/api/currentUser", "{}"), 401,
			"{\"error\":\"Invalid token\"}");
	ck_assert_int_eq(api_call(&api, API_NOBODY, "POST", "/api/currentUser", "{}")->status, 401);
}
END_TEST

/* Ann, with one-time codes; the secret of them. */
static const char *make_ann(void)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", api_user(&api, "ann", "user", NULL));
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path,
			"{'email':'ann@example.net','display_name':'Ann Example'}");
	return totp_turn_on(&api, api_console(&api, "ann", NULL));
}

START_TEST(a_password_has_so_many_letters_not_bytes)
{
	char password[2 * 1024 + 3], longer[4 * 1024 + 2];

	for (size_t i = 0; i < 1024; i++)
		memcpy(password + 2 * i, "\xc3\xa4", 2);
	password[2048] = '\0';
	(void)api_must(&api, 201, API_LOCAL, "POST", "/api/v1/users",
			"{'name':'zoe','role':'user','password':'%s','group_guid':'%s'}", password,
			api_text(api_must(&api, 200, API_LOCAL, "GET", "/api/v1/groups", NULL),
					"items.0.guid"));
	ck_assert_int_eq(step_1("zoe", password)->status, 200);
	/* one more is none that anybody has; of any length it is told as what it is */
	memcpy(password + 2048, "x", 2);
	ck_assert_int_eq(step_1("zoe", password)->status, 401);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	check_error(step_1("zoe", longer), 400,
			"{\"error\":\"The name, the password or what tells the device is too "
			"long\"}");
}
END_TEST

START_TEST(ann_gives_a_code_too)
{
	const char *totp = make_ann(), *secret;
	char code[16];
	const struct api_reply *r = step_1("ann", API_PASSWORD);
	json_t *want;

	ck_assert_int_eq(r->status, 200);
	secret = api_text(r->json, "secret");
	want = json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:i,s:b,s:{}}}", "type", "email_check",
			"tfa_type", "tfa_check", "secret", secret, "user", "name", "ann", "email",
			"a**@example.net", "status", 1, "is_admin", 0, "info");
	ck_assert(json_equal(r->json, want));
	json_decref(want);
	check_error(step_2("ann", secret, "000000"), 401,
			"{\"error\":\"Wrong verification code\"}");
	/* another account, another machine */
	ck_assert_int_eq(step_2("nobody", secret, "000000")->status, 401);
	r = api_call(&api, API_NOBODY, "POST", "/api/login",
			"{'username':'ann','type':'email_code','tfaCode':'%s','secret':'%s',"
			"'id':'987654321','uuid':'b3RoZXI='}",
			totp_code(totp, 0), secret);
	ck_assert_int_eq(r->status, 401);
	(void)snprintf(code, sizeof(code), "%s", totp_code(totp, 1));
	r = step_2("ann", secret, code);
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert_str_eq(api_text(r->json, "type"), "access_token");
	ck_assert_str_eq(api_text(r->json, "user.display_name"), "Ann Example");
	ck_assert_str_eq(api_text(r->json, "user.email"), "ann@example.net");
	/* neither the challenge nor the code serves again */
	ck_assert_int_eq(step_2("ann", secret, totp_code(totp, 1))->status, 401);
	r = step_1("ann", API_PASSWORD);
	check_error(step_2("ann", api_text(r->json, "secret"), code), 401,
			"{\"error\":\"Wrong verification code\"}");
}
END_TEST

START_TEST(a_challenge_has_five_tries)
{
	const char *totp = make_ann();
	const char *secret = api_text(step_1("ann", API_PASSWORD)->json, "secret");

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(step_2("ann", secret, "12345x")->status, 401);
	check_error(step_2("ann", secret, totp_code(totp, 0)), 401,
			"{\"error\":\"The verification has expired; log in again\"}");
	/* and guessing on with new challenges is braked */
	few_tries();
	ck_assert_int_eq(step_1("ann", API_PASSWORD)->status, 429);
}
END_TEST

START_TEST(nobody_learns_who_has_an_account)
{
	const struct api_reply *unknown, *wrong;

	(void)api_user(&api, "bob", "user", NULL);
	unknown = step_1("nobody", "not this one");
	wrong = step_1("bob", "not this one");
	check_error(unknown, 401, "{\"error\":\"Wrong credentials\"}");
	check_error(wrong, 401, "{\"error\":\"Wrong credentials\"}");
	ck_assert_str_eq(unknown->body, wrong->body);
}
END_TEST

START_TEST(what_is_no_login_is_refused)
{
	char *huge = malloc(70000), *body = NULL;

	(void)api_user(&api, "bob", "user", NULL);
	memset(huge, 'x', 65536);
	huge[65536] = '\0';
	ck_assert_int_eq(step_1("bob", huge)->status, 400);
	ck_assert_int_eq(step_1(huge, "x")->status, 400);
	free(huge);
	static const char *const bad[] = { "", "[]", "{}", "{\"username\":\"bob\"}",
		"{\"username\":5,\"password\":\"x\"}", "{\"username\":\"bob\",\"password\":7}",
		"{\"username\":\"bob\",\"password\":\"x\",\"id\":7}",
		"{\"username\":\"bob\",\"password\":\"x\",\"id\":\"a\\u0001\"}",
		"{\"username\":\"bob\",\"password\":\"x\",\"deviceInfo\":{\"os\":[]}}",
		"{\"username\":\"bob\",\"type\":\"email_code\"}",
		"{\"username\":\"bob\",\"username\":\"ann\",\"password\":\"x\"}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct api_reply *r =
				api_send(&api, API_NOBODY, "POST", "/api/login", bad[i]);

		ck_assert_msg(r->status == 400 && api_text(r->json, "error"), "%s: %d", bad[i],
				r->status);
	}
	/* the body is JSON whatever its type says */
	struct api_as plain = { .head = "Content-Type: text/plain\r\n" };

	ck_assert_int_ge(
			asprintf(&body, "{\"username\":\"BOB\",\"password\":\"%s\"}", API_PASSWORD),
			0);
	ck_assert_int_eq(api_send(&api, plain, "POST", "/api/login", body)->status, 200);
	free(body);
}
END_TEST

START_TEST(guessing_is_braked_for_who_guesses)
{
	char path[80];
	json_t *user;

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", api_user(&api, "bob", "user", NULL));
	few_tries();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(step_1(i % 2 ? "bob" : "BOB", "guess")->status, 401);
	check_error(step_1("bob", API_PASSWORD), 429,
			"{\"error\":\"Too many attempts; try again later\"}");
	/* somebody else from there is let in, and so is bob once an admin vouched for him */
	(void)api_user(&api, "eve", "user", NULL);
	ck_assert_int_eq(step_1("eve", API_PASSWORD)->status, 200);
	user = api_must(&api, 200, API_LOCAL, "GET", path, NULL);
	ck_assert_int_gt(api_int(user, "locked_until"), 0);
	(void)snprintf(path, sizeof(path), "/api/v1/users/%s/password", api_text(user, "guid"));
	(void)api_must(&api, 204, API_LOCAL, "POST", path,
			"{'password':'another long one','must_change':false}");
	ck_assert_int_eq(step_1("bob", "another long one")->status, 200);
}
END_TEST

START_TEST(who_may_not_come_in_is_told_why)
{
	char path[80];
	struct api_as as;

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", api_user(&api, "bob", "user", NULL));
	as = api_client(&api, "bob", NULL, "123456789");
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'totp_required':true}");
	check_error(step_1("bob", API_PASSWORD), 403,
			"{\"error\":\"Turn on one-time codes in the web console first\"}");
	(void)api_must(&api, 200, as, "POST", "/api/currentUser", "{}");
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'status':'disabled'}");
	check_error(step_1("bob", API_PASSWORD), 403, "{\"error\":\"This account is disabled\"}");
	check_error(step_1("bob", "wrong"), 401, "{\"error\":\"Wrong credentials\"}");
	/* and what was open has ended */
	(void)api_must(&api, 401, as, "POST", "/api/currentUser", "{}");
}
END_TEST

int main(void)
{
	return test_main("api_login", 60, set_up, tear_down,
			TESTS(a_password_is_enough_for_bob,
					a_password_has_so_many_letters_not_bytes,
					ann_gives_a_code_too, a_challenge_has_five_tries,
					nobody_learns_who_has_an_account,
					what_is_no_login_is_refused,
					guessing_is_braked_for_who_guesses,
					who_may_not_come_in_is_told_why));
}
