/* The signed word of a provider: what is taken, and all that is not. */
#include "admin/identity/token.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include "tests/unit/admin/identity/signing.h"
#include "tests/unit/admin/identity/suites.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1790000000

static const struct idn_expect expect = { "https://id.example.org", "rd", "n0nce", NOW };
static struct signer *rsa, *ec, *other;
static json_t *keys; /* of rsa and ec */

static void start(void)
{
	rsa = signer_new("RSA", "one");
	ec = signer_new("EC", "two");
	other = signer_new("RSA", "one");
	keys = json_pack("{s:[o,o]}", "keys", signer_public(rsa), signer_public(ec));
	ck_assert_ptr_nonnull(keys);
}

static void stop(void)
{
	signer_free(rsa);
	signer_free(ec);
	signer_free(other);
	json_decref(keys);
}

static json_t *good(void)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:i}", "iss", expect.issuer, "aud", expect.client_id,
			"nonce", expect.nonce, "sub", "248289761001", "iat", NOW, "exp", NOW + 300);
}

/* Takes the claims. */
static int read_with(const struct signer *s, const char *alg, const char *kid, json_t *claims,
		const json_t *set)
{
	char *token = signer_sign(s, alg, kid, claims, NULL);
	struct hws_error err = { 0 };
	json_t *out = NULL;
	int r = idn_token_read(token, set, &expect, &out, &err);

	ck_assert(r == HWS_OK || *err.text);
	if (r == HWS_OK)
		ck_assert_str_eq(json_string_value(json_object_get(out, "sub")), "248289761001");
	json_decref(out);
	json_decref(claims);
	free(token);
	return r;
}

static int changed(const char *key, json_t *value)
{
	json_t *claims = good();

	if (value)
		json_object_set_new(claims, key, value);
	else
		json_object_del(claims, key);
	return read_with(rsa, "RS256", "one", claims, keys);
}

START_TEST(a_good_word_is_taken)
{
	static const char *const rsa_algs[] = { "RS256", "RS384", "RS512", "PS256", "PS384",
		"PS512" };

	for (size_t i = 0; i < HWS_COUNT(rsa_algs); i++)
		ck_assert_int_eq(read_with(rsa, rsa_algs[i], "one", good(), keys), HWS_OK);
	ck_assert_int_eq(read_with(ec, "ES256", "two", good(), keys), HWS_OK);
	ck_assert_int_eq(read_with(rsa, "RS256", NULL, good(), keys), HWS_OK);
	ck_assert_int_eq(changed("aud", json_pack("[s]", "rd")), HWS_OK);
	ck_assert_int_eq(changed("exp", json_real(NOW + 0.5)), HWS_OK);
	ck_assert_int_eq(changed("azp", json_string("rd")), HWS_OK);
}
END_TEST

START_TEST(a_word_for_others_or_of_another_time_is_not)
{
	const struct {
		const char *key;
		json_t *value;
	} cases[] = {
		{ "iss", json_string("https://id.example.org/") },
		{ "iss", NULL },
		{ "aud", json_string("rd2") },
		{ "aud", json_pack("[s,s]", "x", "y") },
		{ "aud", json_pack("[s,s]", "rd", "y") }, /* given to whom? */
		{ "aud", json_pack("[s,i]", "rd", 1) },
		{ "aud", json_pack("{s:s}", "rd", "rd") },
		{ "aud", NULL },
		{ "azp", json_string("other") },
		{ "nonce", json_string("n0ncf") },
		{ "nonce", json_string("n0nce0") },
		{ "nonce", NULL },
		{ "exp", json_integer(NOW - IDN_SKEW_S) },
		{ "exp", json_string("1790000300") },
		{ "exp", json_real(1e300) },
		{ "exp", json_integer(-1) },
		{ "exp", NULL },
		{ "iat", json_integer(NOW + IDN_SKEW_S + 1) },
		{ "iat", NULL },
		{ "nbf", json_integer(NOW + IDN_SKEW_S + 1) },
		{ "nbf", json_true() },
		{ "sub", json_string("") },
		{ "sub", json_integer(7) },
		{ "sub", NULL },
	};

	for (size_t i = 0; i < HWS_COUNT(cases); i++)
		ck_assert_msg(changed(cases[i].key, cases[i].value) == HWS_ERR_DENIED,
				"case %zu: %s", i, cases[i].key);
}
END_TEST

START_TEST(a_key_signs_only_in_its_own_way)
{
	char *secret = signer_pem(rsa), *token;
	json_t *claims = good(), *out = NULL;
	struct hws_error err = { 0 };

	/* signed by nobody */
	token = unsigned_token("none", claims);
	ck_assert_int_lt(idn_token_read(token, keys, &expect, &out, &err), 0);
	free(token);
	token = unsigned_token("None", claims);
	ck_assert_int_lt(idn_token_read(token, keys, &expect, &out, &err), 0);
	free(token);
	/* the public key as the secret of a MAC: as PEM, and as the modulus in the set */
	token = mac_token(secret, claims);
	ck_assert_int_eq(idn_token_read(token, keys, &expect, &out, &err), HWS_ERR_CRYPTO);
	free(token);
	/* a set with a secret key in it, which is in nobody's interest */
	json_t *oct = json_pack("{s:[{s:s,s:s,s:s}]}", "keys", "kty", "oct", "kid", "one", "k",
			"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0");

	token = mac_token("secretsecretsecretsecretsecret", claims);
	ck_assert_int_eq(idn_token_read(token, oct, &expect, &out, &err), HWS_ERR_CRYPTO);
	free(token);
	json_decref(oct);
	json_decref(claims);
	free(secret);
	/* another's key under a known name, an unknown name, and no name at all */
	ck_assert_int_eq(read_with(other, "RS256", "one", good(), keys), HWS_ERR_CRYPTO);
	ck_assert_int_eq(read_with(other, "RS256", "three", good(), keys), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(read_with(other, "RS256", NULL, good(), keys), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(read_with(rsa, "RS256", "two", good(), keys), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_key_of_the_set_must_be_fit_for_it)
{
	struct signer *small = signer_new("RSA-1024", "small");
	json_t *set = json_pack("{s:[o]}", "keys", signer_public(small));
	json_t *key = json_array_get(json_object_get(set, "keys"), 0);

	ck_assert_int_eq(read_with(small, "RS256", "small", good(), set), HWS_ERR_NOTFOUND);
	json_decref(set);
	signer_free(small);
	set = json_pack("{s:[o]}", "keys", signer_public(rsa));
	key = json_array_get(json_object_get(set, "keys"), 0);
	ck_assert_int_eq(read_with(rsa, "RS256", "one", good(), set), HWS_OK);
	json_object_set_new(key, "use", json_string("enc"));
	ck_assert_int_eq(read_with(rsa, "RS256", "one", good(), set), HWS_ERR_NOTFOUND);
	json_object_set_new(key, "use", json_string("sig"));
	json_object_set_new(key, "alg", json_string("RS512"));
	ck_assert_int_eq(read_with(rsa, "RS256", "one", good(), set), HWS_ERR_NOTFOUND);
	json_object_set_new(key, "alg", json_integer(1));
	ck_assert_int_eq(read_with(rsa, "RS256", "one", good(), set), HWS_ERR_NOTFOUND);
	json_decref(set);
	/* no set at all */
	set = json_pack("[]");
	ck_assert_int_eq(read_with(rsa, "RS256", "one", good(), set), HWS_ERR_NOTFOUND);
	json_decref(set);
	ck_assert_int_eq(read_with(rsa, "RS256", "one", good(), NULL), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(what_must_be_understood_is_refused)
{
	json_t *claims = good(), *more = json_pack("{s:[s],s:b}", "crit", "b64", "b64", 0),
	       *out = NULL;
	char *token = signer_sign(rsa, "RS256", "one", claims, more);
	struct hws_error err = { 0 };

	ck_assert_int_eq(idn_token_read(token, keys, &expect, &out, &err), HWS_ERR_PROTO);
	free(token);
	json_decref(more);
	json_decref(claims);
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
	static const char *const tokens[] = { "", ".", "..", "...", "a.b", "a.b.c.d", "a..c",
		"a.b.", ".b.c", "a b.c.d", "eyJhbGciOiJSUzI1NiJ9.e30.AA==", "\xc3\xa9.a.b" };
	char *token = signer_sign(rsa, "RS256", "one", NULL, NULL), *end;
	json_t *claims = good(), *out = NULL;
	struct hws_error err = { 0 };
	char *huge = calloc(1, IDN_TOKEN_MAX + 2);

	for (size_t i = 0; i < HWS_COUNT(tokens); i++)
		ck_assert_int_eq(idn_token_read(tokens[i], keys, &expect, &out, &err),
				HWS_ERR_PROTO);
	/* signed, but no object */
	ck_assert_int_lt(idn_token_read(token, keys, &expect, &out, &err), 0);
	free(token);
	ck_assert_ptr_nonnull(huge);
	memset(huge, 'a', IDN_TOKEN_MAX + 1);
	ck_assert_int_eq(idn_token_read(huge, keys, &expect, &out, &err), HWS_ERR_TOOBIG);
	free(huge);
	/* every sign changed: never taken */
	token = signer_sign(ec, "ES256", "two", claims, NULL);
	end = strrchr(token, '.');
	for (char *c = token; *c; c++) {
		char was = *c;

		/* the last digit of a part has bits that mean nothing */
		if (c[1] == '\0' || c[1] == '.' || c == end)
			continue;
		*c = was == 'A' ? 'B' : 'A';
		ck_assert_int_lt(idn_token_read(token, keys, &expect, &out, &err), 0);
		*c = was;
	}
	ck_assert_int_eq(idn_token_read(token, keys, &expect, &out, &err), HWS_OK);
	json_decref(out);
	json_decref(claims);
	free(token);
}
END_TEST

/* RFC 7515, A.3: signed by others, for another purpose. */
START_TEST(the_standards_own_example_has_a_right_signature)
{
	static const char token[] =
			"eyJhbGciOiJFUzI1NiJ9."
			"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
			"c19yb290Ijp0cnVlfQ."
			"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
			"P3-Kg6NU1Q";
	json_t *set = json_pack("{s:[{s:s,s:s,s:s,s:s}]}", "keys", "kty", "EC", "crv", "P-256", "x",
			"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y",
			"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
	json_t *out = NULL;
	struct hws_error err = { 0 };

	/* so far that its receiver is looked at */
	ck_assert_int_eq(idn_token_read(token, set, &expect, &out, &err), HWS_ERR_DENIED);
	ck_assert_str_eq(err.text, "the provider's word is signed in another's name");
	json_decref(set);
}
END_TEST

void add_token_tests(Suite *s)
{
	TCase *c = test_case(s, "token", 30,
			TESTS(a_good_word_is_taken, a_word_for_others_or_of_another_time_is_not,
					a_key_signs_only_in_its_own_way,
					a_key_of_the_set_must_be_fit_for_it,
					what_must_be_understood_is_refused,
					what_is_no_token_is_refused,
					the_standards_own_example_has_a_right_signature));

	tcase_add_unchecked_fixture(c, start, stop);
}
