/* The thread: its loop, listeners, timers and the epoll set of its legs. */
#include "server-relay/shard.h"
#include "server-relay/admission.h"
#include "server-relay/greet.h"
#include "server-relay/leg_io.h"
#include "server-relay/pair.h"
#include "server-relay/sched.h"
#include "server-relay/shard_move.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/listener.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define BATCH 128
#define ROUNDS 16 /* batches in a row before the loop gets its turn */
#define BUSY 4    /* events in a batch from which another look is worth a call */
#define TICK_US 250000u
#define SPARE_PIPES 8u /* kept by a shard that does not need them now */

uint32_t rly_shard_now_ds(struct rly_shard *sh)
{
	return (uint32_t)((hws_loop_now_us(sh->loop) - sh->start_us) / 100000u);
}

static void leg_event(struct rly_shard *sh, struct rly_leg *l, uint32_t what)
{
	if (l->state == RLY_LEG_DEAD)
		return; /* closed earlier in this batch */
	if (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		l->readable = true;
	if (what & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		l->writable = true;
	if (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		l->hup = true;
	if (l->tls) /* it may have to write in order to read, and the reverse */
		l->readable = l->writable = true;
	switch ((enum rly_leg_state)l->state) {
	case RLY_LEG_PAIRED:
		rly_sched_ready(sh, l->pair);
		break;
	case RLY_LEG_WAITING:
	case RLY_LEG_UNANNOUNCED:
		/* Nothing is read while it waits, but its end is noticed. */
		if (l->hup)
			rly_leg_refuse(sh, l, RLY_REFUSE_PARTNER_GONE);
		break;
	default:
		if (l->readable)
			rly_greet(sh, l);
		break;
	}
}

static void on_legs(evutil_socket_t fd, short what, void *arg)
{
	struct rly_shard *sh = arg;
	struct epoll_event ev[BATCH];

	(void)fd;
	(void)what;
	for (int round = 0; round < ROUNDS; round++) {
		int n = epoll_wait(sh->ep, ev, BATCH, 0);

		for (int i = 0; i < n; i++)
			leg_event(sh, ev[i].data.ptr, ev[i].events);
		/* The dead of this batch may be named in the rest of this batch only, but their
		 * memory goes at the end of the turn in any case. */
		if (n < BUSY || sh->sched.old_count)
			break;
	}
	rly_sched_run(sh);
}

static void on_run(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	rly_sched_run(arg);
}

/* FIFO lists: the head is the oldest. */
static void expire(struct rly_shard *sh, struct hws_list *list, uint64_t limit_us)
{
	uint32_t now = rly_shard_now_ds(sh), limit = (uint32_t)(limit_us / 100000u);
	struct hws_list *node;

	while ((node = hws_list_first(list))) {
		struct rly_leg *l = hws_container(node, struct rly_leg, node);

		if (now - l->since_ds < limit)
			break;
		if (l->state == RLY_LEG_WAITING)
			rly_leg_refuse(sh, l, RLY_REFUSE_NO_PARTNER);
		else if (l->state == RLY_LEG_UNANNOUNCED)
			rly_leg_refuse(sh, l, RLY_REFUSE_UNANNOUNCED);
		else
			rly_leg_refuse(sh, l, RLY_REFUSE_SLOW);
	}
}

static bool is_downgraded(struct rly_shard *sh, const struct rly_pair *p, uint32_t now)
{
	const struct rly_rules *r = sh->rules;
	uint64_t age_us = (uint64_t)(now - p->born_ds) * 100000u;

	if (!r->downgrade_us || !r->rate_pair || !r->rate_slow || age_us <= r->downgrade_us)
		return false;
	return (double)(p->flow[0].bytes + p->flow[1].bytes) / ((double)age_us / 1e6) >
			(double)r->rate_pair * r->downgrade_pct / 100.0;
}

static bool is_used_up(struct rly_shard *sh, const struct rly_pair *p, uint32_t now)
{
	const struct rly_rules *r = sh->rules;

	if (r->pair_volume && p->flow[0].bytes + p->flow[1].bytes >= r->pair_volume)
		return true;
	return r->pair_us && (uint64_t)(now - p->born_ds) * 100000u >= r->pair_us;
}

/* The idle limit costs nothing while bytes move: each pair is looked at when its limit could be
 * over at the earliest, wherever it hangs, also with a write that is blocked. */
static void check_pair(struct rly_shard *sh, struct rly_pair *p, uint32_t now)
{
	uint32_t limit = (uint32_t)(sh->rules->idle_us / 100000u), idle = now - p->moved_ds;
	bool stuck = p->flow[0].in_pipe || p->flow[1].in_pipe || p->flow[0].stash ||
			p->flow[1].stash;

	if (idle >= limit) {
		rly_pair_close(sh, p, stuck ? RLY_CLOSE_STALLED : RLY_CLOSE_IDLE);
		return;
	}
	if (is_used_up(sh, p, now)) {
		rly_pair_close(sh, p, RLY_CLOSE_LIMIT);
		return;
	}
	if (!p->slow && is_downgraded(sh, p, now))
		p->slow = true;
	uint32_t wait_s = HWS_MIN((limit - idle + 9) / 10, RLY_WHEEL - 2);

	if (sh->rules->pair_volume || sh->rules->pair_us)
		wait_s = 1;

	hws_list_push(&sh->wheel[(sh->wheel_s + HWS_MAX(wait_s, 1u)) % RLY_WHEEL], &p->idle);
}

static void turn_wheel(struct rly_shard *sh)
{
	uint32_t now = rly_shard_now_ds(sh);

	while (sh->wheel_s < now / 10) {
		struct hws_list *node, due;

		sh->wheel_s++;
		struct hws_list *slot = &sh->wheel[sh->wheel_s % RLY_WHEEL];

		hws_list_init(&due);
		while ((node = hws_list_first(slot))) {
			hws_list_remove(node);
			hws_list_push(&due, node);
		}
		while ((node = hws_list_first(&due))) {
			hws_list_remove(node);
			check_pair(sh, hws_container(node, struct rly_pair, idle), now);
		}
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct rly_shard *sh = arg;
	uint64_t times;

	(void)what;
	(void)!read(fd, &times, sizeof(times));
	expire(sh, &sh->greeting, sh->rules->first_us);
	expire(sh, &sh->waiting, sh->rules->wait_us);
	turn_wheel(sh);
	rly_pipes_trim(&sh->pipes, SPARE_PIPES);
	__atomic_store_n(&sh->stats.pipes, sh->pipes.count, __ATOMIC_RELAXED);
	__atomic_store_n(&sh->stats.pipes_free, sh->pipes.free_count, __ATOMIC_RELAXED);
}

static void on_accept_tcp(int fd, const struct sockaddr_storage *peer, void *arg)
{
	rly_leg_accept(arg, fd, peer, false);
}

static void on_accept_ws(int fd, const struct sockaddr_storage *peer, void *arg)
{
	rly_leg_accept(arg, fd, peer, true);
}

/* A descriptor, not a timer of the loop: with a timer every wait for events would have to set one
 * in the kernel. */
static int tick_start(struct rly_shard *sh)
{
	const struct itimerspec every = { { 0, TICK_US * 1000 }, { 0, TICK_US * 1000 } };

	sh->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (sh->tick_fd < 0 || timerfd_settime(sh->tick_fd, 0, &every, NULL) < 0)
		return hws_err_from_errno(errno);
	event_assign(&sh->tick, hws_loop_base(sh->loop), sh->tick_fd, EV_READ | EV_PERSIST, on_tick,
			sh);
	sh->ticking = event_add(&sh->tick, NULL) == 0;
	return sh->ticking ? HWS_OK : HWS_ERR_NOMEM;
}

int rly_shard_new(const struct rly_shard_conf *conf, struct rly_shard **ret)
{
	struct rly_shard *sh = hws_alloc(sizeof(*sh));
	int r = HWS_ERR_NOMEM;

	if (!sh)
		return HWS_ERR_NOMEM;
	sh->ep = sh->tick_fd = -1;
	sh->shared = conf->shared;
	sh->index = conf->index;
	snprintf(sh->name, sizeof(sh->name), "shard-%u", sh->index);
	sh->rules = rly_rules_ref(conf->rules);
	hws_list_init(&sh->greeting);
	hws_list_init(&sh->waiting);
	hws_list_init(&sh->dead);
	hws_list_init(&sh->dead_pairs);
	for (unsigned i = 0; i < RLY_WHEEL; i++)
		hws_list_init(&sh->wheel[i]);
	rly_pipes_init(&sh->pipes, conf->max_pipes);
	sh->scratch = hws_alloc(RLY_SCRATCH);
	sh->out = hws_alloc(RLY_SCRATCH);
	sh->move = rly_shard_move_new();
	if (!sh->scratch || !sh->out || !sh->move)
		goto out;
	r = hws_loop_new_coarse(&sh->loop);
	if (r < 0)
		goto out;
	sh->start_us = hws_loop_now_us(sh->loop);
	rly_sched_init(sh);
	sh->ep = epoll_create1(EPOLL_CLOEXEC);
	if (sh->ep < 0) {
		r = hws_err_from_errno(errno);
		goto out;
	}
	event_assign(&sh->ep_event, hws_loop_base(sh->loop), sh->ep, EV_READ | EV_PERSIST, on_legs,
			sh);
	event_assign(&sh->run_event, hws_loop_base(sh->loop), -1, 0, on_run, sh);
	if (event_add(&sh->ep_event, NULL) < 0) {
		r = HWS_ERR_NOMEM;
		goto out;
	}
	r = tick_start(sh);
	if (r < 0)
		goto out;
	*ret = sh;
	return HWS_OK;
out:
	rly_shard_free(sh);
	return r;
}

/* Accepted sockets inherit all of this. */
static void set_options(int fd)
{
	int on = 1, idle = 60, interval = 15, probes = 4, lowat = RLY_LOWAT;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
}

int rly_shard_listen(struct rly_shard *sh, bool ws, const char *bind_ip, uint16_t port, int fd,
		uint16_t *ret_port, struct hws_error *err)
{
	struct hws_listen_conf conf = {
		.bind_ip = bind_ip,
		.port = port,
		.reuse_port = true,
		.fd = fd,
		.backlog = 4096,
		.on_accept = ws ? on_accept_ws : on_accept_tcp,
		.arg = sh,
	};
	int r = hws_listener_new(sh->loop, &conf, &sh->listener[ws], err);

	if (r < 0)
		return r;
	set_options(hws_listener_fd(sh->listener[ws]));
	*ret_port = hws_listener_port(sh->listener[ws]);
	return HWS_OK;
}

static void *thread_main(void *arg)
{
	struct rly_shard *sh = arg;

	pthread_setname_np(pthread_self(), sh->name);
	(void)hws_loop_run(sh->loop);
	return NULL;
}

int rly_shard_run(struct rly_shard *sh)
{
	sigset_t all, old;
	int r;

	/* Signals belong to the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&sh->thread, NULL, thread_main, sh);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return hws_err_from_errno(r);
	sh->running = true;
	return HWS_OK;
}

void rly_shard_stop_listening(struct rly_shard *sh)
{
	for (unsigned i = 0; i < RLY_LISTEN_MAX; i++) {
		hws_listener_free(sh->listener[i]);
		sh->listener[i] = NULL;
	}
}

static void drop_list(struct rly_shard *sh, struct hws_list *list)
{
	struct hws_list *node;

	while ((node = hws_list_first(list)))
		rly_leg_refuse(sh, hws_container(node, struct rly_leg, node), RLY_REFUSE_DRAIN);
}

void rly_shard_drop_unpaired(struct rly_shard *sh, bool all)
{
	drop_list(sh, &sh->greeting);
	if (all)
		drop_list(sh, &sh->waiting);
}

void rly_shard_stop(struct rly_shard *sh)
{
	if (!sh->running)
		return;
	hws_loop_stop(sh->loop);
	pthread_join(sh->thread, NULL);
	sh->running = false;
}

void rly_shard_free(struct rly_shard *sh)
{
	if (!sh)
		return;
	rly_shard_stop(sh);
	sh->stopped = true;
	if (sh->loop) {
		rly_shard_stop_listening(sh);
		rly_shard_drop_unpaired(sh, true);
		for (unsigned i = 0; i < RLY_WHEEL; i++) {
			struct hws_list *node;

			while ((node = hws_list_first(&sh->wheel[i])))
				rly_pair_close(sh, hws_container(node, struct rly_pair, idle),
						RLY_CLOSE_DRAIN);
		}
		if (sh->ticking)
			event_del(&sh->tick);
		rly_sched_done(sh);
		if (sh->ep >= 0) {
			event_del(&sh->ep_event);
			event_del(&sh->run_event);
		}
		hws_loop_free(sh->loop); /* runs the deferred frees */
	}
	if (sh->tick_fd >= 0)
		close(sh->tick_fd);
	if (sh->ep >= 0)
		close(sh->ep);
	rly_pipes_done(&sh->pipes);
	rly_shard_move_free(sh->move);
	hws_free(sh->scratch);
	hws_free(sh->out);
	rly_rules_unref(sh->rules);
	hws_free(sh);
}

static bool is_admitted(const struct rly_rules *r, const struct rly_leg *l)
{
	struct sockaddr_storage a;

	rly_leg_sockaddr(l, &a);
	return rly_rules_admit(r, &a);
}

void rly_shard_set_rules(struct rly_shard *sh, struct rly_rules *rules)
{
	rly_rules_unref(sh->rules);
	sh->rules = rules;
	for (unsigned i = 0; i < RLY_WHEEL; i++) {
		struct hws_list *node, *tmp;

		hws_list_for_safe (node, tmp, &sh->wheel[i]) {
			struct rly_pair *p = hws_container(node, struct rly_pair, idle);

			if (!is_admitted(rules, p->leg[0]) || !is_admitted(rules, p->leg[1]))
				rly_pair_close(sh, p, RLY_CLOSE_BLOCKED);
			else
				rly_pair_judge(sh, p);
		}
	}
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &sh->waiting) {
		struct rly_leg *l = hws_container(node, struct rly_leg, node);

		if (!is_admitted(rules, l))
			rly_leg_refuse(sh, l, RLY_REFUSE_BLOCKED);
	}
}

struct rly_pair *rly_shard_find(struct rly_shard *sh, uint64_t id)
{
	struct hws_list *node;

	for (unsigned i = 0; i < RLY_WHEEL; i++)
		hws_list_for (node, &sh->wheel[i]) {
			struct rly_pair *p = hws_container(node, struct rly_pair, idle);

			if (p->id == id)
				return p;
		}
	return NULL;
}
