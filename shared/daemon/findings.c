/* One shape for what the programs' own examinations report, so that scripts read all of them
 * alike. */
#include "shared/daemon/findings.h"
#include <stdarg.h>

void hws_findings_add(json_t *list, const char *what, const char *state, const char *remedy,
		const char *fmt, ...)
{
	json_t *o = json_pack("{s:s,s:s}", "what", what, "state", state);
	va_list ap;

	if (!o)
		return;
	va_start(ap, fmt);
	json_object_set_new(o, "text", json_vsprintf(fmt, ap));
	va_end(ap);
	if (*remedy)
		json_object_set_new(o, "do", json_string(remedy));
	json_array_append_new(list, o);
}
