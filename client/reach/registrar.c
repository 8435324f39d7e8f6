/* reach/registrar: two state machines. By UDP: RegisterPk until it is confirmed, then RegisterPeer
 * in every interval, each with an answer that may be missed. By a link: RegisterPk once, then its
 * heartbeat. */
#include "client/reach/registrar.h"
#include "client/reach/registrar_text.h"
#include "client/reach/server_link.h"
#include "client/reach/udp_line.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"

#define TICK_US HWS_US_PER_S
#define INTERVAL_US (15 * HWS_US_PER_S) /* keep-alive of deployed hosts */
#define ANSWER_US (3 * HWS_US_PER_S)    /* an answer is missed after so long */
#define ANSWER_MAX_US (9 * HWS_US_PER_S)
#define MISSED_CONNECTING 2
#define MISSED_OFFLINE 4
#define REOPEN_US (5 * HWS_US_PER_S)
#define DNS_US (60 * HWS_US_PER_S)
#define DUPLICATE_US (100 * HWS_US_PER_MS)
#define SERIAL 3 /* what deployed hosts send at least */
#define LINK_ANSWER_US (18 * HWS_US_PER_S)
#define LINK_PAUSE_US (2 * HWS_US_PER_S) /* before the second attempt; doubles */
#define LINK_PAUSE_MAX_US (60 * HWS_US_PER_S)
#define RETURN_INTERVALS 4 /* a host on a link asks so seldom whether UDP gets through again */
#define DEPLOY_US (30 * HWS_US_PER_S) /* between questions whether we are enrolled now */

enum by { BY_UDP, BY_LINK };

struct hws_registrar {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_registrar_conf conf;
	struct hws_server_addr server_addr;
	uint8_t server_pk[HWS_PK_LEN];
	char id[HWS_ID_MAX + 1];
	struct hws_buf uuid, pk;
	struct hws_timer tick;
	struct hws_deferred deferred;
	enum hws_registrar_state state;
	const char *text; /* as last told; all are literals */
	bool confirmed, closed;
	uint64_t renamed_us;
	/* by UDP */
	struct hws_udp_line *udp;
	bool udp_open, udp_answered, asked;
	unsigned missed, turn;
	uint64_t last_answer_us, asked_us, answer_us, opened_us, pause_us;
	/* by UDP, while registered by a link: is it let through again? */
	uint64_t return_us;
	bool moving; /* the server may have taken the key by UDP already */
	/* by a link */
	struct hws_server_link *link;
	bool link_open, linked;
	bool link_worked; /* once, where UDP had no answer: so it may be again */
	uint64_t link_asked_us, link_next_us, link_pause_us;
	struct sockaddr_storage last_push[2]; /* punch or local; relay */
	uint64_t last_push_us[2];
};

static bool uses_udp(const struct hws_registrar *r)
{
	return !hws_server_addr_needs_relay(&r->server_addr) && !r->conf.no_udp;
}

static void set_state(struct hws_registrar *r, enum hws_registrar_state state, const char *text)
{
	bool same = r->state == state &&
			(state != HWS_REGISTRAR_REFUSED || hws_str_equal(r->text, text));

	if (same || r->closed)
		return;
	r->state = state;
	r->text = text;
	r->conf.on_state(state, text, r->conf.arg);
}

/* Up to a quarter more: hosts that lost their server together shall not come back together. */
static uint64_t with_jitter(uint64_t us)
{
	return us + hws_rand_below((uint32_t)(us / 4) + 1);
}

/* --- saying ----------------------------------------------------------------------------------- */

static void end_link(struct hws_registrar *r);
static void open_udp(struct hws_registrar *r);

static void say(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m)
{
	uint64_t now = hws_loop_now_us(r->loop);

	if (by == BY_LINK) {
		r->link_asked_us = now;
		if (hws_server_link_send(r->link, m) < 0)
			end_link(r);
		return;
	}
	hws_udp_line_send(r->udp, m);
	r->asked = true;
	r->asked_us = now;
	r->answer_us = ANSWER_US;
	/* A server that is away gets less and less of it, but a question within any registration
	 * interval. */
	for (unsigned n = MISSED_OFFLINE; n < r->missed && r->answer_us < ANSWER_MAX_US; n++)
		r->answer_us += r->answer_us / 2;
	if (r->missed >= MISSED_OFFLINE)
		r->answer_us = with_jitter(HWS_MIN(r->answer_us, (uint64_t)ANSWER_MAX_US));
}

static void say_register_pk(struct hws_registrar *r, enum by by)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPk pk = RDV__REGISTER_PK__INIT;
	struct hws_bytes uuid = hws_buf_bytes(&r->uuid), key = hws_buf_bytes(&r->pk);

	pk.id = r->id;
	pk.uuid = (ProtobufCBinaryData){ uuid.len, (uint8_t *)(uintptr_t)uuid.ptr };
	pk.pk = (ProtobufCBinaryData){ key.len, (uint8_t *)(uintptr_t)key.ptr };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK;
	m.register_pk = &pk;
	say(r, by, &m);
}

static void say_register_peer(struct hws_registrar *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPeer peer = RDV__REGISTER_PEER__INIT;

	peer.id = r->id;
	peer.serial = SERIAL;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER;
	m.register_peer = &peer;
	say(r, BY_UDP, &m);
}

static void register_by_udp(struct hws_registrar *r)
{
	if (r->confirmed)
		say_register_peer(r);
	else
		say_register_pk(r, BY_UDP);
}

/* --- hearing ---------------------------------------------------------------------------------- */

static void note_answer(struct hws_registrar *r, enum by by)
{
	r->pause_us = r->conf.interval_us;
	if (by == BY_LINK) {
		r->link_asked_us = 0;
		return;
	}
	r->asked = false;
	r->missed = 0;
	r->udp_answered = true;
	r->last_answer_us = hws_loop_now_us(r->loop);
	if (r->link && !r->linked)
		end_link(r); /* not needed any more */
}

static void close_udp(struct hws_registrar *r)
{
	hws_udp_line_free(r->udp);
	r->udp = NULL;
	r->udp_open = r->udp_answered = r->asked = false;
	r->missed = 0;
}

/* --- back to UDP ------------------------------------------------------------------------------ */

/* The question is a keep-alive: a server that has us on the link answers it and changes nothing. */
static void wait_to_return(struct hws_registrar *r)
{
	close_udp(r);
	r->moving = false;
	r->return_us = hws_loop_now_us(r->loop) +
			with_jitter(RETURN_INTERVALS * r->conf.interval_us);
}

/* UDP was refused or fell silent again: the link is what the server must hold on to. */
static void stay_on_link(struct hws_registrar *r)
{
	bool moving = r->moving;

	wait_to_return(r);
	if (moving)
		say_register_pk(r, BY_LINK);
}

static void leave_link(struct hws_registrar *r)
{
	hws_server_link_free(r->link);
	r->link = NULL;
	r->link_open = r->linked = r->moving = false;
	r->link_asked_us = r->link_next_us = 0;
}

static void tick_return(struct hws_registrar *r, uint64_t now)
{
	if (!r->udp) {
		if (now >= r->return_us)
			open_udp(r);
	} else if (r->asked && now >= r->asked_us + r->answer_us) {
		stay_on_link(r);
	}
}

/* --- hearing, on ------------------------------------------------------------------------------ */

static void on_registered(struct hws_registrar *r, enum by by, int keep_alive)
{
	r->confirmed = true;
	if (by == BY_LINK) {
		hws_server_link_keep_alive(r->link, keep_alive);
		r->linked = r->link_worked = true;
		r->link_pause_us = LINK_PAUSE_US;
		wait_to_return(r);
		set_state(r, HWS_REGISTRAR_REGISTERED, "registered");
		return;
	}
	if (r->linked)
		leave_link(r);
	/* Deployed hosts wait 15 s here. Speaking again at once proves our address to a server that
	 * asks for that before it lets viewers through. */
	say_register_peer(r);
}

static void on_foreign_id(struct hws_registrar *r, enum by by)
{
	uint64_t now = hws_loop_now_us(r->loop);

	/* One new id an interval: a server that refuses them all must not drive us through them. */
	if (r->renamed_us && now < r->renamed_us + r->conf.interval_us) {
		set_state(r, HWS_REGISTRAR_REFUSED,
				"the server refuses every ID this computer tries");
		return;
	}
	r->renamed_us = now;
	r->conf.on_new_id(r->id, sizeof(r->id), r->conf.arg);
	say_register_pk(r, by);
}

static void on_register_pk_response(
		struct hws_registrar *r, enum by by, const Rdv__RegisterPkResponse *a)
{
	note_answer(r, by);
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__OK) {
		on_registered(r, by, a->keep_alive);
		return;
	}
	if (by == BY_UDP && r->linked) {
		stay_on_link(r);
		return;
	}
	r->confirmed = r->linked = false;
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__NOT_DEPLOYED)
		r->pause_us = HWS_MAX(r->conf.interval_us, (uint64_t)DEPLOY_US);
	if (by == BY_LINK)
		r->link_next_us = hws_loop_now_us(r->loop) + r->pause_us;
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH) {
		on_foreign_id(r, by);
		return;
	}
	set_state(r, HWS_REGISTRAR_REFUSED, hws_registrar_refusal(a->result, by == BY_UDP));
}

static void on_register_peer_response(
		struct hws_registrar *r, enum by by, const Rdv__RegisterPeerResponse *a)
{
	if (by == BY_LINK)
		return; /* nobody asked there */
	note_answer(r, by);
	if (a->request_pk) {
		r->moving = r->linked;
		say_register_pk(r, by);
		return;
	}
	if (r->linked) /* a server that takes a keep-alive as a move */
		leave_link(r);
	set_state(r, HWS_REGISTRAR_REGISTERED, "registered");
}

/* True when the same viewer was named by the last push of this kind a moment ago. */
static bool is_duplicate(struct hws_registrar *r, int kind, ProtobufCBinaryData socket_addr)
{
	uint64_t now = hws_loop_now_us(r->loop);
	struct sockaddr_storage a;
	bool same;

	hws_addr_decode(hws_bytes(socket_addr.data, socket_addr.len), &a, NULL);
	same = hws_addr_equal(&a, &r->last_push[kind]) &&
			now < r->last_push_us[kind] + DUPLICATE_US;
	r->last_push[kind] = a;
	r->last_push_us[kind] = now;
	return same;
}

static void take_push(struct hws_registrar *r, int kind, ProtobufCBinaryData socket_addr,
		const Rdv__RendezvousMessage *m)
{
	if (!is_duplicate(r, kind, socket_addr))
		r->conf.on_push(m, false, r->conf.arg);
}

static void on_message(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m)
{
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE:
		on_register_peer_response(r, by, m->register_peer_response);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE:
		on_register_pk_response(r, by, m->register_pk_response);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE:
		take_push(r, 0, m->punch_hole->socket_addr, m);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR:
		take_push(r, 0, m->fetch_local_addr->socket_addr, m);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY:
		take_push(r, 1, m->request_relay->socket_addr, m);
		break;
	default:
		break; /* server lists and updates are not for us */
	}
}

/* --- by UDP ----------------------------------------------------------------------------------- */

static void on_udp_open(void *arg)
{
	struct hws_registrar *r = arg;

	r->udp_open = true;
	register_by_udp(r);
}

static void on_udp_message(const Rdv__RendezvousMessage *m, void *arg)
{
	on_message(arg, BY_UDP, m);
}

static void on_udp_failure(int why, void *arg)
{
	struct hws_registrar *r = arg;

	close_udp(r);
	if (r->linked)
		stay_on_link(r);
	else
		set_state(r, HWS_REGISTRAR_OFFLINE,
				why == HWS_ERR_RESOLVE
						? "the server's name cannot be resolved: check --server and DNS"
						: "there is no way to the server's network");
}

static void open_udp(struct hws_registrar *r)
{
	const struct hws_udp_line_conf conf = { .host = r->server_addr.host,
		.port = r->server_addr.port,
		.turn = r->turn++,
		.on_open = on_udp_open,
		.on_message = on_udp_message,
		.on_failure = on_udp_failure,
		.arg = r };

	r->opened_us = hws_loop_now_us(r->loop);
	if (r->closed)
		return;
	if (hws_udp_line_new(r->loop, r->work, &conf, &r->udp) < 0)
		r->udp = NULL; /* tried again by the timer */
}

/* An answer did not come. */
static void on_missed(struct hws_registrar *r, uint64_t now)
{
	r->missed++;
	if (r->missed >= MISSED_OFFLINE)
		set_state(r, HWS_REGISTRAR_OFFLINE,
				"the server does not answer: is it running, is UDP let through?");
	else if (r->missed >= MISSED_CONNECTING)
		set_state(r, HWS_REGISTRAR_CONNECTING, "no answer from the server yet");
	/* The server may have moved, or another one of its addresses is the right one: ask DNS
	 * again, use a new socket. */
	if ((r->missed == MISSED_CONNECTING && !r->udp_answered) ||
			(r->missed >= MISSED_OFFLINE && now >= r->opened_us + DNS_US)) {
		unsigned missed = r->missed;

		close_udp(r);
		r->missed = missed;
		open_udp(r);
		return;
	}
	register_by_udp(r);
}

static void tick_udp(struct hws_registrar *r, uint64_t now)
{
	if (!r->udp) {
		if (now >= r->opened_us + REOPEN_US)
			open_udp(r);
	} else if (!r->udp_open) {
		return;
	} else if (r->asked) {
		if (now >= r->asked_us + r->answer_us)
			on_missed(r, now);
	} else if (now >= r->last_answer_us + r->pause_us) {
		register_by_udp(r);
	}
}

/* --- by a link -------------------------------------------------------------------------------- */

static void end_link(struct hws_registrar *r)
{
	hws_server_link_free(r->link);
	r->link = NULL;
	r->link_open = r->linked = false;
	r->link_asked_us = 0;
	r->link_next_us = hws_loop_now_us(r->loop) + with_jitter(r->link_pause_us);
	r->link_pause_us = HWS_MIN(r->link_pause_us * 2, (uint64_t)LINK_PAUSE_MAX_US);
}

static void on_link_open(void *arg)
{
	struct hws_registrar *r = arg;

	r->link_open = true;
	say_register_pk(r, BY_LINK);
}

static void on_link_message(const Rdv__RendezvousMessage *m, void *arg)
{
	on_message(arg, BY_LINK, m);
}

static void on_link_end(int why, void *arg)
{
	struct hws_registrar *r = arg;
	bool was_linked = r->linked;

	end_link(r);
	if (was_linked) {
		set_state(r, HWS_REGISTRAR_CONNECTING, "the link to the server was lost");
		r->link_next_us = hws_loop_now_us(r->loop) + with_jitter(TICK_US);
		if (uses_udp(r) && !r->udp) /* the network may be another one now */
			open_udp(r);
	} else if (why == HWS_ERR_KEY && !uses_udp(r)) {
		set_state(r, HWS_REGISTRAR_REFUSED, hws_registrar_link_text(why));
	} else if (r->state != HWS_REGISTRAR_REFUSED) {
		set_state(r, HWS_REGISTRAR_OFFLINE, hws_registrar_link_text(why));
	}
}

static void open_link(struct hws_registrar *r)
{
	const struct hws_server_link_conf conf = { .server_addr = &r->server_addr,
		.server_pk = r->conf.server_pk,
		.on_open = on_link_open,
		.on_message = on_link_message,
		.on_end = on_link_end,
		.arg = r };

	if (r->closed)
		return;
	if (hws_server_link_new(r->loop, r->work, &conf, &r->link) < 0) {
		r->link = NULL;
		end_link(r);
	}
}

static void tick_link(struct hws_registrar *r, uint64_t now)
{
	if (!r->link) {
		if (now >= r->link_next_us)
			open_link(r);
		return;
	}
	if (!r->link_open || r->linked)
		return;
	if (r->link_asked_us && now >= r->link_asked_us + LINK_ANSWER_US)
		on_link_end(HWS_ERR_TIMEOUT, r);
	else if (!r->link_asked_us && now >= r->link_next_us)
		say_register_pk(r, BY_LINK); /* it was refused: again */
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_tick(void *arg)
{
	struct hws_registrar *r = arg;
	uint64_t now = hws_loop_now_us(r->loop);
	bool want_link = !uses_udp(r) || r->missed >= MISSED_OFFLINE ||
			r->state == HWS_REGISTRAR_OFFLINE || r->link;

	if (r->link_worked && r->state != HWS_REGISTRAR_REGISTERED)
		want_link = true;
	if (uses_udp(r) && r->linked)
		tick_return(r, now);
	else if (uses_udp(r))
		tick_udp(r, now);
	if (want_link)
		tick_link(r, now);
}

static void free_registrar(void *arg)
{
	struct hws_registrar *r = arg;

	hws_buf_done(&r->uuid);
	hws_buf_done(&r->pk);
	hws_free(r);
}

int hws_registrar_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_registrar_conf *conf, struct hws_registrar **ret)
{
	struct hws_registrar *r = hws_alloc(sizeof(*r));
	int res;

	if (!r)
		return HWS_ERR_NOMEM;
	r->loop = loop;
	r->work = work;
	r->conf = *conf;
	r->server_addr = *conf->server_addr;
	r->conf.server_addr = NULL;
	if (conf->server_pk) {
		memcpy(r->server_pk, conf->server_pk, sizeof(r->server_pk));
		r->conf.server_pk = r->server_pk;
	}
	if (!r->conf.interval_us)
		r->conf.interval_us = INTERVAL_US;
	r->pause_us = r->conf.interval_us;
	r->link_pause_us = LINK_PAUSE_US;
	hws_buf_init(&r->uuid, HWS_UUID_MAX);
	hws_buf_init(&r->pk, 64);
	hws_buf_put(&r->uuid, conf->uuid.ptr, conf->uuid.len);
	hws_buf_put(&r->pk, conf->pk.ptr, conf->pk.len);
	res = hws_str_copy(r->id, sizeof(r->id), conf->id);
	if (res == HWS_OK && (hws_buf_err(&r->uuid) || hws_buf_err(&r->pk)))
		res = HWS_ERR_INVAL;
	if (res < 0) {
		free_registrar(r);
		return res;
	}
	hws_timer_every(loop, &r->tick, TICK_US, on_tick, r);
	if (uses_udp(r))
		open_udp(r);
	else
		open_link(r);
	*ret = r;
	return HWS_OK;
}

void hws_registrar_free(struct hws_registrar *r)
{
	if (!r || r->closed)
		return;
	r->closed = true;
	hws_timer_stop(&r->tick);
	hws_udp_line_free(r->udp);
	hws_server_link_free(r->link);
	hws_loop_defer(r->loop, &r->deferred, free_registrar, r);
}

enum hws_registrar_state hws_registrar_state(const struct hws_registrar *r)
{
	return r->state;
}

const char *hws_registrar_transport(const struct hws_registrar *r)
{
	if (r->state != HWS_REGISTRAR_REGISTERED)
		return "";
	if (!r->linked)
		return "udp";
	if (!r->server_addr.ws)
		return "tcp";
	return r->server_addr.tls ? "wss" : "ws";
}
