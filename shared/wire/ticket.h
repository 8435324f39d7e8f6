/* wire/ticket: how a relay learns which pairs were asked for. The relay dials the rendezvous
 * server's main TCP port, takes its KeyExchange (which proves the server's key) and says who it is
 * with a key of its own; from then on the server announces pair ids. Sans-IO.
 *
 *   relay -> TCP connect
 *   server -> KeyExchange (see server_kx)        relay -> KeyExchange answer; records from here on
 *   relay -> hello (its key, proof)              server -> welcome, or closes: key not in its list
 *   relay -> state, at once and when it changes  server -> tickets, each time a pair is agreed
 *   both -> an empty frame every heartbeat_s
 *
 * A leg may reach the relay before the ticket does: the relay holds it for a moment. After a new
 * connection only new pairs are announced. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>
#include <sys/socket.h>

#define HWS_TICKET_TTL_S 120   /* longer than any deployed peer tries to reach the relay */
#define HWS_TICKET_LIST_MAX 64 /* pair ids in one message */

/* Relay: appends its hello, bound to the key of this link. */
int hws_ticket_hello(const struct hws_identity *relay,
		const uint8_t session_key[HWS_SESSION_KEY_LEN], struct hws_buf *out) HWS_MUST_CHECK;
/* Server: HWS_ERR_NOTFOUND: another message; HWS_ERR_CRYPTO: the proof is wrong; HWS_ERR_PROTO.
 * Whether the key may listen is the caller's to decide. */
int hws_ticket_hello_check(struct hws_bytes payload, const uint8_t session_key[HWS_SESSION_KEY_LEN],
		uint8_t ret_pk[HWS_PK_LEN]) HWS_MUST_CHECK;
int hws_ticket_welcome(uint32_t heartbeat_s, struct hws_buf *out) HWS_MUST_CHECK;
int hws_ticket_tickets(const char *const *uuid, size_t n, uint32_t ttl_s,
		struct hws_buf *out) HWS_MUST_CHECK;

/* Relay: what the server said after the hello. */
struct hws_ticket_news {
	bool welcome;
	uint32_t heartbeat_s; /* of the welcome; at least 1 */
};
/* Calls fn for each pair id of a tickets message (1..HWS_UUID_MAX bytes). HWS_ERR_NOTFOUND: neither
 * a welcome nor tickets (ignore it); HWS_ERR_PROTO. */
int hws_ticket_read(struct hws_bytes payload, struct hws_ticket_news *ret,
		void (*fn)(struct hws_bytes uuid, uint32_t ttl_s, void *arg),
		void *arg) HWS_MUST_CHECK;

/* Relay: whether it takes new pairs; `name`: itself as in the server's list of relays (may be
 * ""). */
int hws_ticket_state(const char *name, bool draining, struct hws_buf *out) HWS_MUST_CHECK;
/* Server: HWS_ERR_NOTFOUND: another message (ignore it); HWS_ERR_PROTO. `name` has HWS_HOSTNAME_MAX
 * + 8 bytes. */
int hws_ticket_state_read(struct hws_bytes payload, char *name, size_t size,
		bool *ret_draining) HWS_MUST_CHECK;

/* How far a network is from a relay. */
struct hws_ticket_distance {
	/* An address of it, AF_INET or AF_INET6; the host part is not sent. */
	struct sockaddr_storage network;
	uint32_t rtt_ms;
};
/* Relay: at most HWS_TICKET_LIST_MAX of them. */
int hws_ticket_distances(const char *name, const struct hws_ticket_distance *item, size_t n,
		struct hws_buf *out) HWS_MUST_CHECK;
/* Server: calls fn for each that makes sense. As hws_ticket_state_read. */
int hws_ticket_distances_read(struct hws_bytes payload,
		void (*fn)(const char *name, const struct hws_ticket_distance *d, void *arg),
		void *arg) HWS_MUST_CHECK;
