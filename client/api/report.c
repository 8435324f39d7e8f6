/* What the viewer's core and services say, as events for the embedder: the one place where inner
 * terms become public ones. */
#include "client/api/codecs.h"
#include "client/api/lan.h"
#include "client/api/session_loop.h"
#include "client/api/tunnel.h"
#include "client/decoder/protocol.h"
#include "client/services/video/video_view.h"
#include "shared/base/clock.h"
#include "shared/net/kcp_keys.h"
#include "shared/wire/limits.h"
#include <stdio.h>
#include <string.h>

/* Hosts probe every second and wait for no answer longer than the link allows: three missing are no
 * delay of the network that a user would not want to know of. */
_Static_assert(HWS_CONFINED_ALL == HAWSER_CONFINED_ALL, "public numbers are those inside");
#define SILENT_US (3 * HWS_US_PER_S)

/* No server has to know a host that answers in this network. */
#define NEAR                                                                                       \
	"%s. A host with this ID was found in this computer's network: 'hawser discover' (in the " \
	"window: \"In this network\") shows the address that it can be connected to without a "    \
	"server; 'hawser wake %s' wakes it if it sleeps"

void api_report_push(struct api_session_loop *e, struct api_event *ev)
{
	if (ev)
		api_events_push(&e->ctx->events, ev);
}

void api_report_state(struct api_session_loop *e, enum hawser_state state, const char *text,
		uint32_t retry_in_ms)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_STATE);

	pthread_mutex_lock(&e->s->lock);
	e->s->state = state;
	pthread_mutex_unlock(&e->s->lock);
	if (!ev)
		return;
	ev->ev.u.state.state = state;
	ev->ev.u.state.text = api_event_text(ev, text);
	ev->ev.u.state.retry_in_ms = retry_in_ms;
	api_report_push(e, ev);
}

void api_report_silence(struct api_session_loop *e, uint64_t now_us)
{
	uint64_t heard_us = e->conn ? hws_conn_heard_us(e->conn) : 0;
	uint32_t before = e->silent_s;
	struct api_event *ev;
	char text[60];

	e->silent_s = 0;
	if (!e->conn || hws_viewer_state(e->viewer) != HWS_VIEWER_READY)
		return; /* other states have texts of their own */
	if (now_us >= heard_us + SILENT_US)
		e->silent_s = (uint32_t)((now_us - heard_us) / HWS_US_PER_S);
	if (e->silent_s == before)
		return;
	if (e->silent_s)
		snprintf(text, sizeof(text), "not answering for %u s", e->silent_s);
	else
		snprintf(text, sizeof(text), "connected");
	ev = api_event_new(e->s, HAWSER_EVENT_STATE);
	if (!ev)
		return;
	ev->ev.u.state.state = HAWSER_STATE_READY;
	ev->ev.u.state.text = api_event_text(ev, text);
	ev->ev.u.state.silent_s = e->silent_s;
	api_report_push(e, ev);
}

void api_report_closed(struct api_session_loop *e, int err, const char *text)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_CLOSED);
	char near[sizeof(e->end_text) + 400] = "";

	if (!ev)
		return;
	if (err == HWS_ERR_NOTFOUND && e->target.id[0] && api_lan_knows(e->ctx, e->target.id))
		snprintf(near, sizeof(near), NEAR, text, e->target.id);
	ev->ev.u.closed.error = err;
	ev->ev.u.closed.text = api_event_text(ev, *near ? near : text);
	api_report_push(e, ev);
}

void api_report_path(struct api_session_loop *e, const char *text)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_PATH);

	pthread_mutex_lock(&e->s->lock);
	e->s->peer.path = e->path;
	e->s->peer.relayed = e->relayed;
	pthread_mutex_unlock(&e->s->lock);
	if (!ev)
		return;
	ev->ev.u.path.path = e->path; /* static, as `text` is */
	ev->ev.u.path.relayed = e->relayed;
	ev->ev.u.path.text = text;
	api_report_push(e, ev);
}

void api_report_host_records(bool on, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_HOST_RECORDING);

	if (!ev)
		return;
	ev->ev.u.host_recording.running = on;
	api_report_push(e, ev);
}

void api_report_recording(
		struct api_session_loop *e, bool running, int err, const char *path, bool resumes)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_RECORDING);

	if (!ev)
		return;
	ev->ev.u.recording.running = running;
	ev->ev.u.recording.error = err;
	ev->ev.u.recording.path = api_event_text(ev, path);
	ev->ev.u.recording.resumes = resumes;
	api_report_push(e, ev);
}

void api_report_peer(struct api_session_loop *e, enum hawser_event_type type)
{
	hawser_session *s = e->s;
	const uint8_t *pk = hws_viewer_host_pk(e->viewer);

	pthread_mutex_lock(&s->lock);
	s->peer.peer = *hws_viewer_peer(e->viewer);
	snprintf(s->peer.id, sizeof(s->peer.id), "%s", s->target);
	s->peer.fingerprint[0] = 0;
	if (pk)
		hws_fingerprint_text(pk, s->peer.fingerprint);
	s->peer.path = e->path;
	s->peer.encrypted = hws_viewer_encrypted(e->viewer);
	s->peer.relayed = e->relayed;
	s->peer.encryption = api_trust_encryption(e);
	s->peer.trust = api_trust_public(e);
	s->has_peer = true;
	pthread_mutex_unlock(&s->lock);
	api_report_push(e, api_event_new(s, type));
}

/* Of sessions with pictures; else all 0. */
static void video_stats(const struct api_session_loop *e, struct hws_video_stats *ret)
{
	*ret = (struct hws_video_stats){ 0 };
	if (e->service[HWS_SERVICE_VIDEO])
		hws_video_view_stats(hws_video_view_of(e->service[HWS_SERVICE_VIDEO]), ret);
}

/* Figures as of now, but for the rate, which is that of the last whole second. */
void api_report_figures(struct api_session_loop *e)
{
	struct hws_video_stats v;
	struct hawser_stats st = HAWSER_STATS_INIT;

	video_stats(e, &v);
	st.frames = v.frames;
	st.frames_dropped = v.dropped;
	st.fps = e->fps;
	st.bytes_in = e->bytes_in + (e->conn ? hws_conn_bytes_in(e->conn) : 0);
	st.bytes_out = e->bytes_out + (e->conn ? hws_conn_bytes_out(e->conn) : 0);
	st.first_frame_us = e->first_frame_us;
	/* What was measured before the silence is no news of now. */
	st.rtt_ms = e->silent_s || hws_loop_now_us(e->ctx->loop) > e->rtt_us + SILENT_US
			? 0
			: e->rtt_ms;
	st.silent_s = e->silent_s;
	st.target_kbit = e->target_kbit;
	st.decode_us = v.decode_us;
	st.codec = api_codec_public(v.codec);
	st.patches = v.patches;
	st.patch_bytes = v.patch_bytes;
	st.capture_us = v.host.capture_us;
	st.convert_us = v.host.convert_us;
	st.encode_us = v.host.encode_us;
	st.send_us = v.host.send_us;
	st.network_us = v.host.network_us;
	st.present_us = (uint32_t)HWS_MIN(v.present_us, (uint64_t)UINT32_MAX);
	st.by_device = v.by_device;
	st.decoder = hws_confined_how(e->decoder);
	st.relayed = e->relayed;
	st.encrypted = hws_viewer_encrypted(e->viewer);
	st.encryption = api_trust_encryption(e);
	st.trust = api_trust_public(e);
	pthread_mutex_lock(&e->s->lock);
	e->s->stats = st;
	pthread_mutex_unlock(&e->s->lock);
}

void api_report_stats(struct api_session_loop *e, uint64_t now_us)
{
	struct hws_video_stats v;

	video_stats(e, &v);
	e->fps = e->second_us && now_us > e->second_us ? (double)(v.frames - e->frames_before) *
					HWS_US_PER_S / (double)(now_us - e->second_us)
						       : 0;
	e->frames_before = v.frames;
	e->second_us = now_us;
	api_report_figures(e);
	if (hws_viewer_state(e->viewer) == HWS_VIEWER_READY)
		api_report_push(e, api_event_new(e->s, HAWSER_EVENT_STATS));
}

/* --- the viewer's core ------------------------------------------------------------------------ */

static int on_send(enum hws_channel channel, struct hws_bytes payload, void *arg)
{
	struct api_session_loop *e = arg;
	int r = e->conn ? hws_conn_send_whole(e->conn, channel, payload) : HWS_OK;

	if (r == HWS_ERR_FULL && hws_channel_class(channel) == HWS_SEND_BULK)
		return r;
	/* Otherwise it means that the host has not read for long: the link is of no use any
	 * more. */
	if (r == HWS_ERR_FULL)
		hws_conn_close(e->conn, HWS_ERR_TIMEOUT);
	return HWS_OK;
}

static void on_keyed(const struct hws_secure_keys *keys, void *arg)
{
	struct api_session_loop *e = arg;

	if (!e->conn)
		return;
	if (keys->level == HWS_LEVEL_V2) {
		hws_conn_set_v2_keys(e->conn, keys->send_secret, keys->receive_secret);
		hws_kcp_take_keys(
				hws_conn_stream(e->conn), keys->send_secret, keys->receive_secret);
	} else {
		hws_conn_set_key(e->conn, keys->send_secret);
	}
}

static void on_legs(const uint8_t *key_secret, void *arg)
{
	struct api_session_loop *e = arg;

	if (e->conn)
		api_paths_begin(e, key_secret);
}

static void on_frame_max(size_t bytes, void *arg)
{
	struct api_session_loop *e = arg;

	if (e->conn)
		hws_conn_set_frame_max(e->conn, bytes);
}

static void on_state(enum hws_viewer_state state, void *arg)
{
	struct api_session_loop *e = arg;

	switch (state) {
	case HWS_VIEWER_SECURING:
		api_report_state(e, HAWSER_STATE_SECURING, "setting up the encryption", 0);
		break;
	case HWS_VIEWER_HASH:
		api_trust_report(e);
		api_report_state(e, HAWSER_STATE_LOGIN, "waiting for the host", 0);
		break;
	case HWS_VIEWER_VERDICT:
		api_report_state(e, HAWSER_STATE_LOGIN, "logging in", 0);
		break;
	case HWS_VIEWER_DOUBT:
	case HWS_VIEWER_ASKING:
		api_report_state(e, HAWSER_STATE_WAITING, "waiting for an answer", 0);
		break;
	default: /* READY by its event, ENDED and IDLE by the session loop */
		break;
	}
}

static void on_ask(enum hws_login_step step, bool can_trust, void *arg)
{
	static const struct {
		enum hawser_password_reason reason;
		const char *text;
	} table[] = {
		[HWS_LOGIN_ASK] = { HAWSER_PASSWORD_NEEDED, "Enter the host's password." },
		[HWS_LOGIN_ASK_AGAIN] = { HAWSER_PASSWORD_WRONG,
				"The password was wrong. Enter it again." },
		[HWS_LOGIN_CODE] = { HAWSER_PASSWORD_2FA,
				"Enter the six-digit code of the host's authenticator." },
		[HWS_LOGIN_CODE_AGAIN] = { HAWSER_PASSWORD_2FA_WRONG,
				"The code was wrong. Enter the one shown now." },
		[HWS_LOGIN_WAIT] = { HAWSER_PASSWORD_WAIT_ACCEPT,
				"The host takes no password: somebody there must accept." },
	};
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_PASSWORD);

	if (!ev)
		return;
	ev->ev.u.password.reason = table[step].reason;
	ev->ev.u.password.text = table[step].text;
	ev->ev.u.password.can_trust_device = can_trust;
	api_report_push(e, ev);
}

static void ask_trust(
		struct api_session_loop *e, const char *kind, const char *title, const char *why)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_INSECURE);

	if (!ev)
		return;
	ev->ev.u.message.kind = kind;
	ev->ev.u.message.title = title;
	ev->ev.u.message.text = api_event_text(ev, why);
	ev->ev.u.message.link = "";
	api_report_push(e, ev);
}

static void on_ask_plain(const char *why, void *arg)
{
	ask_trust(arg, "warn", "This connection is not encrypted", why);
}

static void on_ask_key(const char *why, void *arg)
{
	ask_trust(arg, "key", "Nobody vouches for this host", why);
}

static void on_permission(int permission, bool enabled, void *arg);

/* What a host does not mention is permitted: the one before may have denied it. */
static void forget_denied(struct api_session_loop *e)
{
	for (int p = 0; p <= HAWSER_PERMISSION_PRIVACY_MODE; p++)
		if (e->s->denied & (1u << p) && hws_viewer_permitted(e->viewer, p))
			on_permission(p, true, e);
}

static void on_ready(void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_PASSWORD);

	hws_timer_stop(&e->limit);
	hws_retry_ready(&e->retry);
	if (ev) {
		ev->ev.u.password.reason = HAWSER_PASSWORD_NOT_NEEDED;
		ev->ev.u.password.text = "";
		api_report_push(e, ev);
	}
	api_trust_keep(e, e->viewer);
	if (e->ended) /* another key stands for this host by now: nobody is to act on it */
		return;
	forget_denied(e);
	api_input_note_mode(e);
	api_report_state(e, HAWSER_STATE_READY, "connected", 0);
	api_report_peer(e, HAWSER_EVENT_READY);
	api_record_go_on(e);
	api_paths_ready(e);
}

static void on_displays(void *arg)
{
	api_report_peer(arg, HAWSER_EVENT_DISPLAYS);
}

static void on_permission(int permission, bool enabled, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_PERMISSION);

	pthread_mutex_lock(&e->s->lock);
	if (enabled)
		e->s->denied &= ~(1u << permission);
	else
		e->s->denied |= 1u << permission;
	pthread_mutex_unlock(&e->s->lock);
	if (permission == HAWSER_PERMISSION_RECORDING && !enabled)
		api_record_end(e, HWS_ERR_DENIED);
	else if (permission == HAWSER_PERMISSION_RECORDING &&
			hws_viewer_state(e->viewer) == HWS_VIEWER_READY)
		api_record_go_on(e);
	if (!ev)
		return;
	ev->ev.u.permission.permission = (enum hawser_permission)permission;
	ev->ev.u.permission.enabled = enabled;
	api_report_push(e, ev);
}

static void on_box(
		const char *kind, const char *title, const char *text, const char *link, void *arg)
{
	struct api_session_loop *e = arg;
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_MESSAGE);

	if (!ev)
		return;
	ev->ev.u.message.kind = api_event_text(ev, kind);
	ev->ev.u.message.title = api_event_text(ev, title);
	ev->ev.u.message.text = api_event_text(ev, text);
	ev->ev.u.message.link = api_event_text(ev, link);
	api_report_push(e, ev);
}

void api_report_notice(struct api_session_loop *e, const char *title, const char *text)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_MESSAGE);

	if (!ev)
		return;
	ev->ev.u.message.kind = "custom-nook-nocancel-hasclose-warn";
	ev->ev.u.message.title = api_event_text(ev, title);
	ev->ev.u.message.text = api_event_text(ev, text);
	ev->ev.u.message.link = "";
	ev->ev.u.message.local = true;
	api_report_push(e, ev);
}

static void on_delay(uint32_t rtt_ms, uint32_t target_kbit, void *arg)
{
	struct api_session_loop *e = arg;

	e->rtt_ms = rtt_ms;
	e->rtt_us = hws_loop_now_us(e->ctx->loop);
	e->target_kbit = target_kbit;
}

static void on_end(int err, const char *text, const char *peer_text, void *arg)
{
	api_session_loop_end(arg, err, text, peer_text);
}

static bool can_send(enum hws_service_id id, void *arg)
{
	const struct api_session_loop *e = arg;
	enum hws_channel channel = hws_session_service_channel(id, HWS_TO_HOST);

	return e->conn && !hws_conn_congested(e->conn, hws_channel_class(channel));
}

/* Who is held cannot be heard, and is not to be taken for lost. */
static void on_hold(bool hold, void *arg)
{
	struct api_session_loop *e = arg;

	if (!e->conn)
		return;
	if (hold)
		hws_conn_pause(e->conn);
	else
		hws_conn_resume(e->conn);
	hws_conn_set_idle(e->conn, hold ? 0 : API_IDLE_US);
}

const struct hws_viewer_ops api_viewer_ops = {
	.send = on_send,
	.keyed = on_keyed,
	.legs = on_legs,
	.frame_max = on_frame_max,
	.state = on_state,
	.ask = on_ask,
	.ask_plain = on_ask_plain,
	.ask_key = on_ask_key,
	.ready = on_ready,
	.displays = on_displays,
	.permission = on_permission,
	.box = on_box,
	.delay = on_delay,
	.end = on_end,
	.can_send = can_send,
	.stretch = api_stretch,
	.identity = api_trust_identity,
	.one_by_one = api_tunnel_one_by_one,
	.hold = on_hold,
};
