/* rendezvous/planes/relay_request: what viewers ask after no direct way led there. On the TCP
 * plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"

struct rdv_client;

/* Changes `m`. */
void rdv_relay_request(struct rdv_client *cl, Rdv__RequestRelay *m);
/* No node knows of the connection this relay request belongs to. */
void rdv_relay_unknown(struct rdv_client *cl);
