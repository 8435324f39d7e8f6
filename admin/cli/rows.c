/* admin/rows: see the header. Texts come from devices and their users: in tables nothing of them
 * drives the terminal. */
#include "admin/cli/rows.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/csv.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS_MAX 64u
#define CELL_MAX 1024u       /* in CSV and lines */
#define TABLE_CELL_MAX 61u   /* in a table */
#define KEPT_MAX (64u << 20) /* of texts that wait for their table */

struct kept {
	char *sort;   /* NULL = not sorted */
	json_t *row;  /* of JSON that is sorted */
	char *cell[]; /* as many as columns */
};

struct adm_rows {
	FILE *out;
	const struct adm_look *look;
	enum adm_format format;
	char *names; /* of columns, cut in place */
	const char *column[COLUMNS_MAX];
	size_t columns;
	const char *sort;
	const char *missing; /* a column that was asked for and is not there */
	bool down, begun, sort_seen;
	struct kept **kept;
	size_t count, room, bytes;
};

int adm_format_parse(const char *word, enum adm_format *ret)
{
	static const char *const words[] = { [ADM_FORMAT_TABLE] = "table",
		[ADM_FORMAT_JSON] = "json",
		[ADM_FORMAT_JSONL] = "jsonl",
		[ADM_FORMAT_CSV] = "csv",
		[ADM_FORMAT_IDS] = "ids" };

	for (size_t i = ADM_FORMAT_TABLE; i < HWS_COUNT(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum adm_format)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

/* --- cells ------------------------------------------------------------------------------------ */

static bool is_time(const char *column)
{
	const char *last = strrchr(column, '.');
	size_t len;

	column = last ? last + 1 : column;
	len = strlen(column);
	return strcmp(column, "at") == 0 || strcmp(column, "locked_until") == 0 ||
			(len > 3 && strcmp(column + len - 3, "_at") == 0);
}

static void time_text(json_int_t ms, char *buf, size_t size)
{
	char text[32];

	if (ms <= 0 || ms / 1000 > 253402300799) { /* the year 9999 */
		snprintf(buf, size, "%s", ms == 0 ? "never" : "?");
		return;
	}
	hws_wall_text((uint64_t)ms * HWS_US_PER_MS, text, sizeof(text));
	snprintf(buf, size, "%.19sZ", text);
}

static const json_t *member(const json_t *row, const char *column)
{
	char name[64];
	size_t len;

	for (;;) {
		const json_t *whole = json_object_get(row, column);

		len = strcspn(column, ".");
		if (whole || !column[len] || len >= sizeof(name))
			return whole;
		memcpy(name, column, len);
		name[len] = 0;
		row = json_object_get(row, name);
		column += len + 1;
	}
}

static void value_text(const json_t *v, const char *column, char *buf, size_t size);

static void list_text(const json_t *v, const char *column, char *buf, size_t size)
{
	size_t at = 0, i;
	json_t *one;

	buf[0] = 0;
	json_array_foreach (v, i, one) {
		if (i && at + 1 < size)
			buf[at++] = ',';
		if (at + 1 >= size)
			break;
		value_text(one, column, buf + at, size - at);
		at += strlen(buf + at);
	}
}

static void object_text(const json_t *v, const char *column, char *buf, size_t size)
{
	const json_t *name = json_object_get(v, "name"), *one;
	const char *key;
	size_t at = 0;

	buf[0] = 0;
	if (json_is_string(name) && json_object_get(v, "guid")) {
		snprintf(buf, size, "%s", json_string_value(name));
		return;
	}
	json_object_foreach ((json_t *)(uintptr_t)v, key, one) {
		int n = snprintf(buf + at, size - at, "%s%s=", at ? "," : "", key);

		at += n > 0 ? (size_t)n : 0;
		if (at + 1 >= size)
			break;
		value_text(one, column, buf + at, size - at);
		at += strlen(buf + at);
	}
}

static void value_text(const json_t *v, const char *column, char *buf, size_t size)
{
	if (!v || json_is_null(v))
		buf[0] = 0;
	else if (json_is_string(v))
		snprintf(buf, size, "%s", json_string_value(v));
	else if (json_is_integer(v) && is_time(column))
		time_text(json_integer_value(v), buf, size);
	else if (json_is_integer(v))
		snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(buf, size, "%.6g", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, size, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_array(v))
		list_text(v, column, buf, size);
	else
		object_text(v, column, buf, size);
}

void adm_cell_text(const json_t *row, const char *column, char *buf, size_t size)
{
	value_text(member(row, column), column, buf, size);
}

/* --- columns ---------------------------------------------------------------------------------- */

static int set_columns(struct adm_rows *r, const char *list, struct hws_error *err)
{
	char *at;

	r->names = hws_strdup(list);
	if (!r->names)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	for (at = r->names; at; r->columns++) {
		char *comma = strchr(at, ',');

		if (comma)
			*comma = 0;
		if (r->columns == COLUMNS_MAX || !*hws_str_trim(at))
			return hws_error_set(err, HWS_ERR_INVAL, "--columns: %s",
					r->columns == COLUMNS_MAX ? "too many" : "a name is empty");
		r->column[r->columns] = hws_str_trim(at);
		at = comma ? comma + 1 : NULL;
	}
	return HWS_OK;
}

/* All that the first row has. */
static int columns_of(struct adm_rows *r, const json_t *row)
{
	struct hws_buf names;
	const char *key;
	json_t *value;
	int e;

	hws_buf_init(&names, 16384);
	json_object_foreach ((json_t *)(uintptr_t)row, key, value)
		hws_buf_fmt(&names, "%s%s", hws_buf_len(&names) ? "," : "", key);
	hws_buf_put_u8(&names, 0);
	e = hws_buf_err(&names);
	if (e == HWS_OK && json_object_size(row))
		e = set_columns(r, (const char *)hws_buf_bytes(&names).ptr, NULL);
	hws_buf_done(&names);
	return e;
}

static bool keeps(const struct adm_rows *r)
{
	return r->sort || (r->format == ADM_FORMAT_TABLE && !r->look->one);
}

int adm_rows_new(FILE *out, const struct adm_look *look, struct adm_rows **ret,
		struct hws_error *err)
{
	struct adm_rows *r = hws_alloc(sizeof(*r));
	const char *columns = look->columns;
	int e = HWS_OK;

	if (!r)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r->out = out;
	r->look = look;
	r->format = look->format;
	if (r->format == ADM_FORMAT_AUTO)
		r->format = isatty(fileno(out)) ? ADM_FORMAT_TABLE : ADM_FORMAT_JSONL;
	r->sort = look->sort;
	if (r->sort && *r->sort == '-') {
		r->down = true;
		r->sort++;
	}
	if (!columns && r->format == ADM_FORMAT_TABLE && !look->one)
		columns = look->usual;
	if (columns)
		e = set_columns(r, columns, err);
	if (e < 0) {
		adm_rows_free(r);
		return e;
	}
	*ret = r;
	return HWS_OK;
}

/* --- showing one ------------------------------------------------------------------------------ */

static json_t *chosen(const struct adm_rows *r, const json_t *row)
{
	json_t *o;

	if (!r->look->columns)
		return json_incref((json_t *)(uintptr_t)row);
	o = json_object();
	for (size_t i = 0; o && i < r->columns; i++) {
		const json_t *v = member(row, r->column[i]);

		json_object_set_new(o, r->column[i],
				v ? json_incref((json_t *)(uintptr_t)v) : json_null());
	}
	return o;
}

static int show_json(struct adm_rows *r, const json_t *row)
{
	json_t *o = chosen(r, row);
	bool lines = r->format == ADM_FORMAT_JSONL;

	if (!o)
		return HWS_ERR_NOMEM;
	if (!lines && !r->look->one)
		fputs(r->begun ? ",\n" : "[\n", r->out);
	json_dumpf(o, r->out, JSON_PRESERVE_ORDER | (lines ? JSON_COMPACT : JSON_INDENT(2)));
	if (lines || r->look->one)
		fputc('\n', r->out);
	json_decref(o);
	return HWS_OK;
}

static int show_csv(struct adm_rows *r, const json_t *row)
{
	char cell[CELL_MAX * 8];
	struct hws_buf line;
	int e;

	hws_buf_init(&line, 4u << 20);
	for (size_t i = 0; !r->begun && i < r->columns; i++)
		hws_csv_put(&line, r->column[i], i == 0);
	if (!r->begun)
		hws_buf_put_str(&line, "\n");
	for (size_t i = 0; i < r->columns; i++) {
		adm_cell_text(row, r->column[i], cell, sizeof(cell));
		hws_csv_put(&line, cell, i == 0);
	}
	hws_buf_put_str(&line, "\n");
	e = hws_buf_err(&line);
	if (e == HWS_OK)
		fwrite(hws_buf_bytes(&line).ptr, 1, hws_buf_len(&line), r->out);
	hws_buf_done(&line);
	return e;
}

static void show_lines(struct adm_rows *r, const json_t *row)
{
	char cell[CELL_MAX], safe[CELL_MAX * 2];

	for (size_t i = 0; i < r->columns; i++) {
		adm_cell_text(row, r->column[i], cell, sizeof(cell));
		fprintf(r->out, "%s: %s\n", r->column[i],
				hws_str_plain(safe, sizeof(safe), hws_bytes_str(cell)));
	}
}

static int show(struct adm_rows *r, const json_t *row)
{
	char cell[CELL_MAX], safe[CELL_MAX * 2];
	int e = HWS_OK;

	switch (r->format) {
	case ADM_FORMAT_JSON:
	case ADM_FORMAT_JSONL:
		e = show_json(r, row);
		break;
	case ADM_FORMAT_CSV:
		e = show_csv(r, row);
		break;
	case ADM_FORMAT_IDS:
		adm_cell_text(row, r->look->key, cell, sizeof(cell));
		if (*cell)
			fprintf(r->out, "%s\n",
					hws_str_plain(safe, sizeof(safe), hws_bytes_str(cell)));
		break;
	case ADM_FORMAT_TABLE:
	case ADM_FORMAT_AUTO:
		show_lines(r, row);
		break;
	}
	r->begun = true;
	return e;
}

/* --- keeping ---------------------------------------------------------------------------------- */

static void kept_free(struct kept *k, size_t columns)
{
	if (!k)
		return;
	for (size_t i = 0; i < columns; i++)
		hws_free(k->cell[i]);
	hws_free(k->sort);
	json_decref(k->row);
	hws_free(k);
}

static int keep(struct adm_rows *r, const json_t *row)
{
	bool table = r->format == ADM_FORMAT_TABLE && !r->look->one;
	size_t columns = table ? r->columns : 0;
	struct kept *k = hws_alloc(sizeof(*k) + r->columns * sizeof(k->cell[0]));
	char cell[CELL_MAX], safe[CELL_MAX];
	bool full = !k;

	for (size_t i = 0; !full && i < columns; i++) {
		adm_cell_text(row, r->column[i], cell, sizeof(cell));
		hws_str_plain(safe, sizeof(safe), hws_bytes_str(cell));
		k->cell[i] = hws_strdup(safe);
		r->bytes += strlen(safe) + 32;
		full = !k->cell[i] || r->bytes > KEPT_MAX;
	}
	if (!full && r->sort) {
		r->sort_seen = r->sort_seen || member(row, r->sort);
		adm_cell_text(row, r->sort, cell, sizeof(cell));
		k->sort = hws_strdup(cell);
		full = !k->sort;
	}
	if (!full && !table)
		k->row = json_incref((json_t *)(uintptr_t)row);
	if (!full && r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct kept **more = hws_realloc_array(r->kept, room, sizeof(void *));

		full = !more;
		if (more) {
			r->kept = more;
			r->room = room;
		}
	}
	if (full) {
		kept_free(k, columns);
		return HWS_ERR_TOOBIG;
	}
	r->kept[r->count++] = k;
	return HWS_OK;
}

/* The first row tells whether there is what was asked for. */
static int check_columns(struct adm_rows *r, const json_t *row)
{
	char name[64];

	for (size_t i = 0; r->look->columns && !r->count && i < r->columns; i++) {
		size_t len = strcspn(r->column[i], ".");

		snprintf(name, sizeof(name), "%.*s", (int)HWS_MIN(len, sizeof(name) - 1),
				r->column[i]);
		if (!json_object_get(row, name)) {
			r->missing = r->column[i];
			return HWS_ERR_INVAL;
		}
	}
	return HWS_OK;
}

int adm_rows_add(struct adm_rows *r, const json_t *row)
{
	int e = check_columns(r, row);

	if (e < 0)
		return e;
	if (r->look->quiet)
		return HWS_OK;
	if (!r->columns && r->format != ADM_FORMAT_IDS)
		e = columns_of(r, row);
	if (e == HWS_OK)
		e = keeps(r) ? keep(r, row) : show(r, row);
	if (e < 0)
		return e;
	if (!keeps(r))
		r->count++;
	return r->look->limit && !r->sort && r->count >= r->look->limit ? HWS_ERR_FULL : HWS_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

static int compare_texts(const char *a, const char *b)
{
	double x, y;

	if (hws_parse_double(a, &x) == HWS_OK && hws_parse_double(b, &y) == HWS_OK)
		return (x > y) - (x < y);
	return strcasecmp(a, b);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;
	const struct adm_rows *r = arg;
	int c = compare_texts(x->sort, y->sort);

	return r->down ? -c : c;
}

/* How many places of a terminal a text takes, as far as bytes of UTF-8 tell. */
static size_t places(const char *text)
{
	return hws_utf8_letters(hws_bytes_str(text));
}

/* Prints at most so many of them; returns how many. */
static size_t print_places(FILE *out, const char *text, size_t most)
{
	size_t n = 0, all = places(text);

	if (all <= most) {
		fputs(text, out);
		return all;
	}
	for (; *text; text++) {
		n += ((unsigned char)*text & 0xc0) != 0x80;
		if (n > most - 1)
			break;
		fputc(*text, out);
	}
	fputs("~", out); /* something is missing */
	return most;
}

static void print_line(const struct adm_rows *r, const size_t *width, char *const *cells)
{
	for (size_t c = 0; c < r->columns; c++) {
		const char *text = cells ? cells[c] : r->column[c];
		size_t n = print_places(r->out, *text ? text : "-", TABLE_CELL_MAX);

		if (c + 1 < r->columns)
			fprintf(r->out, "%*s", (int)(width[c] - n + 2), "");
	}
	fputc('\n', r->out);
}

static void print_table(const struct adm_rows *r, size_t count)
{
	size_t width[COLUMNS_MAX];

	for (size_t c = 0; c < r->columns; c++) {
		width[c] = places(r->column[c]);
		for (size_t i = 0; i < count; i++) {
			size_t wide = places(r->kept[i]->cell[c]);

			width[c] = HWS_MAX(width[c], wide);
		}
		width[c] = HWS_MIN(width[c], (size_t)TABLE_CELL_MAX);
	}
	print_line(r, width, NULL);
	for (size_t i = 0; i < count; i++)
		print_line(r, width, r->kept[i]->cell);
}

int adm_rows_end(struct adm_rows *r, struct hws_error *err)
{
	size_t count = r->count;
	int e = HWS_OK;

	if (r->missing)
		return hws_error_set(err, HWS_ERR_INVAL, "--columns: there is no '%s'", r->missing);
	if (r->look->quiet)
		return HWS_OK;
	if (r->sort && count && !r->sort_seen)
		return hws_error_set(
				err, HWS_ERR_INVAL, "--sort: there is no column '%s'", r->sort);
	if (keeps(r)) {
		if (r->sort)
			qsort_r(r->kept, r->count, sizeof(void *), compare, r);
		if (r->look->limit)
			count = HWS_MIN(count, r->look->limit);
		if (r->format == ADM_FORMAT_TABLE && !r->look->one) {
			if (r->columns)
				print_table(r, count);
		} else {
			for (size_t i = 0; e == HWS_OK && i < count; i++)
				e = show(r, r->kept[i]->row);
		}
	}
	if (r->format == ADM_FORMAT_JSON && !r->look->one)
		fputs(r->begun ? "\n]\n" : "[]\n", r->out);
	if (r->format == ADM_FORMAT_CSV && !r->begun && r->columns) {
		/* A list of nothing has its columns all the same. */
		for (size_t i = 0; i < r->columns; i++)
			fprintf(r->out, "%s%s", i ? "," : "", r->column[i]);
		fputc('\n', r->out);
	}
	return e < 0 ? hws_error_set(err, e, "%s", hws_err_text(e)) : HWS_OK;
}

void adm_rows_free(struct adm_rows *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count && keeps(r); i++)
		kept_free(r->kept[i],
				r->format == ADM_FORMAT_TABLE && !r->look->one ? r->columns : 0);
	hws_free(r->kept);
	hws_free(r->names);
	hws_free(r);
}
