/* identity/person: claims are strangers' words: what does not fit is left out, not cut, since half
 * an address is another's. */
#include "admin/identity/person.h"
#include "admin/data/name.h"
#include "shared/base/str.h"

#include <string.h>

void idn_person_done(struct idn_person *p)
{
	json_decref(p->groups);
	p->groups = NULL;
}

void idn_person_text(char *buf, size_t size, const char *text)
{
	if (!text || dat_text_check(text, size, false) < 0 || hws_str_copy(buf, size, text) < 0)
		buf[0] = '\0';
}

int idn_person_group(struct idn_person *p, const char *group)
{
	if (!p->groups)
		p->groups = json_array();
	if (!p->groups)
		return HWS_ERR_NOMEM;
	if (!*group || strnlen(group, IDN_GROUP_TEXT) == IDN_GROUP_TEXT ||
			json_array_size(p->groups) >= IDN_GROUPS_MAX)
		return HWS_OK;
	return json_array_append_new(p->groups, json_string(group)) == 0 ? HWS_OK : HWS_ERR_NOMEM;
}

static const json_t *claim(const json_t *claims, const json_t *more, const char *key)
{
	const json_t *v = json_object_get(claims, key);

	return v ? v : json_object_get(more, key);
}

static const char *text(const json_t *claims, const json_t *more, const char *key)
{
	return json_string_value(claim(claims, more, key));
}

static int take_groups(struct idn_person *p, const json_t *list)
{
	int r = HWS_OK;

	if (json_is_string(list))
		return idn_person_group(p, json_string_value(list));
	for (size_t i = 0; i < json_array_size(list) && i < IDN_GROUPS_MAX && r == HWS_OK; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s)
			r = idn_person_group(p, s);
	}
	return r;
}

/* The first that could be the name of an account. */
static void take_name(struct idn_person *p, const json_t *claims, const json_t *more)
{
	static const char *const keys[] = { "preferred_username", "nickname", "email", "sub" };
	char folded[DAT_NAME_KEY_TEXT];

	for (size_t i = 0; i < HWS_COUNT(keys) && !*p->name; i++) {
		const char *s = text(claims, more, keys[i]);

		if (s && dat_name_key(s, folded) == HWS_OK)
			idn_person_text(p->name, sizeof(p->name), s);
	}
}

int idn_person_claims(struct idn_person *p, const json_t *claims, const json_t *more)
{
	const json_t *source = json_object_get(claims, "email") ? claims : more;
	int r;

	idn_person_text(p->subject, sizeof(p->subject),
			json_string_value(json_object_get(claims, "sub")));
	if (!*p->subject)
		return HWS_ERR_PROTO;
	take_name(p, claims, more);
	idn_person_text(p->display_name, sizeof(p->display_name), text(claims, more, "name"));
	idn_person_text(p->email, sizeof(p->email),
			json_string_value(json_object_get(source, "email")));
	/* of the same document as the address that it is about */
	p->email_verified = *p->email && json_is_true(json_object_get(source, "email_verified"));
	r = take_groups(p, claim(claims, more, "groups"));
	if (r == HWS_OK)
		r = take_groups(p, claim(claims, more, "roles"));
	if (r == HWS_OK)
		r = take_groups(p, json_object_get(claim(claims, more, "realm_access"), "roles"));
	return r;
}
