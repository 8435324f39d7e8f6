/* admin/data/sessions: a session lives while its epoch is the account's, so that all of them end by
 * one number. */
#include "admin/data/sessions.h"
#include "admin/data/keys.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

/* A client asks every few seconds: that it was used is written this seldom. */
#define TOUCH_MS (60ll * 1000)
#define SESSIONS_OF_ONE 200
#define SWEEP 1000

static const struct {
	const char *name;
	int64_t life_ms;
} kinds[DAT_SESSION_KINDS] = {
	[DAT_SESSION_CLIENT] = { "client", 90 * DAT_DAY_MS },
	[DAT_SESSION_BROWSER] = { "browser", DAT_DAY_MS / 2 },
	[DAT_SESSION_CONSOLE] = { "console", DAT_DAY_MS / 2 },
};

static int check_texts(const struct dat_session_new *in)
{
	int r = dat_text_check(hws_str_or_empty(in->device_id), DAT_ID_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->device_uuid), DAT_UUID_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->os), DAT_SHORT_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->device_name), DAT_NAME_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->ip), DAT_IP_TEXT, false);
	return r;
}

/* Whoever logs in again and again holds no more than so many. */
static int make_room(struct sql_conn *c, const struct dat_session_new *in)
{
	int r = HWS_OK;

	if (in->device_uuid && *in->device_uuid)
		r = sql_run(c,
				"DELETE FROM auth_session WHERE account_guid = $1 AND kind = $2 AND "
				"device_id = $3 AND device_uuid = $4",
				SQL_P(SQL_T(in->account_guid), SQL_T(kinds[in->kind].name),
						SQL_T(hws_str_or_empty(in->device_id)),
						SQL_T(in->device_uuid)));
	if (r == HWS_OK)
		r = sql_run(c,
				"DELETE FROM auth_session WHERE guid IN (SELECT guid FROM "
				"auth_session WHERE account_guid = $1 ORDER BY last_used_at DESC "
				"LIMIT 1000 OFFSET $2)",
				SQL_P(SQL_T(in->account_guid), SQL_I(SESSIONS_OF_ONE - 1)));
	return r;
}

static int insert(struct sql_conn *c, const struct dat_session_new *in, int64_t now,
		const char *token)
{
	int64_t life_ms = in->life_ms > 0 ? in->life_ms : kinds[in->kind].life_ms;
	char hash[DAT_HASH_TEXT], guid[DAT_GUID_TEXT];
	int r;

	dat_token_hash(token, hash);
	hws_rand_uuid(guid, sizeof(guid));
	r = dat_change_one(c,
			"INSERT INTO auth_session (guid, token_hash, account_guid, epoch, kind, "
			"device_id, device_uuid, os, device_name, ip, created_at, last_used_at, "
			"expires_at, life_ms) SELECT $1, $2, guid, session_epoch, $3, $4, $5, $6, "
			"$7, $8, $9, $9, $10, $11 FROM account WHERE guid = $12 AND status = 1 AND "
			"($13 < 0 OR session_epoch = $13)",
			SQL_P(SQL_T(guid), SQL_T(hash), SQL_T(kinds[in->kind].name),
					SQL_T(hws_str_or_empty(in->device_id)),
					SQL_T(hws_str_or_empty(in->device_uuid)),
					SQL_T(hws_str_or_empty(in->os)),
					SQL_T(hws_str_or_empty(in->device_name)),
					SQL_T(hws_str_or_empty(in->ip)), SQL_I(now),
					SQL_I(now + life_ms), SQL_I(life_ms),
					SQL_T(in->account_guid),
					SQL_I(in->proved ? in->proved->session_epoch : -1)));
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_session_add(struct sql_conn *c, const struct dat_session_new *in, int64_t now,
		char ret_token[DAT_TOKEN_TEXT])
{
	char token[DAT_TOKEN_TEXT];
	struct dat_tx tx;
	int r = check_texts(in);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	dat_token_new(token);
	r = make_room(c, in);
	if (r == HWS_OK)
		r = insert(c, in, now, token);
	r = dat_tx_end(&tx, r);
	if (r == HWS_OK)
		r = hws_str_copy(ret_token, DAT_TOKEN_TEXT, token);
	hws_wipe(token, sizeof(token));
	return r;
}

struct found {
	struct dat_session s;
	char account_guid[DAT_GUID_TEXT];
	int64_t epoch, life_ms;
};

static int read_session(const struct sql_row *row, struct dat_session *s)
{
	int r = sql_copy(row, 0, s->guid, sizeof(s->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 2, s->device_id, sizeof(s->device_id));
	if (r == HWS_OK)
		r = sql_copy(row, 3, s->device_uuid, sizeof(s->device_uuid));
	if (r == HWS_OK)
		r = sql_copy(row, 4, s->os, sizeof(s->os));
	if (r == HWS_OK)
		r = sql_copy(row, 5, s->device_name, sizeof(s->device_name));
	if (r == HWS_OK)
		r = sql_copy(row, 6, s->ip, sizeof(s->ip));
	s->created_at = sql_int(row, 7);
	s->last_used_at = sql_int(row, 8);
	s->expires_at = sql_int(row, 9);
	s->kind = DAT_SESSION_KINDS;
	for (unsigned i = 0; i < DAT_SESSION_KINDS; i++) {
		if (hws_str_equal(kinds[i].name, sql_text(row, 1)))
			s->kind = (enum dat_session_kind)i;
	}
	return r == HWS_OK && s->kind == DAT_SESSION_KINDS ? HWS_ERR_CORRUPT : r;
}

#define COLUMNS                                                                                    \
	"SELECT guid, kind, device_id, device_uuid, os, device_name, ip, created_at, "             \
	"last_used_at, expires_at, account_guid, epoch, life_ms FROM auth_session "

static int read_found(const struct sql_row *row, void *arg)
{
	struct found *f = arg;
	int r = read_session(row, &f->s);

	f->epoch = sql_int(row, 11);
	f->life_ms = sql_int(row, 12);
	return r == HWS_OK ? sql_copy(row, 10, f->account_guid, sizeof(f->account_guid)) : r;
}

int dat_session_check(struct sql_conn *c, const char *token, int64_t now, struct dat_session *ret,
		struct dat_account *ret_account)
{
	struct found f = { 0 };
	char hash[DAT_HASH_TEXT];
	int r;

	if (strnlen(token, DAT_TOKEN_TEXT) != DAT_TOKEN_TEXT - 1)
		return HWS_ERR_DENIED;
	dat_token_hash(token, hash);
	r = sql_one(c, COLUMNS "WHERE token_hash = $1", SQL_P(SQL_T(hash)), read_found, &f);
	if (r == HWS_OK && f.s.expires_at <= now)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = dat_account_get(c, f.account_guid, ret_account);
	if (r == HWS_OK &&
			(ret_account->session_epoch != f.epoch ||
					ret_account->status != DAT_ENABLED))
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK && now - f.s.last_used_at >= TOUCH_MS) {
		int64_t until = now + f.life_ms;

		r = sql_run(c,
				"UPDATE auth_session SET last_used_at = $1, expires_at = $2 WHERE "
				"guid = $3",
				SQL_P(SQL_I(now), SQL_I(until), SQL_T(f.s.guid)));
		if (r == HWS_OK) {
			f.s.last_used_at = now;
			f.s.expires_at = until;
		}
		r = dat_touched(c, r);
	}
	if (r == HWS_OK)
		*ret = f.s;
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_session_keep(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c,
			"UPDATE auth_session SET epoch = (SELECT session_epoch FROM account a WHERE "
			"a.guid = account_guid) WHERE guid = $1",
			SQL_P(SQL_T(guid)));
}

int dat_session_end(struct sql_conn *c, const char *token)
{
	char hash[DAT_HASH_TEXT];

	dat_token_hash(token, hash);
	return dat_change_one(
			c, "DELETE FROM auth_session WHERE token_hash = $1", SQL_P(SQL_T(hash)));
}

int dat_session_end_guid(struct sql_conn *c, const char *account_guid, const char *guid)
{
	return dat_change_one(c, "DELETE FROM auth_session WHERE account_guid = $1 AND guid = $2",
			SQL_P(SQL_T(account_guid), SQL_T(guid)));
}

struct list {
	dat_session_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_session s = { 0 };
	int r = read_session(row, &s);

	return r == HWS_OK ? l->fn(&s, l->arg) : r;
}

int dat_session_list(struct sql_conn *c, const char *account_guid, int64_t now, dat_session_fn fn,
		void *arg)
{
	struct list l = { fn, arg };

	return sql_query(c,
			COLUMNS "WHERE account_guid = $1 AND expires_at > $2 AND epoch = (SELECT "
				"session_epoch FROM account a WHERE a.guid = account_guid) ORDER "
				"BY last_used_at DESC LIMIT 1000",
			SQL_P(SQL_T(account_guid), SQL_I(now)), list_row, &l);
}

int dat_session_sweep(struct sql_conn *c, int64_t now, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM auth_session WHERE guid IN (SELECT guid FROM auth_session "
			"WHERE expires_at <= $1 LIMIT $2)",
			SQL_P(SQL_I(now), SQL_I(SWEEP)), ret);
}
