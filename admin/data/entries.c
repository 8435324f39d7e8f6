/* admin/data/entries: what stands in an address book. An id is there once, beside any number of it
 * in the bin. */
#include "admin/data/books.h"
#include "admin/data/name.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

/* Bounds of the parts, and signs between them. */
#define SEARCH_TEXT 8192

static int check_change(const struct dat_entry_change *ch)
{
	const struct {
		const char *s;
		size_t size;
	} texts[] = { { ch->id, DAT_ID_TEXT }, { ch->new_id, DAT_ID_TEXT },
		{ ch->alias, DAT_NAME_TEXT }, { ch->note, DAT_NOTE_TEXT },
		{ ch->username, DAT_NAME_TEXT }, { ch->hostname, DAT_NAME_TEXT },
		{ ch->platform, DAT_SHORT_TEXT }, { ch->rdp_port, DAT_PORT_TEXT },
		{ ch->rdp_username, DAT_NAME_TEXT }, { ch->login_name, DAT_NAME_TEXT },
		{ ch->device_group_name, DAT_NAME_TEXT }, { ch->hash, DAT_SECRET_TEXT },
		{ ch->password, DAT_SECRET_TEXT } };
	int r = ch->id && *ch->id && (!ch->new_id || *ch->new_id) ? HWS_OK : HWS_ERR_INVAL;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = texts[i].s ? dat_text_check(texts[i].s, texts[i].size,
						 texts[i].size == DAT_NOTE_TEXT)
			       : HWS_OK;
	return r == HWS_OK && ch->tags && ch->n_tags > DAT_ENTRY_TAGS_MAX ? HWS_ERR_FULL : r;
}

static int find_live(
		struct sql_conn *c, const char *book_guid, const char *id, char guid[DAT_GUID_TEXT])
{
	return sql_one(c,
			"SELECT guid FROM ab_entry WHERE ab_guid = $1 AND id = $2 AND deleted_at = "
			"0",
			SQL_P(SQL_T(book_guid), SQL_T(id)), dat_guid_row, guid);
}

static int make(struct sql_conn *c, const char *book_guid, const char *id, int64_t now,
		char guid[DAT_GUID_TEXT])
{
	static const char count[] = "SELECT count(*) FROM ab_entry WHERE ab_guid = $1";
	int64_t n = 0, gone;
	int r = sql_number(c, count, SQL_P(SQL_T(book_guid)), &n);

	/* what lives goes before the bin */
	if (r == HWS_OK && n >= DAT_ENTRIES_MAX)
		r = dat_entry_sweep(c, book_guid, now + 1, &gone);
	if (r == HWS_OK && n >= DAT_ENTRIES_MAX)
		r = sql_number(c, count, SQL_P(SQL_T(book_guid)), &n);
	if (r == HWS_OK && n >= DAT_ENTRIES_MAX)
		return HWS_ERR_FULL;
	if (r < 0)
		return r;
	hws_rand_uuid(guid, DAT_GUID_TEXT);
	return sql_run(c,
			"INSERT INTO ab_entry (guid, ab_guid, id, created_at, updated_at) VALUES "
			"($1, $2, $3, $4, $4)",
			SQL_P(SQL_T(guid), SQL_T(book_guid), SQL_T(id), SQL_I(now)));
}

static int find_or_make(struct sql_conn *c, const char *book_guid, const char *id, int64_t now,
		char guid[DAT_GUID_TEXT])
{
	int r = find_live(c, book_guid, id, guid);

	return r == HWS_ERR_NOTFOUND ? make(c, book_guid, id, now, guid) : r;
}

static int set(struct sql_conn *c, const char *text, const char *value, const char *guid)
{
	return value ? dat_change_one(c, text, SQL_P(SQL_T(value), SQL_T(guid))) : HWS_OK;
}

static int set_sealed(struct sql_conn *c, const struct dat_keys *keys, const char *column,
		const char *text, const char *value, const char *guid)
{
	char *sealed = NULL;
	int r = HWS_OK;

	if (value)
		r = dat_seal(keys, (struct dat_cell){ "ab_entry", column, guid }, value, &sealed);
	if (r == HWS_OK)
		r = set(c, text, sealed, guid);
	hws_free(sealed);
	return r;
}

static int set_tags(struct sql_conn *c, const char *book_guid, const char *guid,
		const struct dat_entry_change *ch)
{
	int r = HWS_OK;

	if (!ch->tags)
		return HWS_OK;
	r = sql_run(c, "DELETE FROM ab_entry_tag WHERE entry_guid = $1", SQL_P(SQL_T(guid)));
	for (size_t i = 0; i < ch->n_tags && r == HWS_OK; i++) {
		/* what a client names is made: it shows them by the book's list */
		r = dat_tag_put(c, book_guid, ch->tags[i], -1);
		if (r == HWS_OK)
			r = sql_run(c,
					"INSERT INTO ab_entry_tag (entry_guid, tag) VALUES ($1, $2) "
					"ON CONFLICT (entry_guid, tag) DO NOTHING",
					SQL_P(SQL_T(guid), SQL_T(ch->tags[i])));
	}
	return r;
}

static int apply(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const struct dat_entry_change *ch)
{
	const struct {
		const char *text, *value;
	} texts[] = {
		{ "UPDATE ab_entry SET id = $1 WHERE guid = $2", ch->new_id },
		{ "UPDATE ab_entry SET alias = $1 WHERE guid = $2", ch->alias },
		{ "UPDATE ab_entry SET note = $1 WHERE guid = $2", ch->note },
		{ "UPDATE ab_entry SET username = $1 WHERE guid = $2", ch->username },
		{ "UPDATE ab_entry SET hostname = $1 WHERE guid = $2", ch->hostname },
		{ "UPDATE ab_entry SET platform = $1 WHERE guid = $2", ch->platform },
		{ "UPDATE ab_entry SET rdp_port = $1 WHERE guid = $2", ch->rdp_port },
		{ "UPDATE ab_entry SET rdp_username = $1 WHERE guid = $2", ch->rdp_username },
		{ "UPDATE ab_entry SET login_name = $1 WHERE guid = $2", ch->login_name },
		{ "UPDATE ab_entry SET device_group_name = $1 WHERE guid = $2",
				ch->device_group_name },
	};
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = set(c, texts[i].text, texts[i].value, guid);
	if (r == HWS_OK)
		r = set_sealed(c, keys, "hash_enc",
				"UPDATE ab_entry SET hash_enc = $1 WHERE guid = $2", ch->hash,
				guid);
	if (r == HWS_OK)
		r = set_sealed(c, keys, "password_enc",
				"UPDATE ab_entry SET password_enc = $1 WHERE guid = $2",
				ch->password, guid);
	if (r == HWS_OK && ch->force_relay >= 0)
		r = dat_change_one(c, "UPDATE ab_entry SET force_relay = $1 WHERE guid = $2",
				SQL_P(SQL_I(ch->force_relay != 0), SQL_T(guid)));
	return r;
}

struct search {
	char plain[SEARCH_TEXT];
};

static int read_search(const struct sql_row *row, void *arg)
{
	struct search *s = arg;

	return hws_fmt(s->plain, sizeof(s->plain), "%s\n%s\n%s\n%s\n%s", sql_text(row, 0),
			sql_text(row, 1), sql_text(row, 2), sql_text(row, 3), sql_text(row, 4));
}

/* What a list is searched for, folded, in one column. */
static int refresh_search(struct sql_conn *c, const char *guid)
{
	char folded[2 * SEARCH_TEXT];
	struct search s;
	int r = sql_one(c,
			"SELECT id, alias, hostname, username, note FROM ab_entry WHERE guid = $1",
			SQL_P(SQL_T(guid)), read_search, &s);

	if (r == HWS_OK)
		r = dat_fold(s.plain, folded, sizeof(folded));
	return r == HWS_OK ? sql_run(c, "UPDATE ab_entry SET search = $1 WHERE guid = $2",
					     SQL_P(SQL_T(folded), SQL_T(guid)))
			   : r;
}

int dat_entry_put(struct sql_conn *c, const struct dat_keys *keys, const char *book_guid,
		const struct dat_entry_change *ch, int64_t now)
{
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r = check_change(ch);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	/* also the lock: two clients of one account write the same book */
	r = dat_change_one(c, "UPDATE address_book SET updated_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(book_guid)));
	if (r == HWS_OK)
		r = find_or_make(c, book_guid, ch->id, now, guid);
	if (r == HWS_OK)
		r = dat_change_one(c, "UPDATE ab_entry SET updated_at = $1 WHERE guid = $2",
				SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK)
		r = apply(c, keys, guid, ch);
	if (r == HWS_OK)
		r = refresh_search(c, guid);
	if (r == HWS_OK)
		r = set_tags(c, book_guid, guid, ch);
	return dat_tx_end(&tx, r);
}

int dat_entry_there(struct sql_conn *c, const char *book_guid, const char *id, bool *ret)
{
	char guid[DAT_GUID_TEXT];
	int r = find_live(c, book_guid, id, guid);

	if (r == HWS_OK || r == HWS_ERR_NOTFOUND)
		*ret = r == HWS_OK;
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

int dat_entry_delete(struct sql_conn *c, const char *book_guid, const char *id, int64_t now)
{
	return dat_change_one(c,
			"UPDATE ab_entry SET deleted_at = $1 WHERE ab_guid = $2 AND id = $3 AND "
			"deleted_at = 0",
			SQL_P(SQL_I(now), SQL_T(book_guid), SQL_T(id)));
}

int dat_entry_restore(struct sql_conn *c, const char *book_guid, const char *guid)
{
	return dat_change_one(c,
			"UPDATE ab_entry SET deleted_at = 0 WHERE ab_guid = $1 AND guid = $2 AND "
			"deleted_at > 0",
			SQL_P(SQL_T(book_guid), SQL_T(guid)));
}

int dat_entry_purge(struct sql_conn *c, const char *book_guid, const char *guid)
{
	return dat_change_one(c,
			"DELETE FROM ab_entry WHERE ab_guid = $1 AND guid = $2 AND deleted_at > 0",
			SQL_P(SQL_T(book_guid), SQL_T(guid)));
}

int dat_entry_sweep(struct sql_conn *c, const char *book_guid, int64_t before, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM ab_entry WHERE ab_guid = $1 AND deleted_at > 0 AND deleted_at "
			"< $2",
			SQL_P(SQL_T(book_guid), SQL_I(before)), ret);
}

struct secrets {
	const struct dat_keys *keys;
	const char *guid;
	char *hash, *password;
};

static int read_secrets(const struct sql_row *row, void *arg)
{
	const struct secrets *s = arg;
	int r = dat_unseal(s->keys, (struct dat_cell){ "ab_entry", "hash_enc", s->guid },
			sql_text(row, 0), s->hash, DAT_SECRET_TEXT);

	return r == HWS_OK
			? dat_unseal(s->keys,
					  (struct dat_cell){ "ab_entry", "password_enc", s->guid },
					  sql_text(row, 1), s->password, DAT_SECRET_TEXT)
			: r;
}

int dat_entry_secrets(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char ret_hash[DAT_SECRET_TEXT], char ret_password[DAT_SECRET_TEXT])
{
	struct secrets s = { keys, guid, ret_hash, ret_password };

	return sql_one(c, "SELECT hash_enc, password_enc FROM ab_entry WHERE guid = $1",
			SQL_P(SQL_T(guid)), read_secrets, &s);
}
