/* reach/registrar: where the server is. A name may have SRV records, whose targets are tried in
 * their order, and addresses that change while we are registered: from time to time both are
 * asked for again, and a host moves over once the new place has answered, and has proven
 * itself if the server did before, not earlier. */
#include "client/reach/registrar_parts.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"

#define FRESH_US                                                                                   \
	(60 * HWS_US_PER_S) /* targets are gone through for so long before DNS is asked again */
#define TRIAL_US (5 * HWS_US_PER_S)

static bool is_by_srv(const struct hws_registrar *r)
{
	return r->place.base.srv && !hws_server_addr_needs_relay(&r->place.base);
}

static bool is_same_place(const struct hws_server_addr *a, const struct hws_srv_target *t)
{
	return a->port == t->port && hws_str_equal(a->host, t->host);
}

static void go_to(struct hws_registrar *r, const char *host, uint16_t port)
{
	struct hws_server_addr *a = &r->server_addr;

	if (a->port == port && hws_str_equal(a->host, host))
		return;
	if (hws_str_copy(a->host, sizeof(a->host), host) < 0)
		return; /* cannot be: targets are no longer than names */
	a->port = port;
	r->again_us = 0; /* the proof that we have is the other place's */
	if (r->conf.on_place)
		r->conf.on_place(a, r->conf.arg);
}

void hws_registrar_place_init(struct hws_registrar *r)
{
	r->place.base = r->server_addr;
	r->place.look_us = hws_loop_now_us(r->loop);
}

/* --- which target ----------------------------------------------------------------------------- */

static void on_targets(int res, const struct hws_srv *found, void *arg)
{
	struct hws_registrar *r = arg;
	struct hws_registrar_place *p = &r->place;

	p->asking = NULL;
	p->asked_us = hws_loop_now_us(r->loop);
	p->used = false;
	p->at = 0;
	/* who could not be asked has not said that there are none */
	if (res == HWS_OK)
		p->targets = *found;
	p->known = res == HWS_OK || (p->known && res != HWS_ERR_NOTFOUND);
	hws_registrar_open(r);
}

bool hws_registrar_place_none(const struct hws_registrar *r)
{
	return is_by_srv(r) && r->place.known && !r->place.targets.count;
}

bool hws_registrar_place_ready(struct hws_registrar *r)
{
	struct hws_registrar_place *p = &r->place;
	uint64_t now = hws_loop_now_us(r->loop);

	if (!is_by_srv(r))
		return true;
	if (p->asking)
		return false;
	if (!p->asked_us || now >= p->asked_us + FRESH_US) {
		if (hws_srv_find(r->loop, r->work, HWS_RENDEZVOUS_SERVICE, p->base.host, on_targets,
				    r, &p->asking) == HWS_OK)
			return false;
		p->asking = NULL;
	}
	if (!p->known) {
		go_to(r, p->base.host, p->base.port);
		return true;
	}
	if (hws_registrar_place_none(r)) {
		hws_registrar_set_state(r, HWS_REGISTRAR_OFFLINE,
				"the name's SRV record says that there is no such server");
		return false;
	}
	if (p->used)
		p->at = (p->at + 1) % p->targets.count;
	p->used = true;
	go_to(r, p->targets.target[p->at].host, p->targets.target[p->at].port);
	return true;
}

bool hws_registrar_place_others(const struct hws_registrar *r)
{
	return r->place.known && r->place.targets.count > 1 && r->missed % 2 == 0;
}

/* --- whether it is the right one still -------------------------------------------------------- */

static void drop_trial(struct hws_registrar *r)
{
	hws_udp_line_free(r->place.trial);
	r->place.trial = NULL;
	hws_server_proof_wipe(&r->place.trial_proof);
}

/* The new place has answered, and proven itself if the server must. */
static void adopt(struct hws_registrar *r)
{
	struct hws_registrar_place *p = &r->place;

	hws_udp_line_free(r->udp);
	r->udp = p->trial;
	r->udp_open = true; /* the line before may have been closed, or not open yet */
	p->trial = NULL;
	r->proof = p->trial_proof;
	hws_server_proof_wipe(&p->trial_proof);
	r->confirmed = false; /* there, until the answer says so */
	r->asked = false;
	r->again_us = 0; /* the proof that we have is the other place's */
	go_to(r, p->want.host, p->want.port);
	if (r->conf.on_moved)
		r->conf.on_moved(hws_udp_line_server(r->udp), r->conf.arg);
}

static void say_on_trial(struct hws_registrar *r)
{
	struct hws_buf out;

	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	if (hws_registrar_pack_pk(r, &r->place.trial_proof, &out) == HWS_OK)
		hws_udp_line_send(r->place.trial, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

static void on_trial_open(void *arg)
{
	say_on_trial(arg);
}

/* Whoever is there can answer; where our server proves itself, only its proof makes us leave. */
static void hear_on_trial(
		struct hws_registrar *r, const Rdv__RendezvousMessage *m, struct hws_bytes raw)
{
	struct hws_server_proof *proof = &r->place.trial_proof;
	bool had_cookie = proof->has_cookie;
	enum hws_word word = hws_server_proof_hear(proof, m, raw, hws_loop_now_us(r->loop));
	bool answers = m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;

	if (word == HWS_WORD_PROVEN && answers) {
		adopt(r);
		hws_registrar_take(r, BY_UDP, m, word);
	} else if (word == HWS_WORD_COOKIE && !had_cookie) {
		say_on_trial(r);
	}
}

/* Also once it is the line. */
static void on_trial_message(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg)
{
	struct hws_registrar *r = arg;

	if (r->place.trial && hws_server_proof_required(&r->proof)) {
		hear_on_trial(r, m, raw);
		return;
	}
	if (r->place.trial) {
		r->place.trial_proof.window = r->proof.window;
		adopt(r);
	}
	hws_registrar_hear(r, BY_UDP, m, raw);
}

static void on_trial_failure(int why, void *arg)
{
	struct hws_registrar *r = arg;

	if (r->place.trial)
		drop_trial(r);
	else
		hws_registrar_udp_failed(r, why);
}

static void try_out(struct hws_registrar *r)
{
	struct hws_registrar_place *p = &r->place;
	const struct hws_udp_line_conf conf = { .host = p->want.host,
		.port = p->want.port,
		.side_by_side = true,
		.on_open = on_trial_open,
		.on_message = on_trial_message,
		.on_failure = on_trial_failure,
		.arg = r };

	p->trial_us = hws_loop_now_us(r->loop);
	hws_server_proof_elsewhere(&r->proof, &p->trial_proof);
	if (hws_udp_line_new(r->loop, r->work, &conf, &p->trial) < 0)
		p->trial = NULL;
}

/* An answer of DNS without our server is a reason to look, not to leave: it may be a mistake. */
static void on_addresses(int res, const struct sockaddr_storage *addrs, size_t count, void *arg)
{
	struct hws_registrar *r = arg;
	bool found = res < 0;

	r->place.looking = NULL;
	if (!r->udp || !r->udp_answered)
		return; /* it is being looked for anyway */
	for (size_t i = 0; i < count && !found; i++)
		found = hws_addr_equal(&addrs[i], hws_udp_line_server(r->udp));
	if (!found)
		try_out(r);
}

static void look_up(struct hws_registrar *r, const char *host, uint16_t port)
{
	struct hws_registrar_place *p = &r->place;

	p->want = (struct hws_srv_target){ .port = port };
	if (hws_str_copy(p->want.host, sizeof(p->want.host), host) < 0 ||
			hws_resolve(r->loop, r->work, p->want.host, port, on_addresses, r,
					&p->looking) < 0)
		p->looking = NULL;
}

/* We stay where we are as long as that is one of the best. */
static void on_targets_again(int res, const struct hws_srv *found, void *arg)
{
	struct hws_registrar *r = arg;
	struct hws_registrar_place *p = &r->place;
	const struct hws_srv_target *best;

	p->asking = NULL;
	if (res < 0 || !found->count) {
		if (res == HWS_ERR_NOTFOUND)
			look_up(r, p->base.host, p->base.port);
		return;
	}
	p->targets = *found;
	p->known = true;
	p->asked_us = hws_loop_now_us(r->loop);
	p->at = 0;
	best = &found->target[0];
	for (size_t i = 0; i < found->count; i++) {
		if (found->target[i].priority == found->target[0].priority &&
				is_same_place(&r->server_addr, &found->target[i]))
			best = &found->target[i];
	}
	look_up(r, best->host, best->port);
}

void hws_registrar_place_tick(struct hws_registrar *r, uint64_t now)
{
	struct hws_registrar_place *p = &r->place;

	if (p->trial && now >= p->trial_us + TRIAL_US)
		drop_trial(r);
	if (r->linked || !r->udp || !r->udp_answered || p->trial || p->looking || p->asking ||
			now < p->look_us + r->conf.resolve_us)
		return;
	p->look_us = now;
	if (!is_by_srv(r))
		look_up(r, p->base.host, p->base.port);
	else if (hws_srv_find(r->loop, r->work, HWS_RENDEZVOUS_SERVICE, p->base.host,
				 on_targets_again, r, &p->asking) < 0)
		p->asking = NULL;
}

void hws_registrar_place_forget(struct hws_registrar *r)
{
	struct hws_registrar_place *p = &r->place;

	hws_srv_find_cancel(p->asking);
	p->asking = NULL;
	hws_resolve_cancel(p->looking);
	p->looking = NULL;
	drop_trial(r);
	p->asked_us = 0;
}
