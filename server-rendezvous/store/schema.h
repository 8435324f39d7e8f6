/* rendezvous/store/schema: the numbered steps of schema/ENGINE/NNN_NAME.sql, embedded by the build.
 * Step i brings a database from version i to i + 1. A step that was released is never changed; a
 * new one is added. */
#pragma once
#include <stddef.h>

struct rdv_schema_step {
	const char *name; /* "001_peer" */
	const char *sql;
};

struct rdv_schema {
	const struct rdv_schema_step *step;
	size_t count; /* the version that this program knows */
};
extern const struct rdv_schema rdv_schema_sqlite, rdv_schema_postgres;
