/* import/sqlite: the file of another server, by one of the layouts. Read only. Private to
 * admin/import. */
#pragma once
#include "admin/import/layout.h"

struct imp_sqlite;

/* `kind` "auto": what the tables say. One moment of the file is read, also while its server goes on
 * writing. HWS_ERR_NOTFOUND, HWS_ERR_CORRUPT with a sentence. */
int imp_sqlite_open(const char *path, const char *kind, struct imp_sqlite **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void imp_sqlite_close(struct imp_sqlite *s);
const char *imp_sqlite_kind(const struct imp_sqlite *s);
int imp_sqlite_each(struct imp_sqlite *s, enum imp_what what, imp_row_fn fn, void *arg,
		struct hws_error *err) HWS_MUST_CHECK;
