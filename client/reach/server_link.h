/* reach/server_link: a long-lived link of a host to its rendezvous server, for networks without
 * UDP: TCP with the encryption that the server offers, or a WebSocket. Echoes the server's
 * heartbeats and ends when it hears nothing for too long. One loop thread. */
#pragma once
#include "client/reach/server_addr.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/crypto/identity.h"

struct hws_server_link;

struct hws_server_link_conf {
	const struct hws_server_addr *server_addr; /* copied */
	/* HWS_PK_LEN bytes, copied: the server must offer encryption signed by this key (but on a
	 * WebSocket, which TLS protects or nothing). NULL: the link stays plain. */
	const uint8_t *server_pk;
	void (*on_open)(void *arg);
	/* `raw`: as it came, opened. Both are borrowed until return. */
	void (*on_message)(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg);
	/* At most once, never after hws_server_link_free. HWS_ERR_KEY: another key than the
	 * configured one; HWS_ERR_UNSUPPORTED: connected, but the server does not offer what such
	 * links need. */
	void (*on_end)(int why, void *arg);
	void *arg;
};

/* No callback comes inside. */
int hws_server_link_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_server_link_conf *conf,
		struct hws_server_link **ret) HWS_MUST_CHECK;
/* Only after on_open. */
int hws_server_link_send(struct hws_server_link *l, struct hws_bytes message) HWS_MUST_CHECK;
/* What the server said about the rhythm of its heartbeats; 0 = nothing. */
void hws_server_link_keep_alive(struct hws_server_link *l, int seconds);
/* Closes at once; frees at the end of the turn. Takes NULL; allowed in its callbacks. */
void hws_server_link_free(struct hws_server_link *l);
