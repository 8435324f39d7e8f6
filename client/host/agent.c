#include "client/host/agent.h"
#include "client/core/codec_wire.h"
#include "client/host/ipc.h"
#include "client/host/no_desktop.h"
#include "client/host/notice.h"
#include "client/host/refusal.h"
#include "client/media/codec_table.h"
#include "client/platform/notify.h"
#include "client/platform/registry.h"
#include "client/services/clipboard/clipboard_host.h"
#include "client/services/cursor/cursor_host.h"
#include "client/services/input/input_host.h"
#include "client/services/video/video_host.h"
#include "client/services/video/video_msg.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_US (2 * HWS_US_PER_S)
#define SOCKET_BYTES 65536     /* in the kernel towards the gate: what lies there is already old */
#define QUEUE_HIGH (64u << 10) /* then video waits */
#define QUEUE_MAX (HWS_SES_FRAME_MAX + (4u << 20))

struct agent;

struct agent_viewer { /* one viewer, by way of its gate */
	struct agent *a;
	struct hws_ipc *ipc;
	struct hws_host_viewer viewer;
	uint64_t conn, since_us;
	bool open;
	struct hws_notice notice;
	struct hws_deferred gone;
};

struct agent {
	const struct hws_agent_conf *conf;
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_ipc *hostd;
	struct event on_term, on_int;
	struct hws_platform *platform; /* NULL while there is no desktop */
	struct hws_video_host *video;
	struct hws_cursor_host *cursor;
	struct hws_input_host *input;
	struct hws_clipboard_host *clipboard;
	struct hws_notifier *notifier; /* NULL: the person does not want it */
	struct agent_viewer *viewer[HWS_HOST_VIEWERS_MAX];
	struct hws_timer retry;
	struct hws_deferred lost;
	struct hws_error err; /* why there is no desktop */
	bool told_failure;
	bool lasting; /* and it will not go away by itself */
};

/* --- to hostd --- */

static void tell_state(struct agent *a)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentState s = AGT__AGENT_STATE__INIT;
	unsigned n = 0;

	if (!a->hostd)
		return;
	if (a->platform)
		hws_capture_displays(a->platform->capture, &n);
	s.ready = a->platform != NULL;
	s.backend = (char *)(a->platform ? a->platform->name : "");
	s.error = a->platform ? (char *)"" : a->err.text;
	s.displays = n;
	s.lasting = !a->platform && a->lasting;
	m.union_case = AGT__MESSAGE__UNION_AGENT_STATE;
	m.agent_state = &s;
	if (hws_ipc_send(a->hostd, &m, -1) < 0)
		hws_debug("agent.state_not_told");
}

/* --- the desktop --- */

static void on_bitrate(struct hws_host_viewer *g, uint32_t kbit_s, void *arg HWS_UNUSED)
{
	struct agent_viewer *c = hws_container(g, struct agent_viewer, viewer);
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__EncoderState s = AGT__ENCODER_STATE__INIT;

	s.bitrate_kbit_s = kbit_s;
	m.union_case = AGT__MESSAGE__UNION_ENCODER_STATE;
	m.encoder_state = &s;
	if (c->ipc && hws_ipc_send(c->ipc, &m, -1) < 0)
		hws_debug("agent.bitrate_not_told");
}

static void services_free(struct agent *a)
{
	hws_video_host_free(a->video);
	hws_cursor_host_free(a->cursor);
	hws_input_host_free(a->input);
	hws_clipboard_host_free(a->clipboard);
	a->video = NULL;
	a->cursor = NULL;
	a->input = NULL;
	a->clipboard = NULL;
	hws_platform_close(a->platform);
	a->platform = NULL;
}

static int services_new(struct agent *a)
{
	struct hws_video_host_conf vc = {
		.loop = a->loop,
		.work = a->work,
		.capture = a->platform->capture,
		.on_bitrate = on_bitrate,
		.arg = a,
	};
	int r = hws_video_host_new(&vc, &a->video);

	if (r == HWS_OK)
		r = hws_cursor_host_new(a->loop, a->platform->cursor, &a->cursor);
	if (r == HWS_OK)
		r = hws_input_host_new(a->loop, a->platform->inject, &a->input);
	if (r == HWS_OK)
		r = hws_clipboard_host_new(a->loop, a->platform->clip, &a->clipboard);
	return r;
}

static void on_lost(const char *why, void *arg);
static void open_platform(void *arg);

static void open_platform(void *arg)
{
	struct agent *a = arg;
	struct hws_platform_conf pc = { .on_lost = on_lost, .arg = a };

	if (a->platform)
		return;
	if (a->conf->backend && *a->conf->backend)
		pc.backend = a->conf->backend;
	if (a->conf->display && *a->conf->display)
		pc.display = a->conf->display;
	struct hws_error before = a->err;
	a->err = (struct hws_error){ 0 };
	int r = hws_platform_open(a->loop, &pc, &a->platform, &a->err);
	if (r == HWS_OK) {
		r = services_new(a);
		if (r < 0)
			services_free(a);
	}
	if (r == HWS_OK) {
		a->told_failure = false;
		hws_timer_stop(&a->retry);
		hws_info("agent.desktop_open", HWS_STR("backend", a->platform->name));
		tell_state(a);
		return;
	}
	if (!a->err.text[0])
		hws_error_set(&a->err, r, "the desktop cannot be opened: %s", hws_err_text(r));
	a->lasting = r == HWS_ERR_UNSUPPORTED;
	if (!a->told_failure ||
			!hws_str_equal(before.text, a->err.text)) { /* not with each attempt */
		hws_error_log("agent.no_desktop", HWS_STR("why", a->err.text), HWS_ERR("code", r));
		a->told_failure = true;
		tell_state(a);
	}
	hws_timer_start(a->loop, &a->retry, RETRY_US, open_platform, a);
}

/* The viewers' links end, so that they connect again; the process stays for the next desktop. */
static void after_loss(void *arg)
{
	struct agent *a = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (a->viewer[i])
			hws_ipc_close(a->viewer[i]->ipc, HWS_ERR_DISPLAY);
	services_free(a);
	tell_state(a);
	hws_timer_start(a->loop, &a->retry, RETRY_US / 4, open_platform, a);
}

static void on_lost(const char *why, void *arg)
{
	struct agent *a = arg;

	hws_error_log("agent.desktop_lost", HWS_STR("why", why));
	hws_error_set(&a->err, HWS_ERR_DISPLAY, "%s", why);
	a->lasting = false;
	a->told_failure = true;
	hws_loop_defer(a->loop, &a->lost, after_loss, a);
}

/* --- what a viewer may see and do --- */

static void apply_option(struct agent_viewer *c, const Ses__OptionMessage *o)
{
	struct agent *a = c->a;

	if (o->show_remote_cursor != SES__OPTION_MESSAGE__BOOL_OPTION__NotSet)
		c->viewer.show_cursor =
				o->show_remote_cursor == SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	hws_video_host_option(a->video, &c->viewer, o);
	hws_cursor_host_update(a->cursor);
}

_Static_assert(HWS_NOTIFY_PLACES >= HWS_HOST_VIEWERS_MAX, "a place for each viewer");

/* The person at the desktop sees who looks on. */
static void show_notice(struct agent_viewer *c, bool here)
{
	struct agent *a = c->a;
	char summary[HWS_NOTICE_TEXT], body[HWS_NOTICE_TEXT];

	if (!a->notifier)
		return;
	c->notice.controls = hws_host_viewer_may(&c->viewer, HWS_PERM_KEYBOARD);
	hws_notice_texts(&c->notice, here, (hws_loop_now_us(a->loop) - c->since_us) / HWS_US_PER_S,
			summary, body);
	hws_notifier_show(a->notifier, c->viewer.slot, summary, body, here);
}

static void set_permissions(struct agent_viewer *c, uint64_t permissions)
{
	struct agent *a = c->a;

	c->viewer.permissions = (uint32_t)permissions;
	if (!c->open)
		return;
	if (c->notice.controls != hws_host_viewer_may(&c->viewer, HWS_PERM_KEYBOARD))
		show_notice(c, true);
	if (!hws_host_viewer_may(&c->viewer, HWS_PERM_KEYBOARD))
		hws_input_host_let_go(a->input, &c->viewer);
	hws_cursor_host_update(a->cursor);
	hws_clipboard_host_update(a->clipboard);
}

static int pack_peer_info(struct agent *a, struct hws_buf *out)
{
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__Features features = SES__FEATURES__INIT;
	Ses__SupportedEncoding encoding = SES__SUPPORTED_ENCODING__INIT;
	Ses__SupportedResolutions modes = SES__SUPPORTED_RESOLUTIONS__INIT;
	struct hws_display_msg list;
	char layout[HWS_PEER_LAYOUT], additions[HWS_PEER_LAYOUT + 32];
	const struct passwd *pw = getpwuid(getuid());
	char host[256] = "", shown_host[256], shown_user[256];
	unsigned n;
	const struct hws_display *d = hws_capture_displays(a->platform->capture, &n);

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = 0;
	hws_display_msg_fill(&list, d, n);
	hws_codecs_to_encoding(hws_codecs_encodable(), &encoding);
	/* The kernel takes any bytes for a host name; a message holds only UTF-8. */
	pi.username = hws_str_escape(
			shown_user, sizeof(shown_user), hws_bytes_str(pw ? pw->pw_name : ""));
	pi.hostname = hws_str_escape(shown_host, sizeof(shown_host), hws_bytes_str(host));
	pi.platform = (char *)"Linux";
	pi.version = (char *)HWS_PROTOCOL_VERSION;
	pi.displays = list.ptr;
	pi.n_displays = list.count;
	pi.current_display = (int32_t)list.primary;
	pi.features = &features;
	pi.encoding = &encoding;
	pi.resolutions = &modes;
	hws_input_host_layout(a->input, layout);
	if (layout[0] &&
			hws_fmt(additions, sizeof(additions), "{\"hawser_layout\":\"%s\"}",
					layout) == HWS_OK)
		pi.platform_additions = additions;
	return hws_msg_pack(&pi.base, out);
}

static void answer_open(struct agent_viewer *c, const char *error, struct hws_bytes peer_info)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Opened o = AGT__OPENED__INIT;

	o.ok = !error;
	o.error = (char *)(error ? error : "");
	o.peer_info.data = (uint8_t *)peer_info.ptr;
	o.peer_info.len = peer_info.len;
	m.union_case = AGT__MESSAGE__UNION_OPENED;
	m.opened = &o;
	if (hws_ipc_send(c->ipc, &m, -1) < 0)
		hws_ipc_close(c->ipc, HWS_ERR_FULL);
}

static void join_services(struct agent_viewer *c, const Ses__LoginRequest *login)
{
	struct agent *a = c->a;

	c->open = true;
	hws_video_host_join(a->video, &c->viewer);
	hws_cursor_host_join(a->cursor, &c->viewer);
	hws_input_host_join(a->input, &c->viewer);
	hws_clipboard_host_join(a->clipboard, &c->viewer);
	if (login->option)
		apply_option(c, login->option);
}

static void open_viewer(struct agent_viewer *c, const Agt__Open *o)
{
	struct agent *a = c->a;
	ProtobufCMessage *m = NULL;
	struct hws_buf info;

	if (c->open)
		return;
	if (!a->platform)
		open_platform(a); /* perhaps it has come since the last attempt */
	if (!a->platform) {
		char text[sizeof(a->err.text) + 64];
		answer_open(c, hws_no_desktop_text(text, sizeof(text), a->lasting, a->err.text),
				(struct hws_bytes){ 0 });
		return;
	}
	if ((unsigned)o->kind != HWS_KIND_REMOTE) {
		answer_open(c, "This kind of session is not available on this host",
				(struct hws_bytes){ 0 });
		return;
	}
	int r = hws_msg_unpack(&ses__login_request__descriptor,
			hws_bytes(o->login_request.data, o->login_request.len), HWS_SES_LIST_MAX,
			&m);
	if (r < 0) {
		hws_ipc_close(c->ipc, r);
		return;
	}
	const Ses__LoginRequest *login = (const Ses__LoginRequest *)m;

	hws_buf_init(&info, HWS_SES_LOGIN_FRAME_MAX);
	r = pack_peer_info(a, &info);
	if (r < 0) {
		answer_open(c, "No displays", (struct hws_bytes){ 0 });
	} else {
		c->conn = o->conn;
		c->viewer.permissions = (uint32_t)o->permissions;
		c->viewer.version = hws_version_number(login->version);
		c->viewer.ack_required = login->video_ack_required;
		if (hws_str_copy(c->viewer.platform, sizeof(c->viewer.platform),
				    login->my_platform) < 0)
			c->viewer.platform[0] = 0;
		answer_open(c, NULL, hws_buf_bytes(&info));
		if (c->ipc)
			join_services(c, login);
		hws_notice_set(&c->notice, login->my_id, login->my_name, o->peer_addr, o->via);
		c->notice.encrypted = o->encrypted;
		c->since_us = hws_loop_now_us(a->loop);
		if (c->open)
			show_notice(c, true);
		hws_info("agent.viewer_open", HWS_U64("conn", c->conn),
				HWS_STR("from", o->peer_addr), HWS_U64("slot", c->viewer.slot));
	}
	hws_buf_done(&info);
	hws_msg_free(m);
}

/* --- the link of one viewer --- */

static int send_parts(struct hws_host_viewer *g, struct hws_bytes head, struct hws_bytes rest)
{
	struct agent_viewer *c = hws_container(g, struct agent_viewer, viewer);

	if (!c->ipc)
		return HWS_ERR_CLOSED;
	int r = hws_ipc_send_wire2(c->ipc, head, rest);
	if (r == HWS_OK)
		g->sent += head.len + rest.len;
	return r;
}

static bool congested(const struct hws_host_viewer *g)
{
	const struct agent_viewer *c =
			hws_container((struct hws_host_viewer *)g, struct agent_viewer, viewer);

	return !c->ipc || hws_ipc_congested(c->ipc);
}

static void on_quality(struct agent_viewer *c, const Agt__LinkQuality *q)
{
	if (!c->open)
		return;
	struct hws_flow_answer a = {
		.rtt_us = q->rtt_us,
		.delivered = q->delivered,
		.first_us = q->first_us,
		.answered_us = q->answered_us,
		.late = q->late,
	};
	hws_video_host_link(c->a->video, &c->viewer, &a);
	if (q->late) /* a key held by a viewer that hangs would repeat until it comes back */
		hws_input_host_let_go(c->a->input, &c->viewer);
}

static void on_gate_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	struct agent_viewer *c = arg;

	(void)l;
	if (fd >= 0)
		close(fd);
	switch (m->union_case) {
	case AGT__MESSAGE__UNION_OPEN:
		open_viewer(c, m->open);
		break;
	case AGT__MESSAGE__UNION_PERMISSIONS:
		set_permissions(c, m->permissions->permissions);
		break;
	case AGT__MESSAGE__UNION_LINK_QUALITY:
		on_quality(c, m->link_quality);
		break;
	default:
		break;
	}
}

/* Nobody here can be called: said at once, or the viewer would ring for ever. */
static void decline_call(struct agent_viewer *c, const Ses__VoiceCallRequest *q)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallResponse no = SES__VOICE_CALL_RESPONSE__INIT;

	if (!q->is_connect)
		return;
	no.req_timestamp = q->req_timestamp;
	no.ack_timestamp = (int64_t)(hws_wall_us() / HWS_US_PER_MS);
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_RESPONSE;
	m.voice_call_response = &no;
	hws_host_viewer_tell(&c->viewer, &m);
}

static int send_refusal(const Ses__Message *answer, void *arg)
{
	struct agent_viewer *c = arg;

	return hws_host_viewer_send(&c->viewer, answer);
}

/* The gate let it through and no service here takes it. */
static void refuse(struct agent_viewer *c, const Ses__Message *m)
{
	const struct hws_session_row *row = hws_session_row_of(m);

	hws_debug("agent.ignored", HWS_STR("message", row ? row->name : "unknown"));
	if (row && hws_refuse(row, m, HWS_KIND_REMOTE, c->viewer.permissions, send_refusal, c) < 0)
		hws_debug("agent.refusal_not_sent");
}

static void on_gate_wire(struct hws_ipc *l, struct hws_bytes message, void *arg)
{
	struct agent_viewer *c = arg;
	struct agent *a = c->a;
	Ses__Message *m = NULL;

	(void)l;
	if (!c->open || hws_ses_unpack(message, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_OPTION)
		apply_option(c, m->misc->option);
	else if (m->union_case == SES__MESSAGE__UNION_VOICE_CALL_REQUEST)
		decline_call(c, m->voice_call_request);
	else if (!hws_input_host_message(a->input, &c->viewer, m) &&
			!hws_video_host_message(a->video, &c->viewer, m) &&
			!hws_clipboard_host_message(a->clipboard, &c->viewer, m))
		refuse(c, m);
	hws_ses_free(m);
}

static void client_free(void *arg)
{
	hws_free(arg);
}

static void on_gate_close(struct hws_ipc *l, int why, void *arg)
{
	struct agent_viewer *c = arg;
	struct agent *a = c->a;

	(void)l;
	c->ipc = NULL;
	if (c->open) {
		c->open = false;
		show_notice(c, false);
		hws_video_host_leave(a->video, &c->viewer);
		hws_cursor_host_leave(a->cursor, &c->viewer);
		hws_input_host_leave(a->input, &c->viewer);
		hws_clipboard_host_leave(a->clipboard, &c->viewer);
		hws_info("agent.viewer_closed", HWS_U64("conn", c->conn), HWS_ERR("why", why));
	}
	a->viewer[c->viewer.slot] = NULL;
	hws_loop_defer(a->loop, &c->gone, client_free, c);
}

static void on_gate_drain(struct hws_ipc *l, void *arg)
{
	struct agent_viewer *c = arg;

	(void)l;
	if (c->open)
		hws_video_host_drained(c->a->video, &c->viewer);
}

static void accept_client(struct agent *a, int fd)
{
	struct hws_ipc_conf lc = {
		.frame_max = HWS_SES_FRAME_MAX + 1,
		.send_max = QUEUE_MAX,
		.send_high = QUEUE_HIGH,
		.on_message = on_gate_message,
		.on_wire = on_gate_wire,
		.on_close = on_gate_close,
		.on_drain = on_gate_drain,
	};
	int bytes = SOCKET_BYTES;
	unsigned slot = 0;

	while (slot < HWS_HOST_VIEWERS_MAX && a->viewer[slot])
		slot++;
	struct agent_viewer *c = slot < HWS_HOST_VIEWERS_MAX ? hws_alloc(sizeof(*c)) : NULL;
	if (!c) {
		hws_warn_limited("agent.full", HWS_U64("viewers", slot));
		close(fd);
		return;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0)
		hws_debug("agent.sndbuf");
	c->a = a;
	c->viewer.slot = slot;
	c->viewer.send_parts = send_parts;
	c->viewer.congested = congested;
	lc.arg = c;
	if (hws_ipc_new(a->loop, fd, &lc, &c->ipc) < 0) {
		hws_free(c);
		return;
	}
	a->viewer[slot] = c;
}

/* --- hostd --- */

static void on_hostd_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	(void)l;
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_LINK && fd >= 0)
		accept_client(arg, fd);
	else if (fd >= 0)
		close(fd);
}

static void on_hostd_close(struct hws_ipc *l, int why, void *arg)
{
	struct agent *a = arg;

	(void)l;
	(void)why;
	a->hostd = NULL;
	hws_loop_stop(a->loop);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct agent *a = arg;

	(void)sig;
	(void)what;
	hws_loop_stop(a->loop);
}

static int agent_start(struct agent *a, int ipc_fd)
{
	struct hws_ipc_conf lc = {
		.on_message = on_hostd_message, .on_close = on_hostd_close, .arg = a
	};
	int r = hws_loop_new(&a->loop);

	if (r < 0) {
		close(ipc_fd);
		return r;
	}
	r = hws_ipc_new(a->loop, ipc_fd, &lc, &a->hostd);
	if (r == HWS_OK) /* one codes, one makes screenshots */
		r = hws_work_new(2, 64, &a->work);
	if (r == HWS_OK && a->conf->notify)
		r = hws_notifier_new(a->loop, &a->notifier);
	if (r < 0)
		return r;
	struct event_base *base = hws_loop_base(a->loop);
	if (evsignal_assign(&a->on_term, base, SIGTERM, on_signal, a) < 0 ||
			evsignal_assign(&a->on_int, base, SIGINT, on_signal, a) < 0 ||
			evsignal_add(&a->on_term, NULL) < 0 || evsignal_add(&a->on_int, NULL) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

static void agent_stop(struct agent *a)
{
	if (!a->loop)
		return;
	hws_timer_stop(&a->retry);
	hws_loop_defer_cancel(&a->lost);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (a->viewer[i])
			hws_ipc_close(a->viewer[i]->ipc, HWS_OK);
	hws_notifier_free(a->notifier);
	services_free(a);
	hws_ipc_close(a->hostd, HWS_OK);
	if (a->on_term.ev_base)
		event_del(&a->on_term);
	if (a->on_int.ev_base)
		event_del(&a->on_int);
	hws_work_free(a->work);
	hws_loop_once(a->loop, 0); /* what was being coded comes back and is freed */
	hws_loop_free(a->loop);
}

int hws_agent_main(int ipc_fd, const struct hws_agent_conf *conf)
{
	struct agent a = { .conf = conf };

	signal(SIGPIPE, SIG_IGN);
	int r = agent_start(&a, ipc_fd);

	if (r == HWS_OK) {
		open_platform(&a);
		r = hws_loop_run(a.loop);
	} else {
		hws_error_log("agent.start_failed", HWS_ERR("why", r));
	}
	agent_stop(&a);
	return r < 0 ? 1 : 0;
}
