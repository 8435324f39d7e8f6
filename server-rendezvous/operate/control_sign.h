/* rendezvous/operate/control_sign: a signature by this server's key, for what its hosts may
 * believe. */
#pragma once
#include "shared/daemon/control.h"

/* Of "what": "strategy", a "text": over "hawser strategy v1", a NUL and the text. */
void rdv_cmd_sign(struct hws_control_reply *reply, const json_t *req, void *arg);
