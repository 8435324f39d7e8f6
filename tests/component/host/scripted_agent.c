/* An agent without a desktop: does what the test's viewer asks for in the tag of a screenshot.
 * "crash": ends at once. "flood": sends frames for ever, as fast as the link takes them. "hang":
 * stops to answer. Input is reported back as chat. Backend "none": says that there is no
 * display. */
#include "client/host/agent/agent.h"
#include "client/host/ipc.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSIONS_MAX 64

static struct hws_loop *loop;

struct session {
	struct hws_ipc *link;
	uint64_t conn;
	bool flooding;
};
static struct hws_ipc *hostd;
static struct session sessions[SESSIONS_MAX];

static void send_ses(struct hws_ipc *l, const Ses__Message *m)
{
	struct hws_buf b;

	hws_buf_init(&b, 4u << 20);
	if (hws_ses_pack(m, &b) < 0 ||
			hws_ipc_send_wire(l, HWS_CHANNEL_VIDEO, hws_buf_bytes(&b)) < 0)
		hws_warn("agent.send");
	hws_buf_done(&b);
}

static void say(struct hws_ipc *l, const char *text)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;

	chat.text = (char *)(uintptr_t)text;
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	send_ses(l, &m);
}

static void send_video(struct hws_ipc *l, size_t bytes)
{
	static uint8_t data[200000];
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VideoFrame video = SES__VIDEO_FRAME__INIT;
	Ses__EncodedVideoFrames frames = SES__ENCODED_VIDEO_FRAMES__INIT;
	Ses__EncodedVideoFrame frame = SES__ENCODED_VIDEO_FRAME__INIT, *list[1] = { &frame };

	frame.data = (ProtobufCBinaryData){ bytes, data };
	frame.key = true;
	frames.n_frames = 1;
	frames.frames = list;
	video.union_case = SES__VIDEO_FRAME__UNION_VP9S;
	video.vp9s = &frames;
	m.union_case = SES__MESSAGE__UNION_VIDEO_FRAME;
	m.video_frame = &video;
	send_ses(l, &m);
}

static void flood(struct session *s)
{
	while (s->flooding && !hws_ipc_congested(s->link, HWS_SEND_VIDEO))
		send_video(s->link, 200000);
}

static void on_command(struct session *s, const char *text)
{
	if (!strcmp(text, "crash"))
		_exit(77);
	if (!strcmp(text, "hang"))
		pause();
	if (!strcmp(text, "flood")) {
		s->flooding = true;
		flood(s);
	}
}

static void on_wire(struct hws_ipc *l, struct hws_bytes bytes, void *arg)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(bytes, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_MOUSE_EVENT)
		say(l, "mouse");
	else if (m->union_case == SES__MESSAGE__UNION_KEY_EVENT) {
		hws_info("agent.key");
		say(l, "key");
	} else if (m->union_case == SES__MESSAGE__UNION_CLIPBOARD)
		say(l, "clipboard");
	else if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_REFRESH_VIDEO)
		send_video(l, 32);
	else if (m->union_case == SES__MESSAGE__UNION_SCREENSHOT_REQUEST)
		on_command(arg, m->screenshot_request->sid);
	hws_ses_free(m);
}

static void on_open(struct hws_ipc *l)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Opened o = AGT__OPENED__INIT;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;
	Ses__DisplayInfo display = SES__DISPLAY_INFO__INIT, *displays[1] = { &display };
	uint8_t packed[512];

	info.username = (char *)"user";
	info.hostname = (char *)"test";
	info.platform = (char *)"Linux";
	info.version = (char *)"1.4.9";
	display.width = 640;
	display.height = 480;
	display.online = true;
	display.scale = 1.0;
	info.n_displays = 1;
	info.displays = displays;
	o.ok = true;
	o.peer_info = (ProtobufCBinaryData){ ses__peer_info__pack(&info, packed), packed };
	m.union_case = AGT__MESSAGE__UNION_OPENED;
	m.opened = &o;
	if (hws_ipc_send(l, &m, -1) < 0)
		hws_warn("agent.send");
}

static void tell_let_in(uint64_t conn)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentViewer v = AGT__AGENT_VIEWER__INIT;

	v.conn = conn;
	m.union_case = AGT__MESSAGE__UNION_AGENT_VIEWER;
	m.agent_viewer = &v;
	if (hws_ipc_send(hostd, &m, -1) < 0)
		hws_warn("agent.send");
}

static void on_session_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	const struct session *s = arg;

	if (fd >= 0)
		close(fd);
	if (m->union_case != AGT__MESSAGE__UNION_OPEN)
		return;
	tell_let_in(s->conn);
	on_open(l);
}

static void on_session_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct session *s = arg;

	*s = (struct session){ .link = NULL };
}

static void on_session_drain(
		struct hws_ipc *l HWS_UNUSED, enum hws_send_class cls HWS_UNUSED, void *arg)
{
	flood(arg);
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg HWS_UNUSED)
{
	struct hws_ipc_conf conf = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.send_high = 400000,
		.on_message = on_session_message,
		.on_wire = on_wire,
		.on_close = on_session_close,
		.on_drain = on_session_drain };

	if (m->union_case == AGT__MESSAGE__UNION_AGENT_PING && hws_ipc_send(l, m, -1) < 0)
		hws_warn("agent.send");
	if (m->union_case != AGT__MESSAGE__UNION_AGENT_LINK || fd < 0)
		return;
	for (int i = 0; i < SESSIONS_MAX; i++) {
		if (sessions[i].link)
			continue;
		conf.arg = &sessions[i];
		sessions[i].conn = m->agent_link->conn;
		if (hws_ipc_new(loop, fd, &conf, &sessions[i].link) < 0)
			hws_warn("agent.link");
		return;
	}
	close(fd);
}

static void on_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	hws_loop_stop(loop);
}

int hws_agent_main(int link_fd, const struct hws_agent_conf *conf)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.takes_fds = true,
		.on_message = on_message,
		.on_close = on_close };
	bool ready = !conf->backend || strcmp(conf->backend, "none");
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentState state = AGT__AGENT_STATE__INIT;

	if (hws_loop_new(&loop) < 0 || hws_ipc_new(loop, link_fd, &lc, &hostd) < 0)
		return 1;
	state.ready = ready;
	state.backend = (char *)"scripted";
	state.displays = ready;
	state.error = (char *)(ready ? "" : "cannot open display :77");
	m.union_case = AGT__MESSAGE__UNION_AGENT_STATE;
	m.agent_state = &state;
	if (hws_ipc_send(hostd, &m, -1) < 0)
		return 1;
	hws_loop_run(loop);
	return 0;
}
