/* host/ipc_caps: whatever a gate or the agent sends. What passes unpacks into texts no longer than
 * promised, if it unpacks at all. */
#include "client/host/ipc_caps.h"
#include "client/host/strategy.h"
#include "proto/agent.pb-c.h"
#include "shared/crypto/identity.h"
#include <assert.h>
#include <stdbool.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const Agt__Message *m)
{
	switch (m->union_case) {
	case AGT__MESSAGE__UNION_LOGIN_CHECK:
		assert(m->login_check->proof.len <= HWS_IPC_PROOF_MAX);
		assert(strlen(m->login_check->my_id) <= HWS_IPC_TEXT_MAX);
		assert(strlen(m->login_check->username) <= HWS_IPC_TEXT_MAX);
		break;
	case AGT__MESSAGE__UNION_GATE_STATE:
		assert(strlen(m->gate_state->why) <= HWS_IPC_TEXT_MAX);
		break;
	case AGT__MESSAGE__UNION_AGENT_STATE:
		assert(strlen(m->agent_state->error) <= 512);
		break;
	case AGT__MESSAGE__UNION_REPORT_STRATEGY:
		assert(m->report_strategy->text.len <= HWS_STRATEGY_TEXT_MAX);
		assert(m->report_strategy->signature.len <= HWS_SIG_LEN);
		break;
	case AGT__MESSAGE__UNION_SERVICE_RESULT:
		assert(strlen(m->service_result->error) <= 512);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);
	bool gate = hws_ipc_check_gate(in) == HWS_OK, agent = hws_ipc_check_agent(in) == HWS_OK;
	bool ports = hws_ipc_check_ports(in) == HWS_OK;
	bool report = hws_ipc_check_report(in) == HWS_OK;
	Agt__Message *m;

	if (!gate && !agent && !ports && !report)
		return 0;
	m = agt__message__unpack(NULL, size, data);
	if (!m)
		return 0;
	/* what hostd signs and judges by is asked for by gates alone */
	assert(gate ||
			(m->union_case != AGT__MESSAGE__UNION_SIGN_REQUEST &&
					m->union_case != AGT__MESSAGE__UNION_LOGIN_CHECK &&
					m->union_case != AGT__MESSAGE__UNION_GATE_STATE));
	assert(agent || m->union_case != AGT__MESSAGE__UNION_AGENT_STATE);
	assert(report || m->union_case != AGT__MESSAGE__UNION_REPORT_STRATEGY);
	assert(!ports || m->union_case == AGT__MESSAGE__UNION_PORTS_STATE ||
			m->union_case == AGT__MESSAGE__UNION__NOT_SET);
	look(m);
	agt__message__free_unpacked(m, NULL);
	return 0;
}
