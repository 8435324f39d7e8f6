/* The gate and a tunnel of a deployed viewer. After its login the line is raw: no frames and no
 * encryption, the bytes of one connection that the connector has opened and hands over as a socket
 * (docs/tunnels.md). LoginResponse is the last frame to the viewer, and the answer to the last
 * probe the last one from it; so the response waits for that answer, and then for the line to have
 * taken it. */
#include "client/host/gate_parts.h"
#include "shared/base/mem.h"
#include "shared/net/raw.h"
#include <unistd.h>

#define ANSWER_US (10 * HWS_US_PER_S) /* for the viewer to answer, and to take the response */
#define LOOK_US (5 * HWS_US_PER_MS)   /* whether the line has taken it */

bool hws_gate_is_raw(const struct hws_gate *g)
{
	return g->login.kind == HWS_KIND_FORWARD && g->level != HWS_LEVEL_V2;
}

void hws_gate_raw_count(const struct hws_gate *g, uint64_t *ret_in, uint64_t *ret_out)
{
	*ret_in = g->raw.before_in + (g->raw.pump ? hws_pump_forth(g->raw.pump) : 0);
	*ret_out = g->raw.before_out + (g->raw.pump ? hws_pump_back(g->raw.pump) : 0);
}

void hws_gate_raw_done(struct hws_gate *g)
{
	struct hws_gate_raw *r = &g->raw;

	hws_gate_raw_count(g, &r->before_in, &r->before_out);
	hws_timer_stop(&r->look);
	hws_pump_close(r->pump);
	r->pump = NULL;
	hws_stream_close(r->inner);
	r->inner = NULL;
	hws_buf_done(&r->peer_info);
}

static void on_end(struct hws_pump *p HWS_UNUSED, int why, void *arg)
{
	struct hws_gate *g = arg;

	hws_gate_raw_count(g, &g->raw.before_in, &g->raw.before_out);
	g->raw.pump = NULL;
	hws_gate_end(g, why == HWS_OK ? "the tunnel has ended" : hws_err_text(why));
}

/* Takes both. A WebSocket has no bare line: each piece is a message of its own. */
static int join(struct hws_gate *g, const struct hws_pump_conf *conf, struct hws_stream *line,
		struct hws_stream *inner, struct hws_bytes first)
{
	if (hws_stream_fd(line) >= 0)
		return hws_pump_new(conf, line, inner, first, &g->raw.pump);
	int r = hws_stream_raw_new(g->loop, line, (struct hws_bytes){ 0 }, first, &line);
	if (r < 0) {
		hws_stream_close(inner);
		return r;
	}
	return hws_pump_new(conf, line, inner, (struct hws_bytes){ 0 }, &g->raw.pump);
}

/* Everything was said in frames that is to be said. */
static void turn_raw(struct hws_gate *g)
{
	const struct hws_pump_conf conf = { .loop = g->loop,
		.idle_us = HWS_PUMP_IDLE_US,
		.stall_us = HWS_PUMP_STALL_US,
		.half_us = HWS_PUMP_HALF_US,
		.on_end = on_end,
		.arg = g };
	struct hws_stream *line = NULL, *inner = g->raw.inner;
	struct hws_buf first;

	hws_buf_init(&first, 2 * HWS_SES_LOGIN_FRAME_MAX);
	g->raw.before_in = hws_conn_bytes_in(g->conn);
	g->raw.before_out = hws_conn_bytes_out(g->conn);
	int r = hws_conn_detach(g->conn, &line, &first);
	if (r == HWS_OK) {
		g->conn = NULL;
		g->raw.inner = NULL;
		r = join(g, &conf, line, inner, hws_buf_bytes(&first));
	}
	hws_buf_done(&first);
	if (r < 0) {
		hws_gate_end(g, hws_err_text(r));
		return;
	}
	hws_timer_stop(&g->deadline);
}

static void on_look(void *arg)
{
	struct hws_gate *g = arg;

	if (hws_conn_pending(g->conn)) {
		hws_timer_start(g->loop, &g->raw.look, LOOK_US, on_look, g);
		return;
	}
	turn_raw(g);
}

static void on_late(void *arg)
{
	hws_gate_end(arg, "the viewer did not come to the tunnel in time");
}

static void let_in(struct hws_gate *g)
{
	int r = hws_gate_send_peer_info(
			g->conn, hws_buf_bytes(&g->raw.peer_info), &g->welcome_secret);

	hws_wipe(&g->welcome_secret, sizeof(g->welcome_secret));
	hws_buf_done(&g->raw.peer_info);
	if (r < 0) {
		hws_gate_refuse(g, "The tunnel could not be opened", HWS_GATE_REFUSED_US);
		return;
	}
	hws_conn_pause(g->conn); /* what comes now is no frame */
	hws_gate_set_state(g, GATE_OPEN);
	on_look(g);
}

void hws_gate_raw_answered(struct hws_gate *g)
{
	if (g->state == GATE_OPENING && g->raw.inner && !g->probes.count)
		let_in(g);
}

void hws_gate_raw_open(struct hws_gate *g, const Agt__Opened *o, int fd)
{
	struct hws_gate_raw *r = &g->raw;

	if (r->inner || fd < 0 || hws_stream_tcp_new(g->loop, fd, &r->inner) < 0) {
		if (fd >= 0)
			close(fd);
		hws_gate_refuse(g, "The tunnel could not be opened", HWS_GATE_REFUSED_US);
		return;
	}
	hws_buf_init(&r->peer_info, HWS_SES_LOGIN_FRAME_MAX);
	hws_buf_put(&r->peer_info, o->peer_info.data, o->peer_info.len);
	hws_timer_start(g->loop, &g->deadline, ANSWER_US, on_late, g);
	hws_gate_raw_answered(g);
}
