/* A socket of rtnetlink, which needs no rights. First the kernel lists what there is, then it tells
 * what changes; when it told more than we read, it is asked for the list again. */
#include "shared/net/net_watch.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/net/net_state.h"
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_US (50 * HWS_US_PER_MS)
#define APART_US (500 * HWS_US_PER_MS)
#define LOOK_US HWS_US_PER_S
#define SLEPT_US (2 * HWS_US_PER_S)
#define BUDGET 32u /* datagrams a turn */

/* In this order the state needs them: links matter where there are addresses. */
static const uint16_t lists[] = { RTM_GETADDR, RTM_GETROUTE, RTM_GETLINK };

struct hws_net_watch {
	struct hws_loop *loop;
	hws_net_watch_cb on_change;
	void *arg;
	int fd;
	struct event ev;
	struct hws_net_state state;
	unsigned listing; /* the list that is being read; HWS_COUNT(lists): all are known */
	bool missed;      /* something was not read: what changed is not known, but that it did */
	uint64_t told_us;
	int64_t awake_us;
	struct hws_timer settle, look;
};

/* How long the machine has slept since it was started, in all; less than nothing where it never
 * has, for the two clocks are not read at the same moment. */
static int64_t asleep_us(void)
{
	struct timespec all, awake;

	if (clock_gettime(CLOCK_BOOTTIME, &all) < 0 || clock_gettime(CLOCK_MONOTONIC, &awake) < 0)
		return 0;
	return (int64_t)(all.tv_sec - awake.tv_sec) * 1000000 +
			(all.tv_nsec - awake.tv_nsec) / 1000;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell(void *arg)
{
	struct hws_net_watch *w = arg;

	w->told_us = hws_loop_now_us(w->loop);
	w->on_change(HWS_NET_MOVED, w->arg);
}

static void tell_soon(struct hws_net_watch *w)
{
	uint64_t since = hws_loop_now_us(w->loop) - w->told_us;

	if (hws_timer_active(&w->settle))
		return;
	hws_timer_start(w->loop, &w->settle,
			w->told_us && since < APART_US ? APART_US - since : SETTLE_US, tell, w);
}

static void look(void *arg)
{
	struct hws_net_watch *w = arg;
	int64_t before = w->awake_us;

	w->awake_us = asleep_us();
	if (w->awake_us > before + (int64_t)SLEPT_US)
		w->on_change(HWS_NET_WOKE, w->arg);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool ask(struct hws_net_watch *w)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} q = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(q.g)),
				.nlmsg_type = lists[w->listing],
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	return send(w->fd, &q, q.h.nlmsg_len, MSG_NOSIGNAL) == (ssize_t)q.h.nlmsg_len;
}

static bool ask_all(struct hws_net_watch *w)
{
	w->state.count = 0;
	w->listing = 0;
	return ask(w);
}

static void on_done(struct hws_net_watch *w)
{
	if (w->listing >= HWS_COUNT(lists))
		return;
	w->listing++;
	if (w->listing < HWS_COUNT(lists) && ask(w))
		return;
	w->listing = HWS_COUNT(lists);
	if (w->missed)
		tell_soon(w);
	w->missed = false;
}

static void on_ready(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_net_watch *w = arg;
	uint8_t room[16 << 10];

	for (unsigned n = 0; n < BUDGET; n++) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t got = recvfrom(fd, room, sizeof(room), 0, (struct sockaddr *)&from, &len);
		bool done;

		if (got < 0 && errno == ENOBUFS) {
			w->missed = true;
			if (!ask_all(w))
				on_done(w);
			continue;
		}
		if (got <= 0)
			return;
		if (from.nl_pid) /* not the kernel */
			continue;
		if (hws_net_state_take(&w->state, hws_bytes(room, (size_t)got), &done) &&
				w->listing >= HWS_COUNT(lists))
			tell_soon(w);
		if (done)
			on_done(w);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int open_socket(struct hws_net_watch *w)
{
	const struct sockaddr_nl own = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
				RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };

	w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (w->fd < 0 || bind(w->fd, (const struct sockaddr *)&own, sizeof(own)) < 0)
		return hws_err_from_errno(errno);
	event_assign(&w->ev, hws_loop_base(w->loop), w->fd, EV_READ | EV_PERSIST, on_ready, w);
	event_add(&w->ev, NULL);
	return ask_all(w) ? HWS_OK : HWS_ERR_SYS;
}

int hws_net_watch_new(struct hws_loop *loop, hws_net_watch_cb on_change, void *arg,
		struct hws_net_watch **ret)
{
	struct hws_net_watch *w = hws_alloc(sizeof(*w));
	int r;

	if (!w)
		return HWS_ERR_NOMEM;
	w->loop = loop;
	w->on_change = on_change;
	w->arg = arg;
	w->fd = -1;
	w->awake_us = asleep_us();
	r = open_socket(w);
	if (r < 0) {
		hws_net_watch_free(w);
		return r;
	}
	hws_timer_every(loop, &w->look, LOOK_US, look, w);
	*ret = w;
	return HWS_OK;
}

void hws_net_watch_free(struct hws_net_watch *w)
{
	if (!w)
		return;
	hws_timer_stop(&w->settle);
	hws_timer_stop(&w->look);
	if (event_initialized(&w->ev))
		event_del(&w->ev);
	if (w->fd >= 0)
		close(w->fd);
	hws_free(w);
}
