/* identity/ldap_name: escapes what has a meaning, and nothing else, so that letters of any language
 * stay readable. */
#include "admin/identity/ldap_name.h"
#include "shared/base/str.h"

#include <stdbool.h>
#include <string.h>

#define PLACE "{name}"

/* Whether the sign at `at` in `text` may stand as it is. */
typedef bool (*plain_fn)(const char *text, const char *at);

static bool control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool plain_in_filter(const char *text, const char *at)
{
	(void)text;
	return !control(*at) && !strchr("*()\\", *at);
}

static bool plain_in_dn(const char *text, const char *at)
{
	bool edge = at == text || !at[1];

	return !control(*at) && !strchr(",+\"\\<>;=", *at) && !(edge && (*at == ' ' || *at == '#'));
}

static int escape(const char *text, plain_fn plain, char *buf, size_t size)
{
	size_t at = 0;
	int r = size ? HWS_OK : HWS_ERR_TOOBIG;

	if (r == HWS_OK)
		buf[0] = '\0';
	for (const char *c = text; *c && r == HWS_OK; c++) {
		r = hws_fmt(buf + at, size - at, plain(text, c) ? "%c" : "\\%02x",
				(unsigned char)*c);
		at += strlen(buf + at);
	}
	return r;
}

int idn_ldap_filter_value(const char *text, char *buf, size_t size)
{
	return escape(text, plain_in_filter, buf, size);
}

int idn_ldap_dn_value(const char *text, char *buf, size_t size)
{
	return escape(text, plain_in_dn, buf, size);
}

/* For "{name}@example.org", which has no way to escape. */
static bool plain_name(const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c <= 0x20 || c == 0x7f || strchr("\"\\/[]:;|=,+*?<>@", c))
			return false;
	}
	return true;
}

int idn_ldap_bind_name(const char *template, const char *name, char *buf, size_t size)
{
	const char *place = strstr(template, PLACE);
	char value[3 * 129];
	int r;

	if (!place)
		return hws_str_copy(buf, size, template);
	if (strchr(template, '='))
		r = idn_ldap_dn_value(name, value, sizeof(value));
	else if (plain_name(name))
		r = hws_str_copy(value, sizeof(value), name);
	else
		r = HWS_ERR_INVAL;
	if (r == HWS_OK)
		r = hws_fmt(buf, size, "%.*s%s%s", (int)(place - template), template, value,
				place + sizeof(PLACE) - 1);
	return r;
}
