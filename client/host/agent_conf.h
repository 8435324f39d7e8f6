/* host/agent_conf: what an agent is told of the settings, for its services. */
#pragma once
#include "client/host/ipc.h"
#include "client/host/settings.h"

/* Closes the link when it cannot be sent. */
void hws_agent_conf_send(const struct hws_settings *s, struct hws_ipc *ipc);
