/* admin/data/sessions: who is logged in. A token is 256 random bits that only its owner has; here
 * is its hash. */
#pragma once
#include "admin/data/accounts.h"

enum dat_session_kind {
	DAT_SESSION_CLIENT,  /* a deployed client: 90 days since it was last used */
	DAT_SESSION_BROWSER, /* a client in a browser: 12 hours */
	DAT_SESSION_CONSOLE, /* the console: 12 hours, or what an operator has set */
	DAT_SESSION_KINDS
};

struct dat_session_new {
	const char *account_guid;
	enum dat_session_kind kind;
	/* NULL = "". */
	const char *device_id, *device_uuid, *os, *device_name, *ip;
	int64_t life_ms; /* since it was last used; 0 = what its kind has */
	/* The account as it was when the first factor was proved: HWS_ERR_DENIED if its sessions
	 * were ended since. NULL: as it is. */
	const struct dat_account *proved;
};

struct dat_session {
	char guid[DAT_GUID_TEXT]; /* for lists and the audit */
	enum dat_session_kind kind;
	char device_id[DAT_ID_TEXT], device_uuid[DAT_UUID_TEXT];
	char os[DAT_SHORT_TEXT], device_name[DAT_NAME_TEXT], ip[DAT_IP_TEXT];
	int64_t created_at, last_used_at, expires_at;
};

/* One session for each (account, kind, client): what that client had before ends. Only an account
 * that is enabled gets one, else HWS_ERR_DENIED. */
int dat_session_add(struct sql_conn *c, const struct dat_session_new *in, int64_t now,
		char ret_token[DAT_TOKEN_TEXT]) HWS_MUST_CHECK;
/* Whose token it is. HWS_ERR_DENIED: nobody's, expired, or ended (log-out, another password, a
 * disabled account). Its time is extended, but written only now and then. */
int dat_session_check(struct sql_conn *c, const char *token, int64_t now, struct dat_session *ret,
		struct dat_account *ret_account) HWS_MUST_CHECK;
/* This one outlives what ended all sessions of its account. */
int dat_session_keep(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
int dat_session_end(struct sql_conn *c, const char *token) HWS_MUST_CHECK;
/* One of an account, by its guid. */
int dat_session_end_guid(
		struct sql_conn *c, const char *account_guid, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_session_fn)(const struct dat_session *s, void *arg);
/* Those of an account that live. */
int dat_session_list(struct sql_conn *c, const char *account_guid, int64_t now, dat_session_fn fn,
		void *arg) HWS_MUST_CHECK;
/* Removes what has ended; some at a time. *ret: how many. */
int dat_session_sweep(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;
