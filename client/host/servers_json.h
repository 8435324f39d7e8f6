/* host/servers_json: what a host tells of its rendezvous servers. */
#pragma once
#include "client/host/servers.h"
#include <jansson.h>

/* One for each; both take NULL: no server is set. */
json_t *hws_servers_json(const struct hws_servers *s);
/* The one that says whether this host can be found. */
json_t *hws_servers_best_json(const struct hws_servers *s);
