/* One viewer at the agent, by way of its gate: let in, told of to the person at the desktop, joined
 * to the services and parted from them. What its session is and may do comes from hostd; the gate
 * holds what a stranger sent, so each of its messages is held against the table of messages once
 * more, and what no service takes is refused as the table says. */
#include "client/host/agent/agent_parts.h"
#include "client/host/ipc_caps.h"
#include "client/host/no_desktop.h"
#include "client/host/refusal.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/session_channel.h"
#include "shared/wire/session_rights.h"
#include "shared/wire/version.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BYTES 65536     /* in the kernel towards the gate: what lies there is already old */
#define QUEUE_HIGH (64u << 10) /* then video waits */
/* Files and tunnels have nothing that grows old, and blocks of a mebibyte. */
#define BULK_SOCKET_BYTES (1 << 20)
#define BULK_QUEUE_HIGH (4u << 20)
#define BULK_QUEUE_MAX (HWS_SES_FRAME_MAX + (16u << 20))
#define QUEUE_MAX (HWS_SES_FRAME_MAX + (4u << 20))
/* An honest gate has ended long before: it says goodbye to the viewer. */
#define LINGER_US (3 * HWS_US_PER_S)

_Static_assert(HWS_NOTIFY_PLACES >= HWS_NOTIFY_SERVICES, "a place for each viewer");
_Static_assert(sizeof(((struct hws_host_viewer *)0)->who) >= HWS_NOTICE_WHO, "room for it");

/* The person at the desktop sees who looks on. */
static void show_notice(struct hws_agent_viewer *c, bool here)
{
	struct hws_agent *a = c->a;
	char summary[HWS_NOTICE_TEXT], body[HWS_NOTICE_TEXT];

	if (!a->notifier)
		return;
	c->notice.controls = hws_host_viewer_may(&c->viewer, HWS_PERM_KEYBOARD);
	hws_notice_texts(&c->notice, here, (hws_loop_now_us(a->loop) - c->since_us) / HWS_US_PER_S,
			summary, body);
	hws_notifier_show(a->notifier, c->viewer.slot, summary, body, here ? HWS_NOTIFY_STAYS : 0);
}

/* What takes part in the decision has changed. Nothing but hostd's word ever adds a permission. */
static void set_permissions(struct hws_agent_viewer *c)
{
	uint32_t now = hws_kind_permissions(c->viewer.kind, c->granted) & ~c->disabled;

	if (c->viewer.permissions == now)
		return;
	c->viewer.permissions = now;
	if (!c->open)
		return;
	if (c->notice.controls != hws_host_viewer_may(&c->viewer, HWS_PERM_KEYBOARD))
		show_notice(c, true);
	hws_host_set_update(c->a->services, &c->viewer);
}

/* What a viewer reads of this host: who and what it is from here, the rest from the services. */
static int pack_peer_info(struct hws_agent_viewer *c, struct hws_buf *out)
{
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__Features features = SES__FEATURES__INIT;
	char host[256] = "", shown_host[256];

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = 0;
	/* The kernel takes any bytes for a host name; a message holds only UTF-8. */
	pi.username = c->a->user;
	pi.hostname = hws_str_escape(shown_host, sizeof(shown_host), hws_bytes_str(host));
	pi.platform = (char *)"Linux";
	pi.version = (char *)HWS_PROTOCOL_VERSION;
	features.terminal = hws_host_viewer_may(&c->viewer, HWS_PERM_TERMINAL);
	pi.features = &features;
	hws_host_set_describe(c->a->services, &c->viewer, &pi);
	return hws_msg_pack(&pi.base, out);
}

/* Takes `fd`. */
static void answer_open(
		struct hws_agent_viewer *c, const char *error, struct hws_bytes peer_info, int fd)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__Opened o = AGT__OPENED__INIT;

	o.ok = !error;
	o.error = (char *)(error ? error : "");
	o.peer_info.data = (uint8_t *)peer_info.ptr;
	o.peer_info.len = peer_info.len;
	m.union_case = AGT__MESSAGE__UNION_OPENED;
	m.opened = &o;
	if (hws_ipc_send(c->ipc, &m, fd) < 0)
		hws_ipc_close(c->ipc, HWS_ERR_FULL);
}

static void refuse_open(struct hws_agent_viewer *c, const char *error)
{
	answer_open(c, error, (struct hws_bytes){ 0 }, -1);
}

static void tell_let_in(struct hws_agent_viewer *c)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentViewer v = AGT__AGENT_VIEWER__INIT;

	v.conn = c->conn;
	m.union_case = AGT__MESSAGE__UNION_AGENT_VIEWER;
	m.agent_viewer = &v;
	if (c->a->hostd && hws_ipc_send(c->a->hostd, &m, -1) < 0)
		hws_debug("agent.viewer_not_told");
}

/* hostd hears that it is let in, its gate too, then the services begin with it. Takes `fd`. */
static void let_in(struct hws_agent_viewer *c, const Ses__LoginRequest *login,
		struct hws_bytes peer_info, int fd)
{
	c->since_us = hws_loop_now_us(c->a->loop);
	tell_let_in(c); /* first: who looks for it when the viewer is in shall find it */
	answer_open(c, NULL, peer_info, fd);
	if (!c->ipc)
		return;
	c->open = true;
	if (login->option)
		hws_option_trim(login->option, c->viewer.permissions);
	hws_host_set_join(c->a->services, &c->viewer, login->option);
	show_notice(c, true);
	hws_info("agent.viewer_open", HWS_U64("conn", c->conn), HWS_STR("from", c->from),
			HWS_U64("slot", c->viewer.slot));
}

/* What keeps a viewer out, in words for it; NULL when nothing does. */
static const char *obstacle(const struct hws_agent_viewer *c, char *buf, size_t size)
{
	const struct hws_agent *a = c->a;

	if (!a->services)
		return hws_no_desktop_text(buf, size, a->lasting, a->err.text);
	if (!hws_host_set_opens(a->services, c->viewer.kind))
		return "This kind of session is not available on this host";
	return NULL;
}

/* Of the service that the session is about. */
static void on_opened(struct hws_host_viewer *v, const char *error, int fd)
{
	struct hws_agent_viewer *c = hws_container(v, struct hws_agent_viewer, viewer);
	ProtobufCMessage *login = c->login;
	struct hws_buf info;

	c->login = NULL;
	if (!login || !c->ipc || error) {
		if (fd >= 0)
			close(fd);
		if (login && c->ipc)
			refuse_open(c, error);
		hws_msg_free(login);
		return;
	}
	hws_buf_init(&info, HWS_SES_LOGIN_FRAME_MAX);
	if (pack_peer_info(c, &info) == HWS_OK) {
		let_in(c, (const Ses__LoginRequest *)login, hws_buf_bytes(&info), fd);
	} else {
		refuse_open(c, "No displays");
		if (fd >= 0)
			close(fd);
	}
	hws_buf_done(&info);
	hws_msg_free(login);
}

/* What the services know of it before it is let in. A gate cannot say that its line is better than
 * what was proven over it. */
static void take_login(
		struct hws_agent_viewer *c, const Agt__Open *o, const Ses__LoginRequest *login)
{
	uint32_t most = c->by_v2 ? HWS_LEVEL_V2 : c->secure ? HWS_LEVEL_V1 : HWS_LEVEL_PLAIN;

	c->disabled = hws_option_disabled(login->option, 0);
	set_permissions(c);
	c->viewer.version = hws_version_number(login->version);
	c->viewer.ack_required = login->video_ack_required;
	if (hws_str_copy(c->viewer.platform, sizeof(c->viewer.platform), login->my_platform) < 0)
		c->viewer.platform[0] = 0;
	c->viewer.level = (enum hws_secure_level)HWS_MIN(o->level, most);
	c->notice.level = c->viewer.level;
	c->notice.level_known = true;
	c->notice.kind = c->viewer.kind;
}

static void admit(struct hws_agent_viewer *c, const Agt__Open *o)
{
	char text[sizeof(c->a->err.text) + 64];
	ProtobufCMessage *m = NULL;

	const char *why = obstacle(c, text, sizeof(text));
	if (why) {
		refuse_open(c, why);
		return;
	}
	int r = hws_msg_unpack(&ses__login_request__descriptor,
			hws_bytes(o->login_request.data, o->login_request.len), HWS_SES_LIST_MAX,
			&m);
	if (r < 0) {
		hws_ipc_close(c->ipc, r);
		return;
	}
	c->login = m;
	take_login(c, o, (const Ses__LoginRequest *)m);
	hws_host_set_open(c->a->services, &c->viewer, (const Ses__LoginRequest *)m);
}

static int keep_waiting(struct hws_agent_viewer *c, const Agt__Open *o)
{
	struct hws_buf copy;

	hws_buf_init(&copy, HWS_SES_LOGIN_FRAME_MAX + 4096);
	int r = hws_msg_pack(&o->base, &copy);
	if (r == HWS_OK)
		r = hws_msg_unpack(&agt__open__descriptor, hws_buf_bytes(&copy), HWS_SES_LIST_MAX,
				&c->waiting);
	hws_buf_done(&copy);
	return r;
}

static void open_viewer(struct hws_agent_viewer *c, const Agt__Open *o)
{
	if (c->open || c->waiting || c->login || c->over)
		return;
	if (!c->a->platform && c->a->row->needs_desktop)
		hws_agent_open_desktop(c->a); /* perhaps it has come since the last attempt */
	if (!c->a->opening) {
		admit(c, o);
		return;
	}
	int r = keep_waiting(c, o);
	if (r < 0)
		hws_ipc_close(c->ipc, r);
}

void hws_agent_admit_waiting(struct hws_agent *a)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_agent_viewer *c = a->viewer[i];
		ProtobufCMessage *m = c ? c->waiting : NULL;
		if (!m)
			continue;
		c->waiting = NULL;
		admit(c, (const Agt__Open *)m);
		hws_msg_free(m);
	}
}

/* --- the link of one viewer --- */

static struct hws_session_case session_case(const struct hws_agent_viewer *c)
{
	return (struct hws_session_case){ HWS_AT_OPEN, c->viewer.kind, c->viewer.permissions };
}

/* The gate would drop what the viewer may not have: a gate in foreign hands would not. */
static int send_parts(struct hws_host_viewer *g, const struct hws_session_row *row,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct hws_agent_viewer *c = hws_container(g, struct hws_agent_viewer, viewer);
	const struct hws_session_case now = session_case(c);
	enum hws_channel channel = hws_session_channel(row, HWS_TO_VIEWER);

	if (!c->ipc || c->over)
		return HWS_ERR_CLOSED;
	if (!row || hws_session_judge_agent(row, &now, head.len + rest.len) != HWS_SESSION_PASS)
		return HWS_ERR_DENIED;
	int r = hws_ipc_send_wire2(c->ipc, channel, head, rest);
	if (r == HWS_OK && hws_channel_class(channel) < HWS_SEND_BULK)
		g->sent += head.len + rest.len;
	return r;
}

static bool congested(const struct hws_host_viewer *g, enum hws_send_class cls)
{
	const struct hws_agent_viewer *c =
			hws_container((struct hws_host_viewer *)g, struct hws_agent_viewer, viewer);

	return !c->ipc || hws_ipc_congested(c->ipc, cls);
}

static void hold(struct hws_host_viewer *g, bool stop)
{
	struct hws_agent_viewer *c = hws_container(g, struct hws_agent_viewer, viewer);

	if (c->ipc && stop)
		hws_ipc_pause(c->ipc);
	else if (c->ipc)
		hws_ipc_resume(c->ipc);
}

static void on_quality(struct hws_agent_viewer *c, const Agt__LinkQuality *q)
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
	hws_host_set_line(c->a->services, &c->viewer, &a);
}

static void on_gate_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	struct hws_agent_viewer *c = arg;

	(void)l;
	if (fd >= 0)
		close(fd);
	switch (m->union_case) {
	case AGT__MESSAGE__UNION_OPEN:
		open_viewer(c, m->open);
		break;
	case AGT__MESSAGE__UNION_LINK_QUALITY:
		on_quality(c, m->link_quality);
		break;
	default:
		break;
	}
}

static int send_refusal(const Ses__Message *answer, void *arg)
{
	struct hws_agent_viewer *c = arg;

	return hws_host_viewer_send(&c->viewer, answer);
}

/* It may be asked for and no service here takes it. */
static void refuse(struct hws_agent_viewer *c, const struct hws_session_row *row,
		const Ses__Message *m)
{
	hws_debug("agent.ignored", HWS_STR("message", row->name));
	if (hws_refuse(row, m, c->viewer.kind, c->viewer.permissions, send_refusal, c) < 0)
		hws_debug("agent.refusal_not_sent");
}

static void set_option(struct hws_agent_viewer *c, Ses__OptionMessage *o)
{
	c->disabled = hws_option_disabled(o, c->disabled);
	set_permissions(c);
	hws_option_trim(o, c->viewer.permissions);
	hws_host_set_option(c->a->services, &c->viewer, o);
}

/* The row of a message that may be looked at, by the same judgement as the gate's; else NULL. What
 * a permission is missing for may have been on its way when hostd took it; anything else no gate
 * of ours passes on. */
static const struct hws_session_row *judged(struct hws_agent_viewer *c, struct hws_bytes message)
{
	const struct hws_session_case now = session_case(c);
	const struct hws_session_row *row = NULL;
	enum hws_session_verdict v = HWS_SESSION_DROP_UNSERVED;

	if (hws_session_scan(message, &row) == HWS_OK && row)
		v = hws_session_judge_passed(row, &now, message.len);
	if (v == HWS_SESSION_PASS)
		return row;
	if (v == HWS_SESSION_DROP_PERMISSION)
		hws_debug("agent.dropped", HWS_U64("conn", c->conn), HWS_STR("message", row->name));
	else
		hws_warn_limited("agent.gate_errs", HWS_U64("conn", c->conn),
				HWS_STR("message", row ? row->name : "unknown"),
				HWS_STR("why", hws_session_verdict_name(v)));
	return NULL;
}

static void on_gate_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes message, void *arg)
{
	struct hws_agent_viewer *c = arg;
	const struct hws_session_row *row = c->open ? judged(c, message) : NULL;
	Ses__Message *m = NULL;

	if (!row || hws_ses_unpack(message, &m) < 0)
		return;
	if (row->act == HWS_ACT_OPTION)
		set_option(c, m->misc->option);
	else if (!hws_host_set_message(c->a->services, &c->viewer, m))
		refuse(c, row, m);
	hws_ses_free(m);
}

static void free_viewer(void *arg)
{
	hws_free(arg);
}

/* From now on nothing of the gate is heard and nothing sent to it. */
static void part(struct hws_agent_viewer *c, int why)
{
	c->over = true;
	hws_msg_free(c->waiting);
	c->waiting = NULL;
	if (c->login) {
		hws_msg_free(c->login);
		c->login = NULL;
		hws_host_set_withdraw(c->a->services, &c->viewer);
	}
	if (!c->open)
		return;
	c->open = false;
	show_notice(c, false);
	hws_host_set_leave(c->a->services, &c->viewer);
	hws_info("agent.viewer_closed", HWS_U64("conn", c->conn), HWS_ERR("why", why));
}

static void on_gate_close(struct hws_ipc *l, int why, void *arg)
{
	struct hws_agent_viewer *c = arg;
	struct hws_agent *a = c->a;

	(void)l;
	c->ipc = NULL;
	hws_timer_stop(&c->linger);
	part(c, why);
	a->viewer[c->viewer.slot] = NULL;
	hws_loop_defer(a->loop, &c->gone, free_viewer, c);
}

static void on_gate_drain(struct hws_ipc *l HWS_UNUSED, enum hws_send_class cls, void *arg)
{
	struct hws_agent_viewer *c = arg;

	if (c->open)
		hws_host_set_drained(c->a->services, &c->viewer, cls);
}

static void on_linger(void *arg)
{
	struct hws_agent_viewer *c = arg;

	hws_ipc_close(c->ipc, HWS_ERR_CLOSED);
}

/* The gate is left the link for a moment: its end would have it tell the viewer that the desktop
 * was interrupted, instead of what hostd says. */
static void end_session(struct hws_agent_viewer *c)
{
	if (c->over)
		return;
	part(c, HWS_OK);
	hws_timer_start(c->a->loop, &c->linger, LINGER_US, on_linger, c);
}

static void dismiss(struct hws_host_viewer *v)
{
	end_session(hws_container(v, struct hws_agent_viewer, viewer));
}

void hws_agent_control(struct hws_agent *a, const Agt__AgentControl *m)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_agent_viewer *c = a->viewer[i];

		if (!c || c->conn != m->conn)
			continue;
		if (m->set_permissions) {
			c->granted = (uint32_t)m->permissions;
			set_permissions(c);
		}
		if (m->close)
			end_session(c);
	}
}

static void set_session(struct hws_agent_viewer *c, const Agt__AgentLink *link)
{
	c->conn = c->viewer.conn = link->conn;
	c->by_v2 = link->by_v2;
	c->viewer.has_key = link->viewer_pk.len == sizeof(c->viewer.key);
	if (c->viewer.has_key)
		memcpy(c->viewer.key, link->viewer_pk.data, sizeof(c->viewer.key));
	c->granted = (uint32_t)link->permissions;
	c->viewer.kind = (enum hws_session_kind)link->kind;
	c->secure = link->secure;
	hws_str_escape(c->from, sizeof(c->from), hws_bytes_str(link->peer_addr));
	hws_notice_set(&c->notice, link->my_id, link->my_name, link->peer_addr, link->via);
	hws_notice_who(&c->notice, c->viewer.who);
	set_permissions(c);
}

void hws_agent_accept(struct hws_agent *a, const Agt__AgentLink *link, int fd)
{
	struct hws_ipc_conf lc = {
		.frame_max = HWS_SES_FRAME_MAX + 1,
		.send_max = QUEUE_MAX,
		.send_high = QUEUE_HIGH,
		.rate = HWS_IPC_SESSION_RATE,
		.burst = HWS_IPC_SESSION_BURST,
		.check = hws_ipc_check_gate_to_agent,
		.on_message = on_gate_message,
		.on_wire = on_gate_wire,
		.on_close = on_gate_close,
		.on_drain = on_gate_drain,
	};
	const bool bulk = link->kind == AGT__SESSION_KIND__SESSION_KIND_FILE ||
			link->kind == AGT__SESSION_KIND__SESSION_KIND_FORWARD;
	int bytes = bulk ? BULK_SOCKET_BYTES : SOCKET_BYTES;
	unsigned slot = 0;

	if (bulk) {
		lc.send_high = BULK_QUEUE_HIGH;
		lc.send_max = BULK_QUEUE_MAX;
	}
	while (slot < HWS_HOST_VIEWERS_MAX && a->viewer[slot])
		slot++;
	struct hws_agent_viewer *c = NULL;
	if (slot < HWS_HOST_VIEWERS_MAX && (unsigned)link->kind < HWS_KIND_COUNT)
		c = hws_alloc(sizeof(*c));
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
	c->viewer.opened = on_opened;
	c->viewer.hold = hold;
	c->viewer.dismiss = dismiss;
	set_session(c, link);
	lc.arg = c;
	if (hws_ipc_new(a->loop, fd, &lc, &c->ipc) < 0) {
		hws_free(c);
		return;
	}
	a->viewer[slot] = c;
}

/* --- what the person at the desktop says --- */

void hws_agent_command(struct hws_agent *a, const Agt__ServiceCommand *q)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__ServiceResult res = AGT__SERVICE_RESULT__INIT;
	struct hws_error err = { 0 };

	if (strlen(q->text) > HWS_HOST_COMMAND_MAX || !hws_utf8_valid(hws_bytes_str(q->text)))
		hws_error_set(&err, HWS_ERR_INVAL, "a message is UTF-8 text of at most %u bytes",
				HWS_HOST_COMMAND_MAX);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX && !err.code; i++) {
		struct hws_agent_viewer *c = a->viewer[i];

		if (c && c->open && (!q->conn || q->conn == c->conn) &&
				hws_host_set_command(a->services, q->service, &c->viewer, q->text,
						&err) == HWS_OK)
			res.told++;
	}
	res.id = q->id;
	res.error = err.text;
	m.union_case = AGT__MESSAGE__UNION_SERVICE_RESULT;
	m.service_result = &res;
	if (a->hostd && hws_ipc_send(a->hostd, &m, -1) < 0)
		hws_debug("agent.result_not_told");
}
