/* An administrator who deletes the file, or puts a backup in its place, does not think of the
 * server that has it open: its connections go on with a file that nobody will ever find again. Here
 * that is noticed. What the old file held is saved beside it (its connection still reads it), every
 * connection ends, and what was saved goes into the file that is at the path now: what that holds
 * itself stays. SQLite would mix up the journals of both, which have one name: so all connections
 * to the old one must have ended before the new one is opened, and its journal is removed. */
#include "server-rendezvous/store/sqlite/guard.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "server-rendezvous/store/sqlite/migrate.h"
#include "server-rendezvous/store/sqlite/opening.h"
#include "server-rendezvous/store/sqlite/rescue.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SAY_US (60 * HWS_US_PER_S)
#define NAME_MAX_BYTES 600

static int beside(const struct rdv_sqlite_guard *g, const char *end, char buf[NAME_MAX_BYTES])
{
	return hws_fmt(buf, NAME_MAX_BYTES, "%s%s", g->path, end);
}

void rdv_guard_complain(struct rdv_sqlite_guard *g, const char *text)
{
	uint64_t now = hws_clock_us(), unsaid = 0;
	bool say;

	pthread_mutex_lock(&g->lock);
	say = !g->said_us || now > g->said_us + SAY_US || strcmp(g->said, text) != 0;
	if (say) {
		unsaid = g->unsaid;
		g->unsaid = 0;
		g->said_us = now;
		snprintf(g->said, sizeof(g->said), "%s", text);
	} else {
		g->unsaid++;
	}
	pthread_mutex_unlock(&g->lock);
	if (say)
		hws_error_log("store.failed", HWS_STR("store", "sqlite"), HWS_STR("text", text),
				HWS_U64("before_unsaid", unsaid));
}

/* --- connections ---------------------------------------------------------------------------- */

int rdv_guard_connect(struct rdv_sqlite_guard *g, sqlite3 **ret, struct hws_error *err)
{
	bool moved;
	int r;

	pthread_mutex_lock(&g->lock);
	moved = g->moved;
	g->open += !moved;
	pthread_mutex_unlock(&g->lock);
	if (moved)
		return hws_error_set(err, HWS_ERR_STORE,
				"%s was deleted or replaced and is being written again", g->path);
	r = rdv_sqlite_connect(g->path, ret, err);
	if (r < 0)
		rdv_guard_disconnect(g, NULL);
	return r;
}

void rdv_guard_disconnect(struct rdv_sqlite_guard *g, sqlite3 *db)
{
	/* The last one to leave would put the journal into the old file and remove that of the new
	 * one by its name. */
	if (db && rdv_guard_moved(g))
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db);
	pthread_mutex_lock(&g->lock);
	g->open--;
	pthread_mutex_unlock(&g->lock);
}

bool rdv_guard_moved(struct rdv_sqlite_guard *g)
{
	bool moved;

	pthread_mutex_lock(&g->lock);
	moved = g->moved;
	pthread_mutex_unlock(&g->lock);
	return moved;
}

static void set_moved(struct rdv_sqlite_guard *g, bool moved)
{
	pthread_mutex_lock(&g->lock);
	g->moved = moved;
	pthread_mutex_unlock(&g->lock);
}

static bool others_are_open(struct rdv_sqlite_guard *g)
{
	bool open;

	pthread_mutex_lock(&g->lock);
	open = g->open > 0;
	pthread_mutex_unlock(&g->lock);
	return open;
}

/* --- the file ------------------------------------------------------------------------------- */

bool rdv_guard_look(struct rdv_sqlite_guard *g)
{
	if (g->lock_fd < 0)
		return true;
	if (rdv_guard_moved(g))
		return false;
	if (rdv_file_in_place(g->path, g->file)) {
		/* Files of ours, as long as the database is. */
		g->wal = rdv_file_id(g->path, "-wal");
		g->shm = rdv_file_id(g->path, "-shm");
		return true;
	}
	set_moved(g, true);
	hws_error_log("store.file_moved", HWS_STR("file", g->path),
			HWS_STR("text",
					"the database was deleted or replaced while the server "
					"uses it; it is written "
					"again with all that is known. Stop the server before such "
					"work next time"));
	return false;
}

int rdv_guard_rescue(struct rdv_sqlite_guard *g, sqlite3 *db)
{
	char part[NAME_MAX_BYTES], whole[NAME_MAX_BYTES];
	struct hws_error err = { 0 };
	int r;

	if (g->rescued || !db)
		return HWS_OK;
	r = beside(g, ".rescue.part", part);
	if (r == HWS_OK)
		r = beside(g, ".rescue", whole);
	if (r < 0)
		return r;
	unlink(part);
	r = rdv_sqlite_copy(db, part, &err);
	if (r == HWS_OK && rename(part, whole) < 0)
		r = hws_error_set(&err, HWS_ERR_DISK, "cannot write %s: %m", whole);
	if (r < 0)
		rdv_guard_complain(g, err.text);
	g->rescued = r == HWS_OK;
	return r;
}

static int run(sqlite3 *db, const char *sql, const char *path, struct hws_error *err)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? HWS_OK : rdv_sqlite_error(db, rc, path, err);
}

static int attach(sqlite3 *db, const char *file, struct hws_error *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "ATTACH ?1 AS rescue", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, file, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(db);
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? HWS_OK : rdv_sqlite_error(db, rc, file, err);
}

static int merge_subject(sqlite3 *db, const struct rdv_sqlite_rescue *what, const char *path,
		struct hws_error *err)
{
	char sql[160];
	int64_t there = 0;
	int rc;

	if (hws_fmt(sql, sizeof(sql),
			    "SELECT count(*) FROM rescue.sqlite_schema WHERE type = 'table' "
			    "AND name = '%s'",
			    what->table) < 0)
		return HWS_ERR_TOOBIG;
	rc = rdv_sqlite_query_int(db, sql, &there);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	return there ? run(db, what->sql, path, err) : HWS_OK;
}

/* An earlier version may have saved it. */
static int bring_up_to_date(const char *file, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r = rdv_sqlite_connect(file, &db, err);

	if (r == HWS_OK)
		r = rdv_sqlite_migrate(db, file, &rdv_sqlite_kind, err);
	sqlite3_close(db);
	return r;
}

/* Adds what was saved, if anything was. No connection of ours is open. */
static int merge(struct rdv_sqlite_guard *g, int64_t *ret_peers, struct hws_error *err)
{
	char whole[NAME_MAX_BYTES];
	sqlite3 *db = NULL;
	int r = beside(g, ".rescue", whole);

	if (r < 0 || access(whole, F_OK) < 0)
		return r;
	r = rdv_sqlite_connect(g->path, &db, err);
	if (r == HWS_OK)
		r = bring_up_to_date(whole, err);
	if (r == HWS_OK)
		r = attach(db, whole, err);
	if (r == HWS_OK)
		r = run(db, "BEGIN IMMEDIATE", g->path, err);
	for (size_t i = 0; r == HWS_OK && rdv_sqlite_rescues[i]; i++)
		r = merge_subject(db, rdv_sqlite_rescues[i], g->path, err);
	if (r == HWS_OK)
		r = run(db, "COMMIT", g->path, err);
	if (r == HWS_OK &&
			rdv_sqlite_query_int(db, "SELECT count(*) FROM main.peer", ret_peers) !=
					SQLITE_OK)
		*ret_peers = 0;
	sqlite3_close(db);
	if (r == HWS_OK && unlink(whole) < 0)
		r = hws_error_set(err, HWS_ERR_DISK, "cannot remove %s: %m", whole);
	return r;
}

/* Makes or opens the file at the path, locked, with what was saved in it. */
static int take_file(struct rdv_sqlite_guard *g, int64_t *ret_peers, struct hws_error *err)
{
	int fd = -1, r = rdv_sqlite_prepare(g->path, &fd, err);

	if (r == HWS_OK)
		r = merge(g, ret_peers, err);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	if (g->lock_fd >= 0)
		close(g->lock_fd);
	g->lock_fd = fd;
	g->file = rdv_file_id(g->path, "");
	g->wal = g->shm = (struct rdv_file_id){ 0 };
	return HWS_OK;
}

int rdv_guard_renew(struct rdv_sqlite_guard *g)
{
	struct hws_error err = { 0 };
	int64_t peers = 0;
	int r;

	if (others_are_open(g))
		return HWS_ERR_STORE;
	rdv_file_remove_ours(g->path, "-wal", g->wal);
	rdv_file_remove_ours(g->path, "-shm", g->shm);
	r = take_file(g, &peers, &err);
	if (r < 0) {
		rdv_guard_complain(g, err.text);
		return r == HWS_ERR_DISK ? r : HWS_ERR_STORE;
	}
	hws_warn("store.file_renewed", HWS_STR("file", g->path), HWS_U64("peers", (uint64_t)peers),
			HWS_BOOL("whole", g->rescued));
	g->rescued = false;
	set_moved(g, false);
	return HWS_OK;
}

/* --- life ----------------------------------------------------------------------------------- */

static void clear(struct rdv_sqlite_guard *g, const char *path)
{
	memset(g, 0, sizeof(*g));
	g->path = path;
	g->lock_fd = -1;
	pthread_mutex_init(&g->lock, NULL);
}

int rdv_guard_init(struct rdv_sqlite_guard *g, const char *path, struct hws_error *err)
{
	int64_t peers = 0;
	int r;

	clear(g, path);
	r = take_file(g, &peers, err);
	if (peers)
		hws_warn("store.file_renewed", HWS_STR("file", path),
				HWS_U64("peers", (uint64_t)peers));
	return r;
}

int rdv_guard_init_reader(struct rdv_sqlite_guard *g, const char *path, struct hws_error *err)
{
	clear(g, path);
	return rdv_sqlite_check(path, err);
}

void rdv_guard_done(struct rdv_sqlite_guard *g)
{
	if (g->moved && g->rescued && rdv_guard_renew(g) < 0)
		hws_error_log("store.not_renewed", HWS_STR("file", g->path),
				HWS_STR("text",
						"what was saved lies beside it, ending in .rescue, "
						"and is taken in "
						"at the next start"));
	if (g->lock_fd >= 0)
		close(g->lock_fd);
	pthread_mutex_destroy(&g->lock);
}
