/* One shape for what the programs' own examinations report, so that scripts read all of them
 * alike. */
#include "shared/daemon/findings.h"
#include "shared/base/str.h"
#include <stdarg.h>
#include <string.h>

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

bool hws_findings_well(const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *state = json_string_value(json_object_get(one, "state"));

		if (!state || strcmp(state, HWS_FOUND_BAD) == 0)
			return false;
	}
	return true;
}

static const char *shown(const json_t *finding, const char *name, char *buf, size_t size)
{
	const char *text = json_string_value(json_object_get(finding, name));

	buf[0] = 0;
	if (text)
		hws_str_plain(buf, size, hws_bytes_str(text));
	return buf;
}

void hws_findings_print(FILE *out, const json_t *list)
{
	char what[64], state[16], text[600], server[424], before[424] = "";
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		shown(one, "server", server, sizeof(server));
		if (*server && strcmp(server, before) != 0)
			fprintf(out, "%s:\n", server);
		memcpy(before, server, sizeof(before));
		fprintf(out, "%-5s %-16s %s\n", shown(one, "state", state, sizeof(state)),
				shown(one, "what", what, sizeof(what)),
				shown(one, "text", text, sizeof(text)));
		if (json_object_get(one, "do"))
			fprintf(out, "      to do:           %s\n",
					shown(one, "do", text, sizeof(text)));
	}
}
