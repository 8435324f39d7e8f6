/* cli/files/sync: what two trees differ in (sync_plan.c, pure), and how they are made alike. */
#pragma once
#include "client/cli/files/run.h"

/* As deep as trees are walked. */
#define FILES_SYNC_DEPTH 130

enum files_sync_what {
	FILES_SYNC_NEW,     /* not there yet */
	FILES_SYNC_CHANGED, /* another size or time */
	FILES_SYNC_SAME,
	FILES_SYNC_EXTRA /* only there */
};

/* Names below the two roots, files and empty folders, each list sorted by name. Calls `each` for
 * every file of either, in the order of names. */
void files_sync_compare(const struct files_list *from, const struct files_list *to,
		void (*each)(enum files_sync_what what, const struct files_entry *e, void *arg),
		void *arg);
/* The shortest folder above `name` (or `name` itself) that `from` has nothing in or of: what is to
 * be removed in place of it. `from` is sorted. */
void files_sync_extra_root(const struct files_list *from, const char *name, char *buf, size_t size);

/* --- sync_extra.c */

/* The tree that is copied from, here or at the host. */
struct files_sync_source {
	struct files_run *f;
	bool here;
	const char *root;
	/* lists of the host's folders, from the root down to the last one that was looked into */
	struct {
		char *path;
		struct files_list list;
		bool bad;
	} level[FILES_SYNC_DEPTH];
	size_t levels;
};

/* Is `name` not at the source, as nothing at all? Then `buf` is the topmost folder of it (or it
 * itself) that is not there. Else, and when it cannot be known, `buf` is what there is. */
bool files_sync_absent(struct files_sync_source *s, const char *name, char *buf, size_t size);
void files_sync_source_done(struct files_sync_source *s);
