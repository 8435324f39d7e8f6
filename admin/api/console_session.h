/* api/console_session: what the page of a session of the console is told. */
#pragma once
#include "admin/api/v1.h"
#include "admin/data/sessions.h"

/* Session of the description; only for handlers of /api/v1. NULL: the database is away, or no
 * memory. */
json_t *adi_out_console(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_account *account, const char *secret, int64_t expires_at);
/* Account of the description, as its owner sees it. NULL as above. */
json_t *adi_out_account(struct adi_app *app, struct sql_conn *c, const struct dat_account *account);
