/* rendezvous/store: what outlives the process, by subject, behind one asynchronous interface.
 * Back-ends: memory (tests, no file), sqlite (default), postgres.
 *
 * Threads: every function below is called on the loop thread given at opening and returns at once;
 * done callbacks come on that loop, never inside the call, exactly once, in any order (also when
 * the store is freed: then with HWS_ERR_CANCELED, before rdv_store_free returns). The one exception
 * is the batch callback of load, which runs on the store's own thread. Failure: HWS_ERR_STORE (the
 * database answered with an error or is away), HWS_ERR_DISK, HWS_ERR_FULL (too much waits). A
 * back-end reconnects by itself with back-off; what failed is not repeated by it: the caller keeps
 * its rows and writes them again, so a write must be harmless when done twice. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/wire/limits.h"
#include <stdbool.h>
#include <stdint.h>

#define RDV_ID_MAX HWS_ID_MAX     /* bytes of an id, without NUL */
#define RDV_UUID_MAX HWS_UUID_MAX /* bytes of a machine id; any bytes, not only text */
#define RDV_PK_LEN 32
#define RDV_IP_TEXT 46
#define RDV_NODE_MAX 63      /* bytes of a node's name */
#define RDV_MESSAGE_MAX 3900 /* bytes of a message between nodes */

/* One registered device: what hbbs keeps in its table `peer`, without the row id. */
struct rdv_peer_row {
	char id[RDV_ID_MAX + 1]; /* UTF-8, unique */
	uint8_t uuid[RDV_UUID_MAX];
	uint8_t uuid_len; /* 0 = not known yet: the next registration fills it */
	uint8_t pk[RDV_PK_LEN];
	bool has_pk;
	char ip[RDV_IP_TEXT]; /* last registering address as text, IPv4 plain ("" = not known) */
	uint64_t created_s;   /* Unix time; set by the store on insert when 0 */
	uint64_t seen_s;      /* Unix time of the last registration that was written */
};

enum rdv_write_kind {
	/* Upsert by id. A row of that id with another non-empty uuid is left alone: result
	 * HWS_ERR_EXISTS. With `force` it is replaced; with `keep` any row that is there is left
	 * alone (HWS_ERR_EXISTS). created_s of an existing row stays. */
	RDV_WRITE_PEER,
	/* row.id = the new id, old_id = the present one, row.uuid must equal the stored one
	 * (HWS_ERR_DENIED). HWS_ERR_EXISTS: the new id is taken; HWS_ERR_NOTFOUND: no such old id
	 * (but HWS_OK when the new id already has this uuid and the old one is gone: done
	 * before). */
	RDV_WRITE_RENAME,
	RDV_WRITE_DELETE /* row.id; HWS_OK when there is none */
};

struct rdv_write {
	enum rdv_write_kind kind;
	bool force, keep;
	struct rdv_peer_row row;
	char old_id[RDV_ID_MAX + 1];
	int result; /* set by the store before done: HWS_OK or what stands above */
};

/* Small settings that live with the peers and change at run time: block and allow lists, device
 * groups, rules, enrolment. (kind, key) is unique. */
#define RDV_ENTRY_KIND_MAX 31
#define RDV_ENTRY_KEY_MAX 127
#define RDV_ENTRY_VALUE_MAX 511
/* This kind holds the operator's name for a device (key: its id). It is no rule and kept in the
 * store only. */
#define RDV_ENTRY_NAME "name"
struct rdv_entry {
	char kind[RDV_ENTRY_KIND_MAX + 1];
	char key[RDV_ENTRY_KEY_MAX + 1];
	char value[RDV_ENTRY_VALUE_MAX + 1];
};

struct rdv_store_stats {
	bool healthy;      /* the last operation reached the database */
	uint64_t ops;      /* operations finished */
	uint64_t failures; /* of them failed */
	uint64_t queued;   /* operations waiting or running now */
	uint64_t last_us;  /* duration of the last finished operation */
	uint64_t reconnects;
	uint64_t nodes; /* that live now, this one too; 0 = not joined */
};

/* Where a peer is: only a store that several nodes share has this (postgres). */
struct rdv_where {
	char id[RDV_ID_MAX + 1];
	char node[RDV_NODE_MAX + 1]; /* "" = nowhere */
};

typedef void (*rdv_done_fn)(int r, void *arg);
/* On the STORE'S thread, many times; rows borrow until return. */
typedef void (*rdv_load_fn)(const struct rdv_peer_row *rows, size_t n, void *arg);
/* row is NULL unless r is HWS_OK; HWS_ERR_NOTFOUND when there is none. */
typedef void (*rdv_get_fn)(int r, const struct rdv_peer_row *row, void *arg);
typedef void (*rdv_list_fn)(int r, const struct rdv_peer_row *rows, size_t n, void *arg);
typedef void (*rdv_entries_fn)(int r, const struct rdv_entry *e, size_t n, void *arg);
typedef void (*rdv_where_fn)(int r, const struct rdv_where *w, size_t n, void *arg);
/* On the loop: a message of another node, or `payload.ptr == NULL`: the connection was lost and
 * made again, messages may have been missed. */
typedef void (*rdv_message_fn)(struct hws_bytes payload, void *arg);

struct rdv_store;
struct rdv_store_ops {
	const char *name; /* "memory", "sqlite", "postgres" */
	void (*free)(struct rdv_store *s);
	void (*stats)(struct rdv_store *s, struct rdv_store_stats *ret);

	/* Streams all peers, fast (a million rows in a few seconds), without holding up writes. */
	int (*load)(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg);
	/* One transaction, durable when done is called with HWS_OK (w[i].result tells each row's
	 * own fate); on failure nothing of it was written. `w` stays the caller's and must live
	 * until done. n <= 10,000. */
	int (*write)(struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done,
			void *arg);
	int (*get)(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg);
	/* In order of id, those after `after` ("" = from the start), at most limit (<= 1,000). */
	int (*list)(struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done,
			void *arg);

	int (*entry_put)(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done,
			void *arg);
	int (*entry_delete)(struct rdv_store *s, const char *kind, const char *key,
			rdv_done_fn done, void *arg);
	int (*entry_load)(struct rdv_store *s, rdv_entries_fn done, void *arg);

	/* A consistent copy while running, into a new file (0600); HWS_ERR_UNSUPPORTED where the
	 * engine has its own tools (postgres: pg_dump). */
	int (*backup)(struct rdv_store *s, const char *path, rdv_done_fn done, void *arg);

	/* --- several nodes; all NULL where the store cannot be shared ------------------------------------- */
	/* Joins under a name and says every second that it lives (the store's own timer); rows of
	 * `where` and messages of a node that has been silent for `dead_us` count as nowhere.
	 * on_message for payloads sent to this node. */
	int (*node_join)(struct rdv_store *s, const char *node, uint64_t dead_us,
			rdv_message_fn on_message, void *arg);
	/* Leaves in an orderly way: its rows go. */
	int (*node_leave)(struct rdv_store *s, rdv_done_fn done, void *arg);
	/* These ids are at this node now (1 <= n <= 10,000; ids are copied). Written on arrival
	 * only, not on every keep-alive. */
	int (*where_put)(struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done,
			void *arg);
	/* They have left this node (only rows that still name it are removed). */
	int (*where_remove)(struct rdv_store *s, const char *const *ids, size_t n, rdv_done_fn done,
			void *arg);
	/* Where ids are: one element each, in the order asked; node "" when nowhere or its node is
	 * dead. */
	int (*where_find)(struct rdv_store *s, const char *const *ids, size_t n, rdv_where_fn done,
			void *arg);
	/* Sends to one node, or to all (this one too) when `node` is "": 1..RDV_MESSAGE_MAX bytes;
	 * done when handed to the engine. */
	int (*send)(struct rdv_store *s, const char *node, struct hws_bytes payload,
			rdv_done_fn done, void *arg);
};

/* Embedded first in each back-end. */
struct rdv_store {
	const struct rdv_store_ops *ops;
	struct hws_loop *loop;
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
