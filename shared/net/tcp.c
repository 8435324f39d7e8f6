/* net/tcp: a stream over a connected TCP (or Unix stream) socket. */
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/stream.h"
#include "shared/net/stream_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

struct tcp_stream {
	struct hws_stream base;
	int fd;
	struct event rd, wr;
	unsigned added;
};

static struct tcp_stream *tcp_of(struct hws_stream *s)
{
	return hws_container(s, struct tcp_stream, base);
}

static ssize_t tcp_read(struct hws_stream *s, void *buf, size_t len)
{
	ssize_t n;

	do
		n = recv(tcp_of(s)->fd, buf, len, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	return n == 0 ? HWS_ERR_EOF : hws_err_from_errno(errno);
}

static ssize_t tcp_write(struct hws_stream *s, struct hws_bytes data)
{
	ssize_t n;

	do
		n = send(tcp_of(s)->fd, data.ptr, data.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : hws_err_from_errno(errno);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_stream *t = arg;

	(void)fd;
	hws_stream_ready(&t->base,
			(what & EV_READ ? HWS_STREAM_READ : 0) |
					(what & EV_WRITE ? HWS_STREAM_WRITE : 0));
}

static void tcp_want(struct hws_stream *s, unsigned dirs)
{
	struct tcp_stream *t = tcp_of(s);
	unsigned changed = t->added ^ dirs;

	if (changed & HWS_STREAM_READ) {
		if (dirs & HWS_STREAM_READ)
			event_add(&t->rd, NULL);
		else
			event_del(&t->rd);
	}
	if (changed & HWS_STREAM_WRITE) {
		if (dirs & HWS_STREAM_WRITE)
			event_add(&t->wr, NULL);
		else
			event_del(&t->wr);
	}
	t->added = dirs;
}

/* The socket goes at once: the peer shall see the end now, and the port be free. */
static void tcp_closed(struct hws_stream *s)
{
	struct tcp_stream *t = tcp_of(s);

	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static void tcp_free(struct hws_stream *s)
{
	hws_free(tcp_of(s));
}

static int tcp_fd(const struct hws_stream *s)
{
	return hws_container((struct hws_stream *)(uintptr_t)s, struct tcp_stream, base)->fd;
}

static int tcp_release_fd(struct hws_stream *s)
{
	struct tcp_stream *t = tcp_of(s);
	int fd = t->fd;

	tcp_want(s, 0); /* while the events still know the descriptor */
	s->wanted = 0;
	t->fd = -1;
	return fd;
}

static void tcp_keep_shallow(struct hws_stream *s, int unsent)
{
	hws_socket_keep_shallow(tcp_of(s)->fd, unsent);
}

static const struct hws_stream_impl tcp_impl = {
	.name = "tcp",
	.read = tcp_read,
	.write = tcp_write,
	.want = tcp_want,
	.closed = tcp_closed,
	.free = tcp_free,
	.fd = tcp_fd,
	.release_fd = tcp_release_fd,
	.keep_shallow = tcp_keep_shallow,
};

int hws_stream_tcp_new(struct hws_loop *loop, int fd, struct hws_stream **ret)
{
	struct tcp_stream *t = hws_alloc(sizeof(*t));
	socklen_t len = sizeof(t->base.peer);
	int on = 1;

	if (!t)
		return HWS_ERR_NOMEM;
	hws_stream_init(&t->base, &tcp_impl, loop);
	t->fd = fd;
	if (getpeername(fd, (struct sockaddr *)&t->base.peer, &len) < 0)
		t->base.peer.ss_family = AF_UNSPEC;
	hws_addr_normalise(&t->base.peer);
	len = sizeof(t->base.local);
	if (getsockname(fd, (struct sockaddr *)&t->base.local, &len) < 0)
		t->base.local.ss_family = AF_UNSPEC;
	hws_addr_normalise(&t->base.local);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	/* Fails on Unix sockets, which need it not. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event_assign(&t->rd, hws_loop_base(loop), fd, EV_READ | EV_PERSIST, on_ready, t);
	event_assign(&t->wr, hws_loop_base(loop), fd, EV_WRITE | EV_PERSIST, on_ready, t);
	*ret = &t->base;
	return HWS_OK;
}
