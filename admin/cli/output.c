/* Answers for people or for programs. Servers answer in JSON; a table is made of it here, so that
 * no server formats text for a screen it does not know. */
#include "admin/cli/output.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

#define COLUMNS_MAX 16
#define CELL_MAX 256
#define WIDTH_MAX 160

/* For people: as it is but for what would drive the terminal. Quotes are what somebody wrote. */
static const char *plain_text(char *buf, size_t size, struct hws_bytes in)
{
	size_t at = 0;

	buf[0] = 0;
	while (in.len) {
		size_t n = 0;

		while (n < in.len && in.ptr[n] != '"')
			n++;
		hws_str_escape(buf + at, size - at, hws_bytes(in.ptr, n));
		at += strlen(buf + at);
		if (n < in.len && at + 1 < size) {
			buf[at++] = '"';
			buf[at] = 0;
		}
		n += n < in.len;
		in = hws_bytes(in.ptr + n, in.len - n);
	}
	return buf;
}

/* Seconds since 1970: programs count with them, people read "2026-01-31T12:34:56Z". */
static bool is_time(const char *name)
{
	static const char *const names[] = { "created", "last_registration", "last_seen_s" };

	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static const char *time_text(json_int_t s, char *buf, size_t size)
{
	char text[32];

	if (s <= 0 || s > 253402300799) /* the year 9999 */
		return "never";
	hws_wall_text((uint64_t)s * HWS_US_PER_S, text, sizeof(text));
	snprintf(buf, size, "%.19sZ", text);
	return buf;
}

static const char *cell_text(const char *name, const json_t *v, char *buf, size_t size)
{
	if (json_is_integer(v) && is_time(name))
		return time_text(json_integer_value(v), buf, size);
	switch (json_typeof(v)) {
	case JSON_STRING:
		return plain_text(
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

struct column {
	const char *name;
	size_t width;
};

/* Nothing that a column would be worth. */
static bool says_nothing(const char *text)
{
	return !*text || strcmp(text, "unknown") == 0;
}

/* What at least one row has something to say to, in order of appearance. */
static size_t find_columns(const json_t *rows, struct column columns[COLUMNS_MAX])
{
	char buf[CELL_MAX];
	size_t n = 0, i, c;
	const char *name, *text;
	json_t *value, *row;

	json_array_foreach (rows, i, row) {
		json_object_foreach (row, name, value) {
			text = cell_text(name, value, buf, sizeof(buf));
			for (c = 0; c < n && strcmp(columns[c].name, name) != 0; c++)
				;
			if (c == n && (n == COLUMNS_MAX || says_nothing(text)))
				continue;
			if (c == n)
				columns[n++] = (struct column){ name, strlen(name) };
			columns[c].width = HWS_MAX(columns[c].width, strlen(text));
		}
	}
	return n;
}

static void print_row(FILE *out, const json_t *row, const struct column *columns, size_t n)
{
	char buf[CELL_MAX];

	for (size_t c = 0; c < n; c++) {
		const json_t *value = row ? json_object_get(row, columns[c].name) : NULL;
		const char *text = !row ? columns[c].name
				: value ? cell_text(columns[c].name, value, buf, sizeof(buf))
					: "-";

		fprintf(out, "%-*s%s", c + 1 < n ? (int)columns[c].width : 0, text,
				c + 1 < n ? "  " : "\n");
	}
}

/* Rows that no screen has room for: one below the other. */
static void print_blocks(FILE *out, const json_t *rows)
{
	char buf[CELL_MAX];
	const char *name, *text;
	json_t *value, *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (i)
			fputc('\n', out);
		json_object_foreach (row, name, value) {
			text = cell_text(name, value, buf, sizeof(buf));
			if (!says_nothing(text))
				fprintf(out, "%s: %s\n", name, text);
		}
	}
}

static void print_table(FILE *out, const json_t *rows)
{
	struct column columns[COLUMNS_MAX];
	size_t n = find_columns(rows, columns), width = 0, i;
	json_t *row;

	for (size_t c = 0; c < n; c++)
		width += columns[c].width + 2;
	if (width > WIDTH_MAX) {
		print_blocks(out, rows);
		return;
	}
	print_row(out, NULL, columns, n);
	json_array_foreach (rows, i, row)
		print_row(out, row, columns, n);
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
						cell_text(name, item, buf, sizeof(buf)));
		} else if (json_is_string(value) && strchr(json_string_value(value), '\n')) {
			/* Settings and other whole texts of the server itself. */
			fputs(json_string_value(value), out);
		} else {
			fprintf(out, "%s%s: %s\n", indent, name,
					cell_text(name, value, buf, sizeof(buf)));
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
