/* admin/data/books: books and who may use them. */
#include "admin/data/books.h"
#include "admin/data/name.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#define PERSONAL "My address book"

int dat_book_personal(struct sql_conn *c, const char *account_guid, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	static const char find[] =
			"SELECT guid FROM address_book WHERE owner_guid = $1 AND personal = 1";
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int r = sql_one(c, find, SQL_P(SQL_T(account_guid)), dat_guid_row, ret_guid);

	if (r != HWS_ERR_NOTFOUND)
		return r;
	r = dat_name_key(PERSONAL, key);
	hws_rand_uuid(guid, sizeof(guid));
	/* another request of the same client may make it at this moment */
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO address_book (guid, name, name_key, owner_guid, "
				"personal, created_at, updated_at) VALUES ($1, $2, $3, $4, 1, $5, "
				"$5) ON CONFLICT (owner_guid) WHERE personal = 1 DO NOTHING",
				SQL_P(SQL_T(guid), SQL_T(PERSONAL), SQL_T(key), SQL_T(account_guid),
						SQL_I(now)));
	return r == HWS_OK ? sql_one(c, find, SQL_P(SQL_T(account_guid)), dat_guid_row, ret_guid)
			   : r;
}

static int shared_name(const char *name, char key[DAT_NAME_KEY_TEXT])
{
	static const char *const taken[] = { PERSONAL, "Legacy address book" };
	char other[DAT_NAME_KEY_TEXT];
	int r = dat_name_key(name, key);

	for (size_t i = 0; i < HWS_COUNT(taken) && r == HWS_OK; i++) {
		r = dat_name_key(taken[i], other);
		if (r == HWS_OK && hws_str_equal(key, other))
			r = HWS_ERR_EXISTS;
	}
	return r;
}

int dat_book_add(struct sql_conn *c, const char *owner_guid, const char *name, const char *note,
		int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int r = shared_name(name, key);

	if (r == HWS_OK)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = sql_run(c,
			"INSERT INTO address_book (guid, name, name_key, owner_guid, note, "
			"created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
			SQL_P(SQL_T(guid), SQL_T(name), SQL_T(key), SQL_T(owner_guid), SQL_T(note),
					SQL_I(now)));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_book_count(struct sql_conn *c, const char *owner_guid, int64_t *ret)
{
	return sql_number(c,
			"SELECT count(*) FROM address_book WHERE owner_guid = $1 AND personal = 0",
			SQL_P(SQL_T(owner_guid)), ret);
}

#define SHARED " WHERE guid = $2 AND personal = 0"

int dat_book_change(struct sql_conn *c, const char *guid, const char *name, const char *note,
		const char *owner_guid, int64_t now)
{
	char key[DAT_NAME_KEY_TEXT];
	struct dat_tx tx;
	int r = name ? shared_name(name, key) : HWS_OK;

	if (r == HWS_OK && note)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE address_book SET updated_at = $1" SHARED,
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK && name)
		r = dat_change_one(c, "UPDATE address_book SET name = $1" SHARED,
				SQL_P(SQL_T(name), SQL_T(guid)));
	if (r == HWS_OK && name)
		r = dat_change_one(c, "UPDATE address_book SET name_key = $1" SHARED,
				SQL_P(SQL_T(key), SQL_T(guid)));
	if (r == HWS_OK && note)
		r = dat_change_one(c, "UPDATE address_book SET note = $1" SHARED,
				SQL_P(SQL_T(note), SQL_T(guid)));
	if (r == HWS_OK && owner_guid)
		r = dat_change_one(c, "UPDATE address_book SET owner_guid = $1" SHARED,
				SQL_P(SQL_T(owner_guid), SQL_T(guid)));
	return dat_tx_end(&tx, r);
}

struct found {
	char *guid, *owner;
};

static int read_found(const struct sql_row *row, void *arg)
{
	const struct found *f = arg;
	int r = sql_copy(row, 0, f->guid, DAT_GUID_TEXT);

	return r == HWS_OK ? sql_copy(row, 1, f->owner, DAT_GUID_TEXT) : r;
}

int dat_book_find(struct sql_conn *c, const char *name, char ret_guid[DAT_GUID_TEXT],
		char ret_owner[DAT_GUID_TEXT])
{
	struct found f = { ret_guid, ret_owner };
	char key[DAT_NAME_KEY_TEXT];
	int r = shared_name(name, key);

	return r == HWS_OK ? sql_one(c,
					     "SELECT guid, owner_guid FROM address_book WHERE "
					     "name_key = $1 AND personal = 0",
					     SQL_P(SQL_T(key)), read_found, &f)
			   : r;
}

static int read_name(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_NAME_TEXT);
}

int dat_book_shared_name(struct sql_conn *c, const char *guid, char ret[DAT_NAME_TEXT])
{
	return sql_one(c, "SELECT name FROM address_book WHERE guid = $1 AND personal = 0",
			SQL_P(SQL_T(guid)), read_name, ret);
}

int dat_book_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM address_book WHERE guid = $1 AND personal = 0",
			SQL_P(SQL_T(guid)));
}

/* The weight of what speaks for an account: by hundreds how near, by ones what it allows. */
#define WEIGHT                                                                                     \
	"max(CASE WHEN b.owner_guid = a.guid THEN 303 WHEN r.subj_kind = 'user' THEN 200 + "       \
	"r.rule WHEN r.subj_kind = 'group' THEN 100 + r.rule ELSE r.rule END)"
#define RULED                                                                                      \
	"r.ab_guid = b.guid AND b.personal = 0 AND ((r.subj_kind = 'user' AND r.subj_guid = "      \
	"a.guid) OR (r.subj_kind = 'group' AND r.subj_guid = a.user_group_guid) OR r.subj_kind = " \
	"'everyone') "
#define RULES " LEFT JOIN ab_rule r ON " RULED

int dat_book_right(struct sql_conn *c, const char *guid, const char *account_guid,
		enum dat_book_right *ret)
{
	int64_t weight = 0;
	int r = sql_number(c,
			"SELECT " WEIGHT " FROM account a JOIN address_book b ON b.guid = $1" RULES
			"WHERE a.guid = $2 AND a.status = 1",
			SQL_P(SQL_T(guid), SQL_T(account_guid)), &weight);

	if (r == HWS_OK)
		*ret = (enum dat_book_right)(weight % 100);
	return r;
}

#define COLUMNS                                                                                    \
	"SELECT b.guid, b.name, b.note, b.owner_guid, o.name, b.personal, CASE WHEN "              \
	"b.password_enc = '' THEN 0 ELSE 1 END, b.created_at, b.updated_at, (SELECT count(*) "     \
	"FROM ab_entry e WHERE e.ab_guid = b.guid AND e.deleted_at = 0), coalesce((SELECT " WEIGHT \
	" FROM account a LEFT JOIN ab_rule r ON " RULED "WHERE a.guid = $1 AND a.status = 1), 0) " \
	"FROM address_book b JOIN account o ON o.guid = b.owner_guid "

static int read_book(const struct sql_row *row, void *arg)
{
	struct dat_book *b = arg;
	int r = sql_copy(row, 0, b->guid, sizeof(b->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, b->name, sizeof(b->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, b->note, sizeof(b->note));
	if (r == HWS_OK)
		r = sql_copy(row, 3, b->owner_guid, sizeof(b->owner_guid));
	if (r == HWS_OK)
		r = sql_copy(row, 4, b->owner_name, sizeof(b->owner_name));
	b->personal = sql_int(row, 5) != 0;
	b->has_password = sql_int(row, 6) != 0;
	b->created_at = sql_int(row, 7);
	b->updated_at = sql_int(row, 8);
	b->entries = sql_int(row, 9);
	b->right = (enum dat_book_right)(sql_int(row, 10) % 100);
	return r;
}

int dat_book_get(struct sql_conn *c, const char *guid, const char *account_guid,
		struct dat_book *ret)
{
	struct dat_book b = { 0 };
	int r = sql_one(c, COLUMNS "WHERE b.guid = $2", SQL_P(SQL_T(account_guid), SQL_T(guid)),
			read_book, &b);

	if (r == HWS_OK)
		*ret = b;
	return r;
}

struct list {
	dat_book_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_book b = { 0 };
	int r = read_book(row, &b);

	return r == HWS_OK ? l->fn(&b, l->arg) : r;
}

#define FOUND                                                                                      \
	"WHERE ((b.owner_guid = $1 AND b.personal = 1 AND $2 = 1) OR (b.personal = 0 AND ($3 = 1 " \
	"OR b.owner_guid = $1 OR EXISTS (SELECT 1 FROM account a JOIN ab_rule r ON " RULED         \
	"WHERE a.guid = $1 AND a.status = 1)))) AND b.name_key LIKE $4 ESCAPE '\\' "
#define PART " LIMIT $5 OFFSET $6"

int dat_book_list(struct sql_conn *c, const struct dat_book_filter *f, struct dat_page page,
		dat_book_fn fn, void *arg, int64_t *ret_total)
{
	static const char *const texts[] = {
		COLUMNS FOUND "ORDER BY b.name_key, b.guid" PART,
		COLUMNS FOUND "ORDER BY b.name_key DESC, b.guid DESC" PART,
	};
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(f->search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK && ret_total)
		r = sql_number(c,
				"SELECT count(*) FROM address_book b JOIN account o ON o.guid = "
				"b.owner_guid " FOUND,
				SQL_P(SQL_T(f->account_guid), SQL_I(f->personal), SQL_I(f->all),
						SQL_T(like)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[page.down],
				SQL_P(SQL_T(f->account_guid), SQL_I(f->personal), SQL_I(f->all),
						SQL_T(like), SQL_I(page.limit), SQL_I(page.offset)),
				list_row, &l);
	return r;
}

/* --- the password of a whole book ------------------------------------------------------------- */

static struct dat_cell password_cell(const char *guid)
{
	return (struct dat_cell){ "address_book", "password_enc", guid };
}

int dat_book_set_password(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const char *password)
{
	char *sealed = NULL;
	int r = dat_text_check(hws_str_or_empty(password), DAT_SECRET_TEXT, false);

	if (r == HWS_OK)
		r = dat_seal(keys, password_cell(guid), hws_str_or_empty(password), &sealed);
	if (r == HWS_OK)
		r = dat_change_one(c, "UPDATE address_book SET password_enc = $1" SHARED,
				SQL_P(SQL_T(sealed), SQL_T(guid)));
	hws_free(sealed);
	return r;
}

struct password {
	const struct dat_keys *keys;
	const char *guid;
	char *buf;
	size_t size;
};

static int read_password(const struct sql_row *row, void *arg)
{
	const struct password *p = arg;

	return dat_unseal(p->keys, password_cell(p->guid), sql_text(row, 0), p->buf, p->size);
}

int dat_book_password(struct sql_conn *c, const struct dat_keys *keys, const char *guid, char *buf,
		size_t size)
{
	struct password p = { keys, guid, buf, size };

	return sql_one(c, "SELECT password_enc FROM address_book WHERE guid = $1",
			SQL_P(SQL_T(guid)), read_password, &p);
}
