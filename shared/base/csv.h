/* base/csv: RFC 4180 in and out, from files that anybody may have made. Pure. */
#pragma once
#include "shared/base/buf.h"
#include <stdbool.h>

#define HWS_CSV_COLUMNS_MAX 64u
#define HWS_CSV_ROWS_MAX 100000u
#define HWS_CSV_CELL_MAX 65536u

/* A whole file: the first line names the columns. */
struct hws_csv;

/* Commas, or semicolons if the first line has those and no comma; line ends of any kind; a mark of
 * UTF-8 at the beginning is left out, empty lines are too. HWS_ERR_CORRUPT with the line: a quote
 * without end, text behind one, more cells than columns, no UTF-8, NUL; a column twice or without a
 * name; HWS_ERR_TOOBIG. */
int hws_csv_read(struct hws_bytes text, struct hws_csv **ret, struct hws_error *err) HWS_MUST_CHECK;
void hws_csv_free(struct hws_csv *c);
size_t hws_csv_rows(const struct hws_csv *c);
size_t hws_csv_columns(const struct hws_csv *c);
const char *hws_csv_column(const struct hws_csv *c, size_t column);
/* Line of the file that a row begins in, for messages. */
size_t hws_csv_line(const struct hws_csv *c, size_t row);
/* NULL: there is no such column, or the row ends before it. A cell that is there may be "". */
const char *hws_csv_cell(const struct hws_csv *c, size_t row, const char *column);

/* One cell, quoted where that is needed; `first` of its line or not. A text that a spreadsheet
 * would take for a formula gets an apostrophe before it, which hws_csv_read takes away again. */
void hws_csv_put(struct hws_buf *out, const char *text, bool first);
