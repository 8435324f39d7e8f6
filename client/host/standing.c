/* Words for the states that a gate reports: hostd shows them, the gate logs them. */
#include "client/host/standing.h"
#include "shared/base/macros.h"

const char *hws_standing_name(Agt__GateState__State state)
{
	static const char *const names[] = {
		[AGT__GATE_STATE__STATE__HANDSHAKE] = "handshake",
		[AGT__GATE_STATE__STATE__LOGIN] = "login",
		[AGT__GATE_STATE__STATE__OPENING] = "opening",
		[AGT__GATE_STATE__STATE__OPEN] = "open",
		[AGT__GATE_STATE__STATE__CLOSING] = "closing",
		[AGT__GATE_STATE__STATE__CLOSED] = "closed",
	};

	return (unsigned)state < HWS_COUNT(names) ? names[state] : "?";
}
