/* rendezvous/store/sqlite/file_id: which file a name stands for, to see that a database or a
 * journal was deleted or replaced while it is open. Private to those who keep such files. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct rdv_file_id {
	dev_t dev;
	ino_t ino; /* 0 = none */
};

/* Of the database at `path`, or of what SQLite keeps beside it (`end`: "-wal"); 0 = it is not there. */
struct rdv_file_id rdv_file_id(const char *path, const char *end);
/* Whether the path names what it did. What cannot be looked at now is taken to be there. */
bool rdv_file_in_place(const char *path, struct rdv_file_id file);
/* Removes what is beside the database if it is still this file. */
void rdv_file_remove_ours(const char *path, const char *end, struct rdv_file_id ours);
