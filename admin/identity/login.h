/* identity/login: logging in with the password of a directory: the one call that the login of
 * clients and of the console makes. */
#pragma once
#include "admin/data/keys.h"

/* Blocks for the directory's time (some seconds when it is away): call it on a pool of passwords,
 * without a connection of the database in hand. `ca_file` as in ldap.h.
 * HWS_OK: the account, enabled, made or brought up to date; its second factor is still to be asked
 * for. HWS_ERR_NOTFOUND: no directory is in use, or nobody of that name is in it; HWS_ERR_PASSWORD;
 * HWS_ERR_DENIED: not let in, `err` has words for the person; other codes: the directory or the
 * database is away, `err` has words for the log. */
int idn_login_ldap(struct sql_db *db, const struct dat_keys *keys, const char *ca_file,
		const char *name, const char *password, int64_t now, char ret_guid[DAT_GUID_TEXT],
		struct hws_error *err) HWS_MUST_CHECK;
