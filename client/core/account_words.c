/* JSON of logins, as deployed clients speak it. */
#include "client/core/account_words.h"
#include "client/reach/server_addr.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT 21116
#define PENDING "No authed oidc is found"

/* --- answers ---------------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* What is to be sent back as it came; too long is as if it were missing. */
static void take(const json_t *o, const char *name, char *buf, size_t size)
{
	if (hws_str_copy(buf, size, text_of(o, name)) < 0)
		*buf = '\0';
}

static void show(const json_t *o, const char *name, char *buf, size_t size)
{
	(void)hws_str_plain(buf, size, hws_bytes_str(text_of(o, name)));
}

static bool is_web_text(const char *url)
{
	bool is_web = strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;

	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return is_web;
}

static enum hws_account_said meaning(const json_t *o, struct hws_account_reply *r)
{
	const char *type = text_of(o, "type"), *kind = text_of(o, "tfa_type");

	if (json_object_get(o, "error") && !json_is_null(json_object_get(o, "error")))
		return strstr(r->text, PENDING) ? HWS_ACCOUNT_WAIT : HWS_ACCOUNT_REFUSED;
	if (hws_account_token_good(r->token_secret))
		return *r->user ? HWS_ACCOUNT_TOKEN : HWS_ACCOUNT_STRANGE;
	if (hws_str_equal(type, "email_check") && *r->secret)
		return hws_str_equal(kind, "tfa_check") ? HWS_ACCOUNT_CODE_APP
							: HWS_ACCOUNT_CODE_MAIL;
	if (*r->url && *r->secret)
		return is_web_text(r->url) ? HWS_ACCOUNT_BROWSER : HWS_ACCOUNT_STRANGE;
	return *r->user ? HWS_ACCOUNT_USER : HWS_ACCOUNT_STRANGE;
}

void hws_account_reply_parse(struct hws_bytes body, struct hws_account_reply *ret)
{
	json_t *o = json_loadb((const char *)body.ptr, body.len, 0, NULL);
	const json_t *user = json_object_get(o, "user");

	*ret = (struct hws_account_reply){ .said = HWS_ACCOUNT_STRANGE };
	if (json_is_object(o)) {
		if (!json_is_object(user))
			user = o;
		show(o, "error", ret->text, sizeof(ret->text));
		show(user, "email", ret->hint, sizeof(ret->hint));
		take(user, "name", ret->user, sizeof(ret->user));
		take(user, "display_name", ret->title, sizeof(ret->title));
		take(o, "access_token", ret->token_secret, sizeof(ret->token_secret));
		take(o, "secret", ret->secret, sizeof(ret->secret));
		take(o, "url", ret->url, sizeof(ret->url));
		if (*ret->url)
			take(o, "code", ret->secret, sizeof(ret->secret));
		ret->said = meaning(o, ret);
	}
	json_decref(o);
}

/* --- questions -------------------------------------------------------------------------------- */

static json_t *device(const struct hws_account_device *d)
{
	return json_pack("{s:s,s:s,s:s}", "os", "linux", "type", "client", "name", d->name);
}

static char *packed(json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

char *hws_account_ask_password(
		const struct hws_account_device *d, const char *user, const char *password)
{
	return packed(json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:o}", "username", user, "password",
			password, "id", "", "uuid", d->uuid, "autoLogin", 1, "type", "account",
			"deviceInfo", device(d)));
}

char *hws_account_ask_code(const struct hws_account_device *d, const struct hws_account_reply *of,
		const char *code)
{
	bool app = of->said == HWS_ACCOUNT_CODE_APP;
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:o}", "username", of->user, "secret",
			of->secret, "id", "", "uuid", d->uuid, "autoLogin", 1, "type", "email_code",
			"verificationCode", app ? "" : code, "deviceInfo", device(d));

	if (app && json_object_set_new(o, "tfaCode", json_string(code)) < 0) {
		json_decref(o);
		return NULL;
	}
	return packed(o);
}

char *hws_account_ask_provider(
		const struct hws_account_device *d, const char *provider, const char *api)
{
	return packed(json_pack("{s:s,s:s,s:s,s:s,s:o}", "op", provider, "id", "", "uuid", d->uuid,
			"apiDomain", api, "deviceInfo", device(d)));
}

char *hws_account_ask_self(const struct hws_account_device *d)
{
	return packed(json_pack("{s:s,s:s}", "id", "", "uuid", d->uuid));
}

/* --- where ------------------------------------------------------------------------------------ */

int hws_account_api_of(const char *server, char *buf, size_t size)
{
	struct hws_server_addr a;
	uint16_t port;
	int r = hws_server_addr_parse(server, PORT, &a);

	if (r < 0)
		return r;
	port = hws_server_addr_plain_port(&a, PORT);
	if (port <= 2)
		return HWS_ERR_RANGE;
	return hws_fmt(buf, size, strchr(a.host, ':') ? "http://[%s]:%u" : "http://%s:%u", a.host,
			port - 2u);
}

/* Between the scheme and the path; names and passwords there are refused. */
static bool take_host(const char *at, char *buf, size_t size)
{
	size_t len = strcspn(at, "/?#");
	char *port;

	if (len == 0 || memchr(at, '@', len) ||
			hws_str_from_bytes(buf, size, hws_bytes(at, len)) < 0)
		return false;
	if (*buf == '[') {
		memmove(buf, buf + 1, strlen(buf));
		port = strchr(buf, ']');
	} else {
		port = strchr(buf, ':');
	}
	if (port)
		*port = '\0';
	return *buf != '\0';
}

static bool is_here(const char *host)
{
	struct sockaddr_storage a;

	return strcasecmp(host, "localhost") == 0 ||
			(hws_addr_parse(host, 1, &a) == HWS_OK && hws_addr_is_loopback(&a));
}

int hws_account_api_take(const char *url, char *buf, size_t size, bool *ret_plain)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;
	char host[256];
	size_t len = strlen(url);

	if (!is_web_text(url) || strpbrk(url, "?#\\") ||
			!take_host(url + (tls ? 8 : 7), host, sizeof(host)))
		return HWS_ERR_INVAL;
	if (url[len - 1] == '/')
		len--;
	*ret_plain = !tls && !is_here(host);
	return hws_str_from_bytes(buf, size, hws_bytes(url, len));
}
