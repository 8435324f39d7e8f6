/* admin/data/factors: the second factor of a login: a telephone's digits, recovery codes, a code by
 * mail; and the challenge between the password and it. */
#pragma once
#include "admin/data/keys.h"

#define DAT_TOTP_SECRET_TEXT 33
#define DAT_RECOVERY_CODES 10u
#define DAT_RECOVERY_TEXT 13 /* "abcde-fghijk" */
#define DAT_MAIL_CODE_TEXT 7

/* A new secret, not in force before a code of it was given. Replaces one that is in force only when
 * that has been taken away (HWS_ERR_EXISTS). */
int dat_totp_begin(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		char ret_secret[DAT_TOTP_SECRET_TEXT]) HWS_MUST_CHECK;
/* Puts it in force; recovery codes, shown this once. HWS_ERR_PASSWORD: the code is wrong. */
int dat_totp_enable(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		const char *code, int64_t now,
		char ret_codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT]) HWS_MUST_CHECK;
/* A code, or a recovery code; each serves once. HWS_ERR_PASSWORD: wrong, or used. */
int dat_totp_check(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		const char *code, int64_t now) HWS_MUST_CHECK;
int dat_totp_disable(struct sql_conn *c, const char *account_guid) HWS_MUST_CHECK;
/* New ones for old, when the digits are in force (else HWS_ERR_NOTFOUND). */
int dat_recovery_renew(struct sql_conn *c, const char *account_guid,
		char ret_codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT]) HWS_MUST_CHECK;
int dat_recovery_left(struct sql_conn *c, const char *account_guid, int64_t *ret) HWS_MUST_CHECK;

enum dat_challenge_kind { DAT_CHALLENGE_MAIL, DAT_CHALLENGE_TOTP };

/* Lives 5 minutes and 5 tries; an older one of the account and client ends. `via`: how the first
 * factor was proved. */
int dat_challenge_begin(struct sql_conn *c, const char *account_guid, enum dat_challenge_kind kind,
		const char *device_id, const char *device_uuid, const char *via, int64_t now,
		char ret_secret[DAT_TOKEN_TEXT],
		char ret_mail_code[DAT_MAIL_CODE_TEXT]) HWS_MUST_CHECK;
/* Whose it is, while it lives, without a try. HWS_ERR_DENIED as below. */
int dat_challenge_of(struct sql_conn *c, const char *secret, const char *device_id,
		const char *device_uuid, int64_t now, char ret_account_guid[DAT_GUID_TEXT],
		enum dat_challenge_kind *ret_kind) HWS_MUST_CHECK;
/* Ends it when the code is right. HWS_ERR_DENIED: there is none for this client, or no longer;
 * HWS_ERR_PASSWORD: wrong. */
int dat_challenge_answer(struct sql_conn *c, const struct dat_keys *keys, const char *secret,
		const char *device_id, const char *device_uuid, const char *code, int64_t now,
		char ret_account_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;

/* Where no second factor is asked for: a machine, until a day. */
int dat_trust_add(struct sql_conn *c, const char *account_guid, const char *device_uuid,
		int64_t until) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: not trusted. */
int dat_trust_check(struct sql_conn *c, const char *account_guid, const char *device_uuid,
		int64_t now) HWS_MUST_CHECK;
typedef int (*dat_trust_fn)(const char *device_uuid, int64_t until, void *arg);
/* Those that hold; at most 1000. */
int dat_trust_list(struct sql_conn *c, const char *account_guid, int64_t now, dat_trust_fn fn,
		void *arg) HWS_MUST_CHECK;
int dat_factors_sweep(struct sql_conn *c, int64_t now) HWS_MUST_CHECK;
