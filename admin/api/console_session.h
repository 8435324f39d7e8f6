/* api/console_session: sessions of the console: how one begins, and what its page is told. */
#pragma once
#include "admin/api/v1.h"
#include "admin/data/sessions.h"

/* Begins one for an account whose every factor was proved; in the caller's transaction. `in` may say
 * more of the device; account, kind, life and address are filled in here. The secret goes into the
 * cookie (adi_set_cookie) once all is committed; the caller wipes it. */
int adi_console_open(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_account *account, struct dat_session_new in,
		char ret_secret[DAT_TOKEN_TEXT], int64_t *ret_expires_at) HWS_MUST_CHECK;
/* Session of the description; only for handlers of /api/v1. NULL: the database is away, or no
 * memory. */
json_t *adi_out_console(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_account *account, const char *secret, int64_t expires_at);
/* Account of the description, as its owner sees it. NULL as above. */
json_t *adi_out_account(struct adi_app *app, struct sql_conn *c, const struct dat_account *account);
