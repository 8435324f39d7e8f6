/* api/login_parts: what the files of api/login share. */
#pragma once
#include "admin/api/login.h"
#include "admin/data/login_log.h"

#define ADI_TRUST_CLIENT_DAYS 90

/* "client", "browser", "console". */
const char *adi_login_via(enum dat_session_kind kind);
/* Attempt of `name` from there, which is that of `a`, NULL = nobody's. */
struct dat_login_try adi_login_try(const struct adi_login_from *from, const char *name,
		const struct dat_account *a, const char *ip);
/* An event about a login; `a` may be NULL, then `name` is what was tried. */
int adi_login_audit(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const char *kind, const struct dat_account *a, const char *name,
		const char *reason) HWS_MUST_CHECK;
/* Ends an attempt that did not succeed: row, event, and the alarm when it was the last one before
 * the brake. */
int adi_login_failed(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_login_turn *turn, const struct dat_account *a, const char *name,
		enum dat_login_end end, const char *reason) HWS_MUST_CHECK;
/* State FAILED with r. */
void adi_login_broken(struct adi_login *ret, int r);
/* State REFUSED with a sentence. */
void adi_login_refuse(struct adi_login *ret, const char *text);
/* What a browser shows is kept hashed; "" stays "". Stands where a client's uuid would. */
void adi_login_trust_mark(const char *token, char buf[DAT_UUID_TEXT]);
/* What a browser's mark begins with; no uuid of a client may. */
#define ADI_TRUST_MARK "browser:"
/* Mails the code of a challenge; HWS_ERR_UNSUPPORTED: no mail can be sent, or there is no
 * address. */
int adi_login_mail(struct adi_app *app, struct sql_conn *c, const struct dat_account *a,
		const char *code) HWS_MUST_CHECK;
