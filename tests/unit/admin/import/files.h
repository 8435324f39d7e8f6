/* tests/unit/admin/import/files: databases as other servers leave them. */
#pragma once

/* Makes a database from statements at `path`. */
void files_sqlite(const char *path, const char *sql);
void files_text(const char *path, const char *text);

extern const char files_rustdesk_api[];
extern const char files_rustdesk_api_old[]; /* an early version, with fewer columns */
extern const char files_pro[];
extern const char files_django[];
extern const char files_sctg[];
extern const char files_hbbs[];
