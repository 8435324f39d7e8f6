/* rendezvous/store/postgres/nodes: several nodes on one database. A thread with a connection of its
 * own says every second that this node lives and hears what others send (LISTEN); sends go by the
 * workers. Clocks of the nodes do not matter: all times are the database's. */
#include "server-rendezvous/store/postgres/nodes.h"
#include "server-rendezvous/store/nodes.h"
#include "server-rendezvous/store/postgres/array.h"
#include "server-rendezvous/store/postgres/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BEAT_US HWS_US_PER_S
#define ANSWER_US (3 * HWS_US_PER_S)
#define WAIT_MAX_MS 200
#define MESSAGES_MAX 20000u /* heard but not yet taken by the loop */
#define CHANNEL_TEXT 40
#define MARK_SHIFT 40 /* 23 bits of a number of 63 are the mark of the key */
/* Locations of earlier runs are removed in portions, so that the node goes on saying that it
 * lives. */
#define GARBAGE_ROWS "10000"
#define OLD_NODES_BEATS 600 /* how often nodes are looked for that never came back */

static const struct pg_statement statements[] = {
	{ "send", "SELECT pg_notify($1::text, $2::text)" },
	{ "leave", "UPDATE node SET seen = '-infinity' WHERE boot = $1::bigint" },
};
const struct pg_statements pg_nodes_statements = { statements, HWS_COUNT(statements) };

struct message {
	struct hws_list node;
	bool again; /* the connection was made again */
	size_t len;
	uint8_t bytes[];
};

struct pg_node {
	struct pg_store *store;
	struct pg_connection link; /* the thread's, as what follows */
	char name[RDV_NODE_MAX + 1];
	uint8_t channels[HWS_HASH_KEY_LEN];
	char beat_sql[700], listen_sql[160];
	uint64_t boot, garbage;
	uint64_t alive, strange;
	uint64_t clock_ahead_us; /* atomic: the database's clock less ours, 0 = not known yet */
	uint64_t since_us;       /* by the database's clock; set before the other */
	uint32_t beats;
	uint64_t dead_us;
	pthread_t thread;
	bool joined; /* atomic */
	bool stop;   /* atomic */
	int wake_fd;

	rdv_message_fn on_message; /* the loop's */
	void *arg;
	struct event event;
	bool event_added;
	int heard_fd;
	pthread_mutex_t lock;
	struct hws_list heard; /* under the lock */
	size_t heard_count;
};

/* A name of any characters as that of a channel. LISTEN and NOTIFY need no right at all: who has
 * not the key must not find it. */
static void channel_of(const struct pg_node *n, const char *node, char buf[CHANNEL_TEXT])
{
	uint8_t h[16];

	memcpy(buf, "hawser_", 7);
	hws_keyed_hash128(n->channels, hws_bytes_str(node), h);
	if (hws_hex_encode(hws_bytes(h, sizeof(h)), buf + 7, CHANNEL_TEXT - 7) < 0)
		buf[7] = 0; /* cannot be: the buffer is large enough */
}

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void put_message(struct pg_node *n, struct message *m)
{
	bool full;

	pthread_mutex_lock(&n->lock);
	full = n->heard_count >= MESSAGES_MAX;
	if (!full) {
		hws_list_push(&n->heard, &m->node);
		n->heard_count++;
	}
	pthread_mutex_unlock(&n->lock);
	if (full) {
		hws_warn_limited(
				"node.overrun", HWS_STR("text", "messages of other nodes dropped"));
		hws_free(m);
		return;
	}
	signal_fd(n->heard_fd);
}

static void hear(struct pg_node *n)
{
	PGnotify *note;

	while (n->link.c && (note = PQnotifies(n->link.c))) {
		size_t len = strlen(note->extra) / 2;
		struct message *m = hws_alloc(sizeof(*m) + len);

		if (m && len <= RDV_MESSAGE_MAX &&
				hws_hex_decode(note->extra, m->bytes, len) == HWS_OK) {
			m->len = len;
			put_message(n, m);
		} else {
			hws_free(m);
		}
		PQfreemem(note);
	}
}

static void on_again(void *arg)
{
	struct pg_node *n = arg;
	struct message *m = hws_alloc(sizeof(*m));

	hws_info("node.again", HWS_STR("node", n->name));
	if (!m)
		return;
	m->again = true;
	put_message(n, m);
}

/* Says that this node lives; learns who had its name before. */
static int beat(struct pg_node *n, bool first)
{
	int64_t was = 0;
	int r = pg_connection_exec_int(&n->link, n->beat_sql, &was, NULL);

	if (r < 0 || was == 0 || (uint64_t)was == n->boot)
		return r;
	if (first)
		n->garbage = (uint64_t)was; /* what this node had before it was started again */
	else
		hws_error_log("node.name_taken", HWS_STR("node", n->name),
				HWS_STR("text",
						"another server uses this node's name: give each "
						"its "
						"own --node"));
	return r;
}

/* Counts the rows that a DELETE with this condition takes; `rest` is what follows the boot
 * number. */
static int sweep_sql(struct pg_node *n, const char *what, const char *rest, int64_t *ret)
{
	char sql[300];
	int r = hws_fmt(sql, sizeof(sql),
			"WITH gone AS (%s %llu%s RETURNING 1) SELECT count(*) FROM gone", what,
			(unsigned long long)n->garbage, rest);

	return r == HWS_OK ? pg_connection_exec_int(&n->link, sql, ret, NULL) : r;
}

/* Removes what nodes that are gone left behind. */
static int sweep(struct pg_node *n)
{
	int64_t count = 0, old = 0;
	int r;

	if (n->garbage) {
		/* one that this node has put meanwhile, in the place of that of its earlier run, is
		 * a row of the list all the same: PostgreSQL looks only at the row again */
		r = sweep_sql(n,
				"DELETE FROM location AS l USING (SELECT id, boot FROM location "
				"WHERE boot =",
				" LIMIT " GARBAGE_ROWS
				") AS o WHERE l.id = o.id AND l.boot = o.boot",
				&count);
		if (r < 0 || count)
			return r;
		r = sweep_sql(n, "DELETE FROM node WHERE boot =",
				" AND seen < now() - interval '1 day'", &count);
		n->garbage = 0;
		return r;
	}
	if (n->beats++ % OLD_NODES_BEATS != 0)
		return HWS_OK;
	r = pg_connection_exec_int(&n->link,
			"SELECT coalesce((SELECT boot FROM node WHERE seen < now() - "
			"interval '1 day' LIMIT 1), 0)::bigint",
			&old, NULL);
	if (r == HWS_OK && (uint64_t)old != n->boot)
		n->garbage = (uint64_t)old;
	return r;
}

uint64_t pg_node_boot(const struct pg_node *n)
{
	return n->boot;
}

uint64_t pg_node_dead_us(const struct pg_node *n)
{
	return n->dead_us;
}

/* The number of a run begins with a mark of the key, so that nodes with another one can be told
 * apart, though they do not hear each other. */
static uint64_t mark_of(const struct pg_node *n)
{
	return hws_keyed_hash(n->channels, hws_bytes_str("/mark")) >> (MARK_SHIFT + 1);
}

static int note_strangers(struct pg_node *n, uint64_t count)
{
	if (count > n->strange)
		hws_warn("cluster.other_key", HWS_U64("nodes", count),
				HWS_STR("text",
						"nodes on this database that have another key, or "
						"an older version, and cannot be talked to: all "
						"need the same key file id_ed25519 and version"));
	n->strange = count;
	return HWS_OK;
}

static int count_nodes(struct pg_node *n)
{
	char sql[240];
	int64_t both = 0, count;
	int r = hws_fmt(sql, sizeof(sql),
			"SELECT count(*) + (count(*) FILTER (WHERE boot >> %d <> %llu) << 32) FROM "
			"node WHERE seen > now() - %llu * interval '1 microsecond'",
			MARK_SHIFT, (unsigned long long)mark_of(n), (unsigned long long)n->dead_us);

	if (r == HWS_OK)
		r = pg_connection_exec_int(&n->link, sql, &both, NULL);
	if (r == HWS_OK)
		r = note_strangers(n, (uint64_t)both >> 32);
	count = both & UINT32_MAX;
	if (r < 0 || (uint64_t)count == n->alive)
		return r;
	hws_log_event((uint64_t)count < n->alive ? HWS_LOG_WARN : HWS_LOG_INFO, false,
			"cluster.nodes",
			hws_log_fields(HWS_U64("alive", (uint64_t)count),
					HWS_U64("before", n->alive)));
	n->alive = (uint64_t)count;
	__atomic_store_n(&n->store->nodes_alive, n->alive, __ATOMIC_RELAXED);
	return r;
}

static int read_clock(struct pg_node *n)
{
	int64_t there = 0;
	int r = pg_connection_exec_int(&n->link,
			"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", &there,
			NULL);

	if (r < 0)
		return r;
	if (!n->since_us)
		n->since_us = (uint64_t)there;
	__atomic_store_n(&n->clock_ahead_us, (uint64_t)there - hws_clock_us(), __ATOMIC_RELEASE);
	return HWS_OK;
}

static int read_clock_of(struct rdv_store *s, uint64_t *ret_us, uint64_t *ret_since_us)
{
	const struct pg_node *n = pg_store(s)->node;
	uint64_t ahead = n ? __atomic_load_n(&n->clock_ahead_us, __ATOMIC_ACQUIRE) : 0;

	if (!ahead)
		return HWS_ERR_AGAIN;
	*ret_us = hws_clock_us() + ahead;
	*ret_since_us = n->since_us;
	return HWS_OK;
}

static void wait_some(struct pg_node *n, uint64_t until_us)
{
	struct pollfd p[2] = { { .fd = n->wake_fd, .events = POLLIN },
		{ .fd = n->link.c ? PQsocket(n->link.c) : -1, .events = POLLIN } };
	uint64_t now = hws_clock_us();
	int ms = until_us > now ? (int)HWS_MIN((until_us - now) / 1000 + 1, (uint64_t)WAIT_MAX_MS)
				: 0;

	if (poll(p, 2, ms) > 0 && p[1].revents && !PQconsumeInput(n->link.c))
		pg_connection_lost(&n->link);
}

static void *run_node(void *arg)
{
	struct pg_node *n = arg;
	uint64_t next_us = 0, beaten_us = 0;
	bool first = true;
	int r;

	while (!__atomic_load_n(&n->stop, __ATOMIC_ACQUIRE)) {
		bool had = n->link.c != NULL;

		r = pg_connection_ready(&n->link, NULL);
		if (r == HWS_OK && (!had || hws_clock_us() >= next_us)) {
			next_us = hws_clock_us() + BEAT_US;
			r = beat(n, first);
			/* the others may have taken this node for dead, and its devices for
			 * nowhere */
			if (r == HWS_OK && !first && had &&
					hws_clock_us() - beaten_us > n->dead_us * 3 / 4)
				on_again(n);
			if (r == HWS_OK) {
				first = false;
				beaten_us = hws_clock_us();
			}
			if (r == HWS_OK)
				r = read_clock(n);
			if (r == HWS_OK)
				r = count_nodes(n);
			if (r == HWS_OK)
				r = sweep(n);
		}
		hear(n);
		wait_some(n, r < 0 ? hws_clock_us() + WAIT_MAX_MS * HWS_US_PER_MS : next_us);
		hear(n);
	}
	return NULL;
}

/* Messages count from here on. */
static int greet_node(struct pg_connection *l, struct hws_error *err)
{
	struct pg_node *n = l->arg;
	int r = pg_store_greet(n->store, l, err);

	return r == HWS_OK ? pg_connection_exec(l, n->listen_sql, err) : r;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void on_heard(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct pg_node *n = arg;
	uint64_t count;

	if (read((int)fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		return;
	for (;;) {
		struct hws_list *node;
		struct message *m;

		pthread_mutex_lock(&n->lock);
		node = hws_list_first(&n->heard);
		if (node) {
			hws_list_remove(node);
			n->heard_count--;
		}
		pthread_mutex_unlock(&n->lock);
		if (!node)
			return;
		m = hws_container(node, struct message, node);
		n->on_message(m->again ? (struct hws_bytes){ NULL, 0 }
				       : hws_bytes(m->bytes, m->len),
				n->arg);
		hws_free(m);
	}
}

static int start_thread(struct pg_node *n)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&n->thread, NULL, run_node, n);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	n->joined = r != 0;
	return r ? HWS_ERR_NOMEM : HWS_OK;
}

/* The texts of this node, with its name quoted by libpq's rules (it may hold any character). */
static int fill_texts(struct pg_node *n, const char *name)
{
	char quoted[2 * RDV_NODE_MAX + 3], own[CHANNEL_TEXT], all[CHANNEL_TEXT], *q = quoted;
	int r = hws_str_copy(n->name, sizeof(n->name), name);

	if (r < 0 || !*name || !hws_utf8_valid(hws_bytes_str(name)) || strchr(name, '\\'))
		return r < 0 ? r : HWS_ERR_INVAL;
	for (const char *c = name; *c; c++) {
		if (*c == '\'')
			*q++ = '\'';
		*q++ = *c;
	}
	*q = 0;
	channel_of(n, name, own);
	channel_of(n, "", all);
	r = hws_fmt(n->listen_sql, sizeof(n->listen_sql), "LISTEN %s; LISTEN %s", own, all);
	if (r < 0)
		return r;
	return hws_fmt(n->beat_sql, sizeof(n->beat_sql),
			"WITH was AS (SELECT boot FROM node WHERE name = '%s') INSERT INTO node "
			"(name, boot, seen) VALUES ('%s', %llu, now()) ON CONFLICT (name) DO "
			"UPDATE SET "
			"boot = excluded.boot, seen = excluded.seen "
			"RETURNING coalesce((SELECT boot FROM was), 0)::bigint",
			quoted, quoted, (unsigned long long)n->boot);
}

static void join_thread(struct pg_node *n)
{
	if (__atomic_exchange_n(&n->joined, true, __ATOMIC_ACQ_REL))
		return;
	__atomic_store_n(&n->stop, true, __ATOMIC_RELEASE);
	signal_fd(n->wake_fd);
	pthread_join(n->thread, NULL);
}

static void node_free(struct pg_node *n)
{
	struct hws_list *node;

	if (!n)
		return;
	join_thread(n);
	pg_connection_drop(&n->link);
	if (n->event_added)
		event_del(&n->event);
	while ((node = hws_list_first(&n->heard))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct message, node));
	}
	pthread_mutex_destroy(&n->lock);
	hws_wipe(n->channels, sizeof(n->channels));
	if (n->wake_fd >= 0)
		close(n->wake_fd);
	if (n->heard_fd >= 0)
		close(n->heard_fd);
	hws_free(n);
}

static void draw_boot(struct pg_node *n)
{
	uint64_t drawn;

	do
		hws_rand_bytes(&drawn, sizeof(drawn));
	while ((drawn &= (1ull << MARK_SHIFT) - 1) == 0);
	n->boot = mark_of(n) << MARK_SHIFT | drawn;
}

static int join(struct rdv_store *s, const struct rdv_nodes_conf *conf)
{
	struct pg_node *n;
	int r;

	if (pg_store(s)->node)
		return HWS_ERR_EXISTS;
	n = hws_alloc(sizeof(*n));
	if (!n)
		return HWS_ERR_NOMEM;
	n->store = pg_store(s);
	n->joined = true; /* no thread yet */
	n->dead_us = conf->dead_us;
	n->on_message = conf->on_message;
	n->arg = conf->arg;
	memcpy(n->channels, conf->channels, sizeof(n->channels));
	hws_list_init(&n->heard);
	pthread_mutex_init(&n->lock, NULL);
	draw_boot(n);
	pg_store_connection(n->store, &n->link);
	n->link.greet = greet_node;
	n->link.connected = on_again;
	n->link.arg = n;
	n->link.answer_us = ANSWER_US;
	n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->heard_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = n->wake_fd < 0 || n->heard_fd < 0 ? hws_err_from_errno(errno)
					      : fill_texts(n, conf->node);
	if (r == HWS_OK &&
			(event_assign(&n->event, hws_loop_base(s->loop), n->heard_fd,
					 EV_READ | EV_PERSIST, on_heard, n) < 0 ||
					event_add(&n->event, NULL) < 0))
		r = HWS_ERR_NOMEM;
	n->event_added = r == HWS_OK;
	if (r == HWS_OK)
		r = start_thread(n);
	if (r < 0) {
		node_free(n);
		return r;
	}
	n->store->node_free = node_free;
	n->store->node = n;
	return HWS_OK;
}

/* --- by the workers --------------------------------------------------------------------------- */

static int run_leave(void *conn, struct rdv_job *job HWS_UNUSED)
{
	struct pg_node *n = pg_worker_store(conn)->node;
	uint64_t boot;
	struct pg_param param = PG_BYTES(&boot, 8);
	PGresult *res;
	int r;

	join_thread(n); /* or its next beat would take it back */
	pg_put_i64(&boot, n->boot);
	r = pg_connection_query(pg_worker_connection(conn), "leave", &param, 1, &res);
	PQclear(res);
	return r;
}

static int leave(struct rdv_store *s, rdv_done_fn done, void *arg)
{
	if (!pg_store(s)->node)
		return HWS_ERR_NOTFOUND;
	return pg_store_submit(s, PG_WORKER_NODE, rdv_job_new(run_leave, NULL, 0, done, arg));
}

struct sending {
	char channel[CHANNEL_TEXT];
	char text[2 * RDV_MESSAGE_MAX + 1];
};

static int run_send(void *conn, struct rdv_job *job)
{
	const struct sending *m = job->in;
	struct pg_param params[] = { PG_TEXT(m->channel), PG_TEXT(m->text) };
	PGresult *res;
	int r = pg_connection_query(pg_worker_connection(conn), "send", params, 2, &res);

	PQclear(res);
	return r;
}

static int send_message(struct rdv_store *s, const char *node, struct hws_bytes payload,
		rdv_done_fn done, void *arg)
{
	struct sending m;
	int r;

	if (payload.len == 0 || payload.len > RDV_MESSAGE_MAX)
		return HWS_ERR_RANGE;
	if (!pg_store(s)->node)
		return HWS_ERR_NOTFOUND;
	channel_of(pg_store(s)->node, node, m.channel);
	r = hws_hex_encode(payload, m.text, sizeof(m.text));
	if (r < 0)
		return r;
	return pg_store_submit(s, PG_WORKER_NODE, rdv_job_new(run_send, &m, sizeof(m), done, arg));
}

const struct rdv_nodes_ops pg_nodes = {
	.join = join,
	.clock = read_clock_of,
	.leave = leave,
	.send = send_message,
};
