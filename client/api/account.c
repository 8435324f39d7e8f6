/* Logins of the user: the flow of questions, each on the caller's thread, and the file that keeps
 * what came of it. */
#include "client/api/account.h"
#include "client/api/account_web.h"
#include "client/api/handle.h"
#include "client/api/servers.h"
#include "client/core/account_words.h"
#include "client/reach/reach.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <hawser/account.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define CODE_TEXT 128
#define BROWSER_S 180 /* so long servers remember who was sent to a browser */

/* accounts.json beside the settings; "" when they have no file. */
static int file_of(hawser_context *ctx, char *buf, size_t size)
{
	const char *path = hws_view_settings_path(ctx->settings), *slash = strrchr(path, '/');

	if (!*path) {
		*buf = '\0';
		return HWS_OK;
	}
	return hws_fmt(buf, size, "%.*saccounts.json", slash ? (int)(slash - path + 1) : 0, path);
}

/* Freed wiped by the caller. */
static int load(hawser_context *ctx, char path[4400], struct hws_accounts **ret,
		struct hws_error *err)
{
	int r = file_of(ctx, path, 4400);

	*ret = r == HWS_OK ? hws_alloc(sizeof(**ret)) : NULL;
	if (!*ret)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	return hws_accounts_load(*ret, path, err);
}

/* --- sessions --------------------------------------------------------------------------------- */

void api_account_tokens_free(struct hws_accounts *a)
{
	if (a)
		hws_free_wiped(a, sizeof(*a));
}

static const char *token_of(const struct hws_accounts *a, const char *key)
{
	const struct hws_account *login;
	uint8_t pk[HWS_PK_LEN];

	if (!a || !*key || hws_key_parse(key, pk) < 0)
		return NULL;
	login = hws_accounts_find(a, pk);
	return login ? login->token_secret : NULL;
}

/* Else a target that names a stranger's server by the right key (ID@HOST?key=KEY), which is public,
 * would have the token sent there by TLS. */
static bool is_set(hawser_context *ctx, const char *server)
{
	bool set;

	pthread_mutex_lock(&ctx->lock);
	set = api_servers_setting_has(hws_view_settings_config(ctx->settings), server);
	pthread_mutex_unlock(&ctx->lock);
	return set;
}

void api_account_tokens(
		hawser_context *ctx, struct hws_server_list *servers, struct hws_accounts **ret)
{
	struct hws_accounts *a = NULL;
	struct hws_error err = { 0 };
	char path[4400];
	bool any = false;
	int r = load(ctx, path, &a, &err);

	for (size_t i = 0; i < servers->count; i++) {
		struct hws_server_entry *s = &servers->entry[i];

		s->token_secret = r == HWS_OK ? token_of(a, s->key) : NULL;
		s->token_by_tls = s->token_secret && is_set(ctx, s->text);
		any |= s->token_secret != NULL;
	}
	if (!any) {
		api_account_tokens_free(a);
		a = NULL;
	}
	*ret = a;
}

void api_account_explain(const struct hws_server_entry *server, struct hws_error *err)
{
	const char *remedy = "('hawser login' logs in)";
	char text[sizeof(err->text)];

	if (err->code != HWS_ERR_DENIED || !strcasestr(err->text, "log in") ||
			strstr(err->text, HWS_REACH_UNSAID))
		return;
	if (server && hws_str_starts(server->text, "ws://"))
		remedy = "A login does not go over a WebSocket without TLS: the server by wss://, or as "
			 "HOST[:PORT], has it";
	else if (server && server->token_secret)
		remedy = "Your login has ended: 'hawser login' begins a new one";
	if (hws_fmt(text, sizeof(text), "%s %s", err->text, remedy) == HWS_OK)
		memcpy(err->text, text, sizeof(text));
}

/* --- where ------------------------------------------------------------------------------------ */

/* The server of the settings that comes first. */
static int choose_server(hawser_context *ctx, const char *api, struct api_account_place *p)
{
	const struct hws_viewer_config *v;
	struct hws_server_list l = { 0 };
	struct hws_error err = { 0 };
	char derived[HWS_ACCOUNT_API_TEXT];
	int r;

	pthread_mutex_lock(&ctx->lock);
	v = hws_view_settings_config(ctx->settings);
	r = hws_server_list_parse(v->server, v->key, &l, &err);
	if (r == HWS_OK)
		r = hws_proxy_set(v->proxy_url, v->proxy_user, v->proxy_password_secret, &p->proxy);
	if (r == HWS_OK && !(api && *api))
		api = v->api_server;
	if (r == HWS_OK)
		r = hws_str_copy(derived, sizeof(derived), api);
	pthread_mutex_unlock(&ctx->lock);
	if (r < 0)
		return api_fail(HAWSER_ERR_INVAL, "the settings 'server' and 'key': %s",
				err.text[0] ? err.text : hws_err_text(r));
	if (!l.count)
		return api_fail(HAWSER_ERR_INVAL,
				"no server is set: 'hawser config set server HOST' names it");
	if (!l.entry[0].key[0] || hws_key_parse(l.entry[0].key, p->pk) < 0)
		return api_fail(HAWSER_ERR_INVAL,
				"a login is for a server whose key is known, and none is set for %.100s: "
				"'hawser config set key KEY' with what 'hawser-rendezvous key' prints there",
				l.entry[0].text);
	if (!*derived && hws_account_api_of(l.entry[0].text, derived, sizeof(derived)) < 0)
		return api_fail(HAWSER_ERR_INVAL,
				"where the API server of %.100s is cannot be told from its name: 'hawser config "
				"set api-server https://HOST'",
				l.entry[0].text);
	if (hws_account_api_take(derived, p->api, sizeof(p->api), &p->plain) < 0)
		return api_fail(HAWSER_ERR_INVAL,
				"\"%.100s\" is no address of an API server, like https://api.example.com",
				derived);
	return HAWSER_OK;
}

static int refuse_plain(const struct api_account_place *p)
{
	return api_fail(HAWSER_ERR_INSECURE,
			"%.200s is plain http: whoever is on the way would read your password, and nothing "
			"was sent. Name the server's https address ('hawser config set api-server "
			"https://HOST'), or say --insecure-http in a network that you trust",
			p->api);
}

/* This installation, so that a second factor is taken of the machine alone that was asked for
 * it. */
static int device_of(hawser_context *ctx, struct api_account_place *p)
{
	int r = hawser_viewer_key(ctx, p->uuid);

	if (gethostname(p->name, sizeof(p->name) - 1) < 0)
		p->name[0] = '\0';
	return r;
}

/* --- log in ----------------------------------------------------------------------------------- */

static int refused(const struct hws_account_reply *r)
{
	return api_fail(HAWSER_ERR_PASSWORD, "the API server says: %s",
			*r->text ? r->text : "no, without a reason");
}

static int second_factor(struct api_account_web *w, const struct hawser_login_config *c,
		struct hws_account_reply *reply)
{
	struct hws_account_reply *first = hws_memdup(reply, sizeof(*reply));
	char code[CODE_TEXT] = "";
	int r = HAWSER_OK;

	if (!first)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	if (!c->code)
		r = api_fail(HAWSER_ERR_PASSWORD,
				"the account has a second factor, and nobody can be "
				"asked for its code");
	else if (!c->code(first->said == HWS_ACCOUNT_CODE_APP ? HAWSER_CODE_APP : HAWSER_CODE_MAIL,
				 first->hint, code, sizeof(code), c->arg) ||
			!*code)
		r = api_fail(HAWSER_ERR_CANCELED, "no code was given");
	if (r == HAWSER_OK)
		r = api_account_post(w, "/api/login", hws_account_ask_code(&w->device, first, code),
				reply);
	hws_wipe(code, sizeof(code));
	hws_free_wiped(first, sizeof(*first));
	return r;
}

static bool is_second(const struct hws_account_reply *reply)
{
	return reply->said == HWS_ACCOUNT_CODE_APP || reply->said == HWS_ACCOUNT_CODE_MAIL;
}

/* Asks once a second until somebody has agreed in the browser. */
static int by_browser(struct api_account_web *w, const struct hawser_login_config *c,
		struct hws_account_reply *reply)
{
	const struct timespec second = { .tv_sec = 1 };
	char code[HWS_ACCOUNT_TOKEN_TEXT];
	int r = api_account_post(w, "/api/oidc/auth",
			hws_account_ask_provider(&w->device, c->provider, w->place->api), reply);

	if (r < 0 || reply->said != HWS_ACCOUNT_BROWSER)
		return r;
	memcpy(code, reply->secret, sizeof(code));
	if (c->browse)
		c->browse(reply->url, c->arg);
	for (int i = 0; i < BROWSER_S; i++) {
		if (c->cancelled && c->cancelled(c->arg)) {
			r = api_fail(HAWSER_ERR_CANCELED, "given up");
			break;
		}
		r = api_account_poll(w, code, reply);
		if (r < 0 || reply->said != HWS_ACCOUNT_WAIT)
			break;
		nanosleep(&second, NULL);
	}
	hws_wipe(code, sizeof(code));
	if (r == HAWSER_OK && reply->said == HWS_ACCOUNT_WAIT)
		r = api_fail(HAWSER_ERR_TIMEOUT, "nobody has agreed in the browser in time");
	return r;
}

static int keep(hawser_context *ctx, const struct api_account_place *p,
		const struct hws_account_reply *reply)
{
	struct hws_account login = { .plain = p->plain, .since = (uint64_t)time(NULL) };
	struct hws_error err = { 0 };
	char path[4400];
	int r = file_of(ctx, path, sizeof(path));

	memcpy(login.pk, p->pk, sizeof(login.pk));
	memcpy(login.api, p->api, sizeof(login.api));
	memcpy(login.user, reply->user, sizeof(login.user));
	memcpy(login.title, reply->title, sizeof(login.title));
	memcpy(login.token_secret, reply->token_secret, sizeof(login.token_secret));
	if (r == HWS_OK)
		r = hws_accounts_keep(path, &login, &err);
	else
		hws_error_set(&err, r, "the path of the file of logins is too long");
	hws_wipe(&login, sizeof(login));
	return r < 0 ? api_fail_err(&err) : HAWSER_OK;
}

static int log_in(hawser_context *ctx, struct api_account_web *w,
		const struct hawser_login_config *c, struct hws_account_reply *reply)
{
	int r;

	if (c->provider)
		r = by_browser(w, c, reply);
	else
		r = api_account_post(w, "/api/login",
				hws_account_ask_password(&w->device, c->user, c->password), reply);
	if (r == HAWSER_OK && is_second(reply))
		r = second_factor(w, c, reply);
	if (r < 0)
		return r;
	if (reply->said == HWS_ACCOUNT_REFUSED)
		return refused(reply);
	if (reply->said != HWS_ACCOUNT_TOKEN)
		return api_account_strange(w->place);
	return keep(ctx, w->place, reply);
}

int hawser_account_login(hawser_context *ctx, const struct hawser_login_config *config)
{
	struct hawser_login_config c = HAWSER_LOGIN_CONFIG_INIT;
	struct api_account_place p = { .api = "" };
	struct hws_account_reply *reply;
	struct api_account_web w;
	int r;

	if (!ctx || !config)
		return api_fail(HAWSER_ERR_INVAL, "who is to be logged in?");
	memcpy(&c, config, HWS_MIN(config->size, sizeof(c)));
	if (!c.provider && (!c.user || !*c.user || !c.password || !*c.password))
		return api_fail(HAWSER_ERR_INVAL, "name and password are needed");
	reply = hws_alloc(sizeof(*reply));
	if (!reply)
		return api_fail(HAWSER_ERR_NOMEM, "out of memory");
	r = choose_server(ctx, c.api, &p);
	if (r == HAWSER_OK && p.plain && !c.insecure_http)
		r = refuse_plain(&p);
	if (r == HAWSER_OK)
		r = device_of(ctx, &p);
	if (r == HAWSER_OK)
		r = api_account_web_open(&w, &p);
	if (r == HAWSER_OK) {
		r = log_in(ctx, &w, &c, reply);
		api_account_web_close(&w);
	}
	hws_free_wiped(reply, sizeof(*reply));
	hws_wipe(&p.proxy, sizeof(p.proxy));
	return r;
}

/* --- afterwards ------------------------------------------------------------------------------- */

/* The login at the first server; *ret_all is freed wiped by the caller. */
static int find(hawser_context *ctx, struct api_account_place *p, char path[4400],
		struct hws_accounts **ret_all, const struct hws_account **ret)
{
	struct hws_error err = { 0 };
	int r = choose_server(ctx, NULL, p);

	*ret_all = NULL;
	if (r < 0)
		return r;
	if (load(ctx, path, ret_all, &err) < 0)
		return api_fail_err(&err);
	*ret = hws_accounts_find(*ret_all, p->pk);
	if (!*ret)
		return api_fail(HAWSER_ERR_NOTFOUND,
				"nobody is logged in at this server: 'hawser login'");
	/* where the login is from, whatever the settings say now */
	memcpy(p->api, (*ret)->api, sizeof(p->api));
	p->plain = (*ret)->plain;
	return HAWSER_OK;
}

static int ask_self(hawser_context *ctx, struct api_account_place *p, const char *path,
		const char *token, struct hws_account_reply *reply)
{
	struct api_account_web w;
	int r = device_of(ctx, p);

	if (r == HAWSER_OK)
		r = api_account_web_open(&w, p);
	if (r < 0)
		return r;
	w.token = token;
	r = api_account_post(&w, path, hws_account_ask_self(&w.device), reply);
	api_account_web_close(&w);
	return r;
}

int hawser_account_logout(hawser_context *ctx)
{
	struct api_account_place p = { .api = "" };
	struct hws_account_reply *reply = hws_alloc(sizeof(*reply));
	const struct hws_account *at;
	struct hws_account login = { 0 };
	struct hws_accounts *all;
	struct hws_error err = { 0 };
	char path[4400];
	int r = find(ctx, &p, path, &all, &at);

	if (r == HAWSER_OK) {
		login = *at;
		if (hws_accounts_forget(path, p.pk, &err) < 0)
			r = api_fail_err(&err);
	}
	/* that it is gone here is what matters; it ends there by itself, too */
	if (r == HAWSER_OK && reply)
		(void)ask_self(ctx, &p, "/api/logout", login.token_secret, reply);
	if (reply)
		hws_free_wiped(reply, sizeof(*reply));
	hws_wipe(&login, sizeof(login));
	hws_wipe(&p.proxy, sizeof(p.proxy));
	api_account_tokens_free(all);
	return r;
}

int hawser_account_check(hawser_context *ctx)
{
	struct api_account_place p = { .api = "" };
	struct hws_account_reply *reply = hws_alloc(sizeof(*reply));
	const struct hws_account *at;
	struct hws_accounts *all;
	char path[4400];
	int r = find(ctx, &p, path, &all, &at);

	if (r == HAWSER_OK && !reply)
		r = api_fail(HAWSER_ERR_NOMEM, "out of memory");
	if (r == HAWSER_OK)
		r = ask_self(ctx, &p, "/api/currentUser", at->token_secret, reply);
	if (r == HAWSER_OK && reply->said == HWS_ACCOUNT_REFUSED)
		r = api_fail(HAWSER_ERR_DENIED,
				"the login of %.100s has ended (%s): 'hawser login' begins a new one",
				at->user, reply->text);
	else if (r == HAWSER_OK && reply->said != HWS_ACCOUNT_USER)
		r = api_account_strange(&p);
	if (reply)
		hws_free_wiped(reply, sizeof(*reply));
	hws_wipe(&p.proxy, sizeof(p.proxy));
	api_account_tokens_free(all);
	return r;
}

/* One block: what is handed out, then its texts. */
struct shown {
	struct hawser_account account;
	char api[HWS_ACCOUNT_API_TEXT];
	char user[4 * HWS_ACCOUNT_NAME_TEXT], title[4 * HWS_ACCOUNT_NAME_TEXT];
	char fingerprint[HWS_FINGERPRINT_TEXT];
};

int hawser_account_get(hawser_context *ctx, struct hawser_account **ret)
{
	struct api_account_place p = { .api = "" };
	struct shown *s = hws_alloc(sizeof(*s));
	const struct hws_account *at;
	struct hws_accounts *all;
	char path[4400];
	int r = find(ctx, &p, path, &all, &at);

	*ret = NULL;
	if (r == HAWSER_OK && !s)
		r = api_fail(HAWSER_ERR_NOMEM, "out of memory");
	if (r == HAWSER_OK) {
		memcpy(s->api, at->api, sizeof(s->api));
		s->account = (struct hawser_account){ .size = sizeof(s->account),
			.api = s->api,
			.user = hws_str_plain(s->user, sizeof(s->user), hws_bytes_str(at->user)),
			.title = hws_str_plain(
					s->title, sizeof(s->title), hws_bytes_str(at->title)),
			.fingerprint = hws_fingerprint_text(p.pk, s->fingerprint),
			.since = at->since };
		*ret = &s->account;
	} else {
		hws_free(s);
	}
	hws_wipe(&p.proxy, sizeof(p.proxy));
	api_account_tokens_free(all);
	return r;
}

void hawser_account_free(struct hawser_account *account)
{
	hws_free(account ? hws_container(account, struct shown, account) : NULL);
}
