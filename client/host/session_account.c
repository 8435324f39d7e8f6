/* A viewer that asks for the files or terminals of another account of the machine than the one that
 * this host serves: it is let in when it knows that account's password, too. Until that is found
 * out its login has no verdict. What it says of an account is never passed over in silence. */
#include "client/host/host_session.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

static void on_answer(bool ok, const char *text, void *arg)
{
	struct hws_host_session *v = arg;

	v->os_login = NULL;
	hws_info_limited("login.account", HWS_U64("conn", v->conn), HWS_STR("account", v->account),
			HWS_BOOL("ok", ok), HWS_STR("why", text));
	if (v->env->audit)
		v->env->audit(v, ok ? "account.login" : "account.refused",
				ok                      ? v->account
						: *text ? text
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
	int r;

	if (!*check->os_user || (role != HWS_AGENT_TERMINAL && role != HWS_AGENT_FILES))
		return false;
	r = hws_str_copy(v->account, sizeof(v->account), check->os_user);
	if (r == HWS_OK)
		r = hws_os_login_start(env->launcher, env->loop, env->settings, env->logs,
				check->os_user, check->os_password_secret, on_answer, v,
				&v->os_login);
	if (r < 0)
		hws_session_refuse(v, "The host cannot check passwords of accounts");
	return true;
}
