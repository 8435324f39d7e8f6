/* rendezvous/operate/control: the commands of the control socket. */
#pragma once
#include "shared/base/err.h"

struct rdv_server;
int rdv_control_new(struct rdv_server *s, struct hws_error *err) HWS_MUST_CHECK;
void rdv_control_free(struct rdv_server *s);
