/* relay/takeover: a restart that nobody notices. A process started with --takeover gets the
 * listening sockets of the running one, says when it serves, and then also gets the legs that still
 * wait for a partner; the old process keeps its pairs and ends with the last of them. Until the new
 * one serves, the old one goes on as if nothing happened. Main loop only. */
#pragma once
#include "server-relay/server.h"
#include "server-relay/shard.h"

struct rly_sockets {
	int tcp[RLY_SHARDS_MAX], ws[RLY_SHARDS_MAX];
	unsigned tcp_count, ws_count;
};

/* --- new process --- */
/* Asks the running relay for its sockets; waits some seconds at most. The caller closes them. None
 * when no relay runs here. */
int rly_takeover_begin(struct rly_server *s, struct rly_sockets *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The ports are open: the old one leaves its metrics port, its control socket is set aside. */
int rly_takeover_ready(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* The threads run: the old one stops accepting and hands its waiting legs over. */
void rly_takeover_done(struct rly_server *s);

/* --- running process --- */
/* Listens for a successor (handover.sock in the runtime folder). */
int rly_takeover_new(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* Of both processes; a takeover that was not finished is taken back. */
void rly_takeover_free(struct rly_server *s);
