/* rendezvous/store/postgres/schema: bringing the database to the version this program knows. */
#pragma once
#include "server-rendezvous/store/postgres/conn.h"
#include "server-rendezvous/store/schema.h"

/* On a connection of its own. All steps in one transaction, one node after the other; what fails
 * leaves the database as it was. HWS_ERR_UNSUPPORTED with a sentence for a newer version. */
int pg_schema_migrate(struct pg_connection *l, const struct rdv_schema *schema,
		struct hws_error *err) HWS_MUST_CHECK;
