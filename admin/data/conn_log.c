/* admin/data/conn_log: of one device and number at most one is open. */
#include "admin/data/conn_log.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

/* A device is gone after this; what is written of it every 30 seconds may be that old as well. */
#define GONE_MS (60LL * 1000)
#define WRITTEN_MS (35LL * 1000)

int dat_conn_row(const struct sql_row *row, void *arg)
{
	struct dat_conn *l = arg;
	const struct sql_text_to texts[] = {
		{ 0, l->guid, sizeof(l->guid) },
		{ 1, l->device_id, sizeof(l->device_id) },
		{ 2, l->device_uuid, sizeof(l->device_uuid) },
		{ 4, l->session_id, sizeof(l->session_id) },
		{ 6, l->peer_id, sizeof(l->peer_id) },
		{ 7, l->peer_name, sizeof(l->peer_name) },
		{ 8, l->account_guid, sizeof(l->account_guid) },
		{ 9, l->account_name, sizeof(l->account_name) },
		{ 10, l->ip, sizeof(l->ip) },
		{ 13, l->note, sizeof(l->note) },
		{ 17, l->end_reason, sizeof(l->end_reason) },
	};
	int r = sql_copy_all(row, texts, HWS_COUNT(texts));

	l->conn_id = sql_int(row, 3);
	l->type = (int)sql_int(row, 5);
	l->primary_auth = (int)sql_int(row, 11);
	l->two_factor = (int)sql_int(row, 12);
	l->created_at = sql_int(row, 14);
	l->authed_at = sql_int(row, 15);
	l->end_at = sql_int(row, 16);
	return r;
}

static int check(const struct dat_conn *in)
{
	const struct {
		const char *s;
		size_t size;
	} texts[] = { { in->device_id, DAT_ID_TEXT }, { in->device_uuid, DAT_UUID_TEXT },
		{ in->session_id, sizeof(in->session_id) }, { in->peer_id, DAT_ID_TEXT },
		{ in->peer_name, DAT_NAME_TEXT }, { in->ip, DAT_IP_TEXT } };
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = dat_text_check(texts[i].s, texts[i].size, false);
	return r;
}

int dat_conn_close(struct sql_conn *c, const struct dat_conn *in, const char *reason, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	return sql_one(c,
			"UPDATE audit_conn SET end_at = $1, end_reason = $2 WHERE device_id = $3 AND "
			"conn_id = $4 AND end_at = 0 RETURNING guid",
			SQL_P(SQL_I(now), SQL_T(reason), SQL_T(in->device_id), SQL_I(in->conn_id)),
			dat_guid_row, ret_guid);
}

static int open_row(struct sql_conn *c, const struct dat_conn *in, int64_t now, char *ret_guid)
{
	char old[DAT_GUID_TEXT];
	int r = dat_conn_close(c, in, "lost", now, old);

	if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	hws_rand_uuid(ret_guid, DAT_GUID_TEXT);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO audit_conn (guid, device_id, device_uuid, conn_id, ip, "
				"account_guid, account_name, created_at) VALUES ($1, $2, $3, $4, $5, "
				"$6, $7, $8)",
				SQL_P(SQL_T(ret_guid), SQL_T(in->device_id), SQL_T(in->device_uuid),
						SQL_I(in->conn_id), SQL_T(in->ip),
						SQL_T(in->account_guid), SQL_T(in->account_name),
						SQL_I(now)));
	return r;
}

int dat_conn_new(struct sql_conn *c, const struct dat_conn *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r = check(in);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_tx_end(&tx, open_row(c, in, now, guid));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

static int authorise(struct sql_conn *c, const struct dat_conn *in, int64_t now, char *ret_guid)
{
	return sql_one(c,
			"UPDATE audit_conn SET session_id = $1, conn_type = $2, peer_id = $3, "
			"peer_name = $4, primary_auth = $5, two_factor = $6, authed_at = $7 WHERE "
			"device_id = $8 AND conn_id = $9 AND end_at = 0 RETURNING guid",
			SQL_P(SQL_T(in->session_id), SQL_I(in->type), SQL_T(in->peer_id),
					SQL_T(in->peer_name), SQL_I(in->primary_auth),
					SQL_I(in->two_factor), SQL_I(now), SQL_T(in->device_id),
					SQL_I(in->conn_id)),
			dat_guid_row, ret_guid);
}

int dat_conn_authorised(struct sql_conn *c, const struct dat_conn *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r = check(in);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = authorise(c, in, now, guid);
	if (r == HWS_ERR_NOTFOUND) {
		r = open_row(c, in, now, guid);
		if (r == HWS_OK)
			r = authorise(c, in, now, guid);
	}
	r = dat_tx_end(&tx, r);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_conn_note(struct sql_conn *c, const char *device_id, const char *session_id,
		const char *note, int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	int r = dat_text_check(note, DAT_NOTE_TEXT, true);

	if (r == HWS_OK && (!*session_id || hws_str_equal(session_id, "0")))
		r = HWS_ERR_NOTFOUND;
	if (r < 0)
		return r;
	return sql_one(c,
			"UPDATE audit_conn SET note = $1 WHERE guid = (SELECT guid FROM audit_conn "
			"WHERE session_id = $2 AND device_id = $3 AND created_at > $4 AND note = '' "
			"ORDER BY created_at DESC, guid LIMIT 1) RETURNING guid",
			SQL_P(SQL_T(note), SQL_T(session_id), SQL_T(device_id),
					SQL_I(now - DAT_DAY_MS)),
			dat_guid_row, ret_guid);
}

int dat_conn_active(struct sql_conn *c, const char *device_id, const char *session_id, int type,
		struct dat_conn *ret)
{
	struct dat_conn l = { 0 };
	int r;

	if (!*session_id || hws_str_equal(session_id, "0"))
		return HWS_ERR_NOTFOUND;
	r = sql_one(c,
			DAT_CONN_COLUMNS
			"WHERE l.session_id = $1 AND l.device_id = $2 AND l.end_at = 0 AND "
			"l.authed_at > 0 AND ($3 < 0 OR l.conn_type = $3) ORDER BY "
			"l.created_at DESC, l.guid LIMIT 1",
			SQL_P(SQL_T(session_id), SQL_T(device_id), SQL_I(type)), dat_conn_row, &l);
	if (r == HWS_OK)
		*ret = l;
	return r;
}

int dat_conn_get(struct sql_conn *c, const char *guid, struct dat_conn *ret)
{
	struct dat_conn l = { 0 };
	int r = sql_one(c, DAT_CONN_COLUMNS "WHERE l.guid = $1", SQL_P(SQL_T(guid)), dat_conn_row,
			&l);

	if (r == HWS_OK)
		*ret = l;
	return r;
}

int dat_conn_set_note(struct sql_conn *c, const char *guid, const char *note)
{
	int r = dat_text_check(note, DAT_NOTE_TEXT, true);

	return r == HWS_OK ? dat_change_one(c, "UPDATE audit_conn SET note = $1 WHERE guid = $2",
					     SQL_P(SQL_T(note), SQL_T(guid)))
			   : r;
}

struct list {
	dat_conn_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_conn one = { 0 };
	int r = dat_conn_row(row, &one);

	return r == HWS_OK ? l->fn(&one, l->arg) : r;
}

#define OPEN                                                                                       \
	"WHERE l.end_at = 0 AND l.authed_at > 0 AND ($1 = '' OR l.device_id = $1) AND ($2 = '' "   \
	"OR l.account_guid = $2) "

int dat_conn_list_open(struct sql_conn *c, const char *device_id, const char *account_guid,
		struct dat_page page, dat_conn_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };
	int r = HWS_OK;

	page = dat_page(page);
	if (ret_total)
		r = sql_number(c, "SELECT count(*) FROM audit_conn l " OPEN,
				SQL_P(SQL_T(device_id), SQL_T(account_guid)), ret_total);
	if (r == HWS_OK)
		r = sql_query(c,
				DAT_CONN_COLUMNS OPEN
				"ORDER BY l.created_at DESC, l.guid LIMIT $3 OFFSET $4",
				SQL_P(SQL_T(device_id), SQL_T(account_guid), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, &l);
	return r;
}

int dat_conn_open_count(struct sql_conn *c, int64_t *ret)
{
	return sql_number(c, "SELECT count(*) FROM audit_conn WHERE end_at = 0 AND authed_at > 0",
			SQL_NONE, ret);
}

static int read_account(const struct sql_row *row, void *arg)
{
	struct dat_conn *l = arg;
	int r = sql_copy(row, 0, l->account_guid, sizeof(l->account_guid));

	return r == HWS_OK ? sql_copy(row, 1, l->account_name, sizeof(l->account_name)) : r;
}

int dat_conn_account(struct sql_conn *c, const char *ref, const char *device_id, int64_t now,
		struct dat_conn *l)
{
	return sql_one(c,
			"SELECT a.guid, a.name FROM audit_ref f JOIN account a ON a.guid = "
			"f.account_guid WHERE f.ref = $1 AND f.device_id = $2 AND f.expires_at > $3",
			SQL_P(SQL_T(ref), SQL_T(device_id), SQL_I(now)), read_account, l);
}

int dat_conn_lost(struct sql_conn *c, int64_t now, int64_t *ret)
{
	/* only what is old enough to have been in a sign of life that was written */
	return sql_change(c,
			"UPDATE audit_conn SET end_at = $1, end_reason = 'lost' WHERE end_at = 0 AND "
			"created_at < $2 AND NOT EXISTS (SELECT 1 FROM device d WHERE d.id = "
			"audit_conn.device_id AND d.last_online >= $2 AND (d.last_online < "
			"audit_conn.created_at + $3 OR EXISTS (SELECT 1 FROM device_conn k WHERE "
			"k.device_guid = d.guid AND k.conn_id = audit_conn.conn_id)))",
			SQL_P(SQL_I(now), SQL_I(now - GONE_MS - WRITTEN_MS), SQL_I(GONE_MS)), ret);
}
