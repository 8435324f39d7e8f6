/* rendezvous/operate/control: the commands of the control socket, for hawser-admin. */
#pragma once
#include "shared/base/err.h"
#include "shared/daemon/control.h"

struct rdv_core;

/* Serves the socket at `path` on the control loop. Freed with hws_control_free, before anything of
 * `core` is. */
int rdv_control_new(struct rdv_core *core, struct hws_loop *loop, const char *path,
		struct hws_control **ret, struct hws_error *err) HWS_MUST_CHECK;
