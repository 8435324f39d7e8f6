/* rendezvous/store/schema: what all databases say when a newer program has changed them. */
#include "server-rendezvous/store/schema.h"
#include "shared/base/str.h"

int rdv_schema_newer(const char *place, int64_t version, const char *program,
		const struct rdv_schema *schema, const char *copy, struct hws_error *err)
{
	char by[60], name[120];
	bool known = *program && !hws_str_equal(program, HAWSER_VERSION);

	hws_str_escape(name, sizeof(name), hws_bytes_str(program));
	if (!known || hws_fmt(by, sizeof(by), "hawser %s, which is newer", name) < 0)
		(void)!hws_str_copy(by, sizeof(by), "a newer hawser");
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"%s was written by %s (its tables have version %lld; this one, %s, knows "
			"those up to %zu). Nothing was changed: update this program, or go back "
			"to %s (docs/upgrade.md)",
			place, by, (long long)version, HAWSER_VERSION, schema->count,
			*copy ? copy : "a copy from before");
}
