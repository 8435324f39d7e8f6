/* reach/key_check: whether the key that this host was given is its server's. Registration by UDP
 * does not use the key, so a wrong one shows only when a relay turns the host away. The server is
 * asked as a viewer would ask it, for an id that nobody has: it looks at the key first. Servers
 * that take any key say nothing against this one. One loop thread. */
#pragma once
#include "client/reach/server_addr.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"
#include <stdbool.h>

struct hws_key_check;

struct hws_key_check_conf {
	const struct hws_server_addr *server_addr; /* to the rendezvous server; copied */
	const char *key;                           /* text, copied */
	/* The server answered. Never inside hws_key_check_new or _again. May free the check. */
	void (*on_result)(bool right, void *arg);
	void *arg;
};

/* Asks for the first time with hws_key_check_again. HWS_ERR_TOOBIG: no key is so long. */
int hws_key_check_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_key_check_conf *conf, struct hws_key_check **ret) HWS_MUST_CHECK;
/* The server is reached (again): asks, unless it answered within the last ten minutes. A wrong key
 * counts as an attempt at the server, which may shut out who tries often. Takes NULL. */
void hws_key_check_again(struct hws_key_check *k);
/* The server is elsewhere now: for the questions from now on. Takes NULL. */
void hws_key_check_set_server(struct hws_key_check *k, const struct hws_server_addr *server);
/* Takes NULL; allowed in its callback. */
void hws_key_check_free(struct hws_key_check *k);
