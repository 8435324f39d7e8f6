#include "client/core/viewer.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/secure.h"
#include "shared/wire/version.h"
#include <stdio.h>

#define LINK_LIMIT_US 18000000ull

struct hws_viewer {
	struct hws_viewer_ops ops;
	void *arg;
	enum hws_viewer_state state;
	char my_id[HWS_PEER_TEXT], my_name[HWS_PEER_TEXT], my_platform[HWS_PEER_TEXT];
	char username[300];
	uint64_t session_id;
	struct hws_view_options options;
	bool allow_plain, plain_agreed, trusted, trust_asked;
	uint8_t hwid[HWS_HWID_LEN];
	struct hws_secure secure;
	bool has_secure, encrypted, local;
	uint8_t host_pk[HWS_PK_LEN];
	bool has_host_pk;
	struct hws_login login;
	struct hws_peer peer;
	bool denied[16]; /* by Ses__PermissionInfo__Permission */
	uint64_t ignored;
	struct hws_service *service[HWS_SERVICE_COUNT];
	bool services_open;
};

static const char *const state_names[] = { "idle", "securing", "hash", "plain", "verdict", "asking",
	"ready", "ended" };

/* By state: the set of states that may follow. Anything may end, and a lost link makes IDLE. */
#define TO(s) (1u << HWS_VIEWER_##s)
static const unsigned may_go[] = {
	[HWS_VIEWER_IDLE] = TO(SECURING) | TO(HASH),
	[HWS_VIEWER_SECURING] = TO(HASH),
	[HWS_VIEWER_HASH] = TO(PLAIN) | TO(VERDICT) | TO(ASKING),
	[HWS_VIEWER_PLAIN] = TO(VERDICT) | TO(ASKING),
	[HWS_VIEWER_VERDICT] = TO(VERDICT) | TO(ASKING) | TO(READY),
	[HWS_VIEWER_ASKING] = TO(VERDICT) | TO(ASKING) | TO(READY),
	[HWS_VIEWER_READY] = 0,
	[HWS_VIEWER_ENDED] = 0,
};

const char *hws_viewer_state_name(enum hws_viewer_state state)
{
	return (size_t)state < HWS_COUNT(state_names) ? state_names[state] : "?";
}

static bool set_state(struct hws_viewer *v, enum hws_viewer_state state)
{
	if (state != HWS_VIEWER_IDLE && state != HWS_VIEWER_ENDED &&
			!(may_go[v->state] & (1u << state)))
		return false;
	bool changed = v->state != state;
	v->state = state;
	if (changed)
		v->ops.state(state, v->arg);
	return true;
}

static void end_link(struct hws_viewer *v, int err, const char *text, const char *peer_text)
{
	if (v->state == HWS_VIEWER_ENDED || v->state == HWS_VIEWER_IDLE)
		return;
	set_state(v, HWS_VIEWER_ENDED);
	v->ops.end(err, text, peer_text, v->arg);
}

int hws_viewer_new(const struct hws_viewer_conf *conf, struct hws_viewer **ret)
{
	struct hws_viewer *v = hws_alloc(sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->ops = *conf->ops;
	v->arg = conf->arg;
	snprintf(v->my_id, sizeof(v->my_id), "%s", conf->my_id);
	snprintf(v->my_name, sizeof(v->my_name), "%s", conf->my_name);
	snprintf(v->my_platform, sizeof(v->my_platform), "%s", conf->my_platform);
	v->session_id = conf->session_id;
	v->options = conf->options;
	v->allow_plain = conf->allow_plain;
	v->trusted = conf->trusted;
	memcpy(v->hwid, conf->hwid, sizeof(v->hwid));
	hws_login_init(&v->login);
	*ret = v;
	return HWS_OK;
}

void hws_viewer_free(struct hws_viewer *v)
{
	if (!v)
		return;
	hws_viewer_lost(v);
	hws_login_done(&v->login);
	hws_free_wiped(v, sizeof(*v));
}

void hws_viewer_serve(struct hws_viewer *v, enum hws_service_id id, struct hws_service *s)
{
	v->service[id] = s;
}

struct hws_login *hws_viewer_login(struct hws_viewer *v)
{
	return &v->login;
}

/* --- sending ------------------------------------------------------------------------------------ */

static int pack_and_send(struct hws_viewer *v, const Ses__Message *m)
{
	struct hws_buf out;
	int r;

	hws_buf_init(&out, HWS_SES_FRAME_MAX);
	r = hws_ses_pack(m, &out);
	if (r == HWS_OK)
		v->ops.send(hws_buf_bytes(&out), v->arg);
	hws_buf_done_wiped(&out);
	return r;
}

int hws_viewer_send(struct hws_viewer *v, const Ses__Message *m)
{
	return v->state == HWS_VIEWER_READY ? pack_and_send(v, m) : HWS_ERR_DENIED;
}

int hws_viewer_send_misc(struct hws_viewer *v, Ses__Misc *misc)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = misc;
	return hws_viewer_send(v, &m);
}

static void send_login(struct hws_viewer *v, struct hws_bytes proof)
{
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	struct hws_option_message option;

	hws_view_options_login(&v->options, &option);
	lr.username = v->username;
	lr.password.data = (uint8_t *)proof.ptr;
	lr.password.len = proof.len;
	lr.my_id = v->my_id;
	lr.my_name = v->my_name;
	lr.my_platform = v->my_platform;
	lr.option = &option.m;
	lr.session_id = v->session_id;
	lr.version = (char *)HWS_PROTOCOL_VERSION;
	if (v->trusted) {
		lr.hwid.data = v->hwid;
		lr.hwid.len = sizeof(v->hwid);
	}
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	if (pack_and_send(v, &m) < 0)
		end_link(v, HWS_ERR_NOMEM, "out of memory while logging in", NULL);
}

/* Logs in with what is known; asks the user when that is nothing. An empty login is sent even then: it
 * lets the person at the host accept by a click. */
static void try_login(struct hws_viewer *v)
{
	uint8_t proof[HWS_PROOF_LEN];
	bool have = hws_login_proof(&v->login, proof);

	if (!set_state(v, have ? HWS_VIEWER_VERDICT : HWS_VIEWER_ASKING))
		return;
	send_login(v, hws_bytes(proof, have ? sizeof(proof) : 0));
	hws_wipe(proof, sizeof(proof));
	if (!have && v->state == HWS_VIEWER_ASKING)
		v->ops.ask(HWS_LOGIN_ASK, false, v->arg);
}

void hws_viewer_leave(struct hws_viewer *v)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (v->state < HWS_VIEWER_HASH || v->state == HWS_VIEWER_ENDED)
		return;
	misc.union_case = SES__MISC__UNION_CLOSE_REASON;
	misc.close_reason = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	if (pack_and_send(v, &m) < 0)
		return; /* the host sees the end of the stream instead */
}

void hws_viewer_set_options(struct hws_viewer *v, const struct hws_view_options *o)
{
	struct hws_option_message change;
	Ses__Misc misc = SES__MISC__INIT;

	if (v->state == HWS_VIEWER_READY && hws_view_options_change(&v->options, o, &change)) {
		misc.union_case = SES__MISC__UNION_OPTION;
		misc.option = &change.m;
		if (hws_viewer_send_misc(v, &misc) < 0)
			return;
	}
	v->options = *o;
}

int hws_viewer_refresh(struct hws_viewer *v, int display)
{
	Ses__Misc misc = SES__MISC__INIT;

	if (display >= 0 && v->peer.version_number >= HWS_V_MULTI_DISPLAY) {
		misc.union_case = SES__MISC__UNION_REFRESH_VIDEO_DISPLAY;
		misc.refresh_video_display = display;
	} else {
		misc.union_case = SES__MISC__UNION_REFRESH_VIDEO;
		misc.refresh_video = true;
	}
	return hws_viewer_send_misc(v, &misc);
}

int hws_viewer_show(struct hws_viewer *v, size_t display)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SwitchDisplay sw = SES__SWITCH_DISPLAY__INIT;
	Ses__CaptureDisplays cap = SES__CAPTURE_DISPLAYS__INIT;
	int32_t index = (int32_t)display;
	int r;

	if (v->state != HWS_VIEWER_READY)
		return HWS_ERR_DENIED;
	if (display >= v->peer.display_count)
		return HWS_ERR_RANGE;
	v->peer.current = display;
	sw.display = index;
	misc.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	misc.switch_display = &sw;
	r = hws_viewer_send_misc(v, &misc);
	if (r == HWS_OK && v->peer.version_number >= HWS_V_MULTI_DISPLAY) {
		cap.n_set = 1;
		cap.set = &index;
		misc.union_case = SES__MISC__UNION_CAPTURE_DISPLAYS;
		misc.capture_displays = &cap;
		r = hws_viewer_send_misc(v, &misc);
	}
	if (r == HWS_OK)
		r = hws_viewer_refresh(v, index);
	v->ops.displays(v->arg);
	return r;
}

/* --- handshake ---------------------------------------------------------------------------------- */

static void securing_step(struct hws_viewer *v)
{
	struct hws_bytes out;
	uint8_t key[HWS_SESSION_KEY_LEN];
	const uint8_t *pk = hws_secure_host_pk(&v->secure);

	while (hws_secure_take_output(&v->secure, &out))
		v->ops.send(out, v->arg);
	v->has_host_pk = pk != NULL;
	if (pk)
		memcpy(v->host_pk, pk, sizeof(v->host_pk));
	switch (hws_secure_state(&v->secure)) {
	case HWS_SECURE_KEYED:
		hws_secure_key(&v->secure, key);
		v->ops.keyed(key, v->arg);
		hws_wipe(key, sizeof(key));
		v->encrypted = true;
		set_state(v, HWS_VIEWER_HASH);
		break;
	case HWS_SECURE_PLAINTEXT:
		set_state(v, HWS_VIEWER_HASH);
		break;
	case HWS_SECURE_FAILED: {
		char text[300];
		int err = hws_secure_err(&v->secure);
		snprintf(text, sizeof(text), "the encrypted connection could not be set up: %s%s",
				hws_secure_text(&v->secure),
				err == HWS_ERR_KEY
						? "; if the host was set up anew, forget it in this "
						  "viewer first"
						: "");
		end_link(v, err, text, NULL);
		break;
	}
	default:
		break;
	}
}

int hws_viewer_start(struct hws_viewer *v, const struct hws_viewer_link *link)
{
	int r;

	if (v->state != HWS_VIEWER_IDLE)
		return HWS_ERR_BUSY;
	r = hws_str_copy(v->username, sizeof(v->username), link->username);
	if (r < 0)
		return HWS_ERR_INVAL;
	v->encrypted = false;
	v->has_host_pk = false;
	v->local = link->local;
	v->plain_agreed = false;
	v->login.has_hash = false;
	v->trust_asked = false;
	memset(v->denied, 0, sizeof(v->denied));
	v->peer = (struct hws_peer){ 0 };
	v->ops.frame_max(HWS_SES_LOGIN_FRAME_MAX, v->arg);
	if (!link->handshake) {
		set_state(v, HWS_VIEWER_HASH);
		return HWS_OK;
	}
	/* Which downgrade is acceptable is the user's decision, taken before anything is told. */
	r = hws_secure_client_init(&v->secure,
			&(struct hws_secure_client_conf){ .id = link->id,
					.statement = link->statement,
					.server_pk = link->server_pk,
					.pinned_pk = link->pinned_pk,
					.plain_ok = HWS_PLAIN_ALL });
	if (r < 0)
		return r;
	v->has_secure = true;
	set_state(v, HWS_VIEWER_SECURING);
	securing_step(v);
	return HWS_OK;
}

/* --- messages of the host ----------------------------------------------------------------------- */

static void on_hash(struct hws_viewer *v, Ses__Message *m)
{
	/* A second Hash on a link is a new challenge (the spec's rule), also while the user is asked. */
	if (hws_login_hash(&v->login, m->hash->salt, m->hash->challenge) < 0) {
		end_link(v, HWS_ERR_PROTO,
				"the host's challenge is longer than any known host sends; it is no "
				"RustDesk-compatible host",
				NULL);
		return;
	}
	if (!v->encrypted && !v->allow_plain && !v->plain_agreed && !v->local) {
		if (v->state == HWS_VIEWER_PLAIN || !set_state(v, HWS_VIEWER_PLAIN))
			return;
		v->ops.ask_plain(v->has_secure ? hws_secure_text(&v->secure)
					       : "a host reached by its address does not encrypt: "
						 "everything, also "
						 "what is typed, can be read on the way",
				v->arg);
		return;
	}
	try_login(v);
}

static void on_login_error(struct hws_viewer *v, const Ses__LoginResponse *lr)
{
	char text[400];
	int err;
	enum hws_login_step step = hws_login_verdict(lr->error, &err, text, sizeof(text));

	if (step == HWS_LOGIN_END) {
		end_link(v, err, text, lr->error);
		return;
	}
	if (v->state == HWS_VIEWER_HASH || v->state == HWS_VIEWER_PLAIN) {
		v->ignored++; /* a question about a login that was not made */
		return;
	}
	if (step == HWS_LOGIN_ASK || step == HWS_LOGIN_ASK_AGAIN)
		hws_login_refused(&v->login);
	if (step == HWS_LOGIN_CODE || step == HWS_LOGIN_CODE_AGAIN)
		v->trusted = false;
	if (set_state(v, HWS_VIEWER_ASKING))
		v->ops.ask(step, lr->enable_trusted_devices, v->arg);
}

/* A Windows host to which several people are logged in starts nothing before it is told whose desktop to
 * show: the one it stands in already. */
static void keep_windows_session(struct hws_viewer *v, const Ses__WindowsSessions *w)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_SELECTED_SID;
	misc.selected_sid = w->current_sid;
	if (hws_viewer_send_misc(v, &misc) < 0)
		end_link(v, HWS_ERR_NOMEM, "out of memory while logging in", NULL);
}

static void on_login_response(struct hws_viewer *v, Ses__Message *m)
{
	const Ses__LoginResponse *lr = m->login_response;

	if (lr->union_case == SES__LOGIN_RESPONSE__UNION_ERROR) {
		on_login_error(v, lr);
		return;
	}
	if (lr->union_case != SES__LOGIN_RESPONSE__UNION_PEER_INFO)
		return;
	if (v->state == HWS_VIEWER_HASH || v->state == HWS_VIEWER_PLAIN) {
		v->ignored++;
		return;
	}
	hws_peer_set(&v->peer, lr->peer_info);
	if (v->peer.display_count == 0 && !lr->peer_info->windows_sessions) {
		end_link(v, HWS_ERR_DISPLAY,
				"the host has no display to show; connect a monitor or start a virtual one",
				NULL);
		return;
	}
	if (!set_state(v, HWS_VIEWER_READY))
		return;
	if (v->trust_asked)
		v->trusted = true;
	v->ops.frame_max(HWS_SES_FRAME_MAX, v->arg);
	v->services_open = true;
	for (size_t i = 0; i < HWS_SERVICE_COUNT; i++)
		if (v->service[i])
			v->service[i]->impl->open(v->service[i]);
	v->ops.ready(v->arg);
	if (lr->peer_info->windows_sessions)
		keep_windows_session(v, lr->peer_info->windows_sessions);
}

static void on_box(struct hws_viewer *v, Ses__Message *m)
{
	const Ses__MessageBox *b = m->message_box;
	char kind[64], title[200], text[1000], link[100];

	v->ops.box(hws_str_escape(kind, sizeof(kind), hws_bytes_str(b->msgtype)),
			hws_str_escape(title, sizeof(title), hws_bytes_str(b->title)),
			hws_str_escape(text, sizeof(text), hws_bytes_str(b->text)),
			hws_str_escape(link, sizeof(link), hws_bytes_str(b->link)), v->arg);
}

static void on_peer_info(struct hws_viewer *v, Ses__Message *m)
{
	size_t before = v->peer.current;

	hws_peer_set_displays(&v->peer, m->peer_info);
	if (v->peer.display_count > 0 && v->peer.current != before &&
			hws_viewer_show(v, v->peer.current) == HWS_OK)
		return; /* told the change already */
	v->ops.displays(v->arg);
}

static void on_permission(struct hws_viewer *v, Ses__Message *m)
{
	const Ses__PermissionInfo *p = m->misc->permission_info;

	if ((unsigned)p->permission >= HWS_COUNT(v->denied))
		return;
	v->denied[p->permission] = !p->enabled;
	v->ops.permission((int)p->permission, p->enabled, v->arg);
}

static void on_close_reason(struct hws_viewer *v, Ses__Message *m)
{
	const char *reason = m->misc->close_reason;
	char peer[200], text[300];

	hws_str_escape(peer, sizeof(peer), hws_bytes_str(reason));
	snprintf(text, sizeof(text), "the host ended the session%s%s", *peer ? ": " : "", peer);
	end_link(v, HWS_ERR_EOF, text, *reason ? reason : "closed manually by the peer");
}

static void on_chat(struct hws_viewer *v, Ses__Message *m)
{
	v->ops.chat(m->misc->chat_message->text, v->arg);
}

/* What a Windows host that is not installed cannot reach: its user would wonder why nothing happens. */
static void on_obstacle(struct hws_viewer *v, Ses__Message *m)
{
	bool prompt = m->misc->union_case == SES__MISC__UNION_UAC;

	if (prompt ? !m->misc->uac : !m->misc->foreground_window_elevated)
		return;
	v->ops.box("nook-nocancel-hasclose", prompt ? "Prompt on the host" : "Protected window",
			prompt ? "The host asks its user for permission, and that prompt can be "
				 "neither seen nor answered from here: ask somebody there"
			       : "The window in front at the host has higher rights than the "
				 "program that shows it: mouse and keyboard have no effect on it",
			"", v->arg);
}

/* The geometry of a display. The picture's decoder starts anew with it, so video sees it, too. */
static void on_switch_display(struct hws_viewer *v, Ses__Message *m)
{
	if (hws_peer_switch(&v->peer, m->misc->switch_display))
		v->ops.displays(v->arg);
}

static void on_follow(struct hws_viewer *v, Ses__Message *m)
{
	int32_t i = m->misc->follow_current_display;

	if (i >= 0 && (size_t)i < v->peer.display_count && (size_t)i != v->peer.current &&
			hws_viewer_show(v, (size_t)i) < 0)
		v->ignored++;
}

#define IN(s) (1u << HWS_VIEWER_##s)
#define WAITING (IN(HASH) | IN(PLAIN) | IN(VERDICT) | IN(ASKING))

/* One row for each message a host may send. What has no row, or comes in another state, is ignored. */
static const struct row {
	unsigned message, misc; /* union_case */
	unsigned states;
	size_t max; /* bytes of the frame */
	void (*core)(struct hws_viewer *v, Ses__Message *m);
	enum hws_service_id service; /* gets it after the core */
} rows[] = {
#define MSG(name) SES__MESSAGE__UNION_##name, 0
#define MISC(name) SES__MESSAGE__UNION_MISC, SES__MISC__UNION_##name
	{ MSG(HASH), WAITING, 1024, on_hash, 0 },
	/* A host that blocks this address, or has no window open, says so instead of its Hash. */
	{ MSG(LOGIN_RESPONSE), WAITING, HWS_SES_LOGIN_FRAME_MAX, on_login_response, 0 },
	{ MSG(VIDEO_FRAME), IN(READY), HWS_SES_FRAME_MAX, NULL, HWS_SERVICE_VIDEO },
	{ MSG(CURSOR_DATA), IN(READY), HWS_SES_CURSOR_MAX, NULL, HWS_SERVICE_CURSOR },
	{ MSG(CURSOR_ID), IN(READY), 64, NULL, HWS_SERVICE_CURSOR },
	{ MSG(CURSOR_POSITION), IN(READY), 64, NULL, HWS_SERVICE_CURSOR },
	{ MSG(CLIPBOARD), IN(READY), HWS_SES_FRAME_MAX, NULL, HWS_SERVICE_CLIPBOARD },
	{ MSG(MULTI_CLIPBOARDS), IN(READY), HWS_SES_FRAME_MAX, NULL, HWS_SERVICE_CLIPBOARD },
	{ MSG(MESSAGE_BOX), WAITING | IN(READY), HWS_SES_LOGIN_FRAME_MAX, on_box, 0 },
	{ MSG(PEER_INFO), IN(READY), HWS_SES_LOGIN_FRAME_MAX, on_peer_info, HWS_SERVICE_VIDEO },
	{ MISC(PERMISSION_INFO), WAITING | IN(READY), 64, on_permission, 0 },
	{ MISC(CLOSE_REASON), WAITING | IN(READY), 4096, on_close_reason, 0 },
	{ MISC(SWITCH_DISPLAY), IN(READY), HWS_SES_LOGIN_FRAME_MAX, on_switch_display,
			HWS_SERVICE_VIDEO },
	{ MISC(CHAT_MESSAGE), IN(READY), HWS_SES_LOGIN_FRAME_MAX, on_chat, 0 },
	{ MISC(FOLLOW_CURRENT_DISPLAY), IN(READY), 64, on_follow, 0 },
	{ MISC(UAC), IN(READY), 64, on_obstacle, 0 },
	{ MISC(FOREGROUND_WINDOW_ELEVATED), IN(READY), 64, on_obstacle, 0 },
};

static const struct row *row_of(const Ses__Message *m)
{
	unsigned misc = m->union_case == SES__MESSAGE__UNION_MISC ? m->misc->union_case : 0;

	for (size_t i = 0; i < HWS_COUNT(rows); i++)
		if (rows[i].message == (unsigned)m->union_case && rows[i].misc == misc)
			return &rows[i];
	return NULL;
}

/* A probe goes back as the very bytes that came, in every state: the host's pacing depends on it. */
static void on_test_delay(struct hws_viewer *v, const Ses__TestDelay *t, struct hws_bytes payload)
{
	if (t->from_client)
		return; /* the answer to a probe of ours; we send none */
	v->ops.send(payload, v->arg);
	v->ops.delay(t->last_delay, t->target_bitrate, v->arg);
}

static void dispatch(struct hws_viewer *v, struct hws_bytes payload)
{
	Ses__Message *m = NULL;
	int r = hws_ses_unpack(payload, &m);

	if (r == HWS_ERR_NOMEM) {
		end_link(v, r, "out of memory for a message of the host", NULL);
		return;
	}
	if (r < 0) { /* like deployed viewers: what does not parse is passed over */
		v->ignored++;
		return;
	}
	if (m->union_case == SES__MESSAGE__UNION_TEST_DELAY) {
		on_test_delay(v, m->test_delay, payload);
		hws_ses_free(m);
		return;
	}
	const struct row *row = row_of(m);
	if (!row || !(row->states & (1u << v->state)) || payload.len > row->max) {
		v->ignored++;
		hws_ses_free(m);
		return;
	}
	if (row->core)
		row->core(v, m);
	struct hws_service *s = row->service ? v->service[row->service] : NULL;
	if (!s || v->state != HWS_VIEWER_READY || !s->impl->on_message(s, m))
		hws_ses_free(m);
}

void hws_viewer_frame(struct hws_viewer *v, struct hws_bytes payload)
{
	if (v->state == HWS_VIEWER_IDLE || v->state == HWS_VIEWER_ENDED)
		return;
	if (v->state != HWS_VIEWER_SECURING) {
		dispatch(v, payload);
		return;
	}
	int r = hws_secure_frame(&v->secure, payload);
	if (r < 0) {
		end_link(v, r, "the encrypted connection could not be set up", NULL);
		return;
	}
	securing_step(v);
	/* A host without handshake has begun with its Hash already. */
	if (v->state == HWS_VIEWER_HASH && hws_secure_frame_unused(&v->secure))
		dispatch(v, payload);
}

void hws_viewer_lost(struct hws_viewer *v)
{
	if (v->services_open)
		for (size_t i = 0; i < HWS_SERVICE_COUNT; i++)
			if (v->service[i])
				v->service[i]->impl->close(v->service[i]);
	v->services_open = false;
	if (v->has_secure)
		hws_secure_wipe(&v->secure);
	v->has_secure = false;
	if (v->state != HWS_VIEWER_IDLE)
		set_state(v, HWS_VIEWER_IDLE);
}

void hws_viewer_tick(struct hws_viewer *v, uint64_t now_us)
{
	if (!v->services_open)
		return;
	for (size_t i = 0; i < HWS_SERVICE_COUNT; i++)
		if (v->service[i] && v->service[i]->impl->tick)
			v->service[i]->impl->tick(v->service[i], now_us);
}

uint64_t hws_viewer_limit_us(const struct hws_viewer *v)
{
	/* Later states are kept alive, or ended, by the host's probes: the link's own idle limit. */
	return v->state == HWS_VIEWER_SECURING || v->state == HWS_VIEWER_HASH ? LINK_LIMIT_US : 0;
}

/* --- answers ------------------------------------------------------------------------------------ */

int hws_viewer_password(struct hws_viewer *v, const char *password)
{
	uint8_t proof[HWS_PROOF_LEN];
	int r;

	if (v->state != HWS_VIEWER_ASKING)
		return HWS_ERR_DENIED;
	r = hws_login_typed(&v->login, password);
	if (r < 0)
		return r;
	if (!hws_login_proof(&v->login, proof) || !set_state(v, HWS_VIEWER_VERDICT))
		return HWS_ERR_DENIED;
	send_login(v, hws_bytes(proof, sizeof(proof)));
	hws_wipe(proof, sizeof(proof));
	return HWS_OK;
}

int hws_viewer_code(struct hws_viewer *v, const char *code, bool trust)
{
	Ses__Auth2FA a = SES__AUTH2_FA__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (v->state != HWS_VIEWER_ASKING)
		return HWS_ERR_DENIED;
	if (strlen(code) > 32 || !hws_utf8_valid(hws_bytes_str(code)))
		return HWS_ERR_INVAL;
	a.code = (char *)code;
	if (trust) {
		a.hwid.data = v->hwid;
		a.hwid.len = sizeof(v->hwid);
	}
	v->trust_asked = trust;
	m.union_case = SES__MESSAGE__UNION_AUTH_2FA;
	m.auth_2fa = &a;
	set_state(v, HWS_VIEWER_VERDICT);
	return pack_and_send(v, &m);
}

int hws_viewer_agree_plain(struct hws_viewer *v, bool agree)
{
	if (v->state != HWS_VIEWER_PLAIN)
		return HWS_ERR_DENIED;
	if (agree) {
		v->plain_agreed = true;
		try_login(v);
		return HWS_OK;
	}
	hws_viewer_leave(v);
	end_link(v, HWS_ERR_INSECURE,
			"the connection would not have been encrypted, and that was not agreed to",
			NULL);
	return HWS_OK;
}

/* --- looking ------------------------------------------------------------------------------------ */

const struct hws_view_options *hws_viewer_options(const struct hws_viewer *v)
{
	return &v->options;
}

enum hws_viewer_state hws_viewer_state(const struct hws_viewer *v)
{
	return v->state;
}

const struct hws_peer *hws_viewer_peer(const struct hws_viewer *v)
{
	return &v->peer;
}

bool hws_viewer_encrypted(const struct hws_viewer *v)
{
	return v->encrypted;
}

const uint8_t *hws_viewer_host_pk(const struct hws_viewer *v)
{
	return v->has_host_pk ? v->host_pk : NULL;
}

bool hws_viewer_permitted(const struct hws_viewer *v, int permission)
{
	return permission >= 0 && (size_t)permission < HWS_COUNT(v->denied) &&
			!v->denied[permission];
}

bool hws_viewer_may_input(const struct hws_viewer *v)
{
	return v->state == HWS_VIEWER_READY && !v->options.view_only &&
			hws_viewer_permitted(v, SES__PERMISSION_INFO__PERMISSION__Keyboard);
}

bool hws_viewer_may_clip(const struct hws_viewer *v)
{
	return v->state == HWS_VIEWER_READY && !v->options.view_only && !v->options.no_clipboard &&
			hws_viewer_permitted(v, SES__PERMISSION_INFO__PERMISSION__Clipboard);
}

uint64_t hws_viewer_ignored(const struct hws_viewer *v)
{
	return v->ignored;
}
