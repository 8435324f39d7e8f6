/* reach/server_query: one short link to a rendezvous server: connect, say something, hear answers.
 * By TCP the local port can be used again right after (hole punching). Without `secure_pk` an offer
 * of encryption is skipped: a link that speaks first stays plain by protocol, and nothing secret
 * may go over it. One loop thread. */
#pragma once
#include "client/reach/server_addr.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include <sys/socket.h>

struct hws_server_query;

struct hws_server_query_conf {
	const struct hws_server_addr *server_addr; /* copied */
	uint64_t timeout_us;                       /* to connect */
	const struct sockaddr_storage *bind_to; /* from this address and port; NULL = any. Copied */
	/* HWS_PK_LEN bytes, copied: on_open waits until what the server offers is in force, signed
	 * by this key; not by a WebSocket. A server that offers none ends with
	 * HWS_ERR_UNSUPPORTED, another key with HWS_ERR_KEY. NULL: in plain. */
	const uint8_t *secure_pk;
	void (*on_open)(struct hws_server_query *a, void *arg);
	/* `m` borrows until return. Never a KeyExchange. */
	void (*on_message)(struct hws_server_query *a, const Rdv__RendezvousMessage *m, void *arg);
	/* Could not connect, or the link ended; at most once, never after hws_server_query_free or
	 * _finish. */
	void (*on_end)(struct hws_server_query *a, int why, void *arg);
	void *arg;
};

int hws_server_query_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_server_query_conf *conf,
		struct hws_server_query **ret) HWS_MUST_CHECK;
/* Only after on_open. */
int hws_server_query_send(
		struct hws_server_query *a, const Rdv__RendezvousMessage *m) HWS_MUST_CHECK;
/* Whether something secret may be said: encrypted for the key that was given, or, where that is
 * enough, by TLS. */
bool hws_server_query_is_secure(const struct hws_server_query *a, bool by_tls);
/* This end's and the server's address; valid after on_open. */
const struct sockaddr_storage *hws_server_query_local(const struct hws_server_query *a);
const struct sockaddr_storage *hws_server_query_peer(const struct hws_server_query *a);
/* Closes at once; frees at the end of the turn. Takes NULL; allowed in its callbacks. */
void hws_server_query_free(struct hws_server_query *a);
/* Writes out what was sent (at most 5 s), then as hws_server_query_free. */
void hws_server_query_finish(struct hws_server_query *a);
