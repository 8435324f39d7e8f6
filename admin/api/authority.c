/* api/authority: roles are not a ladder everywhere (an auditor sees more than an operator and
 * changes less), so each question has its own answer. */
#include "admin/api/authority.h"
#include "admin/api/v1.h"
#include <string.h>

static bool manages_people(enum dat_role role)
{
	return role == DAT_ROLE_OWNER || role == DAT_ROLE_ADMIN;
}

bool adi_may_change(struct adi_actor by, enum dat_role of)
{
	if (by.self || !manages_people(by.role))
		return false;
	return of != DAT_ROLE_OWNER || by.role == DAT_ROLE_OWNER;
}

bool adi_may_give(struct adi_actor by, enum dat_role from, enum dat_role to)
{
	if (!adi_may_change(by, from))
		return false;
	return to != DAT_ROLE_OWNER || by.role == DAT_ROLE_OWNER;
}

bool adi_may_log_out(struct adi_actor by, enum dat_role of)
{
	if (by.self || adi_may_change(by, of))
		return true;
	return by.role == DAT_ROLE_OPERATOR && of != DAT_ROLE_OWNER && of != DAT_ROLE_ADMIN;
}

bool adi_may_change_token(struct adi_actor by, enum dat_role of)
{
	return by.self || adi_may_change(by, of);
}

static bool lists_role(const json_t *operation, enum dat_role role)
{
	enum dat_role each;
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(operation, "x-roles"), i, name) {
		if (adi_role_parse(json_string_value(name), &each) == HWS_OK && each == role)
			return true;
	}
	return false;
}

static enum dat_scope scope_of(const json_t *operation, enum dat_area area)
{
	const char *scope = json_string_value(json_object_get(operation, "x-scope"));
	const char *name = dat_area_name(area);
	size_t len = strlen(name);

	if (!scope || strncmp(scope, name, len) != 0 || scope[len] != ':')
		return DAT_SCOPE_NONE;
	return strcmp(scope + len, ":rw") == 0 ? DAT_SCOPE_WRITE : DAT_SCOPE_READ;
}

enum dat_scope adi_scope_most(const json_t *description, enum dat_role role, enum dat_area area)
{
	json_t *paths = json_object_get(description, "paths"), *path, *operation;
	enum dat_scope most = DAT_SCOPE_NONE;
	const char *key, *method;

	if (manages_people(role))
		return DAT_SCOPE_WRITE;
	json_object_foreach (paths, key, path) {
		json_object_foreach (path, method, operation) {
			enum dat_scope s = scope_of(operation, area);

			if (s > most && lists_role(operation, role))
				most = s;
		}
	}
	return most;
}
