/* The gate towards the desktop: it opens the agent's session and judges what comes from there
 * before the viewer sees it, so that an agent that errs cannot leak what the viewer may not
 * have. */
#include "client/host/gate_parts.h"
#include "client/host/gate_reply.h"
#include "client/host/ipc_caps.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include <unistd.h>

/* Classes that the agent holds back for us, as set bits. */
#define HELD (1u << HWS_SEND_INPUT | 1u << HWS_SEND_VIDEO | 1u << HWS_SEND_BULK)
/* In sessions about files or tunnels nobody types beside the bulk: the line never waits for the
 * agent. */
#define WORK_MAX (64u << 20)
#define WORK_HIGH (4u << 20)
#define PENDING_MAX (8u << 20) /* beside which the largest frame still finds room */

static const struct hws_send_limit work_limit = { WORK_MAX, WORK_HIGH };

static bool has_desktop(const struct hws_gate *g)
{
	return g->login.kind != HWS_KIND_FILE && g->login.kind != HWS_KIND_TERMINAL &&
			g->login.kind != HWS_KIND_FORWARD;
}

/* What the viewer reads when its agent has gone. Deployed ones try again by themselves after the
 * words about the desktop. */
static const char *cut_text(const struct hws_gate *g)
{
	switch (g->login.kind) {
	case HWS_KIND_FILE:
		return "What serves files on the host was interrupted";
	case HWS_KIND_TERMINAL:
		return "What serves terminals on the host was interrupted";
	case HWS_KIND_FORWARD:
		return "What connects tunnels on the host was interrupted";
	default:
		return "The desktop session on the host was interrupted";
	}
}

void hws_gate_forward(struct hws_gate *g, const struct hws_session_row *row, struct hws_bytes frame)
{
	enum hws_channel channel = hws_session_channel_of(row, HWS_TO_HOST, frame.len);
	int r = hws_ipc_send_wire(g->agent, channel, frame);

	if (r < 0)
		hws_gate_close(g, cut_text(g), r);
	else if (hws_ipc_congested(g->agent, hws_channel_class(channel)))
		hws_conn_pause(g->conn);
}

/* What the viewer may not switch on is answered, and does not go on. */
void hws_gate_option(struct hws_gate *g, const struct hws_session_row *row, struct hws_bytes frame)
{
	Ses__Message *m = NULL;
	struct hws_buf trimmed;

	if (hws_ses_unpack(frame, &m) < 0)
		return;
	g->disabled = hws_option_disabled(m->misc->option, g->disabled);
	hws_gate_drop_options(g->conn, m->misc->option, g->login.version, hws_gate_effective(g));
	hws_buf_init(&trimmed, row->cap);
	if (!hws_option_trim(m->misc->option, hws_gate_effective(g)))
		hws_gate_forward(g, row, frame);
	else if (hws_ses_pack(m, &trimmed) == HWS_OK)
		hws_gate_forward(g, row, hws_buf_bytes(&trimmed));
	hws_buf_done(&trimmed);
	hws_ses_free(m);
}

/* What the viewer has stored it switches on with its login. */
static void refuse_options(struct hws_gate *g)
{
	ProtobufCMessage *m = NULL;

	if (hws_msg_unpack(&ses__login_request__descriptor, hws_buf_bytes(&g->login.request),
			    HWS_SES_LIST_MAX, &m) < 0)
		return;
	hws_gate_drop_options(g->conn, ((const Ses__LoginRequest *)m)->option, g->login.version,
			hws_gate_effective(g));
	hws_msg_free(m);
}

static void on_opened(struct hws_gate *g, const Agt__Opened *o)
{
	int r;

	if (g->state != GATE_OPENING)
		return;
	if (!o->ok) {
		hws_gate_refuse(g, o->error && *o->error ? o->error : "No displays",
				HWS_GATE_REFUSED_US);
		return;
	}
	r = hws_gate_send_peer_info(g->conn, hws_bytes(o->peer_info.data, o->peer_info.len),
			&g->welcome_secret);
	hws_wipe(&g->welcome_secret, sizeof(g->welcome_secret));
	if (r < 0) {
		hws_gate_refuse(g, "The desktop could not be opened", HWS_GATE_REFUSED_US);
		return;
	}
	hws_timer_stop(&g->deadline);
	hws_conn_set_frame_max(g->conn, hws_gate_channel_frame_max(HWS_SES_FRAME_MAX));
	hws_gate_set_state(g, GATE_OPEN);
	refuse_options(g);
	hws_gate_tell_quality(g); /* what was measured during the login */
}

static void on_agent_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct hws_gate *g = arg;

	if (m->union_case == AGT__MESSAGE__UNION_OPENED && m->opened->ok &&
			g->state == GATE_OPENING && hws_gate_is_raw(g)) {
		hws_gate_raw_open(g, m->opened, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (m->union_case == AGT__MESSAGE__UNION_OPENED)
		on_opened(g, m->opened);
	else if (m->union_case == AGT__MESSAGE__UNION_ENCODER_STATE)
		g->bitrate = m->encoder_state->bitrate_kbit_s;
}

void hws_gate_let_agent_send(struct hws_gate *g, enum hws_send_class cls)
{
	if (!g->agent)
		return;
	if ((1u << cls) & HELD && hws_ipc_hold(g->agent, cls, false) < 0) {
		hws_gate_end(g, "the desktop takes no messages");
		return;
	}
	if (hws_conn_pending(g->conn) <= PENDING_MAX)
		hws_ipc_resume(g->agent);
}

/* A class that the line does not carry is held back at the agent, and the others still pass. Should
 * one be sent all the same, nothing is read until there is room. */
static void pass_on(struct hws_gate *g, enum hws_channel channel, struct hws_bytes message)
{
	enum hws_send_class cls = hws_channel_class(channel);
	int r = hws_conn_send_whole(g->conn, channel, message);

	if (r < 0) {
		hws_gate_end(g, "the viewer does not take what is sent");
		return;
	}
	if (hws_conn_congested(g->conn, cls) &&
			(!((1u << cls) & HELD) || hws_ipc_hold(g->agent, cls, true) < 0 ||
					hws_conn_pending(g->conn) > PENDING_MAX))
		hws_ipc_pause(g->agent);
	/* A probe follows pictures; what it overtakes it does not measure. */
	if (cls < HWS_SEND_BULK &&
			hws_probes_passed(&g->probes, message.len, hws_loop_now_us(g->loop)))
		hws_gate_probe(g);
}

/* One session message from the agent to the viewer. */
static void on_agent_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes message, void *arg)
{
	struct hws_gate *g = arg;
	struct hws_session_case now = hws_gate_case(g);
	const struct hws_session_row *row = NULL;
	enum hws_session_verdict v;

	if (g->state != GATE_OPEN || !g->conn || hws_gate_is_raw(g) ||
			hws_session_scan(message, &row) < 0)
		return;
	v = row ? hws_session_judge_agent(row, &now, message.len) : HWS_SESSION_DROP_DIRECTION;
	if (v == HWS_SESSION_PASS && !hws_gate_clip_may(g, row, HWS_TO_VIEWER, message))
		v = HWS_SESSION_DROP_PERMISSION;
	if (v != HWS_SESSION_PASS) {
		hws_gate_drop_note(&g->drops, g->peer, row, v, true);
		return;
	}
	pass_on(g, hws_session_channel(row, HWS_TO_VIEWER), message);
}

static void on_agent_close(struct hws_ipc *l HWS_UNUSED, int why, void *arg)
{
	struct hws_gate *g = arg;

	g->agent = NULL;
	if (g->state == GATE_OPENING)
		hws_gate_refuse(g,
				has_desktop(g) ? "The desktop session is not available, try again later"
					       : "What serves this on the host has ended, try again later",
				HWS_GATE_REFUSED_US);
	else if (g->state == GATE_OPEN)
		hws_gate_close(g, cut_text(g), why);
}

/* The viewer's stream cannot be held back by class. */
static void on_agent_drain(struct hws_ipc *l, enum hws_send_class drained HWS_UNUSED, void *arg)
{
	struct hws_gate *g = arg;

	for (enum hws_send_class cls = 0; cls < HWS_SEND_CLASSES; cls++)
		if (hws_ipc_congested(l, cls))
			return;
	if (g->state == GATE_OPEN && !hws_gate_is_raw(g))
		hws_conn_resume(g->conn);
}

static void on_open_timeout(void *arg)
{
	hws_gate_refuse(arg, "The desktop did not answer in time", HWS_GATE_REFUSED_US);
}

void hws_gate_open_desktop(struct hws_gate *g, int agent_fd)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.send_max = HWS_SES_FRAME_MAX + (1u << 20),
		.rate = HWS_IPC_SESSION_RATE,
		.burst = HWS_IPC_SESSION_BURST,
		.takes_fds = hws_gate_is_raw(g),
		.check = hws_ipc_check_agent_to_gate,
		.on_message = on_agent_message,
		.on_wire = on_agent_wire,
		.on_close = on_agent_close,
		.on_drain = on_agent_drain,
		.arg = g };
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Open open = AGT__OPEN__INIT;

	if (agent_fd < 0 || hws_ipc_new(g->loop, agent_fd, &lc, &g->agent) < 0) {
		hws_gate_refuse(g, "No displays", HWS_GATE_REFUSED_US);
		return;
	}
	hws_gate_set_state(g, GATE_OPENING);
	hws_timer_start(g->loop, &g->deadline, HWS_AGENT_ANSWER_US, on_open_timeout, g);
	g->permissions = hws_kind_permissions(g->login.kind, g->permissions);
	if (g->login.kind == HWS_KIND_FILE || g->login.kind == HWS_KIND_FORWARD)
		hws_conn_set_limit(g->conn, HWS_SEND_BULK, &work_limit);
	open.login_request.data = (uint8_t *)(uintptr_t)hws_buf_bytes(&g->login.request).ptr;
	open.login_request.len = hws_buf_len(&g->login.request);
	open.level = g->level;
	m.union_case = AGT__MESSAGE__UNION_OPEN;
	m.open = &open;
	if (hws_ipc_send(g->agent, &m, -1) < 0)
		hws_gate_refuse(g, "The desktop could not be opened", HWS_GATE_REFUSED_US);
}
