/* api/lan: what sessions ask the list of hosts that were found in the local network. */
#pragma once
#include <hawser/hawser.h>
#include <stdbool.h>

/* Whether a host with this ID or name was ever found there. Reads a short file. Any thread. */
bool api_lan_knows(hawser_context *ctx, const char *id);
