/* The routes of notices on the real hawser-api, confined as it runs: settings, webhooks, tests of
 * both; and that what is raised goes out. */
#include "shared/base/str.h"
#include "tests/component/api/local.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/suite.h"
#include <stdlib.h>
#include <string.h>

#define V1 "/api/v1/notices/"
#define HOOK                                                                                       \
	"{\"name\":\"Chat\",\"url\":\"http://127.0.0.1:%lu/hook\",\"alarms\":[\"relay_down\"],\"secret\":\"a secret of the test\"}"

static struct local_api api;
static struct test_proc catcher;
static unsigned long smtp_port, web_port;

static void tear_down(void)
{
	local_stop(&api);
	if (catcher.pid)
		(void)test_proc_stop(&catcher);
}

static void catch (void)
{
	char cert[320], key[320];
	const char *const argv[] = { "/usr/bin/python3",
		SOURCE_DIR "/tests/component/notify/catcher.py", cert, key, "none", NULL };
	const char *line;

	certificate_make(api.dir, "IP:127.0.0.1", cert, key);
	test_proc_start(&catcher, argv, NULL);
	line = test_proc_must_expect(&catcher, "ready ", 60000);
	smtp_port = test_line_number(line, "smtp=");
	web_port = test_line_number(line, "web=");
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static const char *code(const json_t *o)
{
	return text(json_object_get(o, "error"), "code");
}

/* After this change. */
static bool has_password(const char *change)
{
	json_t *o;
	bool has;

	ck_assert_int_eq(local_ask(&api, "PATCH", V1 "smtp", change, &o), 200);
	has = json_is_true(json_object_get(o, "has_password"));
	json_decref(o);
	return has;
}

START_TEST(the_mail_server_is_set_and_read)
{
	json_t *o;

	local_start(&api, "");
	ck_assert_int_eq(local_ask(&api, "GET", V1 "smtp", NULL, &o), 200);
	ck_assert(json_is_false(json_object_get(o, "enabled")));
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "PATCH", V1 "smtp",
					 "{\"enabled\":true,\"host\":\"mail.example\",\"from\":"
					 "\"h@example.org\",\"to\":[\"a@example.org\"],\"alarms\":["
					 "\"new_device\"],\"user\":\"u\",\"password\":\"p\"}",
					 &o),
			200);
	ck_assert(json_is_true(json_object_get(o, "has_password")));
	ck_assert_ptr_null(json_object_get(o, "password"));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "alarms")), 1);
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "PATCH", V1 "smtp", "{\"from\":\"no address\"}", &o), 400);
	ck_assert_str_eq(code(o), "bad_field");
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "PATCH", V1 "smtp", "{\"host\":\"a b\"}", &o), 400);
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "PATCH", V1 "smtp", "{\"alarms\":[\"x\"]}", &o), 400);
	json_decref(o);
	/* a password is for the server that it was given for, and as well hidden on its way */
	ck_assert(has_password("{\"host\":\"mail.example\",\"port\":587}"));
	ck_assert(!has_password("{\"host\":\"mail2.example\"}"));
	ck_assert(has_password("{\"host\":\"mail3.example\",\"password\":\"p\"}"));
	ck_assert(!has_password("{\"security\":\"none\"}"));
	ck_assert(has_password("{\"password\":\"p\"}"));
	ck_assert(!has_password("{\"port\":2525}"));
	/* the operator at the machine has no address */
	ck_assert_int_ge(local_ask(&api, "POST", V1 "smtp/test", NULL, &o), 400);
	json_decref(o);
}
END_TEST

START_TEST(webhooks_by_the_api)
{
	char body[400], path[120], guid[40];
	json_t *o;

	local_start(&api, "[notices]\nprivate-webhooks = yes\n");
	catch ();
	ck_assert_int_eq(hws_fmt(body, sizeof(body), HOOK, web_port), HWS_OK);
	ck_assert_int_eq(local_ask(&api, "POST", V1 "webhooks", body, &o), 201);
	ck_assert_int_eq(hws_str_copy(guid, sizeof(guid), text(o, "guid")), HWS_OK);
	ck_assert(json_is_true(json_object_get(o, "enabled")));
	ck_assert_ptr_null(json_object_get(o, "secret"));
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "POST", V1 "webhooks", body, &o), 409);
	ck_assert_str_eq(code(o), "exists");
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "GET", V1 "webhooks?limit=1", NULL, &o), 200);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "total")), 1);
	json_decref(o);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), V1 "webhooks/%s/test", guid), HWS_OK);
	ck_assert_int_eq(local_ask(&api, "POST", path, NULL, &o), 200);
	ck_assert_msg(json_is_true(json_object_get(o, "ok")), "%s", text(o, "text"));
	json_decref(o);
	ck_assert_ptr_nonnull(strstr(
			test_proc_must_expect(&catcher, "call ", 60000), "\"signed\": true"));
	ck_assert_int_eq(hws_fmt(path, sizeof(path), V1 "webhooks/%s", guid), HWS_OK);
	ck_assert_int_eq(
			local_ask(&api, "PATCH", path, "{\"enabled\":false,\"name\":\"Talk\"}", &o),
			200);
	ck_assert_str_eq(text(o, "name"), "Talk");
	ck_assert_str_eq(text(o, "last_text"), "taken");
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "PATCH", path, "{\"enabled\":true,\"updated_at\":1}", &o),
			409);
	ck_assert_str_eq(code(o), "changed");
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "DELETE", path, NULL, NULL), 204);
	ck_assert_int_eq(local_ask(&api, "GET", path, NULL, &o), 404);
	json_decref(o);
}
END_TEST

START_TEST(an_inner_address_is_not_called)
{
	char body[400], path[120];
	json_t *o;

	local_start(&api, "");
	catch ();
	ck_assert_int_eq(hws_fmt(body, sizeof(body), HOOK, web_port), HWS_OK);
	ck_assert_int_eq(local_ask(&api, "POST", V1 "webhooks", body, &o), 201);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), V1 "webhooks/%s/test", text(o, "guid")),
			HWS_OK);
	json_decref(o);
	ck_assert_int_eq(local_ask(&api, "POST", path, NULL, &o), 200);
	ck_assert(json_is_false(json_object_get(o, "ok")));
	ck_assert_ptr_nonnull(strstr(text(o, "text"), "not an address that may be asked"));
	json_decref(o);
	ck_assert_ptr_null(strstr(catcher.log ? catcher.log : "", "call "));
}
END_TEST

/* A webhook that wants all alarms. */
static void want_all(void)
{
	char body[400];

	ck_assert_int_eq(hws_fmt(body, sizeof(body),
					 "{\"name\":\"All\",\"url\":\"http://127.0.0.1:%lu/"
					 "hook\",\"secret\":\"a secret of the "
					 "test\",\"alarms\":[\"new_device\",\"certificate\","
					 "\"node_down\",\"relay_down\"]}",
					 web_port),
			HWS_OK);
	ck_assert_int_eq(local_ask(&api, "POST", V1 "webhooks", body, NULL), 201);
}

START_TEST(a_new_device_is_told_of)
{
	static const char report[] = "{\"id\":\"123456789\",\"uuid\":\"dXVpZA==\","
				     "\"hostname\":\"pc\",\"version\":\"1.4.9\"}";
	const char *body, *call;
	size_t len;

	local_start(&api,
			"[notices]\nprivate-webhooks = yes\n[devices]\nregister-by-reports = yes\n");
	catch ();
	want_all();
	ck_assert_int_eq(local_ask_open(&api, "POST", "/api/sysinfo",
					 "Content-Type: application/json\r\n", report,
					 strlen(report), &body, &len),
			200);
	call = test_proc_must_expect(&catcher, "\"alarm\": \"new_device\"", 60000);
	ck_assert_ptr_nonnull(strstr(call, "\"device_id\": \"123456789\""));
}
END_TEST

START_TEST(who_is_not_logged_in_learns_nothing)
{
	static const char *const paths[] = { V1 "smtp", V1 "webhooks" };
	const char *body;
	size_t len;

	local_start(&api, "");
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(
				local_ask_open(&api, "GET", paths[i], "", "", 0, &body, &len), 401);
}
END_TEST

int main(void)
{
	return test_main("api notices", 120, NULL, tear_down,
			TESTS(the_mail_server_is_set_and_read, webhooks_by_the_api,
					an_inner_address_is_not_called, a_new_device_is_told_of,
					who_is_not_logged_in_learns_nothing));
}
