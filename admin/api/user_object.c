/* api/user_object: keys that clients of any version look for; a value of another type than they
 * expect makes them drop the whole answer. */
#include "admin/api/user_object.h"
#include "admin/api/login_parts.h"
#include "admin/data/avatars.h"
#include "admin/data/factors.h"
#include "shared/base/str.h"
#include <string.h>

#define WHITELIST_MAX 100u

void adi_mask_email(const char *email, char buf[DAT_EMAIL_TEXT])
{
	const char *at = strrchr(email, '@');
	size_t len = strnlen(email, DAT_EMAIL_TEXT - 1);

	memcpy(buf, email, len);
	buf[len] = '\0';
	/* whole signs only: bytes of a longer one are stars, too */
	for (size_t i = 1; at && i < (size_t)(at - email) && i < len; i++)
		buf[i] = '*';
	if ((unsigned char)buf[0] >= 0x80)
		buf[0] = '*';
}

static bool is_admin(const struct dat_account *a)
{
	return a->role == DAT_ROLE_OWNER || a->role == DAT_ROLE_ADMIN;
}

static int add_trust(const char *data, int64_t until, void *arg)
{
	json_t *list = arg;

	/* browsers of the console are none of a client's business */
	if (json_array_size(list) < WHITELIST_MAX && !hws_str_starts(data, ADI_TRUST_MARK))
		json_array_append_new(list,
				json_pack("{s:s,s:{s:s,s:s,s:s},s:I}", "data", data, "info", "os",
						"", "type", "", "name", "", "exp",
						(json_int_t)(until / 1000)));
	return HWS_OK;
}

json_t *adi_user_object(struct sql_conn *c, const struct dat_account *a, int64_t now, int *ret_r)
{
	json_t *trusted = json_array(), *o;
	char avatar[DAT_AVATAR_NAME_TEXT];

	*ret_r = dat_trust_list(c, a->guid, now, add_trust, trusted);
	if (*ret_r == HWS_OK)
		*ret_r = dat_avatar_name(c, a->guid, avatar);
	if (*ret_r < 0) {
		json_decref(trusted);
		return NULL;
	}
	o = json_pack("{s:s,s:s,s:s,s:s,s:i,s:b,s:{s:b,s:b,s:o,s:{}}}", "name", a->name,
			"display_name", a->display_name, "email", a->email, "note", a->note,
			"status", (int)a->status, "is_admin", is_admin(a), "info",
			"email_verification", a->email_verification, "email_alarm_notification",
			a->email_alarm, "login_device_whitelist", trusted, "other");
	if (o && *avatar)
		json_object_set_new(o, "avatar", json_sprintf("/api/avatar/%s.png", avatar));
	if (o && strcmp(a->source, "local") != 0)
		json_object_set_new(o, "third_auth_type", json_string(a->source));
	if (!o)
		*ret_r = HWS_ERR_NOMEM;
	return o;
}

json_t *adi_user_object_half(const struct dat_account *a)
{
	char email[DAT_EMAIL_TEXT];

	adi_mask_email(a->email, email);
	return json_pack("{s:s,s:s,s:i,s:b,s:{}}", "name", a->name, "email", email, "status",
			(int)a->status, "is_admin", is_admin(a), "info");
}
