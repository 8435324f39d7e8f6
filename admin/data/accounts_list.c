/* admin/data/accounts_list: accounts among many. The text of the statement is one for each order:
 * conditions that nobody asks for are parameters that hold for all. */
#include "admin/data/accounts.h"
#include "admin/data/name.h"
#include "shared/base/macros.h"

#define ANY 2 /* no status has this number */

struct list {
	dat_account_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_account a = { 0 };
	int r = dat_account_row(row, &a);

	return r == HWS_OK ? l->fn(&a, l->arg) : r;
}

#define FILTER                                                                                     \
	"WHERE (a.name_key LIKE $1 ESCAPE '\\' OR a.email_key LIKE $1 ESCAPE '\\') AND "           \
	"($2 = '' OR a.user_group_guid = $2) AND ($3 = '' OR a.role = $3) AND "                    \
	"($4 = 2 OR a.status = $4) "
#define LIST(order) DAT_ACCOUNT_COLUMNS FILTER "ORDER BY " order "a.name_key LIMIT $5 OFFSET $6"
#define LIST_DOWN(order)                                                                           \
	DAT_ACCOUNT_COLUMNS FILTER "ORDER BY " order "a.name_key DESC LIMIT $5 OFFSET $6"

static const char *const lists[DAT_ACCOUNT_ORDERS][2] = {
	[DAT_BY_NAME] = { LIST(""), LIST_DOWN("") },
	[DAT_BY_ROLE] = { LIST("a.role, "), LIST_DOWN("a.role DESC, ") },
	[DAT_BY_STATUS] = { LIST("a.status, "), LIST_DOWN("a.status DESC, ") },
	[DAT_BY_LOGIN] = { LIST("a.last_login_at, "), LIST_DOWN("a.last_login_at DESC, ") },
};

int dat_account_list(struct sql_conn *c, struct dat_account_filter f, struct dat_page page,
		dat_account_fn fn, void *arg, int64_t *ret_total)
{
	const char *role = f.role ? dat_role_name(*f.role) : "";
	int64_t status = f.status ? *f.status : ANY;
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(f.search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK && ret_total)
		r = sql_number(c, "SELECT count(*) FROM account a " FILTER,
				SQL_P(SQL_T(like), SQL_T(f.group_guid), SQL_T(role), SQL_I(status)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, lists[f.order][page.down],
				SQL_P(SQL_T(like), SQL_T(f.group_guid), SQL_T(role), SQL_I(status),
						SQL_I(page.limit), SQL_I(page.offset)),
				list_row, &l);
	return r;
}
