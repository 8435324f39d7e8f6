/* admin/data/rules: rules name their ends without a reference, since an end is of several kinds:
 * that it exists is looked at when a rule is written. */
#include "admin/data/rules.h"
#include "admin/data/name.h"
#include "admin/data/zone.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define RULES_MAX 1000u

static const struct {
	const char *name, *exists;
} ends[] = {
	[DAT_END_USER] = { "user", "SELECT 1 FROM account WHERE guid = $1" },
	[DAT_END_USER_GROUP] = { "user_group", "SELECT 1 FROM user_group WHERE guid = $1" },
	[DAT_END_DEVICE_GROUP] = { "device_group", "SELECT 1 FROM device_group WHERE guid = $1" },
	[DAT_END_DEVICE] = { "device", "SELECT 1 FROM device WHERE guid = $1" },
};

static int parse_end(const char *name, enum dat_end *ret)
{
	for (unsigned i = 0; i < HWS_COUNT(ends); i++) {
		if (hws_str_equal(ends[i].name, name)) {
			*ret = (enum dat_end)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_CORRUPT;
}

static int check(struct sql_conn *c, const struct dat_rule *rule)
{
	int64_t one;
	int offset;
	int r = dat_text_check(rule->note, DAT_NOTE_TEXT, true);

	if (rule->subj_kind != DAT_END_USER && rule->subj_kind != DAT_END_USER_GROUP)
		return HWS_ERR_INVAL;
	if (rule->obj_kind > DAT_END_DEVICE || !dat_perms_valid(rule->perms) ||
			!dat_when_valid(&rule->when))
		return HWS_ERR_INVAL;
	if (r == HWS_OK)
		r = dat_text_check(rule->name, DAT_NAME_TEXT, false);
	if (r == HWS_OK && *rule->zone)
		r = dat_zone_offset(rule->zone, 0, &offset);
	if (r == HWS_OK && *rule->control_role_guid)
		r = sql_number(c, "SELECT 1 FROM control_role WHERE guid = $1",
				SQL_P(SQL_T(rule->control_role_guid)), &one);
	if (r == HWS_OK)
		r = sql_number(c, ends[rule->subj_kind].exists, SQL_P(SQL_T(rule->subj_guid)),
				&one);
	if (r == HWS_OK)
		r = sql_number(c, ends[rule->obj_kind].exists, SQL_P(SQL_T(rule->obj_guid)), &one);
	return r;
}

static int write_rule(struct sql_conn *c, const char *text, const char *guid,
		const struct dat_rule *rule, int64_t now)
{
	const struct dat_when *w = &rule->when;
	const char *role = *rule->control_role_guid ? rule->control_role_guid : NULL;
	char key[DAT_NAME_KEY_TEXT];
	int r = dat_fold(rule->name, key, sizeof(key));

	if (r < 0)
		return r;
	return dat_change_one(c, text,
			SQL_P(SQL_T(guid), SQL_T(ends[rule->subj_kind].name),
					SQL_T(rule->subj_guid), SQL_T(ends[rule->obj_kind].name),
					SQL_T(rule->obj_guid), SQL_I(rule->enabled),
					SQL_I((int64_t)rule->perms), SQL_I(w->days),
					SQL_I(w->minute_from), SQL_I(w->minute_to),
					SQL_I(w->utc_offset), SQL_I(w->valid_from),
					SQL_I(w->valid_until), SQL_T(rule->note), SQL_T(rule->name),
					SQL_T(key), SQL_T(role), SQL_T(rule->zone), SQL_I(now)));
}

static int checked_write(struct sql_conn *c, const char *text, const char *guid,
		const struct dat_rule *rule, int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = check(c, rule);
	if (r == HWS_OK)
		r = write_rule(c, text, guid, rule, now);
	return dat_tx_end(&tx, r);
}

int dat_rule_add(struct sql_conn *c, const struct dat_rule *rule, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT];
	int r;

	hws_rand_uuid(guid, sizeof(guid));
	r = checked_write(c,
			"INSERT INTO access_rule (guid, subj_kind, subj_guid, obj_kind, obj_guid, "
			"enabled, perms, days, minute_from, minute_to, utc_offset, valid_from, "
			"valid_until, note, name, name_key, control_role_guid, zone, created_at, "
			"updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
			"$13, $14, $15, $16, $17, $18, $19, $19)",
			guid, rule, now);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_rule_replace(struct sql_conn *c, const char *guid, const struct dat_rule *rule, int64_t now)
{
	/* the key comes first, since parameters are numbered by first use */
	return checked_write(c,
			"UPDATE access_rule SET guid = $1, subj_kind = $2, subj_guid = $3, obj_kind "
			"= $4, obj_guid = $5, enabled = $6, perms = $7, days = $8, minute_from = "
			"$9, minute_to = $10, utc_offset = $11, valid_from = $12, valid_until = "
			"$13, note = $14, name = $15, name_key = $16, control_role_guid = $17, zone "
			"= $18, updated_at = $19 WHERE guid = $1",
			guid, rule, now);
}

int dat_rule_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM access_rule WHERE guid = $1", SQL_P(SQL_T(guid)));
}

int dat_rule_enable(struct sql_conn *c, const char *guid, bool on, int64_t now)
{
	return dat_change_one(c,
			"UPDATE access_rule SET enabled = $1, updated_at = $2 WHERE guid = $3",
			SQL_P(SQL_I(on), SQL_I(now), SQL_T(guid)));
}

static void read_when(const struct sql_row *row, size_t at, struct dat_when *w)
{
	w->days = (unsigned)sql_int(row, at);
	w->minute_from = (unsigned)sql_int(row, at + 1);
	w->minute_to = (unsigned)sql_int(row, at + 2);
	w->utc_offset = (int)sql_int(row, at + 3);
	w->valid_from = sql_int(row, at + 4);
	w->valid_until = sql_int(row, at + 5);
}

int dat_rule_row(const struct sql_row *row, struct dat_rule *rule)
{
	int r = sql_copy(row, 0, rule->guid, sizeof(rule->guid));

	if (r == HWS_OK)
		r = parse_end(sql_text(row, 1), &rule->subj_kind);
	if (r == HWS_OK)
		r = sql_copy(row, 2, rule->subj_guid, sizeof(rule->subj_guid));
	if (r == HWS_OK)
		r = parse_end(sql_text(row, 3), &rule->obj_kind);
	if (r == HWS_OK)
		r = sql_copy(row, 4, rule->obj_guid, sizeof(rule->obj_guid));
	rule->enabled = sql_int(row, 5) != 0;
	rule->perms = (uint64_t)sql_int(row, 6);
	read_when(row, 7, &rule->when);
	rule->created_at = sql_int(row, 14);
	rule->updated_at = sql_int(row, 15);
	if (r == HWS_OK)
		r = sql_copy(row, 13, rule->note, sizeof(rule->note));
	if (r == HWS_OK)
		r = sql_copy(row, 16, rule->name, sizeof(rule->name));
	if (r == HWS_OK)
		r = sql_copy(row, 17, rule->control_role_guid, sizeof(rule->control_role_guid));
	return r == HWS_OK ? sql_copy(row, 18, rule->zone, sizeof(rule->zone)) : r;
}

static int read_rule(const struct sql_row *row, void *arg)
{
	return dat_rule_row(row, arg);
}

int dat_rule_get(struct sql_conn *c, const char *guid, struct dat_rule *ret)
{
	struct dat_rule rule = { 0 };
	int r = sql_one(c, DAT_RULE_COLUMNS " FROM access_rule r WHERE r.guid = $1",
			SQL_P(SQL_T(guid)), read_rule, &rule);

	if (r == HWS_OK)
		*ret = rule;
	return r;
}

/* --- the decision ----------------------------------------------------------------------------- */

struct ends_of {
	struct dat_access_facts facts;
	char group[DAT_GUID_TEXT];
	char device[DAT_GUID_TEXT], owner[DAT_GUID_TEXT], owner_group[DAT_GUID_TEXT],
			device_group[DAT_GUID_TEXT];
	struct dat_access_rule rules[RULES_MAX];
	char guids[RULES_MAX][DAT_GUID_TEXT];
	size_t n;
	int64_t now;
	bool intra;
};

static int read_viewer(const struct sql_row *row, void *arg)
{
	struct ends_of *e = arg;

	e->facts.viewer_enabled = sql_int(row, 0) == 1;
	e->intra = sql_int(row, 2) != 0;
	e->facts.role_perms = (uint64_t)sql_int(row, 3);
	return sql_copy(row, 1, e->group, sizeof(e->group));
}

static int read_device(const struct sql_row *row, void *arg)
{
	struct ends_of *e = arg;
	int r = sql_copy(row, 0, e->device, sizeof(e->device));

	e->facts.device_known = true;
	e->facts.device_enabled = sql_int(row, 1) == 1;
	e->facts.device_pending = sql_int(row, 1) == 2;
	e->facts.owned = !sql_null(row, 2);
	e->facts.grouped = !sql_null(row, 3);
	e->facts.owner_enabled = sql_int(row, 4) == 1;
	e->facts.closed = sql_int(row, 6) == 1;
	if (r == HWS_OK)
		r = sql_copy(row, 2, e->owner, sizeof(e->owner));
	if (r == HWS_OK)
		r = sql_copy(row, 3, e->device_group, sizeof(e->device_group));
	return r == HWS_OK ? sql_copy(row, 5, e->owner_group, sizeof(e->owner_group)) : r;
}

static int read_access_rule(const struct sql_row *row, void *arg)
{
	struct ends_of *e = arg;
	struct dat_access_rule *rule;

	if (e->n == RULES_MAX)
		return HWS_ERR_TOOBIG;
	rule = &e->rules[e->n++];
	rule->enabled = true;
	rule->perms = (uint64_t)sql_int(row, 0);
	read_when(row, 1, &rule->when);
	/* a zone that this machine does not know any more opens nothing */
	if (*sql_text(row, 7))
		rule->enabled = dat_zone_offset(sql_text(row, 7), e->now, &rule->when.utc_offset) ==
				HWS_OK;
	return sql_copy(row, 8, e->guids[e->n - 1], DAT_GUID_TEXT);
}

static int read_perms(const struct sql_row *row, void *arg)
{
	*(uint64_t *)arg = (uint64_t)sql_int(row, 0);
	return HWS_OK;
}

static int load_viewer(struct sql_conn *c, const char *account_guid, struct ends_of *e)
{
	int r;

	e->facts.logged_in = *account_guid != '\0';
	if (!e->facts.logged_in) {
		r = sql_one(c,
				"SELECT perms FROM control_role WHERE builtin = 'not_logged' AND "
				"enabled = 1",
				SQL_NONE, read_perms, &e->facts.role_perms);
		return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
	}
	r = sql_one(c,
			"SELECT a.status, a.user_group_guid, g.intra_access, coalesce(k.perms, (SELECT "
			"b.perms FROM control_role b WHERE b.builtin = 'default' AND b.enabled = "
			"1), 0) FROM account a JOIN user_group g ON g.guid = a.user_group_guid LEFT "
			"JOIN control_role k ON k.guid = a.control_role_guid AND k.enabled = 1 "
			"WHERE a.guid = $1",
			SQL_P(SQL_T(account_guid)), read_viewer, e);
	/* it was removed while its session was in use */
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int load_rules(struct sql_conn *c, const char *account_guid, struct ends_of *e)
{
	return sql_query(c,
			"SELECT coalesce(k.perms, r.perms), r.days, r.minute_from, r.minute_to, "
			"r.utc_offset, r.valid_from, r.valid_until, r.zone, r.guid FROM "
			"access_rule r LEFT JOIN control_role k ON k.guid = r.control_role_guid "
			"AND k.enabled = 1 WHERE r.enabled = 1 AND ((r.subj_kind = 'user' AND "
			"r.subj_guid = $1) OR (r.subj_kind = 'user_group' AND r.subj_guid = $2)) "
			"AND ((r.obj_kind = 'device' AND r.obj_guid = $3) OR (r.obj_kind = "
			"'device_group' AND r.obj_guid = $4) OR (r.obj_kind = 'user' AND r.obj_guid "
			"= $5) OR (r.obj_kind = 'user_group' AND r.obj_guid = $6)) ORDER BY "
			"r.created_at, r.guid",
			SQL_P(SQL_T(account_guid), SQL_T(e->group), SQL_T(e->device),
					SQL_T(e->device_group), SQL_T(e->owner),
					SQL_T(e->owner_group)),
			read_access_rule, e);
}

int dat_access_check(struct sql_conn *c, const char *account_guid, const char *device_id,
		bool strangers, bool unowned_open, int64_t now, struct dat_access *ret)
{
	char rule[DAT_GUID_TEXT];

	return dat_access_explain(
			c, account_guid, device_id, strangers, unowned_open, now, ret, rule);
}

static int explain(struct sql_conn *c, const char *account_guid, const char *device_id,
		struct ends_of *e, struct dat_access *ret, char ret_rule[DAT_GUID_TEXT])
{
	int r = load_viewer(c, account_guid, e);

	if (r == HWS_OK)
		r = sql_one(c,
				"SELECT d.guid, d.status, d.owner_guid, d.device_group_guid, "
				"o.status, o.user_group_guid, d.closed FROM device d LEFT JOIN account o ON "
				"o.guid = d.owner_guid WHERE d.id = $1",
				SQL_P(SQL_T(device_id)), read_device, e);
	/* a device that never reported here is nobody's */
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	if (r == HWS_OK && e->facts.logged_in && e->facts.device_known)
		r = load_rules(c, account_guid, e);
	if (r < 0)
		return r;
	e->facts.own = e->facts.owned && hws_str_equal(e->owner, account_guid);
	e->facts.same_group = e->facts.owned && e->intra && hws_str_equal(e->owner_group, e->group);
	*ret = dat_access_decide(&e->facts, e->rules, e->n, e->now);
	ret_rule[0] = '\0';
	if (ret->allowed && ret->why == DAT_WHY_RULE)
		memcpy(ret_rule, e->guids[ret->rule], DAT_GUID_TEXT);
	return HWS_OK;
}

int dat_access_explain(struct sql_conn *c, const char *account_guid, const char *device_id,
		bool strangers, bool unowned_open, int64_t now, struct dat_access *ret,
		char ret_rule[DAT_GUID_TEXT])
{
	struct ends_of *e = hws_alloc(sizeof(*e)); /* too much for a stack */
	int r;

	if (!e)
		return HWS_ERR_NOMEM;
	e->facts.strangers = strangers;
	e->facts.unowned_open = unowned_open;
	e->now = now;
	r = explain(c, account_guid, device_id, e, ret, ret_rule);
	hws_free(e);
	return r;
}
