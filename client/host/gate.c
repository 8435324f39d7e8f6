/* The gate: one viewer, from the first byte to the last. It owns the connection and its state, does
 * the handshake and the login with what hostd answers, and passes on what the table of messages
 * lets through. */
#include "client/host/gate_parts.h"
#include "client/host/gate_reply.h"
#include "client/host/standing.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>
#include <unistd.h>

#define TICK_US HWS_US_PER_S
#define IDLE_US (30 * HWS_US_PER_S)
#define STALL_US (30 * HWS_US_PER_S) /* the viewer takes no byte for so long */
#define LATE_US (2 * HWS_US_PER_S)
#define DOUBT_TICKS 4u /* a viewer that is there answers a probe meanwhile */
/* Small, so that a slow line holds the encoder back instead of growing a backlog of old
 * pictures. */
#define SEND_HIGH (256u << 10)
/* What waits here can still be overtaken, but two frames keep the line busy. */
#define BULK_HIGH (2 * HWS_SEND_BULK_MAX)
#define SEND_MAX (HWS_SES_FRAME_MAX + (8u << 20))

/* What hostd is told of them. */
static const Agt__GateState__State told[] = {
	[GATE_SIGNING] = AGT__GATE_STATE__STATE__HANDSHAKE,
	[GATE_SECURING] = AGT__GATE_STATE__STATE__HANDSHAKE,
	[GATE_LOGIN] = AGT__GATE_STATE__STATE__LOGIN,
	[GATE_CHECKING] = AGT__GATE_STATE__STATE__LOGIN,
	[GATE_OPENING] = AGT__GATE_STATE__STATE__OPENING,
	[GATE_OPEN] = AGT__GATE_STATE__STATE__OPEN,
	[GATE_CLOSING] = AGT__GATE_STATE__STATE__CLOSING,
	[GATE_CLOSED] = AGT__GATE_STATE__STATE__CLOSED,
};

#define TO(s) (1u << (s))
#define TO_END (TO(GATE_CLOSING) | TO(GATE_CLOSED))
static const unsigned may_go[] = {
	[GATE_SIGNING] = TO(GATE_SECURING) | TO_END,
	[GATE_SECURING] = TO(GATE_LOGIN) | TO_END,
	[GATE_LOGIN] = TO(GATE_CHECKING) | TO_END,
	[GATE_CHECKING] = TO(GATE_LOGIN) | TO(GATE_OPENING) | TO_END,
	[GATE_OPENING] = TO(GATE_OPEN) | TO_END,
	[GATE_OPEN] = TO_END,
	[GATE_CLOSING] = TO(GATE_CLOSED),
	[GATE_CLOSED] = 0,
};

uint32_t hws_gate_effective(const struct hws_gate *g)
{
	return g->permissions & ~g->disabled;
}

struct hws_session_case hws_gate_case(const struct hws_gate *g)
{
	return (struct hws_session_case){ g->state == GATE_OPEN ? HWS_AT_OPEN : HWS_AT_LOGIN,
		g->login.kind, hws_gate_effective(g) };
}

void hws_gate_report(struct hws_gate *g)
{
	Agt__GateState s = AGT__GATE_STATE__INIT;

	s.state = told[g->state];
	s.why = g->why;
	s.level = g->level;
	s.rtt_ms = hws_probes_rtt_ms(&g->probes, hws_loop_now_us(g->loop));
	s.final_end = g->final_end;
	if (g->conn) {
		s.bytes_in = hws_conn_bytes_in(g->conn);
		s.bytes_out = hws_conn_bytes_out(g->conn);
	} else {
		hws_gate_raw_count(g, &s.bytes_in, &s.bytes_out);
	}
	g->conf.state(&s, g->conf.arg);
}

void hws_gate_set_state(struct hws_gate *g, enum gate_state to)
{
	if (g->state == to || !(may_go[g->state] & TO(to)))
		return;
	hws_debug("gate.state", HWS_STR("from", hws_standing_name(told[g->state])),
			HWS_STR("to", hws_standing_name(told[to])));
	g->state = to;
	hws_gate_report(g);
}

static void gate_free(void *arg)
{
	struct hws_gate *g = arg;

	hws_secure_wipe(&g->secure);
	hws_gate_login_done(&g->login);
	hws_buf_done_wiped(&g->next_login);
	hws_free(g->salt);
	hws_free(g->challenge);
	hws_free(g->peer);
	hws_free(g->refusal);
	hws_wipe(&g->welcome_secret, sizeof(g->welcome_secret));
	free(g);
}

/* The first reason counts. */
static void set_why(struct hws_gate *g, const char *why)
{
	if (!g->why[0])
		hws_str_escape(g->why, sizeof(g->why), hws_bytes_str(why));
}

void hws_gate_end(struct hws_gate *g, const char *why)
{
	if (g->state == GATE_CLOSED)
		return;
	set_why(g, why);
	hws_timer_stop(&g->tick);
	hws_timer_stop(&g->deadline);
	hws_gate_set_state(g, GATE_CLOSED);
	hws_ipc_close(g->agent, HWS_OK);
	g->agent = NULL;
	hws_gate_raw_done(g);
	hws_gate_legs_done(g);
	hws_conn_close(g->conn, HWS_OK);
	hws_loop_defer(g->loop, &g->gone, gate_free, g);
	g->conf.closed(g, g->conf.arg);
}

static void on_linger(void *arg)
{
	struct hws_gate *g = arg;

	hws_conn_close_flushed(g->conn, HWS_LAST_WORDS_US);
}

/* What was queued last is the viewer's last message; it gets `wait_us` to read it. */
static void finish(struct hws_gate *g, uint64_t wait_us, const char *why)
{
	if (g->state >= GATE_CLOSING)
		return;
	set_why(g, why);
	hws_gate_set_state(g, GATE_CLOSING);
	hws_timer_stop(&g->tick);
	hws_ipc_close(g->agent, HWS_OK);
	g->agent = NULL;
	hws_conn_resume(g->conn);
	hws_timer_start(g->loop, &g->deadline, wait_us, on_linger, g);
}

void hws_gate_refuse(struct hws_gate *g, const char *text, uint64_t wait_us)
{
	if (hws_gate_send_login_error(g->conn, text, NULL) < 0)
		hws_gate_end(g, "send failed");
	else
		finish(g, wait_us, "refused");
}

/* Nobody reads frames any more. */
static bool is_past_frames(const struct hws_gate *g)
{
	return !g->conn || (g->state == GATE_OPEN && hws_gate_is_raw(g));
}

void hws_gate_close(struct hws_gate *g, const char *reason, int why)
{
	if (g->state >= GATE_CLOSING)
		return;
	if (reason && g->state > GATE_SECURING && !is_past_frames(g) &&
			hws_gate_send_close_reason(g->conn, reason) == HWS_OK)
		finish(g, 100 * HWS_US_PER_MS, reason);
	else
		hws_gate_end(g, reason ? reason : hws_err_text(why));
}

/* --- keep-alive --- */

void hws_gate_login_timeout(void *arg)
{
	hws_gate_close(arg, "Login timed out", HWS_ERR_TIMEOUT);
}

void hws_gate_probe(struct hws_gate *g)
{
	uint64_t now = hws_loop_now_us(g->loop);
	uint32_t rtt_ms = hws_probes_rtt_ms(&g->probes, now);
	int64_t number = hws_probes_add(&g->probes, now);

	if (hws_gate_send_test_delay(g->conn, number, rtt_ms, g->bitrate) < 0)
		hws_debug("gate.probe_dropped"); /* the link is ending */
}

void hws_gate_tell_quality(struct hws_gate *g)
{
	const struct hws_flow_answer *a = &g->probes.last;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LinkQuality q = AGT__LINK_QUALITY__INIT;

	q.rtt_us = (uint32_t)HWS_MIN(a->rtt_us, (uint64_t)UINT32_MAX);
	q.late = hws_probes_waiting_us(&g->probes, hws_loop_now_us(g->loop)) > LATE_US;
	q.delivered = a->delivered;
	q.first_us = a->first_us;
	q.answered_us = a->answered_us;
	m.union_case = AGT__MESSAGE__UNION_LINK_QUALITY;
	m.link_quality = &q;
	if (g->state == GATE_OPEN && g->agent && hws_ipc_send(g->agent, &m, -1) < 0)
		hws_debug("gate.agent_full");
}

/* Its viewer is connected anew; a ghost must not hold keys, a dark screen or a lock any longer. */
static bool is_ghost(struct hws_gate *g)
{
	return g->doubted && --g->doubted == 0;
}

/* On a slow line the answer waits behind a long message of the viewer's, who hears meanwhile that
 * somebody is here. */
static void await_answer(struct hws_gate *g)
{
	hws_gate_tell_quality(g);
	if (g->conn && hws_probes_waiting_us(&g->probes, hws_loop_now_us(g->loop)) >= TICK_US / 2)
		hws_conn_send_filler(g->conn);
}

static void on_tick(void *arg)
{
	struct hws_gate *g = arg;

	if (is_ghost(g)) {
		hws_gate_close(g, "Continued on a new connection", HWS_ERR_TIMEOUT);
		return;
	}

	if (g->probes.count)
		await_answer(g);
	else if (g->state < GATE_OPENING || !hws_gate_is_raw(g))
		hws_gate_probe(g);
	if (++g->ticks % HWS_GATE_REPORT_S == 0)
		hws_gate_report(g);
}

static void on_test_delay(struct hws_gate *g, struct hws_bytes frame)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(frame, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_TEST_DELAY && m->test_delay->from_client) {
		/* not with the answer of row test_delay: it measures how soon we answer. Who reads
		 * no answers gets no more of them: they would be kept here, even before a login. */
		if (hws_conn_congested(g->conn, HWS_SEND_CONTROL) ||
				hws_conn_send_on(g->conn, HWS_CHANNEL_CONTROL, frame) < 0)
			hws_debug("gate.echo_dropped");
	} else if (m->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
			hws_probes_answered(&g->probes, m->test_delay->time,
					hws_loop_now_us(g->loop))) {
		hws_gate_tell_quality(g);
		hws_gate_raw_answered(g);
	}
	hws_ses_free(m);
}

/* --- the viewer's side --- */

static void hold_login(struct hws_gate *g, struct hws_bytes frame)
{
	hws_buf_done_wiped(&g->next_login);
	hws_buf_init(&g->next_login, HWS_SES_LOGIN_FRAME_MAX);
	hws_buf_put(&g->next_login, frame.ptr, frame.len);
}

static void on_login(struct hws_gate *g, struct hws_bytes frame)
{
	const struct hws_gate_channel channel = { g->level, hws_secure_binding(&g->secure) };
	Agt__LoginCheck check = AGT__LOGIN_CHECK__INIT;
	const Ses__LoginRequest *lr;
	Ses__Message *m = NULL;
	int r;

	if (g->state == GATE_CHECKING) { /* one at a time; the newest has its turn */
		hold_login(g, frame);
		return;
	}
	if (g->state != GATE_LOGIN) /* once authorised they mean nothing */
		return;
	if (hws_ses_unpack(frame, &m) < 0)
		return;
	lr = m->union_case == SES__MESSAGE__UNION_SWITCH_SIDES_RESPONSE
			? m->switch_sides_response->lr
			: m->login_request;
	r = lr ? hws_gate_login_take(&g->login, lr) : HWS_ERR_DENIED;
	if (r == HWS_ERR_DENIED) {
		hws_gate_refuse(g, "Connection not allowed", HWS_GATE_REFUSED_US);
	} else if (r < 0) {
		hws_gate_end(g, hws_err_text(r));
	} else {
		g->disabled = hws_option_disabled(lr->option, 0);
		hws_timer_start(g->loop, &g->deadline, g->login_timeout_us, hws_gate_login_timeout,
				g);
		hws_gate_set_state(g, GATE_CHECKING);
		hws_gate_login_check(&g->login, lr, &channel, &check);
		if (lr != m->login_request)
			hws_gate_login_switch(m->switch_sides_response, &check);
		g->conf.login_check(&check, g->conf.arg);
	}
	if (lr && lr->os_login)
		hws_wipe(lr->os_login->password, strlen(lr->os_login->password));
	hws_ses_free(m);
}

static void take_held_login(struct hws_gate *g)
{
	struct hws_buf frame = g->next_login;

	hws_buf_init(&g->next_login, HWS_SES_LOGIN_FRAME_MAX);
	if (hws_buf_len(&frame))
		on_login(g, hws_buf_bytes(&frame));
	hws_buf_done_wiped(&frame);
}

/* Only our own viewers have a use for them. */
static struct hws_offers *offers_for(struct hws_gate *g)
{
	return g->level == HWS_LEVEL_V2 ? &g->offers : NULL;
}

static void keep_welcome(struct hws_gate *g, const Agt__LoginVerdict *v)
{
	struct hws_gate_welcome *w = &g->welcome_secret;

	w->has_confirm = v->pake_confirm.len == sizeof(w->confirm);
	if (w->has_confirm)
		memcpy(w->confirm, v->pake_confirm.data, sizeof(w->confirm));
	w->has_leg_session = g->legs.below != NULL;
	memcpy(w->leg_session, g->legs.session, sizeof(w->leg_session));
	w->has_ticket = v->resume_id.len == sizeof(w->ticket.id) &&
			v->resume_secret.len == sizeof(w->ticket.secret);
	if (!w->has_ticket)
		return;
	memcpy(w->ticket.id, v->resume_id.data, sizeof(w->ticket.id));
	memcpy(w->ticket.secret, v->resume_secret.data, sizeof(w->ticket.secret));
}

void hws_gate_verdict(struct hws_gate *g, const Agt__LoginVerdict *v, int agent_fd)
{
	const char *text = v->text ? v->text : "";

	if (g->state != GATE_CHECKING) {
		if (agent_fd >= 0)
			close(agent_fd);
		return;
	}
	if (v->result == AGT__LOGIN_VERDICT__RESULT__OK) {
		keep_welcome(g, v);
		hws_gate_legs_opened(g);
		hws_gate_open_desktop(g, agent_fd);
		return;
	}
	if (agent_fd >= 0)
		close(agent_fd);
	if (v->result == AGT__LOGIN_VERDICT__RESULT__CLOSED) {
		hws_gate_refuse(g, text, v->close_after_ms * HWS_US_PER_MS);
		return;
	}
	hws_gate_set_state(g, GATE_LOGIN);
	hws_timer_start(g->loop, &g->deadline, g->login_timeout_us * HWS_PERSON_TIMES,
			hws_gate_login_timeout, g);
	hws_offers_take(v->offers, v->n_offers, &g->offers);
	if (*text && hws_gate_send_login_error(g->conn, text, offers_for(g)) < 0)
		hws_gate_end(g, "send failed");
	else
		take_held_login(g);
}

/* Before the login there is nothing to refuse yet: what comes then is not answered. */
static void drop(struct hws_gate *g, const struct hws_session_row *row,
		enum hws_session_verdict why, struct hws_bytes frame)
{
	hws_gate_drop_note(&g->drops, g->peer, row, why, false);
	if (g->state == GATE_OPEN)
		hws_gate_drop_refuse(&g->drops, g->conn, row, frame, g->login.kind,
				hws_gate_effective(g), hws_loop_now_us(g->loop));
}

static void act(struct hws_gate *g, const struct hws_session_row *row, struct hws_bytes frame)
{
	switch (row->act) {
	case HWS_ACT_IGNORE:
		hws_gate_drop_note(&g->drops, g->peer, row, HWS_SESSION_DROP_UNSERVED, false);
		break;
	case HWS_ACT_REFUSE:
		drop(g, row, HWS_SESSION_DROP_UNSERVED, frame);
		break;
	case HWS_ACT_LOGIN:
		on_login(g, frame);
		break;
	case HWS_ACT_TEST_DELAY:
		on_test_delay(g, frame);
		break;
	case HWS_ACT_CLOSE_REASON:
		g->final_end = true;
		hws_gate_end(g, "closed by the viewer");
		break;
	case HWS_ACT_OPTION:
		hws_gate_option(g, row, frame);
		break;
	case HWS_ACT_FORWARD:
		hws_gate_forward(g, row, frame);
		break;
	}
}

void hws_gate_session_frame(struct hws_gate *g, struct hws_bytes frame)
{
	struct hws_session_case now = hws_gate_case(g);
	const struct hws_session_row *row = NULL;
	enum hws_session_verdict v;

	if (hws_session_scan(frame, &row) < 0 || !row) {
		hws_gate_drop_note(&g->drops, g->peer, NULL, HWS_SESSION_DROP_UNSERVED, false);
		return;
	}
	v = hws_session_judge(row, HWS_TO_HOST, &now, frame.len);
	if (v == HWS_SESSION_PASS && g->state == GATE_OPEN &&
			!(hws_gate_clip_may(g, row, HWS_TO_HOST, frame) &&
					hws_gate_switch_may(g, row, frame)))
		v = HWS_SESSION_DROP_PERMISSION;
	if (v == HWS_SESSION_PASS)
		act(g, row, frame);
	else
		drop(g, row, v, frame);
}

/* A deployed viewer that was met with Hash has it already. */
static int say_hello(struct hws_gate *g)
{
	const struct hws_gate_hash hash = {
		.salt = g->salt, .challenge = g->challenge, .offers = offers_for(g)
	};
	int r = HWS_OK;

	if (g->secure_used || g->level != HWS_LEVEL_PLAIN)
		r = hws_gate_send_hash(g->conn, &hash);
	return r < 0 ? r : hws_gate_send_permissions(g->conn, ~0u, g->permissions);
}

void hws_gate_start_session(struct hws_gate *g)
{
	if (g->refusal) {
		hws_gate_refuse(g, g->refusal, HWS_GATE_REFUSED_US);
		return;
	}
	hws_gate_set_state(g, GATE_LOGIN);
	hws_timer_start(g->loop, &g->deadline, g->login_timeout_us, hws_gate_login_timeout, g);
	if (say_hello(g) < 0) {
		hws_gate_end(g, "send failed");
		return;
	}
	hws_gate_probe(g);
	hws_timer_every(g->loop, &g->tick, TICK_US, on_tick, g);
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	struct hws_gate *g = arg;

	g->doubted = 0;
	if (g->state == GATE_SECURING)
		hws_gate_channel_frame(g, payload);
	else if (g->state < GATE_CLOSING)
		hws_gate_session_frame(g, payload);
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why, void *arg)
{
	hws_gate_end(arg, hws_err_text(why));
}

static void on_drain(struct hws_conn *c HWS_UNUSED, enum hws_send_class cls, void *arg)
{
	hws_gate_let_agent_send(arg, cls);
}

void hws_gate_control(struct hws_gate *g, const Agt__GateControl *c)
{
	if (c->set_permissions) {
		uint32_t before = g->permissions;

		g->permissions = hws_kind_permissions(g->login.kind, (uint32_t)c->permissions);
		g->clip_shut = c->clip_shut;
		if (g->state > GATE_SECURING && g->state < GATE_CLOSING && !is_past_frames(g) &&
				hws_gate_send_permissions(g->conn, before, g->permissions) < 0)
			hws_debug("gate.permissions_not_sent");
	}
	if (c->prove_alive && g->state == GATE_OPEN && !is_past_frames(g))
		g->doubted = DOUBT_TICKS;
	g->final_end = g->final_end || c->close;
	if (c->close)
		hws_gate_close(g, c->reason ? c->reason : "", HWS_OK);
}

static int copy_start(struct hws_gate *g, const Agt__GateStart *s)
{
	g->salt = hws_strdup(s->salt);
	g->challenge = hws_strdup(s->challenge);
	g->peer = hws_strdup(s->peer_addr);
	g->permissions = (uint32_t)s->permissions;
	g->clip_shut = s->clip_shut;
	if (s->leg_session.len == sizeof(g->legs.session))
		memcpy(g->legs.session, s->leg_session.data, sizeof(g->legs.session));
	g->login_timeout_us = s->login_timeout_ms * HWS_US_PER_MS;
	g->refusal = s->refuse && *s->refuse ? hws_strdup(s->refuse) : NULL;
	if (!g->salt || !g->challenge || !g->peer || (s->refuse && *s->refuse && !g->refusal))
		return HWS_ERR_NOMEM;
	hws_gate_channel_init(g, s);
	return HWS_OK;
}

int hws_gate_new(struct hws_loop *loop, const struct hws_gate_conf *conf,
		const Agt__GateStart *start, struct hws_stream *stream, struct hws_gate **ret)
{
	struct hws_conn_conf cc = { .frame_max = hws_gate_channel_frame_max(
						    HWS_SES_LOGIN_FRAME_MAX),
		.send_max = SEND_MAX,
		.send_high = SEND_HIGH,
		.limit[HWS_SEND_BULK] = { SEND_MAX, BULK_HIGH },
		.idle_us = IDLE_US,
		.stall_us = STALL_US,
		.on_frame = on_frame,
		.on_close = on_close,
		.on_drain = on_drain };
	struct hws_gate *g = calloc(1, sizeof(*g));
	int r = HWS_ERR_NOMEM;

	if (!g) {
		hws_stream_close(stream);
		return r;
	}
	g->loop = loop;
	g->conf = *conf;
	hws_gate_login_init(&g->login);
	hws_buf_init(&g->next_login, HWS_SES_LOGIN_FRAME_MAX);
	hws_stream_keep_shallow(stream, HWS_STREAM_UNSENT);
	cc.arg = g;
	r = copy_start(g, start);
	if (r < 0) {
		hws_stream_close(stream);
		gate_free(g);
		return r;
	}
	r = hws_conn_new(loop, stream, &cc, hws_bytes(NULL, 0), &g->conn);
	if (r < 0) {
		gate_free(g);
		return r;
	}
	*ret = g;
	hws_gate_channel_begin(g);
	return HWS_OK;
}
