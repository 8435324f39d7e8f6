/* rendezvous/planes/api_call: a client whose HTTP does not get through sends its request for the
 * API to the main port; it is passed on to the API server's socket on this machine, and the answer
 * back. On the TCP plane's thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include <stddef.h>

struct rdv_client;
struct rdv_tcp;

/* The client's one request; the connection ends with the answer. */
void rdv_api_call(struct rdv_client *cl, const Rdv__HttpProxyRequest *m);
/* All that are under way. */
void rdv_api_calls_end(struct rdv_tcp *t);
