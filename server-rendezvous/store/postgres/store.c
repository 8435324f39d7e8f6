/* rendezvous/store/postgres/store: a few connections, each with a thread of its own that waits for
 * it, so that no wait is ever on the loop. */
#include "server-rendezvous/store/postgres/store.h"
#include "server-rendezvous/store/postgres/schema.h"
#include "server-rendezvous/store/workers.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

#define QUEUE_MAX 4096u
#define ANSWER_US (15 * HWS_US_PER_S)
#define SHORT_ANSWER_US (5 * HWS_US_PER_S) /* of what never takes long */
#define END_US (2 * HWS_US_PER_S)

static const struct pg_statements *const statements[] = {
	&pg_devices_statements,
	&pg_entries_statements,
	&pg_nodes_statements,
	&pg_locations_statements,
	NULL,
};

struct conn {
	struct pg_store *store;
	struct pg_connection link;
};

/* On whichever connection is made first. */
int pg_store_greet(struct pg_store *s, struct pg_connection *l, struct hws_error *err)
{
	int r;

	if (__atomic_load_n(&s->migrated, __ATOMIC_ACQUIRE))
		return HWS_OK;
	r = pg_schema_migrate(l, &rdv_schema_postgres, err);
	if (r == HWS_OK)
		__atomic_store_n(&s->migrated, true, __ATOMIC_RELEASE);
	else if (r != HWS_ERR_STORE && err == NULL)
		hws_error_log("store.schema", HWS_ERR("error", r));
	return r;
}

static int greet(struct pg_connection *l, struct hws_error *err)
{
	return pg_store_greet(l->arg, l, err);
}

/* Where a device is now may be forgotten when the database crashes: its node says it again. */
static int greet_lazy(struct pg_connection *l, struct hws_error *err)
{
	int r = pg_store_greet(l->arg, l, err);

	return r == HWS_OK ? pg_connection_exec(l, "SET synchronous_commit = off", err) : r;
}

static void on_connected(void *arg)
{
	struct pg_store *s = arg;

	rdv_workers_reconnected(s->workers);
	hws_info("store.connected", HWS_STR("store", "postgres"));
}

void pg_store_connection(struct pg_store *s, struct pg_connection *l)
{
	l->conninfo = s->conninfo;
	l->statements = statements;
	l->greet = greet;
	l->connected = on_connected;
	l->arg = s;
	l->answer_us = ANSWER_US;
	l->end_us = &s->end_us;
}

struct pg_store *pg_worker_store(void *conn)
{
	return ((struct conn *)conn)->store;
}

struct pg_connection *pg_worker_connection(void *conn)
{
	return &((struct conn *)conn)->link;
}

/* --- the interface ---------------------------------------------------------------------------- */

int pg_store_submit(struct rdv_store *store, enum pg_worker worker, struct rdv_job *job)
{
	struct pg_store *s = pg_store(store);

	return rdv_workers_submit(s->workers, HWS_MIN((unsigned)worker, s->pool - 1), job);
}

static int run_backup(void *conn HWS_UNUSED, struct rdv_job *job HWS_UNUSED)
{
	return HWS_ERR_UNSUPPORTED;
}

static int pg_backup(struct rdv_store *s, const char *path HWS_UNUSED, rdv_done_fn done, void *arg)
{
	return pg_store_submit(s, PG_WORKER_BULK, rdv_job_new(run_backup, NULL, 0, done, arg));
}

static void pg_stats(struct rdv_store *s, struct rdv_store_stats *ret)
{
	rdv_workers_stats(pg_store(s)->workers, ret);
	ret->nodes = __atomic_load_n(&pg_store(s)->nodes_alive, __ATOMIC_RELAXED);
}

static void *conn_new(void *arg, unsigned i)
{
	struct conn *c = hws_alloc(sizeof(*c));

	if (c) {
		c->store = arg;
		pg_store_connection(c->store, &c->link);
		if (i == PG_WORKER_NODE)
			c->link.greet = greet_lazy;
		if (i == PG_WORKER_NODE || i == PG_WORKER_READ)
			c->link.answer_us = SHORT_ANSWER_US;
	}
	return c;
}

static void conn_free(void *conn)
{
	struct conn *c = conn;

	pg_connection_drop(&c->link);
	hws_free(c);
}

static void pg_free(struct rdv_store *store)
{
	struct pg_store *s = pg_store(store);

	__atomic_store_n(&s->end_us, hws_clock_us() + END_US, __ATOMIC_RELAXED);
	rdv_workers_free(s->workers); /* its jobs use the node */
	if (s->node)
		s->node_free(s->node);
	if (s->conninfo)
		hws_free_wiped(s->conninfo, strlen(s->conninfo));
	hws_free(s);
}

static const struct rdv_store_ops ops = {
	.name = "postgres",
	.free = pg_free,
	.stats = pg_stats,
	.backup = pg_backup,
};

/* Whether the database is only away (it will come), rather than known and refusing us. */
static bool is_away(const char *conninfo)
{
	const char *keys[] = { "dbname", "connect_timeout", NULL };
	const char *values[] = { conninfo, "3", NULL };
	PGPing p = PQpingParams(keys, values, 1);

	return p == PQPING_NO_RESPONSE || p == PQPING_REJECT;
}

/* Says at once what an operator must correct; waits for nothing. */
static int try_out(struct pg_store *s, struct hws_error *err)
{
	struct pg_connection l = { 0 };
	struct hws_error why = { 0 };
	int r;

	pg_store_connection(s, &l);
	r = pg_connection_ready(&l, &why);
	pg_connection_drop(&l);
	if (r == HWS_ERR_STORE && is_away(s->conninfo)) {
		hws_error_log("store.away", HWS_STR("store", "postgres"),
				HWS_STR("cause", why.text),
				HWS_STR("text", "serving from memory until it comes"));
		return HWS_OK;
	}
	return r < 0 ? hws_error_set(err, r, "%s", why.text[0] ? why.text : hws_err_text(r)) : r;
}

int rdv_store_postgres_check(const char *conninfo, bool *ret_password, struct hws_error *err)
{
	char *text = NULL;
	PQconninfoOption *all = PQconninfoParse(conninfo, &text);

	if (!all) {
		/* the text may repeat what it could not read */
		PQfreemem(text);
		return hws_error_set(err, HWS_ERR_INVAL,
				"the address of the PostgreSQL database cannot be read: write "
				"postgresql://USER@HOST:PORT/DATABASE");
	}
	*ret_password = false;
	for (PQconninfoOption *o = all; o->keyword; o++) {
		if (o->val && *o->val &&
				(hws_str_equal(o->keyword, "password") ||
						hws_str_equal(o->keyword, "sslpassword")))
			*ret_password = true;
	}
	PQconninfoFree(all);
	return HWS_OK;
}

int rdv_store_postgres_host(const char *conninfo, char *buf, size_t size)
{
	PQconninfoOption *all = PQconninfoParse(conninfo, NULL);
	const char *host = "";
	int r;

	if (!all)
		return HWS_ERR_INVAL;
	for (PQconninfoOption *o = all; o->keyword; o++) {
		bool is_literal = hws_str_equal(o->keyword, "hostaddr");

		if (o->val && *o->val &&
				(is_literal || (!*host && hws_str_equal(o->keyword, "host"))))
			host = o->val;
	}
	r = *host == '/' ? hws_str_copy(buf, size, "") /* a local socket */
			 : hws_fmt(buf, size, "%.*s", (int)strcspn(host, ","), host);
	PQconninfoFree(all);
	return r;
}

int rdv_store_postgres_open(struct hws_loop *loop, const char *conninfo, unsigned pool,
		struct rdv_store **ret, struct hws_error *err)
{
	struct rdv_workers_conf conf = {
		.max_queued = QUEUE_MAX, .conn_new = conn_new, .conn_free = conn_free
	};
	struct pg_store *s;
	bool password;
	int r = rdv_store_postgres_check(conninfo, &password, err);

	if (r < 0)
		return r;
	s = hws_alloc(sizeof(*s));
	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->store = (struct rdv_store){
		.ops = &ops,
		.loop = loop,
		.devices = &pg_devices,
		.entries = &pg_entries,
		.nodes = &pg_nodes,
		.locations = &pg_locations,
	};
	s->pool = HWS_MAX(pool, 1u);
	s->conninfo = hws_strdup(conninfo);
	r = s->conninfo ? try_out(s, err) : HWS_ERR_NOMEM;
	if (r < 0)
		goto out;
	conf.arg = s;
	conf.took = &s->store.took;
	conf.count = HWS_MIN(s->pool, PG_WORKER_BULK + 1u);
	s->pool = conf.count;
	r = rdv_workers_new(loop, &conf, &s->workers);
	if (r < 0) {
		hws_error_set(err, r, "out of memory");
		goto out;
	}
	*ret = &s->store;
	return HWS_OK;
out:
	pg_free(&s->store);
	return r;
}
