/* rendezvous/store/sqlite/hbbs_file: opens a database of another program without leaving anything
 * beside it. SQLite makes files next to a database in WAL mode even for one who only reads, and
 * cannot read it at all where the folder is read-only. Blocking; any thread. */
#pragma once
#include "shared/base/err.h"
#include <sqlite3.h>

struct rdv_hbbs_file {
	sqlite3 *db;
	char copy[600]; /* the folder of a copy that was made; "" = none */
};

/* `scratch`: where a copy may be made that goes again; NULL: none is made. Close it in any case. */
int rdv_hbbs_file_open(const char *path, const char *scratch, struct rdv_hbbs_file *ret,
		struct hws_error *err) HWS_MUST_CHECK;
void rdv_hbbs_file_close(struct rdv_hbbs_file *f);
