/* rendezvous/store: what outlives the process, by subject, behind one asynchronous interface.
 * Back-ends: memory (tests, no file), sqlite (default), postgres.
 *
 * A subject is a header here (devices.h, entries.h, nodes.h, locations.h) with its rows and a table
 * of its operations, and a file of the same name in each back-end that has it. To add one, say
 * `users`:
 *   schema/sqlite/NNN_users.sql, schema/postgres/NNN_users.sql   its tables (see schema.h)
 *   users.h, users_job.h, users_job.c      rows and operations; input and answers, the same for all
 *   memory/users.c, sqlite/users.c, postgres/users.c             the operations themselves
 * and then a member of struct rdv_store, which each back-end sets where it is opened (its store.c;
 * the name of the table of operations goes to its store.h). PostgreSQL also lists the subject's
 * statements there, and sqlite/rescue.c lists what a deleted file that is renewed must have again.
 * Nothing that belongs to another subject changes, and no list of files in CMake.
 *
 * Threads: every operation is called on the loop thread given at opening and returns at once; done
 * callbacks come on that loop, never inside the call, exactly once, in any order (also when the
 * store is freed: then with HWS_ERR_CANCELED, before rdv_store_free returns). The one exception is
 * the batch callback of loading, which runs on the store's own thread. Failure: HWS_ERR_STORE (the
 * database answered with an error or is away), HWS_ERR_DISK, HWS_ERR_FULL (too much waits). A
 * back-end reconnects by itself with back-off; what failed is not repeated by it: the caller keeps
 * its rows and writes them again, so a write must be harmless when done twice. */
#pragma once
#include "shared/base/err.h"
#include "shared/base/times.h"
#include "shared/loop/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*rdv_done_fn)(int r, void *arg);

struct rdv_store_stats {
	bool healthy;      /* the last operation reached the database */
	uint64_t ops;      /* operations finished */
	uint64_t failures; /* of them failed */
	uint64_t queued;   /* operations waiting or running now */
	uint64_t last_us;  /* duration of the last finished operation */
	uint64_t reconnects;
	uint64_t nodes; /* that live now, this one too; 0 = not joined */
};

struct rdv_store;
struct rdv_devices_ops;
struct rdv_entries_ops;
struct rdv_nodes_ops;
struct rdv_locations_ops;

/* What every back-end has, whatever the subject. */
struct rdv_store_ops {
	const char *name; /* "memory", "sqlite", "postgres" */
	void (*free)(struct rdv_store *s);
	void (*stats)(struct rdv_store *s, struct rdv_store_stats *ret);
	/* A consistent copy while running, into a new file (0600); HWS_ERR_UNSUPPORTED where the
	 * engine has its own tools (postgres: pg_dump). */
	int (*backup)(struct rdv_store *s, const char *path, rdv_done_fn done, void *arg);
};

/* Embedded first in each back-end, which leaves NULL what it does not have. */
struct rdv_store {
	const struct rdv_store_ops *ops;
	struct hws_loop *loop;
	struct hws_times took; /* operations that ended, by how long they took; any thread reads */
	/* Subjects: s->devices->get(s, ...). */
	const struct rdv_devices_ops *devices;     /* all back-ends */
	const struct rdv_entries_ops *entries;     /* all */
	const struct rdv_nodes_ops *nodes;         /* postgres */
	const struct rdv_locations_ops *locations; /* postgres */
};

/* Nothing is kept. */
int rdv_store_memory_new(struct hws_loop *loop, struct rdv_store **ret) HWS_MUST_CHECK;
/* Opens or creates (0600), migrates; blocking, before the loop runs. A damaged or foreign file is
 * refused with a sentence that says what to do; it is never overwritten. */
int rdv_store_sqlite_open(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The same file while a server has it: only what reads works, the rest is HWS_ERR_DENIED. Nothing
 * is migrated. */
int rdv_store_sqlite_open_reader(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The host that such an address names, the first of several; "": none, or none in a network. */
int rdv_store_postgres_host(const char *conninfo, char *buf, size_t size) HWS_MUST_CHECK;
/* Whether an address of PostgreSQL holds a password; HWS_ERR_INVAL when it cannot be read. */
int rdv_store_postgres_check(
		const char *conninfo, bool *ret_password, struct hws_error *err) HWS_MUST_CHECK;
/* conninfo as libpq takes it. A database that cannot be reached now is waited for (all operations
 * fail until it comes), one that refuses us is an error. Migrates under an advisory lock. `pool`
 * connections besides the listening one. */
int rdv_store_postgres_open(struct hws_loop *loop, const char *conninfo, unsigned pool,
		struct rdv_store **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Ends what runs (a running write is waited for), answers what waits with HWS_ERR_CANCELED. Takes
 * NULL. */
static inline void rdv_store_free(struct rdv_store *s)
{
	if (s)
		s->ops->free(s);
}
