/* A network for fuzz targets: takes the place of net/dialer, so that connections end in this
 * process and an input says what comes over them. Also a UDP socket that is the server's. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/crypto/identity.h"
#include "shared/loop/work.h"
#include "shared/wire/server_kx.h"
#include <sys/socket.h>

#define WIRES_PORT 21116

/* What the far end of each link speaks; the operations of an input. */
enum wires_op {
	WIRES_FRAME,    /* a frame on the newest link, sealed once keyed */
	WIRES_OLDER,    /* the same on the one before */
	WIRES_RAW,      /* bytes below the framing */
	WIRES_DATAGRAM, /* to whoever sent us one last */
	WIRES_CLOSE,    /* the newest link ends */
	WIRES_TURN,     /* let things happen */
	WIRES_NAMED,    /* a datagram that begins as the last that came: in the same connection */
	WIRES_OPS
};

struct wires_plan {
	uint16_t refuse;  /* bit n: connection n is refused */
	bool offers_keys; /* the far end begins with an offer to encrypt */
};

/* A new network. Ends the program on failure. */
struct hws_loop *wires_open(const struct wires_plan *plan);
/* Where datagrams to the server arrive, at 127.0.0.1. */
uint16_t wires_udp_port(void);
/* Who offers keys. */
const struct hws_identity *wires_server(void);
/* Of the server's UDP socket. */
socklen_t wires_udp_addr(struct sockaddr_storage *ret);
/* Runs the operations (op, u16 length, bytes) to the end of `script`; stops early when `*over` (may
 * be NULL) is set. */
void wires_run(struct hws_bytes script, const bool *over);
/* Objects under test must be gone. */
void wires_close(void);
