/* What the agent tells the rest of the host about the pictures of a viewer: their rate to its gate,
 * which shows it to the viewer, what they cost to hostd. */
#include "client/host/agent/agent_parts.h"
#include "shared/base/log.h"

void hws_agent_tell_bitrate(struct hws_host_viewer *v, uint32_t kbit_s, void *arg HWS_UNUSED)
{
	struct hws_agent_viewer *c = hws_container(v, struct hws_agent_viewer, viewer);
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__EncoderState s = AGT__ENCODER_STATE__INIT;

	s.bitrate_kbit_s = kbit_s;
	m.union_case = AGT__MESSAGE__UNION_ENCODER_STATE;
	m.encoder_state = &s;
	if (c->ipc && hws_ipc_send(c->ipc, &m, -1) < 0)
		hws_debug("agent.bitrate_not_told");
}

void hws_agent_tell_cost(
		struct hws_host_viewer *v, const struct hws_video_cost *cost, void *arg HWS_UNUSED)
{
	struct hws_agent_viewer *c = hws_container(v, struct hws_agent_viewer, viewer);
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentCost k = AGT__AGENT_COST__INIT;

	k.conn = c->conn;
	k.pictures = cost->pictures;
	k.capture_us = cost->capture_us;
	k.convert_us = cost->convert_us;
	k.encode_us = cost->encode_us;
	k.send_us = cost->send_us;
	k.network_us = cost->network_us;
	m.union_case = AGT__MESSAGE__UNION_AGENT_COST;
	m.agent_cost = &k;
	if (c->a->hostd && hws_ipc_send(c->a->hostd, &m, -1) < 0)
		hws_debug("agent.cost_not_told");
}
