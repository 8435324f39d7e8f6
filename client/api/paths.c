/* How a session finds another way to its host. A run of reach brings a connection, a join makes it
 * a leg, and from there on the session goes over it; who has won is told by the legs, since one
 * that was given up may be used again. */
#include "client/api/account.h"
#include "client/api/session_loop.h"
#include "client/reach/path_plan.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include "shared/net/kcp.h"
#include "shared/net/leg_join.h"
#include <string.h>
#include <unistd.h>

/* A host is asked for a sign when nothing came for so long, sooner when much came before; it is
 * silent when none comes in so long after that. */
#define ASK_US (500 * HWS_US_PER_MS)
#define ASK_BUSY_US (200 * HWS_US_PER_MS)
#define SILENT_US (500 * HWS_US_PER_MS)
#define BUSY 4096u /* bytes a second */
/* Without any way: as long as hosts keep a session; less where the host's process ended. */
#define AWAY_US (30 * HWS_US_PER_S)
#define ENDED_US (5 * HWS_US_PER_S)
/* In another network the way may still be good: so long it has to answer. */
#define GRACE_US (400 * HWS_US_PER_MS)
#define KCP_GRACE_US (250 * HWS_US_PER_MS)
#define PATIENCE_MAX_US (3 * HWS_US_PER_S)
#define LEGS 8u /* whose ways are remembered, by number */
#define DENIALS 2u

struct leg {
	uint32_t number;
	const char *name; /* as hws_path_token */
	bool relayed;
	enum hws_indirect why;
};

struct api_paths {
	struct api_session_loop *e;
	struct hws_legs *legs;
	struct hws_path_plan plan;
	struct hws_timer step;
	struct hws_reach *reach;     /* the run, or the last one that brought something */
	struct hws_accounts *logins; /* whose token it has; NULL: none */
	struct hws_leg_join *join;
	bool is_ready, looking, only_direct;
	bool moved; /* to another network: of ways in there nothing is known yet */
	uint8_t session[HWS_LEG_SESSION_LEN], key_secret[HWS_LEG_KEY_LEN];
	uint32_t number; /* of the newest leg */
	struct leg leg[LEGS];
	uint64_t asked_us;         /* whether the way still answers; 0: that is not in question */
	uint64_t silent_us;        /* since when it is silent */
	uint64_t patience_us;      /* how long silence is no news */
	uint64_t ask_us, bytes_in; /* at the last tick */
	unsigned denials;
	const char *cause; /* why it moves, for people */
	bool portal_told;  /* while the session has no way */
};

static void plan_step(struct api_paths *p);

static struct hws_loop *loop_of(const struct api_paths *p)
{
	return p->e->ctx->loop;
}

static uint64_t now_us(const struct api_paths *p)
{
	return hws_loop_now_us(loop_of(p));
}

static uint32_t jitter(void)
{
	return hws_rand_below(UINT32_MAX);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void end_run(struct api_paths *p)
{
	hws_leg_join_cancel(p->join);
	p->join = NULL;
	hws_reach_free(p->reach);
	p->reach = NULL;
	api_account_tokens_free(p->logins);
	p->logins = NULL;
	p->looking = p->plan.running = false;
}

static void run_failed(struct api_paths *p, const struct hws_verdict *verdict)
{
	enum hws_indirect why = verdict ? verdict->why : HWS_INDIRECT_FAILED;

	p->looking = false;
	if (p->only_direct && verdict)
		api_why_looked(p->e, verdict);
	hws_path_plan_over(&p->plan, why, now_us(p), jitter());
	plan_step(p);
}

/* The host knows the session no more, or takes no legs. While it goes on all the same it stays
 * where it is; else the host is logged in at anew. */
static void on_denied(struct api_paths *p)
{
	if (++p->denials < DENIALS && hws_legs_current(p->legs))
		return;
	p->plan.keep = true;
	if (!p->plan.in_need)
		return;
	hws_legs_set_away(p->legs, 0);
	hws_legs_drop(p->legs, hws_legs_number(p->legs));
}

/* The session goes by this leg from now on. */
static void stand_on(struct api_paths *p, uint32_t number)
{
	const struct leg *l = &p->leg[number % LEGS];

	if (l->number != number) /* too old to be remembered, and to be one of the legs */
		return;
	p->portal_told = false;
	p->e->path = l->name;
	p->e->relayed = l->relayed;
	p->moved = false;
	hws_path_plan_stands(&p->plan, l->relayed, l->why, now_us(p), jitter());
	api_report_path(p->e, p->cause);
	plan_step(p);
}

/* Now it is known, too, why the way is not a better one. */
static void on_taken(struct api_paths *p)
{
	const struct hws_verdict *v = hws_reach_verdict(p->reach);

	p->looking = false;
	p->denials = 0;
	hws_reach_take(p->reach);
	api_why_keep(p->e, v);
	p->leg[p->number % LEGS].why = v->why;
	stand_on(p, p->number);
}

static void on_joined(int r, const uint8_t *tag_secret HWS_UNUSED, void *arg)
{
	struct api_paths *p = arg;

	p->join = NULL;
	if (r == HWS_OK) {
		on_taken(p);
		return;
	}
	if (r == HWS_ERR_DENIED)
		on_denied(p);
	if (hws_reach_reject(p->reach, r) && !(p->only_direct && p->plan.in_need))
		return; /* another one will come */
	run_failed(p, hws_reach_verdict(p->reach));
}

/* What was offered accepts, speaks, and does not go on: something else stands by now. */
static void on_better(void *arg)
{
	struct api_paths *p = arg;

	if (!p->join)
		return;
	hws_leg_join_cancel(p->join);
	on_joined(HWS_ERR_TIMEOUT, NULL, p);
}

/* What is known of the way in use stays known, however many tries fail beside it: its place is
 * passed over. */
static uint32_t next_number(const struct api_paths *p)
{
	uint32_t next = p->number + 1;

	return next % LEGS == hws_legs_number(p->legs) % LEGS ? next + 1 : next;
}

static int join(struct api_paths *p, const struct hws_reached *how)
{
	struct hws_leg_join_conf conf = { .loop = loop_of(p),
		.number = next_number(p),
		.host_pk = hws_viewer_host_pk(p->e->viewer),
		.id = how->by_address ? "" : p->e->target.id,
		.legs = p->legs,
		.done = on_joined,
		.arg = p };
	int r;

	p->number = conf.number;
	p->leg[p->number % LEGS] = (struct leg){ .number = p->number,
		.name = how->path,
		.relayed = how->relayed,
		.why = how->relayed ? HWS_INDIRECT_SILENT : HWS_INDIRECT_NO };
	memcpy(conf.session, p->session, sizeof(conf.session));
	memcpy(conf.key_secret, p->key_secret, sizeof(conf.key_secret));
	r = hws_leg_join_viewer(&conf, how->stream, how->leftover, &p->join);
	hws_wipe(&conf, sizeof(conf));
	return r;
}

/* Somebody can do something about it, and it is not the host's fault that it is silent. */
static void tell_portal(struct api_paths *p)
{
	if (p->portal_told || !p->plan.in_need)
		return;
	p->portal_told = true;
	api_report_notice(p->e, "This network asks for a sign-in first",
			"open any page in a browser and sign in; the session goes on by itself then");
}

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	struct api_paths *p = arg;

	if (r < 0) {
		if (r == HWS_ERR_PORTAL)
			tell_portal(p);
		run_failed(p, how->verdict);
		return;
	}
	r = join(p, how);
	if (r < 0 && !hws_reach_reject(p->reach, r))
		run_failed(p, hws_reach_verdict(p->reach));
}

static void start_run(struct api_paths *p, bool only_direct)
{
	struct hws_error err = { 0 };
	struct hws_server_list server = { .count = 1 };
	struct hws_reach_conf conf;

	end_run(p);
	p->only_direct = only_direct;
	p->looking = p->plan.running = true;
	api_connect_conf(p->e, &conf);
	memcpy(server.entry[0].text, p->e->server, sizeof(p->e->server));
	memcpy(server.entry[0].key, p->e->key, sizeof(p->e->key));
	api_account_tokens(p->e->ctx, &server, &p->logins);
	conf.token = server.entry[0].token_secret;
	conf.token_by_tls = server.entry[0].token_by_tls && !*p->e->place;
	conf.only_direct = only_direct;
	if (only_direct) /* for the next look */
		api_connect_doubt_nat(p->e);
	/* in need the relay is asked for beside the rest, and a host that moves comes back soon */
	conf.last_was_relayed = conf.eager = !only_direct;
	conf.direct_fell = !only_direct && !p->e->relayed && !p->moved;
	conf.on_better = on_better;
	conf.arg = p;
	if (hws_reach_start(loop_of(p), p->e->ctx->work, &conf, on_reached, &p->reach, &err) < 0)
		run_failed(p, NULL);
}

/* --- the plan --------------------------------------------------------------------------------- */

static void on_step(void *arg)
{
	struct api_paths *p = arg;
	uint64_t now = now_us(p);

	if (p->asked_us && hws_legs_heard_us(p->legs) > p->asked_us)
		hws_path_plan_answers(&p->plan, now, jitter());
	p->asked_us = 0;
	switch (hws_path_plan_step(&p->plan, now)) {
	case HWS_PLAN_BETTER:
		p->cause = "a direct way was found";
		start_run(p, true);
		return;
	case HWS_PLAN_ANY:
		start_run(p, false);
		return;
	case HWS_PLAN_NOTHING:
		break;
	}
	plan_step(p);
}

static void plan_step(struct api_paths *p)
{
	uint64_t due = hws_path_plan_due(&p->plan), now = now_us(p);

	hws_timer_stop(&p->step);
	if (p->is_ready && due != UINT64_MAX)
		hws_timer_start(loop_of(p), &p->step, due > now ? due - now : 0, on_step, p);
}

/* --- what the legs say ------------------------------------------------------------------------ */

/* Of a new leg more is known in a moment: on_taken tells. */
static void on_moved(struct api_paths *p, uint32_t number)
{
	p->asked_us = p->silent_us = 0;
	p->plan.running = p->plan.in_need = false;
	if (number == p->number && p->join)
		return;
	p->cause = "the new way was lost";
	stand_on(p, number);
}

static void in_need(struct api_paths *p)
{
	/* a run for something better would not take the relay */
	if (p->looking && p->only_direct && !p->join)
		end_run(p);
	hws_path_plan_silent(&p->plan, now_us(p), 0);
	plan_step(p);
}

static void on_silent(struct api_paths *p)
{
	p->silent_us = now_us(p);
	p->cause = "the way before was silent";
	in_need(p);
}

static void set_patience(struct api_paths *p, uint64_t us)
{
	p->patience_us = us;
	hws_legs_set_pace(p->legs, p->ask_us, us);
}

/* Whoever looks at a moving picture waits; an idle session is not to be a busy one by its
 * questions. */
void api_paths_tick(struct api_session_loop *e)
{
	struct api_paths *p = e->paths;
	uint64_t bytes, ask;

	if (!p || !e->conn)
		return;
	bytes = hws_conn_bytes_in(e->conn);
	ask = bytes - p->bytes_in >= BUSY ? ASK_BUSY_US : ASK_US;
	p->bytes_in = bytes;
	if (ask == p->ask_us)
		return;
	p->ask_us = ask;
	set_patience(p, p->patience_us);
}

/* A long round trip, or a line that is full, is not a dead one: next time there is more patience.
 */
static void on_heard(struct api_paths *p)
{
	uint64_t late = p->silent_us ? now_us(p) - p->silent_us : 0;

	p->silent_us = p->asked_us = 0;
	p->portal_told = false;
	set_patience(p, HWS_MIN((p->patience_us + late) * 3 / 2, PATIENCE_MAX_US));
	if (p->looking && !p->join)
		end_run(p);
	hws_path_plan_answers(&p->plan, now_us(p), jitter());
	plan_step(p);
}

static void on_away(struct api_paths *p)
{
	if (!p->silent_us)
		p->cause = "the way before was lost";
	in_need(p);
}

static void on_event(struct hws_legs *l HWS_UNUSED, enum hws_legs_event event, uint32_t number,
		void *arg)
{
	struct api_paths *p = arg;

	switch (event) {
	case HWS_LEGS_MOVED:
		on_moved(p, number);
		break;
	case HWS_LEGS_SILENT:
		on_silent(p);
		break;
	case HWS_LEGS_HEARD:
		on_heard(p);
		break;
	case HWS_LEGS_AWAY:
		on_away(p);
		break;
	case HWS_LEGS_LOST:
		break;
	}
}

/* --- another network -------------------------------------------------------------------------- */

/* A connection by UDP need not be made anew: it goes on from another socket, and the host follows.
 */
static bool renew_socket(struct hws_stream *s)
{
	const int family = s->peer.ss_family;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	if (hws_kcp_prepare_socket(fd) == HWS_OK && hws_stream_kcp_move(s, fd, NULL) == HWS_OK)
		return true;
	close(fd);
	return false;
}

void api_paths_moved(struct api_session_loop *e, enum hws_net_change change)
{
	struct api_paths *p = e->paths;
	struct hws_stream *s;
	uint64_t grace = GRACE_US;
	bool left;

	if (!p || !p->is_ready)
		return;
	s = hws_legs_current(p->legs);
	left = s && api_network_left(&s->local);
	end_run(p); /* it began in the one before */
	p->moved = true;
	p->cause = change == HWS_NET_WOKE ? "this computer has slept"
					  : "this computer's network has changed";
	set_patience(p, SILENT_US);
	hws_path_plan_moved(&p->plan, now_us(p), grace);
	if (s && (left || change == HWS_NET_WOKE) && hws_stream_is_kcp(s) && renew_socket(s))
		grace = KCP_GRACE_US;
	else if (left)
		grace = 0; /* it is kept all the same: its end would be that of the session */
	if (s) {
		p->asked_us = now_us(p);
		hws_legs_ask(p->legs);
	}
	hws_path_plan_silent(&p->plan, now_us(p), grace);
	plan_step(p);
}

/* --- life ------------------------------------------------------------------------------------- */

void api_paths_begin(struct api_session_loop *e, const uint8_t *key_secret)
{
	struct api_paths *p = hws_alloc(sizeof(*p));
	const struct hws_legs_conf conf = { .ended_us = ENDED_US,
		.ask_us = ASK_US,
		.silent_us = SILENT_US,
		.unsent = HWS_STREAM_UNSENT,
		.on_event = on_event,
		.arg = p };

	if (!p) {
		api_session_loop_end(e, HWS_ERR_NOMEM, "out of memory", NULL);
		return;
	}
	p->e = e;
	p->plan.keep = e->keep_path;
	p->cause = "";
	p->patience_us = SILENT_US;
	p->ask_us = ASK_US;
	memcpy(p->key_secret, key_secret, sizeof(p->key_secret));
	if (hws_legs_begin(e->conn, &conf, &p->legs) < 0) {
		hws_free_wiped(p, sizeof(*p));
		api_session_loop_end(e, HWS_ERR_NOMEM, "out of memory", NULL);
		return;
	}
	e->paths = p;
}

static enum hws_indirect reason(struct api_session_loop *e)
{
	enum hws_indirect why;

	pthread_mutex_lock(&e->s->lock);
	why = e->s->has_verdict ? e->s->verdict.why : HWS_INDIRECT_SILENT;
	pthread_mutex_unlock(&e->s->lock);
	return why;
}

void api_paths_ready(struct api_session_loop *e)
{
	struct api_paths *p = e->paths;
	const uint8_t *session = p ? hws_viewer_leg_session(e->viewer) : NULL;
	enum hws_indirect why;

	if (!session || p->is_ready)
		return;
	memcpy(p->session, session, sizeof(p->session));
	p->is_ready = true;
	why = reason(e);
	p->leg[0] = (struct leg){ .name = e->path, .relayed = e->relayed, .why = why };
	hws_legs_set_away(p->legs, AWAY_US);
	hws_path_plan_stands(&p->plan, e->relayed, why, now_us(p), jitter());
	plan_step(p);
}

void api_paths_end(struct api_session_loop *e)
{
	struct api_paths *p = e->paths;

	if (!p)
		return;
	e->paths = NULL;
	end_run(p);
	hws_timer_stop(&p->step);
	hws_legs_let_go(p->legs);
	hws_free_wiped(p, sizeof(*p));
}
