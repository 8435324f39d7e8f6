/* Words of hostd about logins. What a viewer reads tells it no more than it has proven; the rest is
 * for the log of who owns the host. */
#include "client/host/host_session.h"
#include "client/host/no_desktop.h"
#include "client/host/standing.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

const char *hws_session_result_name(Agt__LoginVerdict__Result r)
{
	static const char *const names[] = { "ok", "wrong", "limited", "waits", "refused" };

	return (unsigned)r < HWS_COUNT(names) ? names[r] : "?";
}

void hws_session_log_result(const struct hws_host_session *v, const struct hws_judge_result *res)
{
	char viewer[HWS_FINGERPRINT_TEXT];

	if (res->result == AGT__LOGIN_VERDICT__RESULT__CLOSED)
		hws_info_limited("login.refused", HWS_U64("conn", v->conn),
				HWS_STR("why", res->text ? res->text : ""),
				HWS_STR("viewer_key", hws_host_session_viewer(v, viewer)));
	if (res->renewed)
		hws_warn("password.renewed", HWS_STR("why", "too many wrong passwords"));
	if (res->weak)
		hws_warn_limited("password.weak", HWS_U64("conn", v->conn),
				HWS_STR("text",
						"a temporary password this short opens the host for hawser viewers "
						"only: see 'weak-one-time-password'"));
}

char *hws_session_unserved_text(
		const struct hws_host_session *v, char *buf, size_t size, int why, const char *text)
{
	if (hws_agent_role_of((enum hws_session_kind)v->login.kind) == HWS_AGENT_DESKTOP)
		return hws_no_desktop_text(buf, size, why != HWS_ERR_AGAIN, text);
	return hws_str_escape(buf, size, hws_bytes_str(text));
}

void hws_session_keep_welcome(struct hws_host_session *v, struct hws_judge_result *res)
{
	struct hws_host_session_welcome *w = &v->welcome_secret;

	w->has_confirm = res->has_confirm;
	w->has_ticket = res->has_ticket;
	memcpy(w->confirm, res->confirm, sizeof(w->confirm));
	w->ticket = res->ticket;
	hws_wipe(&res->ticket, sizeof(res->ticket));
}

void hws_session_fill_welcome(struct hws_host_session_welcome *w, Agt__LoginVerdict *verdict)
{
	if (w->has_confirm)
		verdict->pake_confirm = (ProtobufCBinaryData){ sizeof(w->confirm), w->confirm };
	if (!w->has_ticket)
		return;
	verdict->resume_id = (ProtobufCBinaryData){ sizeof(w->ticket.id), w->ticket.id };
	verdict->resume_secret =
			(ProtobufCBinaryData){ sizeof(w->ticket.secret), w->ticket.secret };
}

const char *hws_session_protection(const struct hws_host_session *v)
{
	const char *before = hws_standing_name(AGT__GATE_STATE__STATE__HANDSHAKE);

	return hws_str_equal(v->state, "starting") || hws_str_equal(v->state, before)
			? "has not begun"
			: hws_secure_level_text((enum hws_secure_level)v->level);
}
