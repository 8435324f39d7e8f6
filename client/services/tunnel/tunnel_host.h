/* tunnel_host: ports that this host reaches, for viewers: the service of the connector, the one
 * process of a session that opens connections (docs/tunnels.md). */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_tunnel_host_service;
