/* rendezvous/store/sqlite/hbbs: reads the database of hbbs, so that its devices can be taken over.
 * The file is never written. Blocking; any thread. */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"

#define RDV_HBBS_DATABASE "db_v2.sqlite3" /* as hbbs calls it */

struct rdv_hbbs_note {
	char text[RDV_ENTRY_VALUE_MAX + 1]; /* UTF-8 */
};

struct rdv_hbbs_reader {
	/* Many times; rows and their notes ("" = none) borrow until return. A negative return ends
	 * the reading with it. */
	int (*rows)(const struct rdv_peer_row *rows, const struct rdv_hbbs_note *notes, size_t n,
			void *arg);
	/* A row that cannot be taken: its id, made safe to show, and why. */
	void (*odd)(const char *id, const char *why, void *arg);
	/* A row that is taken, but for a part of it: which, and what that means. */
	void (*part)(const char *id, const char *what, void *arg);
	void *arg;
	/* A folder of ours where a copy is made of a database that SQLite could not read without
	 * writing beside it (its owner was killed); NULL: it is tried where it lies. */
	const char *scratch;
};

/* All devices of one moment. Before any row is given the whole file is checked: HWS_ERR_NOTFOUND,
 * HWS_ERR_CORRUPT (damaged, or not of hbbs) with a sentence that says what to do. */
int rdv_hbbs_read(const char *path, const struct rdv_hbbs_reader *reader,
		struct hws_error *err) HWS_MUST_CHECK;
