/* base/csv: one pass over the bytes fills one long text of cells, each with its NUL, and an index
 * of where they begin. */
#include "shared/base/csv.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

struct row {
	size_t line;
	size_t first, count; /* in cells */
};

struct hws_csv {
	struct hws_buf text;  /* of all cells */
	struct hws_buf cells; /* size_t: where each begins in text */
	struct hws_buf rows;  /* struct row; the first one names the columns */
};

struct reader {
	struct hws_csv *csv;
	struct hws_bytes in;
	size_t at, line;
	char separator;
	struct row row;
	size_t cell_at; /* of the cell that is read, in text */
	struct hws_error *err;
};

static int wrong(struct reader *r, int code, const char *what)
{
	return hws_error_set(r->err, code, "line %zu: %s", r->line, what);
}

static const struct row *row_at(const struct hws_csv *c, size_t i)
{
	return (const struct row *)(const void *)c->rows.data + i;
}

static size_t rows_of(const struct hws_csv *c)
{
	return hws_buf_len(&c->rows) / sizeof(struct row);
}

static const char *cell_at(const struct hws_csv *c, size_t i)
{
	const size_t *at = (const size_t *)(const void *)c->cells.data + i;

	return (const char *)c->text.data + *at;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int end_cell(struct reader *r)
{
	char *cell;

	hws_buf_put_u8(&r->csv->text, 0);
	if (hws_buf_err(&r->csv->text))
		return wrong(r, HWS_ERR_TOOBIG, "too much text");
	if (hws_buf_len(&r->csv->text) - r->cell_at > HWS_CSV_CELL_MAX)
		return wrong(r, HWS_ERR_TOOBIG, "a cell is too long");
	if (r->row.count == HWS_CSV_COLUMNS_MAX)
		return wrong(r, HWS_ERR_TOOBIG, "too many columns");
	cell = (char *)r->csv->text.data + r->cell_at;
	if (!hws_utf8_valid(hws_bytes_str(cell)))
		return wrong(r, HWS_ERR_CORRUPT, "no UTF-8");
	/* What hws_csv_put has put before a formula. */
	if (cell[0] == '\'' && cell[1] && strchr("=+-@\t\r'", cell[1]))
		r->cell_at++;
	hws_buf_put(&r->csv->cells, &r->cell_at, sizeof(r->cell_at));
	if (hws_buf_err(&r->csv->cells))
		return wrong(r, HWS_ERR_TOOBIG, "too many cells");
	r->row.count++;
	r->cell_at = hws_buf_len(&r->csv->text);
	return HWS_OK;
}

static int check_names(struct reader *r)
{
	for (size_t i = 0; i < r->row.count; i++) {
		if (!*cell_at(r->csv, i))
			return wrong(r, HWS_ERR_CORRUPT, "a column has no name");
		for (size_t k = 0; k < i; k++) {
			if (strcmp(cell_at(r->csv, i), cell_at(r->csv, k)) == 0)
				return wrong(r, HWS_ERR_CORRUPT, "two columns have the same name");
		}
	}
	return HWS_OK;
}

static int end_row(struct reader *r)
{
	size_t rows = rows_of(r->csv);

	if (rows == 0) {
		int e = check_names(r);

		if (e < 0)
			return e;
	} else if (r->row.count > row_at(r->csv, 0)->count) {
		return wrong(r, HWS_ERR_CORRUPT, "more cells than columns");
	}
	if (rows > HWS_CSV_ROWS_MAX)
		return wrong(r, HWS_ERR_TOOBIG, "too many lines");
	hws_buf_put(&r->csv->rows, &r->row, sizeof(r->row));
	if (hws_buf_err(&r->csv->rows))
		return wrong(r, HWS_ERR_NOMEM, "out of memory");
	return HWS_OK;
}

static bool at_line_end(const struct reader *r)
{
	return r->at == r->in.len || r->in.ptr[r->at] == '\n' || r->in.ptr[r->at] == '\r';
}

static void skip_line_end(struct reader *r)
{
	if (r->at < r->in.len && r->in.ptr[r->at] == '\r')
		r->at++;
	if (r->at < r->in.len && r->in.ptr[r->at] == '\n')
		r->at++;
	r->line++;
}

static int quoted(struct reader *r)
{
	for (r->at++; r->at < r->in.len; r->at++) {
		char c = (char)r->in.ptr[r->at];

		if (c == '"') {
			if (r->at + 1 < r->in.len && r->in.ptr[r->at + 1] == '"') {
				r->at++;
			} else {
				r->at++;
				if (!at_line_end(r) && (char)r->in.ptr[r->at] != r->separator)
					return wrong(r, HWS_ERR_CORRUPT, "text behind a quote");
				return HWS_OK;
			}
		}
		if (!c)
			return wrong(r, HWS_ERR_CORRUPT, "a byte of zero");
		r->line += c == '\n';
		hws_buf_put_u8(&r->csv->text, (uint8_t)c);
	}
	return wrong(r, HWS_ERR_CORRUPT, "a quote has no end");
}

static int plain(struct reader *r)
{
	size_t begin = r->at;

	while (!at_line_end(r) && (char)r->in.ptr[r->at] != r->separator) {
		if (!r->in.ptr[r->at])
			return wrong(r, HWS_ERR_CORRUPT, "a byte of zero");
		r->at++;
	}
	hws_buf_put(&r->csv->text, r->in.ptr + begin, r->at - begin);
	return HWS_OK;
}

static int read_row(struct reader *r)
{
	r->row = (struct row){ r->line, hws_buf_len(&r->csv->cells) / sizeof(size_t), 0 };
	r->cell_at = hws_buf_len(&r->csv->text);
	for (;;) {
		int e = r->at < r->in.len && r->in.ptr[r->at] == '"' ? quoted(r) : plain(r);

		if (e == HWS_OK)
			e = end_cell(r);
		if (e < 0)
			return e;
		if (at_line_end(r))
			break;
		r->at++; /* a separator: a cell follows, maybe an empty one */
	}
	return end_row(r);
}

/* By the line with the names, outside of quotes. */
static char separator_of(struct hws_bytes in)
{
	bool semicolon = false, inside = false;

	for (size_t n = 0; n < in.len; n++) {
		char c = (char)in.ptr[n];

		if (c == '"')
			inside = !inside;
		else if (!inside && (c == '\n' || c == '\r'))
			break;
		else if (!inside && c == ',')
			return ',';
		else if (!inside && c == ';')
			semicolon = true;
	}
	return semicolon ? ';' : ',';
}

int hws_csv_read(struct hws_bytes text, struct hws_csv **ret, struct hws_error *err)
{
	struct reader r = { .in = text, .line = 1, .err = err };
	int e = HWS_OK;

	r.csv = hws_alloc(sizeof(*r.csv));
	if (!r.csv)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	hws_buf_init(&r.csv->text, 128u << 20);
	hws_buf_init(&r.csv->cells, 64u << 20);
	hws_buf_init(&r.csv->rows, (HWS_CSV_ROWS_MAX + 2) * sizeof(struct row));
	while (r.in.len >= 3 && memcmp(r.in.ptr, "\xef\xbb\xbf", 3) == 0)
		r.in = hws_bytes(r.in.ptr + 3, r.in.len - 3);
	while (at_line_end(&r) && r.at < r.in.len)
		skip_line_end(&r);
	r.separator = separator_of(hws_bytes(r.in.ptr + r.at, r.in.len - r.at));
	while (e == HWS_OK && r.at < r.in.len) {
		if (!at_line_end(&r))
			e = read_row(&r);
		if (e == HWS_OK)
			skip_line_end(&r);
	}
	if (e == HWS_OK && rows_of(r.csv) == 0)
		e = hws_error_set(err, HWS_ERR_CORRUPT, "there is no line with names of columns");
	if (e < 0) {
		hws_csv_free(r.csv);
		return e;
	}
	*ret = r.csv;
	return HWS_OK;
}

void hws_csv_free(struct hws_csv *c)
{
	if (!c)
		return;
	hws_buf_done_wiped(&c->text); /* passwords of entries */
	hws_buf_done(&c->cells);
	hws_buf_done(&c->rows);
	hws_free(c);
}

/* --- what was read ---------------------------------------------------------------------------- */

size_t hws_csv_rows(const struct hws_csv *c)
{
	return rows_of(c) - 1;
}

size_t hws_csv_columns(const struct hws_csv *c)
{
	return row_at(c, 0)->count;
}

const char *hws_csv_column(const struct hws_csv *c, size_t column)
{
	return cell_at(c, column);
}

size_t hws_csv_line(const struct hws_csv *c, size_t row)
{
	return row_at(c, row + 1)->line;
}

const char *hws_csv_cell(const struct hws_csv *c, size_t row, const char *column)
{
	const struct row *r = row_at(c, row + 1);

	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(cell_at(c, i), column) == 0)
			return cell_at(c, r->first + i);
	}
	return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

void hws_csv_put(struct hws_buf *out, const char *text, bool first)
{
	bool formula = *text && strchr("=+-@\t\r", *text);
	/* A text that would lose its apostrophe when it is read gets another. */
	bool like_formula = *text == '\'' && text[1] && strchr("=+-@\t\r'", text[1]);

	if (!first)
		hws_buf_put_u8(out, ',');
	if (first && !*text) { /* an empty line would be none */
		hws_buf_put_str(out, "\"\"");
		return;
	}
	if (!formula && !like_formula && !strpbrk(text, ",;\"\r\n")) {
		hws_buf_put_str(out, text);
		return;
	}
	hws_buf_put_u8(out, '"');
	if (formula || like_formula)
		hws_buf_put_u8(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			hws_buf_put_u8(out, '"');
		hws_buf_put_u8(out, (uint8_t)*text);
	}
	hws_buf_put_u8(out, '"');
}
