/* fuzzing: a server without threads and sockets, made once; the registered devices are new for each
 * input. */
#pragma once
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/store/store.h"
#include "shared/loop/loop.h"

struct stage {
	struct rdv_core core;
	struct rdv_config conf;
	struct hws_loop *loop; /* control loop: store and journal */
	struct rdv_store *store;
};
#define STAGE_ID "123456789"
/* Never fails: aborts. `relays` and TCP plane included, no UDP plane. */
struct stage *stage_get(void);
/* An empty table with one device, online at 10.0.0.1:1000. */
void stage_reset(struct stage *s);
/* Runs both loops until nothing is left to do at once. */
void stage_run(struct stage *s);
