/* admin/data/reports: rows without references, as they outlive what they speak of. */
#include "admin/data/reports.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#define NONCE_MS (3600LL * 1000)
#define SWEEP 1000

int dat_nonce_take(struct sql_conn *c, const char *nonce, int64_t now)
{
	int64_t changed = 0;
	int r = dat_text_check(nonce, DAT_NONCE_TEXT, false);

	if (r < 0 || !*nonce)
		return r;
	r = sql_change(c,
			"INSERT INTO audit_nonce (nonce, seen_at) VALUES ($1, $2) ON CONFLICT "
			"(nonce) DO NOTHING",
			SQL_P(SQL_T(nonce), SQL_I(now)), &changed);
	return r == HWS_OK && changed == 0 ? HWS_ERR_EXISTS : r;
}

int dat_nonce_trim(struct sql_conn *c, int64_t now)
{
	return sql_run(c, "DELETE FROM audit_nonce WHERE seen_at < $1",
			SQL_P(SQL_I(now - NONCE_MS)));
}

struct link {
	char guid[DAT_GUID_TEXT], account[DAT_GUID_TEXT];
};

static int read_link(const struct sql_row *row, void *arg)
{
	struct link *l = arg;
	int r = sql_copy(row, 0, l->guid, sizeof(l->guid));

	return r == HWS_OK ? sql_copy(row, 1, l->account, sizeof(l->account)) : r;
}

static int check_file(const struct dat_file_report *f)
{
	const struct {
		const char *s;
		size_t size;
	} texts[] = { { f->device_id, DAT_ID_TEXT }, { f->peer_id, DAT_ID_TEXT },
		{ f->peer_name, DAT_NAME_TEXT }, { f->ip, DAT_IP_TEXT }, { f->path, DAT_PATH_TEXT },
		{ f->files, DAT_FILES_TEXT } };
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = dat_text_check(hws_str_or_empty(texts[i].s), texts[i].size, false);
	return r;
}

int dat_file_add(struct sql_conn *c, const struct dat_file_report *f, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT];
	struct link l = { .guid = "" };
	struct dat_tx tx;
	int r = check_file(f);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = sql_one(c,
			"SELECT guid, account_guid FROM audit_conn WHERE device_id = $1 AND peer_id "
			"= $2 AND end_at = 0 ORDER BY created_at DESC, guid LIMIT 1",
			SQL_P(SQL_T(f->device_id), SQL_T(hws_str_or_empty(f->peer_id))), read_link,
			&l);
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	hws_rand_uuid(guid, sizeof(guid));
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO audit_file (guid, conn_guid, device_id, peer_id, "
				"peer_name, account_guid, ip, direction, path, is_file, num, files, "
				"created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
				"$12, $13)",
				SQL_P(SQL_T(guid), SQL_T(l.guid), SQL_T(f->device_id),
						SQL_T(hws_str_or_empty(f->peer_id)),
						SQL_T(hws_str_or_empty(f->peer_name)),
						SQL_T(l.account), SQL_T(hws_str_or_empty(f->ip)),
						SQL_I(f->direction),
						SQL_T(hws_str_or_empty(f->path)), SQL_I(f->is_file),
						SQL_I(f->num), SQL_T(hws_str_or_empty(f->files)),
						SQL_I(now)));
	r = dat_tx_end(&tx, r);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_alarm_add(struct sql_conn *c, const struct dat_alarm_report *a, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT];
	int r = dat_text_check(hws_str_or_empty(a->device_id), DAT_ID_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(a->peer_id), DAT_ID_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(a->ip), DAT_IP_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(a->info), DAT_FILES_TEXT, false);
	hws_rand_uuid(guid, sizeof(guid));
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO audit_alarm (guid, typ, device_id, account_guid, "
				"peer_id, ip, info, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, "
				"$8)",
				SQL_P(SQL_T(guid), SQL_I(a->typ),
						SQL_T(hws_str_or_empty(a->device_id)),
						SQL_T(hws_str_or_empty(a->account_guid)),
						SQL_T(hws_str_or_empty(a->peer_id)),
						SQL_T(hws_str_or_empty(a->ip)),
						SQL_T(hws_str_or_empty(a->info)), SQL_I(now)));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_reports_sweep(struct sql_conn *c, int64_t before, int64_t *ret)
{
	static const char *const texts[] = {
		("DELETE FROM audit_conn WHERE guid IN (SELECT guid FROM audit_conn WHERE "
		 "created_at < $1 AND end_at > 0 LIMIT $2)"),
		("DELETE FROM audit_file WHERE guid IN (SELECT guid FROM audit_file WHERE "
		 "created_at < $1 LIMIT $2)"),
		("DELETE FROM audit_alarm WHERE guid IN (SELECT guid FROM audit_alarm WHERE "
		 "created_at < $1 LIMIT $2)"),
	};
	int64_t all = 0, n = 0;
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++) {
		r = sql_change(c, texts[i], SQL_P(SQL_I(before), SQL_I(SWEEP)), &n);
		all += n;
	}
	if (r == HWS_OK)
		*ret = all;
	return r;
}

int dat_alarms_since(struct sql_conn *c, int64_t since, int64_t *ret)
{
	return sql_number(c, "SELECT count(*) FROM audit_alarm WHERE created_at >= $1",
			SQL_P(SQL_I(since)), ret);
}
