/* admin/data/reach: all that an account may reach at this moment, as one condition of a statement.
 * It decides as admin/data/access.h does for one device, for many at once. */
#pragma once
#include "admin/data/accounts.h"

struct dat_device;

struct dat_reach {
	char account[DAT_GUID_TEXT], group[DAT_GUID_TEXT];
	bool intra, unowned;
	char *closed; /* guids of rules that allow nothing now */
};
/* Of an account that is enabled, else HWS_ERR_DENIED. `unowned_open` as in
 * struct dat_access_facts. dat_reach_done in any case. */
int dat_reach_load(struct sql_conn *c, const char *account_guid, bool unowned_open, int64_t now,
		struct dat_reach *ret) HWS_MUST_CHECK;
void dat_reach_done(struct dat_reach *r);

/* The condition on a device d with its owner o; the first five parameters. Each way to reach one is
 * a set of its own, which an index gives; asking for each device whether there is a way takes
 * seconds among 100,000. */
#define DAT_REACH_RULE                                                                             \
	"r.enabled = 1 AND ((r.subj_kind = 'user' AND r.subj_guid = $1) OR (r.subj_kind = "        \
	"'user_group' AND r.subj_guid = $3)) AND $5 NOT LIKE '%' || r.guid || '%' "
#define DAT_REACH                                                                                  \
	"d.status = 1 AND (o.guid IS NULL OR o.status = 1) AND d.guid IN (SELECT x.guid FROM "     \
	"device x WHERE x.owner_guid = $1 UNION SELECT x.guid FROM account y JOIN device x ON "    \
	"x.owner_guid = y.guid WHERE $2 = 1 AND y.user_group_guid = $3 UNION SELECT x.guid FROM "  \
	"device x WHERE $4 = 1 AND x.owner_guid IS NULL AND x.device_group_guid IS NULL AND "      \
	"x.closed = 0 UNION "                                                                      \
	"SELECT x.guid FROM access_rule r JOIN device x ON x.guid = r.obj_guid WHERE "             \
	"r.obj_kind = 'device' AND " DAT_REACH_RULE                                                \
	"UNION SELECT x.guid FROM access_rule r JOIN device x ON x.device_group_guid = "           \
	"r.obj_guid WHERE r.obj_kind = 'device_group' AND " DAT_REACH_RULE                         \
	"UNION SELECT x.guid FROM access_rule r JOIN device x ON x.owner_guid = r.obj_guid "       \
	"WHERE r.obj_kind = 'user' AND " DAT_REACH_RULE                                            \
	"UNION SELECT x.guid FROM access_rule r JOIN account y ON y.user_group_guid = "            \
	"r.obj_guid JOIN device x ON x.owner_guid = y.guid WHERE r.obj_kind = 'user_group' "       \
	"AND " DAT_REACH_RULE ") "
#define DAT_REACH_PARAMS(r)                                                                        \
	SQL_T((r)->account), SQL_I((r)->intra), SQL_T((r)->group), SQL_I((r)->unowned),            \
			SQL_T((r)->closed)

/* By id. */
int dat_reach_devices(struct sql_conn *c, const struct dat_reach *r, struct dat_page page,
		int (*fn)(const struct dat_device *d, void *arg), void *arg,
		int64_t *ret_total) HWS_MUST_CHECK;
/* By name: the account itself and those whose devices it may reach. */
int dat_reach_accounts(struct sql_conn *c, const struct dat_reach *r, struct dat_page page,
		dat_account_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
/* By name: the groups of those devices. */
int dat_reach_groups(struct sql_conn *c, const struct dat_reach *r, struct dat_page page,
		int (*fn)(const char *name, void *arg), void *arg,
		int64_t *ret_total) HWS_MUST_CHECK;
