/* admin/sql/postgres_schema: brings the tables in PostgreSQL up to date. Private to admin/sql. */
#pragma once
#include "shared/base/err.h"

/* On a connection of its own, all steps in one transaction, one node after the other. */
int sql_postgres_migrate(const char *conninfo, struct hws_error *err) HWS_MUST_CHECK;
