/* relay/control: what an operator asks and orders through the control socket. Main loop only. */
#pragma once
#include "shared/base/err.h"

struct rly_server;

/* Where the control socket is. */
int rly_control_path(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
int rly_control_new(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
void rly_control_free(struct rly_server *s);
