/* identity/ldap_conf: one setting with everything that may be shown, one with the password. */
#include "admin/identity/ldap_conf.h"
#include "admin/http/json.h"
#include "admin/identity/mapping.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>

#define KEY "identity.ldap"
#define KEY_PASSWORD "identity.ldap-password"
#define FILTER "(objectClass=person)"
#define NAME_ATTRIBUTE "uid"

/* --- reading ---------------------------------------------------------------------------------- */

static void take_text(const json_t *o, const char *key, char *buf, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (s && hws_str_copy(buf, size, s) < 0)
		buf[0] = '\0';
}

static int take(const json_t *o, struct idn_ldap_conf *conf)
{
	char *map = json_dumps(json_object_get(o, "group_map"), JSON_COMPACT);
	int r = map ? hws_str_copy(conf->group_map, sizeof(conf->group_map), map) : HWS_OK;

	free(map);
	conf->enabled = json_is_true(json_object_get(o, "enabled"));
	conf->starttls = json_is_true(json_object_get(o, "starttls"));
	conf->auto_create = json_is_true(json_object_get(o, "auto_create"));
	conf->updated_at = json_integer_value(json_object_get(o, "updated_at"));
	take_text(o, "url", conf->url, sizeof(conf->url));
	take_text(o, "bind_dn", conf->bind_dn, sizeof(conf->bind_dn));
	take_text(o, "base", conf->base, sizeof(conf->base));
	take_text(o, "filter", conf->filter, sizeof(conf->filter));
	take_text(o, "name_attribute", conf->name_attribute, sizeof(conf->name_attribute));
	return r;
}

int idn_ldap_conf_read(struct sql_conn *c, const struct dat_keys *keys, struct idn_ldap_conf *ret)
{
	char *text = hws_alloc(DAT_SETTING_TEXT);
	json_t *o = NULL;
	int r = HWS_OK;

	*ret = (struct idn_ldap_conf){
		.filter = FILTER, .name_attribute = NAME_ATTRIBUTE, .group_map = "{}"
	};
	if (!text)
		return HWS_ERR_NOMEM;
	r = dat_setting_get(c, keys, KEY, text, DAT_SETTING_TEXT);
	if (r == HWS_OK)
		r = htp_json_read(hws_bytes_str(text), &o, NULL) < 0 ? HWS_ERR_CORRUPT : HWS_OK;
	if (r == HWS_OK)
		r = take(o, ret);
	if (r == HWS_OK)
		r = dat_setting_get(c, keys, KEY_PASSWORD, ret->password, sizeof(ret->password));
	ret->has_password = *ret->password != '\0';
	json_decref(o);
	hws_free(text);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int check_url(const struct idn_ldap_conf *conf, struct hws_error *err)
{
	LDAPURLDesc *d = NULL;
	bool one = !strpbrk(conf->url, " \t,");
	int r = one && ldap_url_parse(conf->url, &d) == LDAP_URL_SUCCESS ? HWS_OK : HWS_ERR_INVAL;

	/* a place, and nothing of what else such an address may carry */
	if (r == HWS_OK &&
			(!d->lud_host || !*d->lud_host || (d->lud_dn && *d->lud_dn) ||
					d->lud_attrs || d->lud_filter || d->lud_exts))
		r = HWS_ERR_INVAL;
	if (r == HWS_OK && strcmp(d->lud_scheme, "ldap") != 0 &&
			strcmp(d->lud_scheme, "ldaps") != 0)
		r = HWS_ERR_INVAL;
	if (r < 0)
		r = hws_error_set(err, r,
				"the directory's address must be as ldaps://ldap.example.org");
	else if (conf->starttls && strcmp(d->lud_scheme, "ldaps") == 0)
		r = hws_error_set(err, HWS_ERR_INVAL,
				"ldaps:// is encrypted from the start: StartTLS belongs to ldap://");
	if (d)
		ldap_free_urldesc(d);
	return r;
}

static bool attribute_valid(const char *s)
{
	bool ok = *s != '\0';

	for (; *s && ok; s++)
		ok = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
				(*s >= '0' && *s <= '9') || *s == '-' || *s == '.';
	return ok;
}

static int check(const struct idn_ldap_conf *conf, struct hws_error *err)
{
	struct hws_error form = { 0 };
	json_t *map = NULL;
	int r = *conf->url ? check_url(conf, err) : HWS_OK;

	if (r == HWS_OK && conf->enabled && (!*conf->url || !*conf->base))
		r = hws_error_set(err, HWS_ERR_INVAL,
				"a directory in use needs its address and a base to search from");
	if (r == HWS_OK && !attribute_valid(conf->name_attribute))
		r = hws_error_set(err, HWS_ERR_INVAL, "that is no name of an attribute");
	if (r == HWS_OK &&
			(conf->filter[0] != '(' || conf->filter[strlen(conf->filter) - 1] != ')'))
		r = hws_error_set(err, HWS_ERR_INVAL,
				"a filter stands in brackets, as (objectClass=person)");
	if (r == HWS_OK && htp_json_read(hws_bytes_str(conf->group_map), &map, &form) < 0)
		r = hws_error_set(err, HWS_ERR_INVAL, "the map: %s", form.text);
	if (r == HWS_OK)
		r = idn_map_check(map, err);
	json_decref(map);
	return r;
}

json_t *idn_ldap_conf_json(const struct idn_ldap_conf *conf)
{
	json_t *map = json_loads(conf->group_map, 0, NULL);

	return json_pack("{s:b, s:s, s:b, s:s, s:b, s:s, s:s, s:s, s:b, s:o}", "enabled",
			conf->enabled, "url", conf->url, "starttls", conf->starttls, "bind_dn",
			conf->bind_dn, "has_password", conf->has_password, "base", conf->base,
			"filter", conf->filter, "name_attribute", conf->name_attribute,
			"auto_create", conf->auto_create, "group_map", map ? map : json_object());
}

int idn_ldap_conf_write(struct sql_conn *c, const struct dat_keys *keys,
		const struct idn_ldap_conf *conf, const char *password, const char *by, int64_t now,
		struct hws_error *err)
{
	json_t *o = NULL;
	char *text = NULL;
	struct dat_tx tx;
	int r = check(conf, err);

	if (r < 0)
		return r;
	o = idn_ldap_conf_json(conf);
	if (o && json_object_set_new(o, "updated_at", json_integer(now)) == 0)
		text = json_dumps(o, JSON_COMPACT);
	r = text ? dat_tx_begin(&tx, c) : HWS_ERR_NOMEM;
	if (r == HWS_OK) {
		r = dat_setting_put(c, keys, KEY, text, false, by, now);
		if (r == HWS_OK && password && *password)
			r = dat_setting_put(c, keys, KEY_PASSWORD, password, true, by, now);
		else if (r == HWS_OK && password)
			r = dat_setting_remove(c, KEY_PASSWORD);
		r = dat_tx_end(&tx, r == HWS_ERR_NOTFOUND ? HWS_OK : r);
	}
	free(text);
	json_decref(o);
	return r < 0 ? hws_error_set(err, r, "the directory's settings cannot be stored: %s",
				       hws_err_text(r))
		     : HWS_OK;
}
