/* How the console is entered and left. */
#include "admin/api/console_enter.h"
#include "shared/base/macros.h"

static json_t *kinds_of(const struct adi_login *l)
{
	if (l->state != ADI_LOGIN_SECOND)
		return json_array();
	return l->second == DAT_CHALLENGE_TOTP ? json_pack("[s,s]", "totp", "recovery")
					       : json_pack("[s]", "email");
}

static void answer(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const struct adi_login *l)
{
	bool done = l->state == ADI_LOGIN_DONE;
	json_t *session;

	switch (l->state) {
	case ADI_LOGIN_DONE:
	case ADI_LOGIN_SECOND:
		session = done ? adi_console_enter(q, reply, app, l) : json_null();
		if (session)
			htp_reply_json(reply,
					json_pack("{s:s,s:o,s:o,s:o}", "state",
							done ? "done" : "second_factor", "session",
							session, "challenge",
							done ? json_null() : json_string(l->secret),
							"kinds", kinds_of(l)));
		return;
	case ADI_LOGIN_WRONG:
		adi_v1_error(reply, ADI_NOT_LOGGED_IN, NULL, "Name or password is wrong.");
		return;
	case ADI_LOGIN_WRONG_CODE:
		adi_v1_error(reply, ADI_SECOND_FACTOR, "code", "The code is wrong.");
		return;
	case ADI_LOGIN_DEAD:
		adi_v1_error(reply, ADI_NOT_LOGGED_IN, NULL,
				"This login has taken too long or too many tries; start again.");
		return;
	case ADI_LOGIN_BRAKED:
		adi_v1_error(reply, ADI_TOO_MANY, NULL, "Too many attempts; try again later.");
		return;
	case ADI_LOGIN_REFUSED:
		adi_v1_error(reply, ADI_FORBIDDEN, NULL, "%s.", l->text);
		return;
	case ADI_LOGIN_FAILED:
		adi_v1_fail(reply, l->r, "login", NULL);
		return;
	}
}

static void log_in(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char trust[DAT_TOKEN_TEXT];
	struct adi_login_from from = adi_console_from(q, trust);
	struct adi_login l;

	adi_login_password(app, &from, adi_in_text(q->json, "name"),
			adi_in_text(q->json, "password"), &l);
	answer(q, reply, app, &l);
	adi_login_done(&l);
}

static void second(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char trust[DAT_TOKEN_TEXT];
	struct adi_login_from from = adi_console_from(q, trust);
	struct adi_login l;

	adi_login_code(app, &from, NULL, adi_in_text(q->json, "challenge"),
			adi_in_text(q->json, "code"),
			(unsigned)adi_in_int(q->json, "trust_days", 0), &l);
	answer(q, reply, app, &l);
	adi_login_done(&l);
}

static void log_out(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sql_conn *c;
	int r;

	if (adi_who(q)->via == ADI_VIA_LOCAL) {
		adi_v1_nothing(reply);
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = adi_login_end(app, c, q);
	sql_give(c);
	if (r < 0 && r != HWS_ERR_NOTFOUND) {
		adi_v1_fail(reply, r, "session", NULL);
		return;
	}
	adi_v1_nothing(reply);
	adi_set_cookie(q, reply, NULL);
}

static void session(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const struct adi_who *w = adi_who(q);
	struct sql_conn *c;
	json_t *o;

	if (w->via == ADI_VIA_LOCAL) {
		adi_v1_error(reply, ADI_NOT_FOUND, NULL, "There is no session on this socket.");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	o = adi_out_console(app, c, q, &w->account, w->secret, w->session.expires_at);
	sql_give(c);
	if (o)
		htp_reply_json(reply, o);
	else
		adi_v1_fail(reply, HWS_ERR_STORE, "session", NULL);
}

static const struct adi_call calls[] = {
	{ "logIn", log_in, HTP_POOL_HASH, 0 },
	{ "logInSecond", second, HTP_POOL_COMMON, 0 },
	{ "logOut", log_out, HTP_POOL_COMMON, 0 },
	{ "session", session, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_login = { calls, HWS_COUNT(calls) };
