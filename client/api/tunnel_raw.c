/* Connections one by one, as deployed hosts have them: for each a way to the host, a handshake and
 * a login of its own, and then plain bytes. Several are set up at once; of those that ask for a
 * password the first one asks, and the others take the answer, too. */
#include "client/api/tunnel.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/kcp_keys.h"
#include "shared/net/pump.h"
#include "shared/net/raw.h"
#include "shared/wire/limits.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define IDLE_US (30 * HWS_US_PER_S)
#define UNSENT_MAX (1u << 20)
/* After the end of one side: deployed hosts know no half-close, and the local program that has gone
 * looks like one that waits for an answer. */
#define HALF_US (2 * HWS_US_PER_S)

struct api_raw {
	struct hws_list node;
	struct api_session_loop *e;
	struct hws_tunnel_told told;
	char from[300], target[300];
	struct hws_session_wish wish; /* borrows `host` */
	char host[256];
	struct hws_stream *local;
	struct api_way *way;
	struct hws_conn *conn;
	struct hws_viewer *viewer;
	struct hws_pump *pump;
	struct hws_timer limit;
	struct hws_deferred step;
	bool setting_up, ended, plain_asked, tried;
	enum hws_login_step asks; /* while `viewer` is ASKING */
	bool can_trust;
};

static void ask_next(struct api_session_loop *e);

/* --- the end ---------------------------------------------------------------------------------- */

static void sweep(void *arg)
{
	struct api_session_loop *e = arg;
	struct hws_list *node;

	while ((node = hws_list_first(&e->tunnel->dead))) {
		struct api_raw *w = hws_container(node, struct api_raw, node);

		hws_list_remove(node);
		hws_viewer_free(w->viewer);
		hws_free(w);
	}
}

static void settled(struct api_raw *w)
{
	if (!w->setting_up)
		return;
	w->setting_up = false;
	w->e->tunnel->setup_count--;
	hws_timer_stop(&w->limit);
}

static void close_local(struct api_raw *w, bool hard)
{
	const struct linger at_once = { 1, 0 };
	int fd = w->local ? hws_stream_fd(w->local) : -1;

	if (hard && fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	hws_stream_close(w->local);
	w->local = NULL;
}

static const char *word_of(int err)
{
	switch (err) {
	case HWS_OK:
		return "ok";
	case HWS_ERR_DENIED:
		return "forbidden";
	case HWS_ERR_REFUSED:
		return "refused";
	case HWS_ERR_UNREACHABLE:
		return "unreachable";
	case HWS_ERR_RESOLVE:
		return "resolve";
	case HWS_ERR_TIMEOUT:
		return "timeout";
	case HWS_ERR_RESET:
		return "reset";
	default:
		return "failed";
	}
}

static void raw_end(struct api_raw *w, int err, const char *text)
{
	struct api_session_loop *e = w->e;
	struct hws_conn *conn = w->conn;

	if (w->ended)
		return;
	w->ended = true;
	settled(w);
	if (w->pump) {
		w->told.bytes_out = hws_pump_forth(w->pump);
		w->told.bytes_in = hws_pump_back(w->pump);
		hws_pump_close(w->pump);
	}
	w->told.err = err;
	w->told.code = word_of(err);
	w->told.text = err < 0 ? text : "";
	api_connect_drop(w->way);
	w->way = NULL;
	w->conn = NULL;
	if (conn) {
		hws_conn_leave(conn, 0, NULL, NULL);
		hws_conn_close(conn, HWS_OK);
	}
	close_local(w, err < 0);
	hws_loop_defer_cancel(&w->step);
	hws_list_remove(&w->node);
	hws_list_push(&e->tunnel->dead, &w->node);
	e->tunnel->raw_count--;
	if (e->tunnel->asking == w)
		e->tunnel->asking = NULL;
	hws_loop_defer(e->ctx->loop, &e->tunnel->sweep, sweep, e);
	api_tunnel_tell(e, HAWSER_TUNNEL_CLOSED, &w->told);
	ask_next(e);
	hws_tunnel_view_raw_room(hws_tunnel_view_of(e->service[HWS_SERVICE_TUNNEL]));
}

void api_raw_end_all(struct api_session_loop *e, const char *text)
{
	struct hws_list *node;

	while ((node = hws_list_first(&e->tunnel->raws)))
		raw_end(hws_container(node, struct api_raw, node), HWS_ERR_CLOSED, text);
	hws_loop_defer_cancel(&e->tunnel->sweep);
	sweep(e);
}

/* --- raw bytes -------------------------------------------------------------------------------- */

static void on_pump_end(struct hws_pump *p, int why, void *arg)
{
	struct api_raw *w = arg;

	w->told.bytes_out = hws_pump_forth(p);
	w->told.bytes_in = hws_pump_back(p);
	w->pump = NULL;
	raw_end(w, why,
			why == HWS_ERR_TIMEOUT ? "not a byte came or went for too long"
					       : "the connection was reset");
}

/* The login was the last that had a frame: what is behind it is the tunnel's. */
static int go_raw(struct api_raw *w)
{
	struct api_session_loop *e = w->e;
	struct hws_buf leftover, unsent;
	struct hws_stream *lower, *raw, *local = w->local;
	int r;

	hws_buf_init(&leftover, 2 * HWS_SES_FRAME_MAX);
	hws_buf_init(&unsent, UNSENT_MAX);
	r = hws_conn_detach_unsent(w->conn, &lower, &leftover, &unsent);
	if (r == HWS_OK) {
		e->bytes_in += hws_conn_bytes_in(w->conn);
		e->bytes_out += hws_conn_bytes_out(w->conn);
		w->conn = NULL; /* gone */
		r = hws_stream_raw_new(e->ctx->loop, lower, hws_buf_bytes(&unsent),
				hws_buf_bytes(&leftover), &raw);
	}
	if (r == HWS_OK) {
		w->local = NULL; /* the pump's, whatever comes */
		r = hws_pump_new(&(struct hws_pump_conf){ .loop = e->ctx->loop,
						 .idle_us = HWS_PUMP_IDLE_US,
						 .stall_us = HWS_PUMP_STALL_US,
						 .half_us = HALF_US,
						 .on_end = on_pump_end,
						 .arg = w },
				local, raw, hws_bytes(NULL, 0), &w->pump);
	}
	hws_buf_done_wiped(&leftover);
	hws_buf_done_wiped(&unsent);
	return r;
}

/* --- the login -------------------------------------------------------------------------------- */

static int on_send(enum hws_channel channel, struct hws_bytes payload, void *arg)
{
	struct api_raw *w = arg;

	return w->conn ? hws_conn_send_whole(w->conn, channel, payload) : HWS_OK;
}

static void on_keyed(const struct hws_secure_keys *keys, void *arg)
{
	struct api_raw *w = arg;

	if (!w->conn)
		return;
	if (keys->level == HWS_LEVEL_V2) {
		hws_conn_set_v2_keys(w->conn, keys->send_secret, keys->receive_secret);
		hws_kcp_take_keys(
				hws_conn_stream(w->conn), keys->send_secret, keys->receive_secret);
	} else {
		hws_conn_set_key(w->conn, keys->send_secret);
	}
}

static void on_frame_max(size_t bytes, void *arg)
{
	struct api_raw *w = arg;

	if (w->conn)
		hws_conn_set_frame_max(w->conn, bytes);
}

static void on_state(enum hws_viewer_state state HWS_UNUSED, void *arg)
{
	struct api_raw *w = arg;

	if (!hws_viewer_limit_us(w->viewer))
		hws_timer_stop(&w->limit);
}

static void ask_next(struct api_session_loop *e)
{
	struct hws_list *node;

	if (e->tunnel->asking || e->closing)
		return;
	hws_list_for (node, &e->tunnel->raws) {
		struct api_raw *w = hws_container(node, struct api_raw, node);

		if (w->ended || !w->viewer)
			continue;
		if (hws_viewer_state(w->viewer) == HWS_VIEWER_ASKING) {
			e->tunnel->asking = w;
			api_viewer_ops.ask(w->asks, w->can_trust, e);
			return;
		}
	}
}

static void on_ask(enum hws_login_step step, bool can_trust, void *arg)
{
	struct api_raw *w = arg;
	struct api_session_loop *e = w->e;
	const char *known = hws_viewer_login(e->viewer)->preset_secret;

	/* It was on its way when another one was answered. */
	if (step == HWS_LOGIN_ASK && known && !w->tried) {
		w->tried = true;
		if (hws_viewer_password(w->viewer, known) == HWS_OK)
			return;
	}
	w->asks = step;
	w->can_trust = can_trust;
	if (e->tunnel->asking == w)
		e->tunnel->asking = NULL; /* its answer was not the right one: again */
	ask_next(e);
}

static void on_ask_plain(const char *why, void *arg)
{
	struct api_raw *w = arg;
	struct api_session_loop *e = w->e;

	w->plain_asked = true;
	if (!e->tunnel->asking) {
		e->tunnel->asking = w;
		api_viewer_ops.ask_plain(why, e);
	}
}

struct hws_viewer *api_raw_asked(struct api_session_loop *e)
{
	return e->tunnel && e->tunnel->asking ? e->tunnel->asking->viewer : e->viewer;
}

/* Those that come later, and those that wait for it, know it as well. */
void api_raw_password(struct api_session_loop *e, const char *password)
{
	if (e->tunnel && hws_login_preset(hws_viewer_login(e->viewer), password) < 0)
		return; /* they will ask */
}

void api_raw_agreed(struct api_session_loop *e, bool agree)
{
	struct hws_list *node, *next;

	if (!e->tunnel)
		return;
	e->tunnel->asking = NULL;
	if (agree)
		hws_viewer_allow_plain(e->viewer);
	hws_list_for_safe (node, next, &e->tunnel->raws) {
		struct api_raw *w = hws_container(node, struct api_raw, node);

		if (w->plain_asked && w->viewer && hws_viewer_agree(w->viewer, agree) < 0)
			w->plain_asked = false;
	}
}

/* What the first one learned lets the others in. */
static void let_others_in(struct api_raw *w)
{
	struct api_session_loop *e = w->e;
	const char *password;
	struct hws_list *node, *next;

	if (e->tunnel->asking == w)
		e->tunnel->asking = NULL;
	hws_login_learn(hws_viewer_login(e->viewer), hws_viewer_login(w->viewer));
	password = hws_viewer_login(e->viewer)->preset_secret;
	hws_list_for_safe (node, next, &e->tunnel->raws) {
		struct api_raw *o = hws_container(node, struct api_raw, node);

		if (password && o != w && o->viewer &&
				hws_viewer_state(o->viewer) == HWS_VIEWER_ASKING &&
				o->asks == HWS_LOGIN_ASK &&
				hws_viewer_password(o->viewer, password) < 0)
			continue;
	}
	ask_next(e);
}

static void on_ready(void *arg)
{
	struct api_raw *w = arg;
	int r;

	if (hws_viewer_level(w->viewer) == HWS_LEVEL_V2) {
		raw_end(w, HWS_ERR_PROTO,
				"the host speaks hawser v2 now: connect again, for one session for all");
		return;
	}
	settled(w);
	api_trust_keep(w->e, w->viewer);
	r = go_raw(w);
	if (r < 0) {
		raw_end(w, r, hws_err_text(r));
		return;
	}
	api_tunnel_tell(w->e, HAWSER_TUNNEL_OPENED, &w->told);
	let_others_in(w);
}

static void on_displays(void *arg HWS_UNUSED)
{
}

static void on_permission(int permission HWS_UNUSED, bool enabled HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_box(
		const char *kind, const char *title, const char *text, const char *link, void *arg)
{
	api_viewer_ops.box(kind, title, text, link, ((struct api_raw *)arg)->e);
}

static void on_delay(uint32_t rtt_ms HWS_UNUSED, uint32_t kbit HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_end(int err, const char *text, const char *peer_text HWS_UNUSED, void *arg)
{
	raw_end(arg, err, text);
}

static const struct hws_viewer_ops raw_ops = {
	.send = on_send,
	.keyed = on_keyed,
	.frame_max = on_frame_max,
	.state = on_state,
	.ask = on_ask,
	.ask_plain = on_ask_plain,
	.ready = on_ready,
	.displays = on_displays,
	.permission = on_permission,
	.box = on_box,
	.delay = on_delay,
	.end = on_end,
};

/* --- the link --------------------------------------------------------------------------------- */

static void on_limit(void *arg)
{
	raw_end(arg, HWS_ERR_TIMEOUT,
			"the host was reached but did not answer as a RustDesk-compatible host does");
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	struct api_raw *w = arg;

	if (!w->ended)
		hws_viewer_frame(w->viewer, payload);
}

static void on_conn_close(struct hws_conn *c, int why, void *arg)
{
	struct api_raw *w = arg;

	w->e->bytes_in += hws_conn_bytes_in(c);
	w->e->bytes_out += hws_conn_bytes_out(c);
	w->conn = NULL;
	raw_end(w, why == HWS_OK ? HWS_ERR_EOF : why,
			"the host closed the connection before the tunnel was there");
}

static int attach(struct api_raw *w, const struct api_path *path)
{
	struct api_session_loop *e = w->e;
	const struct hws_conn_conf conf = { .frame_max = HWS_SES_LOGIN_FRAME_MAX,
		.send_max = UNSENT_MAX,
		.idle_us = IDLE_US,
		.stall_us = IDLE_US,
		.on_frame = on_frame,
		.on_close = on_conn_close,
		.arg = w };
	struct hws_viewer_link link;
	struct api_link_room room;
	int r;

	e->path = path->name;
	e->relayed = path->relayed;
	api_session_loop_link(e, path, &room, &link);
	r = hws_conn_new(e->ctx->loop, path->stream, &conf, path->leftover, &w->conn);
	if (r == HWS_OK)
		r = hws_viewer_sibling(e->viewer, &raw_ops, w, &w->wish, &w->viewer);
	if (r == HWS_OK)
		r = hws_viewer_start(w->viewer, &link);
	if (r == HWS_OK && !w->ended)
		hws_timer_start(e->ctx->loop, &w->limit, hws_viewer_limit_us(w->viewer), on_limit,
				w);
	return r;
}

static void on_reached(int r, const struct api_path *path, const char *text, void *arg)
{
	struct api_raw *w = arg;

	if (r == HWS_OK)
		r = attach(w, path);
	if (r == HWS_OK)
		api_connect_take(w->way);
	if (r < 0)
		raw_end(w, r, text ? text : hws_err_text(r));
}

bool api_raw_room(void *arg)
{
	struct api_session_loop *e = arg;

	return e->tunnel->raw_count < API_RAW_MAX && e->tunnel->setup_count < API_RAW_SETUP_MAX;
}

static void begin(void *arg)
{
	struct api_raw *w = arg;
	struct hws_error err = { 0 };
	int r = api_connect_reach(w->e, on_reached, w, &w->way, &err);

	if (r < 0)
		raw_end(w, r, *err.text ? err.text : hws_err_text(r));
}

void api_raw_open(const struct hws_tunnel_told *t, struct hws_stream *local, const char *host,
		uint16_t port, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_raw *w = hws_alloc(sizeof(*w));

	if (!w) {
		hws_stream_close(local);
		return;
	}
	w->e = e;
	w->local = local;
	snprintf(w->from, sizeof(w->from), "%s", t->from);
	snprintf(w->target, sizeof(w->target), "%s", t->target);
	snprintf(w->host, sizeof(w->host), "%s", host);
	w->told = *t;
	w->told.from = w->from;
	w->told.target = w->target;
	w->wish = (struct hws_session_wish){ .kind = HWS_KIND_FORWARD,
		.forward_host = w->host,
		.forward_port = port,
		.rdp = e->rdp };
	w->setting_up = true;
	hws_stream_want(local, 0);
	hws_list_push(&e->tunnel->raws, &w->node);
	e->tunnel->raw_count++;
	e->tunnel->setup_count++;
	hws_loop_defer(e->ctx->loop, &w->step, begin, w); /* not inside the view */
}
