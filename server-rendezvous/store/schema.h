/* rendezvous/store/schema: the numbered steps of schema/ENGINE/NNN_NAME.sql, embedded by the build.
 * Step i brings a database from version i to i + 1. A step that was released is never changed; a
 * new one is added. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct rdv_schema_step {
	const char *name; /* "001_peer" */
	const char *sql;
};

struct rdv_schema {
	const struct rdv_schema_step *step;
	size_t count; /* the version that this program knows */
};
extern const struct rdv_schema rdv_schema_sqlite, rdv_schema_postgres;

/* A database that a newer program has changed: the sentence that refuses it, HWS_ERR_UNSUPPORTED.
 * `program`: its version ("" = not known); `copy`: of a time when this program knew it, or "". */
int rdv_schema_newer(const char *place, int64_t version, const char *program,
		const struct rdv_schema *schema, const char *copy, struct hws_error *err);
