/* What a test puts straight into the database of a running hawser-api: accounts, their sessions and
 * tokens, devices. So that a test of one subject does not go through all the others. */
#pragma once
#include "admin/data/accounts.h"
#include "tests/component/api/client.h"

struct desk {
	struct sql_db *db;
	struct sql_conn *c;
};
/* On SQLite; after api_start. */
void desk_open(struct desk *d, const struct api *a);
void desk_close(struct desk *d);
#define desk_ok(r) ck_assert_int_eq((r), HWS_OK)

int64_t desk_now(void);
/* guid of 37 bytes; without a password, in the group "" = the default one. */
void desk_account(struct desk *d, const char *name, enum dat_role role, const char *group_guid,
		char *ret_guid);
/* A session as a deployed client has it. */
struct api_as desk_client(struct desk *d, const char *account_guid);
/* "book:rw user:r". */
struct api_as desk_token(struct desk *d, const char *account_guid, const char *scopes);
/* Its uuid is "u"; owner "" = none. */
void desk_device(struct desk *d, const char *id, const char *owner_guid, char *ret_guid);
