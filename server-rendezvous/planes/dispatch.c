/* rendezvous/planes/dispatch: which message is served on which port, how long it may be, and who
 * serves it. */
#include "server-rendezvous/planes/dispatch.h"
#include "server-rendezvous/cluster/hooks.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/api_call.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/id_change.h"
#include "server-rendezvous/planes/nat_test.h"
#include "server-rendezvous/planes/online.h"
#include "server-rendezvous/planes/proving.h"
#include "server-rendezvous/planes/punch.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/relay_request.h"
#include "server-rendezvous/planes/reply.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/wire/envelope.h"
#include "shared/wire/proof.h"

static void on_nat_test(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	rdv_nat_test(cl, in->test_nat_request);
	rdv_client_finish(cl);
}

static int keep_alive_of(const struct rdv_core *core)
{
	return (int)(rdv_conf(core)->keep_alive_us / HWS_US_PER_S);
}

static void answer_proven(struct rdv_client *cl, const struct rdv_origin *from, enum rdv_answer a,
		const Rdv__RegisterPk *m, Rdv__RegisterPkResponse__Result result)
{
	struct rdv_core *core = cl->plane->core;
	bool ok = result == RDV__REGISTER_PK_RESPONSE__RESULT__OK;
	struct hws_buf out;
	int r;

	hws_buf_init(&out, HWS_RDV_FRAME_MAX);
	r = a == RDV_ANSWER_COOKIE ? rdv_proving_cookie(core, from, &out)
				   : rdv_proving_result(core, from, m->pk.data, result,
						     ok ? keep_alive_of(core) : 0, &out);
	if (r == HWS_OK)
		rdv_client_send_bytes(cl, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

static void on_register_pk(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	const Rdv__RegisterPk *m = in->register_pk;
	struct rdv_core *core = cl->plane->core;
	struct rdv_origin from = { .addr = cl->addr,
		.ss = &cl->peer,
		.client = cl->id,
		.message = cl->message,
		.admit = cl->plane->limits.changes,
		.now_us = hws_clock_us() };
	Rdv__RegisterPkResponse__Result result = RDV__REGISTER_PK_RESPONSE__RESULT__OK;
	struct hws_proof proof;
	enum rdv_answer a;

	if (hws_proof_read(cl->message, &proof) == HWS_OK)
		from.proof = &proof;
	if (m->old_id[0]) {
		rdv_id_change(cl, m);
		return;
	}
	a = rdv_register_pk(core, &from, m, &result);
	if (a == RDV_ANSWER_NONE) {
		hws_conn_close(cl->conn, HWS_ERR_DENIED);
		return;
	}
	if (a != RDV_ANSWER_COOKIE && result == RDV__REGISTER_PK_RESPONSE__RESULT__OK)
		rdv_client_become_host(cl, m->id);
	if (a == RDV_ANSWER_RESULT)
		rdv_client_send_result(cl, result, keep_alive_of(core));
	else if (a == RDV_ANSWER_COOKIE || a == RDV_ANSWER_PROVEN)
		answer_proven(cl, &from, a, m, result);
}

static void on_punch(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	rdv_punch_request(cl, in->punch_hole_request);
}

static void on_relay(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	rdv_relay_request(cl, in->request_relay);
}

static void on_online(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	if (rdv_online_request(cl, in->online_request))
		rdv_client_finish(cl);
}

static void on_sent(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	struct rdv_replier from = { .addr = rdv_addr_from(&cl->peer) };

	rdv_reply_sent(cl->plane, &from, in->punch_hole_sent);
	rdv_client_finish(cl);
}

static void on_local(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	struct rdv_replier from = { .addr = rdv_addr_from(&cl->peer) };

	rdv_reply_local(cl->plane, &from, in->local_addr);
	rdv_client_finish(cl);
}

static void on_relay_response(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	struct rdv_replier from = { .addr = rdv_addr_from(&cl->peer) };

	rdv_reply_relay(cl->plane, &from, in->relay_response);
	rdv_client_finish(cl);
}

/* A viewer says by it that its session lasts; who is not counted does not stay. */
static void on_health(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	if (cl->plane->core->policy && *in->hc->token)
		rdv_client_become_lasting(cl, in->hc->token);
	else
		hws_conn_close(cl->conn, HWS_ERR_UNSUPPORTED);
}

static void on_http(struct rdv_client *cl, Rdv__RendezvousMessage *in)
{
	rdv_api_call(cl, in->http_proxy_request);
}

#define ON_MAIN ((1u << RDV_PORT_MAIN) | (1u << RDV_PORT_WS))
#define ON_ALL (ON_MAIN | (1u << RDV_PORT_NAT))

static const struct {
	Rdv__RendezvousMessage__UnionCase which;
	unsigned ports;
	size_t max; /* bytes of the message */
	void (*fn)(struct rdv_client *cl, Rdv__RendezvousMessage *m);
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
	{ RDV__RENDEZVOUS_MESSAGE__UNION_HC, ON_MAIN, 4096, on_health },
	{ RDV__RENDEZVOUS_MESSAGE__UNION_HTTP_PROXY_REQUEST, ON_MAIN, HWS_RDV_API_FRAME_MAX,
			on_http },
};

void rdv_dispatch(struct rdv_client *cl, struct hws_bytes payload)
{
	Rdv__RendezvousMessage *m = NULL;
	int r = hws_rdv_unpack(payload, &m);

	if (r < 0) {
		hws_conn_close(cl->conn, r);
		return;
	}
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		if (table[i].which != m->union_case)
			continue;
		if (!(table[i].ports & (1u << cl->port)) || payload.len > table[i].max)
			break;
		cl->message = payload;
		table[i].fn(cl, m);
		cl->message = hws_bytes(NULL, 0);
		hws_rdv_free(m);
		return;
	}
	/* Whatever else is not served: the client falls back when the client connection ends. */
	hws_rdv_free(m);
	hws_conn_close(cl->conn, HWS_ERR_UNSUPPORTED);
}
