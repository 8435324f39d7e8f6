/* The gate's handshake: from the first byte until the line is as well protected as it will be.
 * What is signed, and by what passwords are proven, comes from hostd; here is what the viewer says
 * to it, and the owner's wish to have nothing less than he allows. */
#include "client/host/gate_parts.h"
#include "client/host/judge.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/crypto/record.h"
#include "shared/crypto/record_v2.h"
#include "shared/net/kcp_keys.h"

#define PADDING_MAX 64u

static const char only_encrypted[] = "The host accepts encrypted connections only: check the "
				     "server key";
static const char only_by_id[] = "The host accepts encrypted connections only: connect by ID, with "
				 "the key of its server";

size_t hws_gate_channel_frame_max(size_t message_max)
{
	return message_max + HWS_MAX(HWS_RECORD_OVERHEAD, HWS_RECORD_V2_OVERHEAD) + PADDING_MAX;
}

void hws_gate_channel_init(struct hws_gate *g, const Agt__GateStart *s)
{
	g->plain_ok = s->allow_plaintext && !s->require_v2;
	/* `need` is ours: who may not log in shall read why, in records where they are */
	const struct hws_secure_host_conf conf = {
		.plain_ok = g->plain_ok ? HWS_PLAIN_ALL : 0,
		.direct = !s->secure,
	};

	g->secure_used = s->secure;
	g->v2_only = s->require_v2;
	hws_secure_host_init(&g->secure, &conf);
}

/* Why a viewer is not let in that can do no better. */
static const char *too_little(const struct hws_gate *g)
{
	if (g->v2_only)
		return HWS_JUDGE_V2_ONLY;
	return g->secure_used ? only_encrypted : only_by_id;
}

/* By address: whom the owner wants no plain session with is told at once. Met with Hash, a
 * deployed viewer would ask for the password and prove it in plain, to be refused after that. */
static int send_first(struct hws_gate *g)
{
	struct hws_bytes offer = hws_secure_offer(&g->secure);

	if (g->plain_ok)
		return hws_gate_send_hash(g->conn,
				&(struct hws_gate_hash){ .salt = g->salt,
						.challenge = g->challenge,
						.signed_id = offer });
	return hws_gate_send_turned_away(g->conn, too_little(g), offer);
}

static void on_handshake_timeout(void *arg)
{
	hws_gate_end(arg, "no handshake within 18 s");
}

/* A refusal waits for SignedId, too: a viewer takes whatever comes in its place for a host that
 * does not encrypt, and loses it. Where Hash would be first it comes at once, and nothing of the
 * passwords is told. */
void hws_gate_channel_begin(struct hws_gate *g)
{
	if (!g->secure_used && g->refusal) {
		g->state = GATE_SECURING; /* nothing to secure: go on to the next */
		hws_gate_start_session(g);
		return;
	}
	hws_conn_pause(g->conn);
	/* where Hash is first a deployed viewer answers with its login, as soon as it can */
	if (g->secure_used || !g->plain_ok)
		hws_timer_start(g->loop, &g->deadline, HWS_HANDSHAKE_US, on_handshake_timeout, g);
	else
		hws_timer_start(g->loop, &g->deadline, g->login_timeout_us, hws_gate_login_timeout,
				g);
	hws_gate_report(g);
	g->conf.sign(hws_secure_box_pk(&g->secure), g->conf.arg);
}

static void set_keys(struct hws_gate *g, struct hws_secure_keys *keys)
{
	if (keys->level == HWS_LEVEL_V2) {
		hws_conn_set_v2_keys(g->conn, keys->send_secret, keys->receive_secret);
		hws_kcp_take_keys(
				hws_conn_stream(g->conn), keys->send_secret, keys->receive_secret);
	} else {
		hws_conn_set_key(g->conn, keys->send_secret);
	}
	hws_wipe(keys, sizeof(*keys));
}

/* What the handshake wants to say, and the keys for what comes after; false: it cannot be sent. */
static bool carry_out(struct hws_gate *g)
{
	struct hws_secure_keys keys;
	struct hws_bytes out;

	do {
		while (hws_secure_take_output(&g->secure, &out))
			if (hws_conn_send_on(g->conn, HWS_CHANNEL_CONTROL, out) < 0)
				return false;
		if (!hws_secure_take_keys(&g->secure, &keys))
			return true;
		set_keys(g, &keys);
	} while (true);
}

static void on_done(struct hws_gate *g)
{
	g->level = hws_secure_level(&g->secure);
	if (g->level == HWS_LEVEL_PLAIN)
		hws_warn_limited("gate.plaintext", HWS_STR("peer", g->peer),
				HWS_STR("why", hws_secure_text(&g->secure)));
	if (g->v2_only && g->level != HWS_LEVEL_V2) {
		hws_info_limited("gate.refused", HWS_STR("peer", g->peer),
				HWS_STR("why", HWS_JUDGE_V2_ONLY));
		hws_gate_refuse(g, HWS_JUDGE_V2_ONLY, HWS_GATE_REFUSED_US);
	} else if (hws_gate_legs_begin(g) < 0) {
		hws_gate_end(g, hws_err_text(HWS_ERR_NOMEM));
	} else {
		hws_gate_start_session(g);
	}
}

static void on_failed(struct hws_gate *g)
{
	hws_warn_limited("gate.handshake_failed", HWS_STR("peer", g->peer),
			HWS_STR("why", hws_secure_text(&g->secure)));
	if (hws_secure_err(&g->secure) != HWS_ERR_INSECURE)
		hws_gate_end(g, "the handshake failed");
	else
		hws_gate_refuse(g, too_little(g), HWS_GATE_REFUSED_US);
}

static void advance(struct hws_gate *g)
{
	if (!carry_out(g))
		hws_gate_end(g, "send failed");
	else if (hws_secure_state(&g->secure) == HWS_SECURE_DONE)
		on_done(g);
	else if (hws_secure_state(&g->secure) == HWS_SECURE_FAILED)
		on_failed(g);
}

void hws_gate_channel_frame(struct hws_gate *g, struct hws_bytes frame)
{
	if (hws_gate_leg_asked(g, frame))
		return;
	if (hws_secure_frame(&g->secure, frame) < 0) {
		hws_gate_end(g, "the handshake failed");
		return;
	}
	advance(g);
	/* a deployed viewer that was met with Hash begins with its login */
	if (g->state > GATE_SECURING && g->state < GATE_CLOSING &&
			hws_secure_frame_unused(&g->secure))
		hws_gate_session_frame(g, frame);
}

void hws_gate_signed(struct hws_gate *g, const Agt__SignReply *reply)
{
	struct hws_bytes signed_id = hws_bytes(reply->signed_id.data, reply->signed_id.len);

	if (g->state != GATE_SIGNING)
		return;
	if (hws_secure_give_signed(&g->secure, signed_id) < 0) {
		hws_gate_end(g, "the handshake could not be signed");
		return;
	}
	hws_offers_take(reply->offers, reply->n_offers, &g->offers);
	hws_gate_set_state(g, GATE_SECURING);
	if (!g->secure_used && send_first(g) < 0) {
		hws_gate_end(g, "send failed");
		return;
	}
	hws_conn_resume(g->conn);
	advance(g);
}
