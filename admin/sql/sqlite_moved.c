/* admin/sql/sqlite_moved: see the header. The server's own store is written again from what it has
 * in memory; the API has nothing but its database, and a new, empty one would be open to whoever
 * sets it up first: so an operator has to say which file counts. */
#include "admin/sql/sqlite_moved.h"
#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

#define NAME_MAX_BYTES 600
#define AGAIN_US (30 * HWS_US_PER_S)

void sql_moved_init(struct sql_moved *m, const char *path)
{
	*m = (struct sql_moved){ .path = path };
	pthread_mutex_init(&m->lock, NULL);
	m->file = rdv_file_id(m->path, "");
}

void sql_moved_done(struct sql_moved *m)
{
	pthread_mutex_destroy(&m->lock);
}

void sql_moved_connected(struct sql_moved *m)
{
	pthread_mutex_lock(&m->lock);
	if (rdv_file_in_place(m->path, m->file)) {
		m->wal = rdv_file_id(m->path, "-wal");
		m->shm = rdv_file_id(m->path, "-shm");
	}
	pthread_mutex_unlock(&m->lock);
}

bool sql_moved_in_place(struct sql_moved *m)
{
	bool there, say;

	pthread_mutex_lock(&m->lock);
	there = !m->saved && !m->saving && rdv_file_in_place(m->path, m->file);
	say = !there && !m->said;
	m->said = !there;
	pthread_mutex_unlock(&m->lock);
	if (say)
		hws_error_log("store.file_moved", HWS_STR("file", m->path),
				HWS_STR("text",
						"the database was deleted or replaced while it is "
						"open: nothing is read or written any more. Stop "
						"the server, put the file there that is to count, "
						"and start it again; stop it first next time"));
	return there;
}

static int copy(const struct sql_moved *m, sqlite3 *db)
{
	char name[NAME_MAX_BYTES];
	struct hws_error err = { 0 };
	int r = hws_fmt(name, sizeof(name), "%s.saved-%llu", m->path,
			(unsigned long long)(hws_wall_us() / HWS_US_PER_S));

	if (r == HWS_OK)
		r = rdv_sqlite_copy(db, name, &err);
	if (r < 0)
		hws_error_log("store.not_saved", HWS_STR("file", m->path),
				HWS_STR("text", err.text));
	else
		hws_warn("store.saved", HWS_STR("file", name),
				HWS_STR("text",
						"all that the database held; to go on with it, stop "
						"the server and move this to the old name"));
	return r;
}

bool sql_moved_save(struct sql_moved *m, sqlite3 *db)
{
	uint64_t now = hws_clock_us();
	bool mine, saved;
	int r;

	pthread_mutex_lock(&m->lock);
	mine = db && !m->saved && !m->saving && now >= m->again_us;
	m->saving |= mine;
	pthread_mutex_unlock(&m->lock);
	/* without the lock: it may take a while, and the others are told at once meanwhile */
	r = mine ? copy(m, db) : HWS_ERR_AGAIN;
	pthread_mutex_lock(&m->lock);
	if (mine) {
		m->saving = false;
		m->again_us = now + AGAIN_US;
	}
	if (r == HWS_OK) {
		m->saved = true;
		rdv_file_remove_ours(m->path, "-wal", m->wal);
		rdv_file_remove_ours(m->path, "-shm", m->shm);
	}
	saved = m->saved;
	pthread_mutex_unlock(&m->lock);
	return saved;
}

void sql_moved_close(struct sql_moved *m, sqlite3 *db)
{
	/* the last one to leave would remove, by its name, the journal of the new file */
	if (db && !sql_moved_in_place(m))
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db);
}
