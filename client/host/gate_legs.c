/* The gate and legs (net/legs), from both sides. The gate that serves a session goes on with it
 * over other connections; a gate that is met by JoinLeg instead of a handshake only carries the
 * bytes of such a connection to the other gate, by a socket of hostd's: what it parses is its
 * stream, and what they say it cannot read. */
#include "client/host/gate_parts.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/kcp.h"
#include <unistd.h>

/* A viewer whose line is silent may come back so late, and one whose line was ended, as that of a
 * program that died is, so late: until then its session goes on without anybody there. */
#define AWAY_US (30 * HWS_US_PER_S)
#define ENDED_US (3 * HWS_US_PER_S)
#define JOIN_US (10 * HWS_US_PER_S)
#define CARRY_HELD (16u << 10) /* what lies here can no more be overtaken */
#define CARRY_STALL_US (60 * HWS_US_PER_S)

/* --- the session's gate ----------------------------------------------------------------------- */

static void tell_up(struct hws_gate *g, uint64_t conn, const uint8_t *tag_secret)
{
	Agt__LegUp up = AGT__LEG_UP__INIT;

	up.conn = conn;
	if (tag_secret)
		up.tag_secret = (ProtobufCBinaryData){ HWS_DIGEST_LEN,
			(uint8_t *)(uintptr_t)tag_secret };
	if (g->conf.leg_up)
		g->conf.leg_up(&up, g->conf.arg);
}

static struct hws_gate_stood *stood_at(struct hws_gate *g, uint32_t number)
{
	return &g->legs.stood[number % HWS_GATE_STOOD];
}

/* One that stood before carries the session again. Of a new one on_joined tells. */
static void on_moved(struct hws_gate *g, uint32_t number)
{
	const struct hws_gate_stood *was = stood_at(g, number);

	if (number == 0)
		tell_up(g, 0, NULL);
	else if (was->number == number)
		tell_up(g, was->conn, NULL);
}

static void on_event(struct hws_legs *l HWS_UNUSED, enum hws_legs_event event, uint32_t number,
		void *arg)
{
	struct hws_gate *g = arg;

	if (event == HWS_LEGS_AWAY)
		hws_info_limited("gate.away", HWS_STR("peer", g->peer));
	else if (event == HWS_LEGS_MOVED)
		on_moved(g, number);
}

/* By these its hostd knows the legs that come next, and nobody a leg that has been. */
static void tell_names(struct hws_gate *g, uint32_t first)
{
	Agt__LegNames m = AGT__LEG_NAMES__INIT;
	struct hws_leg_terms t = { .number = first };
	uint8_t names[HWS_LEG_NAMES][HWS_LEG_NAME_LEN];

	if (!g->conf.leg_names)
		return;
	memcpy(t.session, g->legs.session, sizeof(t.session));
	memcpy(t.key_secret, hws_secure_legs_key(&g->secure), sizeof(t.key_secret));
	for (size_t i = 0; i < HWS_LEG_NAMES; i++, t.number++)
		hws_leg_name(&t, names[i]);
	hws_wipe(&t, sizeof(t));
	m.first = first;
	m.names = (ProtobufCBinaryData){ sizeof(names), names[0] };
	g->conf.leg_names(&m, g->conf.arg);
}

int hws_gate_legs_begin(struct hws_gate *g)
{
	const struct hws_legs_conf conf = { .away_us = AWAY_US,
		.ended_us = ENDED_US,
		.unsent = HWS_STREAM_UNSENT,
		.on_event = on_event,
		.arg = g };

	if (!hws_secure_legs_key(&g->secure))
		return HWS_OK;
	tell_names(g, 1);
	return hws_legs_begin(g->conn, &conf, &g->legs.below);
}

static void on_joined(int r, const uint8_t *tag_secret, void *arg)
{
	struct hws_gate_join *j = arg;
	struct hws_gate *g = j->gate;

	j->join = NULL;
	hws_debug("gate.leg", HWS_U64("conn", j->conn), HWS_ERR("result", r));
	/* it may have failed again already: then hostd knows what is used instead */
	if (r < 0 || hws_legs_number(g->legs.below) != j->number)
		return;
	*stood_at(g, j->number) = (struct hws_gate_stood){ j->conn, j->number };
	tell_up(g, j->conn, tag_secret);
}

/* The place of the one that was begun first, if there is none: its viewer has given it up. */
static struct hws_gate_join *free_join(struct hws_gate *g)
{
	struct hws_gate_join *first = &g->legs.joins[0];

	for (size_t i = 0; i < HWS_GATE_JOINS; i++) {
		struct hws_gate_join *j = &g->legs.joins[i];

		if (!j->join)
			return j;
		if (j->number < first->number)
			first = j;
	}
	hws_leg_join_cancel(first->join);
	first->join = NULL;
	return first;
}

/* What somebody looks at goes on. A copy, a shell, a tunnel that is begun anew at once would find
 * its file, its terminal or its port still taken by who has gone; and goes on by itself anyway. */
void hws_gate_legs_opened(struct hws_gate *g)
{
	if (g->legs.below && g->login.kind != HWS_KIND_REMOTE && g->login.kind != HWS_KIND_CAMERA)
		hws_legs_set_ended(g->legs.below, 0);
}

void hws_gate_leg_join(struct hws_gate *g, const Agt__LegJoin *m, int fd)
{
	struct hws_leg_join_conf conf = { .loop = g->loop,
		.timeout_us = JOIN_US,
		.number = m->number,
		.legs = g->legs.below,
		.done = on_joined };
	struct hws_gate_join *j = free_join(g);
	const uint8_t *key_secret = hws_secure_legs_key(&g->secure);
	struct hws_stream *s;

	if (key_secret && m->number < UINT32_MAX - HWS_LEG_NAMES)
		tell_names(g, m->number + 1); /* whatever becomes of this one */
	if (!key_secret || !g->legs.below || g->state != GATE_OPEN ||
			m->nonce.len != sizeof(conf.nonce_v) ||
			hws_stream_tcp_new(g->loop, fd, &s) < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	*j = (struct hws_gate_join){ .gate = g, .conn = m->conn, .number = m->number };
	conf.arg = j;
	memcpy(conf.session, g->legs.session, sizeof(conf.session));
	memcpy(conf.key_secret, key_secret, sizeof(conf.key_secret));
	memcpy(conf.nonce_v, m->nonce.data, sizeof(conf.nonce_v));
	if (hws_leg_join_host(&conf, s, &j->join) < 0)
		j->join = NULL;
	hws_wipe(conf.key_secret, sizeof(conf.key_secret));
}

void hws_gate_legs_done(struct hws_gate *g)
{
	for (size_t i = 0; i < HWS_GATE_JOINS; i++) {
		hws_leg_join_cancel(g->legs.joins[i].join);
		g->legs.joins[i].join = NULL;
	}
	g->legs.below = NULL; /* goes with the link */
	g->legs.line = NULL;
}

/* --- the gate of a connection that joins ------------------------------------------------------ */

static void on_join_limit(void *arg)
{
	hws_gate_end(arg, "the connection did not become one of its session's in time");
}

bool hws_gate_leg_asked(struct hws_gate *g, struct hws_bytes frame)
{
	Agt__LegRequest q = AGT__LEG_REQUEST__INIT;
	struct hws_leg_terms t;
	int r;

	if (hws_secure_state(&g->secure) != HWS_SECURE_WAIT || g->legs.asked ||
			!g->conf.leg_request)
		return false;
	r = hws_leg_join_read(frame, &t);
	if (r == HWS_ERR_NOTFOUND)
		return false;
	if (r < 0 || g->refusal) {
		hws_gate_end(g, r < 0 ? hws_err_text(r) : g->refusal);
		return true;
	}
	g->legs.asked = true;
	hws_conn_pause(g->conn); /* what comes behind is not ours to read */
	hws_timer_start(g->loop, &g->deadline, JOIN_US, on_join_limit, g);
	q.name = (ProtobufCBinaryData){ sizeof(t.name), t.name };
	q.number = t.number;
	q.nonce = (ProtobufCBinaryData){ sizeof(t.nonce_v), t.nonce_v };
	g->conf.leg_request(&q, g->conf.arg);
	return true;
}

static void on_pump_end(struct hws_pump *p HWS_UNUSED, int why, void *arg)
{
	struct hws_gate *g = arg;

	hws_gate_raw_count(g, &g->raw.before_in, &g->raw.before_out);
	g->raw.pump = NULL;
	g->legs.line = NULL;
	hws_gate_end(g, why == HWS_OK ? "carried to the end" : hws_err_text(why));
}

/* Takes `inner`. */
static int carry(struct hws_gate *g, struct hws_stream *inner)
{
	const struct hws_pump_conf conf = { .loop = g->loop,
		.stall_us = CARRY_STALL_US,
		.half_us = HWS_US_PER_S,
		.held_max = CARRY_HELD,
		.on_end = on_pump_end,
		.arg = g };
	struct hws_stream *line = NULL;
	struct hws_buf first;
	int r;

	hws_buf_init(&first, 2 * HWS_SES_LOGIN_FRAME_MAX);
	r = hws_conn_detach(g->conn, &line, &first);
	if (r < 0) {
		hws_stream_close(inner);
	} else {
		g->conn = NULL;
		g->legs.line = line;
		hws_stream_keep_shallow(inner, HWS_STREAM_UNSENT);
		r = hws_pump_new(&conf, line, inner, hws_buf_bytes(&first), &g->raw.pump);
	}
	hws_buf_done(&first);
	return r;
}

static void take_tags(struct hws_gate *g, const ProtobufCBinaryData *tag_secret)
{
	hws_timer_stop(&g->deadline);
	if (tag_secret->len == HWS_KCP_KEY_LEN && g->legs.line && hws_stream_is_kcp(g->legs.line) &&
			hws_stream_kcp_authenticate(g->legs.line, tag_secret->data) < 0)
		hws_debug("gate.leg_untagged", HWS_STR("peer", g->peer));
}

void hws_gate_leg_verdict(struct hws_gate *g, const Agt__LegVerdict *v, int fd)
{
	struct hws_stream *inner;
	int r;

	if (!g->legs.asked || (fd >= 0) != (g->raw.pump == NULL) || g->state >= GATE_CLOSING) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fd < 0) { /* it is a leg: its ends have proved themselves to each other */
		take_tags(g, &v->tag_secret);
		return;
	}
	r = hws_stream_tcp_new(g->loop, fd, &inner);
	if (r < 0)
		close(fd);
	else
		r = carry(g, inner);
	if (r < 0)
		hws_gate_end(g, hws_err_text(r));
}

static void on_last(void *arg)
{
	hws_gate_end(arg, "its session has ended");
}

bool hws_gate_leg_leave(struct hws_gate *g)
{
	if (!g->raw.pump || !g->legs.asked)
		return false;
	hws_timer_start(g->loop, &g->deadline, HWS_LAST_WORDS_US, on_last, g);
	return true;
}
