/* One short link to a rendezvous server. The local port stays known, since a punched hole belongs
 * to it. */
#include "client/reach/server_query.h"
#include "client/reach/server_offer.h"
#include "shared/base/mem.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/limits.h"
#include <string.h>

#define LINGER_US 5000000
#define STALL_US 20000000

struct hws_server_query {
	struct hws_loop *loop;
	struct hws_server_query_conf conf;
	struct hws_server_addr_open *dial;
	struct hws_conn *conn;
	struct sockaddr_storage local, peer;
	struct hws_deferred deferred;
	struct hws_timer offer;
	bool tls, has_pk, open;
	uint8_t pk[HWS_PK_LEN];
	bool over;     /* no callback any more */
	bool flushing; /* the link frees us when it ends */
};

static void free_ask(void *arg)
{
	hws_free(arg);
}

static void end(struct hws_server_query *a, int why)
{
	hws_timer_stop(&a->offer);
	if (a->over)
		return;
	a->over = true;
	a->conf.on_end(a, why, a->conf.arg);
}

static void become_open(struct hws_server_query *a)
{
	hws_timer_stop(&a->offer);
	a->open = true;
	a->conf.on_open(a, a->conf.arg);
}

static void on_no_offer(void *arg)
{
	struct hws_server_query *a = arg;

	hws_conn_close(a->conn, HWS_ERR_UNSUPPORTED);
}

static void on_offer(struct hws_server_query *a, struct hws_bytes payload)
{
	int r = hws_server_offer_take(a->conn, a->pk, payload);

	if (r == HWS_OK)
		become_open(a);
	else
		hws_conn_close(a->conn, hws_frame_is_http(payload) ? HWS_ERR_PORTAL : r);
}

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct hws_server_query *a = arg;
	Rdv__RendezvousMessage *m = NULL;
	int r;

	if (a->over || payload.len == 0)
		return;
	if (!a->open) {
		on_offer(a, payload);
		return;
	}
	r = hws_rdv_unpack(payload, &m);
	if (r < 0) {
		hws_conn_close(c, hws_frame_is_http(payload) ? HWS_ERR_PORTAL : r);
		return;
	}
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_KEY_EXCHANGE)
		a->conf.on_message(a, m, a->conf.arg);
	hws_rdv_free(m);
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	struct hws_server_query *a = arg;

	(void)c;
	a->conn = NULL;
	if (a->flushing)
		hws_loop_defer(a->loop, &a->deferred, free_ask, a);
	else
		end(a, why == HWS_OK ? HWS_ERR_EOF : why);
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct hws_server_query *a = arg;
	const struct hws_conn_conf conf = { .frame_max = HWS_RDV_FRAME_MAX,
		.send_max = HWS_RDV_FRAME_MAX * 2,
		.stall_us = STALL_US,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = a };

	a->dial = NULL;
	if (r == HWS_OK) {
		a->local = s->local;
		a->peer = s->peer;
		r = hws_conn_new(a->loop, s, &conf, hws_bytes(NULL, 0), &a->conn);
	}
	if (r < 0) {
		end(a, r);
		return;
	}
	if (a->has_pk)
		hws_timer_start(a->loop, &a->offer, HWS_SERVER_OFFER_US, on_no_offer, a);
	else
		become_open(a);
}

int hws_server_query_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_server_query_conf *conf, struct hws_server_query **ret)
{
	const struct hws_server_addr_conf server_addr = { .server_addr = conf->server_addr,
		.timeout_us = conf->timeout_us,
		.frame_max = HWS_RDV_FRAME_MAX,
		.bind_to = conf->bind_to,
		.reuse_port = true };
	struct hws_server_query *a = hws_alloc(sizeof(*a));
	int r;

	if (!a)
		return HWS_ERR_NOMEM;
	a->loop = loop;
	a->conf = *conf;
	a->conf.server_addr = NULL; /* borrowed until return only */
	a->conf.bind_to = NULL;
	a->conf.secure_pk = NULL;
	a->tls = conf->server_addr->tls;
	a->has_pk = conf->secure_pk && !conf->server_addr->ws;
	if (a->has_pk)
		memcpy(a->pk, conf->secure_pk, sizeof(a->pk));
	r = hws_server_addr_open_start(loop, work, &server_addr, on_dialed, a, &a->dial);
	if (r < 0) {
		hws_free(a);
		return r;
	}
	*ret = a;
	return HWS_OK;
}

int hws_server_query_send(struct hws_server_query *a, const Rdv__RendezvousMessage *m)
{
	struct hws_buf out;
	int r;

	if (!a->conn)
		return HWS_ERR_CLOSED;
	hws_buf_init(&out, HWS_RDV_FRAME_MAX);
	r = hws_rdv_pack(m, &out);
	if (r == HWS_OK)
		r = hws_conn_send(a->conn, hws_buf_bytes(&out));
	hws_buf_done(&out);
	return r;
}

bool hws_server_query_is_secure(const struct hws_server_query *a, bool by_tls)
{
	return a->has_pk || (by_tls && a->tls);
}

const struct sockaddr_storage *hws_server_query_local(const struct hws_server_query *a)
{
	return &a->local;
}

const struct sockaddr_storage *hws_server_query_peer(const struct hws_server_query *a)
{
	return &a->peer;
}

void hws_server_query_free(struct hws_server_query *a)
{
	struct hws_conn *c;

	if (!a)
		return;
	a->over = true;
	hws_timer_stop(&a->offer);
	hws_server_addr_open_cancel(a->dial);
	a->dial = NULL;
	c = a->conn;
	a->conn = NULL;
	if (c)
		hws_conn_close(c, HWS_OK);
	hws_loop_defer(a->loop, &a->deferred, free_ask, a);
}

void hws_server_query_finish(struct hws_server_query *a)
{
	if (!a || !a->conn) {
		hws_server_query_free(a);
		return;
	}
	a->over = true;
	a->flushing = true;
	hws_conn_close_flushed(a->conn, LINGER_US);
}
