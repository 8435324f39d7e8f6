/* api/console_enter: cookies that no script reads and no other site sends; the secret is made
 * anew at each login, so that none that was planted before is ever let in. */
#include "admin/api/console_enter.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define TRUST_COOKIE "hawser_trust"
#define TRUST_AGE_S (30u * 86400)

struct adi_login_from adi_console_from(const struct htp_request *q, char trust[DAT_TOKEN_TEXT])
{
	if (htp_cookie(q, TRUST_COOKIE, trust, DAT_TOKEN_TEXT) < 0)
		trust[0] = '\0';
	return (struct adi_login_from){ .q = q,
		.kind = DAT_SESSION_CONSOLE,
		.device_id = ADI_CONSOLE_ID,
		.device_uuid = "",
		.os = "",
		.device_name = "",
		.trust = trust };
}

static void set_trust(const struct htp_request *q, struct htp_reply *reply, const char *token)
{
	char text[DAT_TOKEN_TEXT + 120];

	(void)snprintf(text, sizeof(text),
			TRUST_COOKIE "=%s; Path=/api/v1/login; Max-Age=%u; HttpOnly; "
				     "SameSite=Strict%s",
			token, TRUST_AGE_S, q->tls ? "; Secure" : "");
	htp_reply_field(reply, "Set-Cookie", text);
	hws_wipe(text, sizeof(text));
}

json_t *adi_console_enter(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const struct adi_login *l)
{
	struct sql_conn *c;
	json_t *o;

	if (!adi_take(app, reply, &c))
		return NULL;
	o = adi_out_console(app, c, q, &l->account, l->token, l->expires_at);
	sql_give(c);
	if (!o) {
		adi_v1_fail(reply, HWS_ERR_STORE, "session", NULL);
		return NULL;
	}
	adi_set_cookie(q, reply, l->token);
	if (*l->trust)
		set_trust(q, reply, l->trust);
	return o;
}
