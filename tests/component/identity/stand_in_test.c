/* What stands in for a provider, and lies: over real TLS, by replies that the test has made. What
 * is wrong in a word itself is in tests/unit/admin/identity/token_test.c. */
#include "admin/identity/oidc.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/fetch/web_server.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/unit/admin/identity/signing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLIES 8u

static char dir[200], cert[320], key[320], issuer[100];
static struct web_server *server;
static struct idn_oidc *oidc;
static char *reply[REPLIES + 1];
static unsigned replies;
static const struct idn_login_keys login = { "state", "n0nce", "verifier" };

/* Begins anew; the provider stays. */
static void say_nothing(void)
{
	for (unsigned i = 0; i < replies; i++)
		free(reply[i]);
	replies = 0;
	memset(reply, 0, sizeof(reply));
}

static void say(int status, const char *more, const char *body)
{
	ck_assert_uint_lt(replies, REPLIES);
	ck_assert_int_gt(asprintf(&reply[replies++],
					 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
					 "Content-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
					 status, strlen(body), more, body),
			0);
}

static void say_json(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	ck_assert_ptr_nonnull(text);
	say(200, "", text);
	free(text);
	json_decref(value);
}

static void say_description(bool userinfo)
{
	char path[120];
	json_t *d = json_pack("{s:s}", "issuer", issuer);
	static const char *const keys[] = { "authorization_endpoint", "token_endpoint",
		"jwks_uri" };

	for (size_t i = 0; i < HWS_COUNT(keys); i++) {
		(void)snprintf(path, sizeof(path), "%s/%zu", issuer, i);
		json_object_set_new(d, keys[i], json_string(path));
	}
	(void)snprintf(path, sizeof(path), "%s/info", issuer);
	if (userinfo)
		json_object_set_new(d, "userinfo_endpoint", json_string(path));
	say_json(d);
}

static json_t *claims(void)
{
	int64_t now = (int64_t)(hws_wall_us() / HWS_US_PER_S);

	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "iss", issuer, "aud", "rd", "nonce", "n0nce",
			"sub", "ann-1", "iat", (json_int_t)now, "exp", (json_int_t)now + 300);
}

static void say_token(const struct signer *s, const char *kid)
{
	json_t *c = claims();
	char *token = signer_sign(s, "RS256", kid, c, NULL);

	say_json(json_pack("{s:s,s:s}", "access_token", "at", "id_token", token));
	json_decref(c);
	free(token);
}

static void say_keys(const struct signer *s)
{
	say_json(json_pack("{s:[o]}", "keys", signer_public(s)));
}

static int redeem(struct idn_person *p, struct hws_error *err)
{
	struct idn_client client = { issuer, "rd", "s3cret", "openid", "https://rd.example/cb" };

	*p = (struct idn_person){ .groups = NULL };
	*err = (struct hws_error){ 0 };
	web_server_script(server, (const char *const *)reply);
	return idn_oidc_redeem(oidc, &client, &login, "c0de",
			(int64_t)(hws_wall_us() / HWS_US_PER_S), p, err);
}

/* It fails with these words. */
static void fails(int r, const char *words)
{
	struct idn_person p;
	struct hws_error err;
	int got = redeem(&p, &err);

	idn_person_done(&p);
	ck_assert_msg(got == r && strstr(err.text, words), "%d: %s", got, err.text);
}

static void set_up(void)
{
	static const char *const none[] = { "", NULL };

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(dir, sizeof(dir));
	certificate_make(dir, "IP:127.0.0.1", cert, key);
	server = web_server_start(cert, key, none);
	(void)snprintf(issuer, sizeof(issuer), "https://127.0.0.1:%u", web_server_port(server));
	ck_assert_int_eq(idn_oidc_new(cert, &oidc), HWS_OK);
}

static void tear_down(void)
{
	web_server_stop(server);
	idn_oidc_free(oidc);
	say_nothing();
}

START_TEST(a_login_is_redeemed_and_keys_that_change_are_asked_for_anew)
{
	struct signer *one = signer_new("RSA", "one"), *two = signer_new("RSA", "two"),
		      *three = signer_new("RSA", "three");
	struct idn_person p;
	struct hws_error err;
	unsigned links;

	say_description(false);
	say_token(one, "one");
	say_keys(one);
	ck_assert_msg(redeem(&p, &err) == HWS_OK, "%s", err.text);
	ck_assert_str_eq(p.subject, "ann-1");
	idn_person_done(&p);
	ck_assert_ptr_nonnull(
			strstr(web_server_asked(server), "Authorization: Basic cmQ6czNjcmV0"));
	ck_assert_ptr_nonnull(strstr(web_server_asked(server),
			"grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Frd.example"
			"%2Fcb&code_verifier=verifier"));
	/* all is remembered but the login itself */
	say_nothing();
	say_token(one, "one");
	say(500, "", "");
	links = web_server_links(server);
	ck_assert_msg(redeem(&p, &err) == HWS_OK, "%s", err.text);
	idn_person_done(&p);
	ck_assert_uint_eq(web_server_links(server), links + 1);
	/* another key: asked for once */
	say_nothing();
	say_token(two, "two");
	say_keys(two);
	ck_assert_msg(redeem(&p, &err) == HWS_OK, "%s", err.text);
	idn_person_done(&p);
	/* and not for everybody who comes with one that nobody knows */
	say_nothing();
	say_token(three, "three");
	say_keys(three);
	links = web_server_links(server);
	fails(HWS_ERR_CRYPTO, "no key that signed");
	ck_assert_uint_eq(web_server_links(server), links + 1);
	signer_free(one);
	signer_free(two);
	signer_free(three);
}
END_TEST

START_TEST(a_provider_that_lies_is_not_believed)
{
	struct signer *one = signer_new("RSA", "one");
	json_t *c = claims();
	char *token = unsigned_token("none", c);

	say_description(false);
	say_json(json_pack("{s:s}", "id_token", token));
	say_keys(one);
	fails(HWS_ERR_PROTO, "no signed token");
	free(token);
	/* known from now on: the description */
	say_nothing();
	say_json(json_pack("{s:s}", "access_token", "at"));
	fails(HWS_ERR_PROTO, "does not say who");
	say_nothing();
	say(400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"<script>\"}");
	fails(HWS_ERR_DENIED, "invalid_grant");
	say_nothing();
	say(302, "Location: https://127.0.0.1:1/\r\n", "");
	fails(HWS_ERR_PROTO, "302");
	say_nothing();
	say(200, "", "{\"id_token\":1,\"id_token\":2}");
	fails(HWS_ERR_PROTO, "cannot be read");
	json_decref(c);
	signer_free(one);
}
END_TEST

START_TEST(a_provider_that_is_another_is_not_asked_again_at_once)
{
	unsigned links;

	say_json(json_pack("{s:s}", "issuer", "https://evil.example"));
	fails(HWS_ERR_PROTO, "calls itself");
	say_nothing();
	say_description(false);
	links = web_server_links(server);
	fails(HWS_ERR_PROTO, "calls itself");
	ck_assert_uint_eq(web_server_links(server), links);
}
END_TEST

START_TEST(an_answer_without_end_is_left)
{
	char *huge = malloc((1u << 20) + 1);

	ck_assert_ptr_nonnull(huge);
	memset(huge, ' ', 1u << 20);
	huge[1u << 20] = '\0';
	say(200, "", huge);
	fails(HWS_ERR_TOOBIG, "");
	free(huge);
}
END_TEST

START_TEST(more_about_a_person_is_about_that_person)
{
	struct signer *one = signer_new("RSA", "one");
	struct idn_person p;
	struct hws_error err;

	say_description(true);
	say_token(one, "one");
	say_keys(one);
	say_json(json_pack("{s:s,s:s,s:b}", "sub", "ann-1", "email", "ann@example.org",
			"email_verified", 1));
	ck_assert_msg(redeem(&p, &err) == HWS_OK, "%s", err.text);
	ck_assert_str_eq(p.email, "ann@example.org");
	ck_assert(p.email_verified);
	idn_person_done(&p);
	ck_assert_ptr_nonnull(strstr(web_server_asked(server), "Authorization: Bearer at"));
	say_nothing();
	say_token(one, "one");
	say_json(json_pack("{s:s,s:s,s:b}", "sub", "boss", "email", "boss@example.org",
			"email_verified", 1));
	fails(HWS_ERR_PROTO, "another person");
	signer_free(one);
}
END_TEST

START_TEST(a_certificate_of_nobodys_is_not_taken)
{
	struct idn_oidc *system = NULL, *was = oidc;

	say_description(false);
	ck_assert_int_eq(idn_oidc_new(NULL, &system), HWS_OK);
	oidc = system;
	fails(HWS_ERR_CRYPTO, "");
	oidc = was;
	idn_oidc_free(system);
}
END_TEST

int main(void)
{
	return test_main("component/identity/stand_in", 60, set_up, tear_down,
			TESTS(a_login_is_redeemed_and_keys_that_change_are_asked_for_anew,
					a_provider_that_lies_is_not_believed,
					a_provider_that_is_another_is_not_asked_again_at_once,
					an_answer_without_end_is_left,
					more_about_a_person_is_about_that_person,
					a_certificate_of_nobodys_is_not_taken));
}
