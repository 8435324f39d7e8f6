/* The same change to many accounts at once, chosen one by one or by a filter. Each is held against
 * the rules that hold for one; what is refused is told, and the others are done. */
#include "admin/api/bulk.h"
#include "admin/api/people.h"
#include "admin/data/groups.h"
#include "admin/data/login_log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define CHOSEN_MAX 100000u /* accounts that a filter may choose */
#define PAGE 500u

/* --- choosing --------------------------------------------------------------------------------- */

struct chosen {
	char (*guid)[DAT_GUID_TEXT];
	size_t count;
};

static int choose(struct chosen *l, const char *guid)
{
	void *more;

	if (l->count >= CHOSEN_MAX)
		return HWS_ERR_TOOBIG;
	if (l->count % PAGE == 0) {
		more = hws_realloc_array(l->guid, l->count + PAGE, sizeof(*l->guid));
		if (!more)
			return HWS_ERR_NOMEM;
		l->guid = more;
	}
	return hws_str_copy(l->guid[l->count++], DAT_GUID_TEXT, guid);
}

static int choose_account(const struct dat_account *a, void *arg)
{
	return choose(arg, a->guid);
}

static int choose_filtered(struct sql_conn *c, const json_t *filter, struct chosen *l)
{
	const char *q = adi_in_text(filter, "q"), *group = adi_in_text(filter, "group");
	const char *role_name = adi_in_text(filter, "role");
	const char *status_name = adi_in_text(filter, "status");
	struct dat_account_filter f = { .search = q ? q : "", .group_guid = group ? group : "" };
	struct dat_page page = { .limit = PAGE };
	enum dat_status status;
	enum dat_role role;
	size_t before;
	int r = HWS_OK;

	if (role_name) {
		r = adi_role_parse(role_name, &role);
		f.role = &role;
	}
	if (r == HWS_OK && status_name) {
		r = adi_status_parse(status_name, &status);
		f.status = &status;
	}
	do {
		before = l->count;
		if (r == HWS_OK)
			r = dat_account_list(c, f, page, choose_account, l, NULL);
		page.offset += PAGE;
	} while (r == HWS_OK && l->count - before == PAGE);
	return r;
}

/* A filter of another kind of thing would choose all of these. */
static bool filter_is_ours(const json_t *filter)
{
	static const char *const known[] = { "q", "group", "role", "status" };
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)filter, key, value) {
		bool found = false;

		for (size_t i = 0; i < HWS_COUNT(known); i++)
			found = found || strcmp(known[i], key) == 0;
		if (!found)
			return false;
	}
	return true;
}

static int choose_all(const struct htp_request *q, struct htp_reply *reply, struct sql_conn *c,
		struct chosen *l)
{
	const json_t *guids = json_object_get(q->json, "guids");
	const json_t *filter = json_object_get(q->json, "filter");
	json_t *guid;
	size_t i;
	int r = HWS_OK;

	if (filter && !filter_is_ours(filter)) {
		adi_v1_error(reply, ADI_BAD_FIELD, "filter", "Users are not filtered by that.");
		return HWS_ERR_INVAL;
	}
	if (filter)
		r = choose_filtered(c, filter, l);
	json_array_foreach (guids, i, guid) {
		if (r == HWS_OK)
			r = choose(l, json_string_value(guid));
	}
	return r;
}

/* --- the same to all -------------------------------------------------------------------------- */

struct action {
	const char *name, *event, *text;
	bool (*may)(struct adi_actor by, enum dat_role of);
	/* Whether it would change anything. */
	bool (*differs)(const struct dat_account *a, const char *group);
	int (*fn)(struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now);
};

static bool is_disabled(const struct dat_account *a, const char *group)
{
	(void)group;
	return a->status == DAT_DISABLED;
}

static bool is_enabled(const struct dat_account *a, const char *group)
{
	(void)group;
	return a->status != DAT_DISABLED;
}

static bool always(const struct dat_account *a, const char *group)
{
	(void)a;
	(void)group;
	return true;
}

static bool is_elsewhere(const struct dat_account *a, const char *group)
{
	return strcmp(a->group_guid, group) != 0;
}

static bool is_free(const struct dat_account *a, const char *group)
{
	(void)group;
	return !a->tfa_enforced;
}

static bool is_required(const struct dat_account *a, const char *group)
{
	(void)group;
	return a->tfa_enforced;
}

static int enable(struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	(void)group;
	return dat_account_set_status(c, a->guid, DAT_ENABLED, now);
}

static int disable(struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	(void)group;
	return dat_account_set_status(c, a->guid, DAT_DISABLED, now);
}

static int remove_one(
		struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	(void)group;
	(void)now;
	return dat_account_remove(c, a->guid);
}

static int log_out(struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	(void)group;
	return dat_account_log_out(c, a->guid, now);
}

static int set_group(
		struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };

	ch.group_guid = group;
	return dat_account_change(c, a->guid, &ch, now);
}

static int set_totp(struct sql_conn *c, const struct dat_account *a, bool on, int64_t now)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };

	ch.tfa_enforced = on;
	return dat_account_change(c, a->guid, &ch, now);
}

static int require(struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	(void)group;
	return set_totp(c, a, true, now);
}

static int release(struct sql_conn *c, const struct dat_account *a, const char *group, int64_t now)
{
	(void)group;
	return set_totp(c, a, false, now);
}

static const struct action actions[] = {
	{ "enable", "user.change", "Is enabled", adi_may_change, is_disabled, enable },
	{ "disable", "user.change", "Is disabled; all sessions end", adi_may_change, is_enabled,
			disable },
	{ "delete", "user.remove",
			"Is removed, with address books and tokens; devices become closed",
			adi_may_change, always, remove_one },
	{ "logout", "user.logout", "All sessions end", adi_may_log_out, always, log_out },
	{ "group", "user.change", "Goes into the group", adi_may_change, is_elsewhere, set_group },
	{ "totp_require", "user.change", "Must have one-time codes", adi_may_change, is_free,
			require },
	{ "totp_release", "user.change", "Need not have one-time codes", adi_may_change,
			is_required, release },
};

struct bulk {
	struct htp_request *q;
	struct adi_app *app;
	const struct action *action;
	const char *group; /* "" = none */
	char group_name[DAT_NAME_TEXT];
	struct adi_bulk many;
};

static int audit_one(struct bulk *b, struct sql_conn *c, const struct dat_account *a)
{
	bool moved = strcmp(b->action->name, "group") == 0;
	json_t *info = json_pack("{s:b,s:s,s:s*,s:s*}", "many", 1, "action", b->action->name, "to",
			moved ? b->group_name : NULL, "before", moved ? a->group_name : NULL);
	char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	int r = text ? adi_audit_user(b->app, c, b->q, b->action->event, a, text) : HWS_ERR_NOMEM;

	free(text);
	json_decref(info);
	return r;
}

/* In a transaction of its own, so that one that is refused leaves nothing behind. */
static int change_one(struct bulk *b, struct sql_conn *c, const struct dat_account *a)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = b->action->fn(c, a, b->group, adi_now());
	if (r == HWS_OK)
		r = audit_one(b, c, a);
	/* a dry run finds out what the database would refuse, and takes all back */
	if (r == HWS_OK && b->many.dry_run)
		r = HWS_ERR_CANCELED;
	r = dat_tx_end(&tx, r);
	return r == HWS_ERR_CANCELED ? HWS_OK : r;
}

static int handle(struct bulk *b, struct sql_conn *c, const char *guid)
{
	struct dat_account a;
	int r = dat_account_get(c, guid, &a);

	if (r == HWS_ERR_NOTFOUND)
		return adi_bulk_refuse(&b->many, guid, "", "not_found", "There is no such user.");
	if (r < 0)
		return r;
	if (!b->action->may(adi_actor(b->q, guid), a.role))
		return adi_bulk_refuse(&b->many, guid, a.name, "forbidden",
				"This user is changed by owners only, or is you.");
	if (!b->action->differs(&a, b->group))
		return HWS_OK;
	r = change_one(b, c, &a);
	if (r == HWS_ERR_DENIED)
		return adi_bulk_refuse(&b->many, guid, a.name, "forbidden",
				"One owner who can log in must stay.");
	return r == HWS_OK ? adi_bulk_change(&b->many, guid, a.name, b->action->text) : r;
}

static int run_bulk(struct bulk *b, struct htp_reply *reply, struct sql_conn *c)
{
	struct chosen l = { 0 };
	struct dat_group g;
	int r = HWS_OK;

	if (strcmp(b->action->name, "group") == 0) {
		r = dat_group_get(c, DAT_USER_GROUP, b->group, &g);
		if (r == HWS_ERR_NOTFOUND)
			adi_v1_error(reply, ADI_BAD_FIELD, "group_guid", "There is no such group.");
		if (r == HWS_OK)
			r = hws_str_copy(b->group_name, sizeof(b->group_name), g.name);
	}
	if (r == HWS_OK)
		r = choose_all(b->q, reply, c, &l);
	for (size_t i = 0; i < l.count && r == HWS_OK; i++)
		r = handle(b, c, l.guid[i]);
	hws_free(l.guid);
	return r;
}

static const struct action *action_of(const char *name)
{
	for (size_t i = 0; i < HWS_COUNT(actions); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	}
	return NULL;
}

static void bulk(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const char *group = adi_in_text(q->json, "group_guid");
	struct bulk b = { .q = q,
		.app = app,
		.action = action_of(adi_in_text(q->json, "action")),
		.group = group ? group : "" };
	struct sql_conn *c;
	int r;

	if (!b.action) {
		adi_v1_error(reply, ADI_BAD_FIELD, "action", "There is no such action.");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = adi_bulk_init(&b.many, q->json);
	if (r == HWS_OK)
		r = run_bulk(&b, reply, c);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, adi_bulk_out(&b.many));
	else if (reply->status < 400)
		adi_v1_fail(reply, r, "user", NULL);
	adi_bulk_done(&b.many);
}

static const struct adi_call calls[] = {
	{ "changeUsers", bulk, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_users_many = { calls, HWS_COUNT(calls) };
