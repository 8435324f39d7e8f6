/* rendezvous/store/sqlite/migrate: database files of one kind (the ID server's, the API's) brought
 * to the version that this program knows. Private to those who keep such files. Blocking. */
#pragma once
#include "server-rendezvous/store/schema.h"
#include <sqlite3.h>

/* Of each kind the newest so many copies of earlier versions are kept. */
#define RDV_SQLITE_COPIES 3u

struct rdv_sqlite_kind {
	int32_t mark; /* the application_id of its files */
	const struct rdv_schema *schema;
};
/* Of the ID server. */
extern const struct rdv_sqlite_kind rdv_sqlite_kind;

/* Looks only. An empty file becomes of this kind (*ret_version 0); what belongs to another program,
 * or was changed by a newer one, is refused with a sentence that says what to do. */
int rdv_sqlite_check_kind(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		int64_t *ret_version, struct hws_error *err) HWS_MUST_CHECK;
/* All steps that are missing in one transaction: they are done, or nothing is. Who comes second,
 * or finds nothing missing, changes nothing. */
int rdv_sqlite_migrate(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		struct hws_error *err) HWS_MUST_CHECK;
/* The same, and before anything that is there is changed a copy of it is made beside it,
 * PATH.before-vVERSION (0600): without room for a copy nothing is changed. */
int rdv_sqlite_bring_up(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		struct hws_error *err) HWS_MUST_CHECK;
