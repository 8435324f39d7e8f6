/* rendezvous/store/sqlite/conn: statements are prepared when first needed and live as long as the
 * connection. */
#include "server-rendezvous/store/sqlite/conn.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

/* Few for each subject, so that looking through them costs nothing beside running one. */
struct rdv_sqlite_prepared {
	struct rdv_sqlite_prepared *next;
	const char *sql;
	sqlite3_stmt *st;
};

const char rdv_sqlite_begin[] = "BEGIN IMMEDIATE";
const char rdv_sqlite_commit[] = "COMMIT";
const char rdv_sqlite_rollback[] = "ROLLBACK";

int rdv_sqlite_failed(struct rdv_sqlite_conn *c, int rc)
{
	struct hws_error err = { 0 };

	rdv_sqlite_error(c->db, rc, c->guard->path, &err);
	rdv_guard_complain(c->guard, err.text);
	return rdv_sqlite_code(c->db, rc);
}

static void disconnect(struct rdv_sqlite_conn *c)
{
	while (c->prepared) {
		struct rdv_sqlite_prepared *p = c->prepared;

		c->prepared = p->next;
		sqlite3_finalize(p->st);
		hws_free(p);
	}
	if (c->db)
		rdv_guard_disconnect(c->guard, c->db);
	c->db = NULL;
}

int rdv_sqlite_conn_ready(struct rdv_sqlite_conn *c)
{
	struct hws_error err = { 0 };
	int r = HWS_OK;

	/* The write worker decides itself when it gives up the old file: it saves what that holds
	 * first. */
	if (c->db && !c->writes && rdv_guard_moved(c->guard))
		disconnect(c);
	if (!c->db)
		r = rdv_guard_connect(c->guard, &c->db, &err);
	if (r == HWS_OK)
		return r;
	rdv_guard_complain(c->guard, err.text);
	return r == HWS_ERR_DISK ? r : HWS_ERR_STORE;
}

int rdv_sqlite_conn_see_to_file(struct rdv_sqlite_conn *c)
{
	int r;

	if (rdv_guard_look(c->guard))
		return HWS_OK;
	r = rdv_guard_rescue(c->guard, c->db);
	if (r < 0)
		return r;
	disconnect(c);
	return rdv_guard_renew(c->guard);
}

void rdv_sqlite_conn_idle(void *conn)
{
	struct rdv_sqlite_conn *c = conn;

	if (c->writes) {
		/* Connected all the time: what the file holds can be saved only by who has it
		 * open. */
		if (rdv_sqlite_conn_see_to_file(c) == HWS_OK)
			rdv_sqlite_conn_ready(c);
	} else if (c->db && rdv_guard_moved(c->guard)) {
		disconnect(c);
	}
}

static int prepare(struct rdv_sqlite_conn *c, const char *sql, sqlite3_stmt **ret)
{
	struct rdv_sqlite_prepared *p = hws_alloc(sizeof(*p));
	int rc;

	if (!p)
		return HWS_ERR_NOMEM;
	rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &p->st, NULL);
	if (rc != SQLITE_OK) {
		hws_free(p);
		return rdv_sqlite_failed(c, rc);
	}
	p->sql = sql;
	p->next = c->prepared;
	c->prepared = p;
	*ret = p->st;
	return HWS_OK;
}

int rdv_sqlite_statement(struct rdv_sqlite_conn *c, const char *sql, sqlite3_stmt **ret)
{
	int r = rdv_sqlite_conn_ready(c);

	if (r < 0)
		return r;
	for (struct rdv_sqlite_prepared *p = c->prepared; p; p = p->next) {
		if (p->sql == sql) {
			*ret = p->st;
			return HWS_OK;
		}
	}
	return prepare(c, sql, ret);
}

void rdv_sqlite_release(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int rdv_sqlite_exec(struct rdv_sqlite_conn *c, const char *sql)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c, sql, &st), rc;

	if (r < 0)
		return r;
	rc = sqlite3_step(st);
	r = rc == SQLITE_DONE ? HWS_OK : rdv_sqlite_failed(c, rc);
	rdv_sqlite_release(st);
	return r;
}

struct rdv_sqlite_conn *rdv_sqlite_conn_new(struct rdv_sqlite_guard *guard, bool writes)
{
	struct rdv_sqlite_conn *c = hws_alloc(sizeof(*c));

	if (!c)
		return NULL;
	c->guard = guard;
	c->writes = writes;
	if (writes)
		rdv_sqlite_conn_ready(c); /* what fails now is said, and tried again */
	return c;
}

void rdv_sqlite_conn_free(void *conn)
{
	struct rdv_sqlite_conn *c = conn;

	/* The guard renews the file when all have left. */
	if (c->writes && !rdv_guard_look(c->guard) && rdv_guard_rescue(c->guard, c->db) < 0)
		hws_error_log("store.lost", HWS_STR("file", c->guard->path),
				HWS_STR("text",
						"what the deleted database held could not "
						"be saved"));
	disconnect(c);
	hws_free(c);
}
