/* api/console_session: the CSRF value follows from the secret, so that nothing more is kept. */
#include "admin/api/console_session.h"
#include "admin/data/avatars.h"
#include "admin/data/factors.h"
#include "shared/base/mem.h"

json_t *adi_out_account(struct adi_app *app, struct sql_conn *c, const struct dat_account *a)
{
	char avatar[DAT_AVATAR_NAME_TEXT];
	struct adi_settings s;
	int64_t codes = 0;

	if (dat_recovery_left(c, a->guid, &codes) < 0 || dat_avatar_name(c, a->guid, avatar) < 0)
		return NULL;
	adi_app_settings(app, c, &s);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:I,s:b,s:b,s:o}", "guid", a->guid, "name",
			a->name, "display_name", a->display_name, "email", a->email, "role",
			adi_role_name(a->role), "source", a->source, "totp", a->tfa_on,
			"recovery_codes_left", (json_int_t)codes, "must_change_password",
			a->must_change_pw, "must_set_totp", adi_owes_totp(a, &s), "avatar",
			*avatar ? json_sprintf("/api/avatar/%s.png", avatar) : json_null());
}

json_t *adi_out_console(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_account *account, const char *secret, int64_t expires_at)
{
	char csrf[DAT_HASH_TEXT];
	json_t *out, *shown = adi_out_account(app, c, account);

	if (!shown)
		return NULL;
	adi_csrf(secret, csrf);
	out = json_pack("{s:o,s:s,s:o,s:I,s:{s:s,s:s,s:I}}", "account", shown, "csrf", csrf, "may",
			adi_v1_may(adi_v1_of(q), account->role), "expires_at",
			(json_int_t)expires_at, "server", "name", app->server_name, "version",
			HAWSER_VERSION, "time", (json_int_t)adi_now());
	hws_wipe(csrf, sizeof(csrf));
	return out;
}
