/* admin/db_import: taking over the database and the key of hbbs. */
#pragma once
#include "admin/cli/db_work.h"

/* From the file of hbbs; its key lies beside it, or in d->key. */
int adm_db_import(struct adm_db *d, const char *file) HWS_MUST_CHECK;
