/* How the console is entered and left, and what everybody may do to their own account. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/component/api/client.h"
#include "tests/component/api/totp.h"
#include "tests/support/postgres.h"
#include "tests/support/suite.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static const char *code_of(const struct api_reply *r)
{
	return api_text(r->json, "error.code");
}

static const struct api_reply *log_in(const char *name, const char *password)
{
	return api_call(&api, API_NOBODY, "POST", "/api/v1/login", "{'name':'%s','password':'%s'}",
			name, password);
}

START_TEST(a_session_is_a_cookie_that_only_the_server_made)
{
	struct api_as planted = API_NOBODY, ann, forged;
	const struct api_reply *r;

	(void)api_user(&api, "ann", "admin", NULL);
	/* what somebody else put there is not what the session will be */
	memset(planted.cookie, 'a', 64);
	r = api_call(&api, planted, "POST", "/api/v1/login", "{'name':'ann','password':'%s'}",
			API_PASSWORD);
	ck_assert_int_eq(r->status, 200);
	ck_assert_ptr_nonnull(strstr(r->head, "Set-Cookie: hawser_session="));
	ck_assert_ptr_null(strstr(r->head, planted.cookie));
	ck_assert_ptr_nonnull(strstr(r->head, "; HttpOnly"));
	ck_assert_ptr_nonnull(strstr(r->head, "; SameSite=Strict"));
	ck_assert_int_eq(api_call(&api, planted, "GET", "/api/v1/session", NULL)->status, 401);
	ck_assert_str_eq(api_text(r->json, "state"), "done");
	ck_assert_str_eq(api_text(r->json, "session.account.name"), "ann");
	/* twelve hours, unless an operator says otherwise */
	ck_assert_int_gt(api_int(r->json, "session.expires_at"),
			api_int(r->json, "session.server.time") + 43100000);
	ann = api_console(&api, "ann", NULL);
	ck_assert_int_eq(api_call(&api, ann, "GET", "/api/v1/session", NULL)->status, 200);
	forged = ann;
	forged.csrf[0] = forged.csrf[0] == '0' ? '1' : '0';
	r = api_call(&api, forged, "PATCH", "/api/v1/me", "{'display_name':'x'}");
	ck_assert_int_eq(r->status, 403);
	ck_assert_str_eq(code_of(r), "csrf");
	/* the cookie is no bearer */
	forged = API_NOBODY;
	(void)snprintf(forged.bearer, sizeof(forged.bearer), "%s", ann.cookie);
	ck_assert_int_eq(api_call(&api, forged, "GET", "/api/v1/session", NULL)->status, 401);
	r = api_call(&api, ann, "POST", "/api/v1/logout", NULL);
	ck_assert_int_eq(r->status, 204);
	ck_assert_ptr_nonnull(strstr(r->head, "Max-Age=0"));
	ck_assert_int_eq(api_call(&api, ann, "GET", "/api/v1/session", NULL)->status, 401);
}
END_TEST

START_TEST(who_has_it_may_not_be_told_apart)
{
	const struct api_reply *r;

	(void)api_user(&api, "ann", "admin", NULL);
	r = log_in("ann", "wrong");
	ck_assert_int_eq(r->status, 401);
	ck_assert_str_eq(r->body, log_in("nobody", "wrong")->body);
	ck_assert_ptr_null(strstr(r->head, "Set-Cookie"));
}
END_TEST

START_TEST(one_time_codes_are_turned_on_asked_for_and_off)
{
	struct api_as ann, browser = API_NOBODY;
	const char *secret, *challenge, *at;
	const struct api_reply *r;
	json_t *codes;

	(void)api_user(&api, "ann", "admin", NULL);
	ann = api_console(&api, "ann", NULL);
	secret = api_text(api_must(&api, 200, ann, "POST", "/api/v1/me/totp", NULL), "secret");
	/* nothing holds until it is confirmed */
	ck_assert_str_eq(api_text(log_in("ann", API_PASSWORD)->json, "state"), "done");
	(void)api_must(&api, 400, ann, "POST", "/api/v1/me/totp/confirm", "{'code':'000000'}");
	codes = api_must(&api, 200, ann, "POST", "/api/v1/me/totp/confirm", "{'code':'%s'}",
			totp_code(secret, 0));
	ck_assert_uint_eq(json_array_size(api_at(codes, "codes")), 10);
	(void)api_must(&api, 409, ann, "POST", "/api/v1/me/totp", NULL);
	r = log_in("ann", API_PASSWORD);
	ck_assert_str_eq(api_text(r->json, "state"), "second_factor");
	ck_assert_ptr_null(strstr(r->head, "Set-Cookie"));
	challenge = api_text(r->json, "challenge");
	r = api_call(&api, API_NOBODY, "POST", "/api/v1/login/second",
			"{'challenge':'%s','kind':'totp','code':'000000'}", challenge);
	ck_assert_int_eq(r->status, 401);
	ck_assert_str_eq(code_of(r), "second_factor");
	/* by a recovery code, and this browser is to be trusted */
	r = api_call(&api, API_NOBODY, "POST", "/api/v1/login/second",
			"{'challenge':'%s','kind':'recovery','code':'%s','trust_days':5}",
			challenge, api_text(codes, "codes.3"));
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert_int_eq(api_int(r->json, "session.account.recovery_codes_left"), 9);
	at = strstr(r->head, "hawser_trust=");
	ck_assert_ptr_nonnull(at);
	char trust[200];

	(void)snprintf(trust, sizeof(trust), "Cookie: %.*s\r\n", (int)strcspn(at, ";"), at);
	browser.head = trust;
	r = api_call(&api, browser, "POST", "/api/v1/login", "{'name':'ann','password':'%s'}",
			API_PASSWORD);
	ck_assert_str_eq(api_text(r->json, "state"), "done");
	/* a code is asked for to be rid of them, and one that was used is none */
	(void)api_must(&api, 400, ann, "DELETE", "/api/v1/me/totp", "{'code':'%s'}",
			api_text(codes, "codes.3"));
	const char *old = api_text(codes, "codes.4");

	codes = api_must(&api, 200, ann, "POST", "/api/v1/me/recovery-codes", "{'code':'%s'}",
			totp_code(secret, 1));
	(void)api_must(&api, 400, ann, "DELETE", "/api/v1/me/totp", "{'code':'%s'}", old);
	(void)api_must(&api, 204, ann, "DELETE", "/api/v1/me/totp", "{'code':'%s'}",
			api_text(codes, "codes.4"));
	ck_assert_str_eq(api_text(log_in("ann", API_PASSWORD)->json, "state"), "done");
}
END_TEST

START_TEST(another_password_ends_the_other_sessions)
{
	struct api_as here, there, client;
	const struct api_reply *r;
	json_t *list;
	char path[100];

	(void)api_user(&api, "ann", "user", NULL);
	here = api_console(&api, "ann", NULL);
	there = api_console(&api, "ann", NULL);
	client = api_client(&api, "ann", NULL, "123456789");
	list = api_must(&api, 200, here, "GET", "/api/v1/me/sessions", NULL);
	ck_assert_int_eq(api_int(list, "total"), 3);
	r = api_call(&api, here, "POST", "/api/v1/me/password",
			"{'old':'not this one','new':'a brand new one'}");
	ck_assert_int_eq(r->status, 400);
	ck_assert_str_eq(api_text(r->json, "error.field"), "old");
	(void)api_must(&api, 204, here, "POST", "/api/v1/me/password",
			"{'old':'%s','new':'a brand new one'}", API_PASSWORD);
	ck_assert_int_eq(api_call(&api, here, "GET", "/api/v1/me", NULL)->status, 200);
	ck_assert_int_eq(api_call(&api, there, "GET", "/api/v1/me", NULL)->status, 401);
	ck_assert_int_eq(api_call(&api, client, "POST", "/api/currentUser", "{}")->status, 401);
	there = api_console(&api, "ann", "a brand new one");
	list = api_must(&api, 200, there, "GET", "/api/v1/me/sessions", NULL);
	ck_assert_int_eq(api_int(list, "total"), 2);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "items.%d", i);
		if (json_is_false(json_object_get(api_at(list, path), "current"))) {
			(void)snprintf(path, sizeof(path), "/api/v1/me/sessions/%s",
					api_text(api_at(list, path), "guid"));
			break;
		}
	}
	(void)api_must(&api, 204, there, "DELETE", path, NULL);
	(void)api_must(&api, 404, there, "DELETE", path, NULL);
	ck_assert_int_eq(api_call(&api, here, "GET", "/api/v1/me", NULL)->status, 401);
}
END_TEST

START_TEST(who_must_do_something_first_can_do_only_that)
{
	struct api_as ann;
	const struct api_reply *r;
	char path[100];

	(void)snprintf(path, sizeof(path), "/api/v1/users/%s/password",
			api_user(&api, "ann", "admin", NULL));
	(void)api_must(&api, 204, API_LOCAL, "POST", path, "{'password':'given by an admin'}");
	ann = api_console(&api, "ann", "given by an admin");
	r = api_call(&api, ann, "GET", "/api/v1/users", NULL);
	ck_assert_int_eq(r->status, 403);
	ck_assert_str_eq(code_of(r), "second_factor");
	ck_assert(json_is_true(api_at(api_must(&api, 200, ann, "GET", "/api/v1/me", NULL),
			"must_change_password")));
	(void)api_must(&api, 204, ann, "POST", "/api/v1/me/password",
			"{'old':'given by an admin','new':'chosen by myself'}");
	ck_assert_int_eq(api_call(&api, ann, "GET", "/api/v1/users", NULL)->status, 200);
	/* the server asks for codes: the same, until they are on, and then they stay */
	(void)api_must(&api, 200, API_LOCAL, "PATCH", "/api/v1/settings",
			"{'require_totp':true,'session_hours':1}");
	ck_assert_int_eq(api_call(&api, ann, "GET", "/api/v1/users", NULL)->status, 403);
	(void)totp_turn_on(&api, ann);
	ck_assert_int_eq(api_call(&api, ann, "GET", "/api/v1/users", NULL)->status, 200);
	(void)api_must(&api, 403, ann, "DELETE", "/api/v1/me/totp", "{'code':'000000'}");
}
END_TEST

/* One grey dot. */
static const char dot[] = "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
			  "0000000a49444154789c636800000082008177cd72b600000000"
			  "49454e44ae426082";

START_TEST(a_picture_has_an_address_that_nobody_guesses)
{
	uint8_t png[sizeof(dot) / 2];
	struct api_as ann, client, upload;
	const struct api_reply *r;
	char path[2][80];

	(void)api_user(&api, "ann", "user", NULL);
	ann = api_console(&api, "ann", NULL);
	client = api_client(&api, "ann", NULL, "123456789");
	ck_assert_int_eq(hws_hex_decode(dot, png, sizeof(png)), HWS_OK);
	upload = ann;
	upload.head = "Content-Type: image/png\r\n";
	(void)api_must(&api, 400, upload, "PUT", "/api/v1/me/avatar", "<svg/>");
	for (int i = 0; i < 2; i++) {
		r = api_send_bytes(&api, upload, "PUT", "/api/v1/me/avatar", png, sizeof(png));
		ck_assert_msg(r->status == 204, "%s", r->body);
		(void)snprintf(path[i], sizeof(path[i]), "%s",
				api_text(api_must(&api, 200, client, "POST", "/api/currentUser",
							 "{}"),
						"avatar"));
		/* without a login, as clients and hosts do */
		r = api_call(&api, API_NOBODY, "GET", path[i], NULL);
		ck_assert_int_eq(r->status, 200);
		ck_assert_ptr_nonnull(strstr(r->head, "Content-Type: image/png\r\n"));
		ck_assert_ptr_nonnull(strstr(r->head, "Content-Length: 67\r\n"));
		ck_assert_int_eq(memcmp(r->body, png, sizeof(png)), 0);
	}
	ck_assert_str_ne(path[0], path[1]);
	ck_assert_int_eq(api_call(&api, API_NOBODY, "GET", path[0], NULL)->status, 404);
	ck_assert_int_eq(api_call(&api, API_NOBODY, "GET", "/api/avatar/x.png", NULL)->status, 404);
	(void)api_must(&api, 204, ann, "DELETE", "/api/v1/me/avatar", NULL);
	ck_assert_int_eq(api_call(&api, API_NOBODY, "GET", path[1], NULL)->status, 404);
	ck_assert_ptr_null(api_at(
			api_must(&api, 200, client, "POST", "/api/currentUser", "{}"), "avatar"));
}
END_TEST

#ifdef TEST_WITH_POSTGRES
static struct test_pg pg;

START_TEST(two_servers_on_one_database_share_sessions)
{
	struct api other = { 0 };
	char keys[320];
	const char *more[] = { "--secrets-file", keys, NULL };
	struct api_as ann, client;

	api_stop(&api);
	memset(&api, 0, sizeof(api));
	test_pg_start(&pg);
	test_dir(other.dir, sizeof(other.dir));
	(void)snprintf(keys, sizeof(keys), "%s/keys", other.dir);
	api_start(&api, pg.url, more);
	api_start(&other, pg.url, more);
	(void)api_user(&api, "ann", "admin", NULL);
	ann = api_console(&api, "ann", NULL);
	client = api_client(&other, "ann", NULL, "123456789");
	ck_assert_int_eq(api_call(&other, ann, "GET", "/api/v1/users", NULL)->status, 200);
	ck_assert_int_eq(api_call(&api, client, "POST", "/api/currentUser", "{}")->status, 200);
	(void)api_must(&other, 204, ann, "POST", "/api/v1/logout", NULL);
	ck_assert_int_eq(api_call(&api, ann, "GET", "/api/v1/session", NULL)->status, 401);
	/* the database goes away: nobody is told that their login is over */
	test_pg_stop(&pg);
	ck_assert_int_eq(api_call(&api, client, "POST", "/api/currentUser", "{}")->status, 503);
	ck_assert_int_eq(log_in("ann", API_PASSWORD)->status, 503);
	api_stop(&other);
}
END_TEST

static bool answers(const char *path, const char *body)
{
	return api_call(&api, API_NOBODY, body ? "POST" : "GET", path, "%s", body ? body : "")
			       ->status == 200;
}

/* What it was answered, for whoever frees it. */
static void *ask_much(void *arg)
{
	struct api other = api;

	(void)arg;
	other.replies = NULL;
	for (int i = 0; i < 2; i++)
		(void)api_call(&other, API_LOCAL, "GET", "/api/v1/users", NULL);
	return other.replies;
}

static void keep(struct api_reply *list)
{
	struct api_reply **end = &api.replies;

	while (*end)
		end = &(*end)->next;
	*end = list;
}

/* It is there and says nothing: who may wait waits for ten seconds, and fills all threads. */
START_TEST(a_database_that_is_silent_holds_no_device_up)
{
	static const char beat[] = "{\"id\":\"123456789\",\"uuid\":\"dQ==\",\"ver\":1005000}";
	const char *more[] = { "--register-by-reports", NULL };
	pthread_t asking[8];
	uint64_t from;

	api_stop(&api);
	memset(&api, 0, sizeof(api));
	test_pg_start(&pg);
	api_start(&api, pg.url, more);
	ck_assert(answers("/api/sysinfo", beat));
	ck_assert(answers("/api/heartbeat", beat));
	ck_assert(answers("/api/login-options", NULL));
	test_pg_freeze(&pg, true);
	for (size_t i = 0; i < HWS_COUNT(asking); i++)
		ck_assert_int_eq(pthread_create(&asking[i], NULL, ask_much, NULL), 0);
	/* another strategy number: memory alone does not answer that */
	from = hws_clock_us();
	for (int i = 0; i < 12; i++) {
		ck_assert(answers("/api/heartbeat",
				"{\"id\":\"123456789\",\"uuid\":\"dQ==\",\"modified_at\":7}"));
		ck_assert(answers("/api/login-options", NULL));
	}
	/* the others have not been told yet that it is away */
	ck_assert_uint_lt(hws_clock_us() - from, 9 * HWS_US_PER_S);
	/* whom nobody knows is told no, and not late either */
	ck_assert_int_eq(api_call(&api, API_NOBODY, "POST", "/api/heartbeat",
					 "{'id':'1','uuid':'dQ=='}")
					 ->status,
			503);
	test_pg_freeze(&pg, false);
	for (size_t i = 0; i < HWS_COUNT(asking); i++) {
		void *replies = NULL;

		ck_assert_int_eq(pthread_join(asking[i], &replies), 0);
		keep(replies);
	}
	/* and once it speaks it is asked again */
	from = hws_clock_us();
	while (api_call(&api, API_NOBODY, "POST", "/api/heartbeat", "{'id':'1','uuid':'dQ=='}")
					->status != 200) {
		ck_assert_uint_lt(hws_clock_us() - from, 60 * HWS_US_PER_S);
		usleep(100000);
	}
	test_pg_stop(&pg);
}
END_TEST
#else
START_TEST(a_database_that_is_silent_holds_no_device_up)
{
	test_skip("this build has no PostgreSQL");
}
END_TEST

START_TEST(two_servers_on_one_database_share_sessions)
{
	test_skip("this build has no PostgreSQL");
}
END_TEST
#endif

int main(void)
{
	return test_main("api_session", 60, set_up, tear_down,
			TESTS(a_session_is_a_cookie_that_only_the_server_made,
					who_has_it_may_not_be_told_apart,
					one_time_codes_are_turned_on_asked_for_and_off,
					another_password_ends_the_other_sessions,
					who_must_do_something_first_can_do_only_that,
					a_picture_has_an_address_that_nobody_guesses,
					two_servers_on_one_database_share_sessions,
					a_database_that_is_silent_holds_no_device_up));
}
