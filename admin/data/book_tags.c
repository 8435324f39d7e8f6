/* admin/data/book_tags: the tags of an address book, which its entries have by name. */
#include "admin/data/books.h"
#include "shared/base/str.h"

#define USUAL_COLOR 0xff00ff00LL /* opaque green: 0 would not be seen */

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
		r = sql_number(c, "SELECT count(*) FROM ab_tag WHERE ab_guid = $1 AND name <> $2",
				SQL_P(SQL_T(book_guid), SQL_T(name)), &n);
	if (r == HWS_OK && n >= DAT_BOOK_TAGS_MAX)
		r = HWS_ERR_FULL;
	if (r < 0)
		return r;
	if (color < 0) /* made when it is not there, else as it is */
		return sql_run(c,
				"INSERT INTO ab_tag (ab_guid, name, color) VALUES ($1, $2, $3) ON "
				"CONFLICT (ab_guid, name) DO NOTHING",
				SQL_P(SQL_T(book_guid), SQL_T(name), SQL_I(USUAL_COLOR)));
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

int dat_tag_count(struct sql_conn *c, const char *book_guid, const char *name, int64_t *ret)
{
	return sql_number(c,
			"SELECT count(*) FROM ab_entry_tag t JOIN ab_entry e ON e.guid = "
			"t.entry_guid WHERE e.ab_guid = $1 AND e.deleted_at = 0 AND t.tag = $2",
			SQL_P(SQL_T(book_guid), SQL_T(name)), ret);
}

int dat_entry_tags(struct sql_conn *c, const char *entry_guid, dat_tag_fn fn, void *arg)
{
	struct tags t = { fn, arg };

	return sql_query(c, "SELECT tag, 0 FROM ab_entry_tag WHERE entry_guid = $1 ORDER BY tag",
			SQL_P(SQL_T(entry_guid)), tag_row, &t);
}
