/* rendezvous/state/journal: what must reach the store, queued within a bound and written in batches
 * behind the planes. Any thread puts; the control loop writes every 50 ms, tries again while the
 * store is away, and answers those whose registration had to be durable first. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"

struct rdv_journal;

/* Who waits for the result of a write. */
struct rdv_waiter {
	uint64_t client;     /* TCP or WebSocket connection, 0 = none */
	struct rdv_addr udp; /* else a datagram to here; port 0 = nobody waits */
	bool rename;         /* an id change, not a registration */
};

/* On the control loop: w->result and r tell the fate. `durable` is false when the answer goes out
 * although the store is away (the write stays queued). */
typedef void (*rdv_written_fn)(const struct rdv_write *w, const struct rdv_waiter *who, int r,
		bool durable, void *arg);

struct rdv_journal_stats {
	uint64_t queued, written, failed, refused, dropped_conflicts;
};

/* The store is borrowed; without one (NULL) everything is "written" at once. */
int rdv_journal_new(struct hws_loop *loop, struct rdv_store *store, uint64_t max,
		rdv_written_fn written, void *arg, struct rdv_journal **ret) HWS_MUST_CHECK;
/* What has not been written is lost: flush first. */
void rdv_journal_free(struct rdv_journal *j);
/* Any thread. Copies. HWS_ERR_FULL at the bound. */
int rdv_journal_put(struct rdv_journal *j, const struct rdv_write *w,
		const struct rdv_waiter *who) HWS_MUST_CHECK;
/* Control loop: write now; done when the queue is empty or the store failed. */
void rdv_journal_kick(struct rdv_journal *j);
bool rdv_journal_idle(struct rdv_journal *j);
void rdv_journal_stats(struct rdv_journal *j, struct rdv_journal_stats *ret);
/* Control loop: how long the oldest of what is not written yet has been waiting; 0 = nothing is. */
uint64_t rdv_journal_lag_us(struct rdv_journal *j);
