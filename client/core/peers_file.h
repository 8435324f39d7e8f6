/* core/peers_file: peers.json as all programs of a user share it. Whoever changes the list locks
 * it, reads what others have written meanwhile, and writes the whole: no program undoes what
 * another one has learnt, and above all no key. Short blocking calls (the lock is waited for at
 * most half a second). One thread at a time. */
#pragma once
#include "client/core/known_peers.h"
#include <sys/stat.h>

struct hws_peers_file {
	char *path;       /* "" = nothing is kept; owned by the user of this struct */
	struct stat seen; /* the file that `known` is of; all zero = there was none */
};

/* Reads again what another program has changed. A file that is damaged now, or not to be trusted,
 * changes nothing in memory and is an error. */
int hws_peers_file_refresh(struct hws_peers_file *f, struct hws_known_peers *known,
		const char *server, struct hws_error *err) HWS_MUST_CHECK;

/* Adds or replaces, by target and server. What was learnt of the host's key meanwhile, perhaps by
 * another program, stays: the better level of the same key; and a key where `peer` has none.
 * HWS_ERR_KEY: another key is remembered, and nothing was changed, unless the user `decided` for
 * this one. */
int hws_peers_file_keep(struct hws_peers_file *f, struct hws_known_peers *known, const char *server,
		const struct hws_known_peer *peer, bool decided) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND. */
int hws_peers_file_forget(struct hws_peers_file *f, struct hws_known_peers *known,
		const char *server, const char *target) HWS_MUST_CHECK;
