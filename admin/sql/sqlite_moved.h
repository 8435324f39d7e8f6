/* admin/sql/sqlite_moved: the database file was deleted or replaced while it is open. What is
 * written then goes where nobody will find it again, and SQLite would mix the journals of both
 * files, which have one name. So nothing is asked any more, and what the old file held is saved
 * beside it. Private to admin/sql. Any thread; blocking. */
#pragma once
#include "server-rendezvous/store/sqlite/file_id.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct sql_moved {
	const char *path; /* borrowed */
	pthread_mutex_t lock;
	/* Under the lock. */
	struct rdv_file_id file, wal, shm;
	uint64_t again_us; /* when saving is tried again after it failed */
	bool said, saving, saved;
};

/* After the file was made. */
void sql_moved_init(struct sql_moved *m, const char *path);
void sql_moved_done(struct sql_moved *m);
/* Whether the path still names the file that was opened; says in the log when it does not. One that
 * was put back before anything was saved is in its place again. */
bool sql_moved_in_place(struct sql_moved *m);
/* After a connection was made, which has the journal open: it is the same from then on, until the
 * last one is closed. */
void sql_moved_connected(struct sql_moved *m);
/* When it does not: what this connection, to the old file, still reads goes into a new one beside
 * it, once, and the old journal is removed. True when it was saved, by whichever connection: until
 * then this one is to stay. */
bool sql_moved_save(struct sql_moved *m, sqlite3 *db);
/* Closes a connection: one to a file that is not in its place leaves the journal alone. Takes
 * NULL. */
void sql_moved_close(struct sql_moved *m, sqlite3 *db);
