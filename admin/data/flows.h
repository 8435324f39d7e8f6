/* admin/data/flows: logins that are under way at a provider of identity, from the client's or the
 * console's first question until the token is taken.
 *
 *   begin -> (browser at the provider) -> return -> ask -> answer -> take
 *
 * A console's login has no question: it is taken by the browser that began it. Every step happens
 * once, in the order above, before the flow's end. */
#pragma once
#include "admin/data/keys.h"

#define DAT_FLOW_CLIENT_MS (180ll * 1000) /* clients ask no longer */
#define DAT_FLOW_CONSOLE_MS (600ll * 1000)
#define DAT_FLOW_URI_TEXT 513
#define DAT_FLOW_ERROR_TEXT 257
#define DAT_FLOWS_MAX 20000 /* at a time */

enum dat_flow_kind {
	DAT_FLOW_CLIENT,
	DAT_FLOW_BROWSER, /* a client in a browser */
	DAT_FLOW_CONSOLE,
	DAT_FLOW_KINDS
};

struct dat_flow_new {
	enum dat_flow_kind kind;
	const char *provider_guid, *redirect_uri;
	/* Of the client; NULL = "". */
	const char *device_id, *device_uuid, *device_os, *device_name, *ip;
};

struct dat_flow_keys {
	char code[DAT_TOKEN_TEXT];     /* the client asks with it */
	char state[DAT_TOKEN_TEXT];    /* comes back from the provider */
	char nonce[DAT_TOKEN_TEXT];    /* in the provider's word */
	char verifier[DAT_TOKEN_TEXT]; /* PKCE */
	char browser[DAT_TOKEN_TEXT];  /* of a console: for its cookie */
};

struct dat_flow {
	char key[DAT_HASH_TEXT]; /* of the row; no secret */
	enum dat_flow_kind kind;
	char provider_guid[DAT_GUID_TEXT];
	char redirect_uri[DAT_FLOW_URI_TEXT];
	char nonce[DAT_TOKEN_TEXT];
	char verifier[DAT_TOKEN_TEXT]; /* of dat_flow_return alone */
	char browser_hash[DAT_HASH_TEXT];
	char device_id[DAT_ID_TEXT], device_uuid[DAT_UUID_TEXT];
	char device_os[DAT_SHORT_TEXT], device_name[DAT_NAME_TEXT], ip[DAT_IP_TEXT];
	char account_guid[DAT_GUID_TEXT];
	char error[DAT_FLOW_ERROR_TEXT];
	int64_t expires_at;
};

/* An older one of the same client ends. HWS_ERR_FULL: too many are under way. The caller wipes
 * `ret`. */
int dat_flow_begin(struct sql_conn *c, const struct dat_keys *keys, const struct dat_flow_new *in,
		int64_t now, struct dat_flow_keys *ret) HWS_MUST_CHECK;
/* The browser is back with its state. HWS_ERR_DENIED: no such, too late, or not for the first
 * time. The caller wipes `ret`. */
int dat_flow_return(struct sql_conn *c, const struct dat_keys *keys, const char *state, int64_t now,
		struct dat_flow *ret) HWS_MUST_CHECK;
/* The person is known. What the answer must bring goes to `ret_consent`. */
int dat_flow_ask(struct sql_conn *c, const char *key, const char *account_guid,
		char ret_consent[DAT_TOKEN_TEXT]) HWS_MUST_CHECK;
/* Ends it with words for who waits. */
int dat_flow_fail(struct sql_conn *c, const char *key, const char *error) HWS_MUST_CHECK;
/* What the person says. HWS_ERR_DENIED as above. */
int dat_flow_answer(struct sql_conn *c, const char *consent, bool agreed, int64_t now,
		struct dat_flow *ret) HWS_MUST_CHECK;
/* For the client: HWS_OK: agreed, or failed with ret->error; it is gone then. HWS_ERR_AGAIN: not
 * yet. HWS_ERR_DENIED: no such for this client, or too late. */
int dat_flow_take(struct sql_conn *c, const char *code, const char *device_id,
		const char *device_uuid, int64_t now, struct dat_flow *ret) HWS_MUST_CHECK;
/* Removes one that has done its work (a console's). */
int dat_flow_end(struct sql_conn *c, const char *key) HWS_MUST_CHECK;
int dat_flow_sweep(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;
