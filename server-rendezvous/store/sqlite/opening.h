/* rendezvous/store/sqlite/opening: the database file of the ID server: create, lock, migrate,
 * refuse with a sentence. Private to the sqlite back-end. Blocking. */
#pragma once
#include "shared/base/err.h"

/* Creates the file (0600) if there is none, takes the lock that keeps a second server out
 * (*ret_lock_fd, to be closed after every connection) and brings the schema up to date. */
int rdv_sqlite_prepare(const char *path, int *ret_lock_fd, struct hws_error *err) HWS_MUST_CHECK;
/* Looks only: the file must be ours, whole and of this version. */
int rdv_sqlite_check(const char *path, struct hws_error *err) HWS_MUST_CHECK;
