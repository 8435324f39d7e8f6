/* hostd's end: starts the process, holds what it says against what can be, and forgets a port that
 * is not confirmed in time. */
#include "client/host/ports.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/port_why.h"
#include "client/host/spawn_gate.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include <netinet/in.h>

#define FRAME_MAX 64u
#define RATE 4u
#define BURST 40u
#define LEAVE_US (60 * HWS_US_PER_S) /* a break of the link to the server is no reason */
/* A process that does not live is started ever more seldom. */
#define PAUSE_US (30 * HWS_US_PER_S)
#define PAUSE_MOST_US (3600 * HWS_US_PER_S)
#define LIVED_US (600 * HWS_US_PER_S)
#define LIFETIME_MAX_S 86400u

/* One of the two: TCP, UDP. */
struct slot {
	struct hws_ports *ports;
	bool udp;
	struct hws_timer expire;
	enum hws_port_by by;
	enum hws_port_why why;
	struct sockaddr_storage outside;
};

struct hws_ports {
	struct hws_loop *loop;
	struct hws_ports_conf conf;
	struct hws_ipc *ipc; /* NULL: no process */
	struct hws_mapped_port *port;
	unsigned wanted; /* by so many servers */
	struct hws_timer start, leave;
	uint64_t started_us, pause_us;
	struct slot slot[2];
};

static void start(void *arg);

static const char *by_token(enum hws_port_by by)
{
	static const char *const names[] = {
#define X(name, token, text) [HWS_PORT_BY_##name] = token,
		HWS_PORT_BY_LIST(X)
#undef X
	};

	return names[by];
}

static const char *by_text(enum hws_port_by by)
{
	static const char *const names[] = {
#define X(name, token, text) [HWS_PORT_BY_##name] = text,
		HWS_PORT_BY_LIST(X)
#undef X
	};

	return names[by];
}

static const char *why_text(enum hws_port_why why)
{
	static const char *const texts[] = {
#define X(name, text) [HWS_PORT_WHY_##name] = text,
		HWS_PORT_WHY_LIST(X)
#undef X
	};

	return texts[why];
}

static const char *protocol(const struct slot *s)
{
	return s->udp ? "udp" : "tcp";
}

static void set_none(struct slot *s, enum hws_port_why why)
{
	bool is_new = s->why != why;

	hws_timer_stop(&s->expire);
	s->by = HWS_PORT_BY_NONE;
	s->why = why;
	hws_mapped_port_set_outside(s->ports->port, s->udp, NULL);
	if (is_new && why != HWS_PORT_WHY_ASKING && why != HWS_PORT_WHY_NONE)
		hws_info("port.not_mapped", HWS_STR("protocol", protocol(s)),
				HWS_STR("why", why_text(why)));
}

static void on_expired(void *arg)
{
	set_none(arg, HWS_PORT_WHY_SILENT);
}

static void set_mapped(struct slot *s, enum hws_port_by by, const struct sockaddr_storage *outside,
		uint32_t lifetime_s)
{
	struct hws_ports *p = s->ports;
	bool is_new = s->by != by || !hws_addr_equal(&s->outside, outside);
	char text[HWS_ADDR_TEXT];

	s->by = by;
	s->why = HWS_PORT_WHY_NONE;
	s->outside = *outside;
	hws_mapped_port_set_outside(p->port, s->udp, outside);
	hws_timer_start(p->loop, &s->expire, lifetime_s * HWS_US_PER_S, on_expired, s);
	if (is_new)
		hws_info("port.mapped", HWS_STR("protocol", protocol(s)),
				HWS_STR("by", by_token(by)),
				HWS_STR("at", hws_addr_text(outside, text, sizeof(text))),
				HWS_U64("inside", hws_mapped_port_inside(p->port, s->udp)));
}

static void take(struct hws_ports *p, const Agt__PortsState *t)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(t->address),
		.sin_port = htons((uint16_t)t->port) };
	struct sockaddr_storage outside = { 0 };
	struct slot *s = &p->slot[t->udp ? 1 : 0];

	memcpy(&outside, &in, sizeof(in));
	if (t->by == HWS_PORT_BY_NONE)
		set_none(s,
				t->why < HWS_PORT_WHYS ? (enum hws_port_why)t->why
						       : HWS_PORT_WHY_NONSENSE);
	else if (t->by > HWS_PORT_BY_UPNP || t->port > UINT16_MAX || !t->lifetime_s ||
			t->lifetime_s > LIFETIME_MAX_S || !hws_mapped_port_usable(&outside) ||
			!hws_mapped_port_inside(p->port, s->udp))
		set_none(s, HWS_PORT_WHY_NONSENSE);
	else
		set_mapped(s, (enum hws_port_by)t->by, &outside, t->lifetime_s);
}

static void set_both(struct hws_ports *p, enum hws_port_why why)
{
	set_none(&p->slot[0], why);
	set_none(&p->slot[1], why);
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd HWS_UNUSED, void *arg)
{
	if (m->union_case == AGT__MESSAGE__UNION_PORTS_STATE)
		take(arg, m->ports_state);
	else
		hws_ipc_close(l, HWS_ERR_PROTO);
}

static void start_later(struct hws_ports *p)
{
	hws_timer_start(p->loop, &p->start, p->pause_us, start, p);
	p->pause_us = HWS_MIN(2 * p->pause_us, (uint64_t)PAUSE_MOST_US);
}

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct hws_ports *p = arg;

	p->ipc = NULL;
	set_both(p, HWS_PORT_WHY_NONE);
	if (hws_loop_now_us(p->loop) > p->started_us + LIVED_US)
		p->pause_us = PAUSE_US;
	if (p->wanted)
		start_later(p);
}

static int tell(struct hws_ports *p)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__PortsConf c = AGT__PORTS_CONF__INIT;

	c.inside = hws_mapped_port_inside(p->port, false);
	c.inside_udp = hws_mapped_port_inside(p->port, true);
	m.union_case = AGT__MESSAGE__UNION_PORTS_CONF;
	m.ports_conf = &c;
	return hws_ipc_send(p->ipc, &m, -1);
}

static void start(void *arg)
{
	struct hws_ports *p = arg;
	const struct hws_ipc_conf conf = { .frame_max = FRAME_MAX,
		.rate = RATE,
		.burst = BURST,
		.check = hws_ipc_check_ports,
		.on_message = on_message,
		.on_close = on_closed,
		.arg = p };
	pid_t pid;
	int end, r;

	if (p->ipc)
		return;
	p->started_us = hws_loop_now_us(p->loop);
	r = hws_spawn_gate(p->conf.settings, p->conf.logs, "ports", 0, &pid, &end);
	if (r == HWS_OK)
		r = hws_ipc_new(p->loop, end, &conf, &p->ipc);
	if (r < 0) {
		p->ipc = NULL;
		start_later(p);
		return;
	}
	set_both(p, HWS_PORT_WHY_ASKING);
	if (tell(p) < 0)
		hws_ipc_close(p->ipc, HWS_ERR_SYS);
}

static void on_leave(void *arg)
{
	struct hws_ports *p = arg;

	hws_timer_stop(&p->start);
	hws_ipc_close(p->ipc, HWS_OK); /* and with its socket the process ends */
}

void hws_ports_want(struct hws_ports *p, bool wanted)
{
	if (!p)
		return;
	p->wanted = wanted ? p->wanted + 1 : p->wanted - 1;
	if (!p->wanted)
		hws_timer_start(p->loop, &p->leave, LEAVE_US, on_leave, p);
	else
		hws_timer_stop(&p->leave);
	if (p->wanted && !p->ipc && !hws_timer_active(&p->start))
		start(p);
}

void hws_ports_again(struct hws_ports *p)
{
	if (p && p->ipc && tell(p) < 0)
		hws_ipc_close(p->ipc, HWS_ERR_SYS);
}

static void describe(const struct hws_ports *p, const struct slot *s, struct hws_ports_status *ret)
{
	ret->on = true;
	ret->by = by_token(s->by);
	ret->by_text = by_text(s->by);
	if (s->by != HWS_PORT_BY_NONE) {
		ret->state = "mapped";
		ret->why = "";
		hws_addr_text(&s->outside, ret->address, sizeof(ret->address));
	} else if (!p->wanted) {
		ret->state = "idle";
		ret->why = "this host is not registered at a server";
	} else if (s->why == HWS_PORT_WHY_NONE) {
		ret->why = "the process that asks the router could not be started, or has ended";
	} else {
		ret->state = s->why == HWS_PORT_WHY_ASKING ? "asking" : "none";
		ret->why = why_text(s->why);
	}
}

void hws_ports_status(const struct hws_ports *p, bool udp, struct hws_ports_status *ret)
{
	*ret = (struct hws_ports_status){
		.state = "none", .by = "", .by_text = "", .why = "'map-ports' is off"
	};
	if (p && (!udp || hws_mapped_port_inside(p->port, true)))
		describe(p, &p->slot[udp], ret);
}

struct hws_mapped_port *hws_ports_port(struct hws_ports *p)
{
	return p ? p->port : NULL;
}

/* The viewer's address is what the socket says, not a server's word. */
static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	struct hws_ports *p = arg;
	struct hws_host_session_conf conf = { .fd = fd,
		.secure = how->secure,
		.mapped = true,
		.udp = how->udp,
		.from = how->viewer,
		.request = how->request,
		.control_permissions = how->control_permissions,
		.ref = how->ref };

	(void)p->conf.admit(&conf, p->conf.arg); /* it has told, and nobody waits */
}

int hws_ports_new(struct hws_loop *loop, const struct hws_ports_conf *conf, struct hws_ports **ret)
{
	struct hws_mapped_port_conf mc = { .no_udp = conf->settings->disable_udp,
		.on_socket = on_socket };
	struct hws_ports *p;
	int r;

	*ret = NULL;
	if (!conf->settings->map_ports || !*conf->settings->server)
		return HWS_OK;
	p = hws_alloc(sizeof(*p));
	if (!p)
		return HWS_ERR_NOMEM;
	mc.arg = p;
	r = hws_mapped_port_new(loop, &mc, &p->port);
	if (r < 0) {
		hws_free(p);
		return r;
	}
	p->loop = loop;
	p->conf = *conf;
	p->pause_us = PAUSE_US;
	for (unsigned i = 0; i < 2; i++) {
		p->slot[i].ports = p;
		p->slot[i].udp = i == 1;
	}
	*ret = p;
	return HWS_OK;
}

void hws_ports_free(struct hws_ports *p)
{
	if (!p)
		return;
	p->wanted = 0;
	hws_ipc_close(p->ipc, HWS_OK); /* and with its socket the process ends */
	hws_timer_stop(&p->start);
	hws_timer_stop(&p->leave);
	hws_timer_stop(&p->slot[0].expire);
	hws_timer_stop(&p->slot[1].expire);
	hws_mapped_port_free(p->port);
	hws_free(p);
}
