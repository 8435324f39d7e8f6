/* A session on the loop's thread: it ties link, viewer core, services and recording together and
 * decides what follows an end. An embedder's handle may be gone before it; it ends by itself
 * then. */
#include "client/api/session_loop.h"
#include "client/decoder/confined.h"
#include "client/services/video/video_view.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/sys/private_file.h"
#include "shared/wire/limits.h"
#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SEND_MAX (64u << 20)
#define SEND_HIGH (1u << 20)
#define BULK_MAX (8u << 20) /* whoever sends it waits for room */
#define GOODBYE_US (300 * HWS_US_PER_MS)

hawser_context *api_session_loop_context(const struct api_session_loop *e)
{
	return e->ctx;
}

/* --- who we are ------------------------------------------------------------------------------- */

static void own_id(const struct hws_viewer_config *c, char *buf, size_t size)
{
	char host[HWS_PEER_TEXT] = "hawser";

	if (!*c->id && gethostname(host, sizeof(host) - 1) < 0)
		snprintf(host, sizeof(host), "hawser");
	hws_str_escape(buf, size, hws_bytes_str(*c->id ? c->id : host));
}

/* The user's name, each word with a capital, as deployed viewers show it. */
static void own_name(const struct hws_viewer_config *c, char *buf, size_t size)
{
	struct passwd pw, *found = NULL;
	char room[2048];

	if (*c->name) {
		hws_str_escape(buf, size, hws_bytes_str(c->name));
		return;
	}
	if (getpwuid_r(geteuid(), &pw, room, sizeof(room), &found) != 0)
		found = NULL;
	hws_str_escape(buf, size, hws_bytes_str(found ? found->pw_name : "user"));
	for (char *p = buf; *p; p++)
		if ((p == buf || p[-1] == ' ') && islower((unsigned char)*p))
			*p = (char)toupper((unsigned char)*p);
}

static void own_hwid(uint8_t ret[HWS_HWID_LEN])
{
	struct hws_buf id;

	hws_buf_init(&id, 256);
	if (hws_private_file_read("/etc/machine-id", HWS_PRIVATE_OWN, &id, NULL) < 0)
		hws_buf_put_str(&id, "no machine id");
	hws_hwid(hws_buf_bytes(&id), ret);
	hws_buf_done(&id);
}

static int new_viewer(struct api_session_loop *e, const struct api_session_loop_conf *conf)
{
	struct hws_viewer_conf vc = { .ops = &api_viewer_ops,
		.arg = e,
		.my_platform = "Linux",
		.options = conf->options,
		.wish = conf->wish,
		.allow_plain = conf->allow_plain,
		.require_v2 = conf->require_v2,
		.legs = true,
		.switch_number = conf->switch_number };
	char id[HWS_PEER_TEXT], name[HWS_PEER_TEXT];
	const struct hws_known_peer *known;
	int r;

	do
		hws_rand_bytes(&vc.session_id, sizeof(vc.session_id));
	while (vc.session_id == 0);
	own_hwid(vc.hwid);
	pthread_mutex_lock(&e->ctx->lock);
	own_id(hws_view_settings_config(e->ctx->settings), id, sizeof(id));
	own_name(hws_view_settings_config(e->ctx->settings), name, sizeof(name));
	vc.my_id = conf->own_id ? conf->own_id : id;
	e->has_id = conf->own_id || *hws_view_settings_config(e->ctx->settings)->id;
	vc.my_name = name;
	hws_view_settings_look(e->ctx->settings);
	known = api_servers_peer(e);
	vc.trusted = known && known->trusted;
	r = hws_viewer_new(&vc, &e->viewer);
	if (r == HWS_OK && conf->password)
		r = hws_login_preset(hws_viewer_login(e->viewer), conf->password);
	else if (r == HWS_OK && known)
		r = api_trust_remembered(e, known);
	pthread_mutex_unlock(&e->ctx->lock);
	return r;
}

static void on_decoder_broken(const char *text, void *arg)
{
	api_session_loop_end(arg, HWS_ERR_CORRUPT, text, NULL);
}

int api_session_loop_new(hawser_session *s, const struct api_session_loop_conf *conf,
		struct api_session_loop **ret)
{
	struct api_session_loop *e = hws_alloc(sizeof(*e));
	int r;

	if (!e)
		return HWS_ERR_NOMEM;
	e->ctx = s->ctx;
	e->s = s;
	e->target = *conf->target;
	e->force_relay = conf->force_relay || e->target.force_relay;
	e->keep_path = conf->keep_path;
	e->no_retry = conf->no_retry;
	e->rdp = conf->wish.rdp;
	e->remember = conf->remember;
	e->has_accepted = conf->accepted_pk != NULL;
	if (conf->accepted_pk)
		memcpy(e->accepted_pk, conf->accepted_pk, sizeof(e->accepted_pk));
	e->proxy = conf->proxy;
	e->path = "";
	r = api_servers_set(e, &conf->servers);
	if (r == HWS_OK)
		r = hws_confined_new(&(struct hws_confined_conf){ .loop = e->ctx->loop,
						     .hardware = conf->hardware,
						     .on_broken = on_decoder_broken,
						     .arg = e },
				&e->decoder);
	if (r == HWS_OK)
		r = new_viewer(e, conf);
	if (r == HWS_OK)
		r = api_services_new(e, conf);
	if (r < 0) {
		hws_viewer_free(e->viewer);
		api_services_free(e);
		api_tunnel_free(e);
		hws_confined_free(e->decoder);
		hws_free(e);
		return r;
	}
	api_session_ref(s);
	*ret = e;
	return HWS_OK;
}

/* --- the link --------------------------------------------------------------------------------- */

static void on_limit(void *arg)
{
	api_session_loop_end(arg, HWS_ERR_TIMEOUT,
			"the host was reached but did not answer as a RustDesk-compatible host does; check "
			"the port, or try again later",
			NULL);
}

/* A deployed host that could send AV1 and sends something else, because somebody asks for it: it
 * keeps to AV1's small bitrate by leaving pictures out. Hosts of ours, which tell their layout,
 * send what the line carries. */
static bool is_starving(const struct api_session_loop *e)
{
	const struct hws_peer *peer = hws_viewer_peer(e->viewer);
	struct hws_video_stats st;

	if (!e->service[HWS_SERVICE_VIDEO] || !peer->encodes_av1 || peer->layout[0] ||
			hws_viewer_level(e->viewer) == HWS_LEVEL_V2)
		return false;
	hws_video_view_stats(hws_video_view_of(e->service[HWS_SERVICE_VIDEO]), &st);
	return st.codec == HWS_CODEC_VP8 || st.codec == HWS_CODEC_VP9;
}

static void wish_quality(struct api_session_loop *e, uint64_t now)
{
	struct hws_view_options o = *hws_viewer_options(e->viewer);
	uint64_t bytes = e->conn ? hws_conn_bytes_in(e->conn) : 0;
	struct hws_quality_sample s = { .now_us = now,
		.rtt_fresh = !e->silent_s && now <= e->rtt_us + 3 * HWS_US_PER_S,
		.rtt_ms = e->rtt_ms,
		.target_kbit = e->target_kbit,
		.kbit_s = (double)(bytes - HWS_MIN(bytes, e->wish_bytes)) * 8 / 1000,
		.fps = e->fps,
		.fps_wish = o.fps > 0 ? (unsigned)o.fps : 30,
		.relayed = e->relayed };

	e->wish_bytes = bytes;
	if (hws_viewer_state(e->viewer) != HWS_VIEWER_READY ||
			hws_viewer_kind(e->viewer) != HWS_KIND_REMOTE || !is_starving(e))
		return;
	if (!hws_quality_wish_tick(&e->wish, &s))
		return;
	o.raised = e->wish.percent;
	hws_viewer_set_options(e->viewer, &o);
}

static void on_tick(void *arg)
{
	struct api_session_loop *e = arg;
	uint64_t now = hws_loop_now_us(e->ctx->loop);

	hws_viewer_tick(e->viewer, now);
	api_input_step(e);
	api_input_note_mode(e);
	api_paths_tick(e);
	api_filler_tick(e);
	api_report_silence(e, now);
	api_report_stats(e, now);
	wish_quality(e, now);
}

/* Called by the report of states. */
static void watch_state(struct api_session_loop *e)
{
	uint64_t limit = hws_viewer_limit_us(e->viewer);
	enum hws_viewer_state state = hws_viewer_state(e->viewer);

	if (state > HWS_VIEWER_SECURING && state != HWS_VIEWER_ENDED)
		api_connect_take(e->way);
	if (limit && !hws_timer_active(&e->limit))
		hws_timer_start(e->ctx->loop, &e->limit, limit, on_limit, e);
	else if (!limit)
		hws_timer_stop(&e->limit);
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	struct api_session_loop *e = arg;

	hws_viewer_frame(e->viewer, payload);
	if (e->silent_s)
		api_report_silence(e, hws_loop_now_us(e->ctx->loop));
	watch_state(e);
}

static void lost_text(const struct api_session_loop *e, int why, char *text, size_t size)
{
	/* v2 says goodbye in a way that nobody else can: without it the line was cut. */
	if (why == HWS_ERR_RESET && e->retry.was_ready &&
			hws_viewer_level(e->viewer) == HWS_LEVEL_V2) {
		snprintf(text, size, "the connection to the host was cut");
		return;
	}
	switch (why) {
	case HWS_ERR_TIMEOUT:
		snprintf(text, size,
				"the connection to the host was lost: nothing came for 30 seconds");
		break;
	case HWS_ERR_EOF:
	case HWS_ERR_RESET:
		snprintf(text, size, "%s",
				e->retry.was_ready ? "the host closed the connection"
						: e->relayed
						? "the connection was closed by the relay or the host; the relay "
						  "may demand another key"
						: "the host closed the connection before the login; it may be "
						  "busy or refuse this address");
		break;
	case HWS_ERR_CRYPTO:
		snprintf(text, size,
				"a message could not be decrypted; somebody may be tampering with the "
				"connection");
		break;
	case HWS_ERR_TOOBIG:
		snprintf(text, size,
				"the host announced a message larger than any real host sends; it is no "
				"RustDesk-compatible host");
		break;
	default:
		snprintf(text, size, "the connection to the host was lost: %s", hws_err_text(why));
		break;
	}
}

static void on_conn_close(struct hws_conn *c, int why, void *arg)
{
	struct api_session_loop *e = arg;
	char text[300];

	e->bytes_in += hws_conn_bytes_in(c);
	e->bytes_out += hws_conn_bytes_out(c);
	api_paths_end(e);
	e->conn = NULL;
	if (e->ended || e->closing)
		return;
	lost_text(e, why, text, sizeof(text));
	api_session_loop_end(e, why == HWS_OK ? HWS_ERR_EOF : why, text, NULL);
}

static void on_conn_drain(
		struct hws_conn *c HWS_UNUSED, enum hws_send_class cls HWS_UNUSED, void *arg)
{
	struct api_session_loop *e = arg;

	api_input_step(e);
	hws_viewer_drained(e->viewer);
}

/* A link that is only kept until its goodbye is told. It belongs to the context: the session may
 * connect again or be freed meanwhile, and what becomes of the old link is nothing to it. */
struct leaving {
	struct hws_list node;
	hawser_context *ctx;
	struct hws_conn *conn;
};

static void on_left(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct leaving *l = arg;
	hawser_context *ctx = l->ctx;

	hws_list_remove(&l->node);
	hws_free(l);
	if (ctx->stopping && hws_list_empty(&ctx->leaving))
		hws_loop_stop(ctx->loop);
}

static void leave_link(struct api_session_loop *e)
{
	struct hws_conn *c = e->conn;
	struct leaving *l;

	if (!c)
		return;
	api_paths_end(e);
	e->conn = NULL;
	hws_timer_stop(&e->filler);
	e->silent_s = 0;
	e->bytes_in += hws_conn_bytes_in(c);
	e->bytes_out += hws_conn_bytes_out(c);
	l = hws_alloc(sizeof(*l));
	if (!l) { /* the host sees the end of the stream instead of a goodbye */
		hws_conn_leave(c, 0, NULL, NULL);
		hws_conn_close(c, HWS_ERR_NOMEM);
		return;
	}
	l->ctx = e->ctx;
	l->conn = c;
	hws_list_push(&e->ctx->leaving, &l->node);
	hws_conn_leave(c, GOODBYE_US, on_left, l);
}

void api_session_loop_abandon(hawser_context *ctx)
{
	struct hws_list *node;

	while ((node = hws_list_first(&ctx->leaving)))
		hws_conn_close(hws_container(node, struct leaving, node)->conn, HWS_OK);
}

void api_session_loop_link(struct api_session_loop *e, const struct api_path *path,
		struct api_link_room *room, struct hws_viewer_link *ret)
{
	const struct sockaddr_storage *peer = &path->stream->peer;

	_Static_assert(sizeof(room->address) >= HWS_ADDR_TEXT, "room for any address");
	api_trust_pin(e, &room->pin);
	hws_addr_text(peer, room->address, sizeof(room->address));
	*ret = (struct hws_viewer_link){
		.username = e->target.username[0] ? e->target.username : room->address,
		.name = api_trust_name(e, room->name, sizeof(room->name)),
		.local = !path->relayed && hws_addr_is_loopback(peer),
		.id = path->by_address ? "" : e->target.id,
		.statement = path->statement,
		.server_pk = path->server_pk,
		.pinned_pk = room->pin.has_pk ? room->pin.pk : NULL,
		.pinned_level = room->pin.level,
		.pin_given = e->has_accepted,
	};
}

void api_session_loop_attach(struct api_session_loop *e, const struct api_path *path)
{
	/* about bulk alone: nobody types beside it */
	const bool work = hws_viewer_kind(e->viewer) == HWS_KIND_FILE ||
			hws_viewer_kind(e->viewer) == HWS_KIND_FORWARD;
	const struct hws_conn_conf conf = { .frame_max = HWS_SES_LOGIN_FRAME_MAX,
		.send_max = SEND_MAX,
		.send_high = SEND_HIGH,
		.limit[HWS_SEND_BULK] = { BULK_MAX, work ? BULK_MAX / 2 : 2 * HWS_SEND_BULK_MAX },
		.idle_us = API_IDLE_US,
		.stall_us = API_IDLE_US,
		.on_frame = on_frame,
		.on_close = on_conn_close,
		.on_drain = on_conn_drain,
		.arg = e };
	struct api_link_room room;
	struct hws_viewer_link link;
	int r;

	e->path = path->name;
	e->relayed = path->relayed;
	api_session_loop_link(e, path, &room, &link);
	hws_stream_keep_shallow(path->stream, HWS_STREAM_UNSENT);
	r = hws_conn_new(e->ctx->loop, path->stream, &conf, path->leftover, &e->conn);
	if (r < 0) {
		api_session_loop_end(e, r, "the connection could not be used", NULL);
		return;
	}
	r = hws_viewer_start(e->viewer, &link);
	if (r < 0)
		api_session_loop_end(e, r, "the session could not be started", NULL);
	watch_state(e);
}

/* --- ends and beginnings ---------------------------------------------------------------------- */

/* A new link may be a slower one: it begins with what the user chose. */
static void forget_wish(struct api_session_loop *e)
{
	struct hws_view_options o = *hws_viewer_options(e->viewer);

	e->wish = (struct hws_quality_wish){ 0 };
	e->wish_bytes = 0;
	o.raised = 0;
	hws_viewer_set_options(e->viewer, &o);
}

static void start(struct api_session_loop *e)
{
	e->ended = false;
	e->end_local = false;
	e->started_us = hws_clock_us();
	e->first_frame_us = 0;
	e->second_us = 0;
	e->rtt_ms = e->target_kbit = e->silent_s = 0;
	forget_wish(e);
	if (!hws_timer_active(&e->tick))
		hws_timer_every(e->ctx->loop, &e->tick, HWS_US_PER_S, on_tick, e);
	api_report_state(e, HAWSER_STATE_CONNECTING, "connecting", 0);
	/* now, so that the first picture does not wait */
	if (e->s->kind == HWS_KIND_REMOTE || e->s->kind == HWS_KIND_CAMERA)
		hws_confined_start(e->decoder);
	api_connect_start(e);
}

static void on_retry(void *arg)
{
	start(arg);
}

/* Runs at the end of the turn, when nothing of the viewer is on the stack any more. */
static void finish(void *arg)
{
	struct api_session_loop *e = arg;
	uint64_t delay = 0;

	if (e->closing)
		return;
	hws_timer_stop(&e->limit);
	leave_link(e);
	hws_viewer_lost(e->viewer);
	if (api_connect_other(e)) {
		e->ended = false;
		return;
	}
	api_connect_cancel(e);
	api_record_cut(e, e->end_err);
	if (!e->end_local && !e->no_retry &&
			hws_retry_next(&e->retry, e->end_err, e->end_peer_text, hws_clock_us(),
					&delay)) {
		hws_timer_start(e->ctx->loop, &e->retry_timer, delay, on_retry, e);
		api_report_state(e, HAWSER_STATE_RETRYING, e->end_text, (uint32_t)(delay / 1000));
		return;
	}
	api_record_end(e, e->end_err);
	hws_timer_stop(&e->tick);
	api_tunnel_end(e);
	hws_confined_stop(e->decoder);
	api_report_stats(e, hws_clock_us());
	api_report_state(e, HAWSER_STATE_CLOSED, e->end_text, 0);
	api_report_closed(e, e->end_err, e->end_text);
}

void api_session_loop_end(
		struct api_session_loop *e, int err, const char *text, const char *peer_text)
{
	if (e->ended || e->closing)
		return;
	e->ended = true;
	e->end_err = err;
	snprintf(e->end_text, sizeof(e->end_text), "%s", text);
	snprintf(e->end_peer_text, sizeof(e->end_peer_text), "%s", peer_text ? peer_text : "");
	hws_loop_defer(e->ctx->loop, &e->ending, finish, e);
}

static void rest(void *arg)
{
	struct api_session_loop *e = arg;

	if (e->closing)
		return;
	api_connect_cancel(e);
	hws_timer_stop(&e->limit);
	api_report_state(e, HAWSER_STATE_READY, e->end_text, 0);
	api_report_peer(e, HAWSER_EVENT_READY);
	leave_link(e);
	hws_viewer_lost(e->viewer);
	e->rested(e);
}

void api_session_loop_rest(struct api_session_loop *e, const char *text, void (*then)(void *arg))
{
	if (e->ended || e->closing)
		return;
	e->ended = true; /* what becomes of the link is nothing to the session */
	e->rested = then;
	snprintf(e->end_text, sizeof(e->end_text), "%s", text);
	hws_loop_defer(e->ctx->loop, &e->ending, rest, e);
}

void api_session_loop_open(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	hws_list_push(&e->ctx->engines, &e->node);
	api_network_watch(e->ctx);
	start(e);
}

/* Lets go of link and attempts without a word to the embedder. */
static void drop_link(struct api_session_loop *e)
{
	api_connect_cancel(e);
	hws_timer_stop(&e->limit);
	hws_timer_stop(&e->retry_timer);
	e->ended = true; /* before the goodbye: that it cannot be sent is no end to be told */
	if (e->conn)
		hws_viewer_leave(e->viewer);
	leave_link(e);
	hws_loop_defer_cancel(&e->ending);
	hws_viewer_lost(e->viewer);
	api_record_cut(e, HWS_OK);
}

bool api_session_loop_retry(struct api_session_loop *e, uint64_t delay_us)
{
	if (!hws_timer_active(&e->retry_timer))
		return false;
	hws_timer_start(e->ctx->loop, &e->retry_timer, delay_us, on_retry, e);
	return true;
}

void api_session_loop_reconnect(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	drop_link(e);
	e->retry = (struct hws_retry){ 0 };
	start(e);
}

void api_session_loop_disconnect(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	if (e->s->state == HAWSER_STATE_CLOSED)
		return;
	hws_viewer_leave(e->viewer);
	hws_timer_stop(&e->retry_timer);
	e->ended = false;
	e->end_local = true;
	api_session_loop_end(e, HWS_OK, "disconnected", NULL);
}

static void free_engine(void *arg)
{
	struct api_session_loop *e = arg;

	api_session_unref(e->s);
	hws_free_wiped(e, sizeof(*e));
}

void api_session_loop_close(struct api_session_loop *e)
{
	if (e->closing)
		return;
	drop_link(e);
	e->closing = true;
	api_record_forget(e);
	api_forget_screenshot(e);
	hws_list_remove(&e->node);
	hws_timer_stop(&e->tick);
	hws_timer_stop(&e->filler);
	api_stretch_forget(e);
	api_tunnel_end(e);
	hws_viewer_free(e->viewer);
	api_services_free(e);
	api_tunnel_free(e);
	hws_confined_free(e->decoder);
	hws_loop_defer(e->ctx->loop, &e->ending, free_engine, e);
}
