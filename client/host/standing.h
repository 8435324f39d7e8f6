/* host/standing: where a session stands, as its gate says, in words for status and logs. Pure. */
#pragma once
#include "proto/agent.pb-c.h"

/* "handshake", "login", "opening", "open", "closing", "closed"; "?" for numbers that mean nothing.
 * Static. */
const char *hws_standing_name(Agt__GateState__State state);
