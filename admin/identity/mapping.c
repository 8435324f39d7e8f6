/* identity/mapping: the map is walked in the operator's order, so that the first group is theirs to
 * choose. */
#include "admin/identity/mapping.h"
#include "admin/identity/person.h"
#include "shared/base/str.h"

#include <string.h>
#include <strings.h>

#define ROLE "role:"

/* "role:operator"; outside of the database one of them has a hyphen. */
static int role_of(const char *value, enum dat_role *ret)
{
	const char *name = value + sizeof(ROLE) - 1;

	if (strcmp(name, "read-only") == 0)
		name = "readonly";
	return dat_role_parse(name, ret);
}

int idn_map_check(const json_t *map, struct hws_error *err)
{
	const char *key;
	json_t *value;
	enum dat_role role;

	if (!json_is_object(map) || json_object_size(map) > IDN_MAP_MAX)
		return hws_error_set(err, HWS_ERR_INVAL, "the map is no object of up to %u texts",
				IDN_MAP_MAX);
	json_object_foreach ((json_t *)map, key, value) {
		const char *s = json_string_value(value);

		if (!*key || !s || !*s || dat_text_check(s, DAT_NAME_TEXT, false) < 0 ||
				strlen(key) >= IDN_GROUP_TEXT)
			return hws_error_set(err, HWS_ERR_INVAL,
					"the map has a group without a name, or too long a one");
		if (!hws_str_starts(s, ROLE))
			continue;
		if (role_of(s, &role) < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"the map names a role that there is not");
		if (role == DAT_ROLE_OWNER)
			return hws_error_set(err, HWS_ERR_INVAL,
					"nobody becomes an owner by a map of groups");
	}
	return HWS_OK;
}

static bool same_group(const char *key, const char *said)
{
	const char *value;
	size_t n;

	if (strcasecmp(key, said) == 0)
		return true;
	value = strchr(said, '=');
	if (!value)
		return false;
	n = strcspn(++value, ",+");
	return n == strlen(key) && strncasecmp(value, key, n) == 0;
}

static bool applies(const char *key, const json_t *said)
{
	for (size_t i = 0; i < json_array_size(said); i++) {
		const char *s = json_string_value(json_array_get(said, i));

		if (s && same_group(key, s))
			return true;
	}
	return false;
}

void idn_map(const json_t *map, const json_t *said, struct idn_mapped *ret)
{
	struct idn_mapped m = { .role = DAT_ROLE_READONLY };
	const char *key;
	json_t *value;
	bool any = false;

	json_object_foreach ((json_t *)map, key, value) {
		const char *s = json_string_value(value);
		enum dat_role role = DAT_ROLE_READONLY;
		bool is_role = s && hws_str_starts(s, ROLE);

		if (!s || (is_role && (role_of(s, &role) < 0 || role == DAT_ROLE_OWNER)))
			continue;
		*(is_role ? &m.gives_roles : &m.gives_groups) = true;
		if (!applies(key, said))
			continue;
		if (is_role) {
			m.role = any ? HWS_MAX(m.role, role) : role;
			any = true;
		} else if (!*m.group && hws_str_copy(m.group, sizeof(m.group), s) < 0) {
			m.group[0] = '\0';
		}
	}
	if (!any)
		m.role = DAT_ROLE_USER;
	*ret = m;
}

static int is_domain(const char *part, void *arg)
{
	return strcasecmp(part, arg) == 0 ? HWS_ERR_EXISTS : HWS_OK; /* ends the search */
}

bool idn_domain_allowed(const char *domains, const char *email)
{
	const char *at = strrchr(email, '@');
	char domain[DAT_EMAIL_TEXT];

	if (!*domains)
		return true;
	if (!at || at == email || hws_str_copy(domain, sizeof(domain), at + 1) < 0)
		return false;
	return hws_str_each(domains, ',', is_domain, domain) == HWS_ERR_EXISTS;
}
