/* identity/ldap_name: escapes what has a meaning, and nothing else, so that letters of any language
 * stay readable. */
#include "admin/identity/ldap_name.h"
#include "shared/base/str.h"

#include <stdbool.h>
#include <string.h>

#define PLACE "{name}"

static int add(char *buf, size_t size, size_t *at, const char *text)
{
	size_t n = strlen(text);

	if (n >= size - *at)
		return HWS_ERR_TOOBIG;
	memcpy(buf + *at, text, n + 1);
	*at += n;
	return HWS_OK;
}

int idn_ldap_filter_value(const char *text, char *buf, size_t size)
{
	size_t at = 0;
	char piece[4];
	int r = size ? HWS_OK : HWS_ERR_TOOBIG;

	if (r == HWS_OK)
		buf[0] = '\0';
	for (; *text && r == HWS_OK; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= 0x20 && c != 0x7f && !strchr("*()\\", c);

		r = plain ? hws_fmt(piece, sizeof(piece), "%c", c)
			  : hws_fmt(piece, sizeof(piece), "\\%02x", c);
		if (r == HWS_OK)
			r = add(buf, size, &at, piece);
	}
	return r;
}

int idn_ldap_dn_value(const char *text, char *buf, size_t size)
{
	const char *start = text;
	size_t at = 0;
	char piece[4];
	int r = size ? HWS_OK : HWS_ERR_TOOBIG;

	if (r == HWS_OK)
		buf[0] = '\0';
	for (; *text && r == HWS_OK; text++) {
		unsigned char c = (unsigned char)*text;
		bool edge = text == start || !text[1];
		bool plain = c >= 0x20 && c != 0x7f && !strchr(",+\"\\<>;=", c) &&
				!(edge && (c == ' ' || c == '#'));

		r = plain ? hws_fmt(piece, sizeof(piece), "%c", c)
			  : hws_fmt(piece, sizeof(piece), "\\%02x", c);
		if (r == HWS_OK)
			r = add(buf, size, &at, piece);
	}
	return r;
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
