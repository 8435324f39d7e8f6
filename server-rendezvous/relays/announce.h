/* rendezvous/relays/announce: telling our relays which pairs were agreed, so that they can refuse
 * all others. Relays dial us (shared/wire/ticket.h), on the encrypted connection of a client. All
 * on one loop, the TCP plane's. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/box.h"
#include "shared/loop/loop.h"
#include "shared/net/conn.h"
#include "shared/wire/limits.h"

struct rdv_core;
struct rdv_announcer;
struct rdv_listener; /* a relay that listens */

int rdv_announcer_new(struct rdv_core *core, struct hws_loop *loop,
		struct rdv_announcer **ret) HWS_MUST_CHECK;
/* After all listeners are gone. Takes NULL. */
void rdv_announcer_free(struct rdv_announcer *a);

/* The first record of an encrypted connection. HWS_OK: a relay's hello, answered; from now on what
 * it says is for rdv_announce_heard, and heartbeats are ours. HWS_ERR_NOTFOUND: something else than
 * a hello. Any other error: the connection is to be closed with it. `conn` and *ret end with
 * rdv_announce_gone. */
int rdv_announce_hello(struct rdv_announcer *a, struct hws_conn *conn,
		const struct sockaddr_storage *peer, const uint8_t session[HWS_SESSION_KEY_LEN],
		struct hws_bytes payload, struct rdv_listener **ret) HWS_MUST_CHECK;
/* What a relay says later. */
void rdv_announce_heard(struct rdv_listener *l, struct hws_bytes payload);
/* To every relay that listens. */
void rdv_announce(struct rdv_announcer *a, const char *uuid);
/* The connection of a relay has ended. Takes NULL. */
void rdv_announce_gone(struct rdv_listener *l);
