/* api/oidc_flow: the database before and after the provider is asked, never while. */
#include "admin/api/oidc_flow.h"
#include "admin/identity/admission.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include <string.h>

#define ASK_ADMIN "This server's administrator finds more in its log."

static int away(struct hws_error *err, int r)
{
	return hws_error_set(err, r, "The server's database is away or busy; try again later");
}

static int find_provider(
		struct adi_app *a, const char *name, struct dat_provider *p, struct hws_error *err)
{
	struct sql_conn *c = NULL;
	int r = sql_take(a->db, &c);

	if (r == HWS_OK)
		r = dat_provider_find(c, name, p);
	sql_give(c);
	if (r == HWS_OK && !p->enabled)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r, "Unknown provider");
	return r < 0 ? away(err, r) : HWS_OK;
}

static int store(struct adi_app *a, const struct dat_flow_new *in, struct dat_flow_keys *ret,
		struct hws_error *err)
{
	struct sql_conn *c = NULL;
	int r = sql_take(a->db, &c);

	if (r == HWS_OK)
		r = dat_flow_begin(c, a->keys, in, adi_now(), ret);
	sql_give(c);
	if (r == HWS_ERR_FULL)
		return hws_error_set(err, r, "Too many logins are under way; try again later");
	if (r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG)
		return hws_error_set(err, r, "The device's description is not as it must be");
	return r < 0 ? away(err, r) : HWS_OK;
}

int adi_flow_begin(struct adi_app *a, const char *provider, struct dat_flow_new *in,
		const char *base, struct dat_flow_keys *ret_keys, char url[IDN_LOGIN_URL_TEXT],
		struct hws_error *err)
{
	struct dat_provider *p = hws_alloc(sizeof(*p));
	char redirect[DAT_FLOW_URI_TEXT];
	struct idn_client client;
	struct idn_login_keys keys = { ret_keys->state, ret_keys->nonce, ret_keys->verifier };
	int r = p ? find_provider(a, provider, p, err)
		  : hws_error_set(err, HWS_ERR_NOMEM, "The server is out of memory");

	if (r == HWS_OK && adi_redirect_uri(a, base, redirect, sizeof(redirect)) < 0)
		r = hws_error_set(err, HWS_ERR_INVAL,
				"The server does not know its own address: set public-url");
	if (r == HWS_OK) {
		in->provider_guid = p->guid;
		in->redirect_uri = redirect;
		r = store(a, in, ret_keys, err);
	}
	if (r == HWS_OK) {
		client = (struct idn_client){ p->issuer, p->client_id, "", p->scopes, redirect };
		r = idn_oidc_url(adi_identity_oidc(a->identity), &client, &keys, url, err);
		if (r < 0) {
			hws_warn("oidc.away", HWS_STR("provider", p->name),
					HWS_STR("why", err->text));
			r = hws_error_set(err, r, "The provider cannot be reached. " ASK_ADMIN);
		}
	}
	hws_free(p);
	return r;
}

/* --- coming back ------------------------------------------------------------------------------ */

struct arriving {
	struct adi_app *app;
	const struct adi_came_back *back;
	struct dat_provider provider;
	char secret[DAT_CLIENT_SECRET_TEXT];
};

static int find_flow(struct arriving *v, struct adi_arrival *ret, struct hws_error *err)
{
	struct adi_app *a = v->app;
	struct sql_conn *c = NULL;
	int r = sql_take(a->db, &c);

	if (r == HWS_OK)
		r = dat_flow_return(c, a->keys, v->back->state, adi_now(), &ret->flow);
	if (r == HWS_OK)
		r = dat_provider_get(c, ret->flow.provider_guid, &v->provider);
	if (r == HWS_OK)
		r = dat_provider_secret(c, a->keys, v->provider.guid, v->secret);
	sql_give(c);
	if (r == HWS_ERR_DENIED || r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, HWS_ERR_DENIED,
				"This login is over or was never begun. Start it again.");
	return r < 0 ? away(err, r) : HWS_OK;
}

/* A console's login ends in the browser that began it, or somebody could log another in as
 * themselves. */
static bool right_browser(const struct dat_flow *f, const char *browser)
{
	char hash[DAT_HASH_TEXT];

	if (f->kind != DAT_FLOW_CONSOLE)
		return true;
	if (!browser)
		return false;
	dat_token_hash(browser, hash);
	return strlen(f->browser_hash) == strlen(hash) &&
			hws_secret_equal(hash, f->browser_hash, strlen(hash));
}

static int check_back(struct arriving *v, const struct dat_flow *f, const char *browser,
		struct hws_error *err)
{
	const struct adi_came_back *b = v->back;
	char shown[64];

	if (!right_browser(f, browser))
		return hws_error_set(err, HWS_ERR_DENIED,
				"This login was begun in another browser. Start it again here.");
	if (!v->provider.enabled)
		return hws_error_set(err, HWS_ERR_DENIED, "Unknown provider");
	if (b->error)
		return hws_error_set(err, HWS_ERR_DENIED, "The provider refused: %s",
				hws_str_escape(shown, sizeof(shown), hws_bytes_str(b->error)));
	/* of two providers, one must not pass on the other's answer (RFC 9207) */
	if (!b->code || (b->iss && strcmp(b->iss, v->provider.issuer) != 0))
		return hws_error_set(
				err, HWS_ERR_DENIED, "The provider's answer is not as it must be");
	return HWS_OK;
}

static int admit(struct arriving *v, const struct idn_person *person, struct adi_arrival *ret,
		struct hws_error *err)
{
	struct idn_policy policy = {
		.provider = v->provider.guid,
		.source = "oidc",
		.title = v->provider.name,
		.auto_create = v->provider.auto_create,
		.domains = v->provider.domains,
		.group_map = v->provider.group_map,
	};
	struct sql_conn *c = NULL;
	int r = sql_take(v->app->db, &c);

	if (r < 0)
		return away(err, r);
	r = idn_admit(c, v->app->keys, &policy, person, adi_now(), ret->account_guid, err);
	sql_give(c);
	return r == HWS_OK || r == HWS_ERR_DENIED ? r : away(err, r);
}

static int find_person(struct arriving *v, struct adi_arrival *ret, struct hws_error *err)
{
	const struct dat_flow *f = &ret->flow;
	struct idn_client client = { v->provider.issuer, v->provider.client_id, v->secret,
		v->provider.scopes, f->redirect_uri };
	struct idn_login_keys keys = { "", f->nonce, f->verifier };
	struct idn_person person = { .groups = NULL };
	int r = idn_oidc_redeem(adi_identity_oidc(v->app->identity), &client, &keys, v->back->code,
			adi_now() / 1000, &person, err);

	if (r < 0) {
		hws_warn("oidc.failed", HWS_STR("provider", v->provider.name),
				HWS_STR("why", err->text));
		return hws_error_set(err, r, "The login at the provider failed. " ASK_ADMIN);
	}
	r = admit(v, &person, ret, err);
	idn_person_done(&person);
	return r;
}

/* Who waits for it must not wait for nothing. */
static void tell(struct adi_app *a, const struct dat_flow *f, const char *why)
{
	struct sql_conn *c = NULL;
	int r = sql_take(a->db, &c);

	if (r == HWS_OK)
		r = dat_flow_fail(c, f->key, why);
	sql_give(c);
	if (r < 0)
		hws_warn("oidc.not_told", HWS_STR("why", hws_err_text(r)));
}

int adi_flow_arrive(struct adi_app *a, const struct adi_came_back *back, const char *browser,
		struct adi_arrival *ret, struct hws_error *err)
{
	struct arriving *v = hws_alloc(sizeof(*v));
	int r = v ? HWS_OK : hws_error_set(err, HWS_ERR_NOMEM, "The server is out of memory");

	*ret = (struct adi_arrival){ .provider = "" };
	if (r < 0)
		return r;
	v->app = a;
	v->back = back;
	r = back->state ? find_flow(v, ret, err)
			: hws_error_set(err, HWS_ERR_DENIED,
					  "This is no answer of a provider. Start the login again.");
	if (r == HWS_OK) {
		memcpy(ret->provider, v->provider.name, sizeof(ret->provider));
		memcpy(ret->title, v->provider.title, sizeof(ret->title));
		r = check_back(v, &ret->flow, browser, err);
		if (r == HWS_OK)
			r = find_person(v, ret, err);
		if (r < 0)
			tell(a, &ret->flow, err->text);
	}
	hws_free_wiped(v, sizeof(*v));
	return r;
}
