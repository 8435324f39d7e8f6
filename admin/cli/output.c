#include "admin/cli/output.h"
#include "shared/base/str.h"
#include <string.h>

#define COLUMNS_MAX 16
#define CELL_MAX 128

static const char *cell_text(const json_t *v, char *buf, size_t size)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return hws_str_escape(
				buf, size, hws_bytes(json_string_value(v), json_string_length(v)));
	case JSON_INTEGER:
		snprintf(buf, size, "%lld", (long long)json_integer_value(v));
		return buf;
	case JSON_REAL:
		snprintf(buf, size, "%.3f", json_real_value(v));
		return buf;
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_NULL:
		return "-";
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	snprintf(buf, size, "(%zu)", json_is_array(v) ? json_array_size(v) : json_object_size(v));
	return buf;
}

static void print_table(FILE *out, const json_t *rows)
{
	const char *names[COLUMNS_MAX];
	size_t width[COLUMNS_MAX], columns = 0, i;
	const char *name;
	json_t *value, *row;
	char buf[CELL_MAX];

	json_object_foreach (json_array_get(rows, 0), name, value) {
		if (columns == COLUMNS_MAX)
			break;
		width[columns] = strlen(name);
		names[columns++] = name;
	}
	json_array_foreach (rows, i, row) {
		for (size_t c = 0; c < columns; c++) {
			value = json_object_get(row, names[c]);
			if (value && strlen(cell_text(value, buf, sizeof(buf))) > width[c])
				width[c] = strlen(cell_text(value, buf, sizeof(buf)));
		}
	}
	for (size_t c = 0; c < columns; c++)
		fprintf(out, "%-*s%s", c + 1 < columns ? (int)width[c] : 0, names[c],
				c + 1 < columns ? "  " : "\n");
	json_array_foreach (rows, i, row) {
		for (size_t c = 0; c < columns; c++) {
			value = json_object_get(row, names[c]);
			fprintf(out, "%-*s%s", c + 1 < columns ? (int)width[c] : 0,
					value ? cell_text(value, buf, sizeof(buf)) : "-",
					c + 1 < columns ? "  " : "\n");
		}
	}
}

static void print_object(FILE *out, const json_t *object, const char *indent)
{
	char buf[1024];
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		if (strcmp(name, "ok") == 0)
			continue;
		if (json_is_object(value)) {
			fprintf(out, "%s%s:\n", indent, name);
			print_object(out, value, "  ");
		} else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			print_table(out, value);
		} else if (json_is_array(value)) {
			size_t i;
			json_t *item;

			if (json_array_size(value) == 0)
				fprintf(out, "%s%s: none\n", indent, name);
			json_array_foreach (value, i, item)
				fprintf(out, "%s%s: %s\n", indent, name,
						cell_text(item, buf, sizeof(buf)));
		} else if (json_is_string(value) && strchr(json_string_value(value), '\n')) {
			/* Settings and other whole texts of the server itself. */
			fputs(json_string_value(value), out);
		} else {
			fprintf(out, "%s%s: %s\n", indent, name,
					cell_text(value, buf, sizeof(buf)));
		}
	}
}

void adm_output(FILE *out, const json_t *answer, bool json)
{
	if (json) {
		json_dumpf(answer, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		fputc('\n', out);
		return;
	}
	print_object(out, answer, "");
}
