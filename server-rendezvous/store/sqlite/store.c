/* rendezvous/store/sqlite/store: the default back-end: one file in WAL mode, so that an operator
 * needs no database server. */
#include "server-rendezvous/store/sqlite/store.h"
#include "server-rendezvous/store/sqlite/file.h"
#include "server-rendezvous/store/workers.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define QUEUE_MAX 4096u

struct sqlite {
	struct rdv_store store;
	struct rdv_workers *workers;
	char *path;
	struct rdv_sqlite_guard guard;
	bool guarded, reader; /* reader: another process is the owner */
};

static struct sqlite *self(struct rdv_store *s)
{
	return hws_container(s, struct sqlite, store);
}

int sqlite_submit(struct rdv_store *s, enum sqlite_worker worker, struct rdv_job *job)
{
	if (worker == SQLITE_WRITE && self(s)->reader) {
		rdv_job_free(job);
		return HWS_ERR_DENIED;
	}
	return rdv_workers_submit(self(s)->workers, worker, job);
}

static int run_backup(void *conn, struct rdv_job *job)
{
	struct rdv_sqlite_conn *c = conn;
	struct hws_error err = { 0 };
	int r = rdv_sqlite_conn_ready(c);

	if (r == HWS_OK)
		r = rdv_sqlite_copy(c->db, job->in, &err);
	if (r < 0 && err.text[0] && r != HWS_ERR_EXISTS)
		rdv_guard_complain(c->guard, err.text);
	return r;
}

static int sq_backup(struct rdv_store *s, const char *path, rdv_done_fn done, void *arg)
{
	return sqlite_submit(
			s, SQLITE_BULK, rdv_job_new(run_backup, path, strlen(path) + 1, done, arg));
}

static void sq_stats(struct rdv_store *s, struct rdv_store_stats *ret)
{
	rdv_workers_stats(self(s)->workers, ret);
}

static void *conn_new(void *arg, unsigned i)
{
	struct sqlite *s = arg;

	return rdv_sqlite_conn_new(&s->guard, i == SQLITE_WRITE && !s->reader);
}

static void sq_free(struct rdv_store *store)
{
	struct sqlite *s = self(store);

	rdv_workers_free(s->workers);
	if (s->guarded)
		rdv_guard_done(&s->guard);
	hws_free(s->path);
	hws_free(s);
}

static const struct rdv_store_ops ops = {
	.name = "sqlite",
	.free = sq_free,
	.stats = sq_stats,
	.backup = sq_backup,
};

static int open_file(struct hws_loop *loop, const char *path, bool reader, struct rdv_store **ret,
		struct hws_error *err)
{
	struct rdv_workers_conf conf = { .count = SQLITE_WORKERS,
		.max_queued = QUEUE_MAX,
		.conn_new = conn_new,
		.conn_free = rdv_sqlite_conn_free,
		.idle = rdv_sqlite_conn_idle };
	struct sqlite *s = hws_alloc(sizeof(*s));
	int r = HWS_ERR_NOMEM;

	if (!s)
		return hws_error_set(err, r, "%s: out of memory", path);
	s->store = (struct rdv_store){
		.ops = &ops,
		.loop = loop,
		.devices = &sqlite_devices,
		.entries = &sqlite_entries,
	};
	s->reader = reader;
	s->path = hws_strdup(path);
	s->guarded = s->path != NULL;
	if (s->path)
		r = reader ? rdv_guard_init_reader(&s->guard, s->path, err)
			   : rdv_guard_init(&s->guard, s->path, err);
	if (r < 0)
		goto out;
	conf.arg = s;
	conf.took = &s->store.took;
	r = rdv_workers_new(loop, &conf, &s->workers);
	if (r < 0) {
		hws_error_set(err, r, "%s: out of memory", path);
		goto out;
	}
	*ret = &s->store;
	return HWS_OK;
out:
	sq_free(&s->store);
	return r;
}

int rdv_store_sqlite_open(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err)
{
	return open_file(loop, path, false, ret, err);
}

int rdv_store_sqlite_open_reader(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err)
{
	return open_file(loop, path, true, ret, err);
}
