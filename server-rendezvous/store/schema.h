/* rendezvous/store/schema: the numbered steps of schema/ENGINE/NNN_NAME.sql, embedded by the build.
 * Step i brings a database from version i to i + 1. A step that was released is never changed; a
 * new one is added. */
#pragma once
#include <stddef.h>

struct rdv_schema_step {
	const char *name; /* "001_peer" */
	const char *sql;
};
extern const struct rdv_schema_step rdv_schema_sqlite[];
extern const size_t rdv_schema_sqlite_count;
extern const struct rdv_schema_step rdv_schema_postgres[];
extern const size_t rdv_schema_postgres_count;
