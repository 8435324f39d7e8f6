/* Datagrams to and from one server. A connected socket, so that the kernel drops what anybody
 * else sends. */
#include "client/reach/udp_line.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <errno.h>
#include <unistd.h>

#define BUDGET 16 /* datagrams a turn */

struct hws_udp_line {
	struct hws_loop *loop;
	struct hws_udp_line_conf conf;
	struct hws_resolve *resolve;
	int fd;
	struct sockaddr_storage server;
	struct event ev;
	struct hws_deferred deferred;
	bool closed;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct hws_udp_line *l = arg;
	uint8_t buf[HWS_RDV_DATAGRAM_MAX];

	(void)what;
	for (int i = 0; i < BUDGET && !l->closed && l->fd >= 0; i++) {
		ssize_t n = recv((int)fd, buf, sizeof(buf), MSG_DONTWAIT);
		Rdv__RendezvousMessage *m = NULL;

		if (n < 0)
			return; /* empty, or an ICMP answer: whoever waits sees what is missing */
		if (n == 0 || hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m) < 0)
			continue;
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
	event_assign(&l->ev, hws_loop_base(l->loop), l->fd, EV_READ | EV_PERSIST, on_readable, l);
	event_add(&l->ev, NULL);
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
	l->fd = -1;
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
}

const struct sockaddr_storage *hws_udp_line_server(const struct hws_udp_line *l)
{
	return &l->server;
}

int hws_udp_line_release(struct hws_udp_line *l)
{
	int fd = l->fd;

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
	if (l->fd >= 0) {
		event_del(&l->ev);
		close(l->fd);
	}
	hws_loop_defer(l->loop, &l->deferred, free_line, l);
}
