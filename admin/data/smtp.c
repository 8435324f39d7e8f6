/* admin/data/smtp: one setting for each part, so that the password is sealed alone. */
#include "admin/data/smtp.h"
#include "admin/data/settings.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <string.h>

#define PASSWORD_KEY "smtp.password"
#define TO_TEXT (DAT_SMTP_TO_MAX * DAT_EMAIL_TEXT)

static const char *const securities[] = {
	[DAT_SMTP_STARTTLS] = "starttls", [DAT_SMTP_TLS] = "tls", [DAT_SMTP_PLAIN] = "none"
};

const char *dat_smtp_security_name(enum dat_smtp_security s)
{
	return securities[s];
}

int dat_smtp_security_parse(const char *name, enum dat_smtp_security *ret)
{
	for (size_t i = 0; i < HWS_COUNT(securities); i++) {
		if (hws_str_equal(name, securities[i])) {
			*ret = (enum dat_smtp_security)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* What is not set leaves `buf` as it is. */
static int get(struct sql_conn *c, const struct dat_keys *keys, const char *key, char *buf,
		size_t size)
{
	int r = dat_setting_get(c, keys, key, buf, size);

	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int get_number(
		struct sql_conn *c, const struct dat_keys *keys, const char *key, uint32_t *ret)
{
	char text[16] = "";
	int r = get(c, keys, key, text, sizeof(text));

	if (r == HWS_OK && *text && hws_parse_u32(text, ret) < 0)
		r = HWS_ERR_CORRUPT;
	return r;
}

static int take_address(const char *address, void *arg)
{
	struct dat_smtp *s = arg;

	if (s->n_to == DAT_SMTP_TO_MAX)
		return HWS_ERR_CORRUPT;
	return hws_str_copy(s->to[s->n_to++], DAT_EMAIL_TEXT, address);
}

int dat_smtp_load(struct sql_conn *c, const struct dat_keys *keys, struct dat_smtp *ret)
{
	struct dat_smtp s = { .port = 587 };
	char security[16] = "starttls", to[TO_TEXT] = "", password[DAT_SMTP_PASSWORD_TEXT] = "";
	uint32_t enabled = 0, port = s.port, alarms = 0;
	int r = get_number(c, keys, "smtp.enabled", &enabled);

	if (r == HWS_OK)
		r = get(c, keys, "smtp.host", s.host, sizeof(s.host));
	if (r == HWS_OK)
		r = get_number(c, keys, "smtp.port", &port);
	if (r == HWS_OK)
		r = get(c, keys, "smtp.security", security, sizeof(security));
	if (r == HWS_OK)
		r = dat_smtp_security_parse(security, &s.security);
	if (r == HWS_OK)
		r = get(c, keys, "smtp.user", s.user, sizeof(s.user));
	if (r == HWS_OK)
		r = get(c, keys, "smtp.from", s.from, sizeof(s.from));
	if (r == HWS_OK)
		r = get(c, keys, "smtp.to", to, sizeof(to));
	if (r == HWS_OK)
		r = get_number(c, keys, "smtp.alarms", &alarms);
	if (r == HWS_OK)
		r = hws_str_each(to, '\n', take_address, &s);
	/* Of another key: there is none that could be used. */
	if (r == HWS_OK)
		s.has_password = get(c, keys, PASSWORD_KEY, password, sizeof(password)) == HWS_OK &&
				*password;
	hws_wipe(password, sizeof(password));
	if (r < 0)
		return r;
	s.enabled = enabled != 0;
	s.port = (uint16_t)port;
	s.alarms = alarms;
	*ret = s;
	return HWS_OK;
}

int dat_smtp_password(
		struct sql_conn *c, const struct dat_keys *keys, char ret[DAT_SMTP_PASSWORD_TEXT])
{
	ret[0] = '\0';
	return get(c, keys, PASSWORD_KEY, ret, DAT_SMTP_PASSWORD_TEXT);
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool is_address(const char *s)
{
	return strchr(s, '@') && !strpbrk(s, " <>,;\"\t\r\n");
}

/* A name or address of a host and nothing else: it becomes part of a URL. */
static bool is_host(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
			strlen(s);
}

static int check(const struct dat_smtp *s)
{
	if (!is_host(s->host) || !s->port || (*s->from && !is_address(s->from)) ||
			s->n_to > DAT_SMTP_TO_MAX)
		return HWS_ERR_INVAL;
	for (size_t i = 0; i < s->n_to; i++)
		if (!is_address(s->to[i]))
			return HWS_ERR_INVAL;
	return s->enabled && (!*s->host || !*s->from) ? HWS_ERR_INVAL : HWS_OK;
}

struct writing {
	struct sql_conn *c;
	const struct dat_keys *keys;
	const char *by;
	int64_t now;
};

static int put(const struct writing *w, const char *key, const char *value)
{
	return dat_setting_put(w->c, w->keys, key, value, false, w->by, w->now);
}

static int put_number(const struct writing *w, const char *key, unsigned value)
{
	char text[16];
	int r = hws_fmt(text, sizeof(text), "%u", value);

	return r == HWS_OK ? put(w, key, text) : r;
}

static int put_to(const struct writing *w, const struct dat_smtp *s)
{
	char all[TO_TEXT] = "";
	size_t n = 0;
	int r = HWS_OK;

	for (size_t i = 0; i < s->n_to && r == HWS_OK; i++) {
		r = hws_fmt(all + n, sizeof(all) - n, "%s%s", i ? "\n" : "", s->to[i]);
		n = strlen(all);
	}
	return r == HWS_OK ? put(w, "smtp.to", all) : r;
}

int dat_smtp_store(struct sql_conn *c, const struct dat_keys *keys, const struct dat_smtp *s,
		const char *by, int64_t now)
{
	const struct writing w = { c, keys, by, now };
	struct dat_tx tx;
	int r = check(s);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = put_number(&w, "smtp.enabled", s->enabled);
	if (r == HWS_OK)
		r = put(&w, "smtp.host", s->host);
	if (r == HWS_OK)
		r = put_number(&w, "smtp.port", s->port);
	if (r == HWS_OK)
		r = put(&w, "smtp.security", dat_smtp_security_name(s->security));
	if (r == HWS_OK)
		r = put(&w, "smtp.user", s->user);
	if (r == HWS_OK)
		r = put(&w, "smtp.from", s->from);
	if (r == HWS_OK)
		r = put_to(&w, s);
	if (r == HWS_OK)
		r = put_number(&w, "smtp.alarms", s->alarms);
	return dat_tx_end(&tx, r);
}

int dat_smtp_set_password(struct sql_conn *c, const struct dat_keys *keys, const char *password,
		const char *by, int64_t now)
{
	int r = dat_text_check(password, DAT_SMTP_PASSWORD_TEXT, false);

	if (r == HWS_OK && *password)
		return dat_setting_put(c, keys, PASSWORD_KEY, password, true, by, now);
	if (r == HWS_OK)
		r = dat_setting_remove(c, PASSWORD_KEY);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}
