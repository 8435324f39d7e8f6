/* reach/nat_probe: two ports of the server are asked from one port of ours; equal answers mean that
 * the network keeps our port whoever is called. */
#include "client/reach/nat_probe.h"
#include "client/reach/server_query.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"

#define STEP_US 18000000 /* deployed peers' limit for a connection and for an answer */
#define RETRY_FIRST_US 1000000
#define RETRY_MAX_US 300000000
#define SERIAL 3 /* what deployed clients send at least */

enum step { STEP_IDLE, STEP_MAIN_PORT, STEP_NAT_PORT };

struct hws_nat_probe {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_nat_probe_conf conf;
	struct hws_server_addr server_addr;
	enum step step;
	struct hws_server_query *query;
	struct hws_timer timer; /* limit of a step, or the pause between two tests */
	struct hws_deferred deferred;
	uint64_t pause_us;
	Rdv__NatType type;
	struct sockaddr_storage local, server; /* of the first connection */
	int32_t seen;                          /* our port as the main port saw it */
};

static void begin(struct hws_nat_probe *p);

static void on_pause_over(void *arg)
{
	begin(arg);
}

static void end_step(struct hws_nat_probe *p)
{
	p->step = STEP_IDLE;
	hws_timer_stop(&p->timer);
	hws_server_query_free(p->query);
	p->query = NULL;
}

static void fail(struct hws_nat_probe *p)
{
	end_step(p);
	if (p->type != RDV__NAT_TYPE__UNKNOWN_NAT)
		return; /* the old result is better than asking for ever */
	hws_timer_start(p->loop, &p->timer, p->pause_us, on_pause_over, p);
	p->pause_us = HWS_MIN(p->pause_us * 2 + RETRY_FIRST_US, (uint64_t)RETRY_MAX_US);
}

static void on_step_limit(void *arg)
{
	fail(arg);
}

static void on_open(struct hws_server_query *query, void *arg)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__TestNatRequest q = RDV__TEST_NAT_REQUEST__INIT;
	struct hws_nat_probe *p = arg;

	if (p->step == STEP_MAIN_PORT) {
		p->local = *hws_server_query_local(query);
		p->server = *hws_server_query_peer(query);
		q.serial = SERIAL;
	}
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST;
	m.test_nat_request = &q;
	if (hws_server_query_send(query, &m) < 0)
		fail(p);
}

static void ask_port(struct hws_nat_probe *p, enum step step);

static void on_message(struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	struct hws_nat_probe *p = arg;
	int32_t port;

	(void)query;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE)
		return;
	port = m->test_nat_response->port;
	if (port <= 0 || port > UINT16_MAX) {
		fail(p);
		return;
	}
	if (p->step == STEP_MAIN_PORT) {
		p->seen = port;
		end_step(p);
		ask_port(p, STEP_NAT_PORT);
		return;
	}
	p->type = port == p->seen ? RDV__NAT_TYPE__ASYMMETRIC : RDV__NAT_TYPE__SYMMETRIC;
	end_step(p);
	p->pause_us = RETRY_FIRST_US;
	if (p->conf.on_type)
		p->conf.on_type(p->type, p->conf.arg);
}

static void on_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	(void)why;
	fail(arg);
}

/* The second question goes from the same port of ours to the very address that the first one
 * reached. */
static void ask_port(struct hws_nat_probe *p, enum step step)
{
	struct hws_server_addr server_addr = p->server_addr;
	struct hws_server_query_conf conf = { .server_addr = &server_addr,
		.timeout_us = STEP_US,
		.on_open = on_open,
		.on_message = on_message,
		.on_end = on_end,
		.arg = p };

	if (step == STEP_NAT_PORT) {
		hws_addr_ip_text(&p->server, server_addr.host, sizeof(server_addr.host));
		server_addr.port--;
		conf.bind_to = &p->local;
	}
	p->step = step;
	if (hws_server_query_new(p->loop, p->work, &conf, &p->query) < 0) {
		p->query = NULL;
		fail(p);
		return;
	}
	hws_timer_start(p->loop, &p->timer, STEP_US, on_step_limit, p);
}

static void begin(struct hws_nat_probe *p)
{
	ask_port(p, STEP_MAIN_PORT);
}

int hws_nat_probe_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_nat_probe_conf *conf, struct hws_nat_probe **ret)
{
	struct hws_nat_probe *p;

	if (conf->server_addr->ws || conf->server_addr->port < 2)
		return HWS_ERR_INVAL;
	p = hws_alloc(sizeof(*p));
	if (!p)
		return HWS_ERR_NOMEM;
	p->loop = loop;
	p->work = work;
	p->conf = *conf;
	p->type = conf->known;
	p->pause_us = RETRY_FIRST_US;
	p->server_addr = *conf->server_addr;
	p->conf.server_addr = NULL;
	begin(p);
	*ret = p;
	return HWS_OK;
}

static void free_probe(void *arg)
{
	hws_free(arg);
}

void hws_nat_probe_free(struct hws_nat_probe *p)
{
	if (!p)
		return;
	end_step(p);
	p->conf.on_type = NULL;
	hws_loop_defer(p->loop, &p->deferred, free_probe, p);
}

void hws_nat_probe_again(struct hws_nat_probe *p)
{
	if (!p || p->step != STEP_IDLE)
		return;
	p->pause_us = RETRY_FIRST_US;
	begin(p);
}

Rdv__NatType hws_nat_probe_type(const struct hws_nat_probe *p)
{
	return p->type;
}

void hws_nat_probe_set_server(struct hws_nat_probe *p, const struct hws_server_addr *server)
{
	if (p && server->port >= 2)
		p->server_addr = *server;
}
