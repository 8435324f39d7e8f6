/* rendezvous/store/sqlite/rescue: what a deleted file held is put into the new one, subject by
 * subject (see guard.c). */
#pragma once

struct rdv_sqlite_rescue {
	const char *table; /* a rescued file of an earlier version may not have it */
	const char *sql;   /* one statement that copies from the schema `rescue` to `main` */
};

extern const struct rdv_sqlite_rescue rdv_sqlite_devices_rescue, rdv_sqlite_entries_rescue;

/* All of them; ends with NULL. */
extern const struct rdv_sqlite_rescue *const rdv_sqlite_rescues[];
