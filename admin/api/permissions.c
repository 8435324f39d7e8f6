/* api/permissions: two bits for each, in the order that hosts know. */
#include "admin/api/permissions.h"
#include "admin/data/access.h"
#include "shared/base/macros.h"
#include <string.h>

static const char *const names[DAT_PERMISSIONS] = { "keyboard", "printer", "clipboard", "file",
	"audio", "camera", "terminal", "tunnel", "restart", "recording", "block_input",
	"remote_modify", "privacy_mode" };

json_t *adi_out_permissions(uint64_t perms)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < HWS_COUNT(names); i++) {
		unsigned bits = perms >> (2 * i) & 3;

		if (bits == 1 || bits == 2)
			json_object_set_new(o, names[i], json_string(bits == 1 ? "deny" : "allow"));
	}
	return o;
}

uint64_t adi_in_permissions(const json_t *o)
{
	uint64_t perms = 0;

	for (unsigned i = 0; i < HWS_COUNT(names); i++) {
		const char *v = json_string_value(json_object_get(o, names[i]));

		if (v && strcmp(v, "leave") != 0)
			perms |= (strcmp(v, "deny") == 0 ? 1ull : 2ull) << (2 * i);
	}
	return perms;
}
