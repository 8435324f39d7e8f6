/* admin/data/tokens: an area that is not named in a token's scopes is closed to it. */
#include "admin/data/tokens.h"
#include "admin/data/keys.h"
#include "admin/data/name.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define TOUCH_MS (60ll * 1000)
#define TOKENS_MAX 1000

static const char *const areas[DAT_AREAS] = { "device", "audit", "user", "group", "strategy",
	"book", "rule", "relay", "recording", "setting" };

const char *dat_area_name(enum dat_area area)
{
	return areas[area];
}

int dat_area_parse(const char *name, enum dat_area *ret)
{
	for (unsigned i = 0; i < DAT_AREAS; i++) {
		if (hws_str_equal(areas[i], name)) {
			*ret = (enum dat_area)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

static int put_scopes(struct sql_conn *c, const char *guid, const enum dat_scope *scope)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < DAT_AREAS && r == HWS_OK; i++) {
		if (scope[i] == DAT_SCOPE_NONE)
			continue;
		r = sql_run(c,
				"INSERT INTO api_token_scope (token_guid, area, access) VALUES ($1, "
				"$2, $3)",
				SQL_P(SQL_T(guid), SQL_T(areas[i]),
						SQL_T(scope[i] == DAT_SCOPE_WRITE ? "rw" : "r")));
	}
	return r;
}

static int insert(struct sql_conn *c, const struct dat_token_new_row *in, int64_t now,
		const char *guid, const char *token)
{
	char hash[DAT_HASH_TEXT], prefix[9] = { 0 };
	int r;

	memcpy(prefix, token, sizeof(prefix) - 1);
	dat_token_hash(token, hash);
	r = sql_run(c,
			"INSERT INTO api_token (guid, name, token_hash, prefix, created_by, "
			"expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, "
			"$7)",
			SQL_P(SQL_T(guid), SQL_T(in->name), SQL_T(hash), SQL_T(prefix),
					SQL_T(in->account_guid), SQL_I(in->expires_at),
					SQL_I(now)));
	return r == HWS_OK ? put_scopes(c, guid, in->scope) : r;
}

int dat_token_add(struct sql_conn *c, const struct dat_token_new_row *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT], char ret_token[DAT_TOKEN_TEXT])
{
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT];
	struct dat_tx tx;
	int64_t n = 0;
	int r = dat_name_key(in->name, key);

	if (r == HWS_OK && in->expires_at && in->expires_at <= now)
		r = HWS_ERR_RANGE;
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	dat_token_new(token);
	r = sql_number(c, "SELECT count(*) FROM api_token", SQL_NONE, &n);
	if (r == HWS_OK && n >= TOKENS_MAX)
		r = HWS_ERR_FULL;
	if (r == HWS_OK)
		r = insert(c, in, now, guid, token);
	r = dat_tx_end(&tx, r);
	if (r == HWS_OK)
		r = hws_str_copy(ret_guid, DAT_GUID_TEXT, guid);
	if (r == HWS_OK)
		r = hws_str_copy(ret_token, DAT_TOKEN_TEXT, token);
	hws_wipe(token, sizeof(token));
	return r;
}

static int read_token(const struct sql_row *row, void *arg)
{
	struct dat_token *t = arg;
	int r = sql_copy(row, 0, t->guid, sizeof(t->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, t->name, sizeof(t->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, t->prefix, sizeof(t->prefix));
	if (r == HWS_OK)
		r = sql_copy(row, 3, t->account_guid, sizeof(t->account_guid));
	t->enabled = sql_int(row, 4) != 0;
	t->expires_at = sql_int(row, 5);
	t->last_used_at = sql_int(row, 6);
	if (r == HWS_OK)
		r = sql_copy(row, 7, t->last_ip, sizeof(t->last_ip));
	t->created_at = sql_int(row, 8);
	t->updated_at = sql_int(row, 9);
	if (r == HWS_OK)
		r = sql_copy(row, 10, t->account_name, sizeof(t->account_name));
	if (r == HWS_OK && dat_role_parse(sql_text(row, 11), &t->account_role) < 0)
		r = HWS_ERR_CORRUPT;
	return r;
}

static int read_scope(const struct sql_row *row, void *arg)
{
	struct dat_token *t = arg;
	enum dat_area area;

	/* an area that a newer program knows gives nothing here */
	if (dat_area_parse(sql_text(row, 0), &area) == HWS_OK)
		t->scope[area] = hws_str_equal(sql_text(row, 1), "rw") ? DAT_SCOPE_WRITE
								       : DAT_SCOPE_READ;
	return HWS_OK;
}

static int read_scopes(struct sql_conn *c, struct dat_token *t)
{
	return sql_query(c, "SELECT area, access FROM api_token_scope WHERE token_guid = $1",
			SQL_P(SQL_T(t->guid)), read_scope, t);
}

#define COLUMNS                                                                                    \
	"SELECT k.guid, k.name, k.prefix, k.created_by, k.enabled, k.expires_at, "                 \
	"k.last_used_at, k.last_ip, k.created_at, k.updated_at, a.name, a.role FROM api_token k "  \
	"JOIN account a ON a.guid = k.created_by "

int dat_token_check(struct sql_conn *c, const char *token, const char *ip, int64_t now,
		struct dat_token *ret, struct dat_account *ret_account)
{
	struct dat_token t = { 0 };
	char hash[DAT_HASH_TEXT];
	int r = dat_text_check(ip, DAT_IP_TEXT, false);

	if (r < 0)
		return r;
	if (strnlen(token, DAT_TOKEN_TEXT) != DAT_TOKEN_TEXT - 1)
		return HWS_ERR_DENIED;
	dat_token_hash(token, hash);
	r = sql_one(c, COLUMNS "WHERE k.token_hash = $1", SQL_P(SQL_T(hash)), read_token, &t);
	if (r == HWS_OK && (!t.enabled || (t.expires_at && t.expires_at <= now)))
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = dat_account_get(c, t.account_guid, ret_account);
	if (r == HWS_OK && ret_account->status != DAT_ENABLED)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = read_scopes(c, &t);
	if (r == HWS_OK && now - t.last_used_at >= TOUCH_MS)
		r = dat_touched(c,
				sql_run(c,
						"UPDATE api_token SET last_used_at = $1, last_ip = "
						"$2 WHERE guid = $3",
						SQL_P(SQL_I(now), SQL_T(ip), SQL_T(t.guid))));
	if (r == HWS_OK)
		*ret = t;
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_token_get(struct sql_conn *c, const char *guid, struct dat_token *ret)
{
	struct dat_token t = { 0 };
	int r = sql_one(c, COLUMNS "WHERE k.guid = $1", SQL_P(SQL_T(guid)), read_token, &t);

	if (r == HWS_OK)
		r = read_scopes(c, &t);
	if (r == HWS_OK)
		*ret = t;
	return r;
}

static int change_row(struct sql_conn *c, const char *guid, const struct dat_token_change *ch,
		int64_t now)
{
	char key[DAT_NAME_KEY_TEXT];
	int r = ch->name ? dat_name_key(ch->name, key) : HWS_OK;

	if (r == HWS_OK && ch->expires_at > 0 && ch->expires_at <= now)
		r = HWS_ERR_RANGE;
	if (r == HWS_OK)
		r = dat_change_one(c, "UPDATE api_token SET updated_at = $1 WHERE guid = $2",
				SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK && ch->name)
		r = dat_change_one(c, "UPDATE api_token SET name = $1 WHERE guid = $2",
				SQL_P(SQL_T(ch->name), SQL_T(guid)));
	if (r == HWS_OK && ch->expires_at >= 0)
		r = dat_change_one(c, "UPDATE api_token SET expires_at = $1 WHERE guid = $2",
				SQL_P(SQL_I(ch->expires_at), SQL_T(guid)));
	if (r == HWS_OK && ch->enabled >= 0)
		r = dat_change_one(c, "UPDATE api_token SET enabled = $1 WHERE guid = $2",
				SQL_P(SQL_I(ch->enabled != 0), SQL_T(guid)));
	return r;
}

int dat_token_change(struct sql_conn *c, const char *guid, const struct dat_token_change *ch,
		int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = change_row(c, guid, ch, now);
	if (r == HWS_OK && ch->scope)
		r = sql_run(c, "DELETE FROM api_token_scope WHERE token_guid = $1",
				SQL_P(SQL_T(guid)));
	if (r == HWS_OK && ch->scope)
		r = put_scopes(c, guid, ch->scope);
	return dat_tx_end(&tx, r);
}

int dat_token_enable(struct sql_conn *c, const char *guid, bool on)
{
	return dat_change_one(c, "UPDATE api_token SET enabled = $1 WHERE guid = $2",
			SQL_P(SQL_I(on), SQL_T(guid)));
}

int dat_token_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM api_token WHERE guid = $1", SQL_P(SQL_T(guid)));
}

struct list {
	struct dat_token *rows;
	size_t n;
};

static int list_row(const struct sql_row *row, void *arg)
{
	struct list *l = arg;

	return l->n < TOKENS_MAX ? read_token(row, &l->rows[l->n++]) : HWS_ERR_TOOBIG;
}

int dat_token_list(struct sql_conn *c, const char *account_guid, dat_token_fn fn, void *arg)
{
	/* their scopes are read when the list has ended: one statement at a time */
	struct list l = { .rows = hws_alloc_array(TOKENS_MAX, sizeof(*l.rows)) };
	int r = HWS_ERR_NOMEM;

	if (l.rows)
		r = sql_query(c,
				COLUMNS "WHERE ($1 = '' OR k.created_by = $1) ORDER BY "
					"k.created_at, k.guid LIMIT $2",
				SQL_P(SQL_T(account_guid), SQL_I(TOKENS_MAX)), list_row, &l);
	for (size_t i = 0; i < l.n && r == HWS_OK; i++) {
		r = read_scopes(c, &l.rows[i]);
		if (r == HWS_OK)
			r = fn(&l.rows[i], arg);
	}
	hws_free(l.rows);
	return r;
}
