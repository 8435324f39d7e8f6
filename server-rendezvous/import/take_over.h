/* rendezvous/import/take_over: devices, their names and the key of hbbs come into a store and a
 * state folder of ours. What hbbs has is only read. For `hawser-admin db import-hbbs` and
 * `hawser-rendezvous take-over`. Blocking, on a loop that it runs. */
#pragma once
#include "server-rendezvous/import/copy.h"
#include "shared/crypto/identity.h"

struct rdv_take_over {
	const char *database; /* db_v2.sqlite3 */
	const char *scratch;  /* a folder of ours for a copy, if one is needed */
	const char *key_from; /* NULL: id_ed25519 beside the database */
	const char *key_to;   /* the file of our key; NULL: keys are left alone */
	/* The key that the settings give instead of that file, or NULL. */
	const struct hws_identity *key_set;
	/* A device that was not taken, or taken but for a part of it; text safe to show. */
	void (*refused)(const char *id, const char *why, void *arg);
	void (*part)(const char *id, const char *what, void *arg);
	void *arg;

	/* filled */
	struct hws_identity key_secret;
	bool save; /* the key is new here */
	uint64_t read, written, there, not_taken, parts, names;
};

/* Reads the files and compares the keys; nothing is written. `rdv_take_over_done` afterwards in any
 * case. Says in err what to do. */
int rdv_take_over_check(struct rdv_take_over *t, struct hws_error *err) HWS_MUST_CHECK;
/* Then devices into the store, and, when all of that is done, the key. */
int rdv_take_over_run(struct rdv_take_over *t, struct hws_loop *loop, struct rdv_store *store,
		struct hws_error *err) HWS_MUST_CHECK;
void rdv_take_over_done(struct rdv_take_over *t);

/* What root makes in the folder of the server's account must belong to that account: the file
 * `path` and what lies beside it by the same name. False: it could not be given away. */
bool rdv_hand_over(const char *path);
