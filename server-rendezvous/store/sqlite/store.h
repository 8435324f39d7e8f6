/* rendezvous/store/sqlite/store: what the files of the sqlite back-end share; only they include
 * it. */
#pragma once
#include "server-rendezvous/store/job.h"
#include "server-rendezvous/store/sqlite/conn.h"

/* Workers by kind of work, each with its own connection: writes; short reads; loading and backup,
 * which may take long. */
enum sqlite_worker { SQLITE_WRITE, SQLITE_READS, SQLITE_BULK, SQLITE_WORKERS };

/* Takes the job whatever happens; NULL is HWS_ERR_NOMEM. HWS_ERR_DENIED for writes of a reader. */
int sqlite_submit(
		struct rdv_store *s, enum sqlite_worker worker, struct rdv_job *job) HWS_MUST_CHECK;

static inline int sqlite_bind_str(sqlite3_stmt *st, int i, const char *s)
{
	return sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

extern const struct rdv_devices_ops sqlite_devices;
extern const struct rdv_entries_ops sqlite_entries;
