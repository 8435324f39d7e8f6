/* rendezvous/store/postgres/store: what the files of the postgres back-end share; only they include
 * it. */
#pragma once
#include "server-rendezvous/store/postgres/conn.h"
#include "server-rendezvous/store/workers.h"

struct pg_node;

struct pg_store {
	struct rdv_store store;
	struct rdv_workers *workers;
	char *conninfo;
	unsigned pool;
	bool migrated;        /* atomic */
	uint64_t end_us;      /* atomic: the store is being freed, and is given up then */
	struct pg_node *node; /* NULL until node_join, then for good */
};

/* Lanes by kind of work; with a small pool several kinds share one. */
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
int pg_store_submit(struct pg_store *s, enum pg_worker worker, struct rdv_job *job) HWS_MUST_CHECK;

/* --- pg_node.c: several nodes on one database. As in rdv_store_ops. */
int pg_node_join(struct rdv_store *s, const char *node, uint64_t dead_us, rdv_message_fn on_message,
		void *arg);
int pg_node_leave(struct rdv_store *s, rdv_done_fn done, void *arg);
int pg_where_put(
		struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done, void *arg);
int pg_where_remove(
		struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done, void *arg);
int pg_where_find(struct rdv_store *s, const char *const *ids, size_t n, rdv_where_fn done,
		void *arg);
int pg_node_send(struct rdv_store *s, const char *node, struct hws_bytes payload, rdv_done_fn done,
		void *arg);
/* Nodes that live. Any thread; takes NULL. */
uint64_t pg_node_alive(const struct pg_node *n);
/* Ends its thread. Takes NULL. */
void pg_node_free(struct pg_node *n);
/* Statements of the above that each worker prepares. */
#define PG_NODE_STATEMENTS                                                                         \
	{ "where_put", pg_where_put_sql }, { "where_remove", pg_where_remove_sql },                \
			{ "where_find", pg_where_find_sql }, { "send", pg_send_sql },              \
	{                                                                                          \
		"leave", pg_leave_sql                                                              \
	}
extern const char pg_where_put_sql[], pg_where_remove_sql[], pg_where_find_sql[], pg_send_sql[],
		pg_leave_sql[];
