/* identity/login: logging in with the password of a directory: the one call that the login of
 * clients and of the console makes. One object for all threads. */
#pragma once
#include "admin/data/keys.h"

struct idn_directory;

/* `ca_file` as in ldap.h. `at_once`: so many threads may wait for the directory, and no more. */
int idn_directory_new(
		const char *ca_file, unsigned at_once, struct idn_directory **ret) HWS_MUST_CHECK;
void idn_directory_free(struct idn_directory *d); /* takes NULL */

/* Blocks for the directory's time (some seconds when it is away, but then nobody else for the next
 * ones): call it on a pool of passwords, without a connection of the database in hand.
 * HWS_OK: the account, enabled, made or brought up to date; its second factor is still to be asked
 * for. HWS_ERR_NOTFOUND: no directory is in use, or nobody of that name is in it; HWS_ERR_PASSWORD;
 * HWS_ERR_DENIED: not let in, `err` has words for the person; HWS_ERR_BUSY: enough others wait for
 * it; other codes: the directory or the database is away, `err` has words for the log. */
int idn_directory_login(struct idn_directory *d, struct sql_db *db, const struct dat_keys *keys,
		const char *name, const char *password, int64_t now, char ret_guid[DAT_GUID_TEXT],
		struct hws_error *err) HWS_MUST_CHECK;
