/* admin/data/rules: access rules, control roles, and the facts that admin/data/access.h decides
 * by. */
#pragma once
#include "admin/data/access.h"
#include "admin/data/dat.h"

enum dat_end { DAT_END_USER, DAT_END_USER_GROUP, DAT_END_DEVICE_GROUP, DAT_END_DEVICE };

struct dat_rule {
	char guid[DAT_GUID_TEXT];
	enum dat_end subj_kind; /* a user or a group of them */
	char subj_guid[DAT_GUID_TEXT];
	enum dat_end obj_kind; /* of users: their devices */
	char obj_guid[DAT_GUID_TEXT];
	bool enabled;
	uint64_t perms;
	struct dat_when when;
	char note[DAT_NOTE_TEXT];
	int64_t created_at, updated_at;
};

/* Of `r` all but guid and times counts. HWS_ERR_NOTFOUND: an end of it does not exist. */
int dat_rule_add(struct sql_conn *c, const struct dat_rule *rule, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_rule_replace(struct sql_conn *c, const char *guid, const struct dat_rule *rule,
		int64_t now) HWS_MUST_CHECK;
int dat_rule_get(struct sql_conn *c, const char *guid, struct dat_rule *ret) HWS_MUST_CHECK;
int dat_rule_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_rule_fn)(const struct dat_rule *rule, void *arg);
/* `guid` "" = all, else those that name it at either end. */
int dat_rule_list(struct sql_conn *c, const char *guid, struct dat_page page, dat_rule_fn fn,
		void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* account_guid "" = not logged in. Rules that are too many to read (1000 that name both) refuse:
 * HWS_ERR_TOOBIG. */
int dat_access_check(struct sql_conn *c, const char *account_guid, const char *device_id,
		bool strangers, bool unowned_open, int64_t now,
		struct dat_access *ret) HWS_MUST_CHECK;

/* What may be done while connected. The two that are built in have the names "default" and
 * "not_logged" here and are made when they are set. */
struct dat_control_role {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], builtin[16], note[DAT_NOTE_TEXT];
	bool enabled;
	uint64_t perms;
	int64_t updated_at;
};
int dat_control_role_set(struct sql_conn *c, const char *name, const char *builtin, bool enabled,
		uint64_t perms, const char *note, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_control_role_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_control_role_fn)(const struct dat_control_role *role, void *arg);
int dat_control_role_list(struct sql_conn *c, dat_control_role_fn fn, void *arg) HWS_MUST_CHECK;
