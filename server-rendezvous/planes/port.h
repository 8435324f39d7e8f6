/* rendezvous/planes/port: which of the server's TCP ports a connection came to. */
#pragma once

enum rdv_port { RDV_PORT_MAIN, RDV_PORT_NAT, RDV_PORT_WS, RDV_PORT_TLS, RDV_PORT_COUNT };
