/* identity/oidc: the browser carries only the code; who it is is asked of the provider directly,
 * over TLS, with our secret and the verifier that no browser has seen. */
#include "admin/identity/oidc.h"
#include "admin/http/json.h"
#include "admin/identity/provider_cache.h"
#include "admin/identity/token.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/digest.h"
#include "shared/web/fetch.h"

#include <string.h>

#define FORM_MAX 16384u
#define CODE_MAX 2048u
#define ACCESS_TOKEN_MAX 4000u
#define PART_TEXT 6145u
#define ID_TEXT 769u /* percent-encoded */
#define SECRET_TEXT 1537u
#define BASIC_TEXT (HWS_BASE64_TEXT(ID_TEXT + SECRET_TEXT) + 32)

struct idn_oidc {
	struct idn_cache *cache;
};

int idn_oidc_new(const char *ca_file, struct idn_oidc **ret)
{
	struct idn_oidc *o = hws_alloc(sizeof(*o));
	int r = o ? idn_cache_new(ca_file, &o->cache) : HWS_ERR_NOMEM;

	if (r < 0)
		idn_oidc_free(o);
	else
		*ret = o;
	return r;
}

void idn_oidc_free(struct idn_oidc *o)
{
	if (!o)
		return;
	idn_cache_free(o->cache);
	hws_free(o);
}

/* One "name=value" of a query or a form. */
static void put(struct hws_buf *b, char sep, const char *name, const char *value)
{
	char part[PART_TEXT];

	if (hws_url_escape(value, part, sizeof(part)) < 0)
		b->err = HWS_ERR_TOOBIG;
	hws_buf_put_u8(b, (uint8_t)sep);
	hws_buf_put_str(b, name);
	hws_buf_put_u8(b, '=');
	hws_buf_put_str(b, part);
	hws_wipe(part, sizeof(part));
}

/* --- where the browser goes ------------------------------------------------------------------- */

static bool asks_openid(const char *scopes)
{
	static const char word[] = "openid";

	for (const char *s = scopes; (s = strstr(s, word)); s += sizeof(word) - 1) {
		char after = s[sizeof(word) - 1];

		if ((s == scopes || s[-1] == ' ') && (!after || after == ' '))
			return true;
	}
	return false;
}

static int challenge(const char *verifier, char *buf, size_t size)
{
	uint8_t digest[HWS_SHA256_LEN];

	hws_sha256(hws_bytes_str(verifier), digest);
	return hws_base64url_encode(hws_bytes(digest, sizeof(digest)), buf, size);
}

int idn_oidc_url(struct idn_oidc *o, const struct idn_client *client,
		const struct idn_login_keys *keys, char buf[IDN_LOGIN_URL_TEXT],
		struct hws_error *err)
{
	char code_challenge[HWS_BASE64URL_TEXT(HWS_SHA256_LEN)], scopes[DAT_NOTE_TEXT];
	struct idn_metadata m;
	struct hws_buf b;
	int r = idn_cache_metadata(o->cache, client->issuer, &m, err);

	if (r == HWS_OK)
		r = hws_fmt(scopes, sizeof(scopes), "%s%s",
				asks_openid(client->scopes) ? "" : "openid ", client->scopes);
	if (r == HWS_OK)
		r = challenge(keys->verifier, code_challenge, sizeof(code_challenge));
	if (r < 0)
		return r;
	hws_buf_init(&b, IDN_LOGIN_URL_TEXT - 1);
	hws_buf_put_str(&b, m.authorize);
	put(&b, strchr(m.authorize, '?') ? '&' : '?', "client_id", client->client_id);
	put(&b, '&', "state", keys->state);
	put(&b, '&', "nonce", keys->nonce);
	put(&b, '&', "code_challenge", code_challenge);
	put(&b, '&', "code_challenge_method", "S256");
	put(&b, '&', "response_type", "code");
	put(&b, '&', "scope", scopes);
	put(&b, '&', "redirect_uri", client->redirect_uri);
	r = hws_buf_err(&b);
	if (r == HWS_OK)
		r = hws_str_from_bytes(buf, IDN_LOGIN_URL_TEXT, hws_buf_bytes(&b));
	hws_buf_done_wiped(&b);
	return r < 0 ? hws_error_set(err, r, "the provider's address is too long") : HWS_OK;
}

/* --- redeeming -------------------------------------------------------------------------------- */

/* "Authorization: Basic ...": both are form-encoded first (RFC 6749, 2.3.1). */
static int basic_line(const struct idn_client *client, char buf[BASIC_TEXT])
{
	static const char head[] = "Authorization: Basic ";
	char id[ID_TEXT], secret[SECRET_TEXT], both[ID_TEXT + SECRET_TEXT];
	int r = hws_url_escape(client->client_id, id, sizeof(id));

	if (r == HWS_OK)
		r = hws_url_escape(client->secret, secret, sizeof(secret));
	if (r == HWS_OK)
		r = hws_fmt(both, sizeof(both), "%s:%s", id, secret);
	if (r == HWS_OK)
		r = hws_str_copy(buf, BASIC_TEXT, head);
	if (r == HWS_OK)
		r = hws_base64_encode(hws_bytes_str(both), buf + sizeof(head) - 1,
				BASIC_TEXT - sizeof(head) + 1);
	hws_wipe(secret, sizeof(secret));
	hws_wipe(both, sizeof(both));
	return r;
}

/* In the head a secret is to be encoded first, which half of the providers do not undo; where that
 * would change it, it goes into the form, if the provider takes it there. */
static bool secret_in_form(const struct idn_client *client, const struct idn_metadata *m)
{
	char id[ID_TEXT], secret[SECRET_TEXT];
	bool same = hws_url_escape(client->client_id, id, sizeof(id)) == HWS_OK &&
			hws_url_escape(client->secret, secret, sizeof(secret)) == HWS_OK &&
			hws_str_equal(id, client->client_id) &&
			hws_str_equal(secret, client->secret);

	hws_wipe(secret, sizeof(secret));
	return m->secret_in_body && (!m->secret_in_head || !same);
}

static void put_form(struct hws_buf *form, const struct idn_client *client, bool with_secret,
		const struct idn_login_keys *keys, const char *code)
{
	hws_buf_put_str(form, "grant_type=authorization_code");
	put(form, '&', "code", code);
	put(form, '&', "redirect_uri", client->redirect_uri);
	put(form, '&', "code_verifier", keys->verifier);
	if (!*client->secret || with_secret)
		put(form, '&', "client_id", client->client_id);
	if (*client->secret && with_secret)
		put(form, '&', "client_secret", client->secret);
}

/* What the provider gives as its reason, if it is one of its words. */
static int refused(const json_t *answer, int status, struct hws_error *err)
{
	const char *s = json_string_value(json_object_get(answer, "error"));
	char shown[64];

	return hws_error_set(err, HWS_ERR_DENIED,
			"the provider does not take the login's code (%s, status %d)",
			s ? hws_str_escape(shown, sizeof(shown), hws_bytes_str(s)) : "no reason",
			status);
}

static int ask_json(const struct hws_fetch *ask, const char *what, int *ret_status, json_t **ret,
		struct hws_error *err)
{
	struct hws_fetch_answer a = { 0 };
	struct hws_error why = { 0 };
	int r = hws_fetch(NULL, ask, &a, &why);

	if (r < 0)
		return hws_error_set(err, r, "the provider cannot be asked for the %s: %s", what,
				why.text);
	*ret_status = a.status;
	r = htp_json_read(hws_buf_bytes(&a.body), ret, &why);
	hws_fetch_done(&a);
	return r < 0 ? hws_error_set(err, HWS_ERR_PROTO,
				       "the provider's answer about the %s cannot be read (status "
				       "%d)",
				       what, *ret_status)
		     : HWS_OK;
}

static int redeem_code(const struct idn_oidc *o, const struct idn_client *client,
		const struct idn_metadata *m, const struct idn_login_keys *keys, const char *code,
		json_t **ret, struct hws_error *err)
{
	bool in_form = secret_in_form(client, m), basically = *client->secret && !in_form;
	char basic[BASIC_TEXT] = "";
	const char *const headers[] = { "Accept: application/json", basically ? basic : NULL,
		NULL };
	struct hws_buf form;
	json_t *answer = NULL;
	int status = 0, r = HWS_OK;

	hws_buf_init(&form, FORM_MAX);
	put_form(&form, client, in_form, keys, code);
	r = hws_buf_err(&form);
	if (r == HWS_OK && basically)
		r = basic_line(client, basic);
	if (r < 0) {
		r = hws_error_set(err, r, "the login's code is too long");
	} else {
		struct hws_fetch ask = {
			.url = m->token,
			.method = "POST",
			.body = hws_buf_bytes(&form),
			.content_type = "application/x-www-form-urlencoded",
			.headers = headers,
			.ca_file = idn_cache_ca_file(o->cache),
			.timeout_us = IDN_FETCH_US,
			.connect_us = IDN_FETCH_US / 2,
			.answer_max = IDN_ANSWER_MAX,
		};
		r = ask_json(&ask, "login", &status, &answer, err);
	}
	if (r == HWS_OK && status != 200)
		r = refused(answer, status, err);
	hws_buf_done_wiped(&form);
	hws_wipe(basic, sizeof(basic));
	if (r < 0)
		json_decref(answer);
	else
		*ret = answer;
	return r;
}

/* Once more with newer keys if none of those known could have signed it. */
static int read_token(struct idn_oidc *o, const struct idn_metadata *m, const char *token,
		const struct idn_expect *expect, json_t **ret, struct hws_error *err)
{
	json_t *keys = NULL, *newer = NULL;
	int r = idn_cache_keys(o->cache, m, NULL, &keys, err);

	if (r == HWS_OK)
		r = idn_token_read(token, keys, expect, ret, err);
	if (r == HWS_ERR_NOTFOUND) {
		r = idn_cache_keys(o->cache, m, keys, &newer, err);
		if (r == HWS_OK)
			r = idn_token_read(token, newer, expect, ret, err);
		if (r == HWS_ERR_NOTFOUND)
			r = HWS_ERR_CRYPTO;
	}
	json_decref(keys);
	json_decref(newer);
	return r;
}

/* Some say who it is only when they are asked for it; that is about the same person or nobody. */
static int ask_more(const struct idn_oidc *o, const struct idn_metadata *m, const char *access,
		const json_t *claims, json_t **ret, struct hws_error *err)
{
	struct hws_fetch ask = {
		.url = m->userinfo,
		.bearer = access,
		.ca_file = idn_cache_ca_file(o->cache),
		.timeout_us = IDN_FETCH_US,
		.connect_us = IDN_FETCH_US / 2,
		.answer_max = IDN_ANSWER_MAX,
	};
	json_t *more = NULL;
	int status = 0, r;

	if (!*m->userinfo || !access || !*access || strlen(access) > ACCESS_TOKEN_MAX ||
			(json_object_get(claims, "email") &&
					json_object_get(claims, "preferred_username")))
		return HWS_OK;
	r = ask_json(&ask, "person", &status, &more, err);
	if (r < 0)
		return r;
	if (status != 200 ||
			!json_equal(json_object_get(more, "sub"), json_object_get(claims, "sub"))) {
		json_decref(more);
		return hws_error_set(err, HWS_ERR_PROTO,
				"the provider tells about another person than it let in (status "
				"%d)",
				status);
	}
	*ret = more;
	return HWS_OK;
}

static int read_person(struct idn_oidc *o, const struct idn_metadata *m, const json_t *answer,
		const struct idn_expect *expect, struct idn_person *ret, struct hws_error *err)
{
	const char *token = json_string_value(json_object_get(answer, "id_token"));
	const char *access = json_string_value(json_object_get(answer, "access_token"));
	struct idn_person p = { 0 };
	json_t *claims = NULL, *more = NULL;
	int r;

	if (!token)
		return hws_error_set(err, HWS_ERR_PROTO,
				"the provider does not say who it is: it is no OpenID provider, "
				"or the scope \"openid\" is missing there");
	r = read_token(o, m, token, expect, &claims, err);
	if (r == HWS_OK)
		r = ask_more(o, m, access, claims, &more, err);
	if (r == HWS_OK && idn_person_claims(&p, claims, more) < 0)
		r = hws_error_set(err, HWS_ERR_PROTO,
				"what the provider says of the person cannot be used");
	json_decref(claims);
	json_decref(more);
	if (r < 0)
		idn_person_done(&p);
	else
		*ret = p;
	return r;
}

int idn_oidc_redeem(struct idn_oidc *o, const struct idn_client *client,
		const struct idn_login_keys *keys, const char *code, int64_t now_s,
		struct idn_person *ret, struct hws_error *err)
{
	struct idn_metadata m;
	json_t *answer = NULL;
	int r;

	if (!*code || strnlen(code, CODE_MAX + 1) > CODE_MAX)
		return hws_error_set(err, HWS_ERR_PROTO, "the login's code is no code");
	r = idn_cache_metadata(o->cache, client->issuer, &m, err);
	if (r == HWS_OK)
		r = redeem_code(o, client, &m, keys, code, &answer, err);
	if (r == HWS_OK) {
		struct idn_expect expect = { client->issuer, client->client_id, keys->nonce,
			now_s };

		r = read_person(o, &m, answer, &expect, ret, err);
	}
	json_decref(answer);
	return r;
}

int idn_oidc_try(const struct idn_oidc *o, const char *issuer, struct hws_error *err)
{
	struct idn_cache *fresh = NULL; /* that knows nothing yet */
	struct idn_metadata m;
	json_t *keys = NULL;
	int r = idn_cache_new(idn_cache_ca_file(o->cache), &fresh);

	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	r = idn_cache_metadata(fresh, issuer, &m, err);
	if (r == HWS_OK)
		r = idn_cache_keys(fresh, &m, NULL, &keys, err);
	if (r == HWS_OK && json_array_size(json_object_get(keys, "keys")) == 0)
		r = hws_error_set(err, HWS_ERR_PROTO, "the provider shows no keys");
	json_decref(keys);
	idn_cache_free(fresh);
	return r;
}
