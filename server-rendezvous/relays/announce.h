/* rendezvous/relays/announce: telling our relays which pairs were agreed, so that they can refuse
 * all others. Relays dial us (shared/wire/ticket.h). Private to the TCP plane. */
#pragma once
#include "server-rendezvous/planes/client.h"

/* The first record of an encrypted connection: true when it was a relay's hello (accepted, or the
 * client connection closed). */
bool rdv_announce_hello(struct rdv_client *cl, struct hws_bytes payload);
/* What a relay says later. */
void rdv_announce_heard(struct rdv_client *cl, struct hws_bytes payload);
/* To every relay that listens. */
void rdv_announce(struct rdv_tcp *t, const char *uuid);
/* The client connection of a relay has ended. */
void rdv_announce_gone(struct rdv_client *cl);
