/* admin/data/devices: one device. What a list is searched for stands folded in one column, which is
 * made again whenever a part of it changes. */
#include "admin/data/devices.h"
#include "admin/data/changes.h"
#include "admin/data/name.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

/* Bounds of the parts, folded, and signs between them. */
#define SEARCH_TEXT 8192

int dat_device_get(struct sql_conn *c, const char *guid, struct dat_device *ret)
{
	struct dat_device d = { 0 };
	int r = sql_one(c, DAT_DEVICE_COLUMNS "WHERE d.guid = $1", SQL_P(SQL_T(guid)),
			dat_device_row, &d);

	if (r == HWS_OK)
		*ret = d;
	return r;
}

int dat_device_find(struct sql_conn *c, const char *id, struct dat_device *ret)
{
	struct dat_device d = { 0 };
	int r = sql_one(c, DAT_DEVICE_COLUMNS "WHERE d.id = $1", SQL_P(SQL_T(id)), dat_device_row,
			&d);

	if (r == HWS_OK)
		*ret = d;
	return r;
}

static int refresh_search(struct sql_conn *c, const char *guid)
{
	char plain[SEARCH_TEXT], folded[SEARCH_TEXT * 2];
	struct dat_device d;
	int r = dat_device_get(c, guid, &d);

	if (r == HWS_OK)
		r = hws_fmt(plain, sizeof(plain), "%s\n%s\n%s\n%s\n%s", d.id, d.name, d.username,
				d.os, d.note);
	if (r == HWS_OK)
		r = dat_fold(plain, folded, sizeof(folded));
	if (r == HWS_OK)
		r = sql_run(c, "UPDATE device SET search = $1 WHERE guid = $2",
				SQL_P(SQL_T(folded), SQL_T(guid)));
	return r;
}

struct known {
	char guid[DAT_GUID_TEXT], uuid[DAT_UUID_TEXT];
};

static int read_known(const struct sql_row *row, void *arg)
{
	struct known *k = arg;
	int r = sql_copy(row, 0, k->guid, sizeof(k->guid));

	return r == HWS_OK ? sql_copy(row, 1, k->uuid, sizeof(k->uuid)) : r;
}

static int find_known(struct sql_conn *c, const char *id, const char *uuid, struct known *k)
{
	int r = sql_one(c, "SELECT guid, uuid FROM device WHERE id = $1", SQL_P(SQL_T(id)),
			read_known, k);

	return r == HWS_OK && !hws_str_equal(k->uuid, uuid) ? HWS_ERR_DENIED : r;
}

static int check_id(const char *id, const char *uuid)
{
	int r = dat_text_check(id, DAT_ID_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(uuid, DAT_UUID_TEXT, false);
	return r == HWS_OK && (!*id || !*uuid) ? HWS_ERR_INVAL : r;
}

int dat_device_register(struct sql_conn *c, const char *id, const char *uuid, bool pending,
		int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	struct known k = { 0 };
	struct dat_tx tx;
	int r = check_id(id, uuid);

	if (r == HWS_OK)
		r = find_known(c, id, uuid, &k);
	if (r == HWS_OK)
		return hws_str_copy(ret_guid, DAT_GUID_TEXT, k.guid);
	if (r == HWS_ERR_NOTFOUND)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	hws_rand_uuid(k.guid, sizeof(k.guid));
	/* another node may hear of it at this moment */
	r = sql_run(c,
			"INSERT INTO device (guid, id, uuid, status, registered_at, created_at, "
			"updated_at) VALUES ($1, $2, $3, $4, $5, $5, $5) ON CONFLICT (id) DO "
			"NOTHING",
			SQL_P(SQL_T(k.guid), SQL_T(id), SQL_T(uuid),
					SQL_I(pending ? DAT_DEVICE_PENDING : DAT_DEVICE_ON),
					SQL_I(now)));
	if (r == HWS_OK)
		r = find_known(c, id, uuid, &k);
	if (r == HWS_OK)
		r = refresh_search(c, k.guid);
	r = dat_tx_end(&tx, r);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, k.guid) : r;
}

int dat_device_as_told(
		struct sql_conn *c, const char *id, const char *uuid, const char *key, int64_t seen)
{
	int64_t one;

	return sql_number(c,
			"SELECT 1 FROM device WHERE id = $1 AND uuid = $2 AND pk = $3 AND "
			"last_online >= $4 AND deployed_by = ''",
			SQL_P(SQL_T(id), SQL_T(uuid), SQL_T(key), SQL_I(seen)), &one);
}

int dat_device_has_twin(struct sql_conn *c, const char *id, const char *uuid, const char *key)
{
	int64_t one;

	return sql_number(c,
			"SELECT 1 FROM device WHERE uuid = $1 AND pk = $2 AND id <> $3 LIMIT 1",
			SQL_P(SQL_T(uuid), SQL_T(key), SQL_T(id)), &one);
}

int dat_device_set_key(struct sql_conn *c, const char *guid, const char *key, int64_t now)
{
	int r = dat_text_check(key, DAT_SHORT_TEXT, false);

	return r == HWS_OK
			? sql_run(c,
					  "UPDATE device SET pk = $1, updated_at = $2 WHERE guid = "
					  "$3 AND pk <> $1",
					  SQL_P(SQL_T(key), SQL_I(now), SQL_T(guid)))
			: r;
}

int dat_device_sysinfo(struct sql_conn *c, const char *id, const char *uuid,
		const struct dat_sysinfo *info, int64_t now)
{
	const struct {
		const char *s;
		size_t size;
	} texts[] = { { info->hostname, DAT_NAME_TEXT }, { info->username, DAT_NAME_TEXT },
		{ info->os, DAT_OS_TEXT }, { info->cpu, DAT_OS_TEXT },
		{ info->memory, DAT_SHORT_TEXT }, { info->version, DAT_SHORT_TEXT } };
	struct known k = { 0 };
	struct dat_tx tx;
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = dat_text_check(hws_str_or_empty(texts[i].s), texts[i].size, false);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = find_known(c, id, uuid, &k);
	if (r == HWS_ERR_DENIED)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = sql_run(c,
				"UPDATE device SET hostname = $1, sys_username = $2, os = $3, cpu = "
				"$4, memory = $5, version = $6, sysinfo_at = $7, sysinfo_wanted = "
				"0, updated_at = $7 WHERE guid = $8",
				SQL_P(SQL_T(hws_str_or_empty(info->hostname)),
						SQL_T(hws_str_or_empty(info->username)),
						SQL_T(hws_str_or_empty(info->os)),
						SQL_T(hws_str_or_empty(info->cpu)),
						SQL_T(hws_str_or_empty(info->memory)),
						SQL_T(hws_str_or_empty(info->version)), SQL_I(now),
						SQL_T(k.guid)));
	if (r == HWS_OK)
		r = refresh_search(c, k.guid);
	return dat_tx_end(&tx, r);
}

int dat_device_seen(struct sql_conn *c, const struct dat_seen *seen, size_t n)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == HWS_OK; i++)
		r = sql_run(c,
				"UPDATE device SET last_online = $1, last_ip = $2 WHERE id = $3 AND "
				"last_online < $1",
				SQL_P(SQL_I(seen[i].at), SQL_T(seen[i].ip), SQL_T(seen[i].id)));
	return dat_tx_end(&tx, r);
}

static int set_text(struct sql_conn *c, const char *text, const char *value, size_t size,
		const char *guid)
{
	int r = value ? dat_text_check(value, size, size == DAT_NOTE_TEXT) : HWS_OK;

	return r == HWS_OK && value ? dat_change_one(c, text, SQL_P(SQL_T(value), SQL_T(guid))) : r;
}

static int set_place(struct sql_conn *c, const char *text, const char *value, const char *guid)
{
	if (!value)
		return HWS_OK;
	return dat_change_one(c, text, SQL_P(SQL_T(*value ? value : NULL), SQL_T(guid)));
}

int dat_device_change(struct sql_conn *c, const char *guid, const struct dat_device_change *ch,
		int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE device SET updated_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK)
		r = set_place(c, "UPDATE device SET owner_guid = $1 WHERE guid = $2",
				ch->owner_guid, guid);
	if (r == HWS_OK)
		r = set_place(c, "UPDATE device SET device_group_guid = $1 WHERE guid = $2",
				ch->group_guid, guid);
	if (r == HWS_OK && ch->closed)
		r = dat_change_one(c, "UPDATE device SET closed = $1 WHERE guid = $2",
				SQL_P(SQL_I(*ch->closed), SQL_T(guid)));
	if (r == HWS_OK)
		r = set_text(c, "UPDATE device SET note = $1 WHERE guid = $2", ch->note,
				DAT_NOTE_TEXT, guid);
	if (r == HWS_OK)
		r = set_text(c, "UPDATE device SET name_override = $1 WHERE guid = $2", ch->name,
				DAT_NAME_TEXT, guid);
	if (r == HWS_OK)
		r = set_text(c, "UPDATE device SET user_override = $1 WHERE guid = $2",
				ch->username, DAT_NAME_TEXT, guid);
	if (r == HWS_OK)
		r = refresh_search(c, guid);
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_DEVICE, guid);
	return dat_tx_end(&tx, r);
}

int dat_device_claim(struct sql_conn *c, const char *id, const char *uuid, const char *owner_guid,
		int64_t now)
{
	struct known k = { 0 };
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = find_known(c, id, uuid, &k);
	if (r < 0)
		return dat_tx_end(&tx, r == HWS_ERR_DENIED ? HWS_ERR_NOTFOUND : r);
	r = dat_change_one(c,
			"UPDATE device SET owner_guid = $1, updated_at = $2 WHERE guid = $3 AND "
			"owner_guid IS NULL",
			SQL_P(SQL_T(owner_guid), SQL_I(now), SQL_T(k.guid)));
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_DEVICE, k.guid);
	return dat_tx_end(&tx, r == HWS_ERR_NOTFOUND ? HWS_ERR_EXISTS : r);
}

int dat_device_set_status(
		struct sql_conn *c, const char *guid, enum dat_device_status status, int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE device SET status = $1, updated_at = $2 WHERE guid = $3",
			SQL_P(SQL_I(status), SQL_I(now), SQL_T(guid)));
	return dat_tx_end(&tx, r == HWS_OK ? dat_changed(c, DAT_CHANGED_DEVICE, guid) : r);
}

int dat_device_rename(struct sql_conn *c, const char *guid, const char *id, int64_t now)
{
	struct dat_tx tx;
	int r = check_id(id, "-");

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = sql_run(c,
			"INSERT INTO device_id_history (changed_at, device_guid, old_id) SELECT $1, "
			"guid, id FROM device WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK)
		r = dat_change_one(c, "UPDATE device SET id = $1, updated_at = $2 WHERE guid = $3",
				SQL_P(SQL_T(id), SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK)
		r = refresh_search(c, guid);
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_DEVICE, guid);
	return dat_tx_end(&tx, r);
}

int dat_device_remove(struct sql_conn *c, const char *guid)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = sql_run(c, "DELETE FROM access_rule WHERE obj_kind = 'device' AND obj_guid = $1",
			SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = sql_run(c,
				"DELETE FROM strategy_target WHERE target_kind = 'device' AND "
				"target_guid = $1",
				SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = dat_change_one(c, "DELETE FROM device WHERE guid = $1", SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_DEVICE, guid);
	return dat_tx_end(&tx, r);
}

int dat_device_tag(struct sql_conn *c, const char *guid, const char *tag, bool on)
{
	char key[DAT_NAME_KEY_TEXT];
	int r = dat_name_key(tag, key);

	if (r < 0)
		return r;
	if (!on)
		return dat_change_one(c,
				"DELETE FROM device_tag WHERE device_guid = $1 AND tag = $2",
				SQL_P(SQL_T(guid), SQL_T(tag)));
	return sql_run(c,
			"INSERT INTO device_tag (device_guid, tag) VALUES ($1, $2) ON CONFLICT "
			"(device_guid, tag) DO NOTHING",
			SQL_P(SQL_T(guid), SQL_T(tag)));
}
