/* import/csv: a file of lines with a header line that names the columns. Private to
 * admin/import. */
#pragma once
#include "admin/import/row.h"
#include "shared/base/bytes.h"

struct imp_csv;

/* Reads the whole file (at most 64 MiB) and checks its form: quoted fields, comma or semicolon
 * between them, any line ends. A sentence says the line that is wrong. */
int imp_csv_open(const char *path, struct imp_csv **ret, struct hws_error *err) HWS_MUST_CHECK;
/* The same of bytes; `name` stands in sentences. */
int imp_csv_read(struct hws_bytes text, const char *name, struct imp_csv **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void imp_csv_close(struct imp_csv *s);
int imp_csv_each(struct imp_csv *s, enum imp_what what, imp_row_fn fn, void *arg) HWS_MUST_CHECK;
