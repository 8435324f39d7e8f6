/* tests: a gate between a scripted viewer, a scripted hostd and a scripted agent. */
#include "tests/unit/client/host/gate_stage.h"
#include "client/host/standing.h"
#include "shared/crypto/crypto.h"
#include "tests/support/handshake.h"

struct hws_loop *loop;

struct hws_gate *gate;

struct hws_identity identity, server;

unsigned checks, closed;

Agt__LoginVerdict__Result answer;

const char *answer_text;

char last_state[32], last_why[100];

bool refuse_signature, no_agent;

struct hws_ipc *agent;

unsigned opens, wires;

static bool agent_closed;

uint32_t last_wire_field;

Agt__LinkQuality quality; /* as last told */

struct hws_conn *viewer;

Ses__Message *seen[SEEN_MAX];

unsigned seen_count;

bool viewer_closed, swallow;

struct hws_buf trace; /* the conversation as text, when trace.max is set */

struct hws_secure secure;

struct hws_secure_keys viewer_keys;

bool securing;

static void on_sign(const uint8_t box_pk[HWS_BOX_PK_LEN], void *arg HWS_UNUSED)
{
	uint8_t signed_id[HWS_SECURE_SIGNED_MAX], nonce[HWS_NONCE_LEN] = { 5 };
	Agt__SignReply reply = AGT__SIGN_REPLY__INIT;
	size_t len;

	ck_assert_int_eq(hws_secure_sign(&(struct hws_secure_host_word){ .identity = &identity,
							 .id = "123456789",
							 .box_pk = box_pk,
							 .nonce = nonce },
					 signed_id, &len),
			HWS_OK);
	reply.signed_id = (ProtobufCBinaryData){ refuse_signature ? 0 : len, signed_id };
	hws_gate_signed(gate, &reply);
}

static void on_agent_message(
		struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg HWS_UNUSED)
{
	ck_assert_int_lt(fd, 0);
	if (m->union_case == AGT__MESSAGE__UNION_OPEN) {
		opens++;
	} else if (m->union_case == AGT__MESSAGE__UNION_LINK_QUALITY) {
		quality = *m->link_quality;
	}
}

static void on_agent_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes m, void *arg HWS_UNUSED)
{
	const struct hws_session_row *row = NULL;

	ck_assert_int_eq(hws_session_scan(m, &row), HWS_OK);
	ck_assert_ptr_nonnull(row);
	last_wire_field = row->field * 100u + row->misc;
	wires++;
}

static void on_agent_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	agent = NULL;
	agent_closed = true;
}

static void on_check(const Agt__LoginCheck *check, void *arg HWS_UNUSED)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.on_message = on_agent_message,
		.on_wire = on_agent_wire,
		.on_close = on_agent_close };
	Agt__LoginVerdict v = AGT__LOGIN_VERDICT__INIT;
	int fds[2] = { -1, -1 };

	ck_assert_str_eq(check->my_id, "987654321");
	checks++;
	v.result = answer;
	v.text = (char *)(uintptr_t)answer_text;
	v.close_after_ms = 10;
	if (answer == AGT__LOGIN_VERDICT__RESULT__OK && !no_agent) {
		ck_assert_int_eq(hws_ipc_pair(fds), HWS_OK);
		ck_assert_int_eq(hws_ipc_new(loop, fds[0], &lc, &agent), HWS_OK);
	}
	hws_gate_verdict(gate, &v, fds[1]);
}

static void on_state(const Agt__GateState *s, void *arg HWS_UNUSED)
{
	ck_assert_int_eq(hws_str_copy(last_state, sizeof(last_state), hws_standing_name(s->state)),
			HWS_OK);
	hws_str_escape(last_why, sizeof(last_why), hws_bytes_str(s->why));
}

static void on_closed(struct hws_gate *g HWS_UNUSED, void *arg HWS_UNUSED)
{
	gate = NULL;
	closed++;
}

void step_viewer_secure(void)
{
	ck_assert_int_eq(handshake_step(&secure, viewer, &viewer_keys), HWS_OK);
	if (hws_secure_state(&secure) == HWS_SECURE_WAIT ||
			hws_secure_state(&secure) == HWS_SECURE_CONFIRM)
		return;
	securing = false;
}

/* What is signed is new each time: told, but not written out. */
static bool without_signed_id(struct hws_bytes payload, struct hws_buf *ret)
{
	Ses__Message *m = NULL;
	bool has;

	ck_assert_int_eq(hws_ses_unpack(payload, &m), HWS_OK);
	has = m->union_case == SES__MESSAGE__UNION_HASH && m->hash->v2_signed_id.len;
	if (has) {
		m->hash->v2_signed_id.len = 0;
		ck_assert_int_eq(hws_ses_pack(m, ret), HWS_OK);
	}
	hws_ses_free(m);
	return has;
}

static void note(const char *who, struct hws_bytes payload)
{
	struct hws_buf shorter;
	char hex[2048];
	bool has;

	if (!trace.max)
		return;
	hws_buf_init(&shorter, 4096);
	has = without_signed_id(payload, &shorter);
	if (has)
		payload = hws_buf_bytes(&shorter);
	ck_assert_int_eq(hws_hex_encode(payload, hex, sizeof(hex)), HWS_OK);
	hws_buf_fmt(&trace, "%s %s%s\n", who, hex, has ? " and v2_signed_id" : "");
	hws_buf_done(&shorter);
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	if (securing) {
		ck_assert_int_eq(hws_secure_frame(&secure, payload), HWS_OK);
		step_viewer_secure();
		return;
	}
	if (swallow)
		return;
	note("host  ", payload);
	ck_assert_uint_lt(seen_count, SEEN_MAX);
	ck_assert_int_eq(hws_ses_unpack(payload, &seen[seen_count]), HWS_OK);
	seen_count++;
}

static void on_viewer_close(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	viewer = NULL;
	viewer_closed = true;
}

void start(Agt__GateStart *s)
{
	struct hws_gate_conf conf = { on_sign, on_check, on_state, on_closed, NULL };
	struct hws_conn_conf cc = { .frame_max = 40u << 20,
		.send_max = 80u << 20,
		.send_high = 1u << 20,
		.on_frame = on_frame,
		.on_close = on_viewer_close };
	struct hws_mem_conf mc = { .pipe_max = 128u << 10 };
	struct hws_stream *a, *b;

	s->allow_plaintext = s->allow_plaintext || !s->secure; /* a deployed viewer, by address */
	s->own_id = (char *)"123456789";
	s->peer_addr = (char *)"192.0.2.7:1";
	s->salt = (char *)"23456789abcdefghijkmnpqrstuvwxyz";
	s->challenge = (char *)"7kq3fx";
	if (!s->login_timeout_ms)
		s->login_timeout_ms = 60000;
	ck_assert_int_eq(hws_stream_mem_pair(loop, &mc, &a, &b), HWS_OK);
	ck_assert_int_eq(hws_conn_new(loop, b, &cc, (struct hws_bytes){ 0 }, &viewer), HWS_OK);
	ck_assert_int_eq(hws_gate_new(loop, &conf, s, a, &gate), HWS_OK);
}

void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_identity_generate(false, &identity);
	hws_identity_generate(true, &server);
	answer = AGT__LOGIN_VERDICT__RESULT__OK;
	answer_text = "";
}

void teardown(void)
{
	if (gate)
		hws_gate_close(gate, NULL, HWS_OK);
	hws_conn_close(viewer, HWS_OK);
	hws_ipc_close(agent, HWS_OK);
	for (unsigned i = 0; i < seen_count; i++)
		hws_ses_free(seen[i]);
	hws_loop_free(loop);
}

Ses__Message *find(Ses__Message__UnionCase what)
{
	for (unsigned i = 0; i < seen_count; i++)
		if (seen[i]->union_case == what)
			return seen[i];
	return NULL;
}

const char *login_error(void)
{
	Ses__Message *m = NULL;

	for (unsigned i = 0; i < seen_count; i++)
		if (seen[i]->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE)
			m = seen[i];
	if (!m || m->login_response->union_case != SES__LOGIN_RESPONSE__UNION_ERROR)
		return NULL;
	return m->login_response->error;
}

void send_login(const char *my_id, Ses__LoginRequest__UnionCase kind)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__ViewCamera camera = SES__VIEW_CAMERA__INIT;

	lr.username = (char *)"123456789";
	lr.my_id = (char *)(uintptr_t)my_id;
	lr.union_case = kind;
	if (kind == SES__LOGIN_REQUEST__UNION_VIEW_CAMERA)
		lr.view_camera = &camera;
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	ck_assert_int_eq(hws_gate_send(viewer, &m), HWS_OK);
}

void send_raw(const char *bytes, size_t len)
{
	note("viewer", hws_bytes(bytes, len));
	ck_assert_int_eq(hws_conn_send(viewer, hws_bytes(bytes, len)), HWS_OK);
}

void agent_answers(bool ok)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Opened o = AGT__OPENED__INIT;
	static uint8_t info[] = "\x12\x04host\x1a\x05Linux";

	o.ok = ok;
	o.error = (char *)(ok ? "" : "No displays");
	o.peer_info = (ProtobufCBinaryData){ sizeof(info) - 1, info };
	m.union_case = AGT__MESSAGE__UNION_OPENED;
	m.opened = &o;
	ck_assert_int_eq(hws_ipc_send(agent, &m, -1), HWS_OK);
}
