/* rendezvous/store/sqlite/conn: statements are prepared when first needed and live as long as the
 * connection. */
#include "server-rendezvous/store/sqlite/conn.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#define COLUMNS "id, uuid, pk, ip, created_s, seen_s"

#define INSERT "INSERT INTO peer (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO "
#define UPSERT                                                                                     \
	INSERT "UPDATE SET uuid = excluded.uuid, pk = excluded.pk, ip = excluded.ip, "             \
	       "seen_s = excluded.seen_s"

static const char *const texts[RDV_ST_COUNT] = {
	[RDV_ST_PUT] = UPSERT " WHERE peer.uuid = excluded.uuid OR length(peer.uuid) = 0",
	[RDV_ST_PUT_FORCE] = UPSERT,
	[RDV_ST_PUT_KEEP] = INSERT "NOTHING",
	[RDV_ST_UUID] = "SELECT uuid FROM peer WHERE id = ?1",
	[RDV_ST_RENAME] = "UPDATE peer SET id = ?2 WHERE id = ?1",
	[RDV_ST_DELETE] = "DELETE FROM peer WHERE id = ?1",
	[RDV_ST_GET] = "SELECT " COLUMNS " FROM peer WHERE id = ?1",
	[RDV_ST_LIST] = "SELECT " COLUMNS " FROM peer WHERE id > ?1 ORDER BY id LIMIT ?2",
	[RDV_ST_LOAD] = "SELECT " COLUMNS " FROM peer",
	[RDV_ST_ENTRY_PUT] =
			("INSERT INTO entry (kind, key, value) VALUES (?1, ?2, ?3) ON CONFLICT "
			 "(kind, key) DO UPDATE SET value = excluded.value"),
	[RDV_ST_ENTRY_DELETE] = "DELETE FROM entry WHERE kind = ?1 AND key = ?2",
	[RDV_ST_ENTRY_LOAD] = "SELECT kind, key, value FROM entry ORDER BY kind, key",
	[RDV_ST_BEGIN] = "BEGIN IMMEDIATE",
	[RDV_ST_COMMIT] = "COMMIT",
	[RDV_ST_ROLLBACK] = "ROLLBACK",
};

int rdv_sqlite_failed(struct rdv_sqlite_conn *c, int rc)
{
	struct hws_error err = { 0 };

	rdv_sqlite_error(c->db, rc, c->guard->path, &err);
	rdv_guard_complain(c->guard, err.text);
	return rdv_sqlite_code(c->db, rc);
}

static void disconnect(struct rdv_sqlite_conn *c)
{
	for (size_t i = 0; i < RDV_ST_COUNT; i++) {
		sqlite3_finalize(c->st[i]);
		c->st[i] = NULL;
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

int rdv_sqlite_statement(
		struct rdv_sqlite_conn *c, enum rdv_sqlite_statement which, sqlite3_stmt **ret)
{
	int r = rdv_sqlite_conn_ready(c), rc;

	if (r < 0)
		return r;
	if (!c->st[which]) {
		rc = sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
				&c->st[which], NULL);
		if (rc != SQLITE_OK)
			return rdv_sqlite_failed(c, rc);
	}
	*ret = c->st[which];
	return HWS_OK;
}

void rdv_sqlite_release(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int rdv_sqlite_exec(struct rdv_sqlite_conn *c, enum rdv_sqlite_statement which)
{
	sqlite3_stmt *st;
	int r = rdv_sqlite_statement(c, which, &st), rc;

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
				HWS_STR("text", "what the deleted database held could not be saved"));
	disconnect(c);
	hws_free(c);
}
