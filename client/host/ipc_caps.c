/* The caps as two short tables over the generated schema. The schema says which fields there are,
 * so a new one is refused until it has a row here when it is of a length of its own. */
#include "client/host/ipc_caps.h"
#include "client/host/strategy.h"
#include "client/reach/lan_word.h"
#include "proto/agent.pb-c.h"
#include "shared/base/macros.h"
#include "shared/crypto/box.h"
#include "shared/crypto/identity.h"
#include "shared/wire/field.h"
#include "shared/wire/leg_proof.h"
#include "shared/wire/limits.h"

#define WITH_FD 100u /* set by the framing */
#define ERROR_MAX 512u

struct cap {
	unsigned message, field; /* numbers; field 0: the message is taken */
	size_t max;
};

static const struct cap from_gate[] = {
	{ AGT__MESSAGE__UNION_SIGN_REQUEST, 0, 0 },
	{ AGT__MESSAGE__UNION_SIGN_REQUEST, 2, HWS_BOX_PK_LEN },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 0, 0 },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 2, HWS_IPC_PROOF_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 3, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 4, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 5, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 8, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 9, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 12, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 13, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 14, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 15, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 16, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 17, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 18, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 19, HWS_IPC_KEY_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 20, HWS_SIG_LEN },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 21, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 22, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_LOGIN_CHECK, 23, 16 },
	{ AGT__MESSAGE__UNION_GATE_STATE, 0, 0 },
	{ AGT__MESSAGE__UNION_GATE_STATE, 4, HWS_IPC_TEXT_MAX },
	{ AGT__MESSAGE__UNION_GATE_JOINED, 0, 0 },
	{ AGT__MESSAGE__UNION_LEG_REQUEST, 0, 0 },
	{ AGT__MESSAGE__UNION_LEG_REQUEST, 1, HWS_LEG_NAME_LEN },
	{ AGT__MESSAGE__UNION_LEG_REQUEST, 3, HWS_LEG_NONCE_LEN },
	{ AGT__MESSAGE__UNION_LEG_UP, 0, 0 },
	{ AGT__MESSAGE__UNION_LEG_UP, 2, HWS_DIGEST_LEN },
	{ AGT__MESSAGE__UNION_LEG_NAMES, 0, 0 },
	{ AGT__MESSAGE__UNION_LEG_NAMES, 2, HWS_LEG_NAMES *HWS_LEG_NAME_LEN },
};

static const struct cap from_agent[] = {
	{ AGT__MESSAGE__UNION_AGENT_STATE, 0, 0 },
	{ AGT__MESSAGE__UNION_AGENT_STATE, 2, 64 },
	{ AGT__MESSAGE__UNION_AGENT_STATE, 3, ERROR_MAX },
	{ AGT__MESSAGE__UNION_AGENT_STATE, 7, ERROR_MAX },
	{ AGT__MESSAGE__UNION_AGENT_VIEWER, 0, 0 },
	{ AGT__MESSAGE__UNION_AGENT_COST, 0, 0 },
	{ AGT__MESSAGE__UNION_MOUNT_START, 0, 0 },
	{ AGT__MESSAGE__UNION_AGENT_ASK, 0, 0 },
	{ AGT__MESSAGE__UNION_AGENT_ASK, 3, 16 },
	{ AGT__MESSAGE__UNION_AGENT_AUDIT, 0, 0 },
	{ AGT__MESSAGE__UNION_AGENT_AUDIT, 1, 31 },
	{ AGT__MESSAGE__UNION_AGENT_AUDIT, 3, HWS_IPC_PATH_MAX },
	{ AGT__MESSAGE__UNION_AGENT_AUDIT, 4, HWS_IPC_PATH_MAX },
	{ AGT__MESSAGE__UNION_AGENT_PING, 0, 0 },
	{ AGT__MESSAGE__UNION_SERVICE_RESULT, 0, 0 },
	{ AGT__MESSAGE__UNION_SERVICE_RESULT, 3, ERROR_MAX },
};

static const struct cap from_ports[] = {
	{ AGT__MESSAGE__UNION_PORTS_STATE, 0, 0 },
};

static const struct cap from_report[] = {
	{ AGT__MESSAGE__UNION_REPORT_END, 0, 0 },
	{ AGT__MESSAGE__UNION_REPORT_STRATEGY, 0, 0 },
	{ AGT__MESSAGE__UNION_REPORT_STRATEGY, 1, HWS_STRATEGY_TEXT_MAX },
	{ AGT__MESSAGE__UNION_REPORT_STRATEGY, 2, HWS_SIG_LEN },
};

static const struct cap from_beacon[] = {
	{ AGT__MESSAGE__UNION_BEACON_SIGN, 0, 0 },
	{ AGT__MESSAGE__UNION_BEACON_SIGN, 2, HWS_LAN_NONCE },
	{ AGT__MESSAGE__UNION_BEACON_SIGN, 3, HWS_LAN_ADDRESS },
	{ AGT__MESSAGE__UNION_BEACON_SIGN, 4, HWS_LAN_MAC },
};

static const struct cap gate_to_agent[] = {
	{ AGT__MESSAGE__UNION_OPEN, 0, 0 },
	{ AGT__MESSAGE__UNION_OPEN, 3, HWS_SES_LOGIN_FRAME_MAX + 256 },
	{ AGT__MESSAGE__UNION_LINK_QUALITY, 0, 0 },
};

static const struct cap agent_to_gate[] = {
	{ AGT__MESSAGE__UNION_OPENED, 0, 0 },
	{ AGT__MESSAGE__UNION_OPENED, 2, ERROR_MAX },
	{ AGT__MESSAGE__UNION_OPENED, 3, HWS_SES_LOGIN_FRAME_MAX },
	{ AGT__MESSAGE__UNION_ENCODER_STATE, 0, 0 },
};

static const struct cap *find(
		const struct cap *caps, size_t count, unsigned message, unsigned field)
{
	for (size_t i = 0; i < count; i++)
		if (caps[i].message == message && caps[i].field == field)
			return &caps[i];
	return NULL;
}

/* Fields of one message: those of the schema, each once. */
static int check_fields(unsigned message, struct hws_bytes in, const struct cap *caps, size_t count)
{
	const ProtobufCFieldDescriptor *member =
			protobuf_c_message_descriptor_get_field(&agt__message__descriptor, message);
	const ProtobufCMessageDescriptor *schema = member->descriptor;
	uint64_t seen = 0;
	struct hws_wire_field f;
	const struct cap *cap;
	int r;

	while ((r = hws_field_next(&in, &f)) == HWS_OK) {
		if (f.number >= 64 || seen & 1ull << f.number ||
				!protobuf_c_message_descriptor_get_field(schema, f.number))
			return HWS_ERR_PROTO;
		seen |= 1ull << f.number;
		if (f.wire != HWS_WIRE_BYTES)
			continue;
		cap = find(caps, count, message, f.number);
		if (!cap)
			return HWS_ERR_PROTO;
		if (f.bytes.len > cap->max)
			return HWS_ERR_TOOBIG;
	}
	return r == HWS_ERR_EOF ? HWS_OK : r;
}

static int check(struct hws_bytes in, const struct cap *caps, size_t count)
{
	bool seen = false;
	struct hws_wire_field f;
	int r;

	while ((r = hws_field_next(&in, &f)) == HWS_OK) {
		if (f.number == WITH_FD && f.wire == HWS_WIRE_VARINT)
			continue;
		if (seen || f.wire != HWS_WIRE_BYTES || !find(caps, count, f.number, 0))
			return HWS_ERR_PROTO;
		seen = true;
		r = check_fields(f.number, f.bytes, caps, count);
		if (r < 0)
			return r;
	}
	return r == HWS_ERR_EOF ? HWS_OK : r;
}

int hws_ipc_check_gate(struct hws_bytes message)
{
	return check(message, from_gate, HWS_COUNT(from_gate));
}

int hws_ipc_check_agent(struct hws_bytes message)
{
	return check(message, from_agent, HWS_COUNT(from_agent));
}

int hws_ipc_check_ports(struct hws_bytes message)
{
	return check(message, from_ports, HWS_COUNT(from_ports));
}

int hws_ipc_check_report(struct hws_bytes message)
{
	return check(message, from_report, HWS_COUNT(from_report));
}

int hws_ipc_check_beacon(struct hws_bytes message)
{
	return check(message, from_beacon, HWS_COUNT(from_beacon));
}

int hws_ipc_check_gate_to_agent(struct hws_bytes message)
{
	return check(message, gate_to_agent, HWS_COUNT(gate_to_agent));
}

int hws_ipc_check_agent_to_gate(struct hws_bytes message)
{
	return check(message, agent_to_gate, HWS_COUNT(agent_to_gate));
}
