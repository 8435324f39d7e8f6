/* admin/data/entries_list: entries of a book by search, tag and order; or by id, with what their
 * devices say of themselves where they may be reached. */
#include "admin/data/books.h"
#include "admin/data/name.h"
#include "shared/base/str.h"

#define COLUMNS                                                                                    \
	"SELECT e.guid, e.id, e.alias, e.note, e.username, e.hostname, e.platform, e.rdp_port, "   \
	"e.rdp_username, e.login_name, e.device_group_name, e.force_relay, e.created_at, "         \
	"e.updated_at, e.deleted_at, CASE WHEN e.hash_enc = '' AND e.password_enc = '' THEN 0 "    \
	"ELSE 1 END, CASE WHEN k.guid IS NULL THEN 0 ELSE 1 END, coalesce(k.last_online, 0), "
#define UNREACHED COLUMNS "0, '', '', '' FROM ab_entry e LEFT JOIN device k ON k.id = e.id "
#define REACHED                                                                                    \
	COLUMNS                                                                                    \
	"CASE WHEN d.guid IS NULL THEN 0 ELSE 1 END, coalesce(d.os, ''), coalesce(CASE WHEN "      \
	"d.name_override <> '' THEN d.name_override ELSE d.hostname END, ''), coalesce(CASE WHEN " \
	"d.user_override <> '' THEN d.user_override ELSE d.sys_username END, '') FROM ab_entry e " \
	"LEFT JOIN device k ON k.id = e.id LEFT JOIN account o ON o.guid = k.owner_guid "          \
	"LEFT JOIN device d ON d.id = e.id AND " DAT_REACH

static int read_entry(const struct sql_row *row, void *arg)
{
	struct dat_entry *e = arg;
	const struct sql_text_to texts[] = {
		{ 0, e->guid, sizeof(e->guid) },
		{ 1, e->id, sizeof(e->id) },
		{ 2, e->alias, sizeof(e->alias) },
		{ 3, e->note, sizeof(e->note) },
		{ 4, e->username, sizeof(e->username) },
		{ 5, e->hostname, sizeof(e->hostname) },
		{ 6, e->platform, sizeof(e->platform) },
		{ 7, e->rdp_port, sizeof(e->rdp_port) },
		{ 8, e->rdp_username, sizeof(e->rdp_username) },
		{ 9, e->login_name, sizeof(e->login_name) },
		{ 10, e->device_group_name, sizeof(e->device_group_name) },
		{ 19, e->dev_os, sizeof(e->dev_os) },
		{ 20, e->dev_hostname, sizeof(e->dev_hostname) },
		{ 21, e->dev_username, sizeof(e->dev_username) },
	};
	int r = sql_copy_all(row, texts, HWS_COUNT(texts));

	e->force_relay = sql_int(row, 11) != 0;
	e->created_at = sql_int(row, 12);
	e->updated_at = sql_int(row, 13);
	e->deleted_at = sql_int(row, 14);
	e->has_password = sql_int(row, 15) != 0;
	e->known = sql_int(row, 16) != 0;
	e->seen_at = sql_int(row, 17);
	e->reached = sql_int(row, 18) != 0;
	return r;
}

int dat_entry_get(
		struct sql_conn *c, const char *book_guid, const char *guid, struct dat_entry *ret)
{
	struct dat_entry e = { 0 };
	int r = sql_one(c, UNREACHED "WHERE e.ab_guid = $1 AND e.guid = $2",
			SQL_P(SQL_T(book_guid), SQL_T(guid)), read_entry, &e);

	if (r == HWS_OK)
		*ret = e;
	return r;
}

int dat_entry_find(struct sql_conn *c, const char *book_guid, const char *id, struct dat_entry *ret)
{
	struct dat_entry e = { 0 };
	int r = sql_one(c, UNREACHED "WHERE e.ab_guid = $1 AND e.id = $2 AND e.deleted_at = 0",
			SQL_P(SQL_T(book_guid), SQL_T(id)), read_entry, &e);

	if (r == HWS_OK)
		*ret = e;
	return r;
}

struct list {
	dat_entry_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_entry e = { 0 };
	int r = read_entry(row, &e);

	return r == HWS_OK ? l->fn(&e, l->arg) : r;
}

#define PLACE "(CASE WHEN e.deleted_at > 0 THEN 1 ELSE 0 END)"
#define FOUND                                                                                      \
	"WHERE e.ab_guid = $1 AND " PLACE " = $2 AND e.search LIKE $3 ESCAPE '\\' AND ($4 = '' "   \
	"OR EXISTS (SELECT 1 FROM ab_entry_tag t WHERE t.entry_guid = e.guid AND t.tag = $4)) "
#define PART " LIMIT $5 OFFSET $6"

static int list_plain(struct sql_conn *c, const struct dat_entry_filter *f, struct dat_page page,
		struct list *l, int64_t *ret_total)
{
	static const char *const texts[DAT_ENTRY_ORDERS][2] = {
		{ UNREACHED FOUND "ORDER BY e.id, e.guid" PART,
				UNREACHED FOUND "ORDER BY e.id DESC, e.guid DESC" PART },
		{ UNREACHED FOUND "ORDER BY e.alias, e.id, e.guid" PART,
				UNREACHED FOUND
				"ORDER BY e.alias DESC, e.id DESC, e.guid DESC" PART },
	};
	const char *tag = hws_str_or_empty(f->tag);
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(hws_str_or_empty(f->search), like, sizeof(like));

	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM ab_entry e " FOUND,
				SQL_P(SQL_T(f->book_guid), SQL_I(f->bin), SQL_T(like), SQL_T(tag)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[f->order][page.down],
				SQL_P(SQL_T(f->book_guid), SQL_I(f->bin), SQL_T(like), SQL_T(tag),
						SQL_I(page.limit), SQL_I(page.offset)),
				list_row, l);
	return r;
}

static int list_reached(struct sql_conn *c, const struct dat_entry_filter *f, struct dat_page page,
		struct list *l, int64_t *ret_total)
{
	int r = sql_number(c,
			"SELECT count(*) FROM ab_entry e WHERE e.ab_guid = $1 AND " PLACE " = $2",
			SQL_P(SQL_T(f->book_guid), SQL_I(f->bin)), ret_total);

	if (r == HWS_OK)
		r = sql_query(c,
				REACHED "WHERE e.ab_guid = $6 AND " PLACE
					" = $7 ORDER BY e.id, e.guid LIMIT $8 OFFSET $9",
				SQL_P(DAT_REACH_PARAMS(f->reach), SQL_T(f->book_guid),
						SQL_I(f->bin), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, l);
	return r;
}

int dat_entry_list(struct sql_conn *c, const struct dat_entry_filter *f, struct dat_page page,
		dat_entry_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };

	page = dat_page(page);
	return f->reach ? list_reached(c, f, page, &l, ret_total)
			: list_plain(c, f, page, &l, ret_total);
}
