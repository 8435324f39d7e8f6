/* tests: a core without threads and sockets: presence, journal on a memory store, lists; and a
 * device that speaks to it. The clock is the test's. */
#pragma once
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/memory/memory.h"
#include "shared/loop/loop.h"

struct table {
	struct rdv_core core;
	struct rdv_config conf;
	struct hws_loop *loop;
	struct rdv_store *store;
	uint64_t now_us;
	/* what the journal said last */
	unsigned written, not_durable;
	int last_r;
	struct rdv_waiter last_who;
	struct rdv_write last_write;
};
/* Ends the test on failure. */
void table_init(struct table *t);
void table_done(struct table *t);
/* Runs the loop until the journal is empty (or 3 s have passed). */
void table_flush(struct table *t);
void table_seconds(struct table *t, unsigned s);

struct caller {
	const char *id, *uuid;
	uint8_t pk[32];
	const char *ip;
	uint16_t port;
	uint64_t client;
};
struct caller caller_of(const char *id, const char *ip, uint16_t port);
enum rdv_answer call_peer(struct table *t, const struct caller *c);
enum rdv_answer call_pk(
		struct table *t, const struct caller *c, Rdv__RegisterPkResponse__Result *ret);
/* call_pk whose result must be a result now or later. */
Rdv__RegisterPkResponse__Result call_result(struct table *t, const struct caller *c);
bool is_online(struct table *t, const char *id);
