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

struct ports_process {
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	struct hws_port_asker *asker;
	struct hws_timer limit;
	uint16_t inside;
	int status;
};

static void stop(void *arg)
{
	struct ports_process *p = arg;

	hws_loop_stop(p->loop);
}

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct ports_process *p = arg;

	p->hostd = NULL;
	hws_timer_start(p->loop, &p->limit, END_US, stop, p);
	if (p->asker)
		hws_port_asker_end(p->asker, stop, p);
	else
		stop(p);
}

static void on_state(const struct hws_port_state *s, void *arg)
{
	struct ports_process *p = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__PortsState t = AGT__PORTS_STATE__INIT;

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
	struct ports_process *p = arg;

	hws_warn("port.router_holds_up",
			HWS_STR("text",
					"the router's UPnP never ends its answer: this process is "
					"given up, and later started again"));
	p->status = 1;
	hws_loop_stop(p->loop);
}

static void begin(struct ports_process *p)
{
	struct hws_port_asker_conf conf = {
		.inside = p->inside, .on_state = on_state, .on_stuck = on_stuck, .arg = p
	};

	hws_port_asker_usual(&conf);
	if (hws_port_asker_new(p->loop, &conf, &p->asker) < 0) {
		p->status = 1;
		hws_loop_stop(p->loop);
	}
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd HWS_UNUSED, void *arg)
{
	struct ports_process *p = arg;

	if (m->union_case != AGT__MESSAGE__UNION_PORTS_CONF) {
		hws_ipc_close(l, HWS_ERR_PROTO);
		return;
	}
	p->inside = (uint16_t)m->ports_conf->inside;
	if (p->asker)
		hws_port_asker_again(p->asker);
	else
		begin(p);
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
	if (p->asker && hws_port_asker_busy(p->asker))
		_exit(p->status); /* its thread waits for a router: nobody waits for that */
	hws_port_asker_free(p->asker);
	hws_loop_free(p->loop);
	return p->status;
}

int hws_ports_main(int ipc_fd, bool sandbox)
{
	struct ports_process p = { .status = 1 };

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* the end of its socket says when it is over */
	signal(SIGTERM, SIG_IGN);
	return confine(sandbox) ? run(&p, ipc_fd) : 1;
}
