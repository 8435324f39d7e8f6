/* What deployed clients log in by: both steps of a login, who they are, and the end of it. */
#include "admin/api/login.h"
#include "admin/api/server_parts.h"
#include "admin/api/user_object.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <string.h>

struct asked {
	const char *username, *password, *secret, *code;
	struct adi_login_from from;
	bool second;
};

/* A text that may be missing: "". */
static int optional(const json_t *o, const char *key, size_t size, const char **ret)
{
	int r = htp_json_text(o, key, size - 1, ret);

	if (r == HWS_ERR_NOTFOUND) {
		*ret = "";
		return HWS_OK;
	}
	return r == HWS_OK ? dat_text_check(*ret, size, false) : r;
}

static int read_device(const json_t *body, struct adi_login_from *from)
{
	const json_t *info = json_object_get(body, "deviceInfo");
	const char *type;
	int r = optional(body, "id", DAT_ID_TEXT, &from->device_id);

	if (r == HWS_OK)
		r = optional(body, "uuid", DAT_UUID_TEXT, &from->device_uuid);
	if (r == HWS_OK)
		r = optional(info, "os", DAT_SHORT_TEXT, &from->os);
	if (r == HWS_OK)
		r = optional(info, "name", DAT_NAME_TEXT, &from->device_name);
	if (r == HWS_OK)
		r = optional(info, "type", DAT_SHORT_TEXT, &type);
	if (r == HWS_OK)
		from->kind = strcmp(type, "browser") == 0 ? DAT_SESSION_BROWSER
							  : DAT_SESSION_CLIENT;
	return r;
}

static int read_asked(const struct htp_request *q, struct asked *a)
{
	const char *type = "", *tfa = "";
	int r = optional(q->json, "type", DAT_SHORT_TEXT, &type);

	a->from = (struct adi_login_from){ .q = q, .trust = "" };
	a->second = r == HWS_OK && strcmp(type, "email_code") == 0;
	if (r == HWS_OK)
		r = optional(q->json, "username", DAT_EMAIL_TEXT, &a->username);
	if (r == HWS_OK)
		r = read_device(q->json, &a->from);
	if (r < 0)
		return r;
	if (!a->second)
		return *a->username ? htp_json_text(q->json, "password", DAT_PASSWORD_BYTES,
						      &a->password)
				    : HWS_ERR_NOTFOUND;
	r = htp_json_text(q->json, "secret", DAT_TOKEN_TEXT - 1, &a->secret);
	if (r == HWS_OK)
		r = optional(q->json, "verificationCode", DAT_SHORT_TEXT, &a->code);
	if (r == HWS_OK)
		r = optional(q->json, "tfaCode", DAT_SHORT_TEXT, &tfa);
	if (r == HWS_OK && *tfa)
		a->code = tfa;
	return r;
}

static void answer_done(struct htp_reply *reply, struct adi_app *app, const struct adi_login *l)
{
	struct sql_conn *c;
	json_t *user;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	user = adi_user_object(c, &l->account, adi_now(), &r);
	sql_give(c);
	if (user)
		htp_reply_json(reply,
				json_pack("{s:s,s:s,s:o}", "type", "access_token", "access_token",
						l->token, "user", user));
	else
		adi_fail(reply, r, "account");
}

/* "email_check" is the type of both kinds: clients refuse another. */
static void answer_second(struct htp_reply *reply, const struct adi_login *l)
{
	htp_reply_json(reply,
			json_pack("{s:s,s:s,s:s,s:o}", "type", "email_check", "tfa_type",
					l->second == DAT_CHALLENGE_TOTP ? "tfa_check"
									: "email_check",
					"secret", l->secret, "user",
					adi_user_object_half(&l->account)));
}

static void answer(struct htp_reply *reply, struct adi_app *app, const struct adi_login *l)
{
	switch (l->state) {
	case ADI_LOGIN_DONE:
		answer_done(reply, app, l);
		return;
	case ADI_LOGIN_SECOND:
		answer_second(reply, l);
		return;
	case ADI_LOGIN_WRONG:
		htp_reply_error(reply, 401, "Wrong credentials");
		return;
	case ADI_LOGIN_WRONG_CODE:
		htp_reply_error(reply, 401, "Wrong verification code");
		return;
	case ADI_LOGIN_DEAD:
		htp_reply_error(reply, 401, "The verification has expired; log in again");
		return;
	case ADI_LOGIN_BRAKED:
		htp_reply_error(reply, 429, "Too many attempts; try again later");
		htp_reply_field(reply, "Retry-After", "60");
		return;
	case ADI_LOGIN_REFUSED:
		htp_reply_error(reply, 403, "%s", l->text);
		return;
	case ADI_LOGIN_FAILED:
		adi_fail(reply, l->r, "login");
		return;
	}
}

static void log_in(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct adi_login l;
	struct asked a = { 0 };
	int r = read_asked(q, &a);

	if (r < 0) {
		htp_reply_error(reply, 400,
				r == HWS_ERR_TOOBIG ? "The name, the password or what tells the "
						      "device is too long"
						    : "Name and password are needed");
		return;
	}
	if (a.second)
		adi_login_code(app, &a.from, *a.username ? a.username : NULL, a.secret, a.code, 0,
				&l);
	else
		adi_login_password(app, &a.from, a.username, a.password, &l);
	answer(reply, app, &l);
	adi_login_done(&l);
}

static void current_user(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct sql_conn *c;
	json_t *user;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	user = adi_user_object(c, &adi_who(q)->account, adi_now(), &r);
	sql_give(c);
	if (user)
		htp_reply_json(reply, user);
	else
		adi_fail(reply, r, "account");
}

static void log_out(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *app = arg;
	struct sql_conn *c;
	int r;

	if (adi_who(q)->via == ADI_VIA_LOCAL || !adi_take(app, reply, &c))
		return;
	r = adi_login_end(app, c, q);
	sql_give(c);
	/* of two at once, one has ended it */
	if (r == HWS_ERR_NOTFOUND)
		htp_reply_error(reply, 401, "Invalid token");
	else if (r < 0)
		adi_fail(reply, r, "session");
}

const struct htp_route adi_routes_login[] = {
	{ HTP_POST, "/api/login", .body = HTP_BODY_JSON, .body_max = 128u << 10,
			.rate = HTP_RATE_LOGIN, .pool = HTP_POOL_HASH, .fn = log_in },
	{ HTP_POST, "/api/currentUser", .access = HTP_BEARER, .rate = HTP_RATE_USER,
			.fn = current_user },
	{ HTP_POST, "/api/logout", .access = HTP_BEARER, .rate = HTP_RATE_USER, .fn = log_out },
};
const size_t adi_routes_login_count = HWS_COUNT(adi_routes_login);
