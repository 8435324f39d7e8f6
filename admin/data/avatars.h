/* admin/data/avatars: pictures of accounts. Clients fetch them without logging in, so each has an
 * address that nobody guesses, and a new one whenever it changes. */
#pragma once
#include "admin/data/dat.h"
#include "shared/base/buf.h"

#define DAT_AVATAR_MAX 32768u
#define DAT_AVATAR_NAME_TEXT 33 /* 128 random bits in hex */

int dat_avatar_put(struct sql_conn *c, const char *account_guid, struct hws_bytes picture,
		char ret_name[DAT_AVATAR_NAME_TEXT]) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: there is none. */
int dat_avatar_remove(struct sql_conn *c, const char *account_guid) HWS_MUST_CHECK;
/* "" of none. */
int dat_avatar_name(struct sql_conn *c, const char *account_guid,
		char buf[DAT_AVATAR_NAME_TEXT]) HWS_MUST_CHECK;
/* The picture of that name, appended; HWS_ERR_NOTFOUND. */
int dat_avatar_get(struct sql_conn *c, const char *name, struct hws_buf *out) HWS_MUST_CHECK;
