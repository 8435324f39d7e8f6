/* A viewer that asks for the files or terminals of another account of the machine than the one that
 * this host serves: it is let in when it knows that account's password, too. Until that is found
 * out its login has no verdict. What it says of an account is never passed over in silence. */
#include "client/host/host_session.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

static void count(struct hws_host_session *v, bool good)
{
	const struct hws_host_session_env *env = v->env;

	if (env->guard)
		hws_os_guard_ended(env->guard, v->account, good, hws_loop_now_us(env->loop));
}

static void on_answer(bool ok, const char *text, void *arg)
{
	struct hws_host_session *v = arg;
	char why[sizeof(v->account) + 512];

	v->os_login = NULL;
	count(v, ok);
	hws_info_limited("login.account", HWS_U64("conn", v->conn), HWS_STR("account", v->account),
			HWS_BOOL("ok", ok), HWS_STR("why", text));
	if (v->env->audit)
		v->env->audit(v, ok ? "account.login" : "account.refused",
				!ok && *text &&
								hws_fmt(why, sizeof(why), "%s: %s",
										v->account,
										text) == HWS_OK
						? why
						: v->account,
				v->env->arg);
	if (ok)
		hws_session_let_in(v);
	else
		hws_session_refuse(v, *text ? text : "Wrong Password");
}

bool hws_session_ask_account(struct hws_host_session *v, const Agt__LoginCheck *check)
{
	const struct hws_host_session_env *env = v->env;
	enum hws_agent_role role = hws_agent_role_of((enum hws_session_kind)v->login.kind);
	char text[HWS_OS_GUARD_TEXT];
	int r;

	if (!*check->os_user || (role != HWS_AGENT_TERMINAL && role != HWS_AGENT_FILES))
		return false;
	if (hws_str_copy(v->account, sizeof(v->account), check->os_user) < 0) {
		hws_session_refuse(v, "Incorrect username or password."); /* no account's */
		return true;
	}
	if (env->guard &&
			hws_os_guard_begin(env->guard, v->account, hws_loop_now_us(env->loop), text,
					sizeof(text)) < 0) {
		hws_session_refuse(v, text);
		return true;
	}
	r = hws_os_login_start(env->launcher, env->loop, env->settings, env->logs, check->os_user,
			check->os_password_secret, on_answer, v, &v->os_login);
	if (r < 0) {
		count(v, false);
		hws_session_refuse(v, "The host cannot check passwords of accounts");
	}
	return true;
}

void hws_session_forget_account(struct hws_host_session *v)
{
	if (!v->os_login)
		return;
	hws_os_login_cancel(v->os_login);
	v->os_login = NULL;
	count(v, false);
}
