/* api/identity: what all handlers share that let people in by others' word: providers and their
 * keys as they are remembered, the list of ways to log in, addresses that browsers come back to,
 * and the one-time link of the first start. */
#pragma once
#include "admin/api/app.h"
#include "admin/identity/oidc.h"

struct adi_identity;

int adi_identity_new(const struct adi_config *c, struct adi_identity **ret) HWS_MUST_CHECK;
void adi_identity_free(struct adi_identity *i); /* takes NULL */
struct idn_oidc *adi_identity_oidc(struct adi_identity *i);
/* Authorities that vouch for the directory; NULL = the system's. */
const char *adi_ldap_ca(const struct adi_app *a);
/* As idn_directory_login (identity/login.h). */
int adi_directory_login(struct adi_app *a, const char *name, const char *password,
		char ret_guid[DAT_GUID_TEXT], struct hws_error *err) HWS_MUST_CHECK;

/* Providers and directories that are away keep a thread busy for some seconds: so many at a time,
 * and no more. False: come again later. */
bool adi_identity_enter(struct adi_app *a) HWS_MUST_CHECK;
void adi_identity_leave(struct adi_app *a);

/* The answer to GET /api/login-options: a second old at most, and the last one known while the
 * database is away. New. */
json_t *adi_login_options(struct adi_app *a);
/* After a change on this server, so that it is seen at once. */
void adi_login_options_changed(struct adi_app *a);

/* Where a provider sends the browser back to: below `base` if that is one of the operator's list
 * (NULL or "": not said), else below public-url. HWS_ERR_NOTFOUND: neither is set. */
int adi_redirect_uri(
		const struct adi_app *a, const char *base, char *buf, size_t size) HWS_MUST_CHECK;
/* What is wrong with the settings of this part. */
int adi_identity_check(const struct adi_config *c, struct hws_error *err) HWS_MUST_CHECK;

#define ADI_SETUP_URL_TEXT 700
/* The address of a view of the console for who has a one-time link. */
int adi_console_link(const struct adi_app *a, const char *view, const char *token,
		char buf[ADI_SETUP_URL_TEXT]) HWS_MUST_CHECK;
/* A new link by which the first owner is made; older ones end. HWS_ERR_EXISTS: there is an owner
 * already. */
int adi_setup_link(struct adi_app *a, struct sql_conn *c, const char *by,
		char buf[ADI_SETUP_URL_TEXT]) HWS_MUST_CHECK;
/* At the start: writes such a link into the log while there is no owner. */
void adi_setup_announce(struct adi_app *a);
