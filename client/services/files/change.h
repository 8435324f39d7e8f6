/* files/change: what changes folders: making, removing, renaming. Paths are absolute, local bytes;
 * what may be touched the roots say. Blocking: for workers. Each error has a sentence for the other
 * end. */
#pragma once
#include "client/services/files/roots.h"
#include <stdatomic.h>

/* Why what is under way has to stop, a sentence; NULL: it may go on. Set by another thread. */
typedef _Atomic(const char *) hws_stop;

/* With all folders above it; fine when it is there. */
int hws_change_make(const struct hws_roots *roots, const char *path,
		struct hws_error *err) HWS_MUST_CHECK;
/* A file, or a link itself. */
int hws_change_remove_file(const struct hws_roots *roots, const char *path,
		struct hws_error *err) HWS_MUST_CHECK;

enum hws_remove_depth {
	HWS_REMOVE_EMPTY, /* the folder alone, which must be empty */
	/* it and what is empty below it, with the links there; that something stays is no error,
	 * as with deployed peers */
	HWS_REMOVE_EMPTY_TREE,
	HWS_REMOVE_TREE, /* with all that is in it; links are removed, never followed */
};
/* `stop` (may be NULL) is looked at before each entry; HWS_ERR_CANCELED: it said so. */
int hws_change_remove_folder(const struct hws_roots *roots, const char *path,
		enum hws_remove_depth depth, hws_stop *stop, struct hws_error *err) HWS_MUST_CHECK;
/* `name`: relative to the folder that `path` is in. HWS_ERR_EXISTS: something has that name. */
int hws_change_rename(const struct hws_roots *roots, const char *path, const char *name,
		struct hws_error *err) HWS_MUST_CHECK;
