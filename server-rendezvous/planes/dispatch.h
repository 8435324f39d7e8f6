/* rendezvous/planes/dispatch: what a client says goes to whom it is for. */
#pragma once
#include "shared/base/bytes.h"

struct rdv_client;

/* On the TCP plane's thread. A message that is not served here ends the connection. */
void rdv_dispatch(struct rdv_client *cl, struct hws_bytes payload);
