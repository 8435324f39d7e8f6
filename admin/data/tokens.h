/* admin/data/tokens: what scripts log in with: areas, each to read or to change, until a day. */
#pragma once
#include "admin/data/accounts.h"

enum dat_area {
	DAT_AREA_DEVICE,
	DAT_AREA_AUDIT,
	DAT_AREA_USER,
	DAT_AREA_GROUP,
	DAT_AREA_STRATEGY,
	DAT_AREA_BOOK,
	DAT_AREA_RULE,
	DAT_AREA_RELAY,
	DAT_AREA_RECORDING,
	DAT_AREA_SETTING,
	DAT_AREAS
};
enum dat_scope { DAT_SCOPE_NONE, DAT_SCOPE_READ, DAT_SCOPE_WRITE };

/* "device" ... "setting". */
const char *dat_area_name(enum dat_area area);
int dat_area_parse(const char *name, enum dat_area *ret) HWS_MUST_CHECK;

struct dat_token {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT];
	char prefix[9]; /* the first signs, so that a person knows it again */
	char account_guid[DAT_GUID_TEXT], account_name[DAT_NAME_TEXT];
	enum dat_role account_role;
	bool enabled;
	enum dat_scope scope[DAT_AREAS];
	int64_t expires_at; /* 0 = never */
	int64_t last_used_at, created_at, updated_at;
	char last_ip[DAT_IP_TEXT];
};

struct dat_token_new_row {
	const char *name, *account_guid;
	enum dat_scope scope[DAT_AREAS];
	int64_t expires_at;
};

/* The token is shown this once. */
int dat_token_add(struct sql_conn *c, const struct dat_token_new_row *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT], char ret_token[DAT_TOKEN_TEXT]) HWS_MUST_CHECK;
/* HWS_ERR_DENIED: nobody's, off, expired, or its account cannot log in. What it may do is bounded
 * by its account's role as well: that is the caller's to look at. */
int dat_token_check(struct sql_conn *c, const char *token, const char *ip, int64_t now,
		struct dat_token *ret, struct dat_account *ret_account) HWS_MUST_CHECK;
int dat_token_get(struct sql_conn *c, const char *guid, struct dat_token *ret) HWS_MUST_CHECK;
struct dat_token_change {
	const char *name;            /* NULL: stays */
	const enum dat_scope *scope; /* DAT_AREAS of them; NULL: stay */
	int64_t expires_at;          /* -1: stays */
	int enabled;                 /* -1: stays */
};
int dat_token_change(struct sql_conn *c, const char *guid, const struct dat_token_change *ch,
		int64_t now) HWS_MUST_CHECK;
int dat_token_enable(struct sql_conn *c, const char *guid, bool on) HWS_MUST_CHECK;
int dat_token_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_token_fn)(const struct dat_token *t, void *arg);
/* Of an account, or all (""). */
int dat_token_list(struct sql_conn *c, const char *account_guid, dat_token_fn fn,
		void *arg) HWS_MUST_CHECK;
