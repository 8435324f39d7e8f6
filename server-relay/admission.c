/* The life of a leg until it is paired: accepted, counted, let in or refused, moved to its
 * partner's shard. */
#include "server-relay/admission.h"
#include "server-relay/addrs.h"
#include "server-relay/pair.h"
#include "server-relay/pairing.h"
#include "server-relay/pump_ws.h"
#include "server-relay/request.h"
#include "server-relay/room.h"
#include "server-relay/shard.h"
#include "server-relay/shard_move.h"
#include "server-relay/takeover_message.h"
#include "server-relay/tickets.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/tls_session.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define LEG_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

static void on_reap(void *arg)
{
	struct rly_shard *sh = arg;
	struct hws_list *node;

	while ((node = hws_list_first(&sh->dead))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct rly_leg, node));
	}
	while ((node = hws_list_first(&sh->dead_pairs))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct rly_pair, idle));
	}
}

static void ip_set(struct rly_leg *l, const struct sockaddr_storage *a)
{
	memset(l->ip, 0, sizeof(l->ip));
	if (a->ss_family == AF_INET) {
		l->ip[10] = l->ip[11] = 0xff;
		memcpy(l->ip + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
	} else if (a->ss_family == AF_INET6) {
		memcpy(l->ip, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
	}
	l->port = hws_addr_port(a);
}

/* Who looks whether the port is open, as ID servers do every ten seconds and proxies more often,
 * was not refused: it said nothing. */
static bool only_looked(const struct rly_leg *l, enum rly_refusal why)
{
	return why == RLY_REFUSE_EARLY_CLOSE && !l->heard;
}

static void refuse_log(const struct sockaddr_storage *peer, enum rly_refusal why)
{
	char text[HWS_ADDR_TEXT];

	if (hws_log_level() >= HWS_LOG_INFO)
		hws_info_limited("leg.refused", HWS_STR("why", rly_refusal_text(why)),
				HWS_STR("peer", hws_addr_text(peer, text, sizeof(text))));
}

/* Refused before there is a leg. */
static void turn_away(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer,
		enum rly_refusal why)
{
	rly_stat_add(&sh->stats.refused[why], 1);
	refuse_log(peer, why);
	close(fd);
}

static bool legs_take(struct rly_shared *s)
{
	if (__atomic_add_fetch(&s->legs, 1, __ATOMIC_RELAXED) <= s->max_legs)
		return true;
	__atomic_sub_fetch(&s->legs, 1, __ATOMIC_RELAXED);
	return false;
}

static int watch(struct rly_shard *sh, struct rly_leg *l)
{
	struct epoll_event ev = { .events = LEG_EVENTS, .data.ptr = l };

	return epoll_ctl(sh->ep, EPOLL_CTL_ADD, l->fd, &ev) < 0 ? hws_err_from_errno(errno)
								: HWS_OK;
}

static int leg_new(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws,
		struct rly_leg **ret, enum rly_refusal *ret_why)
{
	struct rly_leg *l = hws_alloc(sizeof(*l));
	int r;

	*ret_why = RLY_REFUSE_MEMORY;
	if (!l)
		return HWS_ERR_NOMEM;
	r = rly_addr_enter(sh->shared->addrs, peer, rly_room_legs(sh), &l->addr);
	if (r < 0) {
		if (r == HWS_ERR_FULL)
			*ret_why = RLY_REFUSE_ADDRESS;
		goto out;
	}
	l->fd = fd;
	l->is_ws = ws;
	l->writable = true;
	l->state = sh->rules->proxy_protocol && hws_cidr_list_match(&sh->rules->trusted, peer)
			? RLY_LEG_PROXY
			: (uint8_t)rly_leg_start_state(l);
	l->since_ds = rly_shard_now_ds(sh);
	ip_set(l, peer);
	r = HWS_ERR_NOMEM;
	if (ws) {
		l->ws = hws_alloc(sizeof(*l->ws));
		if (!l->ws)
			goto out;
	}
	if (ws && sh->shared->tls)
		r = hws_tls_session_new(sh->shared->tls, fd, &l->tls);
	else
		r = HWS_OK;
	if (r == HWS_OK)
		r = watch(sh, l);
	if (r < 0)
		goto out;
	*ret = l;
	return HWS_OK;
out:
	rly_addr_leave(sh->shared->addrs, l->addr);
	hws_tls_session_free(l->tls);
	hws_free(l->ws);
	hws_free(l);
	return r;
}

static struct rly_leg *enter(
		struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws)
{
	enum rly_refusal why;
	struct rly_leg *l;

	if (!rly_rules_admit(sh->rules, peer)) {
		turn_away(sh, fd, peer, RLY_REFUSE_BLOCKED);
		return NULL;
	}
	if (!legs_take(sh->shared) && !(rly_room_make_leg(sh, peer) && legs_take(sh->shared))) {
		turn_away(sh, fd, peer, RLY_REFUSE_FULL);
		return NULL;
	}
	if (leg_new(sh, fd, peer, ws, &l, &why) < 0) {
		__atomic_sub_fetch(&sh->shared->legs, 1, __ATOMIC_RELAXED);
		turn_away(sh, fd, peer, why);
		return NULL;
	}
	rly_stat_add(&sh->stats.legs, 1);
	hws_list_push(&sh->greeting, &l->node);
	return l;
}

void rly_leg_accept(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws)
{
	rly_stat_add(ws ? &sh->stats.accepted_ws : &sh->stats.accepted_tcp, 1);
	(void)enter(sh, fd, peer, ws);
}

void rly_leg_adopt(struct rly_shard *sh, int fd, const struct sockaddr_storage *peer, bool ws,
		struct hws_bytes unread, const struct rly_request *first)
{
	struct rly_leg *l = enter(sh, fd, peer, ws);

	if (!l)
		return;
	l->state = RLY_LEG_REQUEST; /* greeted and upgraded where it comes from */
	if (unread.len)
		l->stash = rly_stash_new(unread.ptr, unread.len);
	if (unread.len && !l->stash)
		rly_leg_refuse(sh, l, RLY_REFUSE_MEMORY);
	else
		rly_leg_join(sh, l, first);
}

static void wait_count_end(struct rly_shard *sh, struct rly_leg *l)
{
	if (l->counted_wait)
		rly_addr_wait_end(l->addr);
	l->counted_wait = false;
	(void)sh;
}

void rly_leg_drop(struct rly_shard *sh, struct rly_leg *l)
{
	if (l->state == RLY_LEG_DEAD)
		return;
	if (l->state == RLY_LEG_PAIRED)
		l->node = (struct hws_list){ 0 };
	hws_list_remove(&l->node);
	wait_count_end(sh, l);
	if (l->state == RLY_LEG_WAITING) {
		rly_stat_sub(&sh->stats.waiting, 1);
		(void)rly_pairing_leave(sh->shared->pairing, l->entry);
	} else if (l->state == RLY_LEG_UNANNOUNCED) {
		hws_free(l->pending);
		__atomic_sub_fetch(&sh->shared->unannounced, 1, __ATOMIC_SEQ_CST);
	}
	l->state = RLY_LEG_DEAD;
	if (l->ws)
		rly_pump_ws_forget(sh, l);
	rly_addr_leave(sh->shared->addrs, l->addr);
	l->addr = NULL;
	hws_free(l->stash);
	l->stash = NULL;
	if (l->ws)
		hws_free(l->ws->message);
	hws_free(l->ws);
	l->ws = NULL;
	hws_tls_session_free(l->tls);
	l->tls = NULL;
	/* By close() alone the set keeps a socket that somebody else looks at in this moment
	 * (/proc/PID/fd of ss or lsof), and would name the leg when it is gone. */
	(void)epoll_ctl(sh->ep, EPOLL_CTL_DEL, l->fd, NULL);
	close(l->fd);
	l->fd = -1;
	rly_stat_sub(&sh->stats.legs, 1);
	__atomic_sub_fetch(&sh->shared->legs, 1, __ATOMIC_RELAXED);
	hws_list_push(&sh->dead, &l->node);
	hws_loop_defer(sh->loop, &sh->reap, on_reap, sh);
}

void rly_leg_refuse(struct rly_shard *sh, struct rly_leg *l, enum rly_refusal why)
{
	struct sockaddr_storage peer;

	if (l->state == RLY_LEG_DEAD)
		return;
	rly_leg_sockaddr(l, &peer);
	rly_stat_add(&sh->stats.refused[why], 1);
	if (!only_looked(l, why) || hws_log_level() >= HWS_LOG_DEBUG)
		refuse_log(&peer, why);
	rly_leg_drop(sh, l);
}

int rly_leg_set_peer(struct rly_shard *sh, struct rly_leg *l, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage a = *peer;
	struct rly_addr *e;

	hws_addr_normalise(&a);
	if (!rly_rules_admit(sh->rules, &a)) {
		rly_leg_refuse(sh, l, RLY_REFUSE_BLOCKED);
		return HWS_ERR_DENIED;
	}
	if (rly_addr_enter(sh->shared->addrs, &a, rly_room_legs(sh), &e) < 0) {
		rly_leg_refuse(sh, l, RLY_REFUSE_ADDRESS);
		return HWS_ERR_FULL;
	}
	rly_addr_leave(sh->shared->addrs, l->addr);
	l->addr = e;
	ip_set(l, &a);
	return HWS_OK;
}

void rly_leg_arrive(struct rly_shard *sh, struct rly_leg *l)
{
	l->since_ds = rly_shard_now_ds(sh);
	hws_list_push(&sh->greeting, &l->node);
	rly_stat_add(&sh->stats.legs, 1);
	/* The new set reports at once what is ready. A failure shows as a leg that stays silent. */
	(void)watch(sh, l);
}

static void leave_shard(struct rly_shard *sh, struct rly_leg *l)
{
	hws_list_remove(&l->node);
	(void)epoll_ctl(sh->ep, EPOLL_CTL_DEL, l->fd, NULL);
	rly_stat_sub(&sh->stats.legs, 1);
}

/* Whether it may be served; notes whether it was announced, which goes before others where there
 * is little room. */
static bool is_announced(struct rly_shard *sh, struct rly_leg *l, const struct rly_request *first)
{
	struct rly_tickets *t = sh->shared->tickets;
	uint64_t now = hws_loop_now_us(sh->loop);

	l->announced = rly_tickets_links_up(t) &&
			rly_tickets_known(t, hws_bytes(first->uuid, first->uuid_len), now);
	if (l->announced || sh->rules->announce == RLY_ANNOUNCE_OFF)
		return true;
	/* Optional: as long as nobody announces, the key alone decides. Pairs that were agreed
	 * before the link stood come without an announcement. */
	if (sh->rules->announce == RLY_ANNOUNCE_OPTIONAL &&
			(!rly_tickets_links_up(t) ||
					rly_tickets_up_us(t, now) < sh->rules->grace_us))
		return true;
	l->announced = rly_tickets_known(t, hws_bytes(first->uuid, first->uuid_len), now);
	return l->announced;
}

/* Held until the announcement comes or the first-frame time is over. False: it came just now. */
static bool hold(struct rly_shard *sh, struct rly_leg *l, const struct rly_request *first)
{
	struct rly_request *copy = hws_memdup(first, sizeof(*first));

	if (!copy) {
		rly_leg_refuse(sh, l, RLY_REFUSE_MEMORY);
		return true;
	}
	/* First counted, then asked again: whoever announces looks at the count afterwards. */
	__atomic_add_fetch(&sh->shared->unannounced, 1, __ATOMIC_SEQ_CST);
	if (is_announced(sh, l, first)) {
		__atomic_sub_fetch(&sh->shared->unannounced, 1, __ATOMIC_SEQ_CST);
		hws_free(copy);
		return false;
	}
	l->pending = copy;
	l->state = RLY_LEG_UNANNOUNCED;
	return true;
}

static void wait_for_partner(struct rly_shard *sh, struct rly_leg *l, struct rly_entry *e)
{
	hws_list_remove(&l->node);
	l->entry = e;
	l->state = RLY_LEG_WAITING;
	l->since_ds = rly_shard_now_ds(sh);
	hws_list_push(&sh->waiting, &l->node);
	rly_stat_add(&sh->stats.waiting, 1);
	if (l->hup)
		rly_leg_refuse(sh, l, RLY_REFUSE_PARTNER_GONE);
}

static void meet(struct rly_shard *sh, struct rly_leg *l, struct rly_entry *e)
{
	unsigned to = rly_entry_shard(e);
	struct rly_shard_move *h;

	wait_count_end(sh, l);
	if (to == sh->index) {
		rly_pair_start(sh, e, l);
		return;
	}
	h = sh->move;
	sh->move = rly_shard_move_new();
	leave_shard(sh, l);
	rly_shard_move_send(h, sh->shared->shard[to], e, l);
}

static bool hand_over(struct rly_shard *sh, struct rly_leg *l, struct hws_bytes uuid)
{
	int link = __atomic_load_n(&sh->shared->takeover_fd, __ATOMIC_ACQUIRE);

	if (link < 0 || !rly_takeover_leg(link, l, uuid))
		return false;
	rly_stat_add(&sh->stats.handed_over, 1);
	rly_leg_drop(sh, l);
	return true;
}

void rly_shard_send_waiting(struct rly_shard *sh)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &sh->waiting) {
		struct rly_leg *l = hws_container(node, struct rly_leg, node);
		char uuid[HWS_UUID_MAX + 1];

		rly_entry_uuid(l->entry, uuid, sizeof(uuid));
		/* Its partner may be on the way to it in this process. */
		if (!rly_pairing_taken(sh->shared->pairing, l->entry))
			(void)hand_over(sh, l, hws_bytes_str(uuid));
	}
	hws_list_for_safe (node, tmp, &sh->greeting) {
		struct rly_leg *l = hws_container(node, struct rly_leg, node);

		if (l->state == RLY_LEG_UNANNOUNCED)
			(void)hand_over(sh, l, hws_bytes(l->pending->uuid, l->pending->uuid_len));
	}
}

static int join(struct rly_shard *sh, struct rly_leg *l, const struct rly_request *first,
		enum rly_join *how, struct rly_entry **e)
{
	struct rly_shared *s = sh->shared;
	struct hws_bytes uuid = hws_bytes(first->uuid, first->uuid_len);
	bool may_wait = l->counted_wait && !__atomic_load_n(&s->draining, __ATOMIC_RELAXED);
	bool room = l->announced || rly_room_unannounced(sh);
	int r = rly_pairing_join(s->pairing, uuid, l, sh->index, !may_wait || !room, how, e);

	if (r == HWS_ERR_NOTFOUND && may_wait)
		r = HWS_ERR_FULL;
	if (r == HWS_ERR_FULL && rly_room_make_waiting(sh, l))
		r = rly_pairing_join(s->pairing, uuid, l, sh->index, false, how, e);
	return r;
}

void rly_leg_join(struct rly_shard *sh, struct rly_leg *l, const struct rly_request *first)
{
	struct rly_shared *s = sh->shared;
	enum rly_refusal why = RLY_REFUSE_MEMORY;
	struct rly_entry *e = NULL;
	enum rly_join how;
	int r;

	l->viewer = first->viewer;
	if (hand_over(sh, l, hws_bytes(first->uuid, first->uuid_len)))
		return;
	if (!is_announced(sh, l, first) && hold(sh, l, first))
		return;
	if (!sh->move)
		sh->move = rly_shard_move_new();
	if (!sh->move) {
		rly_leg_refuse(sh, l, why);
		return;
	}
	l->counted_wait = rly_addr_wait(l->addr, rly_room_waiting(sh, l->announced));
	r = join(sh, l, first, &how, &e);
	if (r == HWS_OK && how == RLY_JOIN_WAIT) {
		wait_for_partner(sh, l, e);
		return;
	}
	if (r == HWS_OK && how == RLY_JOIN_PAIR) {
		/* An announcement is good for one pair. */
		rly_tickets_remove(s->tickets, hws_bytes(first->uuid, first->uuid_len));
		meet(sh, l, e);
		return;
	}
	if (r == HWS_OK)
		why = RLY_REFUSE_USED;
	else if (r == HWS_ERR_FULL)
		why = RLY_REFUSE_WAITING_FULL;
	else if (r == HWS_ERR_NOTFOUND)
		why = l->counted_wait ? RLY_REFUSE_DRAIN : RLY_REFUSE_WAITING_ADDRESS;
	rly_leg_refuse(sh, l, why);
}

void rly_shard_recheck(struct rly_shard *sh)
{
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &sh->greeting) {
		struct rly_leg *l = hws_container(node, struct rly_leg, node);
		struct rly_request *first = l->pending;

		if (l->state != RLY_LEG_UNANNOUNCED || !is_announced(sh, l, first))
			continue;
		__atomic_sub_fetch(&sh->shared->unannounced, 1, __ATOMIC_SEQ_CST);
		l->state = RLY_LEG_REQUEST;
		l->pending = NULL;
		rly_leg_join(sh, l, first);
		hws_free(first);
	}
}
