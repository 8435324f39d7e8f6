/* admin/data/refs: a reference is 122 bits of chance, and holds for one device only: who has seen
 * one cannot give connections of other devices an account. */
#include "admin/data/refs.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#define LIFE_MS ((int64_t)10 * 60 * 1000)
#define YOUNG_MS ((int64_t)30 * 1000) /* from the answer to the first word of a session */
#define SWEEP 1000

int dat_ref_make(struct sql_conn *c, const char *account_guid, const char *session_guid,
		const char *device_id, int64_t now, char ret[DAT_REF_TEXT])
{
	int r = dat_text_check(device_id, DAT_ID_TEXT, false);

	if (r < 0)
		return r;
	hws_rand_uuid(ret, DAT_REF_TEXT);
	return sql_run(c,
			"INSERT INTO audit_ref (ref, account_guid, session_guid, device_id, "
			"expires_at) VALUES ($1, $2, $3, $4, $5)",
			SQL_P(SQL_T(ret), SQL_T(account_guid), SQL_T(session_guid),
					SQL_T(device_id), SQL_I(now + LIFE_MS)));
}

static int read_ref(const struct sql_row *row, void *arg)
{
	struct dat_ref *ref = arg;
	int r = sql_copy(row, 0, ref->account_guid, sizeof(ref->account_guid));

	return r == HWS_OK ? sql_copy(row, 1, ref->session_guid, sizeof(ref->session_guid)) : r;
}

int dat_ref_take(struct sql_conn *c, const char *ref, const char *device_id, int64_t now,
		struct dat_ref *ret)
{
	struct dat_ref got = { 0 };
	int r = sql_one(c,
			"SELECT account_guid, session_guid FROM audit_ref WHERE ref = $1 AND "
			"device_id = $2 AND expires_at > $3",
			SQL_P(SQL_T(ref), SQL_T(device_id), SQL_I(now)), read_ref, &got);

	if (r == HWS_OK)
		*ret = got;
	return r;
}

static int read_id(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_ID_TEXT);
}

int dat_ref_last(
		struct sql_conn *c, const char *session_guid, int64_t now, char ret_id[DAT_ID_TEXT])
{
	return sql_one(c,
			"SELECT device_id FROM audit_ref WHERE session_guid = $1 AND expires_at > "
			"$2 ORDER BY expires_at DESC, ref LIMIT 1",
			SQL_P(SQL_T(session_guid), SQL_I(now)), read_id, ret_id);
}

/* A session that has ended counts no more, whatever it had asked for. */
int dat_ref_young(struct sql_conn *c, const char *account_guid, const char *session_guid,
		const char *device_id, int64_t now, int64_t *ret)
{
	return sql_number(c,
			"SELECT count(*) FROM (SELECT DISTINCT f.session_guid, f.device_id FROM "
			"audit_ref f JOIN auth_session s ON s.guid = f.session_guid WHERE "
			"f.account_guid = $1 AND f.expires_at > $2 AND NOT (f.session_guid = $3 AND "
			"f.device_id = $4)) young",
			SQL_P(SQL_T(account_guid), SQL_I(now + LIFE_MS - YOUNG_MS),
					SQL_T(session_guid), SQL_T(device_id)),
			ret);
}

int dat_ref_begun(struct sql_conn *c, const char *session_guid, const char *device_id, int64_t now)
{
	return sql_run(c,
			"UPDATE audit_ref SET expires_at = $1 WHERE session_guid = $2 AND device_id "
			"= $3 AND expires_at > $1",
			SQL_P(SQL_I(now + LIFE_MS - YOUNG_MS), SQL_T(session_guid),
					SQL_T(device_id)));
}

int dat_ref_sweep(struct sql_conn *c, int64_t now, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM audit_ref WHERE ref IN (SELECT ref FROM audit_ref WHERE "
			"expires_at <= $1 LIMIT $2)",
			SQL_P(SQL_I(now), SQL_I(SWEEP)), ret);
}
