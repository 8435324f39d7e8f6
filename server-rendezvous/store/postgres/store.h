/* rendezvous/store/postgres/store: what the files of the postgres back-end share; only they include
 * it. */
#pragma once
#include "server-rendezvous/store/job.h"
#include "server-rendezvous/store/postgres/conn.h"
#include "shared/base/macros.h"

struct rdv_workers;
struct pg_node;

struct pg_store {
	struct rdv_store store;
	struct rdv_workers *workers;
	char *conninfo;
	unsigned pool;
	bool migrated;   /* atomic */
	uint64_t end_us; /* atomic: the store is being freed, and is given up then */
	/* Of nodes.c: NULL until this node joins, then for good. */
	struct pg_node *node;
	void (*node_free)(struct pg_node *n);
	uint64_t nodes_alive; /* atomic; 0 = not joined */
};

/* Workers by kind of work; with a small pool several kinds share one. */
enum pg_worker { PG_WORKER_WRITE, PG_WORKER_READ, PG_WORKER_NODE, PG_WORKER_BULK };

static inline struct pg_store *pg_store(struct rdv_store *s)
{
	return hws_container(s, struct pg_store, store);
}
/* For a connection of this store; `*l` zeroed before. */
void pg_store_connection(struct pg_store *s, struct pg_connection *l);
/* What a new connection must run first: migrations. */
int pg_store_greet(
		struct pg_store *s, struct pg_connection *l, struct hws_error *err) HWS_MUST_CHECK;
/* Of the connection that a worker gives to a job. */
struct pg_store *pg_worker_store(void *conn);
struct pg_connection *pg_worker_connection(void *conn);
/* Takes the job whatever happens; NULL is HWS_ERR_NOMEM. */
int pg_store_submit(struct rdv_store *s, enum pg_worker worker, struct rdv_job *job) HWS_MUST_CHECK;

/* Subjects: their operations, and the statements that every connection prepares for them. */
extern const struct rdv_devices_ops pg_devices;
extern const struct pg_statements pg_devices_statements;
extern const struct rdv_entries_ops pg_entries;
extern const struct pg_statements pg_entries_statements;
extern const struct rdv_nodes_ops pg_nodes;
extern const struct pg_statements pg_nodes_statements;
extern const struct rdv_locations_ops pg_locations;
extern const struct pg_statements pg_locations_statements;
