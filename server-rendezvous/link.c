/* rendezvous/link: life of one link: admission, optional encryption, dispatch, heartbeats, end. */
#include "server-rendezvous/link.h"
#include "server-rendezvous/announce.h"
#include "server-rendezvous/registration.h"
#include "server-rendezvous/rules.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include <string.h>

/* A viewer's conversation takes 18 s by its own timers; nobody but a host stays longer than this. */
#define AGE_MAX_US (120 * HWS_US_PER_S)
#define LINGER_US (5 * HWS_US_PER_S)
#define SEND_MAX (256u << 10)
#define HOST_FRAME_MAX (8u << 10)

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg);
static void on_close(struct hws_conn *c, int why, void *arg);

static void link_free(void *arg)
{
	struct rdv_link *l = arg;

	hws_free(l->pending);
	hws_free(l);
}

static void on_age(void *arg)
{
	struct rdv_link *l = arg;

	hws_conn_close(l->conn, HWS_ERR_TIMEOUT);
}

static void on_offer(void *arg)
{
	struct rdv_link *l = arg;

	hws_timer_start(l->plane->loop, &l->timer, AGE_MAX_US, on_age, l);
	if (l->state != RDV_LINK_FRESH)
		return;
	l->state = RDV_LINK_OFFERED;
	if (hws_conn_send(l->conn, hws_kx_offer_payload(&l->plane->offer)) < 0)
		hws_conn_close(l->conn, HWS_ERR_FULL);
}

static void on_heartbeat(void *arg)
{
	struct rdv_link *l = arg;

	if (hws_conn_send_heartbeat(l->conn) < 0)
		hws_conn_close(l->conn, HWS_ERR_FULL);
}

/* The caller's address is now the real one; counts it and enters the link into the table. */
static bool settle(struct rdv_link *l)
{
	if (l->settled)
		return true;
	l->peer = *hws_conn_peer(l->conn);
	hws_addr_normalise(&l->peer);
	if (rdv_rules_ip_blocked(l->plane->core->rules, &l->peer))
		return false;
	if (!l->admitted) {
		if (!hws_admit_open(l->plane->admit, &l->peer, rdv_link_now(l)))
			return false;
		l->admitted = true;
	}
	l->addr = rdv_addr_from(&l->peer);
	rdv_link_enter(l);
	l->settled = true;
	return true;
}

static struct rdv_link *link_alloc(struct rdv_tcp *t, enum rdv_port port)
{
	struct rdv_link *l = hws_alloc(sizeof(*l));

	if (!l)
		return NULL;
	if (hws_slots_add(&t->links, l, &l->id) < 0) {
		hws_free(l);
		return NULL;
	}
	l->plane = t;
	l->port = port;
	l->ws = port == RDV_PORT_WS;
	hws_rand_bytes(&l->cookie, sizeof(l->cookie));
	return l;
}

/* Undoes link_alloc and the admission of a link that got no conn. */
static void link_refuse(struct rdv_link *l)
{
	if (l->admitted)
		hws_admit_close(l->plane->admit, &l->peer);
	hws_slots_remove(&l->plane->links, l->id);
	hws_free(l);
}

static int link_open(struct rdv_link *l, struct hws_stream *s, struct hws_bytes leftover)
{
	struct rdv_tcp *t = l->plane;
	bool proxy = hws_cidr_list_match(&t->proxies, &s->peer);
	struct hws_conn_conf conf = { .frame_max = HWS_RDV_ONLINE_FRAME_MAX,
		.send_max = SEND_MAX,
		.send_high = SEND_MAX / 2,
		.idle_us = rdv_conf(t->core)->idle_us,
		.stall_us = 10 * HWS_US_PER_S,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = l };
	struct hws_ws_conf ws = {
		.server = true, .frame_max = HWS_RDV_ONLINE_FRAME_MAX, .trust_forwarded = proxy
	};
	int r;

	l->peer = s->peer;
	if (!proxy || !l->ws) {
		if (!hws_admit_open(t->admit, &l->peer, rdv_link_now(l))) {
			hws_stream_close(s);
			return HWS_ERR_DENIED;
		}
		l->admitted = true;
	}
	if (l->ws) {
		struct hws_stream *up = NULL;

		r = hws_stream_ws_new(t->loop, s, &ws, leftover, &up);
		if (r < 0)
			return r;
		s = up;
		leftover.len = 0;
	}
	return hws_conn_new(t->loop, s, &conf, leftover, &l->conn);
}

int rdv_link_new(struct rdv_tcp *t, enum rdv_port port, struct hws_stream *s,
		struct hws_bytes leftover)
{
	struct rdv_link *l = link_alloc(t, port);
	int r;

	if (!l) {
		hws_stream_close(s);
		hws_warn_limited("link.too_many", HWS_U64("links", t->count));
		return HWS_ERR_FULL;
	}
	r = link_open(l, s, leftover);
	if (r < 0) {
		link_refuse(l);
		return r;
	}
	hws_list_push(&t->all, &l->node);
	__atomic_fetch_add(&t->count, 1, __ATOMIC_RELAXED);
	if (l->ws)
		__atomic_fetch_add(&t->ws, 1, __ATOMIC_RELAXED);
	hws_count(&t->core->count.links_accepted);
	if (!l->ws && !settle(l)) {
		hws_count(&t->core->count.links_refused);
		hws_conn_close(l->conn, HWS_ERR_DENIED);
		return HWS_OK;
	}
	if (port == RDV_PORT_MAIN && rdv_conf(t->core)->encrypt)
		hws_timer_start(t->loop, &l->timer, rdv_conf(t->core)->offer_delay_us, on_offer, l);
	else
		hws_timer_start(t->loop, &l->timer, AGE_MAX_US, on_age, l);
	return HWS_OK;
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why, void *arg)
{
	struct rdv_link *l = arg;
	struct rdv_tcp *t = l->plane;
	uint64_t now = rdv_link_now(l);

	l->closed = true;
	hws_timer_stop(&l->timer);
	if (l->settled)
		rdv_link_leave(l);
	if (l->admitted)
		hws_admit_close(t->admit, &l->peer);
	hws_list_remove(&l->node);
	rdv_announce_gone(l);
	hws_wipe(l->session, sizeof(l->session));
	hws_slots_remove(&t->links, l->id);
	__atomic_fetch_sub(&t->count, 1, __ATOMIC_RELAXED);
	if (l->ws)
		__atomic_fetch_sub(&t->ws, 1, __ATOMIC_RELAXED);
	if (l->host_id[0]) {
		__atomic_fetch_sub(&t->hosts, 1, __ATOMIC_RELAXED);
		rdv_registration_link_gone(t->core, hws_bytes_str(l->host_id), l->id, now);
	}
	if (hws_err_class(why) == HWS_CLASS_PEER)
		hws_count(&t->core->count.links_bad);
	hws_debug("link.closed", HWS_U64("link", l->id), HWS_ERR("why", why));
	hws_loop_defer(t->loop, &l->gone, link_free, l);
}

void rdv_link_send(struct rdv_link *l, const Rdv__RendezvousMessage *m)
{
	struct hws_buf *out = &l->plane->out;
	int r;

	if (l->closed)
		return;
	hws_buf_reset(out);
	r = hws_rdv_pack(m, out);
	if (r == HWS_OK)
		r = hws_conn_send(l->conn, hws_buf_bytes(out));
	if (r < 0 && !l->closed)
		hws_conn_close(l->conn, r);
}

void rdv_link_send_result(
		struct rdv_link *l, Rdv__RegisterPkResponse__Result result, int keep_alive)
{
	Rdv__RegisterPkResponse p = RDV__REGISTER_PK_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.result = result;
	if (result == RDV__REGISTER_PK_RESPONSE__RESULT__OK)
		p.keep_alive = keep_alive;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
	m.register_pk_response = &p;
	rdv_link_send(l, &m);
}

void rdv_link_finish(struct rdv_link *l)
{
	if (!l->closed)
		hws_conn_close_flushed(l->conn, LINGER_US);
}

size_t rdv_link_mangled(const struct rdv_link *l, uint8_t buf[18])
{
	struct sockaddr_storage ss;

	rdv_addr_to(&l->addr, &ss);
	return hws_addr_encode(&ss, l->cookie, buf);
}

/* --- messages -------------------------------------------------------------------------------------- */

static void on_nat_test(struct rdv_link *l, Rdv__RendezvousMessage *in HWS_UNUSED)
{
	Rdv__TestNatResponse p = RDV__TEST_NAT_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	hws_count(&l->plane->core->count.nat_tests);
	p.port = hws_addr_port(&l->peer);
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE;
	m.test_nat_response = &p;
	rdv_link_send(l, &m);
	rdv_link_finish(l);
}

static void become_host(struct rdv_link *l, const char *id)
{
	uint64_t k = rdv_conf(l->plane->core)->keep_alive_us;

	if (l->host_id[0] && strcmp(l->host_id, id) != 0)
		rdv_registration_link_gone(
				l->plane->core, hws_bytes_str(l->host_id), l->id, rdv_link_now(l));
	else if (!l->host_id[0])
		__atomic_fetch_add(&l->plane->hosts, 1, __ATOMIC_RELAXED);
	memcpy(l->host_id, id, strlen(id) + 1);
	/* Heartbeats are ours; the host echoes each. */
	hws_conn_set_idle(l->conn, 3 * k);
	hws_conn_set_frame_max(l->conn, HOST_FRAME_MAX);
	hws_timer_every(l->plane->loop, &l->timer, k - k / 5, on_heartbeat, l);
}

static void on_register_pk(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	const Rdv__RegisterPk *m = in->register_pk;
	struct rdv_core *core = l->plane->core;
	struct rdv_origin from = { .addr = l->addr,
		.ss = &l->peer,
		.link = l->id,
		.admit = l->plane->changes,
		.now_us = hws_clock_us() };
	Rdv__RegisterPkResponse__Result result = RDV__REGISTER_PK_RESPONSE__RESULT__OK;
	enum rdv_answer a;

	if (m->old_id[0]) {
		rdv_id_change(l, m);
		return;
	}
	a = rdv_register_pk(core, &from, m, &result);
	if (a == RDV_ANSWER_NONE) {
		hws_conn_close(l->conn, HWS_ERR_DENIED);
		return;
	}
	if (result == RDV__REGISTER_PK_RESPONSE__RESULT__OK)
		become_host(l, m->id);
	if (a == RDV_ANSWER_RESULT)
		rdv_link_send_result(
				l, result, (int)(rdv_conf(core)->keep_alive_us / HWS_US_PER_S));
}

static void on_punch(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	rdv_punch_request(l, in->punch_hole_request);
}

static void on_relay(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	rdv_relay_request(l, in->request_relay);
}

static void on_online(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	if (rdv_online_request(l, in->online_request))
		rdv_link_finish(l);
}

static void on_sent(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	struct rdv_replier from = { .addr = rdv_addr_from(&l->peer) };

	rdv_reply_sent(l->plane, &from, in->punch_hole_sent);
	rdv_link_finish(l);
}

static void on_local(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	struct rdv_replier from = { .addr = rdv_addr_from(&l->peer) };

	rdv_reply_local(l->plane, &from, in->local_addr);
	rdv_link_finish(l);
}

static void on_relay_response(struct rdv_link *l, Rdv__RendezvousMessage *in)
{
	struct rdv_replier from = { .addr = rdv_addr_from(&l->peer) };

	rdv_reply_relay(l->plane, &from, in->relay_response);
	rdv_link_finish(l);
}

#define ON_MAIN ((1u << RDV_PORT_MAIN) | (1u << RDV_PORT_WS))
#define ON_ALL (ON_MAIN | (1u << RDV_PORT_NAT))

static const struct {
	Rdv__RendezvousMessage__UnionCase which;
	unsigned ports;
	size_t max; /* bytes of the message */
	void (*fn)(struct rdv_link *l, Rdv__RendezvousMessage *m);
} table[] = {
	{ RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST, ON_MAIN, HWS_RDV_FRAME_MAX, on_punch },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY, ON_MAIN, HWS_RDV_FRAME_MAX, on_relay },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT, ON_MAIN, 4096, on_sent },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR, ON_MAIN, 4096, on_local },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE, ON_MAIN, 4096, on_relay_response },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK, ON_MAIN, 4096, on_register_pk },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST, ON_ALL, 4096, on_nat_test },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_ONLINE_REQUEST, ON_ALL, HWS_RDV_ONLINE_FRAME_MAX,
			on_online },
};

static void dispatch(struct rdv_link *l, struct hws_bytes payload)
{
	Rdv__RendezvousMessage *m = NULL;
	int r = hws_rdv_unpack(payload, &m);

	if (r < 0) {
		hws_conn_close(l->conn, r);
		return;
	}
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		if (table[i].which != m->union_case)
			continue;
		if (!(table[i].ports & (1u << l->port)) || payload.len > table[i].max)
			break;
		table[i].fn(l, m);
		hws_rdv_free(m);
		return;
	}
	/* HealthCheck, HTTP and whatever else is not served: the client falls back when the link ends. */
	hws_rdv_free(m);
	hws_conn_close(l->conn, HWS_ERR_UNSUPPORTED);
}

/* True when the frame was the answer to our offer. */
static bool take_key(struct rdv_link *l, struct hws_bytes payload)
{
	uint8_t key_secret[HWS_SESSION_KEY_LEN];
	int r = hws_kx_server_answer(&l->plane->offer, payload, key_secret);

	if (r == HWS_ERR_NOTFOUND)
		return false;
	if (r == HWS_OK) {
		hws_conn_set_key(l->conn, key_secret);
		hws_count(&l->plane->core->count.encrypted);
		memcpy(l->session, key_secret, sizeof(l->session));
		l->fresh_key = true;
		hws_wipe(key_secret, sizeof(key_secret));
	} else {
		hws_conn_close(l->conn, r);
	}
	return true;
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	struct rdv_link *l = arg;
	enum rdv_link_state before = l->state;

	hws_count(&l->plane->core->count.frames_in);
	if (payload.len == 0)
		return; /* heartbeat */
	if (!settle(l)) {
		hws_count(&l->plane->core->count.links_refused);
		hws_conn_close(l->conn, HWS_ERR_DENIED);
		return;
	}
	l->state = RDV_LINK_TALKING;
	if (before == RDV_LINK_OFFERED && take_key(l, payload))
		return;
	if (l->fresh_key) {
		bool relay = rdv_announce_hello(l, payload);

		l->fresh_key = false;
		hws_wipe(l->session, sizeof(l->session));
		if (relay)
			return;
	}
	if (hws_list_linked(&l->listening)) {
		rdv_announce_heard(l, payload);
		return;
	}
	dispatch(l, payload);
}
