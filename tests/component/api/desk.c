/* tests/component/api/desk: by the API's own data layer, so that what a test makes is as the server
 * would have made it. */
#include "tests/component/api/desk.h"
#include "admin/data/devices.h"
#include "admin/data/sessions.h"
#include "admin/data/tokens.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t desk_now(void)
{
	return (int64_t)(hws_wall_us() / 1000);
}

void desk_open(struct desk *d, const struct api *a)
{
	struct hws_error err = { 0 };
	char path[400];

	desk_ok(hws_crypto_init());
	(void)snprintf(path, sizeof(path), "%s/state/hawser-api.sqlite3", a->dir);
	ck_assert_msg(sql_open(&(struct sql_place){ .path = path, .connections = 2 }, &d->db,
				      &err) == HWS_OK,
			"%s", err.text);
	desk_ok(sql_take(d->db, &d->c));
}

void desk_close(struct desk *d)
{
	sql_give(d->c);
	sql_close(d->db);
}

void desk_account(struct desk *d, const char *name, enum dat_role role, const char *group_guid,
		char *ret_guid)
{
	desk_ok(dat_account_add(d->c,
			&(struct dat_account_new){ .name = name,
					.role = role,
					.status = DAT_ENABLED,
					.group_guid = *group_guid ? group_guid : NULL },
			desk_now(), ret_guid));
}

struct api_as desk_client(struct desk *d, const char *account_guid)
{
	static unsigned next;
	struct api_as as = { .local = false };
	char id[32];

	(void)snprintf(id, sizeof(id), "viewer-%u", ++next);
	desk_ok(dat_session_add(d->c,
			&(struct dat_session_new){ .account_guid = account_guid,
					.kind = DAT_SESSION_CLIENT,
					.device_id = id,
					.device_uuid = id },
			desk_now(), as.bearer));
	return as;
}

struct api_as desk_token(struct desk *d, const char *account_guid, const char *scopes)
{
	struct dat_token_new_row in = { .name = "script", .account_guid = account_guid };
	struct api_as as = { .local = false };
	char guid[DAT_GUID_TEXT], *copy = strdup(scopes), *rest = copy, *word;

	while ((word = strtok_r(rest, " ", &rest))) {
		char *access = strchr(word, ':');
		enum dat_area which;

		ck_assert_ptr_nonnull(access);
		*access++ = '\0';
		desk_ok(dat_area_parse(word, &which));
		in.scope[which] = strcmp(access, "rw") == 0 ? DAT_SCOPE_WRITE : DAT_SCOPE_READ;
	}
	free(copy);
	desk_ok(dat_token_add(d->c, &in, desk_now(), guid, as.bearer));
	return as;
}

void desk_device(struct desk *d, const char *id, const char *owner_guid, char *ret_guid)
{
	desk_ok(dat_device_register(d->c, id, "u", false, desk_now(), ret_guid));
	if (*owner_guid)
		desk_ok(dat_device_change(d->c, ret_guid,
				&(struct dat_device_change){ .owner_guid = owner_guid },
				desk_now()));
}
