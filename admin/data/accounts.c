/* admin/data/accounts: what is read and what is changed; whether an owner stays is looked at under
 * the lock of a counter, since two who take the rights of two owners do not see each other. */
#include "admin/data/accounts.h"
#include "admin/data/changes.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define CLAIMS_TEXT 16385

static const char *const roles[DAT_ROLES] = {
	[DAT_ROLE_READONLY] = "readonly",
	[DAT_ROLE_USER] = "user",
	[DAT_ROLE_AUDITOR] = "auditor",
	[DAT_ROLE_OPERATOR] = "operator",
	[DAT_ROLE_ADMIN] = "admin",
	[DAT_ROLE_OWNER] = "owner",
};

const char *dat_role_name(enum dat_role role)
{
	return roles[role];
}

int dat_role_parse(const char *name, enum dat_role *ret)
{
	for (unsigned i = 0; i < DAT_ROLES; i++) {
		if (hws_str_equal(name, roles[i])) {
			*ret = (enum dat_role)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

int dat_password_check(const char *password)
{
	size_t n = strnlen(password, DAT_PASSWORD_BYTES + 1), letters;

	if (n > DAT_PASSWORD_BYTES)
		return HWS_ERR_RANGE;
	if (!hws_utf8_valid(hws_bytes(password, n)))
		return HWS_ERR_INVAL;
	letters = hws_utf8_letters(hws_bytes(password, n));
	return letters < DAT_PASSWORD_MIN || letters > DAT_PASSWORD_MAX ? HWS_ERR_RANGE : HWS_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

int dat_account_row(const struct sql_row *row, void *arg)
{
	struct dat_account *a = arg;
	const struct sql_text_to texts[] = {
		{ 0, a->guid, sizeof(a->guid) },
		{ 1, a->name, sizeof(a->name) },
		{ 2, a->display_name, sizeof(a->display_name) },
		{ 3, a->email, sizeof(a->email) },
		{ 4, a->note, sizeof(a->note) },
		{ 7, a->source, sizeof(a->source) },
		{ 10, a->group_guid, sizeof(a->group_guid) },
		{ 11, a->group_name, sizeof(a->group_name) },
		{ 12, a->control_role_guid, sizeof(a->control_role_guid) },
		{ 13, a->control_role_name, sizeof(a->control_role_name) },
	};
	int r = sql_copy_all(row, texts, HWS_COUNT(texts));

	if (r == HWS_OK && dat_role_parse(sql_text(row, 6), &a->role) < 0)
		r = HWS_ERR_CORRUPT;
	a->status = (enum dat_status)sql_int(row, 5);
	a->has_password = sql_int(row, 8) != 0;
	a->must_change_pw = sql_int(row, 9) != 0;
	a->email_verification = sql_int(row, 14) != 0;
	a->email_alarm = sql_int(row, 15) != 0;
	a->tfa_enforced = sql_int(row, 16) != 0;
	a->tfa_on = sql_int(row, 17) != 0;
	a->session_epoch = sql_int(row, 18);
	a->max_sessions = sql_int(row, 19);
	a->created_at = sql_int(row, 20);
	a->updated_at = sql_int(row, 21);
	a->last_login_at = sql_int(row, 22);
	a->devices = sql_int(row, 23);
	return r;
}

static int get(struct sql_conn *c, const char *text, const char *key, struct dat_account *ret)
{
	struct dat_account a = { 0 };
	int r = sql_one(c, text, SQL_P(SQL_T(key)), dat_account_row, &a);

	if (r == HWS_OK)
		*ret = a;
	return r;
}

int dat_account_get(struct sql_conn *c, const char *guid, struct dat_account *ret)
{
	return get(c, DAT_ACCOUNT_COLUMNS "WHERE a.guid = $1", guid, ret);
}

/* An update that changes nothing: SELECT ... FOR UPDATE is not in SQLite. */
int dat_account_lock(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "UPDATE account SET max_sessions = max_sessions WHERE guid = $1",
			SQL_P(SQL_T(guid)));
}

int dat_account_find(struct sql_conn *c, const char *name, struct dat_account *ret)
{
	char key[DAT_NAME_KEY_TEXT];

	/* what cannot be a name is nobody's */
	if (dat_name_key(name, key) < 0)
		return HWS_ERR_NOTFOUND;
	return get(c, DAT_ACCOUNT_COLUMNS "WHERE a.name_key = $1", key, ret);
}

int dat_account_find_email(struct sql_conn *c, const char *email, struct dat_account *ret)
{
	char key[DAT_NAME_KEY_TEXT];

	if (!*email || dat_text_check(email, DAT_EMAIL_TEXT, false) < 0 ||
			dat_fold(email, key, sizeof(key)) < 0)
		return HWS_ERR_NOTFOUND;
	return get(c, DAT_ACCOUNT_COLUMNS "WHERE a.email_key = $1", key, ret);
}

static int read_hash(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_PW_HASH_TEXT);
}

int dat_account_pw_hash(struct sql_conn *c, const char *guid, char buf[DAT_PW_HASH_TEXT])
{
	return sql_one(c, "SELECT pw_hash FROM account WHERE guid = $1", SQL_P(SQL_T(guid)),
			read_hash, buf);
}

/* --- changing --------------------------------------------------------------------------------- */

/* "" stays a null, since no two may share a key. */
static int email_key(const char *email, char key[DAT_NAME_KEY_TEXT], const char **ret)
{
	int r = dat_text_check(email, DAT_EMAIL_TEXT, false);

	*ret = NULL;
	if (r < 0 || !*email)
		return r;
	/* what is sent to it is the mail server's to judge */
	if (!strchr(email, '@') || strpbrk(email, " <>,;\""))
		return HWS_ERR_INVAL;
	r = dat_fold(email, key, DAT_NAME_KEY_TEXT);
	*ret = key;
	return r;
}

static int check_new(const struct dat_account_new *in)
{
	int r = dat_text_check(hws_str_or_empty(in->display_name), DAT_NAME_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->note), DAT_NOTE_TEXT, true);
	if (r == HWS_OK && in->pw_hash && strlen(in->pw_hash) >= DAT_PW_HASH_TEXT)
		r = HWS_ERR_TOOBIG;
	return r;
}

int dat_account_add(struct sql_conn *c, const struct dat_account_new *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	const char *email = hws_str_or_empty(in->email), *email_fold = NULL;
	char key[DAT_NAME_KEY_TEXT], ekey[DAT_NAME_KEY_TEXT];
	char guid[DAT_GUID_TEXT], group[DAT_GUID_TEXT];
	int r = dat_name_key(in->name, key);

	if (r == HWS_OK)
		r = email_key(email, ekey, &email_fold);
	if (r == HWS_OK)
		r = check_new(in);
	if (r == HWS_OK)
		r = in->group_guid ? hws_str_copy(group, sizeof(group), in->group_guid)
				   : dat_group_default(c, now, group);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = sql_run(c,
			"INSERT INTO account (guid, name, name_key, display_name, email, email_key, "
			"note, status, role, source, pw_hash, pw_changed_at, must_change_pw, "
			"user_group_guid, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, "
			"$7, $8, $9, $10, $11, $12, $13, $14, $12, $12)",
			SQL_P(SQL_T(guid), SQL_T(in->name), SQL_T(key),
					SQL_T(hws_str_or_empty(in->display_name)), SQL_T(email),
					SQL_T(email_fold), SQL_T(hws_str_or_empty(in->note)),
					SQL_I(in->status), SQL_T(dat_role_name(in->role)),
					SQL_T(in->source ? in->source : "local"),
					SQL_T(in->pw_hash), SQL_I(now), SQL_I(in->must_change_pw),
					SQL_T(group)));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

static int set_text(struct sql_conn *c, const char *text, const char *value, const char *guid)
{
	return dat_change_one(c, text, SQL_P(SQL_T(value), SQL_T(guid)));
}

static int set_flag(struct sql_conn *c, const char *text, int64_t value, const char *guid)
{
	return value < 0 ? HWS_OK : dat_change_one(c, text, SQL_P(SQL_I(value), SQL_T(guid)));
}

static int change_names(struct sql_conn *c, const char *guid, const struct dat_account_change *ch)
{
	const char *email_fold = NULL;
	char key[DAT_NAME_KEY_TEXT];
	int r = HWS_OK;

	if (ch->name) {
		r = dat_name_key(ch->name, key);
		if (r == HWS_OK)
			r = dat_change_one(c,
					"UPDATE account SET name = $1, name_key = $2 WHERE guid = "
					"$3",
					SQL_P(SQL_T(ch->name), SQL_T(key), SQL_T(guid)));
	}
	if (r == HWS_OK && ch->email) {
		r = email_key(ch->email, key, &email_fold);
		if (r == HWS_OK)
			r = dat_change_one(c,
					"UPDATE account SET email = $1, email_key = $2 WHERE guid "
					"= $3",
					SQL_P(SQL_T(ch->email), SQL_T(email_fold), SQL_T(guid)));
	}
	if (r == HWS_OK && ch->display_name) {
		r = dat_text_check(ch->display_name, DAT_NAME_TEXT, false);
		if (r == HWS_OK)
			r = set_text(c, "UPDATE account SET display_name = $1 WHERE guid = $2",
					ch->display_name, guid);
	}
	if (r == HWS_OK && ch->note) {
		r = dat_text_check(ch->note, DAT_NOTE_TEXT, true);
		if (r == HWS_OK)
			r = set_text(c, "UPDATE account SET note = $1 WHERE guid = $2", ch->note,
					guid);
	}
	return r;
}

static int change_places(struct sql_conn *c, const char *guid, const struct dat_account_change *ch)
{
	const char *role = ch->control_role_guid;
	int r = HWS_OK;

	if (ch->group_guid)
		r = set_text(c, "UPDATE account SET user_group_guid = $1 WHERE guid = $2",
				ch->group_guid, guid);
	if (r == HWS_OK && role)
		r = set_text(c, "UPDATE account SET control_role_guid = $1 WHERE guid = $2",
				*role ? role : NULL, guid);
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE account SET email_verification = $1 WHERE guid = $2",
				ch->email_verification, guid);
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE account SET email_alarm = $1 WHERE guid = $2",
				ch->email_alarm, guid);
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE account SET tfa_enforced = $1 WHERE guid = $2",
				ch->tfa_enforced, guid);
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE account SET max_sessions = $1 WHERE guid = $2",
				HWS_MIN(ch->max_sessions, 1000000), guid);
	return r;
}

int dat_account_change(struct sql_conn *c, const char *guid, const struct dat_account_change *ch,
		int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE account SET updated_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK)
		r = change_names(c, guid, ch);
	if (r == HWS_OK)
		r = change_places(c, guid, ch);
	return dat_tx_end(&tx, r);
}

int dat_account_set_password(struct sql_conn *c, const char *guid, const char *pw_hash,
		bool must_change, int64_t now)
{
	struct dat_tx tx;
	int r;

	if (pw_hash && strlen(pw_hash) >= DAT_PW_HASH_TEXT)
		return HWS_ERR_TOOBIG;
	r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_change_one(c,
			"UPDATE account SET pw_hash = $1, pw_changed_at = $2, updated_at = $2, "
			"must_change_pw = $3, session_epoch = session_epoch + 1 WHERE guid = $4",
			SQL_P(SQL_T(pw_hash), SQL_I(now), SQL_I(must_change), SQL_T(guid)));
	/* who was half-way in by the old one is not any more, and no link makes another */
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM one_time_link WHERE account_guid = $1 AND used_at = 0",
				SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM login_challenge WHERE account_guid = $1",
				SQL_P(SQL_T(guid)));
	return dat_tx_end(&tx, r);
}

int dat_account_rehash(
		struct sql_conn *c, const char *guid, const char *old_hash, const char *pw_hash)
{
	if (strlen(pw_hash) >= DAT_PW_HASH_TEXT)
		return HWS_ERR_TOOBIG;
	return dat_change_one(c, "UPDATE account SET pw_hash = $1 WHERE guid = $2 AND pw_hash = $3",
			SQL_P(SQL_T(pw_hash), SQL_T(guid), SQL_T(old_hash)));
}

int dat_account_owners(struct sql_conn *c, int64_t *ret)
{
	return sql_number(c, "SELECT count(*) FROM account WHERE role = 'owner' AND status = 1",
			SQL_NONE, ret);
}

/* Runs what may take rights away, and takes it back when nobody is left to give them again. */
static int guarded(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n)
{
	int64_t before = 0, after = 0, turn;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_count_up(c, "owners", &turn);
	if (r == HWS_OK)
		r = dat_account_owners(c, &before);
	if (r == HWS_OK)
		r = dat_change_one(c, text, params, n);
	if (r == HWS_OK)
		r = dat_account_owners(c, &after);
	if (r == HWS_OK && before > 0 && after == 0)
		r = HWS_ERR_DENIED;
	return dat_tx_end(&tx, r);
}

int dat_account_set_status(
		struct sql_conn *c, const char *guid, enum dat_status status, int64_t now)
{
	return guarded(c,
			"UPDATE account SET status = $1, updated_at = $2, session_epoch = "
			"session_epoch + 1 WHERE guid = $3",
			SQL_P(SQL_I(status), SQL_I(now), SQL_T(guid)));
}

int dat_account_set_role(struct sql_conn *c, const char *guid, enum dat_role role, int64_t now)
{
	return guarded(c,
			"UPDATE account SET role = $1, updated_at = $2, session_epoch = "
			"session_epoch + 1 WHERE guid = $3",
			SQL_P(SQL_T(dat_role_name(role)), SQL_I(now), SQL_T(guid)));
}

/* Rules name what they are about without a reference, since it may be of several kinds. */
static int remove_named(struct sql_conn *c, const char *guid)
{
	static const char *const texts[] = {
		("DELETE FROM access_rule WHERE (subj_kind = 'user' AND subj_guid = $1) OR "
		 "(obj_kind = 'user' AND obj_guid = $1)"),
		"DELETE FROM ab_rule WHERE subj_kind = 'user' AND subj_guid = $1",
		"DELETE FROM strategy_target WHERE target_kind = 'user' AND target_guid = $1",
	};
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = sql_run(c, texts[i], SQL_P(SQL_T(guid)));
	return r;
}

int dat_account_remove(struct sql_conn *c, const char *guid)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = remove_named(c, guid);
	/* that nobody owns them any more opens them to nobody */
	if (r == HWS_OK)
		r = sql_run(c, "UPDATE device SET closed = 1 WHERE owner_guid = $1",
				SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = guarded(c, "DELETE FROM account WHERE guid = $1", SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = dat_changed(c, DAT_CHANGED_STRATEGY, ""); /* its devices are nobody's */
	return dat_tx_end(&tx, r);
}

int dat_account_log_out(struct sql_conn *c, const char *guid, int64_t now)
{
	return dat_change_one(c,
			"UPDATE account SET session_epoch = session_epoch + 1, updated_at = $1 "
			"WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
}

int dat_account_logged_in(struct sql_conn *c, const char *guid, int64_t now)
{
	return dat_change_one(c, "UPDATE account SET last_login_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
}

/* --- identities elsewhere --------------------------------------------------------------------- */

int dat_identity_find(struct sql_conn *c, const char *provider, const char *subject,
		char ret_guid[DAT_GUID_TEXT])
{
	return sql_one(c,
			"SELECT account_guid FROM account_identity WHERE provider = $1 AND subject "
			"= $2",
			SQL_P(SQL_T(provider), SQL_T(subject)), dat_guid_row, ret_guid);
}

int dat_identity_link(struct sql_conn *c, const char *provider, const char *subject,
		const char *account_guid, const char *claims, int64_t now)
{
	int r = dat_text_check(provider, DAT_NAME_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(subject, 513, false);
	if (r == HWS_OK)
		r = dat_text_check(claims, CLAIMS_TEXT, true);
	if (r < 0)
		return r;
	return sql_run(c,
			"INSERT INTO account_identity (provider, subject, account_guid, claims, "
			"linked_at) VALUES ($1, $2, $3, $4, $5)",
			SQL_P(SQL_T(provider), SQL_T(subject), SQL_T(account_guid), SQL_T(claims),
					SQL_I(now)));
}

int dat_identity_any(struct sql_conn *c, const char *account_guid, bool *ret)
{
	int64_t n = 0;
	int r = sql_number(c, "SELECT count(*) FROM account_identity WHERE account_guid = $1",
			SQL_P(SQL_T(account_guid)), &n);

	if (r == HWS_OK)
		*ret = n > 0;
	return r;
}

int dat_account_hand_over(struct sql_conn *c, const char *guid, const char *source, int64_t now)
{
	return dat_change_one(c,
			"UPDATE account SET source = $1, status = 1, updated_at = $2 WHERE guid = "
			"$3 AND pw_hash IS NULL",
			SQL_P(SQL_T(source), SQL_I(now), SQL_T(guid)));
}
