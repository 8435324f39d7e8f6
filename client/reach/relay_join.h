/* reach/relay_join: one leg at a relay, by TCP, and by the web where that is closed. The relay
 * answers nothing: success is a connected stream whose next bytes are the other side's. */
#pragma once
#include "client/reach/server_addr.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include "shared/net/stream.h"

struct hws_relay_join;

struct hws_relay_join_conf {
	const char *relay;                    /* HOST[:PORT], default port 21117 */
	const struct hws_server_addr *server; /* in the manner of this one; NULL = TCP */
	const char *key; /* the server's public key as text; "" if there is none */
	const char *uuid;
	const char *id; /* of the host; NULL at the host itself */
	Rdv__ConnType conn_type;
	uint64_t timeout_us;
	bool no_web;                         /* its own port alone */
	int (*on_socket)(int fd, void *arg); /* as in reach/server_addr; NULL = none */
};

/* As hws_dial_cb: exactly once unless canceled; the callee owns the stream. */
typedef void (*hws_relay_join_cb)(int r, struct hws_stream *s, void *arg);
int hws_relay_join(struct hws_loop *loop, struct hws_work *work,
		const struct hws_relay_join_conf *conf, hws_relay_join_cb done, void *arg,
		struct hws_relay_join **ret) HWS_MUST_CHECK;
/* How long silence at the relay may last before another pair is asked for; the host speaks first
 * there. `took_us`: from the request to the answer that the host had a part in. `last`: nothing
 * will be asked for afterwards. */
uint64_t hws_relay_join_patience(uint64_t took_us, bool last);
/* Inside the callback: the leg stands by a WebSocket, though the relay was named by its TCP
 * port. */
bool hws_relay_join_by_web(const struct hws_relay_join *j);
void hws_relay_join_cancel(struct hws_relay_join *j);
