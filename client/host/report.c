/* hostd's end: starts the process that reports, tells it of each change, and ends what the server
 * wants to have ended. What is to be set here goes on to who can tell whose word it is. */
#include "client/host/report.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/spawn_gate.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"

#define RATE 4u
#define BURST 24u
#define SESSIONS_MAX 64u /* that are reported at a time */
#define SOON_US (100 * HWS_US_PER_MS)
#define PAUSE_US (10 * HWS_US_PER_S)
#define PAUSE_MOST_US (600 * HWS_US_PER_S)
#define LIVED_US (600 * HWS_US_PER_S)
#define QUESTION_US (30 * HWS_US_PER_S) /* two heartbeats */

struct hws_report {
	struct hws_loop *loop;
	struct hws_report_conf conf;
	struct hws_ipc *ipc; /* NULL: no process */
	struct hws_timer start, tell, ask;
	uint64_t started_us, pause_us;
};

/* One message, built on the stack. */
struct picture {
	Agt__ReportSession row[SESSIONS_MAX], *at[SESSIONS_MAX];
	char ip[SESSIONS_MAX][HWS_ADDR_TEXT];
	size_t n;
};

static void add(struct hws_host_session *v, void *arg)
{
	struct picture *p = arg;
	Agt__ReportSession *s = &p->row[p->n];

	/* a leg is no session of its own */
	if (p->n == SESSIONS_MAX || v->leg.of)
		return;
	agt__report_session__init(s);
	hws_addr_ip_text(&v->from, p->ip[p->n], sizeof(p->ip[0]));
	s->conn = v->conn;
	s->open = v->open;
	s->kind = v->login.kind;
	s->address = p->ip[p->n];
	s->ref = v->ref;
	if (v->open) {
		s->peer_id = v->my_id;
		s->peer_name = v->my_name;
		s->session_id = v->login.session_id;
	}
	p->at[p->n++] = s;
}

static void tell(void *arg)
{
	struct hws_report *r = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__ReportState t = AGT__REPORT_STATE__INIT;
	struct picture p;

	if (!r->ipc)
		return;
	p.n = 0;
	r->conf.each(add, &p, r->conf.arg);
	t.url = r->conf.settings->api_server;
	t.id = (char *)(uintptr_t)r->conf.whoami->id;
	t.uuid = (char *)(uintptr_t)r->conf.whoami->uuid;
	t.session = p.at;
	t.n_session = p.n;
	t.strategy_number = hws_managed_number(r->conf.managed, r->conf.settings);
	t.strategy_nonce = (char *)(uintptr_t)hws_managed_nonce(r->conf.managed, r->conf.settings);
	m.union_case = AGT__MESSAGE__UNION_REPORT_STATE;
	m.report_state = &t;
	if (hws_ipc_send(r->ipc, &m, -1) < 0)
		hws_ipc_close(r->ipc, HWS_ERR_SYS);
}

void hws_report_changed(struct hws_report *r)
{
	if (r && r->ipc && !hws_timer_active(&r->tell))
		hws_timer_start(r->loop, &r->tell, SOON_US, tell, r);
}

void hws_report_now(struct hws_report *r)
{
	if (!r)
		return;
	hws_timer_stop(&r->tell);
	tell(r);
}

/* Whoever holds an answer back cannot say it much later, nor choose among many. */
static void ask_anew(void *arg)
{
	struct hws_report *r = arg;

	hws_managed_ask(r->conf.managed);
	hws_report_changed(r);
	hws_timer_start(r->loop, &r->ask, QUESTION_US, ask_anew, r);
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd HWS_UNUSED, void *arg)
{
	struct hws_report *r = arg;
	const Agt__ReportStrategy *s = m->report_strategy;

	if (m->union_case == AGT__MESSAGE__UNION_REPORT_END)
		r->conf.end(m->report_end->conn, r->conf.arg);
	else if (m->union_case == AGT__MESSAGE__UNION_REPORT_STRATEGY)
		r->conf.strategy(hws_bytes(s->text.data, s->text.len),
				hws_bytes(s->signature.data, s->signature.len), r->conf.arg);
	else
		hws_ipc_close(l, HWS_ERR_PROTO);
}

static void start(void *arg);

static void start_later(struct hws_report *r)
{
	hws_timer_start(r->loop, &r->start, r->pause_us, start, r);
	r->pause_us = HWS_MIN(2 * r->pause_us, (uint64_t)PAUSE_MOST_US);
}

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct hws_report *r = arg;

	r->ipc = NULL;
	if (hws_loop_now_us(r->loop) > r->started_us + LIVED_US)
		r->pause_us = PAUSE_US;
	start_later(r);
}

static void start(void *arg)
{
	struct hws_report *r = arg;
	const struct hws_ipc_conf conf = { .frame_max = HWS_REPORT_FRAME_MAX,
		.rate = RATE,
		.burst = BURST,
		.check = hws_ipc_check_report,
		.on_message = on_message,
		.on_close = on_closed,
		.arg = r };
	pid_t pid;
	int end, res;

	r->started_us = hws_loop_now_us(r->loop);
	res = hws_spawn_gate(r->conf.settings, r->conf.logs, "report", 0, &pid, &end);
	if (res == HWS_OK)
		res = hws_ipc_new(r->loop, end, &conf, &r->ipc);
	if (res < 0) {
		r->ipc = NULL;
		start_later(r);
		return;
	}
	tell(r);
}

int hws_report_new(
		struct hws_loop *loop, const struct hws_report_conf *conf, struct hws_report **ret)
{
	struct hws_report *r;

	*ret = NULL;
	if (!*conf->settings->api_server)
		return HWS_OK;
	r = hws_alloc(sizeof(*r));
	if (!r)
		return HWS_ERR_NOMEM;
	r->loop = loop;
	r->conf = *conf;
	r->pause_us = PAUSE_US;
	start(r);
	hws_timer_start(r->loop, &r->ask, QUESTION_US, ask_anew, r);
	*ret = r;
	return HWS_OK;
}

void hws_report_free(struct hws_report *r)
{
	if (!r)
		return;
	hws_ipc_close(r->ipc, HWS_OK); /* and with its socket the process ends */
	hws_timer_stop(&r->start);
	hws_timer_stop(&r->tell);
	hws_timer_stop(&r->ask);
	hws_free(r);
}
