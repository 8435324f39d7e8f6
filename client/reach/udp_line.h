/* reach/udp_line: datagrams to and from one server. Sends nothing to and believes nothing from any
 * other address. One loop thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include <sys/socket.h>

struct hws_udp_line;

struct hws_udp_line_conf {
	const char *host; /* copied */
	uint16_t port;
	int family;    /* AF_UNSPEC: any */
	unsigned turn; /* of several addresses of the name begin with this one */
	/* What has no answer after a moment is sent to another address of the name, too, one of
	 * the other family if there is one; the first that answers is the line's from then on. */
	bool side_by_side;
	void (*on_open)(void *arg);
	/* `raw`: as it came. Both are borrowed until return. */
	void (*on_message)(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg);
	/* The name cannot be resolved, or no socket be had; the line is of no use then. */
	void (*on_failure)(int why, void *arg);
	void *arg;
};

/* No callback comes inside. */
int hws_udp_line_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_udp_line_conf *conf, struct hws_udp_line **ret) HWS_MUST_CHECK;
/* A datagram may be lost, also here: what matters is whether an answer comes. */
void hws_udp_line_send(struct hws_udp_line *l, struct hws_bytes datagram);
/* Where the server is; after on_open, and after the first answer where it has two sides. */
const struct sockaddr_storage *hws_udp_line_server(const struct hws_udp_line *l);
/* The socket is the caller's, and the line of no use any more; -1: it has none (any more). Allowed
 * in its callbacks. */
int hws_udp_line_release(struct hws_udp_line *l);
/* Takes NULL; allowed in its callbacks. */
void hws_udp_line_free(struct hws_udp_line *l);
