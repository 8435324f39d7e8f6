/* rendezvous/operate/doctor: how this server is, check by check, and what to do about what is not
 * as it should be; and its other nodes. hawser-admin adds what can only be seen from outside of the
 * process. */
#pragma once
#include "shared/daemon/control.h"

void rdv_cmd_doctor(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_nodes(struct hws_control_reply *reply, const json_t *req, void *arg);
