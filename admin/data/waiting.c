/* admin/data/waiting: who waits is marked in `deployed_by` by the network that it came from; when
 * it was heard of last is `updated_at`. One that is pending without that mark may register at its
 * ID server, and must stay: without a row it would be a device of nobody. */
#include "admin/data/waiting.h"
#include "admin/data/devices.h"
#include "shared/base/str.h"

#include <arpa/inet.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define FRESH_MS ((int64_t)60 * 1000) /* so exactly it is known */
#define SWEEP 200
#define MARK "waits "
#define MARK_TEXT (sizeof(MARK) + DAT_IP_TEXT)
/* Whom nobody has begun to give a place. */
#define WAITS                                                                                      \
	"status = 2 AND deployed_by LIKE 'waits %' AND owner_guid IS NULL AND device_group_guid "  \
	"IS NULL"

static int mark_of(const char *ip, char buf[MARK_TEXT])
{
	uint8_t a[16] = { 0 };
	char net[DAT_IP_TEXT] = "";
	bool six = strchr(ip, ':') != NULL;

	if (inet_pton(six ? AF_INET6 : AF_INET, ip, a) == 1) {
		memset(a + (six ? 8 : 3), 0, six ? 8 : 1);
		if (!inet_ntop(six ? AF_INET6 : AF_INET, a, net, sizeof(net)))
			return HWS_ERR_INVAL;
	}
	return hws_fmt(buf, MARK_TEXT, MARK "%s", net);
}

int dat_waiting_again(
		struct sql_conn *c, const char *id, const char *uuid, const char *key, int64_t now)
{
	struct dat_device d;
	int r = dat_device_find(c, id, &d);

	if (r == HWS_OK && !hws_str_equal(d.uuid, uuid))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK)
		r = sql_run(c,
				"UPDATE device SET updated_at = $1 WHERE guid = $2 AND updated_at < $3 "
				"AND " WAITS,
				SQL_P(SQL_I(now), SQL_T(d.guid), SQL_I(now - FRESH_MS)));
	if (r == HWS_OK && *key && !hws_str_equal(d.key, key) &&
			(!*d.key || d.status == DAT_DEVICE_PENDING))
		r = dat_device_set_key(c, d.guid, key, now);
	return r;
}

/* `mark` NULL: of all. */
static int make_room(struct sql_conn *c, const char *mark, int64_t most)
{
	char guid[DAT_GUID_TEXT];
	int64_t n = 0;
	int r = mark ? sql_number(c,
				       "SELECT count(*) FROM device WHERE " WAITS
				       " AND deployed_by = $1",
				       SQL_P(SQL_T(mark)), &n)
		     : sql_number(c, "SELECT count(*) FROM device WHERE " WAITS, SQL_NONE, &n);

	if (r < 0 || n < most)
		return r;
	r = mark ? sql_one(c,
				   "SELECT guid FROM device WHERE " WAITS
				   " AND deployed_by = $1 ORDER BY updated_at, id LIMIT 1",
				   SQL_P(SQL_T(mark)), dat_guid_row, guid)
		 : sql_one(c,
				   "SELECT guid FROM device WHERE " WAITS
				   " ORDER BY updated_at, id LIMIT 1",
				   SQL_NONE, dat_guid_row, guid);
	return r == HWS_OK ? dat_device_remove(c, guid) : r;
}

int dat_waiting_room(struct sql_conn *c, const char *ip)
{
	char mark[MARK_TEXT];
	struct dat_tx tx;
	int r = mark_of(ip, mark);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = make_room(c, mark, DAT_WAITING_NET_MAX);
	if (r == HWS_OK)
		r = make_room(c, NULL, DAT_WAITING_MAX);
	return dat_tx_end(&tx, r);
}

int dat_waiting_mark(struct sql_conn *c, const char *guid, const char *ip, int64_t now)
{
	char mark[MARK_TEXT];
	int r = mark_of(ip, mark);

	return r == HWS_OK ? sql_run(c,
					     "UPDATE device SET deployed_by = $1, updated_at = $2 "
					     "WHERE guid = $3 AND status = 2",
					     SQL_P(SQL_T(mark), SQL_I(now), SQL_T(guid)))
			   : r;
}

int dat_waiting_over(struct sql_conn *c, const char *guid)
{
	return sql_run(c,
			"UPDATE device SET deployed_by = '' WHERE guid = $1 AND deployed_by <> ''",
			SQL_P(SQL_T(guid)));
}

struct ended {
	char guid[SWEEP][DAT_GUID_TEXT];
	size_t n;
};

static int keep_guid(const struct sql_row *row, void *arg)
{
	struct ended *e = arg;

	return sql_copy(row, 0, e->guid[e->n++], DAT_GUID_TEXT);
}

int dat_waiting_sweep(struct sql_conn *c, int64_t now)
{
	struct ended e = { .n = 0 };
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = sql_query(c,
			"SELECT guid FROM device WHERE " WAITS
			" AND updated_at <= $1 ORDER BY updated_at, id LIMIT $2",
			SQL_P(SQL_I(now - DAY_MS), SQL_I(SWEEP)), keep_guid, &e);
	for (size_t i = 0; i < e.n && r == HWS_OK; i++)
		r = dat_device_remove(c, e.guid[i]);
	return dat_tx_end(&tx, r);
}
