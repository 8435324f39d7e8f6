/* api/user_object: an account as deployed clients read it: in the answer to a login, by whatever
 * way, and to /api/currentUser. */
#pragma once
#include "admin/api/app.h"
#include "admin/data/accounts.h"
#include <jansson.h>

/* All of it; NULL: *ret_r says why (the database; memory). */
json_t *adi_user_object(struct sql_conn *c, const struct dat_account *a, int64_t now, int *ret_r);
/* What is told before the second factor: name and a masked address. */
json_t *adi_user_object_half(const struct dat_account *a);
/* "a**@example.net"; "" of none. */
void adi_mask_email(const char *email, char buf[DAT_EMAIL_TEXT]);
