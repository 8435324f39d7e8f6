/* rendezvous/config/store_place: where a server with these settings keeps its devices. One answer
 * for the server and for hawser-admin, so that the operator never works on another database than
 * the server. */
#pragma once
#include "server-rendezvous/config/config.h"

enum rdv_store_place_kind { RDV_STORE_MEMORY, RDV_STORE_SQLITE, RDV_STORE_POSTGRES };

struct rdv_store_place {
	enum rdv_store_place_kind kind;
	const char *address; /* of PostgreSQL; borrowed from the settings */
	bool secret;         /* it may hold a password and is never shown */
	char file[500];      /* of SQLite */
};

/* `state_dir`: of the server, for the usual SQLite file. HWS_ERR_TOOBIG with a sentence when a path
 * is too long. */
int rdv_store_place(const struct rdv_config *c, const char *state_dir, struct rdv_store_place *ret,
		struct hws_error *err) HWS_MUST_CHECK;
