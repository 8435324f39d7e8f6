/* host/control_permit: the command of the control socket that changes what one session may do. */
#pragma once
#include "shared/daemon/control.h"
#include <jansson.h>

/* {"cmd":"permit","conn":N,"set":{"keyboard":false,...}}; without "set" it answers what is
 * permitted. `arg`: the hostd. */
void hws_control_permit(struct hws_control_reply *reply, const json_t *req, void *arg);
