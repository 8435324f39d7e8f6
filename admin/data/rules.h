/* admin/data/rules: access rules, and the facts that admin/data/access.h decides by. */
#pragma once
#include "admin/data/access.h"
#include "admin/data/dat.h"

enum dat_end { DAT_END_USER, DAT_END_USER_GROUP, DAT_END_DEVICE_GROUP, DAT_END_DEVICE };

struct dat_rule {
	char guid[DAT_GUID_TEXT];
	char name[DAT_NAME_TEXT]; /* not unique */
	enum dat_end subj_kind;   /* a user or a group of them */
	char subj_guid[DAT_GUID_TEXT];
	enum dat_end obj_kind; /* of users: their devices */
	char obj_guid[DAT_GUID_TEXT];
	bool enabled;
	uint64_t perms;
	char control_role_guid[DAT_GUID_TEXT]; /* its permissions stand for `perms`; "" = none */
	struct dat_when when;
	char zone[DAT_SHORT_TEXT]; /* whose time `when` is in; "" = that of when.utc_offset */
	char note[DAT_NOTE_TEXT];
	int64_t created_at, updated_at;
};

/* Of `r` all but guid and times counts. HWS_ERR_NOTFOUND: an end of it, or its control role, does
 * not exist; HWS_ERR_RANGE: there is no such zone. */
int dat_rule_add(struct sql_conn *c, const struct dat_rule *rule, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_rule_replace(struct sql_conn *c, const char *guid, const struct dat_rule *rule,
		int64_t now) HWS_MUST_CHECK;
int dat_rule_get(struct sql_conn *c, const char *guid, struct dat_rule *ret) HWS_MUST_CHECK;
int dat_rule_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
/* Enough of a rule's fields to show it among others, with the names of what it points at. */
struct dat_rule_names {
	char subj[DAT_NAME_TEXT], obj[DAT_NAME_TEXT], control_role[DAT_NAME_TEXT];
};
struct dat_rule_filter {
	const char *search;               /* in name and note, "" = all */
	const char *subj_guid, *obj_guid; /* "" = all */
	int enabled;                      /* -1 = all */
	bool by_name;                     /* order; else by the time it was made */
};
typedef int (*dat_rule_named_fn)(
		const struct dat_rule *rule, const struct dat_rule_names *names, void *arg);
int dat_rule_find(struct sql_conn *c, const struct dat_rule_filter *f, struct dat_page page,
		dat_rule_named_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
int dat_rule_get_named(struct sql_conn *c, const char *guid, struct dat_rule *ret,
		struct dat_rule_names *ret_names) HWS_MUST_CHECK;
int dat_rule_enable(struct sql_conn *c, const char *guid, bool on, int64_t now) HWS_MUST_CHECK;

/* How one is read: for the files of this subject. */
#define DAT_RULE_COLUMNS                                                                           \
	"SELECT r.guid, r.subj_kind, r.subj_guid, r.obj_kind, r.obj_guid, r.enabled, r.perms, "    \
	"r.days, r.minute_from, r.minute_to, r.utc_offset, r.valid_from, r.valid_until, r.note, "  \
	"r.created_at, r.updated_at, r.name, r.control_role_guid, r.zone"
#define DAT_RULE_COLUMNS_N 19u
int dat_rule_row(const struct sql_row *row, struct dat_rule *rule) HWS_MUST_CHECK;

/* account_guid "" = not logged in. Rules that are too many to read (1000 that name both) refuse:
 * HWS_ERR_TOOBIG. */
int dat_access_check(struct sql_conn *c, const char *account_guid, const char *device_id,
		bool strangers, bool unowned_open, int64_t now,
		struct dat_access *ret) HWS_MUST_CHECK;
/* The same, with the guid of the oldest rule that allows it ("" = another reason does). */
int dat_access_explain(struct sql_conn *c, const char *account_guid, const char *device_id,
		bool strangers, bool unowned_open, int64_t now, struct dat_access *ret,
		char ret_rule[DAT_GUID_TEXT]) HWS_MUST_CHECK;
