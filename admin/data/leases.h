/* admin/data/leases: what only one process on a database does at a time. */
#pragma once
#include "admin/data/dat.h"

/* Takes or extends it for `ms` from now: `holder` is this process's own random text.
 * HWS_ERR_BUSY: another one holds it. */
int dat_lease_take(struct sql_conn *c, const char *name, const char *holder, int64_t now,
		int64_t ms) HWS_MUST_CHECK;
/* Gives it up, if it is still held. */
int dat_lease_end(struct sql_conn *c, const char *name, const char *holder) HWS_MUST_CHECK;
