/* reach/registrar: two state machines. By UDP: RegisterPk until it is confirmed, then RegisterPeer
 * in every interval, each with an answer that may be missed. By a link: RegisterPk once, then its
 * heartbeat. */
#include "client/reach/registrar_parts.h"
#include "client/reach/registrar_text.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

#define TICK_US HWS_US_PER_S
#define INTERVAL_US (15 * HWS_US_PER_S) /* keep-alive of deployed hosts */
#define ANSWER_US (3 * HWS_US_PER_S)    /* an answer is missed after so long */
#define ANSWER_MAX_US (9 * HWS_US_PER_S)
#define MISSED_CONNECTING 2
#define MISSED_OFFLINE 4
#define REOPEN_US (5 * HWS_US_PER_S)
#define DNS_US (60 * HWS_US_PER_S)
#define RESOLVE_US (300 * HWS_US_PER_S)
#define SERIAL 3 /* what deployed hosts send at least */
#define LINK_ANSWER_US (18 * HWS_US_PER_S)
#define LINK_PAUSE_MAX_US (60 * HWS_US_PER_S)
#define WEB_US (2 * HWS_US_PER_S) /* the server's own port gets so long before the web is tried */
#define EAGER_US (10 * HWS_US_PER_S) /* after a change of network */
#define EAGER_STEP_US (250 * HWS_US_PER_MS)
#define EAGER_ANSWER_US (500 * HWS_US_PER_MS)
#define OVERDUE_INTERVALS 4         /* answers may be lost */
#define EARLY_US (3 * HWS_US_PER_S) /* UDP has no answer since the start */
#define EARLY_LINKS 1u
#define EARLY_LINKS_AWAKE 3u /* the way may come while they are tried */
#define RETURN_INTERVALS 4   /* a host on a link asks so seldom whether UDP gets through again */

void hws_registrar_set_state(
		struct hws_registrar *r, enum hws_registrar_state state, const char *text)
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

static bool is_eager(const struct hws_registrar *r)
{
	return r->eager_until_us != 0;
}

/* --- saying ----------------------------------------------------------------------------------- */

static void open_udp(struct hws_registrar *r);

static void say(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m)
{
	uint64_t now = hws_loop_now_us(r->loop);
	struct hws_buf out;
	int res;

	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	res = hws_rdv_pack(m, &out);
	if (res == HWS_OK)
		res = hws_server_proof_say(&r->proof, m, &out);
	if (by == BY_LINK) {
		r->link_asked_us = now;
		if (res == HWS_OK)
			res = hws_server_link_send(r->link, hws_buf_bytes(&out));
		if (res < 0)
			hws_registrar_end_link(r);
	} else if (res == HWS_OK) {
		hws_udp_line_send(r->udp, hws_buf_bytes(&out));
	}
	hws_buf_done(&out);
	if (by == BY_LINK)
		return;
	if (!r->early_us)
		r->early_us = now + with_jitter(EARLY_US);
	r->asked = true;
	r->asked_us = now;
	r->answer_us = is_eager(r) ? EAGER_ANSWER_US : ANSWER_US;
	/* A server that is away gets less and less of it, but a question within any registration
	 * interval. */
	for (unsigned n = MISSED_OFFLINE; n < r->missed && r->answer_us < ANSWER_MAX_US; n++)
		r->answer_us += r->answer_us / 2;
	if (r->missed >= MISSED_OFFLINE)
		r->answer_us = with_jitter(HWS_MIN(r->answer_us, (uint64_t)ANSWER_MAX_US));
}

static void fill_pk(struct hws_registrar *r, Rdv__RegisterPk *pk, Rdv__RendezvousMessage *m)
{
	struct hws_bytes uuid = hws_buf_bytes(&r->uuid), key = hws_buf_bytes(&r->pk);

	pk->id = r->id;
	pk->uuid = (ProtobufCBinaryData){ uuid.len, (uint8_t *)(uintptr_t)uuid.ptr };
	pk->pk = (ProtobufCBinaryData){ key.len, (uint8_t *)(uintptr_t)key.ptr };
	m->union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK;
	m->register_pk = pk;
}

int hws_registrar_pack_pk(
		struct hws_registrar *r, struct hws_server_proof *proof, struct hws_buf *out)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPk pk = RDV__REGISTER_PK__INIT;
	int res;

	fill_pk(r, &pk, &m);
	res = hws_rdv_pack(&m, out);
	return res < 0 ? res : hws_server_proof_say(proof, &m, out);
}

void hws_registrar_say_pk(struct hws_registrar *r, enum by by)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPk pk = RDV__REGISTER_PK__INIT;

	fill_pk(r, &pk, &m);
	say(r, by, &m);
}

void hws_registrar_say_peer(struct hws_registrar *r)
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
	if (r->confirmed && !hws_server_proof_due(&r->proof, hws_loop_now_us(r->loop)))
		hws_registrar_say_peer(r);
	else
		hws_registrar_say_pk(r, BY_UDP);
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
void hws_registrar_wait_to_return(struct hws_registrar *r)
{
	close_udp(r);
	r->moving = false;
	r->return_us = hws_loop_now_us(r->loop) +
			with_jitter(RETURN_INTERVALS * r->conf.interval_us);
}

/* UDP was refused or fell silent again: the link is what the server must hold on to. */
void hws_registrar_stay_on_link(struct hws_registrar *r)
{
	bool moving = r->moving;

	hws_registrar_wait_to_return(r);
	if (moving)
		hws_registrar_say_pk(r, BY_LINK);
}

void hws_registrar_leave_link(struct hws_registrar *r)
{
	hws_server_link_free(r->link);
	r->link = NULL;
	r->link_open = r->linked = r->moving = r->by_web = false;
	r->link_asked_us = r->link_next_us = 0;
}

static void tick_return(struct hws_registrar *r, uint64_t now)
{
	if (!r->udp) {
		if (now >= r->return_us)
			open_udp(r);
	} else if (r->asked && now >= r->asked_us + r->answer_us) {
		hws_registrar_stay_on_link(r);
	}
}

/* --- by UDP ----------------------------------------------------------------------------------- */

static void on_udp_open(void *arg)
{
	struct hws_registrar *r = arg;

	r->udp_open = true;
	register_by_udp(r);
}

static void on_udp_message(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg)
{
	hws_registrar_hear(arg, BY_UDP, m, raw);
}

void hws_registrar_udp_failed(struct hws_registrar *r, int why)
{
	close_udp(r);
	if (r->linked)
		hws_registrar_stay_on_link(r);
	else
		hws_registrar_set_state(r, HWS_REGISTRAR_OFFLINE,
				why == HWS_ERR_RESOLVE
						? "the server's name cannot be resolved: check --server and DNS"
						: "there is no way to the server's network");
}

static void on_udp_failure(int why, void *arg)
{
	hws_registrar_udp_failed(arg, why);
}

static void open_line(struct hws_registrar *r)
{
	const struct hws_udp_line_conf conf = { .host = r->server_addr.host,
		.port = r->server_addr.port,
		.turn = r->turn++,
		.side_by_side = true,
		.on_open = on_udp_open,
		.on_message = on_udp_message,
		.on_failure = on_udp_failure,
		.arg = r };

	if (hws_udp_line_new(r->loop, r->work, &conf, &r->udp) < 0)
		r->udp = NULL; /* tried again by the timer */
}

static void open_udp(struct hws_registrar *r)
{
	r->opened_us = hws_loop_now_us(r->loop);
	if (!r->closed && hws_registrar_place_ready(r))
		open_line(r);
}

/* An answer did not come. */
static void on_missed(struct hws_registrar *r, uint64_t now)
{
	r->missed++;
	if (is_eager(r) && r->missed >= MISSED_CONNECTING) {
		close_udp(r); /* a route that came since then wants another socket */
		open_udp(r);
		return;
	}
	if (r->missed >= MISSED_OFFLINE)
		hws_registrar_set_state(r, HWS_REGISTRAR_OFFLINE,
				"the server does not answer: is it running, is UDP let through?");
	else if (r->missed >= MISSED_CONNECTING)
		hws_registrar_set_state(
				r, HWS_REGISTRAR_CONNECTING, "no answer from the server yet");
	/* The server may have moved, or another one of its addresses is the right one: ask DNS
	 * again, use a new socket. */
	if ((r->missed == MISSED_CONNECTING && !r->udp_answered) ||
			(r->missed >= MISSED_OFFLINE &&
					(now >= r->opened_us + DNS_US ||
							hws_registrar_place_others(r)))) {
		unsigned missed = r->missed;

		close_udp(r);
		r->missed = missed;
		open_udp(r);
		return;
	}
	register_by_udp(r);
}

/* Somebody answers, but not our server: what was proven is no more, and DNS is asked again. */
static void on_overdue(struct hws_registrar *r)
{
	r->confirmed = false;
	hws_registrar_set_state(r, HWS_REGISTRAR_CONNECTING,
			"the server answers, but has not proven itself for minutes");
	close_udp(r);
	open_udp(r);
}

static void tick_udp(struct hws_registrar *r, uint64_t now)
{
	if (r->state == HWS_REGISTRAR_REGISTERED &&
			hws_server_proof_overdue(
					&r->proof, now, OVERDUE_INTERVALS * r->conf.interval_us))
		on_overdue(r);
	if (!r->udp) {
		if (now >= r->opened_us + (is_eager(r) ? EAGER_ANSWER_US : REOPEN_US))
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

void hws_registrar_end_link(struct hws_registrar *r)
{
	hws_server_link_free(r->link);
	r->link = NULL;
	r->link_open = r->linked = r->by_web = false; /* the server's own port first, again */
	r->early = false;
	r->link_asked_us = 0;
	r->link_next_us = hws_loop_now_us(r->loop) + with_jitter(r->link_pause_us);
	r->link_pause_us = HWS_MIN(r->link_pause_us * 2, (uint64_t)LINK_PAUSE_MAX_US);
}

static void on_link_open(void *arg)
{
	struct hws_registrar *r = arg;

	hws_timer_stop(&r->web_soon);
	r->link_open = true;
	r->link_tries = 0;
	hws_registrar_say_pk(r, BY_LINK);
}

static void on_link_message(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg)
{
	hws_registrar_hear(arg, BY_LINK, m, raw);
}

static void open_link(struct hws_registrar *r);
static void on_web_soon(void *arg);

static bool may_web(const struct hws_registrar *r)
{
	return !hws_server_addr_needs_relay(&r->server_addr);
}

static bool try_other(struct hws_registrar *r, int why);

static void on_link_end(int why, void *arg)
{
	struct hws_registrar *r = arg;
	bool was_linked = r->linked, stood = r->link_open;
	/* UDP has its tries yet; what else is wrong is told at once */
	bool untold = r->early && hws_err_class(why) == HWS_CLASS_NET;

	if (!stood && try_other(r, why))
		return;
	if (!stood && r->own_why != HWS_OK && why != HWS_ERR_PORTAL)
		why = r->own_why; /* that it has no web server either is no news */
	r->own_why = HWS_OK;
	hws_registrar_end_link(r);
	if (was_linked) {
		hws_registrar_set_state(
				r, HWS_REGISTRAR_CONNECTING, "the link to the server was lost");
		r->link_next_us = hws_loop_now_us(r->loop) + with_jitter(TICK_US);
		if (hws_registrar_uses_udp(r) && !r->udp) /* the network may be another one now */
			open_udp(r);
	} else if (why == HWS_ERR_KEY && !hws_registrar_uses_udp(r)) {
		hws_registrar_set_state(r, HWS_REGISTRAR_REFUSED, hws_registrar_link_text(why));
	} else if (r->state != HWS_REGISTRAR_REFUSED && !untold) {
		hws_registrar_set_state(r, HWS_REGISTRAR_OFFLINE, hws_registrar_link_text(why));
	}
}

/* By UDP it is the line that goes from place to place. */
static bool may_link(struct hws_registrar *r)
{
	if (!r->by_web && !hws_registrar_uses_udp(r) && !hws_registrar_place_ready(r))
		return false;
	return !hws_registrar_place_none(r);
}

static void open_link(struct hws_registrar *r)
{
	const struct hws_server_link_conf conf = { .server_addr = r->by_web ? &r->web_addr
									    : &r->server_addr,
		.server_pk = r->conf.server_pk,
		.on_open = on_link_open,
		.on_message = on_link_message,
		.on_end = on_link_end,
		.arg = r };

	if (r->closed || !may_link(r))
		return;
	/* Once: a port that is slow gets its time at the next round. */
	if (may_web(r) && !r->by_web && !r->link_tries)
		hws_timer_start(r->loop, &r->web_soon, WEB_US, on_web_soon, r);
	if (hws_server_link_new(r->loop, r->work, &conf, &r->link) < 0) {
		r->link = NULL;
		hws_registrar_end_link(r);
	}
}

/* The link did not stand: the other manner is tried at once, this one again after a pause. */
static bool try_other(struct hws_registrar *r, int why)
{
	bool network = hws_err_class(why) == HWS_CLASS_NET && why != HWS_ERR_RESOLVE;
	bool other = may_web(r) && !r->by_web && network;

	hws_timer_stop(&r->web_soon);
	r->link_tries++;
	if (!other)
		return false;
	hws_registrar_leave_link(r);
	r->own_why = why;
	r->by_web = true;
	hws_server_addr_by_web(&r->server_addr, false, &r->web_addr);
	open_link(r);
	return true;
}

static void on_web_soon(void *arg)
{
	struct hws_registrar *r = arg;

	if (r->link && !r->link_open && !r->by_web)
		try_other(r, HWS_ERR_TIMEOUT);
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
		hws_registrar_say_pk(r, BY_LINK); /* it was refused: again */
}

void hws_registrar_open(struct hws_registrar *r)
{
	if (!hws_registrar_uses_udp(r)) {
		if (!r->link)
			open_link(r);
	} else if (!r->udp) {
		open_udp(r);
	}
}

/* A host that starts where UDP is closed is not kept waiting. A line that worked gets more time: a
 * server that was away for a moment must not come back to links of all its hosts. */
static bool wants_early_link(struct hws_registrar *r, uint64_t now)
{
	if (!r->early_links || !r->early_us || now < r->early_us)
		return false;
	if (!r->link && now >= r->link_next_us) {
		r->early_links--;
		r->early = true;
	}
	return true;
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_tick(void *arg)
{
	struct hws_registrar *r = arg;
	uint64_t now = hws_loop_now_us(r->loop);
	bool want_link = !hws_registrar_uses_udp(r) || r->missed >= MISSED_OFFLINE ||
			r->state == HWS_REGISTRAR_OFFLINE || r->link;

	if (r->link_worked && r->state != HWS_REGISTRAR_REGISTERED)
		want_link = true;
	if (hws_registrar_uses_udp(r) && r->linked)
		tick_return(r, now);
	else if (hws_registrar_uses_udp(r))
		tick_udp(r, now);
	if (wants_early_link(r, now) || want_link)
		tick_link(r, now);
	hws_registrar_place_tick(r, now);
}

static void on_eager(void *arg)
{
	struct hws_registrar *r = arg;

	on_tick(r);
	if (r->closed ||
			(r->state != HWS_REGISTRAR_REGISTERED &&
					hws_loop_now_us(r->loop) < r->eager_until_us))
		return;
	r->eager_until_us = 0;
	hws_timer_stop(&r->eager);
}

void hws_registrar_wake(struct hws_registrar *r)
{
	if (r->closed)
		return;
	r->eager_until_us = hws_loop_now_us(r->loop) + EAGER_US;
	hws_timer_every(r->loop, &r->eager, EAGER_STEP_US, on_eager, r);
	hws_timer_stop(&r->web_soon);
	hws_registrar_leave_link(r);
	r->link_pause_us = HWS_LINK_PAUSE_US;
	r->link_tries = 0;
	r->early_links = EARLY_LINKS_AWAKE;
	r->early_us = 0;
	r->early = false;
	r->own_why = HWS_OK;
	close_udp(r);
	hws_registrar_place_forget(r);
	r->again_us = 0;
	hws_registrar_set_state(r, HWS_REGISTRAR_CONNECTING, "the network has changed");
	hws_registrar_open(r);
}

static void free_registrar(void *arg)
{
	struct hws_registrar *r = arg;

	hws_buf_done(&r->uuid);
	hws_buf_done(&r->pk);
	hws_server_proof_wipe(&r->proof);
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
	hws_server_proof_init(&r->proof, conf->identity, conf->server_pk, conf->trust,
			conf->server_proves);
	r->conf.identity = NULL;
	if (!r->conf.interval_us)
		r->conf.interval_us = INTERVAL_US;
	if (!r->conf.resolve_us)
		r->conf.resolve_us = RESOLVE_US;
	r->pause_us = r->conf.interval_us;
	r->link_pause_us = HWS_LINK_PAUSE_US;
	r->early_links = EARLY_LINKS;
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
	hws_registrar_place_init(r);
	hws_registrar_open(r);
	*ret = r;
	return HWS_OK;
}

void hws_registrar_free(struct hws_registrar *r)
{
	if (!r || r->closed)
		return;
	r->closed = true;
	hws_timer_stop(&r->tick);
	hws_timer_stop(&r->web_soon);
	hws_timer_stop(&r->eager);
	hws_registrar_place_forget(r);
	hws_udp_line_free(r->udp);
	hws_server_link_free(r->link);
	hws_loop_defer(r->loop, &r->deferred, free_registrar, r);
}
