/* reach/server_link: over TCP the server offers to encrypt, with a key that must be the configured
 * one, before anything else is said. What keeps the link is the heartbeat of the server, which is
 * echoed. */
#include "client/reach/server_link.h"
#include "client/reach/server_offer.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/limits.h"
#include "shared/wire/server_kx.h"

#define CONNECT_US (18 * HWS_US_PER_S)
#define STALL_US (20 * HWS_US_PER_S)
#define KEEP_ALIVE_S 60 /* when the server names none */
#define KEEP_ALIVE_MIN_S 4
#define KEEP_ALIVE_MAX_S 600
#define SEND_MAX (64u << 10)

struct hws_server_link {
	struct hws_loop *loop;
	struct hws_server_link_conf conf;
	bool ws, has_pk, open, over;
	uint8_t pk[HWS_PK_LEN];
	struct hws_server_addr_open *opening;
	struct hws_conn *conn;
	struct hws_timer offer;
	struct hws_deferred deferred;
};

static void end(struct hws_server_link *l, int why)
{
	if (l->over)
		return;
	l->over = true;
	hws_timer_stop(&l->offer);
	l->conf.on_end(why, l->conf.arg);
}

static void become_open(struct hws_server_link *l)
{
	hws_timer_stop(&l->offer);
	l->open = true;
	hws_server_link_keep_alive(l, 0);
	l->conf.on_open(l->conf.arg);
}

static void on_no_offer(void *arg)
{
	struct hws_server_link *l = arg;

	hws_conn_close(l->conn, HWS_ERR_UNSUPPORTED);
}

static int take_message(struct hws_server_link *l, struct hws_bytes payload)
{
	Rdv__RendezvousMessage *m = NULL;
	int r = hws_rdv_unpack(payload, &m);

	if (r < 0)
		return r;
	/* without a key of the server an offer cannot be judged, so the link stays plain */
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_KEY_EXCHANGE)
		l->conf.on_message(m, payload, l->conf.arg);
	hws_rdv_free(m);
	return HWS_OK;
}

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct hws_server_link *l = arg;
	int r = HWS_OK;

	if (l->over)
		return;
	if (payload.len == 0) {
		r = l->open ? hws_conn_send_heartbeat(c) : HWS_OK;
	} else if (l->open) {
		r = take_message(l, payload);
	} else {
		r = hws_server_offer_take(c, l->pk, payload);
		if (r == HWS_OK)
			become_open(l);
	}
	if (r < 0)
		hws_conn_close(c, hws_frame_is_http(payload) ? HWS_ERR_PORTAL : r);
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	struct hws_server_link *l = arg;

	(void)c;
	l->conn = NULL;
	end(l, why == HWS_OK ? HWS_ERR_EOF : why);
}

static int begin(struct hws_server_link *l, struct hws_stream *s)
{
	const struct hws_conn_conf conf = { .frame_max = HWS_RDV_FRAME_MAX,
		.send_max = SEND_MAX,
		.stall_us = STALL_US,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = l };
	int r = hws_conn_new(l->loop, s, &conf, hws_bytes(NULL, 0), &l->conn);

	if (r < 0)
		return r;
	if (l->ws || !l->has_pk)
		become_open(l);
	else
		hws_timer_start(l->loop, &l->offer, HWS_SERVER_OFFER_US, on_no_offer, l);
	return HWS_OK;
}

static void on_opened(int r, struct hws_stream *s, void *arg)
{
	struct hws_server_link *l = arg;

	l->opening = NULL;
	if (r == HWS_OK)
		r = begin(l, s);
	if (r < 0)
		end(l, r);
}

static struct hws_server_link *link_new(
		struct hws_loop *loop, const struct hws_server_link_conf *conf)
{
	struct hws_server_link *l = hws_alloc(sizeof(*l));

	if (!l)
		return NULL;
	l->loop = loop;
	l->conf = *conf;
	l->conf.server_addr = NULL; /* borrowed until return only */
	l->conf.server_pk = NULL;
	l->ws = conf->server_addr->ws;
	l->has_pk = conf->server_pk != NULL;
	if (l->has_pk)
		memcpy(l->pk, conf->server_pk, sizeof(l->pk));
	return l;
}

int hws_server_link_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_server_link_conf *conf, struct hws_server_link **ret)
{
	const struct hws_server_addr_conf server_addr = { .server_addr = conf->server_addr,
		.timeout_us = CONNECT_US,
		.frame_max = HWS_RDV_FRAME_MAX };
	struct hws_server_link *l = link_new(loop, conf);
	int r = HWS_ERR_NOMEM;

	if (l)
		r = hws_server_addr_open_start(loop, work, &server_addr, on_opened, l, &l->opening);
	if (r < 0) {
		hws_free(l);
		return r;
	}
	*ret = l;
	return HWS_OK;
}

int hws_server_link_send(struct hws_server_link *l, struct hws_bytes message)
{
	return l->conn ? hws_conn_send(l->conn, message) : HWS_ERR_CLOSED;
}

void hws_server_link_keep_alive(struct hws_server_link *l, int seconds)
{
	uint64_t s = seconds <= 0 ? KEEP_ALIVE_S : (uint64_t)seconds;

	s = HWS_MIN(HWS_MAX(s, (uint64_t)KEEP_ALIVE_MIN_S), (uint64_t)KEEP_ALIVE_MAX_S);
	if (l->conn)
		hws_conn_set_idle(l->conn, s * HWS_US_PER_S * 3 / 2);
}

static void free_link(void *arg)
{
	hws_free(arg);
}

void hws_server_link_free(struct hws_server_link *l)
{
	struct hws_conn *c;

	if (!l)
		return;
	l->over = true;
	hws_server_addr_open_cancel(l->opening);
	l->opening = NULL;
	hws_timer_stop(&l->offer);
	c = l->conn;
	l->conn = NULL;
	hws_conn_close(c, HWS_OK);
	hws_loop_defer(l->loop, &l->deferred, free_link, l);
}
