/* admin/db_work: one run of a verb of `hawser-admin db`. Private to db*.c. */
#pragma once
#include "server-rendezvous/config/store_place.h"
#include "server-rendezvous/import/copy.h"
#include "server-rendezvous/store/store.h"
#include <jansson.h>

#define ADM_SHOWN_MAX 20 /* devices named on standard error */

struct adm_db {
	struct hws_loop *loop;
	struct rdv_store *store;
	struct rdv_config conf; /* of the server */
	struct rdv_store_place place;
	const char *config, *state_dir, *where; /* --config, --state-dir, --store */
	const char *key;                        /* --key-file */
	bool configured, force, no_key;
	char dir[400]; /* state folder */
	json_t *answer;
	struct hws_error err;
	uint64_t shown, parts;
};

/* The settings of the server and what database they name. */
int adm_db_find(struct adm_db *d) HWS_MUST_CHECK;
/* It is a file (SQLite). */
bool adm_db_has_file(const struct adm_db *d);
/* Opens d->store. `reader`: beside a running server. */
int adm_db_open(struct adm_db *d, bool reader) HWS_MUST_CHECK;
/* What root makes in the folder of the server's account must belong to that account. */
void adm_db_hand_over(const char *path);
/* A server that never ran has no state folder yet. */
void adm_db_make_folder(const struct adm_db *d);

/* A failed operation whose store has logged the cause: d->err says at least what failed. Returns
 * r. */
int adm_db_say(struct adm_db *d, int r, const char *what);
/* Names a device that was not taken, and why, as long as not too many were; counts it. */
void adm_db_refused(const char *id, const char *why, void *arg);
/* A copy that names the devices it could not take. */
struct rdv_copy adm_db_copy_into(struct adm_db *d, struct rdv_store *to, enum rdv_copy_mode mode);
void adm_db_put_int(struct adm_db *d, const char *name, uint64_t n);
/* Which database it was, so that nobody backs up another one than he thinks. */
void adm_db_put_store(struct adm_db *d);
/* How a copy went; `done` is the member for what was written. */
void adm_db_put_copy(struct adm_db *d, const struct rdv_copy *c, const char *done);
