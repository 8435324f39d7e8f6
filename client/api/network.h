/* api/network: this machine's network is another one: the sessions of a context hear of it. Loop
 * thread. */
#pragma once
#include "client/api/handle.h"
#include "shared/net/net_watch.h"

/* From now on, once for all sessions. */
void api_network_watch(hawser_context *ctx);
void api_network_stop(hawser_context *ctx);
/* The address that a stream comes from is not ours any more. */
bool api_network_left(const struct sockaddr_storage *local);
