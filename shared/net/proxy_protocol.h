/* net/proxy_protocol: the header by which a load balancer tells who really connected (PROXY
 * protocol, version 1 as text and version 2 in binary). A parser only: no I/O, no state. Expect the
 * header only from peers that are configured as trusted, and then insist on it: whoever else may
 * send one can claim any address. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/socket.h>

#define HWS_PROXY_V1_MAX 107 /* longest line of version 1, with its CR LF */
/* Longest header of version 2 taken, extensions included: the format allows 64 KiB, real balancers
 * send a few hundred bytes. A reader's buffer needs no more than this. */
#define HWS_PROXY_MAX 4096

struct hws_proxy_header {
	/* False: the balancer itself speaks (LOCAL, its health check), or it does not know
	 * (UNKNOWN), or what it carries is not TCP over IP. The connection's own addresses count
	 * then. */
	bool proxied;
	struct sockaddr_storage source;      /* normalised; AF_UNSPEC unless proxied */
	struct sockaddr_storage destination; /* likewise */
};

/* HWS_OK: `*ret` is set and `*ret_used` bytes belong to the header, what follows is the peer's.
 * HWS_ERR_SHORT: it may become one, ask again with more bytes. HWS_ERR_TOOBIG: longer than
 * HWS_PROXY_MAX. HWS_ERR_PROTO: no header; told at the first byte that cannot be one's. */
int hws_proxy_parse(
		struct hws_bytes in, struct hws_proxy_header *ret, size_t *ret_used) HWS_MUST_CHECK;
