/* admin/csv: RFC 4180 in and out, from files that anybody may have made. Pure. */
#pragma once
#include "shared/base/buf.h"
#include <stdbool.h>

#define ADM_CSV_COLUMNS_MAX 64u
#define ADM_CSV_ROWS_MAX 100000u
#define ADM_CSV_CELL_MAX 65536u

/* A whole file: the first line names the columns. */
struct adm_csv;

/* Commas, or semicolons if the first line has those and no comma; line ends of any kind; a mark of
 * UTF-8 at the beginning is left out, empty lines are too. HWS_ERR_CORRUPT with the line: a quote
 * without end, text behind one, more cells than columns, no UTF-8, NUL; a column twice or without a
 * name; HWS_ERR_TOOBIG. */
int adm_csv_read(struct hws_bytes text, struct adm_csv **ret, struct hws_error *err) HWS_MUST_CHECK;
void adm_csv_free(struct adm_csv *c);
size_t adm_csv_rows(const struct adm_csv *c);
size_t adm_csv_columns(const struct adm_csv *c);
const char *adm_csv_column(const struct adm_csv *c, size_t column);
/* Line of the file that a row begins in, for messages. */
size_t adm_csv_line(const struct adm_csv *c, size_t row);
/* NULL: there is no such column, or the row ends before it. A cell that is there may be "". */
const char *adm_csv_cell(const struct adm_csv *c, size_t row, const char *column);

/* One cell, quoted where that is needed; `first` of its line or not. A text that a spreadsheet
 * would take for a formula gets an apostrophe before it, which adm_csv_read takes away again. */
void adm_csv_put(struct hws_buf *out, const char *text, bool first);
