/* admin/data/entries: what stands in an address book. An id is there once, beside any number of it
 * in the bin. */
#include "admin/data/books.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

static int read_guid(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_GUID_TEXT);
}

static int check_change(const struct dat_entry_change *ch)
{
	const struct {
		const char *s;
		size_t size;
	} texts[] = { { ch->id, DAT_ID_TEXT }, { ch->alias, DAT_NAME_TEXT },
		{ ch->note, DAT_NOTE_TEXT }, { ch->username, DAT_NAME_TEXT },
		{ ch->hostname, DAT_NAME_TEXT }, { ch->platform, DAT_SHORT_TEXT },
		{ ch->hash, DAT_SECRET_TEXT }, { ch->password, DAT_SECRET_TEXT } };
	int r = ch->id && *ch->id ? HWS_OK : HWS_ERR_INVAL;

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
			SQL_P(SQL_T(book_guid), SQL_T(id)), read_guid, guid);
}

static int make(struct sql_conn *c, const char *book_guid, const char *id, int64_t now,
		char guid[DAT_GUID_TEXT])
{
	int64_t n = 0;
	int r = sql_number(c, "SELECT count(*) FROM ab_entry WHERE ab_guid = $1",
			SQL_P(SQL_T(book_guid)), &n);

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
	int r = set(c, "UPDATE ab_entry SET alias = $1 WHERE guid = $2", ch->alias, guid);

	if (r == HWS_OK)
		r = set(c, "UPDATE ab_entry SET note = $1 WHERE guid = $2", ch->note, guid);
	if (r == HWS_OK)
		r = set(c, "UPDATE ab_entry SET username = $1 WHERE guid = $2", ch->username, guid);
	if (r == HWS_OK)
		r = set(c, "UPDATE ab_entry SET hostname = $1 WHERE guid = $2", ch->hostname, guid);
	if (r == HWS_OK)
		r = set(c, "UPDATE ab_entry SET platform = $1 WHERE guid = $2", ch->platform, guid);
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

int dat_entry_sweep(struct sql_conn *c, const char *book_guid, int64_t before, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM ab_entry WHERE ab_guid = $1 AND deleted_at > 0 AND deleted_at "
			"< $2",
			SQL_P(SQL_T(book_guid), SQL_I(before)), ret);
}

struct list {
	dat_entry_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_entry e = { 0 };
	int r = sql_copy(row, 0, e.guid, sizeof(e.guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, e.id, sizeof(e.id));
	if (r == HWS_OK)
		r = sql_copy(row, 2, e.alias, sizeof(e.alias));
	if (r == HWS_OK)
		r = sql_copy(row, 3, e.note, sizeof(e.note));
	if (r == HWS_OK)
		r = sql_copy(row, 4, e.username, sizeof(e.username));
	if (r == HWS_OK)
		r = sql_copy(row, 5, e.hostname, sizeof(e.hostname));
	if (r == HWS_OK)
		r = sql_copy(row, 6, e.platform, sizeof(e.platform));
	e.force_relay = sql_int(row, 7) != 0;
	e.known = sql_int(row, 8) != 0;
	e.updated_at = sql_int(row, 9);
	e.deleted_at = sql_int(row, 10);
	return r == HWS_OK ? l->fn(&e, l->arg) : r;
}

int dat_entry_list(struct sql_conn *c, const char *book_guid, bool bin, struct dat_page page,
		dat_entry_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };
	int r = sql_number(c,
			"SELECT count(*) FROM ab_entry WHERE ab_guid = $1 AND (CASE WHEN deleted_at "
			"> 0 THEN 1 ELSE 0 END) = $2",
			SQL_P(SQL_T(book_guid), SQL_I(bin)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c,
				"SELECT e.guid, e.id, e.alias, e.note, e.username, e.hostname, "
				"e.platform, e.force_relay, CASE WHEN d.guid IS NULL THEN 0 ELSE 1 "
				"END, e.updated_at, e.deleted_at FROM ab_entry e LEFT JOIN device d "
				"ON d.id = e.id WHERE e.ab_guid = $1 AND (CASE WHEN e.deleted_at > "
				"0 THEN 1 ELSE 0 END) = $2 ORDER BY e.id, e.guid LIMIT $3 OFFSET $4",
				SQL_P(SQL_T(book_guid), SQL_I(bin), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, &l);
	return r;
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

/* --- tags ------------------------------------------------------------------------------------- */

static int check_tag(const char *name)
{
	int r = dat_text_check(name, DAT_NAME_TEXT, false);

	/* clients have one of that name for what has none */
	if (r == HWS_OK && (!*name || hws_str_equal(name, "Untagged")))
		r = HWS_ERR_INVAL;
	return r;
}

int dat_tag_put(struct sql_conn *c, const char *book_guid, const char *name, int64_t color)
{
	int64_t n = 0;
	int r = check_tag(name);

	if (r == HWS_OK && color > UINT32_MAX)
		r = HWS_ERR_RANGE;
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM ab_tag WHERE ab_guid = $1",
				SQL_P(SQL_T(book_guid)), &n);
	if (r == HWS_OK && n >= DAT_BOOK_TAGS_MAX)
		r = HWS_ERR_FULL;
	if (r < 0)
		return r;
	if (color < 0) /* made when it is not there, else as it is */
		return sql_run(c,
				"INSERT INTO ab_tag (ab_guid, name) VALUES ($1, $2) ON CONFLICT "
				"(ab_guid, name) DO NOTHING",
				SQL_P(SQL_T(book_guid), SQL_T(name)));
	return sql_run(c,
			"INSERT INTO ab_tag (ab_guid, name, color) VALUES ($1, $2, $3) ON CONFLICT "
			"(ab_guid, name) DO UPDATE SET color = excluded.color",
			SQL_P(SQL_T(book_guid), SQL_T(name), SQL_I(color)));
}

int dat_tag_there(struct sql_conn *c, const char *book_guid, const char *name, bool *ret)
{
	int64_t n = 0;
	int r = sql_number(c, "SELECT count(*) FROM ab_tag WHERE ab_guid = $1 AND name = $2",
			SQL_P(SQL_T(book_guid), SQL_T(name)), &n);

	if (r == HWS_OK)
		*ret = n > 0;
	return r;
}

#define OF_BOOK "entry_guid IN (SELECT guid FROM ab_entry WHERE ab_guid = "

int dat_tag_rename(struct sql_conn *c, const char *book_guid, const char *from, const char *to)
{
	struct dat_tx tx;
	int r = check_tag(to);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE ab_tag SET name = $1 WHERE ab_guid = $2 AND name = $3",
			SQL_P(SQL_T(to), SQL_T(book_guid), SQL_T(from)));
	if (r == HWS_OK)
		r = sql_run(c, "UPDATE ab_entry_tag SET tag = $1 WHERE tag = $2 AND " OF_BOOK "$3)",
				SQL_P(SQL_T(to), SQL_T(from), SQL_T(book_guid)));
	return dat_tx_end(&tx, r);
}

int dat_tag_remove(struct sql_conn *c, const char *book_guid, const char *name)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "DELETE FROM ab_tag WHERE ab_guid = $1 AND name = $2",
			SQL_P(SQL_T(book_guid), SQL_T(name)));
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM ab_entry_tag WHERE tag = $1 AND " OF_BOOK "$2)",
				SQL_P(SQL_T(name), SQL_T(book_guid)));
	return dat_tx_end(&tx, r);
}

struct tags {
	dat_tag_fn fn;
	void *arg;
};

static int tag_row(const struct sql_row *row, void *arg)
{
	const struct tags *t = arg;

	return t->fn(sql_text(row, 0), sql_int(row, 1), t->arg);
}

int dat_tag_list(struct sql_conn *c, const char *book_guid, dat_tag_fn fn, void *arg)
{
	struct tags t = { fn, arg };

	return sql_query(c, "SELECT name, color FROM ab_tag WHERE ab_guid = $1 ORDER BY name",
			SQL_P(SQL_T(book_guid)), tag_row, &t);
}

int dat_entry_tags(struct sql_conn *c, const char *entry_guid, dat_tag_fn fn, void *arg)
{
	struct tags t = { fn, arg };

	return sql_query(c, "SELECT tag, 0 FROM ab_entry_tag WHERE entry_guid = $1 ORDER BY tag",
			SQL_P(SQL_T(entry_guid)), tag_row, &t);
}
