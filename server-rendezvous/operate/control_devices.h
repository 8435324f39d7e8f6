/* rendezvous/operate/control_devices: commands about devices, those that are off line and those at
 * other nodes too. */
#pragma once
#include "shared/daemon/control.h"

struct rdv_core;

/* What this node knows of a device; NULL when it does not know it. */
json_t *rdv_peer_json(struct rdv_core *core, const char *id);

void rdv_cmd_peer(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_devices(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_name(struct hws_control_reply *reply, const json_t *req, void *arg);
void rdv_cmd_remove(struct hws_control_reply *reply, const json_t *req, void *arg);
