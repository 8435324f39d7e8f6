/* terminal/terminal_host: the host's end of terminal sessions: shells of the account that the agent
 * runs as, with or without a desktop. Deployed viewers get what they know; hawser viewers besides
 * commands, pipes, windows both ways, an exact end, lists, and a screen that comes back. */
#pragma once
#include "client/services/host_service.h"

extern const struct hws_host_service_impl hws_terminal_host_service;
