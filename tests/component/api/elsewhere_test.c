/* Logins in which another server has a part: the directory that keeps the password (a real slapd),
 * and the mail that brings the code (a mail server of the test's own). */
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "tests/component/api/client.h"
#include "tests/component/identity/directory.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <string.h>

#define BASE "ou=people,dc=example,dc=org"

static struct api api;
static struct directory directory;
static struct test_proc catcher;

static const char people[] = "dn: " BASE "\n"
			     "objectClass: organizationalUnit\nou: people\n\n"
			     "dn: cn=reader,dc=example,dc=org\n"
			     "objectClass: applicationProcess\nobjectClass: simpleSecurityObject\n"
			     "cn: reader\nuserPassword: readersecret\n\n"
			     "dn: uid=lena," BASE "\n"
			     "objectClass: inetOrgPerson\nuid: lena\ncn: Lena\nsn: L\n"
			     "displayName: Lena L.\nuserPassword: lena's password\n\n"
			     "dn: uid=ann," BASE "\n"
			     "objectClass: inetOrgPerson\nuid: ann\ncn: Another\nsn: A\n"
			     "userPassword: another password\n";

static void set_up(void)
{
	memset(&api, 0, sizeof(api));
	memset(&catcher, 0, sizeof(catcher));
}

static void tear_down(void)
{
	api_stop(&api);
	(void)test_proc_stop(&catcher);
}

static const struct api_reply *log_in(const char *name, const char *password)
{
	char body[300];

	/* not by api_call, which makes quotes of apostrophes */
	ck_assert_int_eq(hws_fmt(body, sizeof(body),
					 "{\"username\":\"%s\",\"password\":\"%s\",\"id\":\"1\","
					 "\"uuid\":\"dXVpZA==\"}",
					 name, password),
			HWS_OK);
	return api_send(&api, API_NOBODY, "POST", "/api/login", body);
}

START_TEST(the_directory_lets_in_whom_it_knows)
{
	const char *more[] = { "--ldap-ca", directory.cert, NULL };
	const struct api_reply *r;
	json_t *list;
	char path[100];

	directory_start(&directory, people);
	api_start(&api, NULL, more);
	(void)api_user(&api, "ann", "user", NULL);
	ck_assert_int_eq(log_in("lena", "lena's password")->status, 401);
	(void)api_must(&api, 200, API_LOCAL, "PATCH", "/api/v1/identity/ldap",
			"{'enabled':true,'url':'%s','bind_dn':'cn=reader,dc=example,dc=org',"
			"'password':'readersecret','base':'" BASE "',"
			"'filter':'(objectClass=person)','name_attribute':'uid','auto_create':true}",
			directory.tls_url);
	r = log_in("lena", "lena's password");
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert_str_eq(api_text(r->json, "user.name"), "lena");
	ck_assert_str_eq(api_text(r->json, "user.third_auth_type"), "ldap");
	r = log_in("lena", "not hers");
	ck_assert_int_eq(r->status, 401);
	ck_assert_str_eq(r->body, log_in("nobody", "at all")->body);
	/* who has a password here has none there, whatever their names */
	ck_assert_int_eq(log_in("ann", "another password")->status, 401);
	ck_assert_int_eq(log_in("ann", API_PASSWORD)->status, 200);
	list = api_must(&api, 200, API_LOCAL, "GET", "/api/v1/users?q=lena", NULL);
	ck_assert_str_eq(api_text(list, "items.0.source"), "ldap");
	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", api_text(list, "items.0.guid"));
	/* its password is not ours to set, its state is */
	(void)api_must(&api, 400, API_LOCAL, "PATCH", path, "{'password':'%s'}", API_PASSWORD);
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'status':'disabled'}");
	r = log_in("lena", "lena's password");
	ck_assert_int_eq(r->status, 403);
	/* a directory that is away is no wrong password, and ann needs none */
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path, "{'status':'active'}");
	directory_stop(&directory);
	ck_assert_int_eq(log_in("lena", "lena's password")->status, 403);
	ck_assert_int_eq(log_in("ann", API_PASSWORD)->status, 200);
}
END_TEST

/* The code in the next mail, which begins with it. */
static void mailed_code(char code[7])
{
	const char *mail = test_proc_must_expect(&catcher, "mail ", TEST_PATIENCE_MS);
	const char *body = strstr(mail, "\\r\\n\\r\\n");

	ck_assert_ptr_nonnull(body);
	/* eight signs of base64 are six bytes */
	ck_assert_int_eq(hws_base64_decode(hws_bytes(body + 8, 8), (uint8_t *)code, 6), HWS_OK);
	code[6] = '\0';
	ck_assert_uint_eq(strspn(code, "0123456789"), 6);
}

static void catch_mail(void)
{
	char cert[320], key[320];
	const char *const argv[] = { "/usr/bin/python3",
		SOURCE_DIR "/tests/component/notify/catcher.py", cert, key, "none", NULL };
	const char *line;

	certificate_make(api.dir, "IP:127.0.0.1", cert, key);
	test_proc_start(&catcher, argv, NULL);
	line = test_proc_must_expect(&catcher, "ready ", TEST_PATIENCE_MS);
	(void)api_must(&api, 200, API_LOCAL, "PATCH", "/api/v1/notices/smtp",
			"{'enabled':true,'host':'127.0.0.1','port':%lu,'security':'none',"
			"'from':'desk@example.org'}",
			test_line_number(line, "smtp="));
}

static const struct api_reply *answer(const char *secret, const char *code)
{
	return api_call(&api, API_NOBODY, "POST", "/api/login",
			"{'username':'ann','type':'email_code','verificationCode':'%s','secret':'%s',"
			"'id':'1','uuid':'dXVpZA=='}",
			code, secret);
}

START_TEST(a_code_comes_by_mail)
{
	const struct api_reply *r;
	const char *secret;
	char path[100], code[7];

	api_start(&api, NULL, NULL);
	(void)snprintf(path, sizeof(path), "/api/v1/users/%s", api_user(&api, "ann", "user", NULL));
	(void)api_must(&api, 200, API_LOCAL, "PATCH", path,
			"{'email':'ann@example.net','mail_code':true}");
	/* a code that cannot be sent lets nobody in */
	ck_assert_int_eq(log_in("ann", API_PASSWORD)->status, 403);
	catch_mail();
	r = log_in("ann", API_PASSWORD);
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert_str_eq(api_text(r->json, "type"), "email_check");
	ck_assert_str_eq(api_text(r->json, "tfa_type"), "email_check");
	ck_assert_str_eq(api_text(r->json, "user.email"), "a**@example.net");
	secret = api_text(r->json, "secret");
	mailed_code(code);
	ck_assert_int_eq(answer(secret, strcmp(code, "000000") == 0 ? "111111" : "000000")->status,
			401);
	r = answer(secret, code);
	ck_assert_msg(r->status == 200, "%s", r->body);
	ck_assert(json_is_true(api_at(r->json, "user.info.email_verification")));
	ck_assert_str_eq(api_text(r->json, "user.info.login_device_whitelist.0.data"), "dXVpZA==");
	/* this machine is trusted from now on, another is not */
	r = log_in("ann", API_PASSWORD);
	ck_assert_str_eq(api_text(r->json, "type"), "access_token");
	r = api_call(&api, API_NOBODY, "POST", "/api/login",
			"{'username':'ann','password':'%s','id':'2','uuid':'b3RoZXI='}",
			API_PASSWORD);
	ck_assert_str_eq(api_text(r->json, "type"), "email_check");
}
END_TEST

int main(void)
{
	return test_main("api_elsewhere", 60, set_up, tear_down,
			TESTS(the_directory_lets_in_whom_it_knows, a_code_comes_by_mail));
}
