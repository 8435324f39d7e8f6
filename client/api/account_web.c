/* HTTP of logins: the proxy of the settings, and what failures mean to a user. */
#include "client/api/account_web.h"
#include "client/api/handle.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX (64u << 10)
#define URL_TEXT (HWS_ACCOUNT_API_TEXT + 3 * HWS_ACCOUNT_TOKEN_TEXT + 256)
#define PART_TEXT (3 * HWS_PROXY_TEXT_MAX + 1)

int api_account_web_open(struct api_account_web *w, const struct api_account_place *place)
{
	*w = (struct api_account_web){ .place = place,
		.device = { .uuid = place->uuid, .name = place->name } };
	if (hws_web_new(&w->web) < 0)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	return HAWSER_OK;
}

void api_account_web_close(struct api_account_web *w)
{
	hws_web_free(w->web);
}

int api_account_strange(const struct api_account_place *place)
{
	return api_fail(HAWSER_ERR_PROTO,
			"what answers at %.200s is no API server: 'hawser config set api-server URL' names "
			"the right one",
			place->api);
}

/* With name and password in it; a name is looked up by the proxy. */
static int proxy_text(const struct hws_proxy *p, char *buf, size_t size)
{
	static const char *const schemes[] = { [HWS_PROXY_SOCKS5] = "socks5h",
		[HWS_PROXY_HTTP] = "http",
		[HWS_PROXY_HTTPS] = "https" };
	bool six = strchr(p->host, ':') != NULL;
	char user[PART_TEXT] = "", secret[PART_TEXT] = "";
	int r = HWS_OK;

	if (*p->user && *p->password_secret) {
		r = hws_url_escape(p->user, user, sizeof(user));
		if (r == HWS_OK)
			r = hws_url_escape(p->password_secret, secret, sizeof(secret));
	}
	if (r == HWS_OK)
		r = hws_fmt(buf, size, "%s://%s%s%s%s%s%s%s:%u", schemes[p->kind], user,
				*user ? ":" : "", secret, *user ? "@" : "", six ? "[" : "", p->host,
				six ? "]" : "", p->port);
	hws_wipe(secret, sizeof(secret));
	return r;
}

/* Without TLS, and not said to be so to another machine, it is this one: a proxy would read what is
 * meant not to leave it. */
static bool by_proxy(const struct api_account_place *p)
{
	return p->proxy.kind != HWS_PROXY_NONE &&
			(p->plain || strncasecmp(p->api, "https://", 8) == 0);
}

static int failed(const struct api_account_place *p, int r, const struct hws_error *err)
{
	return api_fail(r, "the API server %.200s cannot be asked: %s", p->api,
			err->text[0] ? err->text : hws_err_text(r));
}

static int ask(struct api_account_web *w, const char *url, struct hws_bytes body,
		struct hws_account_reply *ret)
{
	const struct api_account_place *p = w->place;
	struct hws_fetch_answer answer;
	struct hws_error err = { 0 };
	char proxy[2 * PART_TEXT + 300] = "";
	int r = by_proxy(p) ? proxy_text(&p->proxy, proxy, sizeof(proxy)) : HWS_OK;
	const struct hws_fetch f = { .url = url,
		.body = body,
		.content_type = body.ptr ? "application/json" : NULL,
		.bearer = w->token,
		.proxy = *proxy ? proxy : NULL,
		.answer_max = ANSWER_MAX,
		.flags = p->plain ? HWS_FETCH_PLAIN : 0 };

	if (r == HWS_OK)
		r = hws_fetch(w->web, &f, &answer, &err);
	hws_wipe(proxy, sizeof(proxy));
	if (r < 0)
		return failed(p, r, &err);
	hws_account_reply_parse(hws_buf_bytes(&answer.body), ret);
	if (answer.status >= 500) {
		hws_error_set(&err, HWS_ERR_PROTO, "it is in trouble itself (status %d)",
				answer.status);
		r = failed(p, HWS_ERR_PROTO, &err);
	} else if (answer.status == 401 && ret->said == HWS_ACCOUNT_STRANGE) {
		ret->said = HWS_ACCOUNT_REFUSED;
	} else if (answer.status >= 300 && ret->said != HWS_ACCOUNT_REFUSED &&
			ret->said != HWS_ACCOUNT_WAIT) {
		r = api_account_strange(p);
	}
	hws_fetch_done(&answer);
	return r;
}

int api_account_post(struct api_account_web *w, const char *path, char *body,
		struct hws_account_reply *ret)
{
	char url[URL_TEXT];
	int r = body ? hws_fmt(url, sizeof(url), "%s%s", w->place->api, path) : HWS_ERR_NOMEM;

	if (r < 0)
		r = api_fail(r, "the question to the API server cannot be made");
	else
		r = ask(w, url, hws_bytes_str(body), ret);
	if (body)
		hws_wipe(body, strlen(body));
	free(body);
	return r;
}

int api_account_poll(struct api_account_web *w, const char *code, struct hws_account_reply *ret)
{
	char url[URL_TEXT], part[3 * HWS_ACCOUNT_TOKEN_TEXT], uuid[3 * HAWSER_KEY_TEXT];
	int r = hws_url_escape(code, part, sizeof(part));

	if (r == HWS_OK)
		r = hws_url_escape(w->place->uuid, uuid, sizeof(uuid));
	if (r == HWS_OK)
		r = hws_fmt(url, sizeof(url), "%s/api/oidc/auth-query?code=%s&id=&uuid=%s",
				w->place->api, part, uuid);
	if (r < 0)
		return api_fail(r, "the question to the API server cannot be made");
	return ask(w, url, hws_bytes(NULL, 0), ret);
}
