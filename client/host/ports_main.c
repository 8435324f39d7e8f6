/* The process that asks the router for a port: it may make sockets and threads, and nothing else.
 * It ends by itself when hostd has gone, after it has given the port back. */
#include "client/host/ipc.h"
#include "client/host/port_asker.h"
#include "client/host/ports.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/sys/sandbox.h"
#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

#define FRAME_MAX 256u
#define END_US (4 * HWS_US_PER_S) /* a router that is slow to take a port back is left with it */

struct ports_process;

/* One port: they are asked for one by one. */
struct port {
	struct ports_process *process;
	bool udp;
	struct hws_port_asker *asker;
};

struct ports_process {
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	struct port port[2]; /* of TCP, of UDP */
	unsigned ending;
	struct hws_timer limit;
	int status;
};

static void stop(void *arg)
{
	struct ports_process *p = arg;

	hws_loop_stop(p->loop);
}

static void on_ended(void *arg)
{
	struct ports_process *p = arg;

	if (--p->ending == 0)
		hws_loop_stop(p->loop);
}

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct ports_process *p = arg;

	p->hostd = NULL;
	hws_timer_start(p->loop, &p->limit, END_US, stop, p);
	p->ending = 1;
	for (int i = 0; i < 2; i++)
		if (p->port[i].asker) {
			p->ending++;
			hws_port_asker_end(p->port[i].asker, on_ended, p);
		}
	on_ended(p);
}

static void on_state(const struct hws_port_state *s, void *arg)
{
	const struct port *port = arg;
	struct ports_process *p = port->process;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__PortsState t = AGT__PORTS_STATE__INIT;

	t.udp = port->udp;
	t.by = s->by;
	t.why = s->why;
	t.address = ntohl(s->address.s_addr);
	t.port = s->port;
	t.lifetime_s = s->lifetime_s;
	m.union_case = AGT__MESSAGE__UNION_PORTS_STATE;
	m.ports_state = &t;
	if (p->hostd && hws_ipc_send(p->hostd, &m, -1) < 0)
		hws_ipc_close(p->hostd, HWS_ERR_SYS);
}

static void on_stuck(void *arg)
{
	struct ports_process *p = ((struct port *)arg)->process;

	hws_warn("port.router_holds_up",
			HWS_STR("text",
					"the router's UPnP never ends its answer: this process is "
					"given up, and later started again"));
	p->status = 1;
	hws_loop_stop(p->loop);
}

static int begin(struct port *port, uint32_t inside)
{
	struct hws_port_asker_conf conf = { .inside = (uint16_t)inside,
		.udp = port->udp,
		.on_state = on_state,
		.on_stuck = on_stuck,
		.arg = port };

	if (port->asker) {
		hws_port_asker_again(port->asker);
		return HWS_OK;
	}
	hws_port_asker_usual(&conf);
	return inside ? hws_port_asker_new(port->process->loop, &conf, &port->asker) : HWS_OK;
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd HWS_UNUSED, void *arg)
{
	struct ports_process *p = arg;

	if (m->union_case != AGT__MESSAGE__UNION_PORTS_CONF) {
		hws_ipc_close(l, HWS_ERR_PROTO);
		return;
	}
	if (begin(&p->port[false], m->ports_conf->inside) < 0 ||
			begin(&p->port[true], m->ports_conf->inside_udp) < 0) {
		p->status = 1;
		hws_loop_stop(p->loop);
	}
}

/* A thread of it waits for a router, for which nobody waits. */
static bool is_busy(const struct port *port)
{
	return port->asker && hws_port_asker_busy(port->asker);
}

/* Nothing of a router is read without it. */
static bool confine(bool wanted)
{
	struct hws_error err = { 0 };
	int r = wanted ? hws_sandbox_enter(HWS_SANDBOX_PORTS, &err) : HWS_OK;

	if (r < 0)
		hws_warn("gate.no_sandbox", HWS_STR("why", err.text));
	return r == HWS_OK || r == HWS_ERR_UNSUPPORTED;
}

static int run(struct ports_process *p, int ipc_fd)
{
	const struct hws_ipc_conf conf = {
		.frame_max = FRAME_MAX, .on_message = on_message, .on_close = on_closed, .arg = p
	};

	if (hws_loop_new(&p->loop) < 0)
		return 1;
	if (hws_ipc_new(p->loop, ipc_fd, &conf, &p->hostd) == HWS_OK) {
		p->status = 0;
		hws_loop_run(p->loop);
	}
	hws_timer_stop(&p->limit);
	hws_ipc_close(p->hostd, HWS_OK);
	if (is_busy(&p->port[false]) || is_busy(&p->port[true]))
		_exit(p->status);
	hws_port_asker_free(p->port[false].asker);
	hws_port_asker_free(p->port[true].asker);
	hws_loop_free(p->loop);
	return p->status;
}

int hws_ports_main(int ipc_fd, bool sandbox)
{
	struct ports_process p = { .status = 1, .port = { { &p, false }, { &p, true } } };

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* the end of its socket says when it is over */
	signal(SIGTERM, SIG_IGN);
	return confine(sandbox) ? run(&p, ipc_fd) : 1;
}
