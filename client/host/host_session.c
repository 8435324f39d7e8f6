/* host/host_session: one gate process seen from hostd: started with a socket, or sent to a relay
 * first; asked nothing, and believed in nothing that hostd can judge itself. */
#include "client/host/host_session.h"
#include "client/host/notice.h"
#include "client/host/offers.h"
#include "client/host/patience.h"
#include "client/host/spawn_gate.h"
#include "client/host/standing.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/box.h"
#include "shared/net/addr.h"
#include "shared/wire/host_word.h"
#include "shared/wire/session_kind.h"
#include "shared/wire/version.h"
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define LEG_US (18 * HWS_US_PER_S)      /* deployed peers' limit for such connections */
#define LEG_GRACE_US (5 * HWS_US_PER_S) /* for a gate to say itself that the time is over */
#define WRONG_MAX 30u /* as many logins as a person might try in the time they have */
#define JOIN_WAIT_US (3 * HWS_US_PER_S)
#define START_WAIT_US (15 * HWS_US_PER_S) /* where a process is started for it */
#define JOIN_RETRY_US (50 * HWS_US_PER_MS)
void hws_host_session_free(struct hws_host_session *v)
{
	if (!v)
		return;
	hws_session_forget_account(v);
	hws_timer_stop(&v->joining);
	hws_timer_stop(&v->deadline);
	hws_timer_stop(&v->errand);
	hws_list_remove(&v->node);
	hws_free_wiped(v, sizeof(*v));
}

/* Takes `fd`. A gate that is gone ends the session here: `v` may be freed. */
void hws_session_tell(struct hws_host_session *v, const Agt__Message *m, int fd)
{
	int r = hws_ipc_send(v->ipc, m, fd);

	if (r < 0)
		hws_host_session_close(v, r); /* the descriptor is gone in any case */
}

/* Nothing but our half of a handshake is ever signed, once for a connection, and put together here
 * but for the key of the gate's end of it: a gate that fell into foreign hands gets nothing else
 * out of our key. One that asks for more has. */
static void on_sign(struct hws_host_session *v, const Agt__SignRequest *q)
{
	const struct hws_whoami *who = v->env->whoami;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__SignReply reply = AGT__SIGN_REPLY__INIT;
	uint8_t nonce[HWS_NONCE_LEN], word[HWS_SECURE_SIGNED_MAX];
	const struct hws_secure_host_word w = { .identity = &who->identity,
		.id = who->id,
		.box_pk = q->box_pk.data,
		.nonce = nonce,
		.only_v2 = v->env->settings->require_v2,
		.legs = v->env->leg_asked != NULL };
	struct hws_offers_agt list;
	struct hws_offers offers;
	size_t len = 0;

	hws_rand_bytes(nonce, sizeof(nonce));
	if (!v->begun || v->has_signed || q->box_pk.len != HWS_BOX_PK_LEN ||
			hws_secure_sign(&w, word, &len) < 0) {
		hws_warn_limited("gate.sign_refused", HWS_U64("conn", v->conn));
		hws_host_session_close(v, HWS_ERR_PROTO);
		return;
	}
	v->has_signed = true;
	hws_secure_word(hws_bytes(word, len), v->word);
	hws_vault_offer(v->env->judge->vault, &v->offers_secret);
	hws_offers_of(&v->offers_secret, &offers);
	reply.signed_id = (ProtobufCBinaryData){ len, word };
	reply.n_offers = hws_offers_agt(&offers, &list);
	reply.offers = list.list;
	m.union_case = AGT__MESSAGE__UNION_SIGN_REPLY;
	m.sign_reply = &reply;
	hws_session_tell(v, &m, -1);
}

static void audit(const struct hws_host_session *v, const char *event, const char *why)
{
	if (v->env->audit)
		v->env->audit(v, event, why, v->env->arg);
}

static void take_text(char *buf, size_t size, const char *text)
{
	hws_str_escape(buf, size, hws_bytes_str(text));
}

static void on_deadline(void *arg)
{
	struct hws_host_session *v = arg;

	hws_warn_limited("gate.late", HWS_U64("conn", v->conn), HWS_STR("peer", v->peer),
			HWS_STR("state", v->state));
	hws_host_session_close(v, HWS_ERR_TIMEOUT);
}

/* A gate keeps the time with its viewer; hostd with the gate. Once that has to end nothing gives it
 * more. */
void hws_session_deadline(struct hws_host_session *v, uint64_t us)
{
	if (!v->leaving)
		hws_timer_start(v->env->loop, &v->deadline, us + HWS_GATE_GRACE_US, on_deadline, v);
}

static void set_leaving(struct hws_host_session *v, uint64_t us)
{
	hws_session_deadline(v, us);
	v->leaving = true;
}

static void answer_login(struct hws_host_session *v, Agt__LoginVerdict *verdict, int fd)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_LOGIN_VERDICT;
	m.login_verdict = verdict;
	if (verdict->result == AGT__LOGIN_VERDICT__RESULT__CLOSED) {
		v->refused = true;
		set_leaving(v, verdict->close_after_ms * HWS_US_PER_MS + HWS_LAST_WORDS_US);
	} else if (verdict->result == AGT__LOGIN_VERDICT__RESULT__OK) {
		hws_session_deadline(v, HWS_AGENT_ANSWER_US);
	} else {
		hws_session_deadline(v, v->login_timeout_us * HWS_PERSON_TIMES);
	}
	hws_session_tell(v, &m, fd);
}

/* An agent that is just being started, or started again, is worth a short wait. */
static void join_agent(void *arg)
{
	struct hws_host_session *v = arg;
	const struct hws_agent_session session = { .conn = v->conn,
		.kind = v->login.kind,
		.permissions = v->permissions,
		.my_id = v->login.my_id,
		.my_name = v->login.my_name,
		.peer = v->peer,
		.via = v->via,
		.secure = v->has_signed,
		.by_v2 = v->by_v2,
		.viewer_pk = v->has_viewer ? v->viewer_pk : NULL,
		.account = v->account };

	Agt__LoginVerdict verdict = AGT__LOGIN_VERDICT__INIT;
	struct hws_host_session_welcome welcome_secret = v->welcome_secret;
	struct hws_error err = { 0 };
	char text[512];
	int fd = -1, r;

	verdict.result = AGT__LOGIN_VERDICT__RESULT__OK;
	hws_session_fill_welcome(&welcome_secret, &verdict);
	r = hws_agents_join(v->env->agents, &session, &fd, &err);
	if (r < 0) {
		if (r == HWS_ERR_AGAIN && hws_loop_now_us(v->env->loop) < v->join_until_us) {
			hws_timer_start(v->env->loop, &v->joining, JOIN_RETRY_US, join_agent, v);
			goto out;
		}
		verdict.result = AGT__LOGIN_VERDICT__RESULT__CLOSED;
		verdict.text = hws_session_unserved_text(v, text, sizeof(text), r, err.text);
		verdict.close_after_ms = 1000;
		hws_info_limited("login.refused", HWS_U64("conn", v->conn),
				HWS_STR("why", verdict.text));
		audit(v, "login.refused", verdict.text);
	}
	hws_wipe(&v->welcome_secret, sizeof(v->welcome_secret));
	answer_login(v, &verdict, fd); /* may be the end of `v` */
out:
	hws_wipe(&welcome_secret, sizeof(welcome_secret));
}

/* With what the next attempt answers. */
static void refuse_login(struct hws_host_session *v, const struct hws_judge_result *res)
{
	Agt__LoginVerdict verdict = AGT__LOGIN_VERDICT__INIT;
	struct hws_offers_agt list;
	struct hws_offers offers;

	hws_vault_offer(v->env->judge->vault, &v->offers_secret);
	hws_offers_of(&v->offers_secret, &offers);
	verdict.result = res->result;
	verdict.text = (char *)(uintptr_t)res->text;
	verdict.close_after_ms = res->close_after_ms;
	verdict.n_offers = hws_offers_agt(&offers, &list);
	verdict.offers = list.list;
	answer_login(v, &verdict, -1);
}

/* As whom it asks. A gate holds the viewer to one id and one kind of session for a connection, and
 * is held to that here. False: it asks as another one now. */
static bool take_login(struct hws_host_session *v, const Agt__LoginCheck *check)
{
	struct hws_host_session_login *l = &v->login;

	if (l->seen && (l->kind != (unsigned)check->kind || !hws_str_equal(l->my_id, check->my_id)))
		return false;
	if (hws_str_copy(l->my_id, sizeof(l->my_id), check->my_id) < 0 ||
			hws_str_copy(l->my_name, sizeof(l->my_name), check->my_name) < 0)
		return false; /* the caps let no longer ones through */
	l->seen = true;
	l->session_id = check->session_id;
	l->looks_on = check->looks_on;
	l->kind = (unsigned)check->kind;
	take_text(v->my_id, sizeof(v->my_id), check->my_id);
	take_text(v->my_name, sizeof(v->my_name), check->my_name);
	return true;
}

/* What it was let in as is settled: the agent hears it, and of its gate no more is asked. */
void hws_session_let_in(struct hws_host_session *v)
{
	char text[HWS_SEAT_TEXT];
	const char *why = v->env->seat ? v->env->seat(v, text, sizeof(text), v->env->arg) : NULL;

	if (why) {
		hws_info_limited("login.refused", HWS_U64("conn", v->conn), HWS_STR("why", why));
		audit(v, "login.refused", why);
		hws_session_refuse(v, why);
		return;
	}
	v->open = true;
	hws_session_reduce(v);
	v->join_until_us = hws_loop_now_us(v->env->loop) +
			(hws_agent_role_of((enum hws_session_kind)v->login.kind) ==
									HWS_AGENT_DESKTOP
							? JOIN_WAIT_US
							: START_WAIT_US);
	join_agent(v);
}

/* Its password was right, and it is not let in. */
void hws_session_refuse(struct hws_host_session *v, const char *text)
{
	const struct hws_judge_result res = {
		.result = AGT__LOGIN_VERDICT__RESULT__CLOSED, .text = text, .close_after_ms = 1000
	};

	hws_wipe(&v->welcome_secret, sizeof(v->welcome_secret));
	refuse_login(v, &res);
}

static void on_login(struct hws_host_session *v, const Agt__LoginCheck *check)
{
	struct hws_judge_case c = { .conn = v->conn,
		.word = v->word,
		.from = &v->from,
		.from_told = v->told,
		.salt = v->salt,
		.challenge = v->challenge,
		.offers = &v->offers_secret,
		.permissions = v->permissions,
		.check = check,
		.now_us = hws_loop_now_us(v->env->loop) };
	struct hws_judge_result res;

	if (v->open || v->refused || v->os_login ||
			v->leg.of) /* judged for good; a gate would not ask again */
		return;
	v->spoke = true;
	if (take_login(v, check)) {
		hws_judge_login(v->env->judge, &c, &res);
		v->has_viewer = res.has_viewer;
		memcpy(v->viewer_pk, res.viewer_pk, sizeof(v->viewer_pk));
	} else {
		res = (struct hws_judge_result){ .result = AGT__LOGIN_VERDICT__RESULT__CLOSED,
			.text = "Connection not allowed",
			.close_after_ms = 1000 };
	}
	hws_info_limited("login", HWS_U64("conn", v->conn), HWS_STR("peer", v->peer),
			HWS_STR("result", hws_session_result_name(res.result)),
			HWS_STR("id", v->my_id),
			HWS_STR("kind", hws_session_kind_name(v->login.kind)));
	hws_session_log_result(v, &res);
	if (res.result == AGT__LOGIN_VERDICT__RESULT__OK) {
		v->by_v2 = res.by_v2;
		hws_session_keep_welcome(v, &res);
		if (!hws_session_ask_account(v, check))
			hws_session_let_in(v);
		return;
	}
	audit(v, "login.refused",
			res.text && *res.text ? res.text : hws_session_result_name(res.result));
	/* Addresses have limits of their own; a connection ends, whatever they forgive. */
	if (++v->wrong >= WRONG_MAX && res.result != AGT__LOGIN_VERDICT__RESULT__CLOSED) {
		res.result = AGT__LOGIN_VERDICT__RESULT__CLOSED;
		res.close_after_ms = 1000;
	}
	refuse_login(v, &res);
}

static void set_since(struct hws_host_session *v)
{
	v->since_us = hws_loop_now_us(v->env->loop);
	v->since_wall_us = hws_wall_us();
}

const char *hws_host_session_viewer(
		const struct hws_host_session *v, char buf[HWS_FINGERPRINT_TEXT])
{
	return v->has_viewer ? hws_fingerprint_text(v->viewer_pk, buf) : "";
}

static void on_state(struct hws_host_session *v, const Agt__GateState *s)
{
	uint32_t most = v->open && !v->by_v2 ? HWS_LEVEL_V1 : HWS_LEVEL_V2;

	v->state = hws_standing_name(s->state);
	take_text(v->why, sizeof(v->why), s->why);
	/* a gate may say less of its line than it is, but not more than what was proven over it */
	v->level = HWS_MIN(s->level, most);
	v->bytes_in = s->bytes_in;
	v->bytes_out = s->bytes_out;
	v->rtt_ms = s->rtt_ms;
	v->final_end = v->final_end || s->final_end; /* we may know better */
	if (v->leg.of)
		v->state = v->leg.up ? "leg" : "joining";
	if (s->state >= AGT__GATE_STATE__STATE__CLOSING)
		set_leaving(v, HWS_LAST_WORDS_US);
	else if (v->shown)
		hws_session_deadline(v, HWS_GATE_SILENT_US);
}

/* Once, and of whom we let in. Not by its gate's word, which might keep it to itself and so have a
 * password that is used up serve again. */
void hws_host_session_shown(struct hws_host_session *v)
{
	char viewer[HWS_FINGERPRINT_TEXT];

	if (v->shown || !v->open)
		return;
	v->shown = true;
	set_since(v);
	hws_session_deadline(v, HWS_GATE_SILENT_US);
	hws_info("session.open", HWS_U64("conn", v->conn), HWS_STR("peer", v->peer),
			HWS_STR("id", v->my_id),
			HWS_STR("kind", hws_session_kind_name(v->login.kind)),
			HWS_STR("protection", hws_secure_level_text(v->level)),
			HWS_STR("viewer_key", hws_host_session_viewer(v, viewer)),
			HWS_BOOL("direct", v->direct), HWS_STR("via", v->via));
	audit(v, "session.open", NULL);
}

/* The first word counts. Whoever hears of it may begin or close the session: this is the
 * caller's last word on it. */
static void tell_leg(struct hws_host_session *v, int r)
{
	if (!v->meeting || v->leg_told)
		return;
	v->leg_told = true;
	hws_timer_stop(&v->errand);
	v->env->joined(v->meeting, r, v->env->arg);
}

/* A number from the gate is a claim like all it says. */
static void on_leg(struct hws_host_session *v, const Agt__GateJoined *j)
{
	tell_leg(v, j->why > 0 ? HWS_ERR_PROTO : j->why);
}

static void on_leg_limit(void *arg)
{
	hws_host_session_close(arg, HWS_ERR_TIMEOUT);
}

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct hws_host_session *v = arg;

	if (fd >= 0)
		close(fd);
	switch (m->union_case) {
	case AGT__MESSAGE__UNION_SIGN_REQUEST:
		on_sign(v, m->sign_request);
		break;
	case AGT__MESSAGE__UNION_LOGIN_CHECK:
		on_login(v, m->login_check);
		hws_wipe(m->login_check->os_password_secret,
				strlen(m->login_check->os_password_secret));
		break;
	case AGT__MESSAGE__UNION_GATE_STATE:
		on_state(v, m->gate_state);
		break;
	case AGT__MESSAGE__UNION_GATE_JOINED:
		on_leg(v, m->gate_joined);
		break;
	case AGT__MESSAGE__UNION_LEG_REQUEST:
		if (v->env->leg_asked)
			v->env->leg_asked(v, m->leg_request, v->env->arg);
		break;
	case AGT__MESSAGE__UNION_LEG_NAMES:
		hws_session_leg_names(v, m->leg_names);
		break;
	case AGT__MESSAGE__UNION_LEG_UP:
		if (v->env->leg_up)
			v->env->leg_up(v, m->leg_up, v->env->arg);
		break;
	default:
		break;
	}
}

static void on_close(struct hws_ipc *l HWS_UNUSED, int why, void *arg)
{
	struct hws_host_session *v = arg;

	v->ipc = NULL;
	if (v->env->leavers)
		hws_leavers_add(v->env->leavers, v->pid);
	if (v->open) /* its gate may live on, with what it has of the desktop */
		hws_agents_part(v->env->agents, v->login.kind, v->conn);
	if (!hws_list_linked(&v->node)) /* never got started */
		return;
	if (v->begun)
		hws_info_limited("connection.closed", HWS_U64("conn", v->conn),
				HWS_STR("peer", v->peer),
				HWS_STR("why", v->why[0] ? v->why : "the gate ended"),
				HWS_U64("bytes_in", v->bytes_in),
				HWS_U64("bytes_out", v->bytes_out));
	if (v->shown)
		audit(v, "session.closed", v->why[0] ? v->why : "the gate ended");
	tell_leg(v, why < 0 ? why : HWS_ERR_CANCELED);
	v->env->ended(v, v->open, v->env->arg);
}

void hws_host_session_close(struct hws_host_session *v, int why)
{
	hws_ipc_close(v->ipc, why);
}

void hws_host_session_kick(struct hws_host_session *v, const char *reason)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;

	if (v->leg.of) /* the goodbye goes over it, and it with its session */
		return;
	v->final_end = true; /* whatever its gate says of it */
	if (!v->begun) {     /* nobody is there to say goodbye to */
		hws_host_session_close(v, HWS_OK);
		return;
	}
	v->final_end = true;
	set_leaving(v, HWS_LAST_WORDS_US);
	if (v->open)
		hws_agents_part(v->env->agents, v->login.kind, v->conn);
	c.close = true;
	c.reason = (char *)(uintptr_t)reason;
	m.union_case = AGT__MESSAGE__UNION_GATE_CONTROL;
	m.gate_control = &c;
	hws_session_tell(v, &m, -1);
}

/* `fd`: -1 where the gate has its stream already. Takes it. */
static int send_start(struct hws_host_session *v, int fd, bool udp)
{
	const struct hws_settings *s = v->env->settings;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateStart g = AGT__GATE_START__INIT;

	hws_password_challenge(v->challenge);
	memcpy(v->salt, v->env->judge->vault->salt, sizeof(v->salt));
	set_since(v);
	g.secure = v->secure;
	g.allow_plaintext = hws_settings_plaintext(s, v->direct);
	g.require_v2 = s->require_v2;
	g.udp = udp;
	g.own_id = v->env->whoami->id;
	g.peer_addr = v->peer;
	g.salt = v->salt;
	g.challenge = v->challenge;
	g.permissions = v->permissions;
	g.clip_shut = v->clip_shut = hws_session_clip_shut(v);
	v->login_timeout_us = s->login_timeout_us;
	g.login_timeout_ms = s->login_timeout_us / HWS_US_PER_MS;
	/* the handshake, then the first login; a refusal is told after the handshake, too */
	hws_session_deadline(v, HWS_HANDSHAKE_US + v->login_timeout_us);
	g.leg_session = (ProtobufCBinaryData){ sizeof(v->leg.session), v->leg.session };
	g.refuse = (char *)(uintptr_t)(v->refuse ? v->refuse : "");
	m.union_case = AGT__MESSAGE__UNION_GATE_START;
	m.gate_start = &g;
	v->begun = true;
	return hws_ipc_send(v->ipc, &m, fd);
}

static int send_relay(struct hws_host_session *v, const struct hws_answer_relay *to)
{
	static const struct hws_proxy none = { .kind = HWS_PROXY_NONE };
	const struct hws_proxy *proxy = to->server->proxy ? to->server->proxy : &none;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateRelay g = AGT__GATE_RELAY__INIT;

	g.relay = (char *)(uintptr_t)to->relay;
	g.uuid = (char *)(uintptr_t)to->uuid;
	g.key = (char *)(uintptr_t)to->key;
	g.timeout_ms = LEG_US / HWS_US_PER_MS;
	g.websocket = to->server->ws;
	g.tls = to->server->tls;
	g.by_port = to->server->by_port;
	g.server_host = (char *)(uintptr_t)to->server->host;
	g.server_port = to->server->port;
	g.proxy_kind = proxy->kind;
	g.proxy_host = (char *)(uintptr_t)proxy->host;
	g.proxy_port = proxy->port;
	g.proxy_user = (char *)(uintptr_t)proxy->user;
	g.proxy_password_secret = (char *)(uintptr_t)proxy->password_secret;
	m.union_case = AGT__MESSAGE__UNION_GATE_RELAY;
	m.gate_relay = &g;
	hws_timer_start(v->env->loop, &v->errand, LEG_US + LEG_GRACE_US, on_leg_limit, v);
	return hws_ipc_send(v->ipc, &m, -1);
}

void hws_host_session_begin(struct hws_host_session *v)
{
	int r;

	if (v->begun)
		return;
	r = send_start(v, -1, false);
	if (r < 0)
		hws_host_session_close(v, r);
}

int hws_host_session_new(const struct hws_host_session_env *env,
		const struct hws_host_session_conf *conf, struct hws_host_session **ret)
{
	struct hws_host_session *v = calloc(1, sizeof(*v));
	struct hws_ipc_conf lc = { .frame_max = HWS_IPC_HOSTD_FRAME_MAX,
		.send_max = HWS_IPC_HOSTD_QUEUE_MAX,
		.rate = HWS_IPC_HOSTD_RATE,
		.burst = HWS_IPC_HOSTD_BURST,
		.check = hws_ipc_check_gate,
		.on_message = on_message,
		.on_close = on_close,
		.arg = v };
	int fd = conf->relay ? -1 : conf->fd, ipc_fd = -1, r = HWS_ERR_NOMEM;

	if (!v)
		goto fail;
	v->env = env;
	v->conn = conf->conn;
	v->from = conf->from;
	v->request = conf->request;
	v->udp = conf->udp;
	v->direct = conf->direct;
	v->local = conf->local;
	v->told = conf->told;
	v->came_us = hws_loop_now_us(env->loop);
	v->meeting = conf->relay ? conf->relay->meeting : 0;
	v->via = conf->mapped ? "mapped"
			: conf->udp
			? hws_notice_via_udp(&conf->from)
			: hws_notice_via(conf->relay != NULL, conf->direct, conf->local);
	v->secure = conf->secure;
	hws_session_leg_init(v);
	v->refuse = conf->refuse;
	v->control_permissions = conf->control_permissions;
	if (conf->ref && hws_str_copy(v->ref, sizeof(v->ref), conf->ref) < 0)
		v->ref[0] = 0;
	v->permissions = hws_session_permitted(v);
	hws_addr_text(&v->from, v->peer, sizeof(v->peer));
	v->state = "starting";
	r = hws_spawn_gate(env->settings, env->logs, "gate", v->conn, &v->pid, &ipc_fd);
	if (r == HWS_OK)
		r = hws_ipc_new(env->loop, ipc_fd, &lc, &v->ipc);
	if (r < 0)
		goto fail;
	r = conf->relay ? send_relay(v, conf->relay) : send_start(v, fd, conf->udp); /* takes it */
	if (r < 0) {
		hws_ipc_close(v->ipc, r);
		hws_host_session_free(v);
		return r;
	}
	*ret = v;
	return HWS_OK;
fail:
	if (fd >= 0)
		close(fd);
	if (v && env->leavers)
		hws_leavers_add(env->leavers, v->pid);
	free(v);
	return r;
}
