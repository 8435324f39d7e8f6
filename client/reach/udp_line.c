/* Datagrams to and from one server. Connected sockets, so that the kernel drops what anybody else
 * sends. */
#include "client/reach/udp_line.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <errno.h>
#include <unistd.h>

#define BUDGET 16                       /* datagrams a turn */
#define BESIDE_US (300 * HWS_US_PER_MS) /* as net/dialer */

struct hws_udp_line {
	struct hws_loop *loop;
	struct hws_udp_line_conf conf;
	struct hws_resolve *resolve;
	int fd;
	struct sockaddr_storage server;
	struct event ev;
	/* the other side: none, a place, or a socket; closed with the first answer */
	bool has_beside, heard;
	int beside_fd;
	struct sockaddr_storage beside;
	struct event beside_ev;
	struct hws_timer beside_soon;
	uint8_t said[HWS_RDV_DATAGRAM_SEND_MAX]; /* the last one, until an answer comes */
	size_t said_len;
	struct hws_deferred deferred;
	bool closed;
};

static void close_beside(struct hws_udp_line *l)
{
	hws_timer_stop(&l->beside_soon);
	l->has_beside = false;
	if (l->beside_fd < 0)
		return;
	event_del(&l->beside_ev);
	close(l->beside_fd);
	l->beside_fd = -1;
}

static void on_readable(evutil_socket_t fd, short what, void *arg);

static void watch(struct hws_udp_line *l, struct event *ev, int fd)
{
	event_assign(ev, hws_loop_base(l->loop), fd, EV_READ | EV_PERSIST, on_readable, l);
	event_add(ev, NULL);
}

/* The first answer decides which side is the line. */
static void decide(struct hws_udp_line *l, int fd)
{
	int other = l->fd;

	if (l->heard)
		return;
	l->heard = true;
	if (fd == l->beside_fd) {
		event_del(&l->ev);
		event_del(&l->beside_ev);
		l->fd = fd;
		l->server = l->beside;
		watch(l, &l->ev, fd);
		l->beside_fd = -1;
		close(other);
	}
	close_beside(l);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct hws_udp_line *l = arg;
	uint8_t buf[HWS_RDV_DATAGRAM_MAX];

	(void)what;
	for (int i = 0; i < BUDGET && !l->closed && (fd == l->fd || fd == l->beside_fd); i++) {
		ssize_t n = recv((int)fd, buf, sizeof(buf), MSG_DONTWAIT);
		Rdv__RendezvousMessage *m = NULL;

		if (n < 0)
			return; /* empty, or an ICMP answer: whoever waits sees what is missing */
		if (n == 0 || hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m) < 0)
			continue;
		decide(l, (int)fd);
		l->conf.on_message(m, hws_bytes(buf, (size_t)n), l->conf.arg);
		hws_rdv_free(m);
	}
}

/* Connected: the kernel drops datagrams of anybody else. */
static int open_socket(const struct sockaddr_storage *to)
{
	int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)to, hws_addr_len(to)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void on_beside(void *arg)
{
	struct hws_udp_line *l = arg;

	l->beside_fd = open_socket(&l->beside);
	if (l->beside_fd < 0) {
		close_beside(l);
		return;
	}
	watch(l, &l->beside_ev, l->beside_fd);
	if (send(l->beside_fd, l->said, l->said_len, MSG_NOSIGNAL) < 0)
		errno = 0;
}

/* Another address than the line's: one of the other family before the rest. */
static void choose_beside(
		struct hws_udp_line *l, const struct sockaddr_storage *addrs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sockaddr_storage *a = &addrs[(l->conf.turn + i) % count];
		bool other = a->ss_family != l->server.ss_family;
		bool better = !l->has_beside ||
				(other && l->beside.ss_family == l->server.ss_family);

		if (!better || hws_addr_equal(a, &l->server))
			continue;
		l->beside = *a;
		l->has_beside = true;
	}
}

static void on_resolved(int r, const struct sockaddr_storage *addrs, size_t count, void *arg)
{
	struct hws_udp_line *l = arg;

	l->resolve = NULL;
	for (size_t i = 0; i < count && l->fd < 0; i++) {
		l->server = addrs[(l->conf.turn + i) % count];
		if (l->conf.family == AF_UNSPEC || l->conf.family == l->server.ss_family)
			l->fd = open_socket(&l->server);
	}
	if (l->fd < 0) {
		l->conf.on_failure(r < 0 ? r : HWS_ERR_UNREACHABLE, l->conf.arg);
		return;
	}
	watch(l, &l->ev, l->fd);
	if (l->conf.side_by_side)
		choose_beside(l, addrs, count);
	l->conf.on_open(l->conf.arg);
}

int hws_udp_line_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_udp_line_conf *conf, struct hws_udp_line **ret)
{
	struct hws_udp_line *l = hws_alloc(sizeof(*l));
	int r;

	if (!l)
		return HWS_ERR_NOMEM;
	l->loop = loop;
	l->conf = *conf;
	l->conf.host = NULL;
	l->fd = l->beside_fd = -1;
	r = hws_resolve(loop, work, conf->host, conf->port, on_resolved, l, &l->resolve);
	if (r < 0) {
		hws_free(l);
		return r;
	}
	*ret = l;
	return HWS_OK;
}

void hws_udp_line_send(struct hws_udp_line *l, struct hws_bytes datagram)
{
	if (l->fd >= 0 && send(l->fd, datagram.ptr, datagram.len, MSG_NOSIGNAL) < 0)
		errno = 0;
	if (!l->has_beside || l->heard || datagram.len > sizeof(l->said))
		return;
	memcpy(l->said, datagram.ptr, datagram.len);
	l->said_len = datagram.len;
	if (l->beside_fd < 0)
		hws_timer_start(l->loop, &l->beside_soon, BESIDE_US, on_beside, l);
	else if (send(l->beside_fd, l->said, l->said_len, MSG_NOSIGNAL) < 0)
		errno = 0;
}

const struct sockaddr_storage *hws_udp_line_server(const struct hws_udp_line *l)
{
	return &l->server;
}

int hws_udp_line_release(struct hws_udp_line *l)
{
	int fd = l->fd;

	close_beside(l);
	if (fd >= 0)
		event_del(&l->ev);
	l->fd = -1;
	return fd;
}

static void free_line(void *arg)
{
	hws_free(arg);
}

void hws_udp_line_free(struct hws_udp_line *l)
{
	if (!l || l->closed)
		return;
	l->closed = true;
	hws_resolve_cancel(l->resolve);
	close_beside(l);
	if (l->fd >= 0) {
		event_del(&l->ev);
		close(l->fd);
	}
	hws_loop_defer(l->loop, &l->deferred, free_line, l);
}
