/* By cjose, which verifies in the program: that it interoperates is what the test with a real
 * provider shows. */
#include "tests/unit/admin/identity/signing.h"
#include <check.h>
#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct signer {
	cjose_jwk_t *jwk;
	char kid[32];
};

struct signer *signer_new(const char *kind, const char *kid)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	struct signer *s = calloc(1, sizeof(*s));
	cjose_err err;

	ck_assert_ptr_nonnull(s);
	if (strcmp(kind, "EC") == 0)
		s->jwk = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
	else
		s->jwk = cjose_jwk_create_RSA_random(strcmp(kind, "RSA") == 0 ? 2048 : 1024,
				exponent, sizeof(exponent), &err);
	ck_assert_ptr_nonnull(s->jwk);
	(void)snprintf(s->kid, sizeof(s->kid), "%s", kid);
	return s;
}

void signer_free(struct signer *s)
{
	(void)cjose_jwk_release(s->jwk);
	free(s);
}

json_t *signer_public(const struct signer *s)
{
	cjose_err err;
	char *text = cjose_jwk_to_json(s->jwk, false, &err);
	json_t *key;

	ck_assert_ptr_nonnull(text);
	key = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(key);
	json_object_set_new(key, "kid", json_string(s->kid));
	free(text);
	return key;
}

char *signer_pem(const struct signer *s)
{
	json_t *key = signer_public(s);
	char *text = json_dumps(key, JSON_COMPACT);

	json_decref(key);
	ck_assert_ptr_nonnull(text);
	return text;
}

static char *sign(const cjose_jwk_t *jwk, json_t *head, const json_t *claims)
{
	char *body = claims ? json_dumps(claims, JSON_COMPACT) : strdup("no object"), *token;
	const char *text = NULL;
	cjose_err err;
	cjose_jws_t *jws;

	ck_assert_ptr_nonnull(body);
	jws = cjose_jws_sign(
			jwk, (cjose_header_t *)head, (const uint8_t *)body, strlen(body), &err);
	ck_assert_ptr_nonnull(jws);
	ck_assert(cjose_jws_export(jws, &text, &err));
	token = strdup(text);
	ck_assert_ptr_nonnull(token);
	cjose_jws_release(jws);
	free(body);
	return token;
}

char *signer_sign(const struct signer *s, const char *alg, const char *kid, const json_t *claims,
		const json_t *more)
{
	json_t *head = json_pack("{s:s}", "alg", alg);
	char *token;

	if (kid)
		json_object_set_new(head, "kid", json_string(kid));
	if (more)
		json_object_update(head, (json_t *)more);
	token = sign(s->jwk, head, claims);
	json_decref(head);
	return token;
}

static char *part(const char *text)
{
	char *out = NULL;
	size_t n = 0;
	cjose_err err;

	ck_assert(cjose_base64url_encode((const uint8_t *)text, strlen(text), &out, &n, &err));
	return out;
}

char *unsigned_token(const char *alg, const json_t *claims)
{
	char head[64], *body = json_dumps(claims, JSON_COMPACT), *h, *b, *token = NULL;

	ck_assert_ptr_nonnull(body);
	(void)snprintf(head, sizeof(head), "{\"alg\":\"%s\"}", alg);
	h = part(head);
	b = part(body);
	ck_assert_int_gt(asprintf(&token, "%s.%s.", h, b), 0);
	free(h);
	free(b);
	free(body);
	return token;
}

char *mac_token(const char *secret, const json_t *claims)
{
	cjose_err err;
	cjose_jwk_t *jwk = cjose_jwk_create_oct_spec((const uint8_t *)secret, strlen(secret), &err);
	json_t *head = json_pack("{s:s,s:s}", "alg", "HS256", "kid", "one");
	char *token;

	ck_assert_ptr_nonnull(jwk);
	token = sign(jwk, head, claims);
	json_decref(head);
	(void)cjose_jwk_release(jwk);
	return token;
}
