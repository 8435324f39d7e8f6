/* admin/data/providers: whom people may log in with besides us (OpenID Connect). */
#pragma once
#include "admin/data/keys.h"

#define DAT_PROVIDER_NAME_TEXT 65
#define DAT_ISSUER_TEXT 513
#define DAT_CLIENT_ID_TEXT DAT_LETTERS(256)
#define DAT_CLIENT_SECRET_TEXT DAT_LETTERS(512)
#define DAT_SCOPES_TEXT 257
#define DAT_ICON_TEXT DAT_LETTERS(8192)
#define DAT_DOMAINS_TEXT 16385
#define DAT_MAP_TEXT 65537

/* More than fits on a stack comfortably: of the heap. */
struct dat_provider {
	char guid[DAT_GUID_TEXT];
	char name[DAT_PROVIDER_NAME_TEXT]; /* a-z, 0-9, -: part of what clients send */
	char title[DAT_NAME_TEXT];
	char issuer[DAT_ISSUER_TEXT]; /* https://... */
	char client_id[DAT_CLIENT_ID_TEXT];
	char scopes[DAT_SCOPES_TEXT];
	char icon[DAT_ICON_TEXT];       /* SVG; "" = the client's own picture, if any */
	char domains[DAT_DOMAINS_TEXT]; /* comma separated; "" = all */
	char group_map[DAT_MAP_TEXT];   /* a JSON object of the caller's */
	bool auto_create, enabled, has_secret;
	int64_t created_at, updated_at;
};

/* Takes everything of `in` but guid, has_secret and times. `secret` "" = none. HWS_ERR_EXISTS: the
 * name is taken. */
int dat_provider_add(struct sql_conn *c, const struct dat_keys *keys, const struct dat_provider *in,
		const char *secret, int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_provider_get(struct sql_conn *c, const char *guid, struct dat_provider *ret) HWS_MUST_CHECK;
int dat_provider_find(
		struct sql_conn *c, const char *name, struct dat_provider *ret) HWS_MUST_CHECK;
/* "" when there is none. The caller wipes it. */
int dat_provider_secret(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char buf[DAT_CLIENT_SECRET_TEXT]) HWS_MUST_CHECK;
/* Puts the whole of `p`; secret NULL = stays. With another issuer the secret is emptied unless one
 * is given, and the ties of accounts to the former one end. HWS_ERR_BUSY: it was changed since `p`
 * was read (by updated_at). */
int dat_provider_put(struct sql_conn *c, const struct dat_keys *keys, const struct dat_provider *p,
		const char *secret, int64_t now) HWS_MUST_CHECK;
/* With the logins that are under way there and the ties of accounts to it; accounts stay. */
int dat_provider_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_provider_fn)(const struct dat_provider *p, void *arg);
struct dat_provider_filter {
	bool enabled_only, down; /* by name: from the end */
	const char *search;      /* in the name, NULL = all */
};
int dat_provider_list(struct sql_conn *c, struct dat_provider_filter f, struct dat_page page,
		dat_provider_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
