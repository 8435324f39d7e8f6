/* Names of users and groups and nothing else of them, for those who share what is theirs. */
#include "admin/api/v1.h"
#include "admin/data/groups.h"
#include "shared/base/macros.h"
#include <string.h>

static int add(json_t *list, const char *guid, const char *name)
{
	return json_array_append_new(list, adi_out_ref(guid, name)) == 0 ? HWS_OK : HWS_ERR_NOMEM;
}

static int add_account(const struct dat_account *a, void *arg)
{
	return add(arg, a->guid, a->name);
}

static int add_group(const struct dat_group *g, void *arg)
{
	return add(arg, g->guid, g->name);
}

static void names(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const char *search = adi_v1_query(q, "q");
	bool groups = strcmp(adi_v1_query(q, "kind"), "group") == 0;
	enum dat_status enabled = DAT_ENABLED;
	struct dat_page page;
	struct sql_conn *c;
	json_t *items;
	int64_t total = 0;
	int r;

	if (!adi_v1_page(q, reply, &page) || !adi_take(app, reply, &c))
		return;
	items = json_array();
	if (groups)
		r = dat_group_list(c, DAT_USER_GROUP, search, page, add_group, items, &total);
	else
		r = dat_account_list(c,
				(struct dat_account_filter){ .search = search,
						.group_guid = "",
						.status = &enabled },
				page, add_account, items, &total);
	sql_give(c);
	adi_v1_listed(reply, r, groups ? "group" : "user", items, page, total);
}

static const struct adi_call calls[] = {
	{ "listDirectory", names, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_names = { calls, HWS_COUNT(calls) };
