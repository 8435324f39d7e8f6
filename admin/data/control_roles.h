/* admin/data/control_roles: what may be done while connected. Two are built in and stay: "default"
 * for accounts that have none, "not_logged" for who has no account. */
#pragma once
#include "admin/data/access.h"
#include "admin/data/dat.h"

struct dat_control_role {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], builtin[16], note[DAT_NOTE_TEXT];
	bool enabled; /* else it says nothing: the host decides */
	uint64_t perms;
	int64_t used_by; /* accounts and rules */
	int64_t created_at, updated_at;
};

int dat_control_role_add(struct sql_conn *c, const char *name, const char *note, bool enabled,
		uint64_t perms, int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* NULL, -1: stays as it is. */
int dat_control_role_change(struct sql_conn *c, const char *guid, const char *name,
		const char *note, int enabled, const uint64_t *perms, int64_t now) HWS_MUST_CHECK;
/* HWS_ERR_BUSY: accounts or rules have it, which would allow more without it. HWS_ERR_DENIED: it is
 * built in. */
int dat_control_role_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
int dat_control_role_get(
		struct sql_conn *c, const char *guid, struct dat_control_role *ret) HWS_MUST_CHECK;
int dat_control_role_builtin(struct sql_conn *c, const char *builtin,
		struct dat_control_role *ret) HWS_MUST_CHECK;
typedef int (*dat_control_role_fn)(const struct dat_control_role *role, void *arg);
/* By name; `search` "" = all. */
int dat_control_role_list(struct sql_conn *c, const char *search, struct dat_page page,
		dat_control_role_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
