/* net/kcp: a connection (kcp_link) on a socket. What leaves is collected until the end of a turn,
 * so that small writes share datagrams and datagrams share a call. A closed stream lives on in a
 * list until the peer has all of it: one of all threads, as a loop may outlive the thread that ran
 * it. */
#include "shared/net/kcp.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/kcp_link.h"
#include "shared/net/stream_impl.h"
#include "shared/net/udp_bulk.h"
#include "shared/net/udp_rest.h"
#include <netinet/in.h>
#include <pthread.h>
#include <unistd.h>

#define BATCHES 8   /* of messages, before others of the loop have their turn */
#define OUT_MAX 256 /* datagrams in one go; the rest in the next turn */

_Static_assert(HWS_KCP_DATAGRAM_MAX <= HWS_UDP_BULK_MTU, "a datagram fits its room");

struct kcp_stream {
	struct hws_stream base;
	int fd;
	bool connected;               /* the socket is */
	struct sockaddr_storage peer; /* as the kernel says it */
	struct hws_kcp_link *link;
	struct hws_udp_bulk *bulk;
	struct event readable; /* added unless reading rests */
	struct hws_udp_rest rest;
	struct hws_timer due, wake, read_again;
	uint64_t due_at; /* 0: not armed */
	struct hws_deferred flush, loop_end;
	struct hws_list node; /* among the lingering, once it is closed */
	bool alone;           /* its owner's part is over */
};

static struct hws_list lingering = { &lingering, &lingering };
static pthread_mutex_t lingering_lock = PTHREAD_MUTEX_INITIALIZER;

static struct kcp_stream *kcp_of(const struct hws_stream *s)
{
	return hws_container((struct hws_stream *)(uintptr_t)s, struct kcp_stream, base);
}

size_t hws_kcp_lingering(struct hws_loop *loop)
{
	struct hws_list *node;
	size_t n = 0;

	pthread_mutex_lock(&lingering_lock);
	hws_list_for (node, &lingering)
		n += hws_container(node, struct kcp_stream, node)->base.loop == loop;
	pthread_mutex_unlock(&lingering_lock);
	return n;
}

static void destroy(void *arg)
{
	struct kcp_stream *k = arg;

	pthread_mutex_lock(&lingering_lock);
	hws_list_remove(&k->node);
	pthread_mutex_unlock(&lingering_lock);
	hws_loop_defer_cancel(&k->flush);
	hws_loop_defer_cancel(&k->loop_end);
	hws_timer_stop(&k->due);
	hws_timer_stop(&k->wake);
	hws_timer_stop(&k->read_again);
	if (k->fd >= 0) {
		event_del(&k->readable);
		close(k->fd);
	}
	hws_kcp_link_free(k->link);
	hws_udp_bulk_free(k->bulk);
	hws_free(k);
}

/* --- out --- */

static void flush_later(struct kcp_stream *k);

static void on_due(void *arg)
{
	struct kcp_stream *k = arg;

	k->due_at = 0;
	flush_later(k);
}

static void arm(struct kcp_stream *k)
{
	const uint64_t now = hws_loop_now_us(k->base.loop);
	const uint64_t due = hws_kcp_link_due(k->link, now);

	if (due == UINT64_MAX || (k->due_at && k->due_at <= due && k->due_at > now))
		return; /* when an earlier one comes, it looks again */
	k->due_at = HWS_MAX(due, (uint64_t)1);
	hws_timer_start(k->base.loop, &k->due, due > now ? due - now : 0, on_due, k);
}

static void allow_fragments(int fd, bool ipv6, bool allow)
{
	const int v4 = allow ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE;
	const int v6 = allow ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE;

	if (ipv6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6));
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4));
}

static bool is_v6(const struct kcp_stream *k)
{
	return k->base.peer.ss_family == AF_INET6;
}

static const struct sockaddr_storage *to(const struct kcp_stream *k)
{
	return k->connected ? NULL : &k->peer;
}

/* What measures goes alone, as the flag is the socket's. */
static void put_in_one(struct kcp_stream *k, const struct hws_kcp_datagram *d)
{
	uint8_t data[HWS_KCP_DATAGRAM_MAX];

	memcpy(data, d->data, d->len);
	hws_udp_bulk_flush(k->bulk, k->fd, to(k));
	allow_fragments(k->fd, is_v6(k), false);
	memcpy(hws_udp_bulk_room(k->bulk, k->fd, to(k)), data, d->len);
	hws_udp_bulk_add(k->bulk, d->len);
	hws_udp_bulk_flush(k->bulk, k->fd, to(k));
	allow_fragments(k->fd, is_v6(k), true);
}

static void wake_check(struct kcp_stream *k);

static void on_flush(void *arg)
{
	struct kcp_stream *k = arg;
	const uint64_t now = hws_loop_now_us(k->base.loop);
	struct hws_kcp_datagram d;
	int n = 0;

	while (n++ < OUT_MAX) {
		d.data = hws_udp_bulk_room(k->bulk, k->fd, to(k));
		if (!hws_kcp_link_output(k->link, now, &d))
			break;
		if (d.in_one)
			put_in_one(k, &d);
		else
			hws_udp_bulk_add(k->bulk, d.len);
	}
	hws_udp_bulk_flush(k->bulk, k->fd, to(k));
	if (k->alone && hws_kcp_link_gone(k->link)) {
		destroy(k);
		return;
	}
	arm(k);
	wake_check(k);
}

static void flush_later(struct kcp_stream *k)
{
	hws_loop_defer(k->base.loop, &k->flush, on_flush, k);
}

/* --- readiness --- */

static void on_wake(void *arg)
{
	struct kcp_stream *k = arg;

	if (!k->base.closed)
		hws_stream_ready(&k->base, hws_kcp_link_ready(k->link));
	wake_check(k);
}

/* Level-triggered: while something wanted is ready, the callback comes each turn. */
static void wake_check(struct kcp_stream *k)
{
	if (k->base.closed || !(hws_kcp_link_ready(k->link) & k->base.wanted))
		return;
	if (!hws_timer_active(&k->wake))
		hws_timer_start(k->base.loop, &k->wake, 0, on_wake, k);
}

/* --- in --- */

/* Whether it came from somewhere else, and so is nothing unless the peer proves to be there. */
static bool elsewhere(const struct kcp_stream *k, const struct sockaddr_storage *from)
{
	return !k->connected && !hws_addr_equal(from, &k->peer);
}

static void follow(struct kcp_stream *k, const struct sockaddr_storage *from)
{
	k->peer = *from;
	k->base.peer = *from;
	hws_addr_normalise(&k->base.peer);
}

static void read_later(struct kcp_stream *k, uint64_t rest_us);

static void take_in(struct kcp_stream *k)
{
	const uint64_t now = hws_loop_now_us(k->base.loop);
	const struct sockaddr_storage *from;
	struct hws_bytes d;
	unsigned came = 0;
	bool more = true;

	for (int i = 0; i < BATCHES && more; i++) {
		more = hws_udp_bulk_recv(k->bulk, k->fd);
		while (hws_udp_bulk_next(k->bulk, &d, &from)) {
			came++;
			if (hws_kcp_link_input(k->link, d, elsewhere(k, from), now))
				follow(k, from);
		}
	}
	read_later(k, hws_udp_rest(&k->rest, came, now));
	flush_later(k);
	if (!k->base.closed)
		hws_stream_ready(&k->base, hws_kcp_link_ready(k->link));
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take_in(arg);
}

static void on_read_again(void *arg)
{
	take_in(arg);
}

/* 0: when the socket has something. */
static void read_later(struct kcp_stream *k, uint64_t rest_us)
{
	const bool rests = !event_pending(&k->readable, EV_READ, NULL);

	if (rest_us > 0) {
		if (!rests)
			event_del(&k->readable);
		hws_timer_start(k->base.loop, &k->read_again, rest_us, on_read_again, k);
	} else if (rests && event_add(&k->readable, NULL) < 0) {
		hws_timer_start(k->base.loop, &k->read_again, HWS_US_PER_MS, on_read_again, k);
	}
}

/* --- the stream --- */

static ssize_t kcp_read(struct hws_stream *s, void *buf, size_t len)
{
	ssize_t n = hws_kcp_link_read(kcp_of(s)->link, buf, len);

	if (n > 0) /* there may be room to tell of */
		flush_later(kcp_of(s));
	return n;
}

static ssize_t kcp_write(struct hws_stream *s, struct hws_bytes data)
{
	ssize_t n = hws_kcp_link_write(kcp_of(s)->link, data);

	if (n > 0)
		flush_later(kcp_of(s));
	return n;
}

static void kcp_want(struct hws_stream *s, unsigned dirs)
{
	s->wanted = dirs;
	if (dirs)
		wake_check(kcp_of(s));
	else
		hws_timer_stop(&kcp_of(s)->wake);
}

static void kcp_closed(struct hws_stream *s)
{
	struct kcp_stream *k = kcp_of(s);

	hws_kcp_link_close(k->link, hws_loop_now_us(s->loop));
	pthread_mutex_lock(&lingering_lock);
	hws_list_push(&lingering, &k->node);
	pthread_mutex_unlock(&lingering_lock);
}

static void kcp_free(struct hws_stream *s)
{
	struct kcp_stream *k = kcp_of(s);

	if (hws_kcp_link_gone(k->link)) {
		destroy(k);
		return;
	}
	k->alone = true;
	hws_loop_at_end(s->loop, &k->loop_end, destroy, k);
	flush_later(k);
}

static void kcp_keep_shallow(struct hws_stream *s, int unsent)
{
	hws_kcp_link_keep_shallow(kcp_of(s)->link, (size_t)HWS_MAX(unsent, 1));
}

static const struct hws_stream_impl kcp_impl = {
	.name = "kcp",
	.read = kcp_read,
	.write = kcp_write,
	.want = kcp_want,
	.closed = kcp_closed,
	.free = kcp_free,
	.keep_shallow = kcp_keep_shallow,
};

static int take_socket(struct kcp_stream *k, int fd, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);
	int r = hws_kcp_prepare_socket(fd);

	if (r < 0)
		return r;
	k->connected = getpeername(fd, (struct sockaddr *)&name, &len) == 0;
	if (!k->connected && !peer)
		return HWS_ERR_INVAL;
	if (peer)
		name = *peer;
	k->base.peer = name;
	hws_addr_normalise(&k->base.peer);
	k->peer = name;
	len = sizeof(k->base.local);
	if (getsockname(fd, (struct sockaddr *)&k->base.local, &len) < 0)
		k->base.local.ss_family = AF_UNSPEC;
	hws_addr_normalise(&k->base.local);
	k->fd = fd;
	event_assign(&k->readable, hws_loop_base(k->base.loop), fd, EV_READ | EV_PERSIST,
			on_readable, k);
	allow_fragments(fd, is_v6(k), true);
	hws_udp_bulk_prepare(k->bulk, fd);
	return event_add(&k->readable, NULL) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int kcp_new(struct hws_loop *loop, int fd, const struct hws_kcp_conf *conf, bool accept,
		struct hws_stream **ret)
{
	static const struct hws_kcp_conf none;
	struct kcp_stream *k = hws_alloc(sizeof(*k));
	struct hws_kcp_link_conf link = { .accept = accept, .now_us = hws_loop_now_us(loop) };
	int r;

	if (!k)
		return HWS_ERR_NOMEM;
	if (!conf)
		conf = &none;
	hws_stream_init(&k->base, &kcp_impl, loop);
	k->fd = -1;
	r = hws_udp_bulk_new(&k->bulk);
	if (r == HWS_OK)
		r = take_socket(k, fd, conf->peer);
	link.plain = conf->plain;
	link.no_punch = conf->no_punch;
	link.connect_us = conf->connect_us;
	link.ipv6 = is_v6(k);
	if (r == HWS_OK)
		r = hws_kcp_link_new(&link, &k->link);
	if (r < 0) {
		if (k->fd >= 0)
			event_del(&k->readable);
		k->fd = -1; /* stays the caller's */
		destroy(k);
		return r;
	}
	if (conf->first.len > 0)
		(void)hws_kcp_link_input(k->link, conf->first, false, link.now_us);
	flush_later(k);
	*ret = &k->base;
	return HWS_OK;
}

int hws_stream_kcp_connect(struct hws_loop *loop, int fd, const struct hws_kcp_conf *conf,
		struct hws_stream **ret)
{
	return kcp_new(loop, fd, conf, false, ret);
}

int hws_stream_kcp_accept(struct hws_loop *loop, int fd, const struct hws_kcp_conf *conf,
		struct hws_stream **ret)
{
	return kcp_new(loop, fd, conf, true, ret);
}

bool hws_stream_is_kcp(const struct hws_stream *s)
{
	return s->impl == &kcp_impl;
}

bool hws_stream_kcp_established(const struct hws_stream *s)
{
	struct hws_kcp_info info;

	if (!hws_stream_is_kcp(s) || s->closed)
		return false;
	hws_kcp_link_info(kcp_of(s)->link, &info);
	return info.established;
}

bool hws_stream_kcp_heard(const struct hws_stream *s)
{
	return hws_stream_is_kcp(s) && hws_kcp_link_heard(kcp_of(s)->link);
}

int hws_stream_kcp_authenticate(struct hws_stream *s, const uint8_t key[HWS_KCP_KEY_LEN])
{
	if (!hws_stream_is_kcp(s))
		return HWS_ERR_UNSUPPORTED;
	return s->closed ? HWS_ERR_CLOSED : hws_kcp_link_authenticate(kcp_of(s)->link, key);
}

int hws_stream_kcp_move(struct hws_stream *s, int fd, const struct sockaddr_storage *peer)
{
	struct kcp_stream *k = kcp_of(s);
	struct sockaddr_storage was;
	int old, r;

	if (!hws_stream_is_kcp(s))
		return HWS_ERR_UNSUPPORTED;
	if (s->closed)
		return HWS_ERR_CLOSED;
	was = k->peer;
	r = hws_kcp_link_moved(k->link, hws_loop_now_us(s->loop));
	if (r < 0)
		return r;
	old = k->fd;
	event_del(&k->readable);
	hws_timer_stop(&k->read_again);
	r = take_socket(k, fd, peer ? peer : &was);
	if (r < 0) {
		k->fd = old;
		event_assign(&k->readable, hws_loop_base(s->loop), old, EV_READ | EV_PERSIST,
				on_readable, k);
		(void)event_add(&k->readable, NULL);
		return r;
	}
	close(old);
	flush_later(k);
	return HWS_OK;
}

void hws_stream_kcp_info(const struct hws_stream *s, struct hws_kcp_info *ret)
{
	*ret = (struct hws_kcp_info){ 0 };
	if (hws_stream_is_kcp(s))
		hws_kcp_link_info(kcp_of(s)->link, ret);
}
