/* The directory (LDAP) as an operator sets it, and a look whether it answers. */
#include "admin/api/identity.h"
#include "admin/api/v1.h"
#include "admin/identity/ldap.h"
#include "admin/identity/mapping.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

/* *ret: of the heap, for hws_free_wiped; false: `reply` says why not. */
static bool read_conf(struct adi_app *app, struct htp_reply *reply, struct idn_ldap_conf **ret)
{
	struct idn_ldap_conf *conf;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return false;
	conf = hws_alloc(sizeof(*conf));
	r = conf ? idn_ldap_conf_read(c, app->keys, conf) : HWS_ERR_NOMEM;
	sql_give(c);
	if (r < 0) {
		hws_free(conf);
		adi_v1_fail(reply, r, "directory", NULL);
		return false;
	}
	*ret = conf;
	return true;
}

static void show(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct idn_ldap_conf *conf;

	(void)q;
	if (!read_conf(app, reply, &conf))
		return;
	htp_reply_json(reply, idn_ldap_conf_json(conf));
	hws_free_wiped(conf, sizeof(*conf));
}

/* False: too long, which the description rules out. */
static bool take(const json_t *body, struct idn_ldap_conf *conf)
{
	const struct {
		const char *key;
		char *buf;
		size_t size;
	} texts[] = {
		{ "url", conf->url, sizeof(conf->url) },
		{ "bind_dn", conf->bind_dn, sizeof(conf->bind_dn) },
		{ "base", conf->base, sizeof(conf->base) },
		{ "filter", conf->filter, sizeof(conf->filter) },
		{ "name_attribute", conf->name_attribute, sizeof(conf->name_attribute) },
	};
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{ "enabled", &conf->enabled },
		{ "starttls", &conf->starttls },
		{ "auto_create", &conf->auto_create },
	};
	const json_t *map = json_object_get(body, "group_map");
	char *text = map ? json_dumps(map, JSON_COMPACT) : NULL;
	bool ok = !map ||
			(text &&
					hws_str_copy(conf->group_map, sizeof(conf->group_map),
							text) == HWS_OK);

	free(text);
	for (size_t i = 0; i < HWS_COUNT(texts) && ok; i++) {
		const char *s = adi_in_text(body, texts[i].key);

		ok = !s || hws_str_copy(texts[i].buf, texts[i].size, s) == HWS_OK;
	}
	for (size_t i = 0; i < HWS_COUNT(flags); i++) {
		int flag = adi_in_bool(body, flags[i].key);

		if (flag >= 0)
			*flags[i].flag = flag;
	}
	return ok;
}

/* The stored password goes nowhere but to the directory that it was given for, and not more openly:
 * NULL = it stays. */
static const char *password_for(const json_t *body, const struct idn_ldap_conf *conf,
		const char *old_url, bool old_starttls)
{
	const char *given = adi_in_text(body, "password");

	if (given || (strcmp(conf->url, old_url) == 0 && conf->starttls == old_starttls))
		return given;
	return "";
}

static int write_conf(struct adi_app *app, struct sql_conn *c, struct htp_request *q,
		struct idn_ldap_conf *conf, struct hws_error *err)
{
	char old_url[IDN_LDAP_URL_TEXT];
	bool old_starttls;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = idn_ldap_conf_read(c, app->keys, conf);
	memcpy(old_url, conf->url, sizeof(old_url));
	old_starttls = conf->starttls;
	if (r == HWS_OK && !take(q->json, conf))
		r = hws_error_set(err, HWS_ERR_INVAL, "a text is too long");
	if (r == HWS_OK)
		r = idn_ldap_conf_write(c, app->keys, conf,
				password_for(q->json, conf, old_url, old_starttls),
				adi_who(q)->account.name, adi_now(), err);
	if (r == HWS_OK)
		r = adi_audit(app, c, q,
				&(struct adi_deed){ .kind = "identity.change",
						.target_kind = "directory",
						.target_name = "ldap" });
	if (r == HWS_OK)
		r = idn_ldap_conf_read(c, app->keys, conf);
	return dat_tx_end(&tx, r);
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct idn_ldap_conf *conf = hws_alloc(sizeof(*conf));
	struct hws_error err = { 0 };
	struct sql_conn *c;
	int r = HWS_ERR_NOMEM;

	if (!adi_take(app, reply, &c)) {
		hws_free(conf);
		return;
	}
	if (conf)
		r = write_conf(app, c, q, conf, &err);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, idn_ldap_conf_json(conf));
	else if (r == HWS_ERR_INVAL && *err.text)
		adi_v1_error(reply, ADI_BAD_FIELD, NULL, "That does not do: %s.", err.text);
	else
		adi_v1_fail(reply, r, "directory", NULL);
	if (conf)
		hws_free_wiped(conf, sizeof(*conf));
}

static void try_it(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct idn_ldap_conf *conf;
	struct hws_error err = { 0 };
	int r;

	(void)q;
	if (!read_conf(app, reply, &conf))
		return;
	if (!*conf->url) {
		adi_v1_error(reply, ADI_BAD_REQUEST, NULL, "No directory is set.");
	} else if (!adi_identity_enter(app)) {
		adi_v1_error(reply, ADI_BUSY, NULL, "The server is busy with other logins.");
	} else {
		r = idn_ldap_try(conf, adi_ldap_ca(app), &err);
		adi_identity_leave(app);
		htp_reply_json(reply,
				json_pack("{s:b,s:s}", "ok", r == HWS_OK, "text",
						r == HWS_OK ? "The directory answers, and "
							      "has people."
							    : err.text));
	}
	hws_free_wiped(conf, sizeof(*conf));
}

static const struct adi_call calls[] = {
	{ "changeLdap", change, HTP_POOL_COMMON, 0 },
	{ "ldap", show, HTP_POOL_COMMON, 0 },
	{ "testLdap", try_it, HTP_POOL_HASH, 0 },
};
const struct adi_calls adi_v1_directory = { calls, HWS_COUNT(calls) };
