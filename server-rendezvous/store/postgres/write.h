/* rendezvous/store/postgres/write: a batch of writes as one transaction of few statements. Private
 * to the postgres back-end. */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/postgres/conn.h"

/* Statements that the link must know: */
#define PG_WRITE_PUT "put"     /* arrays of the columns; returns the ids that were written */
#define PG_WRITE_FORCE "force" /* the same, whatever the uuid */
#define PG_WRITE_KEEP "keep"   /* the same, unless there is a row */
#define PG_WRITE_RENAME "rename"
#define PG_WRITE_DELETE "delete"
extern const char pg_write_put_sql[], pg_write_force_sql[], pg_write_keep_sql[],
		pg_write_rename_sql[], pg_write_delete_sql[];

/* As rdv_devices_ops.write, but it waits. Tries again when it clashed with another node. */
int pg_write_batch(struct pg_connection *l, struct rdv_write *w, size_t n) HWS_MUST_CHECK;
