/* rendezvous/store/sqlite/guard: what stands between the connections and the database file: who has
 * it open, whether it is still the one that was opened, and what happens when it was deleted or
 * replaced while the server runs. Private to the sqlite back-end. Any thread, but where a function
 * says otherwise. */
#pragma once
#include "server-rendezvous/store/sqlite/file_id.h"
#include "shared/base/err.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct rdv_sqlite_guard {
	const char *path; /* borrowed */
	int lock_fd;      /* -1 = a reader beside the owner */
	pthread_mutex_t lock;
	/* Under the lock. */
	unsigned open; /* connections */
	bool moved;    /* the path names another file than the connections have, or none */
	char said[400];
	uint64_t said_us, unsaid;
	/* The write worker's. */
	struct rdv_file_id file, wal, shm;
	bool rescued; /* all that the old file held lies beside it */
};

/* Creates, locks and migrates (see rdv_sqlite_prepare); takes in what an interrupted renewal left.
 * Blocking. */
int rdv_guard_init(
		struct rdv_sqlite_guard *g, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* Only looks, takes no lock: the file belongs to a server that runs. */
int rdv_guard_init_reader(
		struct rdv_sqlite_guard *g, const char *path, struct hws_error *err) HWS_MUST_CHECK;
/* After all connections. Renews the file if it was moved and rescued. */
void rdv_guard_done(struct rdv_sqlite_guard *g);

/* One more connection for one thread. HWS_ERR_STORE while the file is being renewed. */
int rdv_guard_connect(
		struct rdv_sqlite_guard *g, sqlite3 **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Every connection of the guard ends here; statements must be finalized. Takes NULL. */
void rdv_guard_disconnect(struct rdv_sqlite_guard *g, sqlite3 *db);
/* True when connections have to be given up. */
bool rdv_guard_moved(struct rdv_sqlite_guard *g);

/* The write worker, before it writes and once a second: is the file still there? */
bool rdv_guard_look(struct rdv_sqlite_guard *g);
/* The write worker, when not: saves what its connection still reads. HWS_OK also when there is
 * nothing to save from (`db` is NULL). The connection is to be given up then. */
int rdv_guard_rescue(struct rdv_sqlite_guard *g, sqlite3 *db) HWS_MUST_CHECK;
/* The write worker, then: makes or takes the file at the path and adds what was saved.
 * HWS_ERR_STORE while other connections are open. */
int rdv_guard_renew(struct rdv_sqlite_guard *g) HWS_MUST_CHECK;

/* Logs store.failed; the same text once a minute. */
void rdv_guard_complain(struct rdv_sqlite_guard *g, const char *text);
