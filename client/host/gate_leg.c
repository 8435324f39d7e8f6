/* host/gate_leg: reach/relay_join inside a gate, with a thread for the name that lives only
 * until the socket is there: a process that is confined has one thread. */
#include "client/host/gate_leg.h"
#include "client/reach/relay_join.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

struct hws_gate_leg {
	struct hws_gate_leg_conf conf;
	struct hws_work *work; /* NULL: no name is needed any more */
	struct hws_relay_join *join;
	struct hws_proxy proxy;
	struct hws_server_addr server;
};

static int take_port(uint32_t number, uint16_t *ret)
{
	if (number > UINT16_MAX)
		return HWS_ERR_RANGE;
	*ret = (uint16_t)number;
	return HWS_OK;
}

static int take_proxy(const Agt__GateRelay *m, struct hws_proxy *ret)
{
	int r = m->proxy_kind > HWS_PROXY_HTTPS ? HWS_ERR_RANGE : HWS_OK;

	ret->kind = (enum hws_proxy_kind)m->proxy_kind;
	if (r == HWS_OK)
		r = take_port(m->proxy_port, &ret->port);
	if (r == HWS_OK)
		r = hws_str_copy(ret->host, sizeof(ret->host), m->proxy_host);
	if (r == HWS_OK)
		r = hws_str_copy(ret->user, sizeof(ret->user), m->proxy_user);
	if (r == HWS_OK)
		r = hws_str_copy(ret->password_secret, sizeof(ret->password_secret),
				m->proxy_password_secret);
	return r;
}

static int take_server(const Agt__GateRelay *m, struct hws_server_addr *ret)
{
	ret->ws = m->websocket;
	ret->tls = m->tls;
	ret->by_port = m->by_port;
	if (hws_str_copy(ret->host, sizeof(ret->host), m->server_host) < 0)
		return HWS_ERR_TOOBIG;
	return take_port(m->server_port, &ret->port);
}

static int on_socket(int fd, void *arg)
{
	struct hws_gate_leg *leg = arg;

	hws_work_free(leg->work);
	leg->work = NULL;
	return leg->conf.on_socket(fd, leg->conf.arg);
}

static void on_joined(int r, struct hws_stream *s, void *arg)
{
	struct hws_gate_leg *leg = arg;

	leg->join = NULL;
	hws_wipe(&leg->proxy, sizeof(leg->proxy));
	leg->conf.joined(r, s, leg->conf.arg);
}

int hws_gate_leg_start(struct hws_loop *loop, const Agt__GateRelay *m,
		const struct hws_gate_leg_conf *conf, struct hws_gate_leg **ret)
{
	struct hws_gate_leg *leg = hws_alloc(sizeof(*leg));
	struct hws_relay_join_conf join = { .relay = m->relay,
		.key = m->key,
		.uuid = m->uuid,
		.timeout_us = m->timeout_ms * HWS_US_PER_MS,
		.on_socket = on_socket };
	int r;

	if (!leg)
		return HWS_ERR_NOMEM;
	leg->conf = *conf;
	r = take_server(m, &leg->server);
	if (r == HWS_OK)
		r = take_proxy(m, &leg->proxy);
	if (r == HWS_OK)
		r = hws_work_new(1, 4, &leg->work);
	if (leg->proxy.kind != HWS_PROXY_NONE)
		leg->server.proxy = &leg->proxy;
	join.server = &leg->server;
	if (r == HWS_OK)
		r = hws_relay_join(loop, leg->work, &join, on_joined, leg, &leg->join);
	if (r < 0) {
		hws_gate_leg_free(leg);
		return r;
	}
	*ret = leg;
	return HWS_OK;
}

void hws_gate_leg_free(struct hws_gate_leg *leg)
{
	if (!leg)
		return;
	hws_relay_join_cancel(leg->join);
	hws_work_free(leg->work);
	hws_wipe(&leg->proxy, sizeof(leg->proxy));
	hws_free(leg);
}

bool hws_gate_leg_looks_up(const struct hws_gate_leg *leg)
{
	return leg && leg->work;
}
