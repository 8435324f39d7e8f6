/* api/policy_word: who asks is known by the token of a login and by nothing else; administrators
 * have no right to connect by being such. When the database is away nothing is decided, and the ID
 * server does what it is set to. */
#include "admin/api/policy_word.h"
#include "admin/api/alarms.h"
#include "admin/data/audit.h"
#include "admin/data/devices.h"
#include "admin/data/live.h"
#include "admin/data/refs.h"
#include "admin/data/rules.h"
#include "admin/data/sessions.h"
#include "admin/data/switch.h"
#include "admin/data/waiting.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

struct asker {
	struct sql_conn *c;
	struct adi_settings settings;
	struct dat_session session;
	struct dat_account account;
	bool logged_in;
	int64_t now;
};

/* A token that is nobody's is as none: who comes with it may reach what strangers may. */
static int find_asker(struct asker *a, const char *token)
{
	int r = *token ? dat_session_check(a->c, token, a->now, &a->session, &a->account)
		       : HWS_ERR_DENIED;

	a->logged_in = r == HWS_OK &&
			(a->session.kind == DAT_SESSION_CLIENT ||
					a->session.kind == DAT_SESSION_BROWSER);
	return r == HWS_ERR_DENIED ? HWS_OK : r;
}

static void refuse(struct hws_policy_answer *ret, const char *text)
{
	ret->word = HWS_POLICY_REFUSE;
	if (hws_str_copy(ret->text, sizeof(ret->text), text) < 0)
		ret->text[0] = '\0';
}

/* The machine that the viewer is logged in at may itself be one that was disabled. */
static int look_at_viewer(const struct asker *a, struct hws_policy_answer *ret)
{
	struct dat_device d;
	int r;

	if (!a->logged_in || !*a->session.device_id)
		return HWS_OK;
	r = dat_device_find(a->c, a->session.device_id, &d);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r == HWS_OK && d.status == DAT_DEVICE_OFF &&
			hws_str_equal(d.uuid, a->session.device_uuid)) {
		refuse(ret, "This device is disabled by its administrator.");
		return HWS_ERR_DENIED;
	}
	return r;
}

static bool rules_alone(enum dat_access_why why)
{
	return why == DAT_WHY_NO_RULE || why == DAT_WHY_NOT_NOW || why == DAT_WHY_LOG_IN;
}

/* Done by the host; for whom is said beside it. */
static int note_switch(struct adi_app *app, struct asker *a, const struct hws_policy_say_line *q,
		const char *by, const char *account)
{
	char info[DAT_GUID_TEXT + 16];
	const struct dat_event e = { .kind = "device.switch",
		.actor_name = by,
		.via = "client",
		.target_kind = "device",
		.target_name = q->id,
		.ip = q->address,
		.info = info };
	int r = hws_fmt(info, sizeof(info), "{\"account\":\"%s\"}", account);

	return r == HWS_OK ? dat_audit_add(a->c, app->keys, &e, a->now) : r;
}

/* The rights of the viewer at the host become those of the host at the viewer's machine, as far as
 * the viewer still has them. HWS_ERR_NOTFOUND: there was no such viewer. */
static int take_switch(struct adi_app *app, struct asker *a, const struct hws_policy_say_line *q,
		uint64_t *ret_permissions)
{
	char by[DAT_ID_TEXT], account[DAT_GUID_TEXT];
	const struct dat_switch_way way = { .from = by, .to = q->id, .ip = q->address };
	struct dat_access access = { .allowed = false };
	int r = dat_switch_take(a->c, q->switch_code, a->now, by);

	if (r == HWS_OK)
		r = dat_switch_viewer(a->c, &way, a->now, account);
	if (r == HWS_OK)
		r = dat_access_check(a->c, account, by, !a->settings.require_login,
				app->conf->unowned_open, a->now, &access);
	if (r == HWS_OK && !access.allowed)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = note_switch(app, a, q, by, account);
	if (r == HWS_OK)
		*ret_permissions = access.perms;
	return r;
}

/* A switch of sides passes the rules, not what is disabled. */
static int try_switch(struct adi_app *app, struct asker *a, const struct hws_policy_say_line *q,
		const struct dat_access *access, struct hws_policy_answer *ret)
{
	struct dat_tx tx;
	int r = HWS_ERR_NOTFOUND;

	if (*q->switch_code && rules_alone(access->why)) {
		r = dat_tx_begin(&tx, a->c);
		if (r == HWS_OK)
			r = dat_tx_end(&tx, take_switch(app, a, q, &ret->permissions));
	}
	if (r == HWS_ERR_NOTFOUND) {
		refuse(ret, dat_access_text(access->why));
		return HWS_OK;
	}
	if (r < 0)
		return r;
	ret->word = HWS_POLICY_ALLOW;
	/* once: the request for the relay shows the same code again */
	ret->hold_s = HWS_POLICY_HOLD_MAX_S;
	return HWS_OK;
}

/* Asked one after the other, as the answers count those before. */
static int has_room(struct asker *a, const char *id, bool *ret)
{
	int64_t live = 0, young = 0;
	int r = dat_account_lock(a->c, a->account.guid);

	if (r == HWS_OK)
		r = dat_live_count(a->c, a->account.guid, a->now, &live);
	if (r == HWS_OK)
		r = dat_ref_young(a->c, a->account.guid, a->session.guid, id, a->now, &young);
	*ret = live + young < a->account.max_sessions;
	return r;
}

static int allow(struct asker *a, const struct hws_policy_say_line *q,
		const struct dat_access *access, struct hws_policy_answer *ret)
{
	bool limited = a->logged_in && a->account.max_sessions > 0, room = true;
	struct dat_tx tx;
	int r = limited ? dat_tx_begin(&tx, a->c) : HWS_OK;

	if (r < 0)
		return r;
	if (limited)
		r = has_room(a, q->id, &room);
	if (r == HWS_OK && room && a->logged_in)
		r = dat_ref_make(a->c, a->account.guid, a->session.guid, q->id, a->now, ret->ref);
	if (limited)
		r = dat_tx_end(&tx, r);
	if (r < 0)
		return r;
	if (!room) {
		refuse(ret, "Your account has as many sessions as it may have at a time.");
		return HWS_OK;
	}
	ret->word = HWS_POLICY_ALLOW;
	ret->permissions = access->perms;
	ret->feedback = limited;
	return HWS_OK;
}

static int decide(struct adi_app *app, struct asker *a, const struct hws_policy_say_line *q,
		struct hws_policy_answer *ret)
{
	struct dat_access access;
	int r = find_asker(a, q->token);

	if (r == HWS_OK)
		r = look_at_viewer(a, ret);
	if (r == HWS_ERR_DENIED)
		return HWS_OK; /* refused already */
	if (r == HWS_OK)
		r = dat_access_check(a->c, a->logged_in ? a->account.guid : "", q->id,
				!a->settings.require_login, app->conf->unowned_open, a->now,
				&access);
	if (r < 0)
		return r;
	return access.allowed ? allow(a, q, &access, ret) : try_switch(app, a, q, &access, ret);
}

void adi_policy_answer(struct adi_app *app, const struct hws_policy_say_line *q,
		struct hws_policy_answer *ret)
{
	struct asker a = { .now = adi_now() };
	int r = sql_take(app->db, &a.c);

	*ret = (struct hws_policy_answer){ .number = q->number, .word = HWS_POLICY_UNDECIDED };
	if (r == HWS_OK) {
		adi_app_settings(app, a.c, &a.settings);
		r = decide(app, &a, q, ret);
		sql_give(a.c);
	}
	if (r < 0) {
		hws_warn_limited("policy.undecided", HWS_STR("id", q->id), HWS_ERR("why", r));
		*ret = (struct hws_policy_answer){ .number = q->number,
			.word = HWS_POLICY_UNDECIDED };
	}
}

/* --- what is told ----------------------------------------------------------------------------- */

/* HWS_ERR_NOTFOUND: not of a device that is here. */
static int take_rename(struct sql_conn *c, const struct hws_policy_say_line *d, int64_t now)
{
	struct dat_device old, fresh;
	struct dat_tx tx;
	int r = dat_device_find(c, d->old_id, &old);

	if (r == HWS_OK && !hws_str_equal(old.uuid, d->uuid))
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	/* another ID server may have told of it under its new id before */
	r = dat_device_find(c, d->id, &fresh);
	if (r == HWS_OK && hws_str_equal(fresh.uuid, d->uuid) && !*fresh.owner_guid &&
			!*fresh.group_guid && !fresh.closed)
		r = dat_device_remove(c, fresh.guid);
	else if (r == HWS_OK)
		r = HWS_ERR_EXISTS;
	else if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	if (r == HWS_OK)
		r = dat_device_rename(c, old.guid, d->id, now);
	return dat_tx_end(&tx, r);
}

/* Whether somebody has to look at a device before it counts as one. One with machine id and key of
 * another is a copy, or took another id unseen: it must not be anybody's because it is new. */
static int must_wait(struct sql_conn *c, const struct hws_policy_say_line *d,
		const struct adi_settings *settings, bool *ret)
{
	int r;

	*ret = settings->require_approval;
	if (*ret || !*d->key)
		return HWS_OK;
	r = dat_device_has_twin(c, d->id, d->uuid, d->key);
	*ret = r == HWS_OK;
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int take_new(struct adi_app *app, struct sql_conn *c, const struct hws_policy_say_line *d,
		int64_t now, int64_t seen)
{
	struct adi_settings settings;
	char guid[DAT_GUID_TEXT];
	bool pending;
	int r;

	adi_app_settings(app, c, &settings);
	r = must_wait(c, d, &settings, &pending);
	if (r == HWS_OK)
		r = adi_device_register(app, c, d->id, d->uuid, pending, d->address, guid);
	if (r == HWS_OK)
		r = dat_waiting_over(c, guid);
	if (r == HWS_OK && *d->key)
		r = dat_device_set_key(c, guid, d->key, now);
	if (r == HWS_OK && *d->address)
		r = dat_device_seen(c,
				&(struct dat_seen){ .id = d->id, .ip = d->address, .at = seen }, 1);
	return r;
}

/* It was told that it may not register yet. */
static int take_refused(struct adi_app *app, struct sql_conn *c,
		const struct hws_policy_say_line *d, int64_t now)
{
	char guid[DAT_GUID_TEXT];
	int r = dat_waiting_again(c, d->id, d->uuid, d->key, now);

	if (r != HWS_ERR_NOTFOUND)
		return r;
	r = dat_waiting_room(c, d->address);
	if (r == HWS_OK)
		r = adi_device_register(app, c, d->id, d->uuid, true, d->address, guid);
	if (r == HWS_OK)
		r = dat_waiting_mark(c, guid, d->address, now);
	return r == HWS_OK && *d->key ? dat_device_set_key(c, guid, d->key, now) : r;
}

static int take_device(struct adi_app *app, struct sql_conn *c, const struct hws_policy_say_line *d)
{
	const int64_t now = adi_now(), seen = d->seen_s ? (int64_t)d->seen_s * 1000 : now;
	int r;

	if (*d->old_id) {
		r = take_rename(c, d, now);
		if (r != HWS_ERR_NOTFOUND)
			return r;
	}
	if (d->refused)
		return take_refused(app, c, d, now);
	/* most of what comes is told again, and is here as it is */
	r = dat_device_as_told(c, d->id, d->uuid, d->key, seen);
	return r == HWS_ERR_NOTFOUND ? take_new(app, c, d, now, seen) : r;
}

static int take_begin(struct sql_conn *c, const struct hws_policy_say_line *s, const char *node)
{
	struct asker a = { .c = c, .now = adi_now() };
	char key[DAT_SHORT_TEXT + DAT_GUID_TEXT], id[DAT_ID_TEXT];
	struct dat_live live = { .key = key, .node = node, .device_id = id };
	int r = find_asker(&a, s->token);

	if (r < 0 || !a.logged_in)
		return r;
	live.account_guid = a.account.guid;
	r = dat_ref_last(c, a.session.guid, a.now, id);
	if (r == HWS_OK)
		r = hws_fmt(key, sizeof(key), "%s/%llu", node, (unsigned long long)s->number);
	if (r == HWS_OK)
		r = dat_live_begin(c, &live, a.now);
	return r == HWS_OK ? dat_ref_begun(c, a.session.guid, id, a.now) : r;
}

static int take_end(struct sql_conn *c, const struct hws_policy_say_line *s, const char *node)
{
	char key[DAT_SHORT_TEXT + DAT_GUID_TEXT];
	int r = hws_fmt(key, sizeof(key), "%s/%llu", node, (unsigned long long)s->number);

	return r == HWS_OK ? dat_live_end(c, key) : r;
}

void adi_policy_told(struct adi_app *app, const struct hws_policy_say_line *say, const char *node)
{
	struct sql_conn *c = NULL;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK && say->say == HWS_POLICY_DEVICE)
		r = take_device(app, c, say);
	else if (r == HWS_OK && say->say == HWS_POLICY_BEGIN)
		r = take_begin(c, say, node);
	else if (r == HWS_OK && say->say == HWS_POLICY_END)
		r = take_end(c, say, node);
	sql_give(c);
	if (r < 0)
		hws_warn_limited("policy.untold", HWS_STR("id", say->id), HWS_ERR("why", r));
}

/* What is over is swept on the same occasion: there is one each minute. */
void adi_policy_beat(struct adi_app *app, const char *node)
{
	const int64_t now = adi_now();
	struct sql_conn *c = NULL;
	int64_t n;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK)
		r = dat_live_beat(c, node, now);
	if (r == HWS_OK)
		r = dat_waiting_sweep(c, now);
	if (r == HWS_OK)
		r = dat_live_sweep(c, now, &n);
	if (r == HWS_OK)
		r = dat_ref_sweep(c, now, &n);
	sql_give(c);
	if (r < 0)
		hws_warn_limited("policy.no_beat", HWS_ERR("why", r));
}

void adi_policy_gone(struct adi_app *app, const char *node)
{
	struct sql_conn *c = NULL;
	int r = sql_take(app->db, &c);

	if (r == HWS_OK)
		r = dat_live_end_node(c, node);
	sql_give(c);
	if (r < 0) /* they stop counting by themselves */
		hws_warn_limited("policy.no_end", HWS_ERR("why", r));
}
