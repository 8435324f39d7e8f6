/* api/oidc_flow: a login at a provider, as far as clients' and the console's have it in common. */
#pragma once
#include "admin/api/identity.h"
#include "admin/data/flows.h"
#include "admin/data/providers.h"

/* Of the browser that began a login to the console, until it is back. */
#define ADI_OIDC_COOKIE "hawser_oidc"

/* Begins one at the provider of that name: where the browser is to go. Takes no connection: it asks
 * the provider. Failure: `err` has words for a person; HWS_ERR_NOTFOUND: no such provider.
 * `ret_keys` is the caller's to wipe. */
int adi_flow_begin(struct adi_app *a, const char *provider, struct dat_flow_new *in,
		const char *base, struct dat_flow_keys *ret_keys, char url[IDN_LOGIN_URL_TEXT],
		struct hws_error *err) HWS_MUST_CHECK;

/* What came back with the browser; NULL = not there. */
struct adi_came_back {
	const char *code, *state, *iss, *error;
};
struct adi_arrival {
	struct dat_flow flow; /* key "" = unknown */
	char provider[DAT_PROVIDER_NAME_TEXT], title[DAT_NAME_TEXT];
	char account_guid[DAT_GUID_TEXT];
};
/* Ends the way by the provider: who it is. `browser`: the cookie of a console's login, NULL = none.
 * On failure the flow has failed with the words in `err`. The caller wipes `ret`. */
int adi_flow_arrive(struct adi_app *a, const struct adi_came_back *back, const char *browser,
		struct adi_arrival *ret, struct hws_error *err) HWS_MUST_CHECK;
