/* net/stream: dispatch to the implementations; closing and freeing are the same for all. */
#include "shared/net/stream.h"
#include "shared/net/stream_impl.h"
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

void hws_stream_init(
		struct hws_stream *s, const struct hws_stream_impl *impl, struct hws_loop *loop)
{
	s->impl = impl;
	s->loop = loop;
	s->peer.ss_family = AF_UNSPEC;
	s->local.ss_family = AF_UNSPEC;
}

void hws_stream_ready(struct hws_stream *s, unsigned ready)
{
	ready &= s->wanted;
	if (ready && !s->closed && s->cb)
		s->cb(s, ready, s->cb_arg);
}

void hws_stream_set_callback(struct hws_stream *s, hws_stream_cb cb, void *arg)
{
	s->cb = cb;
	s->cb_arg = arg;
}

ssize_t hws_stream_read(struct hws_stream *s, void *buf, size_t len)
{
	assert(len > 0);
	return s->closed ? HWS_ERR_CLOSED : s->impl->read(s, buf, len);
}

ssize_t hws_stream_write(struct hws_stream *s, struct hws_bytes data)
{
	if (s->closed)
		return HWS_ERR_CLOSED;
	return data.len == 0 ? 0 : s->impl->write(s, data);
}

void hws_stream_want(struct hws_stream *s, unsigned dirs)
{
	if (s->closed || s->wanted == dirs)
		return;
	s->wanted = dirs;
	s->impl->want(s, dirs);
}

static void free_at_end(void *arg)
{
	struct hws_stream *s = arg;

	s->impl->free(s);
}

void hws_stream_close(struct hws_stream *s)
{
	if (!s || s->closed)
		return;
	s->impl->want(s, 0);
	s->wanted = 0;
	s->closed = true;
	s->cb = NULL;
	if (s->impl->closed)
		s->impl->closed(s);
	hws_loop_defer(s->loop, &s->deferred, free_at_end, s);
}

int hws_stream_fd(const struct hws_stream *s)
{
	return s->closed || !s->impl->fd ? -1 : s->impl->fd(s);
}

int hws_stream_release_fd(struct hws_stream *s)
{
	int fd;

	if (s->closed || !s->impl->release_fd)
		return -1;
	fd = s->impl->release_fd(s);
	if (fd >= 0)
		hws_stream_close(s);
	return fd;
}

void hws_stream_cap_messages(struct hws_stream *s, size_t max)
{
	if (!s->closed && s->impl->cap_messages)
		s->impl->cap_messages(s, max);
}

void hws_stream_keep_shallow(struct hws_stream *s, int unsent)
{
	if (!s->closed && s->impl->keep_shallow)
		s->impl->keep_shallow(s, unsent);
}

/* A Unix socket knows no such mark; what it holds is bounded instead. */
void hws_socket_keep_shallow(int fd, int unsent)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof(unsent));
}
