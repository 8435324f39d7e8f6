/* admin/data/groups: groups of accounts and groups of devices, which are kept alike. */
#pragma once
#include "admin/data/dat.h"

enum dat_group_kind { DAT_USER_GROUP, DAT_DEVICE_GROUP };

struct dat_group {
	char guid[DAT_GUID_TEXT];
	char name[DAT_NAME_TEXT];
	char note[DAT_NOTE_TEXT];
	bool intra_access; /* of accounts: members reach each other's devices */
	int64_t members;
	int64_t created_at, updated_at;
};

/* The group that every account is in that was put in no other; made at the first start. */
#define DAT_GROUP_DEFAULT "Default"

int dat_group_add(struct sql_conn *c, enum dat_group_kind kind, const char *name, const char *note,
		int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_group_get(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		struct dat_group *ret) HWS_MUST_CHECK;
int dat_group_find(struct sql_conn *c, enum dat_group_kind kind, const char *name,
		struct dat_group *ret) HWS_MUST_CHECK;
/* NULL: stays as it is. intra_access -1: stays. */
int dat_group_change(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		const char *name, const char *note, int intra_access, int64_t now) HWS_MUST_CHECK;
/* HWS_ERR_BUSY: accounts are in it (devices just leave). Its rules and strategies go with it. */
int dat_group_remove(struct sql_conn *c, enum dat_group_kind kind, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_group_fn)(const struct dat_group *g, void *arg);
/* By name; `search` "" = all. */
int dat_group_list(struct sql_conn *c, enum dat_group_kind kind, const char *search,
		struct dat_page page, dat_group_fn fn, void *arg,
		int64_t *ret_total) HWS_MUST_CHECK;
/* Those whose folded name is like a pattern of SQL. */
int dat_groups_like(struct sql_conn *c, enum dat_group_kind kind, const char *like,
		struct dat_page page, dat_group_fn fn, void *arg,
		int64_t *ret_total) HWS_MUST_CHECK;
/* The default group, made if there is none. */
int dat_group_default(struct sql_conn *c, int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
