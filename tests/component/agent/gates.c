/* The far ends of an agent's links: hostd's, which counts what the agent tells, and three gates',
 * which open sessions and decode the pictures, so that tests can ask what a viewer would have
 * seen. */
#include "tests/component/agent/gates.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/permission.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct host h;

static void on_state(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	(void)l;
	(void)fd;
	(void)arg;
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_VIEWER) {
		h.let_in++;
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_SERVICE_RESULT) {
		h.results++;
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_PING) {
		h.pings++;
		return;
	}
	ck_assert_int_eq(m->union_case, AGT__MESSAGE__UNION_AGENT_STATE);
	h.states++;
	h.displays = m->agent_state->displays;
	h.ready = m->agent_state->ready;
	(void)!hws_str_copy(h.error, sizeof(h.error), m->agent_state->error);
}

static void on_gone(struct hws_ipc *l, int why, void *arg)
{
	(void)l;
	(void)why;
	(void)arg;
	h.hostd = NULL;
	h.gone++;
}

static void start(const struct hws_agent_conf *conf)
{
	struct hws_ipc_conf lc = {
		.frame_max = HWS_SES_FRAME_MAX + 1, .on_message = on_state, .on_close = on_gone
	};
	int fd[2];

	memset(&h, 0, sizeof(h));
	ck_assert_int_eq(hws_ipc_pair(fd), HWS_OK);
	h.pid = fork();
	ck_assert_int_ge(h.pid, 0);
	if (h.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fd[0]);
		hws_log_setup("agent", HWS_LOG_TEXT, 2);
		hws_log_set_level(HWS_LOG_ERROR);
		_exit(hws_agent_main(fd[1], conf));
	}
	close(fd[1]);
	ck_assert_int_eq(hws_loop_new(&h.loop), HWS_OK);
	ck_assert_int_eq(hws_ipc_new(h.loop, fd[0], &lc, &h.hostd), HWS_OK);
}

void start_agent(const char *backend, const char *display)
{
	const struct hws_agent_conf conf = { backend, display };

	start(&conf);
}

void start_role(enum hws_agent_role role)
{
	const struct hws_agent_conf conf = { .role = role };

	start(&conf);
}

void wait_for(const unsigned *counter, unsigned n)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (*counter < n) {
		ck_assert_msg(test_now_ms() < end, "nothing came");
		hws_loop_once(h.loop, 20000);
	}
}

void run_for(unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end)
		hws_loop_once(h.loop, 5000);
}

void ping_agent(void)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentPing ping = AGT__AGENT_PING__INIT;
	unsigned before = h.pings;

	m.union_case = AGT__MESSAGE__UNION_AGENT_PING;
	m.agent_ping = &ping;
	ck_assert_int_eq(hws_ipc_send(h.hostd, &m, -1), HWS_OK);
	wait_for(&h.pings, before + 1);
}

int stop_agent(void)
{
	int status = 0;

	for (unsigned i = 0; i < 3; i++) {
		hws_ipc_close(h.gate[i].link, HWS_OK);
		hws_decoder_free(h.gate[i].dec);
		free(h.gate[i].text);
	}
	hws_ipc_close(h.hostd, HWS_OK);
	hws_loop_free(h.loop);
	ck_assert_int_eq(waitpid(h.pid, &status, 0), h.pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void on_opened(struct gate *g, const Agt__Opened *o)
{
	ProtobufCMessage *m = NULL;

	g->opened++;
	g->ok = o->ok;
	(void)!hws_str_copy(g->error, sizeof(g->error), o->error);
	if (!o->ok)
		return;
	ck_assert_int_eq(hws_msg_unpack(&ses__peer_info__descriptor,
					 hws_bytes(o->peer_info.data, o->peer_info.len), 64, &m),
			HWS_OK);
	const Ses__PeerInfo *pi = (const Ses__PeerInfo *)m;
	(void)!hws_str_copy(g->platform, sizeof(g->platform), pi->platform);
	(void)!hws_str_copy(g->version, sizeof(g->version), pi->version);
	g->displays = (unsigned)pi->n_displays;
	if (pi->n_displays) {
		g->width = pi->displays[0]->width;
		g->height = pi->displays[0]->height;
	}
	hws_msg_free(m);
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	struct gate *g = arg;

	(void)l;
	(void)fd;
	if (m->union_case == AGT__MESSAGE__UNION_OPENED)
		on_opened(g, m->opened);
	else if (m->union_case == AGT__MESSAGE__UNION_ENCODER_STATE) {
		g->bitrates++;
		ck_assert_uint_gt(m->encoder_state->bitrate_kbit_s, 0);
	}
}

static void on_clipboard(struct gate *g, const Ses__Clipboard *c)
{
	struct hws_bytes in = hws_bytes(c->content.data, c->content.len);
	struct hws_buf plain;

	ck_assert_int_eq(c->format, SES__CLIPBOARD_FORMAT__Text);
	hws_buf_init(&plain, 8u << 20);
	if (c->compress)
		ck_assert_int_eq(hws_decompress(in, 8u << 20, &plain), HWS_OK);
	else
		hws_buf_put(&plain, in.ptr, in.len);
	free(g->text);
	g->text_len = hws_buf_len(&plain);
	g->text = calloc(1, g->text_len + 1);
	memcpy(g->text, hws_buf_bytes(&plain).ptr, g->text_len);
	g->texts++;
	hws_buf_done(&plain);
}

static void on_wire(struct hws_ipc *l, struct hws_bytes message, void *arg)
{
	struct gate *g = arg;
	Ses__Message *m = NULL;
	const struct hws_picture *p;

	(void)l;
	if (g->hears) {
		g->hears(g, message);
		return;
	}
	ck_assert_int_eq(hws_ses_unpack(message, &m), HWS_OK);
	if (m->union_case == SES__MESSAGE__UNION_VIDEO_FRAME) {
		const Ses__EncodedVideoFrame *f = m->video_frame->vp9s->frames[0];
		ck_assert_int_eq(m->video_frame->union_case, SES__VIDEO_FRAME__UNION_VP9S);
		ck_assert(g->frames || f->key);
		g->frames++;
		g->keys += f->key;
		if (!g->dec)
			ck_assert_int_eq(hws_decoder_new(HWS_CODEC_VP9, 1, &g->dec), HWS_OK);
		ck_assert_int_eq(hws_decoder_decode(
						 g->dec, hws_bytes(f->data.data, f->data.len), &p),
				HWS_OK);
		g->decoded++;
		g->last_w = p->width;
		g->last_h = p->height;
		g->corner = p->plane[0][0];
	} else if (m->union_case == SES__MESSAGE__UNION_VOICE_CALL_RESPONSE) {
		ck_assert(!m->voice_call_response->accepted);
		g->call = m->voice_call_response->req_timestamp;
		g->declined++;
	} else if (m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE) {
		ck_assert_int_eq(m->file_response->union_case, SES__FILE_RESPONSE__UNION_ERROR);
		ck_assert_int_eq(m->file_response->error->id, 11);
		g->refused++;
	} else if (m->union_case == SES__MESSAGE__UNION_MULTI_CLIPBOARDS) {
		on_clipboard(g, m->multi_clipboards->clipboards[0]);
	} else if (m->union_case == SES__MESSAGE__UNION_PEER_INFO) {
		g->lists++;
		ck_assert_uint_ge(m->peer_info->n_displays, 1);
		g->width = m->peer_info->displays[0]->width;
	}
	hws_ses_free(m);
}

static void on_close(struct hws_ipc *l, int why, void *arg)
{
	struct gate *g = arg;

	(void)l;
	(void)why;
	g->link = NULL;
	g->closed++;
}

static void tell_agent(const Agt__Message *m, int fd)
{
	ck_assert_int_eq(hws_ipc_send(h.hostd, m, fd), HWS_OK);
}

void link_gate(struct gate *g, unsigned conn, uint64_t permissions, Agt__SessionKind kind)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.on_message = on_message,
		.on_wire = on_wire,
		.on_close = on_close,
		.arg = g };
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentLink al = AGT__AGENT_LINK__INIT;
	int fd[2];

	ck_assert_int_eq(hws_ipc_pair(fd), HWS_OK);
	ck_assert_int_eq(hws_ipc_new(h.loop, fd[0], &lc, &g->link), HWS_OK);
	al.conn = conn;
	al.permissions = permissions;
	al.kind = kind;
	al.my_id = (char *)"987654321";
	al.peer_addr = (char *)"192.0.2.1:5";
	m.union_case = AGT__MESSAGE__UNION_AGENT_LINK;
	m.agent_link = &al;
	tell_agent(&m, fd[1]);
}

void permit_gate(unsigned i, uint64_t permissions)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = 100 + i;
	c.set_permissions = true;
	c.permissions = permissions;
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONTROL;
	m.agent_control = &c;
	tell_agent(&m, -1);
}

void settle_hostd(void)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__ServiceCommand c = AGT__SERVICE_COMMAND__INIT;

	c.id = 1;
	c.service = (char *)"none";
	c.text = (char *)"";
	m.union_case = AGT__MESSAGE__UNION_SERVICE_COMMAND;
	m.service_command = &c;
	tell_agent(&m, -1);
	wait_for(&h.results, h.results + 1);
}

void end_gate(unsigned i)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = 100 + i;
	c.close = true;
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONTROL;
	m.agent_control = &c;
	tell_agent(&m, -1);
}

void ask_gate(unsigned i, uint64_t permissions, Agt__SessionKind kind)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Open o = AGT__OPEN__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	struct hws_buf b;

	link_gate(&h.gate[i], 100 + i, permissions, kind);
	lr.version = (char *)"1.4.9";
	lr.my_platform = (char *)"Linux";
	hws_buf_init(&b, 4096);
	ck_assert_int_eq(hws_msg_pack(&lr.base, &b), HWS_OK);
	o.login_request.data = (uint8_t *)hws_buf_bytes(&b).ptr;
	o.login_request.len = hws_buf_len(&b);
	m.union_case = AGT__MESSAGE__UNION_OPEN;
	m.open = &o;
	ck_assert_int_eq(hws_ipc_send(h.gate[i].link, &m, -1), HWS_OK);
	hws_buf_done(&b);
}

void open_gate(unsigned i, uint64_t permissions, Agt__SessionKind kind)
{
	ask_gate(i, permissions, kind);
	wait_for(&h.gate[i].opened, 1);
}

void send_wire(unsigned i, const Ses__Message *m)
{
	struct hws_buf b;

	hws_buf_init(&b, 8 << 20);
	ck_assert_int_eq(hws_ses_pack(m, &b), HWS_OK);
	ck_assert_int_eq(hws_ipc_send_wire(h.gate[i].link, HWS_CHANNEL_VIDEO, hws_buf_bytes(&b)),
			HWS_OK);
	hws_buf_done(&b);
}
