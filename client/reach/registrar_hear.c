/* reach/registrar: what the server says, by UDP or on a link, and what of it is believed. */
#include "client/reach/registrar_parts.h"
#include "client/reach/registrar_text.h"
#include "shared/base/clock.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"

#define DUPLICATE_US (100 * HWS_US_PER_MS)
#define DEPLOY_US (30 * HWS_US_PER_S) /* between questions whether we are enrolled now */

static void note_answer(struct hws_registrar *r, enum by by)
{
	r->pause_us = r->conf.interval_us;
	r->early_links = 0;
	r->early = false;
	if (by == BY_LINK) {
		r->link_asked_us = 0;
		return;
	}
	r->asked = false;
	r->missed = 0;
	r->udp_answered = true;
	r->last_answer_us = hws_loop_now_us(r->loop);
	if (r->link && !r->linked)
		hws_registrar_end_link(r); /* not needed any more */
}

/* The server can prove itself, but this answer came without: of a new device it does, when the
 * store has it. Once more, and it does. */
static bool ask_for_proof(struct hws_registrar *r, enum by by)
{
	uint64_t now = hws_loop_now_us(r->loop);

	if (!r->proof.has_cookie || (r->again_us && now < r->again_us + r->conf.interval_us))
		return false;
	r->again_us = now;
	hws_registrar_say_pk(r, by);
	return true;
}

static void drop(struct hws_registrar *r, const char *what)
{
	if (r->conf.on_dropped)
		r->conf.on_dropped(what, r->conf.arg);
}

static void on_registered(struct hws_registrar *r, enum by by, int keep_alive, enum hws_word word)
{
	r->confirmed = true;
	if (by == BY_LINK) {
		hws_server_link_keep_alive(r->link, keep_alive);
		r->linked = r->link_worked = true;
		r->link_pause_us = HWS_LINK_PAUSE_US;
		hws_registrar_wait_to_return(r);
		hws_registrar_set_state(r, HWS_REGISTRAR_REGISTERED, "registered");
		if (word != HWS_WORD_PROVEN)
			ask_for_proof(r, by);
		return;
	}
	if (r->linked)
		hws_registrar_leave_link(r);
	/* Deployed hosts wait 15 s here. Speaking again at once proves our address to a server that
	 * asks for that before it lets viewers through. */
	if (word == HWS_WORD_PROVEN || !ask_for_proof(r, by))
		hws_registrar_say_peer(r);
}

static void on_foreign_id(struct hws_registrar *r, enum by by)
{
	uint64_t now = hws_loop_now_us(r->loop);

	/* One new id an interval: a server that refuses them all must not drive us through them. */
	if (r->renamed_us && now < r->renamed_us + r->conf.interval_us) {
		hws_registrar_set_state(r, HWS_REGISTRAR_REFUSED,
				"the server refuses every ID this computer tries");
		return;
	}
	if (!r->conf.on_new_id(r->id, sizeof(r->id), r->conf.arg)) {
		hws_registrar_set_state(r, HWS_REGISTRAR_REFUSED,
				"the ID belongs to another computer at this server; it is kept, as other "
				"servers know this one by it");
		return;
	}
	r->renamed_us = now;
	hws_registrar_say_pk(r, by);
}

/* Nothing of it is believed; but who waits in vain shall know why. */
static void on_unproven_answer(
		struct hws_registrar *r, enum by by, const Rdv__RegisterPkResponse *a)
{
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__OK && ask_for_proof(r, by))
		return;
	drop(r, "an answer");
	if (r->state != HWS_REGISTRAR_REGISTERED)
		hws_registrar_set_state(r, HWS_REGISTRAR_REFUSED,
				"the server's answers are not proven by its key: has it been replaced "
				"by one that cannot? Then see 'require-server-proof'");
}

static void on_register_pk_response(struct hws_registrar *r, enum by by,
		const Rdv__RegisterPkResponse *a, enum hws_word word)
{
	if (word == HWS_WORD_STALE)
		return;
	if (word != HWS_WORD_PROVEN && hws_server_proof_required(&r->proof)) {
		on_unproven_answer(r, by, a);
		return;
	}
	note_answer(r, by);
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__OK) {
		on_registered(r, by, a->keep_alive, word);
		return;
	}
	if (by == BY_UDP && r->linked) {
		hws_registrar_stay_on_link(r);
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
	hws_registrar_set_state(
			r, HWS_REGISTRAR_REFUSED, hws_registrar_refusal(a->result, by == BY_UDP));
}

static void on_register_peer_response(struct hws_registrar *r, enum by by,
		const Rdv__RegisterPeerResponse *a, enum hws_word word)
{
	if (by == BY_LINK) {
		if (word == HWS_WORD_COOKIE) /* else nobody asked there */
			hws_registrar_say_pk(r, by);
		return;
	}
	/* anybody can say so; where a proof is due it is no sign of our server */
	if (hws_server_proof_required(&r->proof) && !a->request_pk &&
			(!r->confirmed ||
					hws_server_proof_due(&r->proof, hws_loop_now_us(r->loop))))
		return;
	note_answer(r, by);
	if (hws_server_proof_required(&r->proof)) {
		r->confirmed = r->confirmed && !a->request_pk;
		/* such an answer proves nothing, so it neither registers us nor ends a link */
		if ((!r->confirmed || r->linked) && !a->request_pk)
			return;
	}
	if (a->request_pk) {
		r->moving = r->linked;
		hws_registrar_say_pk(r, by);
		return;
	}
	if (r->linked) /* a server that takes a keep-alive as a move */
		hws_registrar_leave_link(r);
	hws_registrar_set_state(r, HWS_REGISTRAR_REGISTERED, "registered");
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
		const Rdv__RendezvousMessage *m, enum hws_word word)
{
	if (word != HWS_WORD_PROVEN && hws_server_proof_required(&r->proof))
		drop(r, word == HWS_WORD_STALE ? "an old request" : "a request");
	else if (!is_duplicate(r, kind, socket_addr))
		r->conf.on_push(m, word == HWS_WORD_PROVEN, r->conf.arg);
}

void hws_registrar_hear(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m,
		struct hws_bytes raw)
{
	bool proved = r->proof.server_proves;
	uint64_t now = hws_loop_now_us(r->loop);
	enum hws_word word = hws_server_proof_hear(&r->proof, m, raw, now);

	if (!proved && r->proof.server_proves && r->conf.on_server_proves)
		r->conf.on_server_proves(r->conf.arg);
	hws_registrar_take(r, by, m, word);
}

void hws_registrar_take(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m,
		enum hws_word word)
{
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE:
		on_register_peer_response(r, by, m->register_peer_response, word);
		return;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE:
		on_register_pk_response(r, by, m->register_pk_response, word);
		return;
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE:
		take_push(r, 0, m->punch_hole->socket_addr, m, word);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR:
		take_push(r, 0, m->fetch_local_addr->socket_addr, m, word);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY:
		take_push(r, 1, m->request_relay->socket_addr, m, word);
		break;
	default:
		return; /* server lists and updates are not for us */
	}
	/* a server that was started again, perhaps: its answer tells that from a replay */
	if (word == HWS_WORD_STALE)
		ask_for_proof(r, by);
}
