/* admin/data/links: the row is marked as used, not removed, so that a sweep and not a race decides
 * when it goes. */
#include "admin/data/links.h"
#include "admin/data/keys.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

#define SWEEP 1000

static const char *const kinds[DAT_LINK_KINDS] = {
	[DAT_LINK_SETUP] = "setup",
	[DAT_LINK_INVITATION] = "invitation",
	[DAT_LINK_PASSWORD] = "password",
};

/* A column with a foreign key: nobody is null there. */
static const char *or_null(const char *s)
{
	return s && *s ? s : NULL;
}

static int check_texts(const struct dat_link_new *in)
{
	int r = dat_text_check(hws_str_or_empty(in->email), DAT_EMAIL_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->name), DAT_NAME_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->note), DAT_NOTE_TEXT, true);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->made_by), DAT_NAME_TEXT, false);
	return r;
}

static int insert(struct sql_conn *c, const struct dat_link_new *in, int64_t now, const char *hash)
{
	int r = sql_run(c,
			"DELETE FROM one_time_link WHERE kind = $1 AND COALESCE(account_guid, '') "
			"= $2 AND email = $3",
			SQL_P(SQL_T(kinds[in->kind]), SQL_T(hws_str_or_empty(in->account_guid)),
					SQL_T(hws_str_or_empty(in->email))));

	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO one_time_link (token_hash, kind, account_guid, email, "
				"name, user_group_guid, note, made_by, expires_at) VALUES ($1, $2, "
				"$3, $4, $5, $6, $7, $8, $9)",
				SQL_P(SQL_T(hash), SQL_T(kinds[in->kind]),
						SQL_T(or_null(in->account_guid)),
						SQL_T(hws_str_or_empty(in->email)),
						SQL_T(hws_str_or_empty(in->name)),
						SQL_T(or_null(in->group_guid)),
						SQL_T(hws_str_or_empty(in->note)),
						SQL_T(hws_str_or_empty(in->made_by)),
						SQL_I(now + DAT_LINK_MS)));
	return r;
}

int dat_link_add(struct sql_conn *c, const struct dat_link_new *in, int64_t now,
		char ret_token[DAT_TOKEN_TEXT])
{
	char token[DAT_TOKEN_TEXT], hash[DAT_HASH_TEXT];
	struct dat_tx tx;
	int r = check_texts(in);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	dat_token_new(token);
	dat_token_hash(token, hash);
	r = dat_tx_end(&tx, insert(c, in, now, hash));
	if (r == HWS_OK)
		r = hws_str_copy(ret_token, DAT_TOKEN_TEXT, token);
	hws_wipe(token, sizeof(token));
	return r;
}

#define COLUMNS "account_guid, email, name, user_group_guid, note, made_by, expires_at"

static int read_link(const struct sql_row *row, void *arg)
{
	struct dat_link *l = arg;
	int r = sql_copy(row, 0, l->account_guid, sizeof(l->account_guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, l->email, sizeof(l->email));
	if (r == HWS_OK)
		r = sql_copy(row, 2, l->name, sizeof(l->name));
	if (r == HWS_OK)
		r = sql_copy(row, 3, l->group_guid, sizeof(l->group_guid));
	if (r == HWS_OK)
		r = sql_copy(row, 4, l->note, sizeof(l->note));
	if (r == HWS_OK)
		r = sql_copy(row, 5, l->made_by, sizeof(l->made_by));
	l->expires_at = sql_int(row, 6);
	return r;
}

static int find(struct sql_conn *c, const char *text, enum dat_link_kind kind, const char *token,
		int64_t now, struct dat_link *ret)
{
	struct dat_link l = { .kind = kind };
	char hash[DAT_HASH_TEXT];
	int r;

	if (strnlen(token, DAT_TOKEN_TEXT) != DAT_TOKEN_TEXT - 1)
		return HWS_ERR_DENIED;
	dat_token_hash(token, hash);
	r = sql_one(c, text, SQL_P(SQL_I(now), SQL_T(hash), SQL_T(kinds[kind])), read_link, &l);
	if (r == HWS_OK)
		*ret = l;
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_link_get(struct sql_conn *c, enum dat_link_kind kind, const char *token, int64_t now,
		struct dat_link *ret)
{
	return find(c,
			"SELECT " COLUMNS " FROM one_time_link WHERE used_at = 0 AND expires_at > "
			"$1 AND token_hash = $2 AND kind = $3",
			kind, token, now, ret);
}

int dat_link_use(struct sql_conn *c, enum dat_link_kind kind, const char *token, int64_t now,
		struct dat_link *ret)
{
	return find(c,
			"UPDATE one_time_link SET used_at = $1 WHERE used_at = 0 AND expires_at > "
			"$1 AND token_hash = $2 AND kind = $3 RETURNING " COLUMNS,
			kind, token, now, ret);
}

int dat_link_end(struct sql_conn *c, enum dat_link_kind kind)
{
	return sql_run(c, "DELETE FROM one_time_link WHERE kind = $1", SQL_P(SQL_T(kinds[kind])));
}

int dat_link_sweep(struct sql_conn *c, int64_t now, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM one_time_link WHERE token_hash IN (SELECT token_hash FROM "
			"one_time_link WHERE expires_at <= $1 OR used_at > 0 LIMIT $2)",
			SQL_P(SQL_I(now), SQL_I(SWEEP)), ret);
}
