/* identity/token: the algorithm is the token's choice among ours, the key is ours: one of that
 * algorithm's kind, so that no public key ever serves as a secret one. */
#include "admin/identity/token.h"
#include "admin/http/json.h"
#include "shared/base/bytes.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"

#include <cjose/cjose.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits of base64: a modulus of 2048 to 8192 bits. */
#define RSA_DIGITS_MIN 342u
#define RSA_DIGITS_MAX 1366u
#define RSA_EXPONENT_MAX 11u
#define KID_MAX 512u
/* How many keys are tried for a token that names none. */
#define TRIES 8u
#define AUDIENCES_MAX 64u

static const struct alg {
	const char *name, *kty, *crv;
} algs[] = {
	{ "RS256", "RSA", NULL },
	{ "RS384", "RSA", NULL },
	{ "RS512", "RSA", NULL },
	{ "PS256", "RSA", NULL },
	{ "PS384", "RSA", NULL },
	{ "PS512", "RSA", NULL },
	{ "ES256", "EC", "P-256" },
	{ "ES384", "EC", "P-384" },
	{ "ES512", "EC", "P-521" },
};

/* --- keys ------------------------------------------------------------------------------------- */

static bool text_is(const json_t *o, const char *key, const char *want)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && hws_str_equal(s, want);
}

static bool absent_or(const json_t *o, const char *key, const char *want)
{
	return !json_object_get(o, key) || text_is(o, key, want);
}

static bool size_fits(const json_t *key)
{
	size_t n = json_string_length(json_object_get(key, "n"));
	size_t e = json_string_length(json_object_get(key, "e"));

	return n >= RSA_DIGITS_MIN && n <= RSA_DIGITS_MAX && e > 0 && e <= RSA_EXPONENT_MAX;
}

static bool may_have_signed(const json_t *key, const struct alg *alg, const char *kid)
{
	if (!text_is(key, "kty", alg->kty) || !absent_or(key, "use", "sig") ||
			!absent_or(key, "alg", alg->name))
		return false;
	if (kid && !text_is(key, "kid", kid))
		return false;
	return alg->crv ? text_is(key, "crv", alg->crv) : size_fits(key);
}

static bool verify(cjose_jws_t *jws, json_t *key)
{
	cjose_err why;
	cjose_jwk_t *jwk = cjose_jwk_import_json((cjose_header_t *)key, &why);
	bool ok = jwk && cjose_jws_verify(jws, jwk, &why);

	if (jwk)
		(void)cjose_jwk_release(jwk);
	return ok;
}

static int check_signature(cjose_jws_t *jws, const json_t *keys, const struct alg *alg,
		const char *kid, struct hws_error *err)
{
	const json_t *set = json_object_get(keys, "keys");
	unsigned tried = 0;

	for (size_t i = 0; i < json_array_size(set) && i < IDN_KEYS_MAX && tried < TRIES; i++) {
		json_t *key = json_array_get(set, i);

		if (!may_have_signed(key, alg, kid))
			continue;
		tried++;
		if (verify(jws, key))
			return HWS_OK;
	}
	if (!tried || !kid)
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"the provider shows no key that signed its word");
	return hws_error_set(err, HWS_ERR_CRYPTO, "the signature of the provider's word is wrong");
}

/* --- claims ----------------------------------------------------------------------------------- */

/* A time in seconds; some write it with a fraction. */
static bool seconds(const json_t *claims, const char *key, int64_t *ret)
{
	const json_t *v = json_object_get(claims, key);
	double d = json_number_value(v);

	if (!json_is_number(v) || !isfinite(d) || d < 0 || d > 1e12)
		return false;
	*ret = json_is_integer(v) ? json_integer_value(v) : (int64_t)d;
	return true;
}

static int check_times(const json_t *claims, int64_t now, struct hws_error *err)
{
	int64_t exp = 0, iat = 0, nbf = 0;

	if (!seconds(claims, "exp", &exp) || !seconds(claims, "iat", &iat) ||
			(json_object_get(claims, "nbf") && !seconds(claims, "nbf", &nbf)))
		return hws_error_set(
				err, HWS_ERR_DENIED, "the provider's word does not say its time");
	if (now - IDN_SKEW_S >= exp)
		return hws_error_set(err, HWS_ERR_DENIED,
				"the provider's word has expired; are the clocks right?");
	if (iat > now + IDN_SKEW_S || nbf > now + IDN_SKEW_S)
		return hws_error_set(err, HWS_ERR_DENIED,
				"the provider's word is from the future; are the clocks right?");
	return HWS_OK;
}

static bool is_for(const json_t *aud, const char *client_id, bool *ret_several)
{
	bool found = false;

	*ret_several = json_array_size(aud) > 1;
	if (json_is_string(aud))
		return hws_str_equal(json_string_value(aud), client_id);
	if (json_array_size(aud) > AUDIENCES_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(aud); i++) {
		const char *s = json_string_value(json_array_get(aud, i));

		if (!s)
			return false;
		found = found || hws_str_equal(s, client_id);
	}
	return found;
}

static int check_parties(const json_t *claims, const struct idn_expect *e, struct hws_error *err)
{
	bool several = false;

	if (!text_is(claims, "iss", e->issuer))
		return hws_error_set(err, HWS_ERR_DENIED,
				"the provider's word is signed in another's name");
	if (!is_for(json_object_get(claims, "aud"), e->client_id, &several))
		return hws_error_set(
				err, HWS_ERR_DENIED, "the provider's word is for another program");
	/* who it was given to, where several may read it */
	if ((several || json_object_get(claims, "azp")) && !text_is(claims, "azp", e->client_id))
		return hws_error_set(err, HWS_ERR_DENIED,
				"the provider's word was given to another program");
	return HWS_OK;
}

static int check_person(const json_t *claims, const struct idn_expect *e, struct hws_error *err)
{
	const char *nonce = json_string_value(json_object_get(claims, "nonce"));
	const char *sub = json_string_value(json_object_get(claims, "sub"));
	size_t n = strlen(e->nonce);

	if (!nonce || strlen(nonce) != n || !hws_secret_equal(nonce, e->nonce, n))
		return hws_error_set(
				err, HWS_ERR_DENIED, "the provider's word is for another login");
	if (!sub || !*sub || strlen(sub) > IDN_SUBJECT_MAX)
		return hws_error_set(err, HWS_ERR_DENIED, "the provider does not say who it is");
	return HWS_OK;
}

/* --- the token -------------------------------------------------------------------------------- */

/* Three parts of base64url with a dot between them; what the library would read otherwise does not
 * reach it. */
static bool well_formed(const char *token, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_";
	unsigned dots = 0;

	if (n == 0 || token[0] == '.' || token[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (token[i] == '.' && token[i + 1] != '.')
			dots++;
		else if (!strchr(digits, token[i]))
			return false;
	}
	return dots == 2;
}

static const struct alg *alg_of(cjose_header_t *header)
{
	cjose_err why;
	const char *name = cjose_header_get(header, CJOSE_HDR_ALG, &why);

	for (size_t i = 0; name && i < HWS_COUNT(algs); i++) {
		if (hws_str_equal(name, algs[i].name))
			return &algs[i];
	}
	return NULL;
}

static int check_word(cjose_jws_t *jws, const json_t *keys, struct hws_error *err)
{
	cjose_err why;
	cjose_header_t *header = cjose_jws_get_protected(jws);
	const struct alg *alg = alg_of(header);
	const char *kid = cjose_header_get(header, CJOSE_HDR_KID, &why);

	if (!alg)
		return hws_error_set(err, HWS_ERR_CRYPTO,
				"the provider signs in a way that is not accepted here");
	/* what must be understood and is not */
	if (json_object_get((const json_t *)header, "crit") || (kid && strlen(kid) > KID_MAX))
		return hws_error_set(
				err, HWS_ERR_PROTO, "the provider's word is of an unknown form");
	return check_signature(jws, keys, alg, kid, err);
}

static int read_claims(cjose_jws_t *jws, json_t **ret, struct hws_error *err)
{
	cjose_err why;
	struct hws_error form = { 0 };
	uint8_t *text = NULL;
	size_t n = 0;

	if (!cjose_jws_get_plaintext(jws, &text, &n, &why) ||
			htp_json_read(hws_bytes(text, n), ret, &form) < 0)
		return hws_error_set(
				err, HWS_ERR_PROTO, "the provider's word is broken: %s", form.text);
	return HWS_OK;
}

int idn_token_read(const char *token, const json_t *keys, const struct idn_expect *expect,
		json_t **ret, struct hws_error *err)
{
	size_t n = strnlen(token, IDN_TOKEN_MAX + 1);
	cjose_jws_t *jws = NULL;
	json_t *claims = NULL;
	cjose_err why;
	int r;

	if (n > IDN_TOKEN_MAX)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the provider's word is too long");
	if (well_formed(token, n))
		jws = cjose_jws_import(token, n, &why);
	if (!jws)
		return hws_error_set(err, HWS_ERR_PROTO, "the provider's word is no signed token");
	r = check_word(jws, keys, err);
	if (r == HWS_OK)
		r = read_claims(jws, &claims, err);
	if (r == HWS_OK)
		r = check_parties(claims, expect, err);
	if (r == HWS_OK)
		r = check_times(claims, expect->now_s, err);
	if (r == HWS_OK)
		r = check_person(claims, expect, err);
	cjose_jws_release(jws);
	if (r < 0)
		json_decref(claims);
	else
		*ret = claims;
	return r;
}
