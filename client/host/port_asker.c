/* One question at a time: first in PCP (which falls back to NAT-PMP by itself), then by UPnP. */
#include "client/host/port_asker.h"
#include "client/host/port_pcp.h"
#include "client/host/port_upnp.h"
#include "client/reach/mapped_port.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/loop/work.h"
#include "shared/net/addr.h"
#include "shared/net/net_watch.h"
#include "shared/sys/route.h"
#include <string.h>

#define WISH_S 3600u
#define GRANT_MIN_S 60u /* less is no use, and would be asked for all the time */
#define RENEW_MOST_S 1800u
#define RETRY_US (60 * HWS_US_PER_S) /* doubled each time */
#define RETRY_MOST_US (3600 * HWS_US_PER_S)
#define SETTLE_US (2 * HWS_US_PER_S) /* changes come in swarms */
#define PAUSE_US (20 * HWS_US_PER_S) /* between two rounds that somebody else's word begins */
#define STUCK_US (60 * HWS_US_PER_S)
#define SEARCH_MS 2000
/* results: the router has got no address itself, or none that is of use */
#define NETWORK_FAILURE 7
#define OLD_NETWORK_FAILURE 3

/* Belongs to the pool until it is done; whose it was may have gone by then. */
struct upnp_job {
	struct hws_port_upnp q;
	struct hws_port_asker *asker;
};

struct hws_port_asker {
	struct hws_loop *loop;
	struct hws_port_asker_conf conf;
	struct hws_work *work;
	struct hws_net_watch *watch;
	struct hws_timer next, settle, stuck;
	struct hws_route route;
	struct hws_pcp_map map;
	struct hws_port_pcp *pcp, *give_back;
	struct hws_port_upnp upnp; /* the last question with its answer */
	struct upnp_job *job;      /* NULL: none is asked */
	bool refused, inner;       /* in this round: by PCP; and it has no address to give */
	struct hws_port_state state;
	uint64_t begun_us, retry_us;
	void (*ended)(void *arg);
	void *ended_arg;
	bool ending;
};

static void begin(void *arg);
static void ask_upnp(struct hws_port_asker *a);

static void say(struct hws_port_asker *a, const struct hws_port_state *s)
{
	a->state = *s;
	a->conf.on_state(s, a->conf.arg);
}

static void fail(struct hws_port_asker *a, enum hws_port_why why)
{
	const struct hws_port_state s = { .why = why };

	say(a, &s);
	if (a->ending)
		return;
	hws_timer_start(a->loop, &a->next, a->retry_us, begin, a);
	a->retry_us = HWS_MIN(2 * a->retry_us, (uint64_t)RETRY_MOST_US);
}

static void settle(struct hws_port_asker *a, struct hws_port_state *s)
{
	s->lifetime_s = HWS_MIN(s->lifetime_s, WISH_S);
	a->map.wanted = s->port; /* the same again */
	a->retry_us = RETRY_US;
	say(a, s);
	if (!a->ending)
		hws_timer_start(a->loop, &a->next,
				HWS_MIN(s->lifetime_s / 2, RENEW_MOST_S) * a->conf.second_us, begin,
				a);
}

static bool same_route(const struct hws_route *x, const struct hws_route *y)
{
	return x->router.s_addr == y->router.s_addr && x->own.s_addr == y->own.s_addr;
}

/* --- PCP and NAT-PMP -------------------------------------------------------------------------- */

static void on_given_back(int r HWS_UNUSED, const struct hws_pcp_answer *answer HWS_UNUSED,
		bool older HWS_UNUSED, void *arg)
{
	struct hws_port_asker *a = arg;

	a->give_back = NULL;
	if (a->ending && a->ended)
		a->ended(a->ended_arg);
}

static void give_back(struct hws_port_asker *a, bool older)
{
	struct hws_port_pcp_conf c = { .route = a->route,
		.router_port = HWS_PCP_PORT,
		.map = a->map,
		.older = older,
		.done = on_given_back,
		.arg = a };

	c.map.lifetime_s = 0;
	hws_port_pcp_cancel(a->give_back);
	a->give_back = NULL;
	if (hws_port_pcp_ask(a->loop, &c, &a->give_back) < 0)
		a->give_back = NULL;
}

/* Nothing of it is believed that no viewer could use. */
static enum hws_port_why judge(const struct hws_pcp_answer *answer)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr = answer->address, .sin_port = htons(answer->port)
	};
	struct sockaddr_storage any = { 0 };

	memcpy(&any, &in, sizeof(in));
	if (answer->lifetime_s < GRANT_MIN_S || hws_addr_is_special(&any) ||
			answer->port < HWS_MAPPED_PORT_MIN)
		return HWS_PORT_WHY_NONSENSE;
	return hws_mapped_port_usable(&any) ? HWS_PORT_WHY_NONE : HWS_PORT_WHY_DOUBLE_NAT;
}

static void on_pcp(int r, const struct hws_pcp_answer *answer, bool older, void *arg)
{
	struct hws_port_asker *a = arg;
	enum hws_port_why why;

	a->pcp = NULL;
	if (r < 0 || answer->said != HWS_PCP_MAPPED) {
		a->refused = r == HWS_OK;
		a->inner = a->refused &&
				answer->result == (older ? OLD_NETWORK_FAILURE : NETWORK_FAILURE);
		if (a->refused)
			hws_info("port.refused", HWS_STR("by", older ? "nat-pmp" : "pcp"),
					HWS_U64("code", answer->result));
		ask_upnp(a);
		return;
	}
	why = judge(answer);
	if (why == HWS_PORT_WHY_NONE) {
		struct hws_port_state s = { .by = older ? HWS_PORT_BY_NATPMP : HWS_PORT_BY_PCP,
			.address = answer->address,
			.port = answer->port,
			.lifetime_s = answer->lifetime_s };

		settle(a, &s);
		return;
	}
	give_back(a, older); /* of no use to anybody */
	fail(a, why);
}

static void ask_pcp(struct hws_port_asker *a)
{
	struct hws_port_pcp_conf c = { .route = a->route,
		.router_port = HWS_PCP_PORT,
		.map = a->map,
		.older = a->state.by == HWS_PORT_BY_NATPMP,
		.done = on_pcp,
		.arg = a };

	if (hws_port_pcp_ask(a->loop, &c, &a->pcp) < 0) {
		a->pcp = NULL;
		ask_upnp(a);
	}
}

/* --- UPnP ------------------------------------------------------------------------------------- */

static void on_stuck(void *arg)
{
	struct hws_port_asker *a = arg;

	a->conf.on_stuck(a->conf.arg);
}

static int run_upnp(void *arg)
{
	struct upnp_job *j = arg;

	hws_port_upnp_run(&j->q);
	return HWS_OK;
}

static void end_upnp(struct hws_port_asker *a);

/* Where UPnP is silent, what PCP said counts. */
static enum hws_port_why sum_up(const struct hws_port_asker *a, enum hws_port_why why)
{
	if (why != HWS_PORT_WHY_SILENT)
		return why;
	return a->inner ? HWS_PORT_WHY_DOUBLE_NAT : a->refused ? HWS_PORT_WHY_REFUSED : why;
}

static void on_upnp(void *arg, int r)
{
	struct upnp_job *j = arg;
	struct hws_port_asker *a = j->asker;
	struct hws_port_upnp *q;
	struct hws_port_state s = { .by = HWS_PORT_BY_UPNP, .lifetime_s = WISH_S };

	if (a) {
		a->upnp = j->q;
		a->job = NULL;
	}
	hws_free(j);
	if (!a)
		return;
	q = &a->upnp;
	s.address = q->address;
	s.port = q->outside;
	hws_timer_stop(&a->stuck);
	if (a->ending) {
		end_upnp(a);
	} else if (!same_route(&q->route, &a->route)) { /* of a network that we have left */
		a->upnp.control[0] = '\0';
		hws_timer_start(a->loop, &a->next, 0, begin, a);
	} else if (r < 0) {
		fail(a, HWS_PORT_WHY_SILENT);
	} else if (q->why == HWS_PORT_WHY_NONE) {
		settle(a, &s);
	} else {
		fail(a, sum_up(a, q->why));
	}
}

static int start_upnp(struct hws_port_asker *a)
{
	struct upnp_job *j = hws_alloc(sizeof(*j));
	int r;

	if (!j)
		return HWS_ERR_NOMEM;
	a->upnp.why = HWS_PORT_WHY_SILENT;
	j->q = a->upnp;
	j->asker = a;
	r = hws_work_submit(a->work, a->loop, run_upnp, on_upnp, j);
	if (r < 0) {
		hws_free(j);
		return r;
	}
	a->job = j;
	hws_timer_start(a->loop, &a->stuck, a->conf.stuck_us, on_stuck, a);
	return HWS_OK;
}

static void ask_upnp(struct hws_port_asker *a)
{
	if (a->job) /* the round before has not ended yet: its answer serves */
		return;
	a->upnp.route = a->route;
	a->upnp.inside = a->conf.inside;
	a->upnp.udp = a->conf.udp;
	a->upnp.wanted = a->map.wanted;
	a->upnp.lease_s = WISH_S;
	a->upnp.search_ms = a->conf.search_ms;
	a->upnp.remove = false;
	if (start_upnp(a) < 0)
		fail(a, HWS_PORT_WHY_SILENT);
}

/* --- rounds ----------------------------------------------------------------------------------- */

static bool is_public(struct in_addr ip)
{
	const struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = ip };
	struct sockaddr_storage any = { 0 };

	memcpy(&any, &in, sizeof(in));
	return hws_addr_is_public_v4(&any);
}

/* Another network: nothing of what was is of use there, nor to be had back. */
static void forget(struct hws_port_asker *a, const struct hws_route *route)
{
	a->route = *route;
	a->map = (struct hws_pcp_map){ .udp = a->conf.udp,
		.client = route->own,
		.port = a->conf.inside,
		.wanted = a->conf.inside,
		.lifetime_s = WISH_S };
	hws_rand_bytes(a->map.nonce, sizeof(a->map.nonce));
	a->state.by = HWS_PORT_BY_NONE;
	a->retry_us = RETRY_US;
	a->upnp.control[0] = '\0';
}

static void begin(void *arg)
{
	struct hws_port_asker *a = arg;
	const struct hws_port_state asking = { .why = HWS_PORT_WHY_ASKING };
	struct hws_route route = { 0 };
	int r = hws_route_ask(&route);

	if (a->ending)
		return;
	hws_timer_stop(&a->next);
	hws_port_pcp_cancel(a->pcp);
	a->pcp = NULL;
	a->refused = a->inner = false;
	a->begun_us = hws_loop_now_us(a->loop);
	if (r < 0) {
		a->route = (struct hws_route){ 0 };
		fail(a, HWS_PORT_WHY_NO_ROUTER);
		return;
	}
	if (!same_route(&route, &a->route))
		forget(a, &route);
	if (is_public(route.own)) {
		fail(a, HWS_PORT_WHY_PUBLIC);
		return;
	}
	if (a->state.by == HWS_PORT_BY_NONE)
		say(a, &asking);
	if (a->state.by == HWS_PORT_BY_UPNP)
		ask_upnp(a);
	else
		ask_pcp(a);
}

void hws_port_asker_again(struct hws_port_asker *a)
{
	uint64_t now = hws_loop_now_us(a->loop);
	uint64_t since = now > a->begun_us ? now - a->begun_us : 0;

	if (!a->ending && !a->pcp && !a->job)
		hws_timer_start(a->loop, &a->next,
				since >= a->conf.pause_us ? 0 : a->conf.pause_us - since, begin, a);
}

/* Only another way to the internet counts: interfaces of containers come and go all the time. */
static void on_settled(void *arg)
{
	struct hws_port_asker *a = arg;
	struct hws_route route = { 0 };

	if (a->ending)
		return;
	if (hws_route_ask(&route) < 0)
		route = (struct hws_route){ 0 };
	if (same_route(&route, &a->route))
		return;
	if (a->state.by != HWS_PORT_BY_NONE) { /* at once: nobody is to be sent there any more */
		const struct hws_port_state asking = { .why = HWS_PORT_WHY_ASKING };

		say(a, &asking);
	}
	hws_port_pcp_cancel(a->pcp);
	a->pcp = NULL;
	if (a->job) /* what it brings is of the network that we have left */
		a->route = (struct hws_route){ 0 };
	hws_port_asker_again(a);
}

static void on_change(enum hws_net_change change, void *arg)
{
	struct hws_port_asker *a = arg;

	if (change == HWS_NET_WOKE) /* what was granted may be over */
		hws_port_asker_again(a);
	else if (!hws_timer_active(&a->settle))
		hws_timer_start(a->loop, &a->settle, SETTLE_US, on_settled, a);
}

void hws_port_asker_usual(struct hws_port_asker_conf *conf)
{
	conf->second_us = HWS_US_PER_S;
	conf->pause_us = PAUSE_US;
	conf->search_ms = SEARCH_MS;
	conf->stuck_us = STUCK_US;
}

int hws_port_asker_new(struct hws_loop *loop, const struct hws_port_asker_conf *conf,
		struct hws_port_asker **ret)
{
	struct hws_port_asker *a = hws_alloc(sizeof(*a));
	int r;

	if (!a)
		return HWS_ERR_NOMEM;
	a->loop = loop;
	a->conf = *conf;
	a->retry_us = RETRY_US;
	r = hws_work_new(1, 2, &a->work);
	if (r == HWS_OK)
		r = hws_net_watch_new(loop, on_change, a, &a->watch);
	if (r < 0) {
		hws_port_asker_free(a);
		return r;
	}
	hws_timer_start(loop, &a->next, 0, begin, a);
	*ret = a;
	return HWS_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void end_upnp(struct hws_port_asker *a)
{
	bool mapped = a->upnp.why == HWS_PORT_WHY_NONE && a->upnp.outside && !a->upnp.remove;

	if (mapped) {
		a->upnp.remove = true;
		a->upnp.wanted = a->upnp.outside;
		if (start_upnp(a) == HWS_OK)
			return;
	}
	if (a->ended)
		a->ended(a->ended_arg);
}

void hws_port_asker_end(struct hws_port_asker *a, void (*done)(void *arg), void *arg)
{
	enum hws_port_by by = a->state.by;
	bool asked = a->pcp != NULL;

	a->ending = true;
	a->ended = done;
	a->ended_arg = arg;
	hws_timer_stop(&a->next);
	hws_timer_stop(&a->settle);
	hws_port_pcp_cancel(a->pcp);
	a->pcp = NULL;
	if (a->job)
		return; /* goes on when the thread has answered */
	/* what is being asked for may have been granted */
	if (asked || by == HWS_PORT_BY_PCP || by == HWS_PORT_BY_NATPMP)
		give_back(a, by == HWS_PORT_BY_NATPMP);
	else if (by == HWS_PORT_BY_UPNP)
		end_upnp(a);
	if (!a->give_back && !a->job && by != HWS_PORT_BY_UPNP)
		done(arg);
}

bool hws_port_asker_busy(const struct hws_port_asker *a)
{
	return a->job != NULL;
}

void hws_port_asker_free(struct hws_port_asker *a)
{
	if (!a)
		return;
	if (a->job)
		a->job->asker = NULL;
	hws_work_free(a->work);
	hws_timer_stop(&a->next);
	hws_timer_stop(&a->settle);
	hws_timer_stop(&a->stuck);
	hws_port_pcp_cancel(a->pcp);
	hws_port_pcp_cancel(a->give_back);
	hws_net_watch_free(a->watch);
	hws_free(a);
}
