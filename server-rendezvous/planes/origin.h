/* rendezvous/planes/origin: where and how a registration came, by datagram or on a connection. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "shared/base/bytes.h"
#include <stdint.h>
#include <sys/socket.h>

struct hws_admit;
struct hws_proof;

/* Where a registration came from. */
struct rdv_origin {
	struct rdv_addr addr;
	const struct sockaddr_storage *ss; /* the same, for the limiter */
	uint64_t client;                   /* of a TCP or WebSocket host, else 0 */
	struct hws_bytes message;          /* as it came */
	const struct hws_proof *proof;     /* that stands in it; NULL: none */
	struct hws_admit *admit;           /* limit of new and changed registrations, NULL = none */
	uint64_t now_us;
};
