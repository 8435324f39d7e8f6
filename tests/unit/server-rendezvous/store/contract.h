/* What every store must do, whichever engine is under it: the same tests for all of them. */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"
#include <check.h>

/* How the tests get an empty store, and the same one again after it was freed. */
struct contract_store {
	/* `fresh`: empty; otherwise with what was in it. */
	struct rdv_store *(*open)(struct hws_loop *loop, bool fresh);
	bool keeps; /* has anything after it was freed and opened again */
};
extern const struct contract_store contract_store; /* of the test program */

/* Returns the case, for fixtures around all of it. */
TCase *contract_add(Suite *s);

/* For further tests: blocking forms on a loop. All fail the test after 30 s. */
struct rdv_peer_row contract_row(const char *id, const char *uuid);
struct rdv_write contract_put(const char *id, const char *uuid);
int contract_write(struct rdv_store *s, struct rdv_write *w, size_t n);
int contract_get(struct rdv_store *s, const char *id, struct rdv_peer_row *ret);
int contract_backup(struct rdv_store *s, const char *path);
/* Number of peers that load gives; *ret_r is its result. */
size_t contract_load(struct rdv_store *s, int *ret_r);
void contract_turn(struct rdv_store *s, const bool *until);
