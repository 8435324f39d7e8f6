/* api/account: what sessions take from the logins of the user. */
#pragma once
#include "client/core/accounts.h"
#include "client/reach/server_list.h"
#include <hawser/hawser.h>

/* Gives each server its login's token, borrowed of *ret, which is to be freed wiped once nobody
 * looks for a way by them any more; NULL: nobody is logged in at any of them. Reads a short file.
 * Any thread. */
void api_account_tokens(
		hawser_context *ctx, struct hws_server_list *servers, struct hws_accounts **ret);
void api_account_tokens_free(struct hws_accounts *a); /* takes NULL */
/* Makes of a server's refusal one that says what to do, where a login is what it wants. */
void api_account_explain(const struct hws_server_entry *server, struct hws_error *err);
