/* rendezvous/planes/client: life of one client connection: admission, optional encryption,
 * heartbeats, end. What it says is handed to the plane's dispatch. */
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/policy/policy.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include <string.h>

/* A viewer's conversation takes 18 s by its own timers; nobody but a host stays longer than
 * this. */
#define AGE_MAX_US (120 * HWS_US_PER_S)
#define LINGER_US (5 * HWS_US_PER_S)
#define SEND_MAX (256u << 10)
#define HOST_FRAME_MAX (8u << 10)
/* So many links at once may each be sending a megabyte. */
#define ROOMY_MAX 256u

/* --- the table -------------------------------------------------------------------------------- */

/* Clients by address: it is how a device's answer names the viewer it is for, so each client has
 * one that no other has. */
struct rdv_client *rdv_client_get(struct rdv_tcp *t, uint64_t id)
{
	return hws_slots_get(&t->clients, id);
}

static size_t bucket_of(const struct rdv_tcp *t, const struct rdv_addr *a)
{
	uint8_t text[18];
	uint64_t h;

	memcpy(text, a->ip, 16);
	memcpy(text + 16, &a->port, 2);
	h = hws_keyed_hash(t->hash_key, hws_bytes(text, sizeof(text)));
	return h % RDV_CLIENT_TABLE;
}

struct rdv_client *rdv_client_by_addr(struct rdv_tcp *t, const struct rdv_addr *a)
{
	struct rdv_client *cl = t->by_addr[bucket_of(t, a)];

	while (cl && !rdv_addr_equal(&cl->addr, a))
		cl = cl->next_addr;
	return cl;
}

static void enter(struct rdv_client *cl)
{
	struct rdv_tcp *t = cl->plane;
	size_t b;

	/* Callers by WebSocket are not punched to: what matters is that each has an address of its
	 * own, also behind one proxy. The same goes for the rare second client connection from one
	 * address and port. */
	if (cl->ws || !cl->addr.port)
		cl->addr.port = (uint16_t)(1 + hws_rand_below(65535));
	for (int i = 0; i < 64 && rdv_client_by_addr(t, &cl->addr); i++)
		cl->addr.port = (uint16_t)(1 + hws_rand_below(65535));
	b = bucket_of(t, &cl->addr);
	cl->next_addr = t->by_addr[b];
	t->by_addr[b] = cl;
}

static void leave(struct rdv_client *cl)
{
	struct rdv_client **at = &cl->plane->by_addr[bucket_of(cl->plane, &cl->addr)];

	while (*at && *at != cl)
		at = &(*at)->next_addr;
	if (*at)
		*at = cl->next_addr;
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg);
static void on_close(struct hws_conn *c, int why, void *arg);

static void client_free(void *arg)
{
	struct rdv_client *cl = arg;

	hws_free(cl->pending);
	hws_free(cl);
}

static void on_age(void *arg)
{
	struct rdv_client *cl = arg;

	hws_conn_close(cl->conn, HWS_ERR_TIMEOUT);
}

static void on_offer(void *arg)
{
	struct rdv_client *cl = arg;

	hws_timer_start(cl->plane->loop, &cl->timer, AGE_MAX_US, on_age, cl);
	if (cl->state != RDV_CLIENT_FRESH)
		return;
	cl->state = RDV_CLIENT_OFFERED;
	if (hws_conn_send(cl->conn, hws_kx_offer_payload(&cl->plane->offer)) < 0)
		hws_conn_close(cl->conn, HWS_ERR_FULL);
}

static void on_heartbeat(void *arg)
{
	struct rdv_client *cl = arg;

	if (hws_conn_send_heartbeat(cl->conn) < 0)
		hws_conn_close(cl->conn, HWS_ERR_FULL);
}

/* The caller's address is now the real one; counts it and enters the client connection into the
 * table. */
static bool settle(struct rdv_client *cl)
{
	if (cl->settled)
		return true;
	cl->peer = *hws_conn_peer(cl->conn);
	hws_addr_normalise(&cl->peer);
	if (rdv_rules_ip_blocked(cl->plane->core->rules, &cl->peer))
		return false;
	if (!cl->admitted) {
		if (!hws_admit_open(cl->plane->limits.clients, &cl->peer,
				    hws_loop_now_us(cl->plane->loop)))
			return false;
		cl->admitted = true;
	}
	cl->addr = rdv_addr_from(&cl->peer);
	enter(cl);
	cl->settled = true;
	return true;
}

static struct rdv_client *client_alloc(struct rdv_tcp *t, enum rdv_port port)
{
	struct rdv_client *cl = hws_alloc(sizeof(*cl));

	if (!cl)
		return NULL;
	if (hws_slots_add(&t->clients, cl, &cl->id) < 0) {
		hws_free(cl);
		return NULL;
	}
	cl->plane = t;
	cl->port = port;
	cl->ws = port == RDV_PORT_WS;
	hws_rand_bytes(&cl->cookie, sizeof(cl->cookie));
	return cl;
}

/* Undoes client_alloc and the admission of a client connection that got no conn. */
static void client_refuse(struct rdv_client *cl)
{
	if (cl->admitted)
		hws_admit_close(cl->plane->limits.clients, &cl->peer);
	hws_slots_remove(&cl->plane->clients, cl->id);
	hws_free(cl);
}

static int client_open(struct rdv_client *cl, struct hws_stream *s, struct hws_bytes leftover)
{
	struct rdv_tcp *t = cl->plane;
	bool proxy = hws_cidr_list_match(&t->proxies, &s->peer);
	struct hws_conn_conf conf = { .frame_max = HWS_RDV_ONLINE_FRAME_MAX,
		.send_max = SEND_MAX,
		.send_high = SEND_MAX / 2,
		.idle_us = rdv_conf(t->core)->idle_us,
		.stall_us = 10 * HWS_US_PER_S,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = cl };
	struct hws_ws_conf ws = {
		.server = true, .frame_max = HWS_RDV_ONLINE_FRAME_MAX, .trusted = &t->proxies
	};
	int r;

	cl->peer = s->peer;
	if (!proxy || !cl->ws) {
		if (!hws_admit_open(t->limits.clients, &cl->peer,
				    hws_loop_now_us(cl->plane->loop))) {
			hws_stream_close(s);
			return HWS_ERR_DENIED;
		}
		cl->admitted = true;
	}
	if (cl->ws) {
		struct hws_stream *up = NULL;

		r = hws_stream_ws_new(t->loop, s, &ws, leftover, &up);
		if (r < 0)
			return r;
		s = up;
		leftover.len = 0;
	}
	return hws_conn_new(t->loop, s, &conf, leftover, &cl->conn);
}

int rdv_client_new(struct rdv_tcp *t, enum rdv_port port, struct hws_stream *s,
		struct hws_bytes leftover)
{
	struct rdv_client *cl = client_alloc(t, port);
	int r;

	if (!cl) {
		hws_stream_close(s);
		hws_warn_limited("link.too_many", HWS_U64("links", t->count));
		return HWS_ERR_FULL;
	}
	r = client_open(cl, s, leftover);
	if (r < 0) {
		client_refuse(cl);
		return r;
	}
	hws_list_push(&t->all, &cl->node);
	__atomic_fetch_add(&t->count, 1, __ATOMIC_RELAXED);
	if (cl->ws)
		__atomic_fetch_add(&t->ws, 1, __ATOMIC_RELAXED);
	hws_count(&t->core->count.clients_accepted);
	if (!cl->ws && !settle(cl)) {
		hws_count(&t->core->count.clients_refused);
		hws_conn_close(cl->conn, HWS_ERR_DENIED);
		return HWS_OK;
	}
	if (port == RDV_PORT_MAIN && rdv_conf(t->core)->encrypt)
		hws_timer_start(t->loop, &cl->timer, rdv_conf(t->core)->offer_delay_us, on_offer,
				cl);
	else
		hws_timer_start(t->loop, &cl->timer, AGE_MAX_US, on_age, cl);
	return HWS_OK;
}

/* Whoever has a key may say one long thing next: a request for the API. */
static void make_roomy(struct rdv_client *cl)
{
	struct rdv_tcp *t = cl->plane;

	if (!*rdv_conf(t->core)->api_socket || cl->port != RDV_PORT_MAIN || t->roomy >= ROOMY_MAX)
		return;
	cl->roomy = true;
	t->roomy++;
	hws_conn_set_frame_max(cl->conn, HWS_RDV_API_FRAME_MAX);
}

static void end_roomy(struct rdv_client *cl)
{
	if (!cl->roomy)
		return;
	cl->roomy = false;
	cl->plane->roomy--;
	if (!cl->closed)
		hws_conn_set_frame_max(cl->conn, HWS_RDV_ONLINE_FRAME_MAX);
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why, void *arg)
{
	struct rdv_client *cl = arg;
	struct rdv_tcp *t = cl->plane;
	uint64_t now = hws_loop_now_us(cl->plane->loop);

	cl->closed = true;
	hws_timer_stop(&cl->timer);
	end_roomy(cl);
	if (cl->lasting)
		rdv_policy_end(t->core->policy, cl->id);
	if (cl->settled)
		leave(cl);
	if (cl->admitted)
		hws_admit_close(t->limits.clients, &cl->peer);
	hws_list_remove(&cl->node);
	rdv_announce_gone(cl->listener);
	hws_wipe(cl->session, sizeof(cl->session));
	hws_slots_remove(&t->clients, cl->id);
	__atomic_fetch_sub(&t->count, 1, __ATOMIC_RELAXED);
	if (cl->ws)
		__atomic_fetch_sub(&t->ws, 1, __ATOMIC_RELAXED);
	if (cl->host_id[0]) {
		__atomic_fetch_sub(&t->hosts, 1, __ATOMIC_RELAXED);
		rdv_registration_client_gone(t->core, hws_bytes_str(cl->host_id), cl->id, now);
	}
	if (hws_err_class(why) == HWS_CLASS_PEER)
		hws_count(&t->core->count.clients_bad);
	hws_debug("link.closed", HWS_U64("link", cl->id), HWS_ERR("why", why));
	hws_loop_defer(t->loop, &cl->gone, client_free, cl);
}

void rdv_client_send(struct rdv_client *cl, const Rdv__RendezvousMessage *m)
{
	struct hws_buf *out = &cl->plane->out;
	int r;

	if (cl->closed)
		return;
	hws_buf_reset(out);
	r = hws_rdv_pack(m, out);
	if (r == HWS_OK)
		rdv_client_send_bytes(cl, hws_buf_bytes(out));
	else
		hws_conn_close(cl->conn, r);
}

void rdv_client_send_bytes(struct rdv_client *cl, struct hws_bytes message)
{
	int r = cl->closed ? HWS_OK : hws_conn_send(cl->conn, message);

	if (r < 0 && !cl->closed)
		hws_conn_close(cl->conn, r);
}

void rdv_client_send_result(
		struct rdv_client *cl, Rdv__RegisterPkResponse__Result result, int keep_alive)
{
	Rdv__RegisterPkResponse p = RDV__REGISTER_PK_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.result = result;
	if (result == RDV__REGISTER_PK_RESPONSE__RESULT__OK)
		p.keep_alive = keep_alive;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE;
	m.register_pk_response = &p;
	rdv_client_send(cl, &m);
}

void rdv_client_become_host(struct rdv_client *cl, const char *id)
{
	uint64_t k = rdv_conf(cl->plane->core)->keep_alive_us;

	if (cl->host_id[0] && strcmp(cl->host_id, id) != 0)
		rdv_registration_client_gone(cl->plane->core, hws_bytes_str(cl->host_id), cl->id,
				hws_loop_now_us(cl->plane->loop));
	else if (!cl->host_id[0])
		__atomic_fetch_add(&cl->plane->hosts, 1, __ATOMIC_RELAXED);
	memcpy(cl->host_id, id, strlen(id) + 1);
	/* Heartbeats are ours; the host echoes each. */
	hws_conn_set_idle(cl->conn, 3 * k);
	hws_conn_set_frame_max(cl->conn, HOST_FRAME_MAX);
	hws_timer_every(cl->plane->loop, &cl->timer, k - k / 5, on_heartbeat, cl);
}

void rdv_client_become_lasting(struct rdv_client *cl, const char *token)
{
	uint64_t k = rdv_conf(cl->plane->core)->keep_alive_us;

	if (cl->lasting || cl->host_id[0])
		return;
	cl->lasting = true;
	hws_conn_set_idle(cl->conn, 3 * k);
	hws_conn_set_frame_max(cl->conn, HOST_FRAME_MAX);
	hws_timer_every(cl->plane->loop, &cl->timer, k - k / 5, on_heartbeat, cl);
	rdv_policy_begin(cl->plane->core->policy, cl->id, token, &cl->peer);
	rdv_client_send_result(cl, RDV__REGISTER_PK_RESPONSE__RESULT__OK, (int)(k / HWS_US_PER_S));
}

void rdv_client_finish(struct rdv_client *cl)
{
	if (!cl->closed)
		hws_conn_close_flushed(cl->conn, LINGER_US);
}

size_t rdv_client_mangled(const struct rdv_client *cl, uint8_t buf[18])
{
	struct sockaddr_storage ss;

	rdv_addr_to(&cl->addr, &ss);
	return hws_addr_encode(&ss, cl->cookie, buf);
}

/* True when the frame was the answer to our offer. */
static bool take_key(struct rdv_client *cl, struct hws_bytes payload)
{
	uint8_t key_secret[HWS_SESSION_KEY_LEN];
	int r = hws_kx_server_answer(&cl->plane->offer, payload, key_secret);

	if (r == HWS_ERR_NOTFOUND)
		return false;
	if (r == HWS_OK) {
		hws_conn_set_key(cl->conn, key_secret);
		hws_count(&cl->plane->core->count.encrypted);
		memcpy(cl->session, key_secret, sizeof(cl->session));
		cl->fresh_key = true;
		make_roomy(cl);
		hws_wipe(key_secret, sizeof(key_secret));
	} else {
		hws_conn_close(cl->conn, r);
	}
	return true;
}

/* True when the first record was the hello of a relay that wants to hear announcements. */
static bool take_hello(struct rdv_client *cl, struct hws_bytes payload)
{
	int r = rdv_announce_hello(cl->plane->announcer, cl->conn, &cl->peer, cl->session, payload,
			&cl->listener);

	cl->fresh_key = false;
	hws_wipe(cl->session, sizeof(cl->session));
	if (r == HWS_ERR_NOTFOUND)
		return false;
	if (r == HWS_OK)
		hws_timer_stop(&cl->timer); /* its own heartbeats keep it */
	else
		hws_conn_close(cl->conn, r);
	return true;
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg)
{
	struct rdv_client *cl = arg;
	enum rdv_client_state before = cl->state;

	hws_count(&cl->plane->core->count.frames_in);
	if (payload.len == 0)
		return; /* heartbeat */
	if (!settle(cl)) {
		hws_count(&cl->plane->core->count.clients_refused);
		hws_conn_close(cl->conn, HWS_ERR_DENIED);
		return;
	}
	cl->state = RDV_CLIENT_TALKING;
	if (before == RDV_CLIENT_OFFERED && take_key(cl, payload))
		return;
	end_roomy(cl);
	if (cl->fresh_key && take_hello(cl, payload))
		return;
	if (cl->listener) {
		rdv_announce_heard(cl->listener, payload);
		return;
	}
	cl->plane->dispatch(cl, payload);
}
