/* host/set_password: prepares a permanent password (host/vault) on a thread of a pool, as that
 * takes longer than a loop may stand still. Owner: who starts it; loop's thread. */
#pragma once
#include "client/host/vault.h"
#include "shared/loop/work.h"

struct hws_set_password;

struct hws_set_password_conf {
	/* Exactly once, later: `p`, with HWS_OK only, and `why`, a sentence else, borrow until
	 * return. The object is gone then. */
	void (*done)(int r, const struct hws_vault_permanent *p, const char *why, void *arg);
	void *arg;
};

/* Copies the password, and wipes all it made at the end. */
int hws_set_password_start(struct hws_work *work, struct hws_loop *loop, const char *password,
		const struct hws_set_password_conf *conf,
		struct hws_set_password **ret) HWS_MUST_CHECK;
/* Calls done at once, with HWS_ERR_CANCELED. Takes NULL. */
void hws_set_password_cancel(struct hws_set_password *s);
