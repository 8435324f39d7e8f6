/* admin/data/accounts: people. The slow hash of a password is made and compared by the caller
 * (shared/crypto/slow_hash.h), without a connection in its hands. */
#pragma once
#include "admin/data/dat.h"

/* Letters. */
#define DAT_PASSWORD_MIN 8u
#define DAT_PASSWORD_MAX 1024u
#define DAT_PASSWORD_BYTES (4u * DAT_PASSWORD_MAX)
#define DAT_PW_HASH_TEXT 128

enum dat_role {
	DAT_ROLE_READONLY, /* sees the console, changes nothing */
	DAT_ROLE_USER,
	DAT_ROLE_AUDITOR,
	DAT_ROLE_OPERATOR,
	DAT_ROLE_ADMIN,
	DAT_ROLE_OWNER, /* at least one that can log in stays */
	DAT_ROLES
};
/* "readonly" ... "owner". */
const char *dat_role_name(enum dat_role role);
int dat_role_parse(const char *name, enum dat_role *ret) HWS_MUST_CHECK;

/* As deployed clients read it. */
enum dat_status { DAT_UNVERIFIED = -1, DAT_DISABLED = 0, DAT_ENABLED = 1 };

struct dat_account {
	char guid[DAT_GUID_TEXT];
	char name[DAT_NAME_TEXT];
	char display_name[DAT_NAME_TEXT];
	char email[DAT_EMAIL_TEXT];
	char note[DAT_NOTE_TEXT];
	enum dat_status status;
	enum dat_role role;
	char source[8]; /* "local", "ldap", "oidc" */
	bool has_password, must_change_pw;
	char group_guid[DAT_GUID_TEXT], group_name[DAT_NAME_TEXT];
	char control_role_guid[DAT_GUID_TEXT], control_role_name[DAT_NAME_TEXT]; /* "" = default */
	bool email_verification, email_alarm;
	bool tfa_enforced, tfa_on;
	int64_t session_epoch, max_sessions, devices;
	int64_t created_at, updated_at, last_login_at;
};

struct dat_account_new {
	const char *name;
	const char *pw_hash;                     /* NULL = none */
	const char *email, *display_name, *note; /* NULL = "" */
	const char *source;                      /* NULL = "local" */
	const char *group_guid;                  /* NULL = the default group */
	enum dat_role role;
	enum dat_status status;
	bool must_change_pw;
};

/* HWS_ERR_EXISTS: the name or the address is taken. */
int dat_account_add(struct sql_conn *c, const struct dat_account_new *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_account_get(struct sql_conn *c, const char *guid, struct dat_account *ret) HWS_MUST_CHECK;
int dat_account_find(struct sql_conn *c, const char *name, struct dat_account *ret) HWS_MUST_CHECK;
int dat_account_find_email(
		struct sql_conn *c, const char *email, struct dat_account *ret) HWS_MUST_CHECK;
/* Until the end of the transaction nobody else has it locked. */
int dat_account_lock(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
/* "" when the account has none. The caller wipes it. */
int dat_account_pw_hash(
		struct sql_conn *c, const char *guid, char buf[DAT_PW_HASH_TEXT]) HWS_MUST_CHECK;
/* HWS_ERR_RANGE: too short or too long; HWS_ERR_INVAL: no UTF-8. */
int dat_password_check(const char *password) HWS_MUST_CHECK;

/* NULL, -1: stays as it is. */
struct dat_account_change {
	const char *name, *display_name, *email, *note;
	const char *group_guid;
	const char *control_role_guid; /* "" = the default one */
	int email_verification, email_alarm, tfa_enforced;
	int64_t max_sessions;
};
#define DAT_ACCOUNT_CHANGE                                                                         \
	.email_verification = -1, .email_alarm = -1, .tfa_enforced = -1, .max_sessions = -1

int dat_account_change(struct sql_conn *c, const char *guid, const struct dat_account_change *ch,
		int64_t now) HWS_MUST_CHECK;
/* Ends all sessions of the account. NULL takes the password away. */
int dat_account_set_password(struct sql_conn *c, const char *guid, const char *pw_hash,
		bool must_change, int64_t now) HWS_MUST_CHECK;
/* The same password under a new cost: sessions stay. HWS_ERR_NOTFOUND: it has another password by
 * now. */
int dat_account_rehash(struct sql_conn *c, const char *guid, const char *old_hash,
		const char *pw_hash) HWS_MUST_CHECK;
/* Each ends the sessions of the account; HWS_ERR_DENIED: no owner that can log in would be left. */
int dat_account_set_status(struct sql_conn *c, const char *guid, enum dat_status status,
		int64_t now) HWS_MUST_CHECK;
int dat_account_set_role(struct sql_conn *c, const char *guid, enum dat_role role,
		int64_t now) HWS_MUST_CHECK;
/* With all that is the account's: sessions, tokens, address books, rules. Its devices have no owner
 * then. HWS_ERR_DENIED: the last owner. */
int dat_account_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
/* Ends all sessions, without touching them. */
int dat_account_log_out(struct sql_conn *c, const char *guid, int64_t now) HWS_MUST_CHECK;
int dat_account_logged_in(struct sql_conn *c, const char *guid, int64_t now) HWS_MUST_CHECK;
/* 0: nobody can log in yet, so that the set-up link is shown. */
int dat_account_owners(struct sql_conn *c, int64_t *ret) HWS_MUST_CHECK;

enum dat_account_order {
	DAT_BY_NAME,
	DAT_BY_ROLE,
	DAT_BY_STATUS,
	DAT_BY_LOGIN,
	DAT_ACCOUNT_ORDERS
};
struct dat_account_filter {
	const char *search;     /* in name and address, "" = all */
	const char *group_guid; /* "" = all */
	/* NULL = all. */
	const enum dat_role *role;
	const enum dat_status *status;
	enum dat_account_order order;
};
typedef int (*dat_account_fn)(const struct dat_account *a, void *arg);
/* ret_total may be NULL. */
int dat_account_list(struct sql_conn *c, struct dat_account_filter f, struct dat_page page,
		dat_account_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* How one is read, into a struct dat_account: for the files of this subject. */
#define DAT_ACCOUNT_COLUMNS                                                                        \
	"SELECT a.guid, a.name, a.display_name, a.email, a.note, a.status, a.role, a.source, "     \
	"CASE WHEN a.pw_hash IS NULL THEN 0 ELSE 1 END, a.must_change_pw, a.user_group_guid, "     \
	"g.name, a.control_role_guid, r.name, a.email_verification, a.email_alarm, "               \
	"a.tfa_enforced, CASE WHEN t.enabled_at > 0 THEN 1 ELSE 0 END, a.session_epoch, "          \
	"a.max_sessions, a.created_at, a.updated_at, a.last_login_at, "                            \
	"(SELECT count(*) FROM device d WHERE d.owner_guid = a.guid) "                             \
	"FROM account a JOIN user_group g ON g.guid = a.user_group_guid "                          \
	"LEFT JOIN account_totp t ON t.account_guid = a.guid "                                     \
	"LEFT JOIN control_role r ON r.guid = a.control_role_guid "

int dat_account_row(const struct sql_row *row, void *arg) HWS_MUST_CHECK;

/* An account of an identity provider, by its stable subject. */
int dat_identity_find(struct sql_conn *c, const char *provider, const char *subject,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_identity_link(struct sql_conn *c, const char *provider, const char *subject,
		const char *account_guid, const char *claims, int64_t now) HWS_MUST_CHECK;
/* Whether an account belongs to anybody elsewhere yet. */
int dat_identity_any(struct sql_conn *c, const char *account_guid, bool *ret) HWS_MUST_CHECK;
/* An account that nobody could log in to becomes one of this source, enabled. HWS_ERR_NOTFOUND: it
 * has a password. */
int dat_account_hand_over(struct sql_conn *c, const char *guid, const char *source,
		int64_t now) HWS_MUST_CHECK;
