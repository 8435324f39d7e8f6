/* admin/data/shares: who may use an address book, beside its owner. */
#include "admin/data/books.h"
#include "admin/data/name.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

static int check_subject(struct sql_conn *c, const char *kind, const char *guid)
{
	int64_t one;

	if (hws_str_equal(kind, "user"))
		return sql_number(c, "SELECT 1 FROM account WHERE guid = $1", SQL_P(SQL_T(guid)),
				&one);
	if (hws_str_equal(kind, "group"))
		return sql_number(c, "SELECT 1 FROM user_group WHERE guid = $1", SQL_P(SQL_T(guid)),
				&one);
	return hws_str_equal(kind, "everyone") && !*guid ? HWS_OK : HWS_ERR_INVAL;
}

int dat_book_rule(struct sql_conn *c, const char *guid, const char *subj_kind,
		const char *subj_guid, enum dat_book_right right, int64_t now)
{
	char rule[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r;

	if (right == DAT_BOOK_NONE)
		return dat_change_one(c,
				"DELETE FROM ab_rule WHERE ab_guid = $1 AND subj_kind = $2 AND "
				"subj_guid = $3",
				SQL_P(SQL_T(guid), SQL_T(subj_kind), SQL_T(subj_guid)));
	r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	hws_rand_uuid(rule, sizeof(rule));
	r = check_subject(c, subj_kind, subj_guid);
	/* a personal book is nobody else's */
	if (r == HWS_OK)
		r = dat_change_one(c,
				"INSERT INTO ab_rule (guid, subj_kind, subj_guid, rule, created_at, "
				"updated_at, ab_guid) SELECT $1, $2, $3, $4, $5, $5, guid FROM "
				"address_book WHERE guid = $6 AND personal = 0 ON CONFLICT "
				"(ab_guid, subj_kind, subj_guid) DO UPDATE SET rule = "
				"excluded.rule, updated_at = excluded.updated_at",
				SQL_P(SQL_T(rule), SQL_T(subj_kind), SQL_T(subj_guid), SQL_I(right),
						SQL_I(now), SQL_T(guid)));
	return dat_tx_end(&tx, r);
}

int dat_book_rule_get(struct sql_conn *c, const char *guid, const char *subj_kind,
		const char *subj_guid, enum dat_book_right *ret)
{
	int64_t right = DAT_BOOK_NONE;
	int r = sql_number(c,
			"SELECT rule FROM ab_rule WHERE ab_guid = $1 AND subj_kind = $2 AND "
			"subj_guid = $3",
			SQL_P(SQL_T(guid), SQL_T(subj_kind), SQL_T(subj_guid)), &right);

	if (r == HWS_OK || r == HWS_ERR_NOTFOUND)
		*ret = (enum dat_book_right)right;
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

#define FROM_ALL                                                                                   \
	"FROM ab_rule r LEFT JOIN account a ON r.subj_kind = 'user' AND a.guid = r.subj_guid "     \
	"LEFT JOIN user_group g ON r.subj_kind = 'group' AND g.guid = r.subj_guid "
#define COLUMNS                                                                                    \
	"SELECT r.guid, r.ab_guid, r.subj_kind, r.subj_guid, coalesce(a.name, g.name, ''), "       \
	"r.rule, r.created_at, r.updated_at " FROM_ALL
#define KEY "coalesce(a.name_key, g.name_key, '')"
#define FITTING "WHERE r.ab_guid = $1 AND " KEY " LIKE $2 ESCAPE '\\' "

static int read_share(const struct sql_row *row, void *arg)
{
	struct dat_share *s = arg;
	int r = sql_copy(row, 0, s->guid, sizeof(s->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, s->book_guid, sizeof(s->book_guid));
	if (r == HWS_OK)
		r = sql_copy(row, 2, s->subj_kind, sizeof(s->subj_kind));
	if (r == HWS_OK)
		r = sql_copy(row, 3, s->subj_guid, sizeof(s->subj_guid));
	if (r == HWS_OK)
		r = sql_copy(row, 4, s->subj_name, sizeof(s->subj_name));
	s->right = (enum dat_book_right)sql_int(row, 5);
	s->created_at = sql_int(row, 6);
	s->updated_at = sql_int(row, 7);
	return r;
}

int dat_share_get(struct sql_conn *c, const char *guid, struct dat_share *ret)
{
	struct dat_share s = { 0 };
	int r = sql_one(c, COLUMNS "WHERE r.guid = $1", SQL_P(SQL_T(guid)), read_share, &s);

	if (r == HWS_OK)
		*ret = s;
	return r;
}

int dat_share_find(struct sql_conn *c, const char *book_guid, const char *subj_kind,
		const char *subj_guid, struct dat_share *ret)
{
	struct dat_share s = { 0 };
	int r = sql_one(c, COLUMNS "WHERE r.ab_guid = $1 AND r.subj_kind = $2 AND r.subj_guid = $3",
			SQL_P(SQL_T(book_guid), SQL_T(subj_kind), SQL_T(subj_guid)), read_share,
			&s);

	if (r == HWS_OK)
		*ret = s;
	return r;
}

int dat_share_change(struct sql_conn *c, const char *guid, enum dat_book_right right, int64_t now)
{
	return dat_change_one(c, "UPDATE ab_rule SET rule = $1, updated_at = $2 WHERE guid = $3",
			SQL_P(SQL_I(right), SQL_I(now), SQL_T(guid)));
}

int dat_share_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM ab_rule WHERE guid = $1", SQL_P(SQL_T(guid)));
}

struct list {
	dat_share_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_share s = { 0 };
	int r = read_share(row, &s);

	return r == HWS_OK ? l->fn(&s, l->arg) : r;
}

/* Of everyone, which has no name, comes first. */
static const char *const by_name[] = {
	COLUMNS FITTING "ORDER BY " KEY ", r.guid LIMIT $3 OFFSET $4",
	COLUMNS FITTING "ORDER BY " KEY " DESC, r.guid DESC LIMIT $3 OFFSET $4",
};
static const char as_given[] = COLUMNS FITTING "ORDER BY r.created_at, r.guid LIMIT $3 OFFSET $4";

int dat_share_list(struct sql_conn *c, const struct dat_share_filter *f, struct dat_page page,
		dat_share_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(hws_str_or_empty(f->search), like, sizeof(like));

	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) " FROM_ALL FITTING,
				SQL_P(SQL_T(f->book_guid), SQL_T(like)), ret_total);
	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c, f->by_name ? by_name[page.down] : as_given,
				SQL_P(SQL_T(f->book_guid), SQL_T(like), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, &l);
	return r;
}
