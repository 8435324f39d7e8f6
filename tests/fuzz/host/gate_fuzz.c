/* host/gate as a running state machine on a stream in memory. The input is a script of operations
 * by the viewer, hostd and the agent, in any order: op, u16 length, bytes. Held throughout: nothing
 * reaches the agent before it opened the session, and only what its row lets through; the gate ends
 * once. */
#include "client/host/gate.h"
#include "client/host/ipc.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/net/conn.h"
#include "shared/wire/limits.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_table.h"
#include "tests/support/handshake.h"
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
	OP_FRAME, /* the viewer sends a frame, sealed once keyed */
	OP_RAW,   /* the viewer writes bytes below the framing */
	OP_AGENT_WIRE,
	OP_OPENED,
	OP_VERDICT, /* what hostd will answer next */
	OP_CONTROL,
	OP_AGENT_CLOSE,
	OP_VIEWER_CLOSE,
	OP_COUNT
};

static struct hws_identity identity;
static struct hws_loop *loop;
static struct hws_gate *gate;
static struct hws_conn *viewer;
static struct hws_ipc *agent;
static struct hws_secure secure;
static bool opened, keyed;
static uint32_t permissions;
static unsigned ended;
static Agt__LoginVerdict__Result verdict;

static void on_sign(const uint8_t box_pk[HWS_BOX_PK_LEN], void *arg HWS_UNUSED)
{
	uint8_t signed_id[HWS_SECURE_SIGNED_MAX], nonce[HWS_NONCE_LEN] = { 5 };
	const struct hws_secure_host_word w = {
		.identity = &identity, .id = "123456789", .box_pk = box_pk, .nonce = nonce
	};
	Agt__SignReply reply = AGT__SIGN_REPLY__INIT;
	size_t len;

	assert(hws_secure_sign(&w, signed_id, &len) == HWS_OK);
	reply.signed_id = (ProtobufCBinaryData){ len, signed_id };
	hws_gate_signed(gate, &reply);
}

static void on_agent_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m HWS_UNUSED, int fd,
		void *arg HWS_UNUSED)
{
	assert(fd < 0);
}

static void on_agent_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes m, void *arg HWS_UNUSED)
{
	const struct hws_session_row *row = NULL;

	assert(opened);
	assert(hws_session_scan(m, &row) == HWS_OK);
	assert(row && m.len <= row->cap && row->states[HWS_TO_HOST] & HWS_AT_OPEN);
	assert(row->service != HWS_SERVICE_GATE);
	assert(row->act == HWS_ACT_FORWARD || row->act == HWS_ACT_OPTION);
	assert(!(row->need & ~permissions) ||
			!(hws_session_need(row, HWS_KIND_REMOTE) & ~permissions));
}

static void on_agent_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	agent = NULL;
}

static void on_check(const Agt__LoginCheck *check HWS_UNUSED, void *arg HWS_UNUSED)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.on_message = on_agent_message,
		.on_wire = on_agent_wire,
		.on_close = on_agent_close };
	Agt__LoginVerdict v = AGT__LOGIN_VERDICT__INIT;
	int fds[2] = { -1, -1 };

	v.result = verdict;
	v.text = (char *)"text";
	if (verdict == AGT__LOGIN_VERDICT__RESULT__OK && !agent && hws_ipc_pair(fds) == HWS_OK)
		assert(hws_ipc_new(loop, fds[0], &lc, &agent) == HWS_OK);
	hws_gate_verdict(gate, &v, fds[1]);
}

static void on_state(const Agt__GateState *s HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_closed(struct hws_gate *g HWS_UNUSED, void *arg HWS_UNUSED)
{
	gate = NULL;
	ended++;
}

static void step_secure(void)
{
	if (viewer && handshake_step(&secure, viewer, NULL) < 0)
		return;
	keyed = hws_secure_level(&secure) > HWS_LEVEL_PLAIN;
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	bool *handshake = arg;

	if (*handshake && hws_secure_state(&secure) < HWS_SECURE_DONE &&
			hws_secure_frame(&secure, payload) == HWS_OK)
		step_secure();
}

static void on_viewer_close(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	viewer = NULL;
}

static void turn(void)
{
	for (int i = 0; i < 4; i++)
		hws_loop_once(loop, 0);
}

static void do_opened(bool ok, struct hws_bytes info)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Opened o = AGT__OPENED__INIT;

	if (!agent)
		return;
	o.ok = ok;
	o.peer_info = (ProtobufCBinaryData){ info.len, (uint8_t *)(uintptr_t)info.ptr };
	m.union_case = AGT__MESSAGE__UNION_OPENED;
	m.opened = &o;
	opened = true;
	if (hws_ipc_send(agent, &m, -1) < 0)
		return;
}

static void do_control(struct hws_bytes b)
{
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;
	char *reason;

	if (!gate || b.len < 2)
		return;
	c.close = b.ptr[0] & 1;
	reason = hws_strdup("reason"); /* gone after the call, as messages are */
	c.reason = reason;
	c.set_permissions = b.ptr[0] & 2;
	c.permissions = b.ptr[0] & 4 ? ~0u : b.ptr[1];
	if (c.set_permissions)
		permissions |= (uint32_t)c.permissions; /* what is on its way was judged before */
	hws_gate_control(gate, &c);
	hws_free(reason);
}

static void run_op(enum op op, struct hws_bytes b)
{
	ssize_t n;

	switch (op) {
	case OP_FRAME:
		if (viewer && hws_conn_send(viewer, b) < 0)
			hws_conn_close(viewer, HWS_OK);
		break;
	case OP_RAW:
		if (viewer && b.len) {
			n = hws_stream_write(hws_conn_stream(viewer), b);
			(void)n;
		}
		break;
	case OP_AGENT_WIRE:
		if (agent && hws_ipc_send_wire(agent, HWS_CHANNEL_VIDEO, b) < 0)
			hws_ipc_close(agent, HWS_OK);
		break;
	case OP_OPENED:
		do_opened(!b.len || b.ptr[0] & 1, b.len ? hws_bytes(b.ptr + 1, b.len - 1) : b);
		break;
	case OP_VERDICT:
		verdict = b.len ? b.ptr[0] % 5 : AGT__LOGIN_VERDICT__RESULT__OK;
		break;
	case OP_CONTROL:
		do_control(b);
		break;
	case OP_AGENT_CLOSE:
		hws_ipc_close(agent, HWS_OK);
		break;
	default:
		hws_conn_close(viewer, HWS_OK);
		break;
	}
	turn();
}

static bool start(uint8_t flags, bool *handshake)
{
	struct hws_gate_conf gc = { on_sign, on_check, on_state, on_closed, NULL };
	struct hws_conn_conf cc = { .frame_max = 40u << 20,
		.send_max = 1u << 20,
		.send_high = 1u << 19,
		.on_frame = on_frame,
		.on_close = on_viewer_close,
		.arg = handshake };
	struct hws_mem_conf mc = { .pipe_max = 1u << 20, .read_max = flags & 16 ? 1 : 0 };
	struct hws_secure_client_conf sc = {
		.id = "123456789", .server_pk = identity.pk, .plain_ok = HWS_PLAIN_ALL
	};
	uint8_t plain[64] = "\x0a\x09"
			    "123456789"
			    "\x12\x20",
		statement[256];
	Agt__GateStart s = AGT__GATE_START__INIT;
	struct hws_stream *a, *b;

	memcpy(plain + 13, identity.pk, 32);
	s.own_id = (char *)"123456789";
	s.peer_addr = (char *)"192.0.2.7:1";
	s.salt = (char *)"salt";
	s.challenge = (char *)"7kq3fx";
	s.secure = flags & 1;
	s.allow_plaintext = flags & 2;
	*handshake = s.secure && flags & 4;
	permissions = flags & 8 ? 0x5u : ~0u;
	s.permissions = permissions;
	s.login_timeout_ms = 60000;
	if (hws_stream_mem_pair(loop, &mc, &a, &b) < 0)
		return false;
	assert(hws_conn_new(loop, b, &cc, (struct hws_bytes){ 0 }, &viewer) == HWS_OK);
	if (*handshake) {
		hws_identity_sign_attached(&identity, hws_bytes(plain, 45), statement);
		sc.statement = hws_bytes(statement, 45 + HWS_SIG_LEN);
		assert(hws_secure_client_init(&secure, &sc) == HWS_OK);
	}
	assert(hws_gate_new(loop, &gc, &s, a, &gate) == HWS_OK);
	if (*handshake)
		step_secure();
	turn();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 1, 2, 3 };
	bool handshake = false;

	if (hws_crypto_init() < 0 || size < 1 || size > 65536)
		return 0;
	hws_log_set_level(HWS_LOG_ERROR);
	hws_identity_from_seed(seed, &identity);
	gate = NULL;
	viewer = NULL;
	agent = NULL;
	opened = keyed = false;
	ended = 0;
	verdict = AGT__LOGIN_VERDICT__RESULT__OK;
	assert(hws_loop_new(&loop) == HWS_OK);
	if (start(data[0], &handshake)) {
		size_t at = 1;

		while (at + 3 <= size) {
			size_t len = (size_t)data[at + 1] | (size_t)data[at + 2] << 8;
			enum op op = data[at] % OP_COUNT;

			at += 3;
			len = HWS_MIN(len, size - at);
			run_op(op, hws_bytes(data + at, len));
			at += len;
		}
	}
	if (gate)
		hws_gate_close(gate, NULL, HWS_OK);
	hws_conn_close(viewer, HWS_OK);
	hws_ipc_close(agent, HWS_OK);
	turn();
	assert(ended == 1);
	hws_loop_free(loop);
	return 0;
}
