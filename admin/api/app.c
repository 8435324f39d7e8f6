/* api/app: opens what handlers share, and answers what all of them must answer alike. */
#include "admin/api/app.h"
#include "admin/api/audit_mark.h"
#include "admin/api/presence.h"
#include "admin/api/recordings.h"
#include "admin/api/report_rate.h"
#include "admin/data/groups.h"
#include "admin/data/key_mark.h"
#include "admin/data/notices.h"
#include "admin/data/settings.h"
#include "admin/data/smtp.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_FRESH_US (5 * HWS_US_PER_S)
#define OWN_CONNECTIONS 6u /* of threads that are no pool's */
#define CONNECTIONS_MAX 64u

int64_t adi_now(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int open_store(struct adi_app *a, struct hws_error *err)
{
	const struct adi_config *c = a->conf;
	const char *what = *c->store_secret ? c->store_secret : c->store;
	unsigned wanted = 2 * c->threads + c->hash_threads + OWN_CONNECTIONS;
	struct sql_place place = {
		.connections = wanted < CONNECTIONS_MAX ? wanted : CONNECTIONS_MAX,
	};
	char file[500];
	int r = HWS_OK;

	if (hws_str_starts(what, "postgres"))
		place.conninfo = what;
	else if (strcmp(what, "sqlite") == 0)
		r = hws_fmt(file, sizeof(file), "%s/hawser-api.sqlite3", a->state_dir);
	else if (hws_str_starts(what, "sqlite:"))
		r = hws_str_copy(file, sizeof(file), what + strlen("sqlite:"));
	else
		return hws_error_set(err, HWS_ERR_INVAL,
				"store: expected sqlite, sqlite:FILE or a postgresql:// address");
	if (r < 0)
		return hws_error_set(err, r, "the path of the database is too long");
	if (!place.conninfo)
		place.path = file;
	return sql_open(&place, &a->db, err);
}

/* The group that every account is in that was put in no other, and the settings as they are. */
static int begin(struct adi_app *a, struct hws_error *err)
{
	char guid[DAT_GUID_TEXT];
	struct adi_settings s;
	struct sql_conn *c;
	int r = sql_take(a->db, &c);

	if (r == HWS_OK) {
		r = dat_group_default(c, adi_now(), guid);
		adi_app_settings(a, c, &s);
		adi_audit_mark_keep(a->audit_mark, c, a->keys);
		sql_give(c);
	}
	return r < 0 ? hws_error_set(err, r, "the database cannot be written to") : HWS_OK;
}

/* Behind the store: those of another database are refused, and none made where there were some. */
static int open_keys(struct adi_app *a, struct hws_error *err)
{
	struct sql_conn *c;
	char path[500];
	int r;

	if (*a->conf->secrets_file)
		r = hws_str_copy(path, sizeof(path), a->conf->secrets_file);
	else
		r = hws_fmt(path, sizeof(path), "%s/api.keys", a->state_dir);
	if (r < 0)
		return hws_error_set(err, r, "the path of the secrets file is too long");
	r = sql_take(a->db, &c);
	if (r < 0)
		return hws_error_set(err, r, "the database cannot be read");
	if (access(path, F_OK) < 0 && errno == ENOENT)
		r = dat_key_mark_none(c);
	if (r == HWS_OK) {
		r = dat_keys_open(path, &a->keys, err);
		if (r < 0)
			goto out;
		r = dat_key_mark_check(c, a->keys, adi_now());
	}
	if (r < 0)
		hws_error_set(err, r,
				r == HWS_ERR_CRYPTO ? "the database was used with other keys than "
						      "those of %s: set secrets-file to theirs, "
						      "the same on all servers"
						    : "the mark of the keys of %s cannot be read "
						      "or written in the database",
				path);
out:
	sql_give(c);
	return r;
}

static void name_server(struct adi_app *a)
{
	if (*a->conf->server_name &&
			hws_str_copy(a->server_name, sizeof(a->server_name),
					a->conf->server_name) == HWS_OK)
		return;
	if (gethostname(a->server_name, sizeof(a->server_name) - 1) < 0 || !*a->server_name)
		memcpy(a->server_name, "hawser", sizeof("hawser"));
}

static int start_notices(struct adi_app *a, struct hws_error *err)
{
	const struct adi_config *c = a->conf;

	/* a reload brings another `conf` */
	if (hws_str_copy(a->notice_ca, sizeof(a->notice_ca), c->notice_ca) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG, "notice-ca: the path is too long");
	a->notify = (struct ntf_conf){
		.db = a->db,
		.keys = a->keys,
		.server_name = a->server_name,
		.ca_file = *a->notice_ca ? a->notice_ca : NULL,
		.private_webhooks = c->private_webhooks,
		.mails_per_minute = c->mails_per_minute,
	};
	return ntf_sender_new(&a->notify, &a->sender, err);
}

int adi_app_new(const struct adi_config *conf, struct adi_app **ret, struct hws_error *err)
{
	struct adi_app *a = hws_alloc(sizeof(*a));
	int r;

	if (!a)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	a->conf = conf;
	a->cost = HWS_SLOW_COST;
	pthread_mutex_init(&a->lock, NULL);
	name_server(a);
	if (*conf->state_dir)
		r = hws_daemon_named_dir(conf->state_dir, a->state_dir, sizeof(a->state_dir), err);
	else
		r = hws_daemon_state_dir("hawser-api", a->state_dir, sizeof(a->state_dir), err);
	if (r == HWS_OK)
		r = adi_audit_mark_new(a->state_dir, &a->audit_mark, err);
	if (r == HWS_OK)
		r = open_store(a, err);
	if (r == HWS_OK)
		r = open_keys(a, err);
	if (r == HWS_OK)
		r = begin(a, err);
	if (r == HWS_OK &&
			(adi_presence_new(ADI_PRESENCE_MAX, &a->presence) < 0 ||
					adi_report_rate_new(&a->report_rate) < 0))
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r == HWS_OK)
		r = adi_recordings_new(a->state_dir, conf, &a->recordings, err);
	if (r == HWS_OK)
		r = start_notices(a, err);
	if (r < 0) {
		adi_app_free(a);
		return r;
	}
	*ret = a;
	return HWS_OK;
}

void adi_app_free(struct adi_app *a)
{
	if (!a)
		return;
	adi_presence_free(a->presence);
	adi_report_rate_free(a->report_rate);
	ntf_sender_free(a->sender);
	adi_recordings_free(a->recordings);
	sql_close(a->db);
	adi_audit_mark_free(a->audit_mark);
	dat_keys_free(a->keys);
	pthread_mutex_destroy(&a->lock);
	hws_free(a);
}

/* --- settings --------------------------------------------------------------------------------- */

enum setting_kind { SETTING_BOOL, SETTING_NUMBER, SETTING_TEXT };

static const struct setting {
	const char *key;
	enum setting_kind kind;
	size_t offset, size;
	const char *usual;
} table[] = {
#define ROW(field, kind, usual)                                                                    \
	{                                                                                          \
		"server." #field, kind, offsetof(struct adi_settings, field),                      \
				sizeof(((struct adi_settings *)NULL)->field), usual                \
	}
	ROW(require_approval, SETTING_BOOL, "0"),
	ROW(require_login, SETTING_BOOL, "0"),
	ROW(require_totp, SETTING_BOOL, "0"),
	ROW(accessible_lists, SETTING_BOOL, "1"),
	ROW(default_group_guid, SETTING_TEXT, ""),
	ROW(session_hours, SETTING_NUMBER, "12"),
	ROW(lockout_tries, SETTING_NUMBER, "10"),
	ROW(lockout_minutes, SETTING_NUMBER, "15"),
	ROW(audit_days, SETTING_NUMBER, "365"),
	ROW(recording_days, SETTING_NUMBER, "90"),
	ROW(forget_unseen_days, SETTING_NUMBER, "0"),
	ROW(allowed_origins, SETTING_TEXT, ""),
#undef ROW
};

static void setting_read(struct adi_settings *s, const struct setting *row, const char *text)
{
	char *at = (char *)s + row->offset;
	uint32_t n;

	if (row->kind == SETTING_TEXT) {
		if (hws_str_copy(at, row->size, text) < 0)
			*at = '\0';
	} else if (hws_parse_u32(text, &n) == HWS_OK) {
		if (row->kind == SETTING_BOOL)
			*(bool *)at = n != 0;
		else
			memcpy(at, &n, sizeof(n));
	}
}

static const char *setting_text(
		const struct adi_settings *s, const struct setting *row, char *buf, size_t size)
{
	const char *at = (const char *)s + row->offset;
	uint32_t n = 0;

	if (row->kind == SETTING_TEXT)
		return at;
	if (row->kind == SETTING_BOOL)
		n = *(const bool *)at;
	else
		memcpy(&n, at, sizeof(n));
	return hws_fmt(buf, size, "%u", n) == HWS_OK ? buf : "";
}

static int on_setting(const char *key, const char *value, int64_t updated_at, void *arg)
{
	struct adi_settings *s = arg;

	for (size_t i = 0; i < HWS_COUNT(table) && value; i++) {
		if (strcmp(key, table[i].key) != 0)
			continue;
		setting_read(s, &table[i], value);
		if (updated_at > s->updated_at)
			s->updated_at = updated_at;
	}
	return HWS_OK;
}

void adi_app_settings(struct adi_app *a, struct sql_conn *c, struct adi_settings *ret)
{
	struct adi_settings s = { 0 };
	uint64_t now = hws_clock_us();
	bool fresh;

	pthread_mutex_lock(&a->lock);
	fresh = a->settings_read_us && now - a->settings_read_us < SETTINGS_FRESH_US;
	*ret = a->settings;
	pthread_mutex_unlock(&a->lock);
	if (fresh)
		return;
	for (size_t i = 0; i < HWS_COUNT(table); i++)
		setting_read(&s, &table[i], table[i].usual);
	if (dat_setting_list(c, on_setting, &s) < 0) {
		if (!ret->session_hours) /* never read: those stay that were, also when forgotten */
			*ret = s;
		return;
	}
	pthread_mutex_lock(&a->lock);
	*ret = a->settings = s;
	a->settings_read_us = now;
	pthread_mutex_unlock(&a->lock);
}

bool adi_app_settings_last(struct adi_app *a, struct adi_settings *ret)
{
	pthread_mutex_lock(&a->lock);
	*ret = a->settings;
	pthread_mutex_unlock(&a->lock);
	/* "read" means that something is there: hours of a session are never 0 */
	return ret->session_hours != 0;
}

void adi_app_forget_settings(struct adi_app *a)
{
	pthread_mutex_lock(&a->lock);
	a->settings_read_us = 0;
	pthread_mutex_unlock(&a->lock);
}

int adi_app_set_settings(
		struct adi_app *a, struct sql_conn *c, const struct adi_settings *s, const char *by)
{
	char buf[16];
	int64_t now = adi_now();
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(table) && r == HWS_OK; i++)
		r = dat_setting_put(c, a->keys, table[i].key,
				setting_text(s, &table[i], buf, sizeof(buf)), false, by, now);
	adi_app_forget_settings(a);
	return r;
}

bool adi_owes_totp(const struct dat_account *a, const struct adi_settings *s)
{
	return (a->tfa_enforced || s->require_totp) && !a->tfa_on && strcmp(a->source, "oidc") != 0;
}

/* --- answers that are everybody's ------------------------------------------------------------- */

int adi_app_mail(struct adi_app *a, struct sql_conn *c, const struct dat_account *to,
		const char *subject, const char *body)
{
	struct dat_smtp smtp;
	int r = dat_smtp_load(c, a->keys, &smtp);

	if (r == HWS_OK && (!smtp.enabled || !*to->email))
		r = HWS_ERR_UNSUPPORTED;
	return r == HWS_OK ? dat_notice_mail(c, a->keys, to->email, subject, body, adi_now()) : r;
}

bool adi_take(struct adi_app *a, struct htp_reply *reply, struct sql_conn **ret)
{
	int r = sql_take(a->db, ret);

	if (r == HWS_OK)
		return true;
	adi_fail(reply, r, "");
	return false;
}

void adi_fail(struct htp_reply *reply, int r, const char *what)
{
	switch (r) {
	case HWS_ERR_NOTFOUND:
		htp_reply_error(reply, 404, "There is no such %s", what);
		return;
	case HWS_ERR_EXISTS:
		htp_reply_error(reply, 409, "That %s is there already", what);
		return;
	case HWS_ERR_DENIED:
		htp_reply_error(reply, 403, "Permission denied");
		return;
	case HWS_ERR_INVAL:
	case HWS_ERR_RANGE:
	case HWS_ERR_PROTO:
		htp_reply_error(reply, 400, "The %s is not as it must be", what);
		return;
	case HWS_ERR_TOOBIG:
		htp_reply_error(reply, 400, "The %s is too long", what);
		return;
	default:
		htp_reply_error(reply, 503, "The database is away or busy; try again later");
		htp_reply_field(reply, "Retry-After", "5");
	}
}
