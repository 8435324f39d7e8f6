/* api/who: proves who asks, and whether the route is for them. */
#include "admin/api/who.h"
#include "admin/data/audit.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/net/addr.h"
#include <stdio.h>
#include <string.h>

#define V1 "/api/v1/"

const char *adi_via_name(enum adi_via via)
{
	static const char *const names[] = { [ADI_VIA_CLIENT] = "client",
		[ADI_VIA_BROWSER] = "browser",
		[ADI_VIA_CONSOLE] = "console",
		[ADI_VIA_TOKEN] = "token",
		[ADI_VIA_LOCAL] = "local" };

	return names[via];
}

const struct adi_who *adi_who(const struct htp_request *q)
{
	return q->who;
}

void adi_ip(const struct htp_request *q, char buf[DAT_IP_TEXT])
{
	buf[0] = '\0';
	if (q->peer.ss_family != AF_UNSPEC)
		hws_addr_ip_text(&q->peer, buf, DAT_IP_TEXT);
}

void adi_csrf(const char *secret, char buf[DAT_HASH_TEXT])
{
	char text[DAT_TOKEN_TEXT + 8];

	(void)snprintf(text, sizeof(text), "csrf:%s", secret);
	dat_token_hash(text, buf);
	hws_wipe(text, sizeof(text));
}

void adi_set_cookie(const struct htp_request *q, struct htp_reply *reply, const char *secret)
{
	char text[DAT_TOKEN_TEXT + 120];

	(void)snprintf(text, sizeof(text),
			ADI_COOKIE "=%s; Path=/api/v1; HttpOnly; SameSite=Strict%s%s",
			secret ? secret : "", secret ? "" : "; Max-Age=0",
			q->tls ? "; Secure" : "");
	htp_reply_field(reply, "Set-Cookie", text);
	hws_wipe(text, sizeof(text));
}

static void who_free(void *who)
{
	hws_free_wiped(who, sizeof(struct adi_who));
}

/* --- who -------------------------------------------------------------------------------------- */

static int refuse(struct htp_reply *reply, int status, const char *text)
{
	htp_reply_error(reply, status, "%s", text);
	return HWS_ERR_DENIED;
}

static int by_session(struct sql_conn *c, struct adi_who *w)
{
	int r = dat_session_check(c, w->secret, adi_now(), &w->session, &w->account);

	if (r == HWS_OK)
		w->via = w->session.kind == DAT_SESSION_CONSOLE          ? ADI_VIA_CONSOLE
				: w->session.kind == DAT_SESSION_BROWSER ? ADI_VIA_BROWSER
									 : ADI_VIA_CLIENT;
	return r;
}

/* A bearer is a session or a token; a console's session is a cookie and nothing else. */
static int by_bearer(struct sql_conn *c, struct adi_who *w)
{
	int r = by_session(c, w);

	if (r == HWS_OK)
		return w->via == ADI_VIA_CONSOLE ? HWS_ERR_DENIED : HWS_OK;
	if (r != HWS_ERR_DENIED)
		return r;
	w->via = ADI_VIA_TOKEN;
	return dat_token_check(c, w->secret, w->ip, adi_now(), &w->token, &w->account);
}

static bool csrf_matches(const struct htp_request *q, const struct adi_who *w)
{
	const char *given = htp_head_get(&q->head, ADI_CSRF_FIELD);
	char want[DAT_HASH_TEXT];

	adi_csrf(w->secret, want);
	return given && strlen(given) == strlen(want) &&
			hws_secret_equal(given, want, strlen(want));
}

static int by_cookie(struct sql_conn *c, const struct htp_request *q, struct adi_who *w,
		struct htp_reply *reply)
{
	int r = by_session(c, w);

	if (r < 0)
		return r;
	if (w->via != ADI_VIA_CONSOLE)
		return HWS_ERR_DENIED;
	if (q->head.method == HTP_GET || q->head.method == HTP_HEAD || csrf_matches(q, w))
		return HWS_OK;
	return refuse(reply, 403, ADI_TEXT_PAGE_OLD);
}

static void by_admin_socket(struct adi_who *w)
{
	w->via = ADI_VIA_LOCAL;
	w->account.role = DAT_ROLE_OWNER;
	w->account.status = DAT_ENABLED;
	memcpy(w->account.name, "local", sizeof("local"));
	memcpy(w->account.source, "local", sizeof("local"));
}

/* --- what ------------------------------------------------------------------------------------- */

/* Sessions of an account that must do something first have their own account only. */
static bool must_act(struct adi_app *a, struct sql_conn *c, const struct htp_request *q,
		const struct adi_who *w)
{
	static const char *const own[] = { V1 "me", V1 "session", V1 "logout" };
	struct adi_settings s;

	if (w->via != ADI_VIA_CONSOLE)
		return false;
	for (size_t i = 0; i < HWS_COUNT(own); i++) {
		if (hws_str_starts(q->route->pattern, own[i]))
			return false;
	}
	adi_app_settings(a, c, &s);
	return w->account.must_change_pw || adi_owes_totp(&w->account, &s);
}

static bool scope_allows(const struct htp_route *route, const struct dat_token *t)
{
	const char *colon = route->scope ? strchr(route->scope, ':') : NULL;
	char name[32];
	enum dat_area area;

	if (!colon || (size_t)(colon - route->scope) >= sizeof(name))
		return false;
	memcpy(name, route->scope, (size_t)(colon - route->scope));
	name[colon - route->scope] = '\0';
	if (dat_area_parse(name, &area) < 0)
		return false;
	return t->scope[area] >= (strcmp(colon, ":rw") == 0 ? DAT_SCOPE_WRITE : DAT_SCOPE_READ);
}

static int may(struct adi_app *a, struct sql_conn *c, const struct htp_request *q,
		const struct adi_who *w, struct htp_reply *reply)
{
	const struct htp_route *route = q->route;
	bool v1 = hws_str_starts(route->pattern, V1);

	if (v1 && (w->via == ADI_VIA_CLIENT || w->via == ADI_VIA_BROWSER))
		return refuse(reply, 401, "The session of a client is none of the console");
	if (route->roles && !(route->roles & ADI_ROLE(w->account.role)))
		return refuse(reply, 403, "Permission denied");
	if (w->via == ADI_VIA_TOKEN && !scope_allows(route, &w->token))
		return refuse(reply, 403, "This token has no right to do that");
	if (must_act(a, c, q, w))
		return refuse(reply, 403, ADI_TEXT_ACT_FIRST);
	return HWS_OK;
}

static int read_secret(const struct htp_request *q, struct adi_who *w, bool *ret_cookie)
{
	const char *bearer = htp_bearer(q);

	*ret_cookie = !bearer;
	return bearer ? hws_str_copy(w->secret, sizeof(w->secret), bearer)
		      : htp_cookie(q, ADI_COOKIE, w->secret, sizeof(w->secret));
}

static int prove(struct adi_app *a, struct htp_request *q, struct adi_who *w,
		struct htp_reply *reply)
{
	struct sql_conn *c = NULL;
	bool cookie = false;
	int r = HWS_OK;

	adi_ip(q, w->ip);
	if (q->admin)
		by_admin_socket(w);
	else
		r = read_secret(q, w, &cookie);
	if (r < 0)
		return refuse(reply, 401, "Sign in first");
	if (!adi_take(a, reply, &c))
		return HWS_ERR_STORE;
	if (cookie)
		r = by_cookie(c, q, w, reply);
	else if (!q->admin)
		r = by_bearer(c, w);
	if (r == HWS_OK)
		r = may(a, c, q, w, reply);
	else if (r == HWS_ERR_DENIED && reply->status < 400)
		refuse(reply, 401, "Invalid token");
	else if (reply->status < 400)
		adi_fail(reply, r, "session");
	sql_give(c);
	return r;
}

int adi_authorise(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_who *w = hws_alloc(sizeof(*w));
	int r;

	if (!w) {
		htp_reply_error(reply, 503, "The server is out of memory");
		return HWS_ERR_NOMEM;
	}
	r = prove(arg, q, w, reply);
	if (r < 0) {
		who_free(w);
		return r;
	}
	q->who = w;
	q->who_free = who_free;
	return HWS_OK;
}

/* --- the audit -------------------------------------------------------------------------------- */

int adi_audit(struct adi_app *a, struct sql_conn *c, const struct htp_request *q,
		const struct adi_deed *deed)
{
	const struct adi_who *w = adi_who(q);
	char ip[DAT_IP_TEXT];
	struct dat_event e = {
		.kind = deed->kind,
		.target_kind = deed->target_kind,
		.target_guid = deed->target_guid,
		.target_name = deed->target_name,
		.info = deed->info,
		.ip = ip,
		.actor_name = deed->actor,
		.via = q->admin ? "local" : "",
	};

	adi_ip(q, ip);
	if (w) {
		e.actor_guid = w->account.guid;
		e.actor_name = w->account.name;
		e.via = adi_via_name(w->via);
	}
	return dat_audit_add(c, a->keys, &e, adi_now());
}
