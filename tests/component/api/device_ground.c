/* tests/component/api/device_ground: devices are entered as the ID server would, beside the
 * program. */
#include "tests/component/api/device_ground.h"
#include "admin/data/sessions.h"
#include "admin/data/tokens.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ground_start(struct ground *g, const char *const *more)
{
	struct hws_error err = { 0 };
	char path[400];

	memset(g, 0, sizeof(*g));
	ck_ok(hws_crypto_init());
	api_start(&g->api, NULL, more);
	(void)snprintf(path, sizeof(path), "%s/state/hawser-api.sqlite3", g->api.dir);
	ck_assert_msg(sql_open(&(struct sql_place){ .path = path, .connections = 2 }, &g->db,
				      &err) == HWS_OK,
			"%s", err.text);
	ck_ok(sql_take(g->db, &g->c));
}

void ground_stop(struct ground *g)
{
	sql_give(g->c);
	sql_close(g->db);
	api_stop(&g->api);
}

int64_t ground_now(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

const char *ground_device(struct ground *g, const char *id, const char *uuid)
{
	static char guid[DAT_GUID_TEXT];

	ck_ok(dat_device_register(g->c, id, uuid, false, ground_now(), guid));
	ck_ok(dat_device_sysinfo(g->c, id, uuid,
			&(struct dat_sysinfo){ .hostname = "plant7-hmi", .os = "linux" },
			ground_now()));
	return guid;
}

static void find_or_make(
		struct ground *g, const char *name, enum dat_role role, char guid[DAT_GUID_TEXT])
{
	struct dat_account a;

	if (dat_account_find(g->c, name, &a) == HWS_OK) {
		ck_ok(hws_str_copy(guid, DAT_GUID_TEXT, a.guid));
		return;
	}
	ck_ok(dat_account_add(g->c,
			&(struct dat_account_new){
					.name = name, .role = role, .status = DAT_ENABLED },
			ground_now(), guid));
}

struct api_as ground_client(struct ground *g, const char *name, const char *device_id)
{
	char guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT];
	struct api_as as = { .local = false };

	find_or_make(g, name, DAT_ROLE_USER, guid);
	ck_ok(dat_session_add(g->c,
			&(struct dat_session_new){ .account_guid = guid,
					.kind = DAT_SESSION_CLIENT,
					.device_id = device_id,
					.device_uuid = "dmlld2Vy" },
			ground_now(), token));
	ck_ok(hws_str_copy(as.bearer, sizeof(as.bearer), token));
	return as;
}

static struct api_as make_token(
		struct ground *g, const char *name, enum dat_scope device, enum dat_scope rule)
{
	char guid[DAT_GUID_TEXT], token_guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT];
	struct dat_token_new_row row = { .name = "T1", .account_guid = guid };
	struct api_as as = { .local = false };

	find_or_make(g, name, DAT_ROLE_ADMIN, guid);
	row.scope[DAT_AREA_DEVICE] = device;
	row.scope[DAT_AREA_RULE] = rule;
	ck_ok(dat_token_add(g->c, &row, ground_now(), token_guid, token));
	ck_ok(hws_str_copy(as.bearer, sizeof(as.bearer), token));
	return as;
}

struct api_as ground_token(struct ground *g, const char *name, bool write)
{
	return make_token(g, name, write ? DAT_SCOPE_WRITE : DAT_SCOPE_READ, DAT_SCOPE_NONE);
}

struct api_as ground_ruler(struct ground *g, const char *name)
{
	return make_token(g, name, DAT_SCOPE_WRITE, DAT_SCOPE_WRITE);
}

void ground_until(struct ground *g, const char *path, const char *send, const char *want)
{
	int64_t end = ground_now() + 60000;
	const struct api_reply *r;

	do {
		r = api_call(&g->api, API_NOBODY, "POST", path, "%s", send);
		if (r->status == 200 && strcmp(r->body, want) == 0)
			return;
		(void)usleep(200000);
	} while (ground_now() < end);
	ck_abort_msg("%s: %d %s", path, r->status, r->body);
}
