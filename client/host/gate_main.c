/* host/gate_main: a gate's life as a process. It begins with the network only where the viewer
 * is met at a relay, and has lost it, and every file, before it reads what anybody there says. */
#include "client/host/gate_main.h"
#include "client/host/gate.h"
#include "client/host/gate_leg.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/net/kcp.h"
#include "shared/sys/sandbox.h"
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define START_US (10 * HWS_US_PER_S) /* hostd says at once what to do */
/* Between our leg and the start lies the server's ear, which hostd has patience with for 18 s. */
#define MEETING_US (30 * HWS_US_PER_S)
#define UDP_US (18 * HWS_US_PER_S) /* something came over it already */
#define LAST_US (2 * HWS_US_PER_S) /* the goodbye is on its way */

struct gate_process {
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	struct hws_gate *gate;
	struct hws_gate_leg *leg;
	struct hws_stream *stream; /* at the relay; waits for the start */
	bool sandbox, started;
	int status;
	struct hws_timer patience, last;
};

static void stop(void *arg)
{
	struct gate_process *p = arg;

	hws_ipc_close(p->hostd, HWS_OK);
	hws_loop_stop(p->loop);
}

static void tell(struct gate_process *p, const Agt__Message *m)
{
	if (p->hostd && hws_ipc_send(p->hostd, m, -1) < 0)
		hws_loop_stop(p->loop);
}

static void on_sign(const uint8_t box_pk[HWS_BOX_PK_LEN], void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__SignRequest q = AGT__SIGN_REQUEST__INIT;

	q.box_pk = (ProtobufCBinaryData){ HWS_BOX_PK_LEN, (uint8_t *)(uintptr_t)box_pk };
	m.union_case = AGT__MESSAGE__UNION_SIGN_REQUEST;
	m.sign_request = &q;
	tell(arg, &m);
}

static void on_login_check(const Agt__LoginCheck *check, void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_LOGIN_CHECK;
	m.login_check = (Agt__LoginCheck *)(uintptr_t)check;
	tell(arg, &m);
}

static void on_state(const Agt__GateState *state, void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_GATE_STATE;
	m.gate_state = (Agt__GateState *)(uintptr_t)state;
	tell(arg, &m);
}

static void on_leg_request(const Agt__LegRequest *q, void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_LEG_REQUEST;
	m.leg_request = (Agt__LegRequest *)(uintptr_t)q;
	tell(arg, &m);
}

static void on_leg_up(const Agt__LegUp *up, void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_LEG_UP;
	m.leg_up = (Agt__LegUp *)(uintptr_t)up;
	tell(arg, &m);
}

static void on_leg_names(const Agt__LegNames *names, void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_LEG_NAMES;
	m.leg_names = (Agt__LegNames *)(uintptr_t)names;
	tell(arg, &m);
}

/* The last message may still be in the queue to hostd. */
static void end(struct gate_process *p)
{
	hws_timer_start(p->loop, &p->last, p->hostd && hws_ipc_pending(p->hostd) ? 200000 : 0, stop,
			p);
}

static void on_gate_closed(struct hws_gate *g HWS_UNUSED, void *arg)
{
	struct gate_process *p = arg;

	p->gate = NULL;
	end(p);
}

static void on_patience(void *arg)
{
	struct gate_process *p = arg;

	p->status = 1;
	hws_loop_stop(p->loop);
}

/* The last step before foreign bytes are looked at. */
static int confine(const struct gate_process *p)
{
	struct hws_error err = { 0 };
	int r;

	if (!p->sandbox)
		return HWS_OK;
	tzset(); /* the C library reads its file when a certificate's dates are looked at first */
	r = hws_sandbox_enter(HWS_SANDBOX_GATE, &err);
	if (r == HWS_ERR_UNSUPPORTED) {
		hws_warn("gate.no_sandbox", HWS_STR("why", err.text));
		return HWS_OK;
	}
	if (r < 0)
		hws_error_log("gate.sandbox_failed", HWS_STR("why", err.text));
	return r;
}

static int on_socket(int fd HWS_UNUSED, void *arg)
{
	return confine(arg);
}

static void fail(struct gate_process *p, int why)
{
	hws_error_log("gate.failed", HWS_ERR("why", why));
	p->status = 1;
	hws_loop_stop(p->loop);
}

/* --- the way to a relay ----------------------------------------------------------------------- */

static void tell_joined(struct gate_process *p, int why)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateJoined joined = AGT__GATE_JOINED__INIT;

	joined.why = why;
	m.union_case = AGT__MESSAGE__UNION_GATE_JOINED;
	m.gate_joined = &joined;
	tell(p, &m);
}

static void on_joined(int r, struct hws_stream *s, void *arg)
{
	struct gate_process *p = arg;

	p->stream = s;
	tell_joined(p, r);
	if (r < 0)
		end(p);
	else
		hws_timer_start(p->loop, &p->patience, MEETING_US, on_patience, p);
}

/* Names, authorities and a connection are still needed; programs and files of our own are not. */
static void go_to_relay(struct gate_process *p, const Agt__GateRelay *m)
{
	const struct hws_gate_leg_conf conf = { on_socket, on_joined, p };
	struct hws_error err = { 0 };
	int r = HWS_OK;

	if (p->sandbox)
		r = hws_sandbox_enter(HWS_SANDBOX_GATE_DIALING, &err);
	hws_timer_start(p->loop, &p->patience, START_US + m->timeout_ms * HWS_US_PER_MS,
			on_patience, p);
	if (r == HWS_OK || r == HWS_ERR_UNSUPPORTED) /* confine() warns */
		r = hws_gate_leg_start(p->loop, m, &conf, &p->leg);
	if (r < 0)
		on_joined(r, NULL, p);
}

/* --- serving ---------------------------------------------------------------------------------- */

/* What hostd accepted, or, without a descriptor, what we have at a relay. Takes `fd`. */
static int take_stream(struct gate_process *p, int fd, bool udp, struct hws_stream **ret)
{
	const struct hws_kcp_conf kcp = { .connect_us = UDP_US };
	int r;

	*ret = p->stream;
	p->stream = NULL;
	if (*ret)
		return HWS_OK;
	r = udp ? hws_stream_kcp_accept(p->loop, fd, &kcp, ret)
		: hws_stream_tcp_new(p->loop, fd, ret);
	if (r < 0)
		close(fd);
	else
		r = on_socket(fd, p);
	if (r < 0) {
		hws_stream_close(*ret);
		*ret = NULL;
	}
	return r;
}

static void begin(struct gate_process *p, const Agt__GateStart *start, int fd)
{
	struct hws_gate_conf conf = { on_sign, on_login_check, on_state, on_gate_closed, p,
		on_leg_request, on_leg_up, on_leg_names };
	struct hws_stream *stream = NULL;
	int r;

	p->started = true;
	hws_timer_stop(&p->patience);
	r = take_stream(p, fd, start->udp, &stream);
	if (r == HWS_OK)
		r = hws_gate_new(p->loop, &conf, start, stream, &p->gate);
	if (r < 0)
		fail(p, r);
}

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct gate_process *p = arg;

	/* a socket of hostd's, or the stream of our own */
	if (m->union_case == AGT__MESSAGE__UNION_GATE_START && !p->started &&
			(fd >= 0) == (p->stream == NULL)) {
		begin(p, m->gate_start, fd);
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_LOGIN_VERDICT && p->gate) {
		hws_gate_verdict(p->gate, m->login_verdict, fd);
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_LEG_JOIN && p->gate && fd >= 0) {
		hws_gate_leg_join(p->gate, m->leg_join, fd);
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_LEG_VERDICT && p->gate) {
		hws_gate_leg_verdict(p->gate, m->leg_verdict, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (m->union_case == AGT__MESSAGE__UNION_GATE_RELAY && !p->started && !p->leg)
		go_to_relay(p, m->gate_relay);
	if (!p->gate)
		return;
	if (m->union_case == AGT__MESSAGE__UNION_SIGN_REPLY)
		hws_gate_signed(p->gate, m->sign_reply);
	else if (m->union_case == AGT__MESSAGE__UNION_GATE_CONTROL)
		hws_gate_control(p->gate, m->gate_control);
}

static void on_hostd_closed(struct hws_ipc *l HWS_UNUSED, int why, void *arg)
{
	struct gate_process *p = arg;

	p->hostd = NULL;
	if (p->gate && hws_gate_leg_leave(p->gate))
		return;
	if (p->gate)
		hws_gate_close(p->gate, "The host was stopped", why);
	else
		hws_loop_stop(p->loop);
}

/* By UDP nobody but us sends again what the viewer has not got yet. */
static void say_last(struct hws_loop *loop)
{
	uint64_t end_us = hws_clock_us() + LAST_US;

	while (hws_kcp_lingering(loop) > 0 && hws_clock_us() < end_us)
		hws_loop_once(loop, 20000);
}

int hws_gate_main(int ipc_fd, bool sandbox)
{
	struct gate_process p = { .sandbox = sandbox };
	struct hws_ipc_conf lc = { .frame_max = HWS_IPC_HOSTD_FRAME_MAX,
		.takes_fds = true,
		.on_message = on_message,
		.on_close = on_hostd_closed,
		.arg = &p };

	if (hws_loop_new(&p.loop) < 0)
		return 1;
	if (hws_ipc_new(p.loop, ipc_fd, &lc, &p.hostd) < 0) {
		hws_loop_free(p.loop);
		return 1;
	}
	hws_timer_start(p.loop, &p.patience, START_US, on_patience, &p);
	hws_loop_run(p.loop);
	if (hws_gate_leg_looks_up(p.leg)) /* nobody waits for that answer any more */
		_exit(p.status);
	hws_timer_stop(&p.patience);
	hws_timer_stop(&p.last);
	if (p.gate)
		hws_gate_close(p.gate, NULL, HWS_OK);
	hws_ipc_close(p.hostd, HWS_OK);
	hws_stream_close(p.stream);
	hws_gate_leg_free(p.leg);
	say_last(p.loop);
	hws_loop_free(p.loop);
	return p.status;
}
