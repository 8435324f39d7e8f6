/* admin/data/beats: kept apart from devices, since it is written all the time. */
#include "admin/data/beats.h"
#include "admin/data/changes.h"
#include "shared/base/macros.h"

/* Nobody waits longer for a connection that never showed. */
#define END_MS (60ll * 1000)
#define ENDS_MAX 256u

static int read_beat(const struct sql_row *row, void *arg)
{
	struct dat_beat *b = arg;

	b->status = (enum dat_device_status)sql_int(row, 1);
	b->sysinfo_wanted = sql_int(row, 2) != 0 || sql_int(row, 3) == 0;
	b->ends = sql_int(row, 4) != 0;
	return sql_copy(row, 0, b->guid, sizeof(b->guid));
}

int dat_beat_get(struct sql_conn *c, const char *id, const char *uuid, struct dat_beat *ret)
{
	struct dat_beat b = { 0 };
	int r = sql_one(c,
			"SELECT d.guid, d.status, d.sysinfo_wanted, d.sysinfo_at, (SELECT count(*) "
			"FROM disconnect_request r WHERE r.device_guid = d.guid) FROM device d "
			"WHERE d.id = $1 AND d.uuid = $2",
			SQL_P(SQL_T(id), SQL_T(uuid)), read_beat, &b);

	if (r == HWS_OK)
		*ret = b;
	return r;
}

static int put_one(struct sql_conn *c, const struct dat_conns *d)
{
	int64_t here = 0;
	int r = sql_number(c, "SELECT count(*) FROM device WHERE guid = $1", SQL_P(SQL_T(d->guid)),
			&here);

	/* removed meanwhile */
	for (size_t i = 0; i < d->n && r == HWS_OK && here; i++)
		r = sql_run(c,
				"INSERT INTO device_conn (device_guid, conn_id, first_seen, "
				"last_seen) VALUES ($1, $2, $3, $3) ON CONFLICT (device_guid, "
				"conn_id) DO UPDATE SET last_seen = excluded.last_seen WHERE "
				"device_conn.last_seen < excluded.last_seen",
				SQL_P(SQL_T(d->guid), SQL_I(d->conn[i]), SQL_I(d->at)));
	if (r == HWS_OK && here)
		r = sql_run(c, "DELETE FROM device_conn WHERE device_guid = $1 AND last_seen < $2",
				SQL_P(SQL_T(d->guid), SQL_I(d->at)));
	return r;
}

int dat_conns_put(struct sql_conn *c, const struct dat_conns *list, size_t n)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == HWS_OK; i++)
		r = put_one(c, &list[i]);
	return dat_tx_end(&tx, r);
}

int dat_conns_count(struct sql_conn *c, const char *guid, int64_t *ret)
{
	return sql_number(c, "SELECT count(*) FROM device_conn WHERE device_guid = $1",
			SQL_P(SQL_T(guid)), ret);
}

int dat_device_online_count(struct sql_conn *c, int64_t since, int64_t *ret)
{
	return sql_number(c, "SELECT count(*) FROM device WHERE last_online >= $1",
			SQL_P(SQL_I(since)), ret);
}

/* --- ending ----------------------------------------------------------------------------------- */

static int ask(struct sql_conn *c, const char *guid, int64_t conn_id, const char *by, int64_t now)
{
	return sql_run(c,
			"INSERT INTO disconnect_request (device_guid, conn_id, requested_by, "
			"requested_at) VALUES ($1, $2, $3, $4) ON CONFLICT (device_guid, conn_id) DO "
			"UPDATE SET requested_by = excluded.requested_by, requested_at = "
			"excluded.requested_at",
			SQL_P(SQL_T(guid), SQL_I(conn_id), SQL_T(by), SQL_I(now)));
}

int dat_end_ask(struct sql_conn *c, const char *guid, int64_t conn_id, const char *by, int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = ask(c, guid, conn_id, by, now);
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_DEVICE, guid);
	return dat_tx_end(&tx, r);
}

struct wish {
	int64_t conn_id, requested_at, sent_at;
	char by[DAT_NAME_TEXT];
};
struct wishes {
	struct wish w[ENDS_MAX];
	size_t n;
};

static int read_wish(const struct sql_row *row, void *arg)
{
	struct wishes *all = arg;
	struct wish *w = &all->w[all->n++];

	w->conn_id = sql_int(row, 0);
	w->requested_at = sql_int(row, 1);
	w->sent_at = sql_int(row, 2);
	return sql_copy(row, 3, w->by, sizeof(w->by));
}

static bool has_conn(const int32_t *conn, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (conn[i] == id)
			return true;
	}
	return false;
}

static int drop_wish(struct sql_conn *c, const char *guid, int64_t conn_id)
{
	return sql_run(c, "DELETE FROM disconnect_request WHERE device_guid = $1 AND conn_id = $2",
			SQL_P(SQL_T(guid), SQL_I(conn_id)));
}

/* A wish for all becomes one for each that there is: what connects after it is meant by nobody. */
static int spread(struct sql_conn *c, const char *guid, const struct wish *all, const int32_t *conn,
		size_t n, struct wishes *w)
{
	int r = drop_wish(c, guid, DAT_CONN_ALL);

	for (size_t i = 0; i < n && r == HWS_OK && w->n < ENDS_MAX; i++) {
		r = ask(c, guid, conn[i], all->by, all->requested_at);
		w->w[w->n++] = (struct wish){ conn[i], all->requested_at, 0, "" };
	}
	return r;
}

static int tell(struct sql_conn *c, const char *guid, const struct wish *w, int64_t now)
{
	return w->sent_at ? HWS_OK
			  : sql_run(c,
					    "UPDATE disconnect_request SET sent_at = $1 WHERE "
					    "device_guid = $2 AND conn_id = $3",
					    SQL_P(SQL_I(now), SQL_T(guid), SQL_I(w->conn_id)));
}

static int due(struct sql_conn *c, const char *guid, const int32_t *conn, size_t n, int64_t now,
		int32_t *ret, size_t *ret_n)
{
	struct wishes w = { .n = 0 };
	int r = sql_query(c,
			"SELECT conn_id, requested_at, sent_at, requested_by FROM "
			"disconnect_request WHERE device_guid = $1 ORDER BY conn_id LIMIT $2",
			SQL_P(SQL_T(guid), SQL_I(ENDS_MAX)), read_wish, &w);

	for (size_t i = 0; i < w.n && r == HWS_OK; i++) {
		const struct wish *one = &w.w[i];

		if (one->conn_id == DAT_CONN_ALL) {
			struct wish all = *one;

			r = spread(c, guid, &all, conn, n, &w);
		} else if (has_conn(conn, n, one->conn_id)) {
			if (*ret_n < n && !has_conn(ret, *ret_n, one->conn_id))
				ret[(*ret_n)++] = (int32_t)one->conn_id;
			r = tell(c, guid, one, now);
		} else if (one->sent_at || now - one->requested_at > END_MS) {
			r = drop_wish(c, guid, one->conn_id);
		}
	}
	return r;
}

int dat_end_due(struct sql_conn *c, const char *guid, const int32_t *conn, size_t n, int64_t now,
		int32_t *ret, size_t *ret_n)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	*ret_n = 0;
	return dat_tx_end(&tx, due(c, guid, conn, n, now, ret, ret_n));
}
