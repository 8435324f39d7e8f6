/* rendezvous/telling: an API server that has come, or come again, hears of the devices in the
 * database: of those that registered before it was there. On the control loop. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"

struct rdv_core;
struct rdv_telling;

/* Only with a policy. */
int rdv_telling_new(struct rdv_core *core, struct hws_loop *loop,
		struct rdv_telling **ret) HWS_MUST_CHECK;
/* After the store. Takes NULL. */
void rdv_telling_free(struct rdv_telling *t);
