/* admin/data/webhooks: a wrong address is refused when it is set, not when it is called; where it
 * leads to is judged by who calls it, each time. */
#include "admin/data/webhooks.h"
#include "admin/data/name.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define SECRET_MIN 16u
#define COLUMNS                                                                                    \
	"SELECT guid, name, url, enabled, alarms, failures, last_at, last_text, created_at, "      \
	"updated_at FROM webhook "

#define ALARMS_TEXT 256

static int alarms_text(int64_t bits, char buf[ALARMS_TEXT])
{
	size_t n = 1;
	int r = hws_str_copy(buf, ALARMS_TEXT, " ");

	for (int i = 0; i < DAT_ALARMS && r == HWS_OK; i++) {
		if (!(bits & 1 << i))
			continue;
		r = hws_fmt(buf + n, ALARMS_TEXT - n, "%s ",
				dat_alarm_name((enum dat_alarm_kind)i));
		n = strlen(buf);
	}
	return r;
}

static unsigned alarms_bits(const char *text)
{
	unsigned bits = 0;
	char word[40];

	for (int i = 0; i < DAT_ALARMS; i++) {
		if (hws_fmt(word, sizeof(word), " %s ", dat_alarm_name((enum dat_alarm_kind)i)) ==
						HWS_OK &&
				strstr(text, word))
			bits |= 1u << i;
	}
	return bits;
}

static int check_url(const char *url)
{
	const char *host = hws_str_starts(url, "https://") ? url + 8
			: hws_str_starts(url, "http://")   ? url + 7
							   : "";
	int r = dat_text_check(url, DAT_URL_TEXT, false);

	return r == HWS_OK && (!*host || strpbrk(url, " \"<>\\")) ? HWS_ERR_INVAL : r;
}

static int check_secret(const char *secret)
{
	int r = dat_text_check(secret, DAT_HOOK_SECRET_TEXT, false);

	return r == HWS_OK && strlen(secret) < SECRET_MIN ? HWS_ERR_RANGE : r;
}

static int seal_secret(
		const struct dat_keys *keys, const char *guid, const char *secret, char **ret)
{
	return dat_seal(keys, (struct dat_cell){ "webhook", "secret_enc", guid }, secret, ret);
}

int dat_webhook_add(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_webhook_change *in, int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT], key[DAT_NAME_KEY_TEXT], alarms[ALARMS_TEXT];
	char random_secret[DAT_TOKEN_TEXT], *sealed = NULL;
	const char *secret = in->secret;
	int64_t count = 0;
	int r = dat_name_key(in->name, key);

	dat_token_new(random_secret);
	if (!secret || !*secret)
		secret = random_secret;
	hws_rand_uuid(guid, sizeof(guid));
	if (r == HWS_OK)
		r = check_url(in->url);
	if (r == HWS_OK)
		r = check_secret(secret);
	if (r == HWS_OK)
		r = alarms_text(in->alarms < 0 ? 0 : in->alarms, alarms);
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM webhook", SQL_NONE, &count);
	if (r == HWS_OK && count >= DAT_WEBHOOKS_MAX)
		r = HWS_ERR_FULL;
	if (r == HWS_OK)
		r = seal_secret(keys, guid, secret, &sealed);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO webhook (guid, name, name_key, url, secret_enc, "
				"enabled, alarms, created_at, updated_at) VALUES ($1, $2, $3, $4, "
				"$5, $6, $7, $8, $8)",
				SQL_P(SQL_T(guid), SQL_T(in->name), SQL_T(key), SQL_T(in->url),
						SQL_T(sealed), SQL_I(in->enabled != 0),
						SQL_T(alarms), SQL_I(now)));
	hws_free(sealed);
	hws_wipe(random_secret, sizeof(random_secret));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

static int set(struct sql_conn *c, const char *text, const char *value, const char *guid)
{
	return dat_change_one(c, text, SQL_P(SQL_T(value), SQL_T(guid)));
}

static int change_secret(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const char *secret)
{
	char *sealed = NULL;
	int r = check_secret(secret);

	if (r == HWS_OK)
		r = seal_secret(keys, guid, secret, &sealed);
	if (r == HWS_OK)
		r = set(c, "UPDATE webhook SET secret_enc = $1 WHERE guid = $2", sealed, guid);
	hws_free(sealed);
	return r;
}

/* With another address a secret that is not given is made anew: who changes the address hears
 * nothing that the former one could be deceived with. */
static int change_url(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const struct dat_webhook_change *ch)
{
	char fresh[DAT_TOKEN_TEXT];
	int64_t same = 0;
	int r = sql_number(c, "SELECT count(*) FROM webhook WHERE guid = $1 AND url = $2",
			SQL_P(SQL_T(guid), SQL_T(ch->url)), &same);

	if (r == HWS_OK)
		r = set(c, "UPDATE webhook SET url = $1, failures = 0 WHERE guid = $2", ch->url,
				guid);
	if (r < 0 || same || ch->secret)
		return r;
	dat_token_new(fresh);
	r = change_secret(c, keys, guid, fresh);
	hws_wipe(fresh, sizeof(fresh));
	return r;
}

int dat_webhook_change(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const struct dat_webhook_change *ch, int64_t now)
{
	char key[DAT_NAME_KEY_TEXT], alarms[ALARMS_TEXT];
	struct dat_tx tx;
	int r = ch->name ? dat_name_key(ch->name, key) : HWS_OK;

	if (r == HWS_OK && ch->url)
		r = check_url(ch->url);
	if (r == HWS_OK && ch->alarms >= 0)
		r = alarms_text(ch->alarms, alarms);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_change_one(c, "UPDATE webhook SET updated_at = $1 WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
	if (r == HWS_OK && ch->name)
		r = set(c, "UPDATE webhook SET name = $1 WHERE guid = $2", ch->name, guid);
	if (r == HWS_OK && ch->name)
		r = set(c, "UPDATE webhook SET name_key = $1 WHERE guid = $2", key, guid);
	if (r == HWS_OK && ch->url)
		r = change_url(c, keys, guid, ch);
	if (r == HWS_OK && ch->alarms >= 0)
		r = set(c, "UPDATE webhook SET alarms = $1 WHERE guid = $2", alarms, guid);
	if (r == HWS_OK && ch->enabled >= 0)
		r = dat_change_one(c, "UPDATE webhook SET enabled = $1 WHERE guid = $2",
				SQL_P(SQL_I(ch->enabled != 0), SQL_T(guid)));
	if (r == HWS_OK && ch->secret)
		r = change_secret(c, keys, guid, ch->secret);
	return dat_tx_end(&tx, r);
}

int dat_webhook_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM webhook WHERE guid = $1", SQL_P(SQL_T(guid)));
}

static int read_webhook(const struct sql_row *row, void *arg)
{
	struct dat_webhook *w = arg;
	int r = sql_copy(row, 0, w->guid, sizeof(w->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, w->name, sizeof(w->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, w->url, sizeof(w->url));
	if (r == HWS_OK)
		r = sql_copy(row, 7, w->last_text, sizeof(w->last_text));
	w->enabled = sql_int(row, 3) != 0;
	w->alarms = alarms_bits(sql_text(row, 4));
	w->failures = sql_int(row, 5);
	w->last_at = sql_int(row, 6);
	w->created_at = sql_int(row, 8);
	w->updated_at = sql_int(row, 9);
	return r;
}

int dat_webhook_get(struct sql_conn *c, const char *guid, struct dat_webhook *ret)
{
	struct dat_webhook w = { 0 };
	int r = sql_one(c, COLUMNS "WHERE guid = $1", SQL_P(SQL_T(guid)), read_webhook, &w);

	if (r == HWS_OK)
		*ret = w;
	return r;
}

struct list {
	dat_webhook_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_webhook w = { 0 };
	int r = read_webhook(row, &w);

	return r == HWS_OK ? l->fn(&w, l->arg) : r;
}

#define FOUND "WHERE name_key LIKE $1 ESCAPE '\\' "

int dat_webhook_list(struct sql_conn *c, const char *search, struct dat_page page,
		dat_webhook_fn fn, void *arg, int64_t *ret_total)
{
	static const char *const texts[] = {
		COLUMNS FOUND "ORDER BY name_key LIMIT $2 OFFSET $3",
		COLUMNS FOUND "ORDER BY name_key DESC LIMIT $2 OFFSET $3",
	};
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK && ret_total)
		r = sql_number(c, "SELECT count(*) FROM webhook " FOUND, SQL_P(SQL_T(like)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[page.down],
				SQL_P(SQL_T(like), SQL_I(page.limit), SQL_I(page.offset)), list_row,
				&l);
	return r;
}

struct secret {
	const struct dat_keys *keys;
	const char *guid;
	char *buf;
};

static int read_secret(const struct sql_row *row, void *arg)
{
	const struct secret *s = arg;

	return dat_unseal(s->keys, (struct dat_cell){ "webhook", "secret_enc", s->guid },
			sql_text(row, 0), s->buf, DAT_HOOK_SECRET_TEXT);
}

int dat_webhook_secret(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char ret[DAT_HOOK_SECRET_TEXT])
{
	struct secret s = { keys, guid, ret };

	return sql_one(c, "SELECT secret_enc FROM webhook WHERE guid = $1", SQL_P(SQL_T(guid)),
			read_secret, &s);
}

int dat_webhook_called(struct sql_conn *c, const char *guid, bool ok, const char *text, int64_t now)
{
	char shown[DAT_EMAIL_TEXT];

	hws_str_plain(shown, sizeof(shown), hws_bytes_str(text));
	return dat_change_one(c,
			"UPDATE webhook SET last_at = $1, last_text = $2, failures = CASE WHEN $3 = "
			"1 THEN 0 ELSE failures + 1 END WHERE guid = $4",
			SQL_P(SQL_I(now), SQL_T(shown), SQL_I(ok), SQL_T(guid)));
}
