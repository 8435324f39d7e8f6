/* rendezvous/loading: devices and rules come from the store into memory. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <stdbool.h>

struct rdv_core;
struct rdv_loading;

/* Control loop: begins; core->loaded tells when all is there. Tries again while the store is
 * away. */
int rdv_loading_start(struct rdv_core *core, struct hws_loop *loop,
		struct rdv_loading **ret) HWS_MUST_CHECK;
/* An attempt is under way. */
bool rdv_loading_busy(const struct rdv_loading *l);
/* After the store is gone. Takes NULL. */
void rdv_loading_free(struct rdv_loading *l);
