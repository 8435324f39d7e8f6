/* identity/oidc: logging in at a provider (OpenID Connect, code flow with PKCE): where the browser
 * is sent, and who it turned out to be. Blocking, for worker threads, without a connection of the
 * database in hand; one object for all threads, which remembers what providers say of themselves
 * and their keys. */
#pragma once
#include "admin/identity/metadata.h"
#include "admin/identity/person.h"

struct idn_oidc;

/* `ca_file`: PEM of the authorities that vouch for providers; NULL = the system's. */
int idn_oidc_new(const char *ca_file, struct idn_oidc **ret) HWS_MUST_CHECK;
void idn_oidc_free(struct idn_oidc *o);

/* What we are to a provider. */
struct idn_client {
	const char *issuer, *client_id, *secret; /* secret "" = none */
	const char *scopes;                      /* "openid" is always asked for */
	const char *redirect_uri;
};
/* Of one login. */
struct idn_login_keys {
	const char *state, *nonce, *verifier;
};

#define IDN_LOGIN_URL_TEXT 2049

/* All: HWS_ERR_UNREACHABLE and what else hws_fetch says when the provider is away,
 * HWS_ERR_PROTO when it answers what no provider answers; `err` has words for a person. */
int idn_oidc_url(struct idn_oidc *o, const struct idn_client *client,
		const struct idn_login_keys *keys, char buf[IDN_LOGIN_URL_TEXT],
		struct hws_error *err) HWS_MUST_CHECK;
/* Redeems the code that came back, and checks the provider's word as token.h says. `now_s`: Unix
 * seconds. `ret` goes to idn_person_done. HWS_ERR_DENIED: the provider does not take the code, or
 * its word is not for us. */
int idn_oidc_redeem(struct idn_oidc *o, const struct idn_client *client,
		const struct idn_login_keys *keys, const char *code, int64_t now_s,
		struct idn_person *ret, struct hws_error *err) HWS_MUST_CHECK;
/* Asks anew for what a provider says of itself and for its keys: what the operator's test shows. */
int idn_oidc_try(
		const struct idn_oidc *o, const char *issuer, struct hws_error *err) HWS_MUST_CHECK;
